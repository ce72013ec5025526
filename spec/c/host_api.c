/* host_api.c - a host that knows <cmml.h> alone calls every function of it, rightly and wrongly. In
 * C and in C++. Started by spec/host_api_spec.lua and `make threads` as
 *
 *     host_api MODEL OTHER LISTS PLAIN
 *
 * with a frozen model, another one with as many items, one of two parts, and one without a graph.
 * Says what went wrong, or at the end "ok" and the number of checks. */
#include "host_api.h"
#include <math.h>

int checks, failures;

cmml_limits limits_of(int32_t support, int32_t list, int32_t block, size_t memory)
{
    cmml_limits limits;
    memset(&limits, 0, sizeof limits);
    limits.size = sizeof limits;
    limits.support = support;
    limits.list = list;
    limits.block = block;
    limits.memory = memory;
    return limits;
}

cmml_query query_of(int32_t n)
{
    cmml_query query;
    memset(&query, 0, sizeof query);
    query.size = sizeof query;
    query.n = n;
    return query;
}

cmml_model *opened(const char *path)
{
    cmml_error error;
    cmml_model *model = NULL;
    CHECK(cmml_model_load(path, &model, &error) == CMML_OK);
    CHECK(error.status == CMML_OK && error.text[0] == 0);
    if (!model) {
        printf("%s\n", error.text);
        exit(1);
    }
    return model;
}

cmml_predictor *predictor_of(cmml_model *model)
{
    cmml_error error;
    cmml_predictor *predictor = NULL;
    cmml_limits limits = limits_of(LIMIT, LIST, 4, 0);
    CHECK(cmml_predictor_new(model, &limits, &predictor, &error) == CMML_OK);
    if (!predictor) {
        printf("%s\n", error.text);
        exit(1);
    }
    return predictor;
}

int said(const cmml_predictor *predictor, const char *text)
{
    const char *error = cmml_predictor_error(predictor);
    if (strstr(error, text))
        return 1;
    printf("said: %s\n", error);
    return 0;
}

int same(const float *a, const float *b, size_t n)
{
    return memcmp(a, b, n * sizeof *a) == 0;
}

static char *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    if (file && fseek(file, 0, SEEK_END) == 0 && (*size = (size_t)ftell(file)) > 0 &&
        (bytes = (char *)malloc(*size)) != NULL) {
        rewind(file);
        if (fread(bytes, 1, *size, file) != *size)
            exit(2);
    }
    if (file)
        fclose(file);
    return bytes;
}

/* --- models -------------------------------------------------------------------------------------
 */

static void test_models(const char *path, const char *lists, const char *plain)
{
    cmml_error error;
    cmml_model *model, *again, *none = NULL;
    size_t size = 0, length = 0;
    char *bytes = read_whole(path, &size);
    CHECK(strchr(cmml_version(), '.') != NULL);
    CHECK(cmml_model_load(NULL, &none, &error) == CMML_ARGUMENT && strstr(error.text, "NULL"));
    CHECK(cmml_model_load(path, NULL, &error) == CMML_ARGUMENT);
    CHECK(cmml_model_load(NULL, NULL, NULL) == CMML_ARGUMENT);
    CHECK(cmml_model_load("/nowhere/at/all", &none, &error) == CMML_IO && !none);
    CHECK(error.status == CMML_IO && strstr(error.text, "/nowhere/at/all"));
    CHECK(cmml_model_load(plain, &none, &error) == CMML_FORMAT && !none);
    CHECK(strstr(error.text, "cmml freeze") != NULL);
    CHECK(cmml_model_load_memory(NULL, 3, &none, &error) == CMML_ARGUMENT);
    CHECK(cmml_model_load_memory(bytes, size, NULL, &error) == CMML_ARGUMENT);
    CHECK(cmml_model_load_memory("", 0, &none, &error) == CMML_FORMAT && !none);
    CHECK(cmml_model_load_memory(bytes, size - 1, &none, NULL) == CMML_FORMAT && !none);
    CHECK(cmml_model_load_memory(bytes, size, &again, &error) == CMML_OK && again);
    model = opened(path);
    memset(bytes, 0, size); /* they are no longer needed */
    free(bytes);
    CHECK(cmml_model_items(model) > LIMIT && cmml_model_items(again) == cmml_model_items(model));
    CHECK(cmml_model_items(NULL) == 0 && cmml_model_parts(NULL) == 0);
    CHECK(cmml_model_parts(model) == 1);
    for (int32_t item = 0; item < cmml_model_items(model); item++) {
        const char *id = cmml_model_id(model, item, &length);
        CHECK(id && length > 0 && cmml_model_find(model, id, length) == item);
        CHECK(cmml_model_find(again, id, length) == item);
    }
    CHECK(cmml_model_id(model, 0, NULL) != NULL);
    CHECK(!cmml_model_id(model, -1, &length) && !cmml_model_id(NULL, 0, &length));
    CHECK(!cmml_model_id(model, cmml_model_items(model), &length));
    CHECK(cmml_model_find(model, "no such item", 12) == -1);
    CHECK(cmml_model_find(model, "", 0) == -1);
    CHECK(cmml_model_find(NULL, "1", 1) == -1 && cmml_model_find(model, NULL, 1) == -1);
    CHECK(cmml_model_retain(model) == model && cmml_model_retain(NULL) == NULL);
    cmml_model_release(model);
    CHECK(cmml_model_items(model) > 0); /* one holder is left */
    cmml_model_release(model);
    cmml_model_release(again);
    cmml_model_release(NULL);
    model = opened(lists);
    CHECK(cmml_model_parts(model) == 2);
    cmml_model_release(model);
}

/* --- predictors ---------------------------------------------------------------------------------
 */

static void test_predictors(cmml_model *model)
{
    cmml_error error;
    cmml_predictor *predictor = NULL, *small = NULL;
    cmml_limits wrong[] = {limits_of(-1, 0, 0, 0),        limits_of(0, -5, 0, 0),
                           limits_of(0, 0, -1, 0),        limits_of(1 << 30, 0, 0, 0),
                           limits_of(0, INT32_MAX, 0, 0), limits_of(0, 0, INT32_MIN, 0)};
    CHECK(cmml_predictor_new(NULL, NULL, &predictor, &error) == CMML_ARGUMENT);
    CHECK(cmml_predictor_new(model, NULL, NULL, &error) == CMML_ARGUMENT);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(cmml_predictor_new(model, &wrong[i], &predictor, &error) == CMML_ARGUMENT);
        CHECK(!predictor && strstr(error.text, "limit"));
    }
    cmml_limits tight = limits_of(1000, 0, 0, 1000); /* bytes */
    CHECK(cmml_predictor_new(model, &tight, &predictor, &error) == CMML_LIMIT && !predictor);
    CHECK(strstr(error.text, "memory = 1000 bytes") != NULL);
    struct {
        cmml_limits known;
        size_t other;
    } newer = {limits_of(LIMIT, 0, 0, 0), 0};
    newer.known.size = sizeof newer;
    CHECK(cmml_predictor_new(model, &newer.known, &small, NULL) == CMML_OK && small);
    newer.other = 1; /* what this version cannot do */
    CHECK(cmml_predictor_new(model, &newer.known, &predictor, &error) == CMML_ARGUMENT);
    CHECK(!predictor && strstr(error.text, "limits: its size"));
    newer.known.size = 0; /* forgotten */
    CHECK(cmml_predictor_new(model, &newer.known, &predictor, &error) == CMML_ARGUMENT);
    newer.known.size = SIZE_MAX;
    CHECK(cmml_predictor_new(model, &newer.known, &predictor, &error) == CMML_ARGUMENT);
    CHECK(cmml_predictor_new(model, NULL, &predictor, NULL) == CMML_OK && predictor);
    CHECK(cmml_predictor_error(predictor)[0] == 0);
    CHECK(strstr(cmml_predictor_error(NULL), "NULL") != NULL);
    CHECK(cmml_predictor_bytes(NULL) == 0);
    CHECK(cmml_predictor_bytes(predictor) > cmml_predictor_bytes(small));
    cmml_predictor_free(small);
    cmml_predictor_free(predictor);
    cmml_predictor_free(NULL);
}

/* --- contexts -----------------------------------------------------------------------------------
 */

static void test_supports(cmml_model *model)
{
    cmml_predictor *predictor = predictor_of(model);
    cmml_context *person = NULL, *other = NULL;
    int32_t items[3] = {0, 1, 2}, n_items = cmml_model_items(model);
    float nobody[3], before[3], after[3];
    CHECK(cmml_context_new(NULL, &person) == CMML_ARGUMENT);
    CHECK(cmml_context_new(predictor, NULL) == CMML_ARGUMENT);
    CHECK(cmml_context_new(predictor, &person) == CMML_OK && person);
    CHECK(cmml_context_size(person) == 0 && cmml_context_size(NULL) == 0);
    CHECK(cmml_score(person, items, 3, nobody) == CMML_OK);
    CHECK(cmml_observe(NULL, 0, 1) == CMML_ARGUMENT);
    CHECK(cmml_observe(person, 0, 5) == CMML_OK && cmml_observe(person, 3, 1) == CMML_OK);
    CHECK(cmml_score(person, items, 3, before) == CMML_OK && !same(before, nobody, 3));
    CHECK(cmml_observe(person, -1, 1) == CMML_UNKNOWN && said(predictor, "item -1"));
    CHECK(cmml_observe(person, n_items, 1) == CMML_UNKNOWN);
    CHECK(cmml_observe(person, INT32_MIN, 1) == CMML_UNKNOWN);
    CHECK(cmml_observe(person, 1, NAN) == CMML_NUMBER && said(predictor, "finite"));
    CHECK(cmml_observe(person, 1, INFINITY) == CMML_NUMBER);
    CHECK(cmml_observe(person, 0, -INFINITY) == CMML_NUMBER);
    CHECK(cmml_context_size(person) == 2);
    CHECK(cmml_score(person, items, 3, after) == CMML_OK && same(before, after, 3));
    CHECK(cmml_predictor_error(predictor)[0] == 0);
    for (int32_t i = 0; i < LIMIT; i++)
        CHECK(cmml_observe(person, i, 3) == CMML_OK);
    CHECK(cmml_context_size(person) == LIMIT);
    CHECK(cmml_observe(person, LIMIT, 3) == CMML_LIMIT && said(predictor, "support = 8"));
    CHECK(cmml_observe(person, 3, 4) == CMML_OK); /* one that is there */
    CHECK(cmml_forget(NULL, 3) == CMML_ARGUMENT && cmml_clear(NULL) == CMML_ARGUMENT);
    CHECK(cmml_forget(person, n_items + 5) == CMML_OK && cmml_forget(person, -3) == CMML_OK);
    CHECK(cmml_context_size(person) == LIMIT);
    CHECK(cmml_context_fork(NULL, &other) == CMML_ARGUMENT);
    CHECK(cmml_context_fork(person, NULL) == CMML_ARGUMENT);
    CHECK(cmml_context_fork(person, &other) == CMML_OK && other);
    CHECK(cmml_score(person, items, 3, before) == CMML_OK);
    CHECK(cmml_clear(person) == CMML_OK && cmml_context_size(person) == 0);
    CHECK(cmml_score(person, items, 3, after) == CMML_OK && same(nobody, after, 3));
    CHECK(cmml_score(other, items, 3, after) == CMML_OK && same(before, after, 3));
    for (int32_t i = 0; i < LIMIT; i++)
        CHECK(cmml_forget(other, i) == CMML_OK && cmml_context_size(other) == LIMIT - 1 - i);
    CHECK(cmml_score(other, items, 3, after) == CMML_OK && same(nobody, after, 3));
    cmml_predictor_free(predictor); /* which the contexts keep until they are freed */
    CHECK(cmml_score(other, items, 3, after) == CMML_OK && same(nobody, after, 3));
    cmml_context_free(person);
    cmml_context_free(other);
    cmml_context_free(NULL);
}

static void test_scores(cmml_model *model)
{
    cmml_predictor *predictor = predictor_of(model);
    cmml_context *person;
    int32_t n_items = cmml_model_items(model), wrong[2] = {0, n_items};
    int32_t *items = (int32_t *)malloc(sizeof *items * (size_t)n_items);
    float *scores = (float *)malloc(sizeof *scores * (size_t)n_items), one, both[2] = {7, 7};
    CHECK(cmml_context_new(predictor, &person) == CMML_OK);
    CHECK(cmml_observe(person, 2, 4) == CMML_OK);
    for (int32_t i = 0; i < n_items; i++)
        items[i] = n_items - 1 - i;
    CHECK(cmml_score(person, items, (size_t)n_items, scores) == CMML_OK); /* more than a block */
    for (int32_t i = 0; i < n_items; i++) {
        CHECK(cmml_score(person, &items[i], 1, &one) == CMML_OK);
        CHECK(fabsf(one - scores[i]) <= 1e-5f * fabsf(one) + 1e-6f);
    }
    CHECK(cmml_score(NULL, items, 1, &one) == CMML_ARGUMENT);
    CHECK(cmml_score(person, NULL, 1, &one) == CMML_ARGUMENT && said(predictor, "is NULL"));
    CHECK(cmml_forget(person, -1) == CMML_OK && cmml_predictor_error(predictor)[0] == 0);
    CHECK(cmml_score(person, items, 1, NULL) == CMML_ARGUMENT);
    CHECK(cmml_score(person, NULL, 0, NULL) == CMML_OK);
    CHECK(cmml_score(person, wrong, 2, both) == CMML_UNKNOWN);
    CHECK(both[0] == 7 && both[1] == 7);
    CHECK(cmml_score(person, items, 1, &one) == CMML_OK && one == scores[0]);
    cmml_context_free(person);
    cmml_predictor_free(predictor);
    free(items);
    free(scores);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: %s MODEL OTHER LISTS PLAIN\n", argv[0]);
        return 2;
    }
    test_models(argv[1], argv[3], argv[4]);
    cmml_model *model = opened(argv[1]), *other = opened(argv[2]), *lists = opened(argv[3]);
    test_predictors(model);
    test_supports(model);
    test_scores(model);
    test_lists(model);
    test_two_parts(lists);
    test_texts(model, other);
    test_threads(model);
    test_threads(lists);
    test_busy(model);
    cmml_model_release(model);
    cmml_model_release(other);
    cmml_model_release(lists);
    if (failures == 0)
        printf("ok: %d checks\n", checks);
    return failures > 0;
}
