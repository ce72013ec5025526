/* first_scores.c - a C host that starts: `first_scores MODEL` prints the seconds of the processor
 * from the start of the process to the scores of 10 items after 3 interactions. */
#include <cmml.h>
#include <stdio.h>
#include <time.h>

int main(int argc, char **argv)
{
    static const int32_t items[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    cmml_error error = {.text = "no model file was given"};
    cmml_model *model;
    cmml_predictor *predictor;
    cmml_context *person;
    float scores[10];
    if (argc < 2 || cmml_model_load(argv[1], &model, &error) != CMML_OK ||
        cmml_predictor_new(model, NULL, &predictor, &error) != CMML_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    int bad = cmml_context_new(predictor, &person) != CMML_OK;
    for (int i = 0; i < 3 && !bad; i++)
        bad = cmml_observe(person, items[i], (float)(5 - i)) != CMML_OK;
    if (bad || cmml_score(person, items, 10, scores) != CMML_OK) {
        fprintf(stderr, "%s\n", cmml_predictor_error(predictor));
        return 1;
    }
    printf("%.6f\n", (double)clock() / CLOCKS_PER_SEC);
    cmml_context_free(person);
    cmml_predictor_free(predictor);
    cmml_model_release(model);
    return 0;
}
