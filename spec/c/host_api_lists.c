/* host_api_lists.c - lists, and contexts as texts; see host_api.c. */
#include "host_api.h"
#include <math.h>

/* --- lists --------------------------------------------------------------------------------------
 */

static int is_in(int32_t item, const int32_t *list, int32_t n)
{
    while (n > 0 && list[n - 1] != item)
        n--;
    return n > 0;
}

/* The list that sorting all scores gives. */
static int32_t sorted(cmml_context *person, const cmml_query *query, const int32_t *support,
                      int32_t n_support, int32_t n_items, int32_t *best, float *scores)
{
    int32_t found = 0;
    for (int32_t item = 0; item < n_items; item++) {
        float score;
        if (is_in(item, query->exclude, (int32_t)query->n_exclude) ||
            (query->allowed && !query->allowed[item]) ||
            (!query->with_support && is_in(item, support, n_support)))
            continue;
        CHECK(cmml_score(person, &item, 1, &score) == CMML_OK);
        int32_t at = found;
        while (at > 0 && scores[at - 1] < score)
            at--;
        if (at >= query->n)
            continue;
        found = found < query->n ? found + 1 : found;
        memmove(best + at + 1, best + at, sizeof *best * (size_t)(found - at - 1));
        memmove(scores + at + 1, scores + at, sizeof *scores * (size_t)(found - at - 1));
        best[at] = item;
        scores[at] = score;
    }
    return found;
}

static void check_list(cmml_context *person, const cmml_query *query, const int32_t *support,
                       int32_t n_support, int32_t n_items)
{
    int32_t items[LIST], other[LIST], wanted[LIST], found = -1, again = -1, done = 0, calls = 0;
    float scores[LIST], others[LIST], best[LIST];
    int32_t n = sorted(person, query, support, n_support, n_items, wanted, best);
    CHECK(cmml_recommend(person, query, items, scores, &found) == CMML_OK && found == n);
    for (int32_t i = 0; i < n && i < found; i++) {
        CHECK(fabsf(scores[i] - best[i]) <= 1e-5f * fabsf(best[i]) + 1e-6f);
        CHECK(items[i] == wanted[i] || fabsf(scores[i] - best[i]) > 0 || i + 1 == n ||
              fabsf(best[i] - best[i + 1]) < 1e-5f);
    }
    while (!done && calls++ <= n_items) {
        CHECK(cmml_recommend_some(person, query, 0, other, others, &again, &done) == CMML_OK);
        CHECK(done || again == 0);
    }
    CHECK(done && again == found && calls > 1); /* a block of 4 at a time */
    CHECK(memcmp(items, other, sizeof *items * (size_t)n) == 0 && same(scores, others, (size_t)n));
}

void test_lists(cmml_model *model)
{
    cmml_predictor *predictor = predictor_of(model);
    cmml_context *person;
    int32_t n_items = cmml_model_items(model), support[2] = {1, 4}, exclude[3] = {0, 2, 2};
    int32_t items[LIST + 1], found = 0, done = 0;
    float scores[LIST + 1];
    uint8_t *allowed = (uint8_t *)calloc((size_t)n_items, 1);
    cmml_query query = query_of(LIST);
    CHECK(cmml_context_new(predictor, &person) == CMML_OK);
    check_list(person, &query, support, 0, n_items);
    CHECK(cmml_observe(person, 1, 5) == CMML_OK && cmml_observe(person, 4, 1) == CMML_OK);
    check_list(person, &query, support, 2, n_items);
    query.with_support = 1;
    check_list(person, &query, support, 2, n_items);
    query.exclude = exclude;
    query.n_exclude = 3;
    check_list(person, &query, support, 2, n_items);
    query.with_support = 0;
    query.allowed = allowed;
    CHECK(cmml_recommend(person, &query, items, scores, &found) == CMML_OK && found == 0);
    allowed[0] = allowed[1] = allowed[n_items - 1] = 1;
    check_list(person, &query, support, 2, n_items);
    CHECK(cmml_recommend(person, &query, items, scores, &found) == CMML_OK && found == 1);
    CHECK(items[0] == n_items - 1);

    query = query_of(LIST);
    CHECK(cmml_recommend(NULL, &query, items, scores, &found) == CMML_ARGUMENT);
    CHECK(cmml_recommend(person, NULL, items, scores, &found) == CMML_ARGUMENT);
    CHECK(cmml_recommend(person, &query, NULL, scores, &found) == CMML_ARGUMENT);
    CHECK(cmml_recommend(person, &query, items, NULL, &found) == CMML_ARGUMENT);
    CHECK(cmml_recommend(person, &query, items, scores, NULL) == CMML_ARGUMENT);
    CHECK(cmml_recommend_some(person, &query, 1, items, scores, &found, NULL) == CMML_ARGUMENT);
    CHECK(cmml_recommend_some(person, &query, -1, items, scores, &found, &done) == CMML_ARGUMENT);
    CHECK(cmml_recommend_some(person, &query, NAN, items, scores, &found, &done) == CMML_ARGUMENT);
    CHECK(cmml_recommend_some(person, &query, INFINITY, items, scores, &found, &done) == CMML_OK);
    CHECK(done && found == LIST);
    query.n_exclude = 2; /* without a list */
    CHECK(cmml_recommend(person, &query, items, scores, &found) == CMML_ARGUMENT);
    exclude[1] = n_items;
    query.exclude = exclude;
    CHECK(cmml_recommend(person, &query, items, scores, &found) == CMML_UNKNOWN && found == 0);
    exclude[1] = -1;
    CHECK(cmml_recommend(person, &query, items, scores, &found) == CMML_UNKNOWN);
    int32_t sizes[] = {0, -1, LIST + 1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        query = query_of(sizes[i]);
        cmml_status status = sizes[i] < 1 ? CMML_ARGUMENT : CMML_LIMIT;
        CHECK(cmml_recommend(person, &query, items, scores, &found) == status && found == 0);
        CHECK(said(predictor, "from 1 to the limit list = 6"));
    }
    query = query_of(LIST);
    query.size = 0; /* forgotten */
    CHECK(cmml_recommend(person, &query, items, scores, &found) == CMML_ARGUMENT);
    CHECK(said(predictor, "query: its size"));

    /* A list that is on its way begins anew after an interaction, and another query. */
    query = query_of(LIST);
    CHECK(cmml_recommend_some(person, &query, 0, items, scores, &found, &done) == CMML_OK && !done);
    CHECK(cmml_observe(person, 6, 5) == CMML_OK);
    int32_t now[3] = {1, 4, 6};
    check_list(person, &query, now, 3, n_items);
    CHECK(cmml_recommend_some(person, &query, 0, items, scores, &found, &done) == CMML_OK && !done);
    query.n = 2;
    check_list(person, &query, now, 3, n_items);
    test_each(model, predictor, person);
    test_support(predictor);
    test_earlier(model, person);
    cmml_context_free(person);
    cmml_predictor_free(predictor);
    free(allowed);
}

/* The list of a model of two parts is made by the second, the scores by the first. */
void test_two_parts(cmml_model *model)
{
    cmml_predictor *predictor = predictor_of(model);
    cmml_context *person;
    int32_t items[LIST], found;
    float scores[LIST], predicted[LIST];
    cmml_query query = query_of(LIST);
    CHECK(cmml_context_new(predictor, &person) == CMML_OK);
    CHECK(cmml_observe(person, 0, 5) == CMML_OK);
    CHECK(cmml_recommend(person, &query, items, scores, &found) == CMML_OK && found == LIST);
    CHECK(cmml_score(person, items, LIST, predicted) == CMML_OK && !same(scores, predicted, LIST));
    cmml_context_free(person);
    cmml_predictor_free(predictor);
}

/* --- texts --------------------------------------------------------------------------------------
 */

void test_texts(cmml_model *model, cmml_model *foreign)
{
    cmml_predictor *predictor = predictor_of(model), *elsewhere = predictor_of(foreign);
    cmml_context *person, *other, *stranger;
    int32_t items[3] = {0, 1, 2};
    float wanted[3], got[3];
    CHECK(cmml_context_new(predictor, &person) == CMML_OK);
    CHECK(cmml_context_new(predictor, &other) == CMML_OK);
    CHECK(cmml_context_new(elsewhere, &stranger) == CMML_OK);
    CHECK(cmml_observe(person, 5, 4.5f) == CMML_OK && cmml_observe(person, 1, -2) == CMML_OK);
    size_t room = cmml_context_text(person);
    char *text = (char *)malloc(room);
    CHECK(cmml_context_text(NULL) == 0 && room > 1);
    CHECK(cmml_context_save(NULL, text, room) == CMML_ARGUMENT);
    CHECK(cmml_context_save(person, NULL, room) == CMML_ARGUMENT);
    memset(text, 'x', room);
    CHECK(cmml_context_save(person, text, room - 1) == CMML_LIMIT && text[0] == 'x');
    CHECK(cmml_context_save(person, text, 0) == CMML_LIMIT);
    CHECK(cmml_context_save(person, text, room) == CMML_OK && strlen(text) == room - 1);
    CHECK(cmml_context_restore(NULL, text, room - 1) == CMML_ARGUMENT);
    CHECK(cmml_context_restore(other, NULL, room - 1) == CMML_ARGUMENT);
    CHECK(cmml_context_restore(other, text, room - 1) == CMML_OK);
    CHECK(cmml_context_size(other) == 2);
    CHECK(cmml_score(person, items, 3, wanted) == CMML_OK);
    CHECK(cmml_score(other, items, 3, got) == CMML_OK && same(wanted, got, 3));
    CHECK(cmml_context_restore(stranger, text, room - 1) == CMML_FORMAT);
    CHECK(said(elsewhere, "of another model") && cmml_context_size(stranger) == 0);
    for (size_t length = 0; length < room - 1; length++)
        CHECK(cmml_context_restore(other, text, length) == CMML_FORMAT);
    for (size_t at = 0; at < room - 1; at++) {
        char kept = text[at];
        text[at] = kept == '1' ? '2' : '1';
        CHECK(cmml_context_restore(other, text, room - 1) == CMML_FORMAT);
        text[at] = kept;
    }
    text[4] = '2';
    CHECK(cmml_context_restore(other, text, room - 1) == CMML_FORMAT);
    CHECK(said(predictor, "of another version"));
    CHECK(cmml_context_restore(other, "", 0) == CMML_FORMAT);
    CHECK(cmml_score(other, items, 3, got) == CMML_OK && same(wanted, got, 3));
    cmml_context_free(stranger);
    cmml_context_free(other);
    cmml_context_free(person);
    cmml_predictor_free(elsewhere);
    cmml_predictor_free(predictor);
    free(text);
}
