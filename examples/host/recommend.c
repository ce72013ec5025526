/* recommend.c - a host in C: a person's ratings from the command line, the ten best items.
 *
 *     cc -o recommend recommend.c $(pkg-config --cflags --libs cmml)
 *     ./recommend model.safetensors 1193=5 661=3
 *
 * The model file has a frozen graph: cmml freeze --model best.safetensors --out model.safetensors
 */
#include <cmml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    cmml_error error;
    cmml_model *model;
    cmml_predictor *predictor;
    cmml_context *person;
    if (argc < 2) {
        fprintf(stderr, "usage: %s MODEL ITEM=RATING..\n", argv[0]);
        return 2;
    }
    if (cmml_model_load(argv[1], &model, &error) != CMML_OK ||
        cmml_predictor_new(model, NULL, &predictor, &error) != CMML_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    if (cmml_context_new(predictor, &person) != CMML_OK) {
        fprintf(stderr, "%s\n", cmml_predictor_error(predictor));
        return 1;
    }
    for (int i = 2; i < argc; i++) {
        const char *is = strrchr(argv[i], '=');
        size_t length = is ? (size_t)(is - argv[i]) : strlen(argv[i]);
        int32_t item = cmml_model_find(model, argv[i], length);
        if (cmml_observe(person, item, is ? strtof(is + 1, NULL) : 5) != CMML_OK) {
            fprintf(stderr, "%s: %s\n", argv[i], cmml_predictor_error(predictor));
            return 1;
        }
    }
    cmml_query query = {.size = sizeof query, .n = 10};
    int32_t items[10], found;
    float scores[10];
    if (cmml_recommend(person, &query, items, scores, &found) != CMML_OK) {
        fprintf(stderr, "%s\n", cmml_predictor_error(predictor));
        return 1;
    }
    for (int32_t i = 0; i < found; i++) {
        size_t length;
        const char *id = cmml_model_id(model, items[i], &length);
        printf("%2d. %-12.*s %.4f\n", (int)i + 1, (int)length, id, (double)scores[i]);
    }
    cmml_context_free(person);
    cmml_predictor_free(predictor);
    cmml_model_release(model);
    return 0;
}
