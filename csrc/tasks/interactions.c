/* interactions.c - see interactions.h. */
#include "tasks/interactions.h"
#include "tasks/grouping.h"

void cm_interactions_forget(cm_ctx *cx, cm_interactions *rows)
{
    cm_ids_release(cx, rows->users);
    cm_ids_release(cx, rows->items);
    cm_times_release(cx, rows->times);
    *rows = (cm_interactions){0};
}

bool cm_interactions_make(cm_ctx *cx, const int32_t *lengths, int64_t users, int64_t count,
                          bool has_times, cm_interactions *out)
{
    cm_shape shape = cm_shape_1d(count);
    *out = (cm_interactions){cm_segments_new(cx, lengths, users), cm_ids_new(cx, count),
                             cm_tensor_new(cx, &shape), has_times ? cm_times_new(cx, count) : NULL};
    if (out->users && out->items && out->ratings && (out->times || !has_times))
        return true;
    cm_interactions_forget(cx, out);
    return false;
}

bool cm_interactions_by_item(cm_ctx *cx, const cm_interactions *from, int64_t n_items,
                             cm_interactions *out)
{
    if (from->items->limit > n_items)
        return cm_refuse(cx, CM_ERR_INDEX, "item id %d of only %lld items", from->items->limit,
                         (long long)n_items);
    cm_ids *user_of = cm_ids_new(cx, from->items->count);
    if (!user_of)
        return false;
    for (int64_t u = 0; u < cm_segments_groups(from->users); u++)
        for (int32_t r = from->users->values[u]; r < from->users->values[u + 1]; r++)
            user_of->values[r] = (int32_t)u;
    cm_ids_seal(user_of);
    cm_ids_retain(from->items);
    cm_retain(from->ratings);
    cm_times_retain(from->times);
    cm_rating_rows rows = {from->items, user_of, from->ratings, from->times};
    cm_grouping_options options = {.users = n_items};
    int64_t repeated;
    return cm_interactions_group(cx, &rows, &options, out, &repeated);
}

bool cm_interactions_cap(cm_ctx *cx, const cm_interactions *all, int64_t cap, uint64_t seed,
                         cm_interactions *out)
{
    int64_t n_users = cm_segments_groups(all->users), count = 0;
    int32_t *lengths = cm_calloc(cx, (size_t)n_users, sizeof *lengths);
    int32_t *chosen = cm_calloc(cx, (size_t)cm_segments_longest(all->users), sizeof *chosen);
    bool ok = lengths && chosen;
    if (ok) {
        for (int64_t u = 0; u < n_users; u++) {
            int64_t n = all->users->values[u + 1] - all->users->values[u];
            lengths[u] = (int32_t)CM_MIN(n, cap);
            count += lengths[u];
        }
        ok = cm_interactions_make(cx, lengths, n_users, count, all->times != NULL, out);
    }
    int64_t to = 0;
    for (int64_t u = 0; ok && u < n_users; u++) {
        int32_t first = all->users->values[u], n = all->users->values[u + 1] - first;
        for (int32_t i = 0; i < n; i++)
            chosen[i] = i;
        if (n > lengths[u]) {
            cm_rng rng = cm_rng_keyed(seed, 0, (uint32_t)u, CM_STREAM_CAP);
            cm_rng_choose(&rng, chosen, n, lengths[u]);
        }
        for (int32_t i = 0; i < lengths[u]; i++, to++) {
            out->items->values[to] = all->items->values[first + chosen[i]];
            cm_data(out->ratings)[to] = cm_data(all->ratings)[first + chosen[i]];
            if (all->times)
                out->times->values[to] = all->times->values[first + chosen[i]];
        }
    }
    if (ok)
        cm_ids_seal(out->items);
    cm_free(cx, lengths);
    cm_free(cx, chosen);
    return ok;
}

/* The support and query sizes of a user with n ratings. Whether a support is cut, and to what
 * length, comes from a separate stream, so that nothing else changes. */
static void sizes_of_draw(int64_t n, int32_t user, const cm_draw_options *o, int32_t *support,
                          int32_t *query)
{
    *query = (int32_t)CM_MIN(o->query, (n + 1) / 2);
    int64_t most = n - *query;
    *support = (int32_t)CM_MIN(o->support, most);
    if (o->reserve >= 0)
        *query = (int32_t)(n - CM_MIN(o->reserve, most));
    if (o->short_supports == 0)
        return;
    cm_rng rng = cm_rng_keyed(o->seed, o->draw, (uint32_t)user, CM_STREAM_SHORT);
    if (cm_rng_uniform(&rng) < o->short_supports)
        *support = (int32_t)cm_rng_below(&rng, (uint32_t)*support + 1);
}

static bool make_tasks(cm_ctx *cx, const int32_t *lengths, int64_t tasks, cm_task_rows *out)
{
    out->segments = cm_segments_new(cx, lengths, tasks);
    if (!out->segments)
        return false;
    int64_t count = cm_segments_rows(out->segments);
    cm_shape shape = cm_shape_1d(count);
    out->items = cm_ids_new(cx, count);
    out->labels = cm_tensor_new(cx, &shape);
    return out->items && out->labels;
}

static void forget_tasks(cm_ctx *cx, cm_task_rows *rows)
{
    cm_ids_release(cx, rows->items);
    cm_ids_release(cx, rows->segments);
    *rows = (cm_task_rows){0};
}

static void put_row(const cm_interactions *from, int64_t row, cm_task_rows *to, int64_t at)
{
    to->items->values[at] = from->items->values[row];
    cm_data(to->labels)[at] = cm_data(from->ratings)[row];
}

/* Labels [n] in random order (Fisher-Yates). */
static void shuffle(cm_rng *rng, cm_real *labels, int64_t n)
{
    for (int64_t i = 0; i + 1 < n; i++) {
        int64_t j = i + (int64_t)cm_rng_below(rng, (uint32_t)(n - i));
        cm_real kept = labels[i];
        labels[i] = labels[j];
        labels[j] = kept;
    }
}

static void draw_task(const cm_interactions *from, int32_t user, const cm_draw_options *o,
                      int32_t *scratch, cm_task_rows *support, cm_task_rows *query, int64_t task)
{
    int32_t first = from->users->values[user], n = from->users->values[user + 1] - first;
    int64_t s = support->segments->values[task], q = query->segments->values[task];
    int32_t n_support = support->segments->values[task + 1] - (int32_t)s;
    int32_t n_query = query->segments->values[task + 1] - (int32_t)q;
    cm_rng rng = cm_rng_keyed(o->seed, o->draw, (uint32_t)user, CM_STREAM_DRAW);
    for (int32_t i = 0; i < n; i++)
        scratch[i] = i;
    /* With a reserve the rows behind it are the rest of the query. */
    int32_t n_first = n_query, n_set_apart = n_support;
    if (o->reserve >= 0) {
        n_set_apart = n - n_query;
        n_first = o->in_order ? 0 : (int32_t)CM_MIN(o->query, ((int64_t)n + 1) / 2);
    }
    if (!o->in_order)
        cm_rng_choose(&rng, scratch, n, n_first + n_set_apart);
    for (int32_t i = 0; i < n_query; i++)
        put_row(from, first + scratch[i < n_first ? i : n_set_apart + i], query, q + i);
    for (int32_t i = 0; i < n_support; i++)
        put_row(from, first + scratch[n_first + i], support, s + i);
    if (o->shuffle_labels) {
        cm_rng labels = cm_rng_keyed(o->seed, o->draw, (uint32_t)user, CM_STREAM_LABELS);
        shuffle(&labels, cm_data(support->labels) + s, n_support);
    }
}

bool cm_draw_tasks(cm_ctx *cx, const cm_interactions *from, const cm_ids *users,
                   const cm_draw_options *o, cm_task_rows *support, cm_task_rows *query)
{
    if (users->least < 0 || users->limit > cm_segments_groups(from->users))
        return cm_refuse(cx, CM_ERR_INDEX, "users from %d to %d, but only %lld have ratings here",
                         users->least + 1, users->limit,
                         (long long)cm_segments_groups(from->users));
    if (o->support < 0 || o->query < 0)
        return cm_refuse(cx, CM_ERR_ARGUMENT, "support %lld and query %lld must not be negative",
                         (long long)o->support, (long long)o->query);
    if (o->reserve >= 0 && o->reserve < o->support)
        return cm_refuse(cx, CM_ERR_ARGUMENT, "reserve %lld must be at least the support, %lld",
                         (long long)o->reserve, (long long)o->support);
    if (o->in_order && o->reserve < 0)
        return cm_refuse(cx, CM_ERR_ARGUMENT, "in_order needs a reserve");
    if (!(o->short_supports >= 0 && o->short_supports <= 1))
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "short_supports must be a fraction from 0 to 1, not %g",
                         o->short_supports);
    size_t tasks = (size_t)users->count;
    int32_t *lengths = cm_calloc(cx, 2 * CM_MAX(tasks, 1), sizeof *lengths);
    int32_t *scratch = cm_calloc(cx, (size_t)cm_segments_longest(from->users), sizeof *scratch);
    bool ok = lengths && scratch;
    *support = *query = (cm_task_rows){0};
    for (size_t t = 0; ok && t < tasks; t++) {
        int32_t user = users->values[t];
        sizes_of_draw(from->users->values[user + 1] - from->users->values[user], user, o,
                      &lengths[t], &lengths[tasks + t]);
    }
    ok = ok && make_tasks(cx, lengths, users->count, support) &&
         make_tasks(cx, lengths + tasks, users->count, query);
    for (size_t t = 0; ok && t < tasks; t++)
        draw_task(from, users->values[t], o, scratch, support, query, (int64_t)t);
    if (ok) {
        cm_ids_seal(support->items);
        cm_ids_seal(query->items);
    } else {
        forget_tasks(cx, support);
        forget_tasks(cx, query);
    }
    cm_free(cx, lengths);
    cm_free(cx, scratch);
    return ok;
}
