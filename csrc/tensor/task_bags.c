/* task_bags.c - see task_bags.h. */
#include "tensor/task_bags.h"
#include "tensor/distinct.h"

/* The places of a row's ids. */
static int32_t first_of(const cm_bags *bags, int32_t row, int32_t *last)
{
    if (row < 0)
        return *last = 0;
    *last = bags->segments ? bags->segments->values[row + 1] : row + 1;
    return bags->segments ? bags->segments->values[row] : row;
}

static bool check(cm_ctx *cx, const cm_bags *bags, const cm_ids *rows, const cm_ids *tasks,
                  const cm_ids *seen_ids, const cm_ids *seen_owners)
{
    int64_t have = bags->segments ? cm_segments_groups(bags->segments) : bags->ids->count;
    if (bags->segments && cm_segments_rows(bags->segments) != bags->ids->count)
        return cm_refuse(cx, CM_ERR_SHAPE, "the segments cover %lld ids, but there are %lld",
                         (long long)cm_segments_rows(bags->segments), (long long)bags->ids->count);
    if (rows->limit > have)
        return cm_refuse(cx, CM_ERR_INDEX, "rows contains %d, but there are only %lld bags",
                         rows->limit, (long long)have);
    if (cm_segments_rows(tasks) != rows->count)
        return cm_refuse(cx, CM_ERR_SHAPE, "the tasks cover %lld rows, but there are %lld",
                         (long long)cm_segments_rows(tasks), (long long)rows->count);
    if (seen_ids && seen_ids->count != seen_owners->count)
        return cm_refuse(cx, CM_ERR_SHAPE, "%lld ids were seen, but %lld owners",
                         (long long)seen_ids->count, (long long)seen_owners->count);
    return true;
}

/* The keys of the pairs: those seen, then the known ids of all bags in order. Fills the lengths of
 * the bags. NULL when memory runs out. */
static uint64_t *keys_of(cm_ctx *cx, const cm_bags *bags, const cm_ids *rows, const cm_ids *tasks,
                         const cm_ids *seen_ids, const cm_ids *seen_owners, int32_t *lengths,
                         int64_t *count)
{
    int64_t all = seen_ids ? seen_ids->count : 0;
    int32_t last;
    for (int64_t k = 0; k < rows->count; k++) {
        int32_t first = first_of(bags, rows->values[k], &last);
        all += last - first;
    }
    *count = 0;
    if (all > INT32_MAX)
        return cm_fail(cx, CM_ERR_LIMIT, "the bags hold %lld ids; at most 2147483647 are possible",
                       (long long)all);
    uint64_t *keys = cm_calloc(cx, (size_t)all, sizeof *keys);
    if (!keys)
        return NULL;
    for (int64_t i = 0; seen_ids && i < seen_ids->count; i++)
        keys[(*count)++] =
            (uint64_t)(uint32_t)seen_owners->values[i] << 32 | (uint32_t)seen_ids->values[i];
    for (int64_t g = 0; g < cm_segments_groups(tasks); g++)
        for (int32_t k = tasks->values[g]; k < tasks->values[g + 1]; k++) {
            int64_t before = *count;
            for (int32_t i = first_of(bags, rows->values[k], &last); i < last; i++)
                if (bags->ids->values[i] >= 0)
                    keys[(*count)++] = (uint64_t)g << 32 | (uint32_t)bags->ids->values[i];
            lengths[k] = (int32_t)(*count - before);
        }
    return keys;
}

static bool release(cm_ctx *cx, cm_task_bags *out)
{
    cm_ids_release(cx, out->ids);
    cm_ids_release(cx, out->owners);
    cm_ids_release(cx, out->places);
    cm_ids_release(cx, out->lengths);
    *out = (cm_task_bags){0};
    return false;
}

/* Ids and owners of the pairs that were not seen; *first has the position of each pair among the
 * keys. */
static bool split(cm_ctx *cx, const uint64_t *keys, const cm_ids *first, int64_t seen,
                  cm_task_bags *out)
{
    int64_t fresh = first->count - seen;
    out->ids = cm_ids_new(cx, fresh);
    out->owners = out->ids ? cm_ids_new(cx, fresh) : NULL;
    if (!out->owners)
        return false;
    for (int64_t i = 0; i < fresh; i++) {
        uint64_t key = keys[first->values[seen + i]];
        out->ids->values[i] = (int32_t)(uint32_t)key;
        out->owners->values[i] = (int32_t)(key >> 32);
    }
    cm_ids_seal(out->ids);
    cm_ids_seal(out->owners);
    return true;
}

/* The numbers of the keys behind those that were seen. */
static cm_ids *places_behind(cm_ctx *cx, const cm_ids *places, int64_t seen)
{
    cm_ids *own = cm_ids_new(cx, places->count - seen);
    for (int64_t i = 0; own && i < own->count; i++)
        own->values[i] = places->values[seen + i];
    if (own)
        cm_ids_seal(own);
    return own;
}

bool cm_bags_of_tasks(cm_ctx *cx, const cm_bags *bags, const cm_ids *rows, const cm_ids *tasks,
                      const cm_ids *seen_ids, const cm_ids *seen_owners, cm_task_bags *out)
{
    *out = (cm_task_bags){0};
    if (!check(cx, bags, rows, tasks, seen_ids, seen_owners))
        return false;
    int64_t seen = seen_ids ? seen_ids->count : 0, count;
    int32_t *lengths = cm_calloc(cx, (size_t)rows->count, sizeof *lengths);
    uint64_t *keys =
        lengths ? keys_of(cx, bags, rows, tasks, seen_ids, seen_owners, lengths, &count) : NULL;
    cm_ids *first = NULL, *places = NULL;
    bool ok = keys && cm_distinct(cx, keys, count, &first, &places);
    if (ok && (first->count < seen || (seen > 0 && first->values[seen - 1] != seen - 1)))
        ok = cm_refuse(cx, CM_ERR_ARGUMENT, "the pairs that were seen are not distinct");
    ok = ok && split(cx, keys, first, seen, out);
    if (ok)
        out->places = places_behind(cx, places, seen);
    if (ok && out->places)
        out->lengths = cm_segments_new(cx, lengths, rows->count);
    cm_ids_release(cx, first);
    cm_ids_release(cx, places);
    cm_free(cx, keys);
    cm_free(cx, lengths);
    return (ok && out->lengths) || release(cx, out);
}
