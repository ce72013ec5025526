/* ordering.c - see ordering.h. */
#include "tasks/ordering.h"
#include <stdlib.h>

typedef struct timed {
    int64_t time;
    int64_t row;
} timed;

/* No two are equal, so that the order is the same whatever the sort. */
static int by_time_and_row(const void *a, const void *b)
{
    const timed *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static void copy_row(const cm_interactions *from, int64_t row, cm_interactions *to, int64_t at)
{
    to->items->values[at] = from->items->values[row];
    cm_data(to->ratings)[at] = cm_data(from->ratings)[row];
    if (from->times)
        to->times->values[at] = from->times->values[row];
}

bool cm_interactions_by_time(cm_ctx *cx, const cm_interactions *all, cm_interactions *out,
                             int64_t *late)
{
    *out = (cm_interactions){0};
    *late = 0;
    if (!all->times)
        return cm_refuse(cx, CM_ERR_ARGUMENT, "the ratings have no times");
    int64_t n_users = cm_segments_groups(all->users);
    int64_t most = CM_MAX(cm_segments_longest(all->users), n_users);
    int32_t *lengths = cm_calloc(cx, (size_t)CM_MAX(n_users, 1), sizeof *lengths);
    timed *rows = cm_calloc(cx, (size_t)CM_MAX(most, 1), sizeof *rows);
    bool ok = lengths && rows;
    for (int64_t u = 0; ok && u < n_users; u++)
        lengths[u] = (int32_t)cm_segment_length(all->users, u);
    ok = ok && cm_interactions_make(cx, lengths, n_users, all->items->count, true, out);
    for (int64_t u = 0; ok && u < n_users; u++) {
        int64_t first = all->users->values[u], n = cm_segment_length(all->users, u);
        int64_t latest = INT64_MIN;
        for (int64_t i = 0; i < n; i++) {
            rows[i] = (timed){all->times->values[first + i], first + i};
            *late += rows[i].time < latest;
            latest = CM_MAX(latest, rows[i].time);
        }
        qsort(rows, (size_t)n, sizeof *rows, by_time_and_row);
        for (int64_t i = 0; i < n; i++)
            copy_row(all, rows[i].row, out, first + i);
    }
    if (ok)
        cm_ids_seal(out->items);
    cm_free(cx, lengths);
    cm_free(cx, rows);
    return ok;
}

bool cm_interactions_divide(cm_ctx *cx, const cm_interactions *all, const cm_ids *lengths,
                            cm_interactions *first, cm_interactions *others)
{
    *first = *others = (cm_interactions){0};
    int64_t n_users = cm_segments_groups(all->users);
    if (cm_segments_groups(lengths) != n_users)
        return cm_refuse(cx, CM_ERR_SHAPE, "%lld lengths for %lld users",
                         (long long)cm_segments_groups(lengths), (long long)n_users);
    size_t room = (size_t)CM_MAX(n_users, 1);
    int32_t *sizes = cm_calloc(cx, 2 * room, sizeof *sizes);
    if (!sizes)
        return false;
    for (int64_t u = 0; u < n_users; u++) {
        int64_t n = cm_segment_length(all->users, u), k = cm_segment_length(lengths, u);
        if (k > n) {
            cm_free(cx, sizes);
            return cm_refuse(cx, CM_ERR_ARGUMENT, "user %lld has %lld ratings, not %lld",
                             (long long)u + 1, (long long)n, (long long)k);
        }
        sizes[u] = (int32_t)k;
        sizes[room + (size_t)u] = (int32_t)(n - k);
    }
    int64_t n_first = cm_segments_rows(lengths), n_others = all->items->count - n_first;
    bool has_times = all->times != NULL;
    bool ok = cm_interactions_make(cx, sizes, n_users, n_first, has_times, first) &&
              cm_interactions_make(cx, sizes + room, n_users, n_others, has_times, others);
    int64_t to[2] = {0, 0};
    for (int64_t u = 0; ok && u < n_users; u++) {
        int64_t row = all->users->values[u], end = all->users->values[u + 1];
        for (int64_t border = row + sizes[u]; row < border; row++)
            copy_row(all, row, first, to[0]++);
        for (; row < end; row++)
            copy_row(all, row, others, to[1]++);
    }
    if (ok) {
        cm_ids_seal(first->items);
        cm_ids_seal(others->items);
    } else {
        cm_interactions_forget(cx, first);
        cm_interactions_forget(cx, others);
    }
    cm_free(cx, sizes);
    return ok;
}
