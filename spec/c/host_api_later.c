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

/* Structs of an earlier version end before fields that came later. */
void test_earlier(cmml_model *model, cmml_context *person)
{
    cmml_limits limits = limits_of(3, 0, 0, 0);
    cmml_query query = query_of(2);
    cmml_predictor *earlier;
    int32_t items[2], found;
    float scores[2];
    limits.size = offsetof(cmml_limits, candidates);
    limits.candidates = limits.users = -1; /* not there, and not read */
    CHECK(cmml_predictor_new(model, &limits, &earlier, NULL) == CMML_OK);
    cmml_predictor_free(earlier);
    limits.size--;
    CHECK(cmml_predictor_new(model, &limits, &earlier, NULL) == CMML_ARGUMENT);
    query.size = offsetof(cmml_query, candidates);
    query.candidates = -1;
    CHECK(cmml_recommend(person, &query, items, scores, &found) == CMML_OK && found == 2);
}
