/* ranking_rows.c - see ranking_rows.h. */
#include "tasks/ranking_rows.h"
#include "tensor/distinct.h"

/* The inputs of one list. */
typedef struct ranked {
    const int32_t *item; /* items of the scenario, ascending */
    int32_t n;
    const int32_t *held; /* held-out items of the user, ascending */
    int32_t n_held;
    const cm_lists *removed;
    int n_removed;
    int32_t user;
    cm_rng rng;     /* chooses among the others, of which */
    int64_t left;   /* there are still so many to come */
    int64_t wanted; /* and so many to be chosen; -1: all */
} ranked;

static bool has(const cm_lists *lists, int32_t list, int32_t value)
{
    const int32_t *at = lists->segments->values;
    int32_t place = cm_lists_find(lists->values->values, at[list], at[list + 1], value);
    return place < at[list + 1] && lists->values->values[place] == value;
}

static bool is_removed(const ranked *r, int32_t item)
{
    bool removed = false;
    for (int i = 0; i < r->n_removed && !removed; i++)
        removed = has(&r->removed[i], r->user, item);
    return removed;
}

/* Whether one of the others is in the sample: each set of them is as likely. */
static bool is_chosen(ranked *r)
{
    if (r->wanted < 0)
        return true;
    bool chosen = (int64_t)cm_rng_below(&r->rng, (uint32_t)r->left) < r->wanted;
    r->left--;
    r->wanted -= chosen;
    return chosen;
}

/* Writes the rows, or only counts them, all of them, if out is NULL; -1 if a held-out item is
 * removed, which is then in *leak. The number of positives into *held. */
static int64_t walk(ranked *r, cm_ranking_lists *out, int64_t to, int64_t *n_held, int32_t *leak)
{
    int64_t rows = 0, positives = 0;
    int32_t at = 0;
    for (int32_t i = 0; i < r->n; i++) {
        int32_t item = r->item[i];
        while (at < r->n_held && r->held[at] < item)
            at++;
        bool held = at < r->n_held && r->held[at] == item;
        if (is_removed(r, item)) {
            *leak = item;
            if (held)
                return -1;
            continue;
        }
        if (out && !held && !is_chosen(r))
            continue;
        if (out) {
            out->users->values[to + rows] = r->user;
            out->items->values[to + rows] = item;
            cm_data(out->labels)[to + rows] = held;
        }
        rows++;
        positives += held;
    }
    *n_held = positives;
    return positives == 0 || positives == rows ? 0 : rows;
}

/* The rows of a list: how many there are, of those that are counted. */
static void draw_others(ranked *r, const cm_candidate_sample *sample, int64_t u, int64_t others)
{
    r->wanted = -1;
    if (!sample || sample->others < 0 || sample->others >= others)
        return;
    r->rng = cm_rng_keyed(sample->seed, sample->draw, (uint32_t)sample->keys->values[u],
                          CM_STREAM_CANDIDATES);
    r->left = others;
    r->wanted = sample->others;
}

static bool check(cm_ctx *cx, const cm_lists *candidates, int32_t scenario, const cm_pairs *held,
                  const cm_lists *removed, int n_removed, const cm_ids *users,
                  const cm_candidate_sample *sample)
{
    if (sample && sample->others >= 0 && sample->keys->count != users->count)
        return cm_refuse(cx, CM_ERR_SHAPE, "%lld keys for %lld users",
                         (long long)sample->keys->count, (long long)users->count);
    int64_t n = cm_segments_groups(candidates->segments);
    if (scenario < 0 || scenario >= n || cm_segments_groups(held->scenarios) != n)
        return cm_refuse(cx, CM_ERR_INDEX, "scenario %d of %lld, and held pairs of %lld",
                         scenario + 1, (long long)n,
                         (long long)cm_segments_groups(held->scenarios));
    for (int i = 0; i < n_removed; i++)
        if (users->least < 0 || users->limit > cm_segments_groups(removed[i].segments))
            return cm_refuse(cx, CM_ERR_INDEX, "users from %d to %d of %lld", users->least + 1,
                             users->limit, (long long)cm_segments_groups(removed[i].segments));
    return true;
}

bool cm_ranking_rows(cm_ctx *cx, const cm_lists *candidates, int32_t scenario, const cm_pairs *held,
                     const cm_lists *removed, int n_removed, const cm_ids *users,
                     const cm_candidate_sample *sample, cm_ranking_lists *out)
{
    *out = (cm_ranking_lists){0};
    if (!check(cx, candidates, scenario, held, removed, n_removed, users, sample))
        return false;
    int32_t begin = candidates->segments->values[scenario];
    ranked r = {.item = candidates->values->values + begin,
                .n = (int32_t)cm_segment_length(candidates->segments, scenario),
                .removed = removed,
                .n_removed = n_removed};
    int32_t *lengths = cm_calloc(cx, 2 * (size_t)CM_MAX(users->count, 1), sizeof *lengths);
    int32_t *others = lengths ? lengths + users->count : NULL;
    bool ok = lengths != NULL;
    for (int pass = 0; pass < 2 && ok; pass++) {
        for (int64_t u = 0; u < users->count && ok; u++) {
            int32_t first, last, leak = 0;
            int64_t n_held;
            r.user = users->values[u];
            cm_pairs_of(held, scenario, r.user, &first, &last);
            r.held = held->items->values + first;
            r.n_held = last - first;
            if (pass == 1 && lengths[u] > 0) {
                draw_others(&r, sample, u, others[u]);
                (void)walk(&r, out, out->segments->values[u], &n_held, &leak);
            }
            if (pass == 1)
                continue;
            int64_t rows = walk(&r, NULL, 0, &n_held, &leak);
            ok = rows >= 0 ||
                 cm_refuse(cx, CM_ERR_ARGUMENT,
                           "item %d of user %d is held out for evaluation, but already known",
                           leak + 1, r.user + 1);
            if (!ok || rows == 0)
                continue;
            others[u] = (int32_t)(rows - n_held);
            draw_others(&r, sample, u, others[u]);
            lengths[u] = (int32_t)(r.wanted < 0 ? rows : n_held + r.wanted);
        }
        if (pass == 0 && ok) {
            out->segments = cm_segments_new(cx, lengths, users->count);
            ok = out->segments != NULL;
            cm_shape shape = cm_shape_1d(ok ? cm_segments_rows(out->segments) : 0);
            out->users = ok ? cm_ids_new(cx, shape.dims[0]) : NULL;
            out->items = ok ? cm_ids_new(cx, shape.dims[0]) : NULL;
            out->labels = ok ? cm_tensor_new(cx, &shape) : NULL;
            ok = out->users && out->items && out->labels;
        }
    }
    if (ok) {
        cm_ids_seal(out->users);
        cm_ids_seal(out->items);
    } else {
        cm_ids_release(cx, out->segments);
        cm_ids_release(cx, out->users);
        cm_ids_release(cx, out->items);
    }
    cm_free(cx, lengths);
    return ok;
}

cm_tensor *cm_support_counts(cm_ctx *cx, const cm_ids *support, const cm_tensor *labels,
                             const cm_ids *support_segments, const cm_ids *items,
                             const cm_ids *segments)
{
    int64_t n = support->count, all = n + items->count;
    cm_shape shape = cm_shape_1d(items->count);
    cm_tensor *result = cm_tensor_new(cx, &shape);
    cm_ids *first = NULL, *places = NULL;
    uint64_t *keys = cm_calloc(cx, (size_t)all, sizeof *keys);
    cm_real *counts = cm_calloc(cx, (size_t)all, sizeof *counts);
    bool ok = result && keys && counts;
    if (ok) {
        cm_ids_keys(support, support_segments, keys);
        cm_ids_keys(items, segments, keys + n);
        ok = cm_distinct(cx, keys, all, &first, &places);
    }
    for (int64_t i = 0; ok && i < n; i++)
        counts[places->values[i]] += cm_data(labels)[i] > 0;
    for (int64_t i = 0; ok && i < items->count; i++)
        cm_data(result)[i] = counts[places->values[n + i]];
    cm_ids_release(cx, first);
    cm_ids_release(cx, places);
    cm_free(cx, keys);
    cm_free(cx, counts);
    return ok ? result : NULL;
}
