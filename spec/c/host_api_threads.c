/* host_api_threads.c - two threads with a predictor each, and in one; see host_api.c. */
#include "host_api.h"
#include <pthread.h>
#include <sched.h>

/* --- threads ------------------------------------------------------------------------------------
 */

typedef struct worker {
    pthread_t thread;
    cmml_model *model;
    cmml_context *person; /* of a predictor that both have, or NULL: one of its own */
    int wrong, told;
    float score;
} worker;

static void *work_alone(void *given)
{
    worker *self = (worker *)given;
    cmml_predictor *predictor;
    cmml_context *person;
    int32_t items[LIST], found;
    float scores[LIST];
    cmml_query query = query_of(3);
    self->wrong += cmml_predictor_new(self->model, NULL, &predictor, NULL) != CMML_OK;
    self->wrong += cmml_context_new(predictor, &person) != CMML_OK;
    for (int32_t i = 0; i < 200; i++) {
        self->wrong += cmml_observe(person, i % cmml_model_items(self->model), (float)(i % 5)) != 0;
        self->wrong += cmml_recommend(person, &query, items, scores, &found) != CMML_OK;
        cmml_model_release(cmml_model_retain(self->model));
    }
    self->score = scores[0];
    cmml_context_free(person);
    cmml_predictor_free(predictor);
    return NULL;
}

static void *work_together(void *given)
{
    worker *self = (worker *)given;
    int32_t items[LIST], found;
    float scores[LIST];
    cmml_query query = query_of(3);
    for (int32_t i = 0; i < 2000; i++) {
        cmml_status status = cmml_recommend(self->person, &query, items, scores, &found);
        self->wrong += status != CMML_BUSY && status != CMML_OK;
        status = i % 16 ? CMML_OK : cmml_observe(self->person, i % 7, (float)(i % 5));
        self->wrong += status != CMML_BUSY && status != CMML_OK;
    }
    return NULL;
}

enum { MANY = 20000 };

/* Is in a call nearly all the time, until another thread was told that it is. */
static void *work_until_told(void *given)
{
    worker *self = (worker *)given;
    int32_t *items = (int32_t *)calloc(MANY, sizeof *items);
    float *scores = (float *)calloc(MANY, sizeof *scores);
    while (!__atomic_load_n(&self->told, __ATOMIC_RELAXED)) {
        cmml_status status = cmml_score(self->person, items, MANY, scores);
        self->wrong += status != CMML_BUSY && status != CMML_OK;
    }
    free(items);
    free(scores);
    return NULL;
}

void test_busy(cmml_model *model)
{
    cmml_predictor *predictor = predictor_of(model);
    worker long_one;
    cmml_context *person;
    int32_t before, busy = 0, wrong = 0;
    memset(&long_one, 0, sizeof long_one);
    CHECK(cmml_context_new(predictor, &long_one.person) == CMML_OK);
    CHECK(cmml_context_new(predictor, &person) == CMML_OK);
    CHECK(cmml_observe(person, 2, 3) == CMML_OK);
    before = cmml_context_size(person);
    CHECK(pthread_create(&long_one.thread, NULL, work_until_told, &long_one) == 0);
    while (busy < 3) { /* a call may meet the other thread, or not */
        cmml_status status = cmml_observe(person, 4, 3);
        int32_t size = cmml_context_size(person);
        busy += status == CMML_BUSY;
        wrong += status == CMML_BUSY ? size != before : status != CMML_OK || size != before + 1;
        while (status == CMML_OK && cmml_forget(person, 4) == CMML_BUSY)
            busy++;
        wrong += cmml_context_size(person) != before;
        sched_yield();
    }
    CHECK(wrong == 0);
    __atomic_store_n(&long_one.told, 1, __ATOMIC_RELAXED);
    CHECK(pthread_join(long_one.thread, NULL) == 0 && long_one.wrong == 0 && busy > 0);
    cmml_context_free(person);
    cmml_context_free(long_one.person);
    cmml_predictor_free(predictor);
}

static void run_two(worker *two, void *work(void *))
{
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&two[i].thread, NULL, work, &two[i]) == 0);
    for (int i = 0; i < 2; i++)
        CHECK(pthread_join(two[i].thread, NULL) == 0 && two[i].wrong == 0);
}

void test_threads(cmml_model *model)
{
    worker two[2];
    cmml_predictor *predictor = predictor_of(model);
    memset(two, 0, sizeof two);
    two[0].model = two[1].model = model;
    run_two(two, work_alone);
    CHECK(two[0].score == two[1].score);
    for (int i = 0; i < 2; i++)
        CHECK(cmml_context_new(predictor, &two[i].person) == CMML_OK);
    run_two(two, work_together);
    for (int i = 0; i < 2; i++)
        cmml_context_free(two[i].person);
    cmml_predictor_free(predictor);
}
