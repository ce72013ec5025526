/* grouping.c - see grouping.h. */
#include "tasks/grouping.h"
#include <math.h>

static bool check_rows(cm_ctx *cx, const cm_rating_rows *rows, const cm_grouping_options *o)
{
    const cm_ids *users = rows->users, *items = rows->items;
    if (users->count != items->count || (rows->ratings && users->count != rows->ratings->count))
        return cm_refuse(cx, CM_ERR_SHAPE, "%lld users, %lld items and %lld ratings",
                         (long long)users->count, (long long)items->count,
                         (long long)(rows->ratings ? rows->ratings->count : users->count));
    if (rows->times && rows->times->count != users->count)
        return cm_refuse(cx, CM_ERR_SHAPE, "%lld users and items, but %lld times",
                         (long long)users->count, (long long)rows->times->count);
    if (users->least < 0 || items->least < 0)
        return cm_refuse(cx, CM_ERR_INDEX, "an unknown user or item (id 0) has a rating");
    if (CM_MAX(o->users, items->limit) > cm_ids_most(users->count))
        return cm_refuse(cx, CM_ERR_LIMIT,
                         "users and items up to %lld for %lld ratings: number them from 1 without "
                         "gaps",
                         (long long)CM_MAX(o->users, items->limit), (long long)users->count);
    if (o->first && o->repeats == CM_REPEATS_KEEP)
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "items of which the first rating counts, where all repeats are kept");
    if (users->limit > o->users)
        return cm_refuse(cx, CM_ERR_INDEX, "user id %d of only %lld users", users->limit,
                         (long long)o->users);
    return true;
}

/* Rows sorted by user with a stable counting sort; `start` [users + 1] are the offsets. */
static void sort_rows(const cm_ids *users, int32_t *start, int64_t n_users, int32_t *order)
{
    for (int64_t u = 0; u <= n_users; u++)
        start[u] = 0;
    for (int64_t i = 0; i < users->count; i++)
        start[users->values[i] + 1]++;
    for (int64_t u = 0; u < n_users; u++)
        start[u + 1] += start[u];
    for (int64_t i = 0; i < users->count; i++)
        order[start[users->values[i]]++] = (int32_t)i;
    for (int64_t u = n_users; u > 0; u--)
        start[u] = start[u - 1];
    start[0] = 0;
}

/* What is known of an item while the rows of a user are visited. */
typedef struct seen {
    int32_t user;    /* the last user that had it */
    int32_t at;      /* where in the order its row lies */
    bool first_only; /* see cm_grouping_options.first */
} seen;

static seen *make_seen(cm_ctx *cx, const cm_ids *items, const cm_ids *first)
{
    seen *of = cm_calloc(cx, (size_t)CM_MAX(items->limit, 1), sizeof *of);
    for (int64_t i = 0; of && i < items->limit; i++)
        of[i].user = -1;
    for (int64_t i = 0; of && first && i < first->count; i++)
        if (first->values[i] >= 0 && first->values[i] < items->limit)
            of[first->values[i]].first_only = true;
    return of;
}

/* Turns row r at each place of `order` whose pair another row stands for into ~r, and counts what
 * is left of every user. */
static int64_t mark_repeated(const cm_rating_rows *rows, const int32_t *start, int64_t n_users,
                             int32_t *order, seen *of, int32_t *lengths)
{
    const int64_t *times = rows->times ? rows->times->values : NULL;
    int64_t kept = 0;
    for (int64_t u = 0; u < n_users; u++) {
        lengths[u] = 0;
        for (int32_t at = start[u]; at < start[u + 1]; at++) {
            int32_t row = order[at];
            seen *item = &of[rows->items->values[row]];
            if (item->user != u) {
                *item = (seen){(int32_t)u, at, item->first_only};
                lengths[u]++;
            } else if (item->first_only || (times && times[row] < times[order[item->at]])) {
                order[at] = ~row;
            } else {
                order[item->at] = ~order[item->at];
                item->at = at;
            }
        }
        kept += lengths[u];
    }
    return kept;
}

/* The rows that stand in the output, and how many each user has of them. */
static int64_t choose_rows(const cm_rating_rows *rows, const int32_t *start,
                           const cm_grouping_options *o, int32_t *order, seen *of, int32_t *lengths)
{
    if (o->repeats != CM_REPEATS_KEEP)
        return mark_repeated(rows, start, o->users, order, of, lengths);
    for (int64_t u = 0; u < o->users; u++)
        lengths[u] = start[u + 1] - start[u];
    return rows->items->count;
}

/* The sums of all rows of each pair, at the place of the row that stands for it. */
static bool add_up(cm_ctx *cx, const cm_rating_rows *rows, const int32_t *start, int64_t n_users,
                   const int32_t *order, cm_real *out)
{
    const cm_real *ratings = rows->ratings ? cm_data(rows->ratings) : NULL;
    double *sums = cm_calloc(cx, (size_t)CM_MAX(rows->items->limit, 1), sizeof *sums);
    if (!sums)
        return false;
    bool finite = true;
    for (int64_t u = 0; u < n_users; u++) {
        for (int32_t at = start[u]; at < start[u + 1]; at++) {
            int32_t row = order[at] < 0 ? ~order[at] : order[at];
            sums[rows->items->values[row]] += ratings ? (double)ratings[row] : 1;
        }
        for (int32_t at = start[u]; at < start[u + 1]; at++) {
            if (order[at] < 0)
                continue;
            double *sum = &sums[rows->items->values[order[at]]];
            finite = finite && isfinite((cm_real)*sum);
            *out++ = (cm_real)*sum;
            *sum = 0;
        }
    }
    cm_free(cx, sums);
    return finite || cm_refuse(cx, CM_ERR_NUMBER,
                               "the repeated ratings of a user and an item add up to no number "
                               "that " CM_REAL_NAME " holds");
}

static bool put_ratings(cm_ctx *cx, cm_rating_rows *rows, const int32_t *start,
                        const cm_grouping_options *o, const int32_t *order, cm_interactions *out)
{
    cm_real *to = cm_data(out->ratings);
    if (o->repeats == CM_REPEATS_ADD && out->ratings->count < rows->items->count) {
        if (!add_up(cx, rows, start, o->users, order, to))
            return false;
    } else {
        const cm_real *from = rows->ratings ? cm_data(rows->ratings) : NULL;
        for (int64_t at = 0; at < rows->items->count; at++)
            if (order[at] >= 0)
                *to++ = from ? from[order[at]] : 1;
    }
    cm_release(cx, rows->ratings);
    rows->ratings = NULL;
    return true;
}

static bool put_items(cm_ctx *cx, cm_rating_rows *rows, const int32_t *order, int64_t kept,
                      cm_interactions *out)
{
    out->items = cm_ids_new(cx, kept);
    if (!out->items)
        return false;
    int64_t to = 0;
    for (int64_t at = 0; at < rows->items->count; at++)
        if (order[at] >= 0)
            out->items->values[to++] = rows->items->values[order[at]];
    cm_ids_seal(out->items);
    cm_ids_release(cx, rows->items);
    rows->items = NULL;
    return true;
}

static bool put_times(cm_ctx *cx, cm_rating_rows *rows, const int32_t *order, int64_t kept,
                      cm_interactions *out)
{
    if (!rows->times)
        return true;
    out->times = cm_times_new(cx, kept);
    if (!out->times)
        return false;
    int64_t to = 0;
    for (int64_t at = 0; at < rows->times->count; at++)
        if (order[at] >= 0)
            out->times->values[to++] = rows->times->values[order[at]];
    return true;
}

static void drop_rows(cm_ctx *cx, cm_rating_rows *rows)
{
    cm_ids_release(cx, rows->users);
    cm_ids_release(cx, rows->items);
    cm_release(cx, rows->ratings);
    cm_times_release(cx, rows->times);
    *rows = (cm_rating_rows){0};
}

bool cm_interactions_group(cm_ctx *cx, cm_rating_rows *rows, const cm_grouping_options *o,
                           cm_interactions *out, int64_t *repeated)
{
    *out = (cm_interactions){0};
    if (!check_rows(cx, rows, o)) {
        drop_rows(cx, rows);
        return false;
    }
    int64_t count = rows->users->count, kept = 0;
    size_t n = (size_t)o->users + 1;
    int32_t *order = cm_alloc(cx, (size_t)count * sizeof *order);
    int32_t *start = cm_calloc(cx, n, sizeof *start), *lengths = cm_calloc(cx, n, sizeof *lengths);
    seen *of = make_seen(cx, rows->items, o->first);
    bool ok = order && start && lengths && of;
    if (ok) {
        sort_rows(rows->users, start, o->users, order);
        cm_ids_release(cx, rows->users);
        rows->users = NULL;
        kept = choose_rows(rows, start, o, order, of, lengths);
        *repeated = count - kept;
        cm_shape shape = cm_shape_1d(kept);
        out->users = cm_segments_new(cx, lengths, o->users);
        out->ratings = cm_tensor_new(cx, &shape);
        ok = out->users && out->ratings;
    }
    cm_free(cx, of);
    cm_free(cx, lengths);
    ok = ok && put_ratings(cx, rows, start, o, order, out) &&
         put_items(cx, rows, order, kept, out) && put_times(cx, rows, order, kept, out);
    cm_free(cx, order);
    cm_free(cx, start);
    drop_rows(cx, rows);
    if (!ok)
        cm_interactions_forget(cx, out);
    return ok;
}
