/* host_memory.c - a host with little memory: every allocation of the library fails once, and what
 * was taken is given back; and a host that must not wait: once it runs, nothing is taken any more.
 * Linked so that the library's calls of the system's allocator come here first (--wrap). Started by
 * spec/host_api_spec.lua as
 *
 *     host_memory MODEL CALLS
 *
 * Says what went wrong, or at the end "ok", how many allocations failed, and how many calls took no
 * memory. */
#include <cmml.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
int __real_posix_memalign(void **block, size_t alignment, size_t bytes);
void __real_free(void *block);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
int __wrap_posix_memalign(void **block, size_t alignment, size_t bytes);
void __wrap_free(void *block);

static long taken, live, fail_in = -1; /* calls so far; blocks; calls that still succeed, <0: all */
static bool hit;                       /* whether one failed */

static bool may_take(void)
{
    taken++;
    bool fails = fail_in == 0;
    hit |= fails;
    fail_in -= fail_in >= 0; /* one fails, those behind it succeed */
    return !fails;
}

static void *counted(void *block)
{
    live += block != NULL;
    return block;
}

void *__wrap_malloc(size_t bytes)
{
    return may_take() ? counted(__real_malloc(bytes)) : NULL;
}

void *__wrap_calloc(size_t n, size_t bytes)
{
    return may_take() ? counted(__real_calloc(n, bytes)) : NULL;
}

void *__wrap_realloc(void *block, size_t bytes)
{
    void *moved = may_take() ? __real_realloc(block, bytes) : NULL;
    live += moved && !block;
    return moved;
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    return may_take() ? counted(__real_aligned_alloc(alignment, bytes)) : NULL;
}

int __wrap_posix_memalign(void **block, size_t alignment, size_t bytes)
{
    int code = may_take() ? __real_posix_memalign(block, alignment, bytes) : 12; /* ENOMEM */
    live += code == 0;
    return code;
}

void __wrap_free(void *block)
{
    live -= block != NULL;
    __real_free(block);
}

static int failed(const char *what, long n)
{
    printf("allocation %ld: %s\n", n, what);
    return 1;
}

/* Makes all there is, until something fails; what it gave, and whether its text says so. */
static cmml_status make_all(const char *path, const char *bytes, size_t size, int *told)
{
    cmml_error error;
    cmml_model *model = NULL, *again = NULL;
    cmml_predictor *predictor = NULL;
    cmml_context *person = NULL, *fork = NULL;
    cmml_status status = cmml_model_load(path, &model, &error);
    if (status == CMML_OK)
        status = cmml_model_load_memory(bytes, size, &again, &error);
    if (status == CMML_OK)
        status = cmml_predictor_new(again, NULL, &predictor, &error);
    *told = strstr(error.text, "out of memory") != NULL;
    if (status == CMML_OK) {
        status = cmml_context_new(predictor, &person);
        if (status == CMML_OK && (status = cmml_observe(person, 1, 3)) == CMML_OK)
            status = cmml_context_fork(person, &fork);
        *told = strstr(cmml_predictor_error(predictor), "out of memory") != NULL;
    }
    cmml_context_free(fork);
    cmml_context_free(person);
    cmml_predictor_free(predictor);
    cmml_model_release(again);
    cmml_model_release(model);
    return status;
}

/* Fails the n-th allocation, for every n that there is. */
static int sweep(const char *path, const char *bytes, size_t size, long *swept)
{
    for (*swept = 0;; (*swept)++) {
        int told;
        long before = live;
        fail_in = *swept;
        hit = false;
        cmml_status status = make_all(path, bytes, size, &told);
        fail_in = -1;
        if (live != before)
            return failed("blocks are left", *swept);
        if (!hit)
            return status == CMML_OK ? 0 : failed("fails without a reason", *swept);
        if (status != CMML_NO_MEMORY || !told)
            return failed("another status, or another text", *swept);
    }
}

static int serve(const char *path, long calls)
{
    enum { N = 10 };
    cmml_model *model;
    cmml_predictor *predictor;
    cmml_context *person;
    int32_t items[N], found, done;
    float scores[N];
    char text[8192];
    cmml_query query;
    memset(&query, 0, sizeof query);
    query.size = sizeof query;
    query.n = N;
    if (cmml_model_load(path, &model, NULL) || cmml_predictor_new(model, NULL, &predictor, NULL) ||
        cmml_context_new(predictor, &person))
        return failed("cannot be opened", 0);
    int32_t n_items = cmml_model_items(model);
    long before = 0;
    int wrong = 0;
    for (long i = -100; i < calls; i++) {
        int32_t item = (int32_t)((i + 100) * 7 % n_items);
        if (i == 0)
            before = taken;
        wrong |= cmml_observe(person, item, (float)(i % 5));
        wrong |= cmml_recommend(person, &query, items, scores, &found);
        if (i % 16 == 0) { /* all others, too */
            wrong |= cmml_recommend_some(person, &query, 1, items, scores, &found, &done);
            wrong |= cmml_score(person, items, (size_t)found, scores);
            wrong |= cmml_context_save(person, text, sizeof text);
            wrong |= cmml_context_restore(person, text, strlen(text));
            wrong |= cmml_observe(person, -1, 0) != CMML_UNKNOWN;
            wrong |= cmml_forget(person, item);
        }
        if (i % 64 == 0)
            wrong |= cmml_clear(person);
    }
    long used = taken - before;
    cmml_context_free(person);
    cmml_predictor_free(predictor);
    cmml_model_release(model);
    if (wrong)
        return failed("a call went wrong", 0);
    return used == 0 ? 0 : failed("calls take memory", used);
}

int main(int argc, char **argv)
{
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    long size, swept = 0;
    if (!file || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) <= 0)
        return 2;
    char *bytes = (char *)__real_malloc((size_t)size);
    rewind(file);
    if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size)
        return 2;
    fclose(file);
    if (sweep(argv[1], bytes, (size_t)size, &swept) || serve(argv[1], atol(argv[2])))
        return 1;
    __real_free(bytes);
    printf("ok: %ld allocations failed, %s calls took no memory\n", swept, argv[2]);
    return 0;
}
