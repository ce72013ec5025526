/* spread.c - see spread.h. */
#include "cf/spread.h"
#include <string.h>

/* A neighbour in the support of an item. */
typedef struct hit {
    int32_t neighbour;
    cm_real similarity, residual;
} hit;

/* What is kept from task to task. */
typedef struct room {
    int64_t n_items, n_hits;
    int32_t *last;  /* [items] the row behind the last one of the support that has it; 0: none */
    int32_t *first; /* [items + 1] the hits of each */
    hit *hits;      /* [n_hits] */
} room;

static bool comes_before(const hit *a, const hit *b)
{
    return a->similarity > b->similarity ||
           (a->similarity == b->similarity && a->neighbour < b->neighbour);
}

/* Sorts hits, the nearest first. */
static void sort(hit *hits, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        hit one = hits[i];
        int64_t k = i;
        for (; k > 0 && comes_before(&one, &hits[k - 1]); k--)
            hits[k] = hits[k - 1];
        hits[k] = one;
    }
}

static double mean_of(hit *hits, int64_t n, int64_t nearest, double damp)
{
    double weights = damp, sum = 0;
    if (n > nearest) {
        sort(hits, n);
        n = nearest;
    }
    for (int64_t i = 0; i < n; i++) {
        weights += (double)hits[i].similarity;
        sum += (double)hits[i].similarity * (double)hits[i].residual;
    }
    return weights > 0 ? sum / weights : 0;
}

/* Counts the hits of each item into first[item + 1]; gives all of them. */
static int64_t count_hits(const cm_sparse *followers, const int32_t *items, const int32_t *rows,
                          room *r)
{
    int64_t all = 0;
    memset(r->first, 0, (size_t)(r->n_items + 1) * sizeof *r->first);
    for (int32_t row = rows[0]; row < rows[1]; row++)
        r->last[items[row]] = row + 1;
    for (int32_t row = rows[0]; row < rows[1]; row++) {
        const int32_t *entries = followers->rows->values + items[row];
        for (int32_t e = entries[0]; r->last[items[row]] == row + 1 && e < entries[1]; e++, all++)
            r->first[followers->columns->values[e] + 1]++;
    }
    return all;
}

/* Puts the hits to their items; first[item] is then behind the last one of each, and in the end, as
 * they were counted, where the next item's begin. */
static void put_hits(const cm_sparse *followers, const cm_residuals *support, const int32_t *rows,
                     room *r)
{
    const int32_t *items = support->columns->values;
    for (int64_t i = 0; i < r->n_items; i++)
        r->first[i + 1] += r->first[i];
    for (int32_t row = rows[0]; row < rows[1]; row++) {
        const int32_t *entries = followers->rows->values + items[row];
        for (int32_t e = entries[0]; r->last[items[row]] == row + 1 && e < entries[1]; e++)
            r->hits[r->first[followers->columns->values[e]]++] =
                (hit){items[row], cm_data(followers->weights)[e], cm_data(support->values)[row]};
    }
}

/* The means of one task. */
static bool spread(cm_ctx *cx, const cm_sparse *followers, const cm_residuals *support,
                   const int32_t *rows, int64_t nearest, double damp, room *r, cm_real *out)
{
    int64_t all = count_hits(followers, support->columns->values, rows, r);
    if (all > r->n_hits) {
        cm_free(cx, r->hits);
        r->hits = cm_alloc(cx, (size_t)all * sizeof *r->hits);
        r->n_hits = r->hits ? all : 0;
        if (!r->hits)
            return false;
    }
    put_hits(followers, support, rows, r);
    for (int64_t i = 0, first = 0; i < r->n_items; first = r->first[i++])
        out[i] = (cm_real)mean_of(r->hits + first, r->first[i] - first, nearest, damp);
    for (int32_t row = rows[0]; row < rows[1]; row++)
        r->last[support->columns->values[row]] = 0;
    return true;
}

cm_tensor *cm_spread_means(cm_ctx *cx, const cm_sparse *followers, const cm_residuals *support,
                           int64_t nearest, double damp)
{
    int64_t n_items = cm_segments_groups(followers->rows);
    if (!cm_residuals_check(cx, support, n_items, "support"))
        return NULL;
    if (!cm_sparse_fits(followers) || followers->columns->limit > n_items) {
        cm_refuse(cx, CM_ERR_SHAPE, "followers must be a matrix of as many columns as rows");
        return NULL;
    }
    int64_t tasks = cm_segments_groups(support->segments);
    cm_shape shape = cm_shape_2d(tasks, n_items);
    cm_tensor *out = cm_tensor_new(cx, &shape);
    room r = {n_items, 0, cm_calloc(cx, (size_t)n_items, sizeof *r.last),
              cm_alloc(cx, (size_t)(n_items + 1) * sizeof *r.first), NULL};
    bool ok = out && r.last && r.first;
    for (int64_t t = 0; ok && t < tasks; t++)
        ok = spread(cx, followers, support, support->segments->values + t, nearest, damp, &r,
                    cm_data(out) + t * n_items);
    cm_free(cx, r.last);
    cm_free(cx, r.first);
    cm_free(cx, r.hits);
    return ok ? out : NULL;
}
