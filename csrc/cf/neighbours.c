/* neighbours.c - see neighbours.h. */
#include "cf/neighbours.h"
#include <math.h>
#include <stdlib.h>

/* Sums over the users who rated both items of a pair. */
typedef struct pair_sums {
    double product, own, other; /* of residuals: x y, x x, y y */
    double users;
} pair_sums;

typedef struct candidate {
    double similarity;
    int32_t item;
} candidate;

static int more_similar(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->similarity != y->similarity)
        return x->similarity < y->similarity ? 1 : -1;
    return (x->item > y->item) - (x->item < y->item);
}

static bool check_residuals(cm_ctx *cx, const cm_residuals *from, int64_t columns, const char *what)
{
    if (from->columns->count != cm_segments_rows(from->segments) ||
        from->values->count != from->columns->count)
        return cm_refuse(cx, CM_ERR_SHAPE, "%s: %lld ids and %lld numbers in segments of %lld rows",
                         what, (long long)from->columns->count, (long long)from->values->count,
                         (long long)cm_segments_rows(from->segments));
    if (from->columns->least < 0 || from->columns->limit > columns)
        return cm_refuse(cx, CM_ERR_INDEX, "%s: ids from %d to %d, but only %lld are known", what,
                         from->columns->least + 1, from->columns->limit, (long long)columns);
    return true;
}

/* Accumulates the pairs of one item with all others in sums [items], and lists the items of the
 * pairs, each once, in met. Returns their number. */
static int64_t add_pairs(const cm_residuals *by_user, const cm_residuals *by_item, int64_t item,
                         pair_sums *sums, int32_t *met)
{
    const cm_real *by_user_values = cm_data(by_user->values);
    const cm_real *by_item_values = cm_data(by_item->values);
    int64_t n = 0;
    for (int32_t r = by_item->segments->values[item]; r < by_item->segments->values[item + 1];
         r++) {
        int32_t user = by_item->columns->values[r];
        double x = (double)by_item_values[r];
        for (int32_t s = by_user->segments->values[user]; s < by_user->segments->values[user + 1];
             s++) {
            int32_t other = by_user->columns->values[s];
            double y = (double)by_user_values[s];
            if (other == item)
                continue;
            if (sums[other].users == 0)
                met[n++] = other;
            sums[other].product += x * y;
            sums[other].own += x * x;
            sums[other].other += y * y;
            sums[other].users += 1;
        }
    }
    return n;
}

/* Computes the positive similarities of the pairs and resets the sums to 0. Returns their number.
 */
static int64_t compare_pairs(pair_sums *sums, const int32_t *met, int64_t n_met, double shrink,
                             candidate *found)
{
    int64_t n = 0;
    for (int64_t i = 0; i < n_met; i++) {
        pair_sums pair = sums[met[i]];
        sums[met[i]] = (pair_sums){0};
        double similarity =
            pair.product / sqrt(pair.own * pair.other) * (pair.users / (pair.users + shrink));
        if (similarity > 0) /* false for 0 / 0 */
            found[n++] = (candidate){similarity, met[i]};
    }
    return n;
}

static void keep_best(candidate *found, int64_t n, int64_t keep, int32_t *items,
                      cm_real *similarities)
{
    qsort(found, (size_t)n, sizeof *found, more_similar);
    for (int64_t j = 0; j < keep; j++) {
        items[j] = j < n ? found[j].item : -1;
        similarities[j] = j < n ? (cm_real)found[j].similarity : 0;
    }
}

bool cm_item_neighbours(cm_ctx *cx, const cm_residuals *by_user, const cm_residuals *by_item,
                        int64_t keep, double shrink, cm_neighbours *out)
{
    int64_t n_items = cm_segments_groups(by_item->segments);
    int64_t n_users = cm_segments_groups(by_user->segments);
    if (!check_residuals(cx, by_user, n_items, "by user") ||
        !check_residuals(cx, by_item, n_users, "by item"))
        return false;
    if (keep < 0 || !(shrink >= 0 && isfinite(shrink)))
        return cm_refuse(cx, CM_ERR_ARGUMENT, "keep %lld and shrink %g must not be negative",
                         (long long)keep, shrink);
    keep = CM_MIN(keep, CM_MAX(n_items - 1, 0));
    cm_shape shape = cm_shape_2d(n_items, keep);
    *out = (cm_neighbours){.similarities = cm_tensor_new(cx, &shape)};
    if (!out->similarities)
        return false;
    pair_sums *sums = cm_calloc(cx, (size_t)n_items, sizeof *sums);
    int32_t *met = cm_calloc(cx, (size_t)n_items, sizeof *met);
    candidate *found = cm_calloc(cx, (size_t)n_items, sizeof *found);
    bool ok = sums && met && found && (out->items = cm_ids_new(cx, n_items * keep));
    for (int64_t i = 0; ok && i < n_items; i++) {
        int64_t n = add_pairs(by_user, by_item, i, sums, met);
        n = compare_pairs(sums, met, n, shrink, found);
        keep_best(found, n, keep, out->items->values + i * keep,
                  cm_data(out->similarities) + i * keep);
    }
    if (ok)
        cm_ids_seal(out->items);
    cm_free(cx, sums);
    cm_free(cx, met);
    cm_free(cx, found);
    return ok;
}

/* The mean for one item; place: the support row of each item, or -1. */
static double mean_of(const cm_neighbours *neighbours, int32_t item, const int32_t *place,
                      const cm_real *residuals, int64_t nearest, double damp)
{
    int64_t keep = neighbours->similarities->shape.dims[1], n = 0;
    const int32_t *items = neighbours->items->values + item * keep;
    const cm_real *similarities = cm_data(neighbours->similarities) + item * keep;
    double weights = damp, sum = 0;
    for (int64_t j = 0; j < keep && n < nearest && items[j] >= 0; j++) {
        int32_t at = place[items[j]];
        if (at < 0)
            continue;
        weights += (double)similarities[j];
        sum += (double)similarities[j] * (double)residuals[at];
        n++;
    }
    return weights > 0 ? sum / weights : 0;
}

static bool check_means(cm_ctx *cx, const cm_neighbours *neighbours, const cm_residuals *support,
                        const cm_ids *query_items, const cm_ids *query_segments)
{
    const cm_shape *shape = &neighbours->similarities->shape;
    if (shape->ndim != 2 || neighbours->similarities->count != neighbours->items->count ||
        neighbours->items->limit > shape->dims[0])
        return cm_refuse(cx, CM_ERR_SHAPE,
                         "similarities must be [items, keep], with one item id for each");
    if (!check_residuals(cx, support, shape->dims[0], "support"))
        return false;
    cm_residuals query = {query_segments, query_items, NULL};
    if (query.columns->count != cm_segments_rows(query.segments) ||
        cm_segments_groups(query.segments) != cm_segments_groups(support->segments))
        return cm_refuse(cx, CM_ERR_SHAPE,
                         "query: %lld items in segments of %lld rows; %lld tasks, "
                         "but the support has %lld",
                         (long long)query.columns->count,
                         (long long)cm_segments_rows(query.segments),
                         (long long)cm_segments_groups(query.segments),
                         (long long)cm_segments_groups(support->segments));
    if (query_items->least < 0 || query_items->limit > shape->dims[0])
        return cm_refuse(cx, CM_ERR_INDEX, "query: items from %d to %d, but only %lld are known",
                         query_items->least + 1, query_items->limit, (long long)shape->dims[0]);
    return true;
}

cm_tensor *cm_neighbour_means(cm_ctx *cx, const cm_neighbours *neighbours,
                              const cm_residuals *support, const cm_ids *query_items,
                              const cm_ids *query_segments, int64_t nearest, double damp)
{
    if (!check_means(cx, neighbours, support, query_items, query_segments))
        return NULL;
    int64_t n_items = neighbours->similarities->shape.dims[0];
    cm_shape shape = cm_shape_1d(query_items->count);
    cm_tensor *out = cm_tensor_new(cx, &shape);
    int32_t *place = cm_calloc(cx, (size_t)n_items, sizeof *place);
    bool ok = out && place;
    for (int64_t i = 0; ok && i < n_items; i++)
        place[i] = -1;
    for (int64_t t = 0; ok && t < cm_segments_groups(support->segments); t++) {
        const int32_t *rows = support->segments->values + t;
        const int32_t *query = query_segments->values + t;
        for (int32_t r = rows[0]; r < rows[1]; r++)
            place[support->columns->values[r]] = r;
        for (int32_t q = query[0]; q < query[1]; q++)
            cm_data(out)[q] = (cm_real)mean_of(neighbours, query_items->values[q], place,
                                               cm_data(support->values), nearest, damp);
        for (int32_t r = rows[0]; r < rows[1]; r++)
            place[support->columns->values[r]] = -1;
    }
    cm_free(cx, place);
    return ok ? out : NULL;
}
