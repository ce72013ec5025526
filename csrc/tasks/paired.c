/* paired.c - see paired.h. */
#include "tasks/paired.h"

/* The rows of one task: `n` positives from row `first`, then `each` negatives of each. `at` is its
 * first positive among those of the query. */
typedef struct task {
    int32_t at, n, first, each;
} task;

static void fill_task(const task *t, const cm_scenario_query *query, cm_paired *out)
{
    const int32_t *users = query->users->values;
    for (int32_t i = 0; i < t->n; i++) {
        int32_t row = t->first + i, pair = t->at + i;
        out->users->values[row] = users[pair];
        out->items->values[row] = query->positives->values[pair];
        out->positives->values[pair] = row;
        for (int32_t k = 0; k < t->each; k++) {
            int32_t other = pair * t->each + k;
            row = t->first + t->n + i * t->each + k;
            out->users->values[row] = users[pair];
            out->items->values[row] = query->negatives->values[other];
            out->negatives->values[other] = row;
        }
    }
}

static bool make_rows(cm_ctx *cx, const cm_ids *from, int64_t each, cm_paired *out)
{
    int64_t tasks = cm_segments_groups(from), n = cm_segments_rows(from);
    int32_t *lengths = cm_calloc(cx, (size_t)tasks, sizeof *lengths);
    for (int64_t t = 0; lengths && t < tasks; t++)
        lengths[t] = (int32_t)((1 + each) * cm_segment_length(from, t));
    *out = (cm_paired){.segments = lengths ? cm_segments_new(cx, lengths, tasks) : NULL};
    cm_free(cx, lengths);
    if (!out->segments)
        return false;
    out->users = cm_ids_new(cx, n * (1 + each));
    out->items = cm_ids_new(cx, n * (1 + each));
    out->positives = cm_ids_new(cx, n);
    out->negatives = cm_ids_new(cx, n * each);
    return out->users && out->items && out->positives && out->negatives;
}

bool cm_paired_make(cm_ctx *cx, const cm_scenario_query *query, int64_t each, cm_paired *out)
{
    const cm_ids *from = query->segments;
    bool ok = make_rows(cx, from, each, out);
    for (int64_t t = 0; ok && t < cm_segments_groups(from); t++) {
        task of = {.at = from->values[t],
                   .n = (int32_t)cm_segment_length(from, t),
                   .first = (int32_t)((1 + each) * from->values[t]),
                   .each = (int32_t)each};
        fill_task(&of, query, out);
    }
    cm_ids *const made[] = {out->users, out->items, out->positives, out->negatives, out->segments};
    for (int i = 0; i < 4 && ok; i++)
        cm_ids_seal(made[i]);
    for (int i = 0; i < 5 && !ok; i++)
        cm_ids_release(cx, made[i]);
    return ok;
}
