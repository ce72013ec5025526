/* sequences.c - see sequences.h. */
#include "tasks/sequences.h"
#include "base/rng.h"
#include <math.h>

/* Where a task begins in its sequence, and how many rows it shows and asks for. */
typedef struct cut {
    int64_t first, shown, next;
} cut;

static cut cut_of(const cm_ids *sequences, int32_t user, const cm_cut_options *o)
{
    cut c = {.first = sequences->values[user]};
    int64_t n = sequences->values[user + 1] - c.first;
    if (o->window > 0 && n > o->window) {
        cm_rng rng = cm_rng_keyed(o->seed, o->draw, (uint32_t)user, CM_STREAM_DRAW);
        c.first += cm_rng_below(&rng, (uint32_t)(n - o->window + 1));
        n = o->window;
    }
    c.shown = o->shown > 0 ? CM_MIN(o->shown, n) : CM_MAX(n - o->next, CM_MIN(n, 1));
    c.next = CM_MIN(o->next, n - c.shown);
    return c;
}

static bool make_rows(cm_ctx *cx, const int32_t *lengths, int64_t tasks, bool has_following,
                      cm_cut_rows *out)
{
    out->segments = cm_segments_new(cx, lengths, tasks);
    if (!out->segments)
        return false;
    int64_t count = cm_segments_rows(out->segments);
    cm_shape shape = cm_shape_1d(count);
    out->items = cm_ids_new(cx, count);
    out->following = has_following ? cm_ids_new(cx, count) : NULL;
    out->labels = cm_tensor_full(cx, &shape, 1);
    return out->items && out->labels && (out->following || !has_following);
}

static void forget(cm_ctx *cx, cm_cut_rows *rows)
{
    cm_ids_release(cx, rows->segments);
    cm_ids_release(cx, rows->items);
    cm_ids_release(cx, rows->following);
    *rows = (cm_cut_rows){0};
}

static void fill(const cm_ids *items, const cut *c, cm_cut_rows *support, int64_t s,
                 cm_cut_rows *query, int64_t q)
{
    const int32_t *from = items->values + c->first;
    for (int64_t i = 0; i < c->shown; i++) {
        support->items->values[s + i] = from[i];
        support->following->values[s + i] = i + 1 < c->shown + c->next ? from[i + 1] : -1;
    }
    for (int64_t i = 0; i < c->next; i++)
        query->items->values[q + i] = from[c->shown + i];
}

bool cm_cut_sequences(cm_ctx *cx, const cm_ids *sequences, const cm_ids *items, const cm_ids *users,
                      const cm_cut_options *o, cm_cut_rows *support, cm_cut_rows *query)
{
    if (users->least < 0 || users->limit > cm_segments_groups(sequences))
        return cm_refuse(cx, CM_ERR_INDEX, "users from %d to %d, but there are %lld sequences",
                         users->least + 1, users->limit, (long long)cm_segments_groups(sequences));
    if (o->shown < 0 || o->next < 1 || o->window < 0)
        return cm_refuse(
            cx, CM_ERR_ARGUMENT,
            "shown %lld and window %lld must not be negative, and next %lld at least 1",
            (long long)o->shown, (long long)o->window, (long long)o->next);
    int64_t tasks = users->count;
    cut *cuts = cm_calloc(cx, (size_t)CM_MAX(tasks, 1), sizeof *cuts);
    int32_t *lengths = cm_calloc(cx, 2 * (size_t)CM_MAX(tasks, 1), sizeof *lengths);
    bool ok = cuts && lengths;
    *support = *query = (cm_cut_rows){0};
    for (int64_t t = 0; ok && t < tasks; t++) {
        cuts[t] = cut_of(sequences, users->values[t], o);
        lengths[t] = (int32_t)cuts[t].shown;
        lengths[tasks + t] = (int32_t)cuts[t].next;
    }
    ok = ok && make_rows(cx, lengths, tasks, true, support) &&
         make_rows(cx, lengths + tasks, tasks, false, query);
    for (int64_t t = 0; ok && t < tasks; t++)
        fill(items, &cuts[t], support, support->segments->values[t], query,
             query->segments->values[t]);
    if (ok) {
        cm_ids_seal(support->items);
        cm_ids_seal(support->following);
        cm_ids_seal(query->items);
    } else {
        forget(cx, support);
        forget(cx, query);
    }
    cm_free(cx, cuts);
    cm_free(cx, lengths);
    return ok;
}

/* Calls for each pair of rows of one sequence that has two items, the earlier row first; gives
 * their number. `weights` [steps + 1] by distance, and `out` are NULL where they are only counted.
 */
static int64_t each_pair(const cm_ids *sequences, const cm_ids *items, int64_t steps, int sides,
                         const double *weights, double backward, cm_ids *from, cm_ids *to,
                         cm_real *out)
{
    int64_t count = 0;
    for (int64_t s = 0; s < cm_segments_groups(sequences); s++) {
        int64_t end = sequences->values[s + 1];
        for (int64_t a = sequences->values[s]; a < end; a++)
            for (int64_t b = a + 1; b < end && b - a <= steps; b++) {
                int32_t x = items->values[a], y = items->values[b];
                if (x == y)
                    continue;
                for (int side = 0; out && side < sides; side++) {
                    from->values[count + side] = side ? y : x;
                    to->values[count + side] = side ? x : y;
                    out[count + side] = (cm_real)(weights[b - a] * (side ? backward : 1));
                }
                count += sides;
            }
    }
    return count;
}

bool cm_sequence_pairs(cm_ctx *cx, const cm_ids *sequences, const cm_ids *items,
                       const cm_pair_options *o, cm_ids **from, cm_ids **to, cm_tensor **weights)
{
    if (o->steps < 1 || !(o->power >= 0) || !(o->backward >= 0) || !isfinite(o->backward))
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "steps %lld must be at least 1, power %g and backward %g not negative",
                         (long long)o->steps, o->power, o->backward);
    int64_t steps = CM_MIN(o->steps, CM_MAX(cm_segments_longest(sequences), 1));
    int sides = o->backward > 0 ? 2 : 1;
    cm_shape shape =
        cm_shape_1d(each_pair(sequences, items, steps, sides, NULL, 0, NULL, NULL, NULL));
    double *by_distance = cm_calloc(cx, (size_t)steps + 1, sizeof *by_distance);
    *weights = by_distance ? cm_tensor_new(cx, &shape) : NULL;
    *from = *weights ? cm_ids_new(cx, shape.dims[0]) : NULL;
    *to = *from ? cm_ids_new(cx, shape.dims[0]) : NULL;
    if (*to) {
        for (int64_t d = 1; d <= steps; d++)
            by_distance[d] = pow((double)d, -o->power);
        each_pair(sequences, items, steps, sides, by_distance, o->backward, *from, *to,
                  cm_data(*weights));
        cm_ids_seal(*from);
        cm_ids_seal(*to);
    } else {
        cm_ids_release(cx, *from);
    }
    cm_free(cx, by_distance);
    return *to != NULL;
}
