/* host_api_later.c - what the interface has had since its first version; see host_api.c. */
#include "host_api.h"
#include <stddef.h>

/* Lists for several people are those of each. */
void test_each(cmml_model *model, cmml_predictor *predictor, cmml_context *person)
{
    cmml_predictor *second = predictor_of(model);
    cmml_context *other, *elsewhere;
    int32_t items[3 * LIST], found[3], own[LIST], n;
    float scores[3 * LIST], of[LIST];
    cmml_query query = query_of(LIST - 1);
    CHECK(cmml_context_new(predictor, &other) == CMML_OK && cmml_observe(other, 7, 2) == CMML_OK);
    cmml_context *people[3] = {person, other, person};
    CHECK(cmml_recommend_each(people, 3, &query, items, scores, found) == CMML_OK);
    for (int i = 0; i < 3; i++) {
        CHECK(cmml_recommend(people[i], &query, own, of, &n) == CMML_OK && n == found[i]);
        CHECK(memcmp(own, items + i * (LIST - 1), sizeof *own * (size_t)n) == 0);
        CHECK(same(of, scores + i * (LIST - 1), (size_t)n));
    }
    CHECK(cmml_recommend_each(people, 0, &query, items, scores, found) == CMML_OK);
    CHECK(cmml_recommend_each(NULL, 2, &query, items, scores, found) == CMML_ARGUMENT);
    CHECK(cmml_recommend_each(people, 3, NULL, items, scores, found) == CMML_ARGUMENT);
    CHECK(cmml_recommend_each(people, 3, &query, NULL, scores, found) == CMML_ARGUMENT);
    CHECK(cmml_recommend_each(people, 3, &query, items, scores, NULL) == CMML_ARGUMENT);
    CHECK(cmml_context_new(second, &elsewhere) == CMML_OK);
    people[1] = elsewhere;
    CHECK(cmml_recommend_each(people, 3, &query, items, scores, found) == CMML_ARGUMENT);
    people[1] = NULL;
    CHECK(cmml_recommend_each(people, 3, &query, items, scores, found) == CMML_ARGUMENT);
    cmml_context_free(elsewhere);
    cmml_context_free(other);
    cmml_predictor_free(second);
}

/* What was observed can be read. */
void test_support(cmml_predictor *predictor)
{
    cmml_context *person;
    int32_t items[3];
    float labels[3];
    CHECK(cmml_context_new(predictor, &person) == CMML_OK);
    CHECK(cmml_context_support(person, NULL, NULL, 0) == CMML_OK);
    CHECK(cmml_observe(person, 3, 1.5f) == CMML_OK && cmml_observe(person, 0, -2) == CMML_OK);
    CHECK(cmml_observe(person, 3, 4) == CMML_OK);
    CHECK(cmml_context_support(person, items, labels, 3) == CMML_OK);
    CHECK(items[0] == 3 && labels[0] == 4 && items[1] == 0 && labels[1] == -2);
    CHECK(cmml_context_support(person, items, labels, 1) == CMML_LIMIT);
    CHECK(said(predictor, "room for 1 interactions of 2"));
    CHECK(cmml_context_support(person, NULL, labels, 2) == CMML_ARGUMENT);
    CHECK(cmml_context_support(NULL, items, labels, 2) == CMML_ARGUMENT);
    cmml_context_free(person);
}

/* The structs as the first version had them. */
typedef struct first_limits {
    size_t size;
    int32_t support, list, block;
    size_t memory;
} first_limits;

typedef struct first_query {
    size_t size;
    int32_t n;
    const int32_t *exclude;
    size_t n_exclude;
    const uint8_t *allowed;
    int32_t with_support;
} first_query;

/* Hosts that were built with the first version set its fields, and nothing of what lies between. */
void test_earlier(cmml_model *model, cmml_context *person)
{
    struct {
        first_limits limits;
        first_query query;
        char behind[64];
    } first;
    cmml_predictor *earlier;
    int32_t items[2], found;
    float scores[2];
    memset(&first, 0xAA, sizeof first);
    first.limits.size = sizeof first.limits;
    first.limits.support = 3;
    first.limits.list = first.limits.block = 0;
    first.limits.memory = 0;
    first.query.size = sizeof first.query;
    first.query.n = 2;
    first.query.exclude = NULL;
    first.query.n_exclude = 0;
    first.query.allowed = NULL;
    first.query.with_support = 0;
    CHECK(cmml_predictor_new(model, (const cmml_limits *)(void *)&first.limits, &earlier, NULL) ==
          CMML_OK);
    cmml_predictor_free(earlier);
    CHECK(cmml_recommend(person, (const cmml_query *)(void *)&first.query, items, scores, &found) ==
              CMML_OK &&
          found == 2);
    first.limits.size = sizeof(size_t); /* shorter than ever */
    CHECK(cmml_predictor_new(model, (const cmml_limits *)(void *)&first.limits, &earlier, NULL) ==
          CMML_ARGUMENT);
    first.query.size = sizeof(size_t);
    CHECK(cmml_recommend(person, (const cmml_query *)(void *)&first.query, items, scores, &found) ==
          CMML_ARGUMENT);
}
