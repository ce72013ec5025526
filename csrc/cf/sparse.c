/* sparse.c - see sparse.h. */
#include "cf/sparse.h"
#include <math.h>

static bool check_side(cm_ctx *cx, const cm_ids *ids, int64_t n, const char *what)
{
    if (ids->least < 0)
        return cm_refuse(cx, CM_ERR_INDEX, "an entry has an unknown %s (id 0)", what);
    if (n < 0 || n > cm_ids_most(ids->count))
        return cm_refuse(cx, CM_ERR_LIMIT,
                         "%lld %ss for %lld entries: number them from 1 without gaps", (long long)n,
                         what, (long long)ids->count);
    if (ids->limit > n)
        return cm_refuse(cx, CM_ERR_INDEX, "%s %d of only %lld", what, ids->limit, (long long)n);
    return true;
}

static bool check_weights(cm_ctx *cx, const cm_tensor *weights, int64_t entries)
{
    if (!weights)
        return true;
    if (weights->count != entries)
        return cm_refuse(cx, CM_ERR_SHAPE, "%lld weights for %lld entries",
                         (long long)weights->count, (long long)entries);
    for (int64_t e = 0; e < entries; e++) {
        double weight = (double)cm_data(weights)[e];
        if (!(isfinite(weight) && weight >= 0))
            return cm_refuse(cx, CM_ERR_NUMBER,
                             "weight %lld is %g: weights must be finite and not negative",
                             (long long)e + 1, weight);
    }
    return true;
}

/* The entries of `from` (NULL: all, in their order) sorted by key with a stable counting sort;
 * `start` has room for n_keys + 1. */
static void sort_by(const cm_ids *keys, int64_t n_keys, const int32_t *from, int32_t *start,
                    int32_t *to)
{
    for (int64_t k = 0; k <= n_keys; k++)
        start[k] = 0;
    for (int64_t e = 0; e < keys->count; e++)
        start[keys->values[e] + 1]++;
    for (int64_t k = 0; k < n_keys; k++)
        start[k + 1] += start[k];
    for (int64_t i = 0; i < keys->count; i++) {
        int32_t e = from ? from[i] : (int32_t)i;
        to[start[keys->values[e]]++] = e;
    }
}

/* Sums the entries of each cell, in `order`; leaves the first entry of each cell with a weight in
 * `order`, its weight in `sums`, and the number of cells of each row in `lengths`. Returns the
 * number of cells, -1 if a sum is too large. */
static int64_t add_up(cm_ctx *cx, const cm_ids *rows, const cm_ids *columns,
                      const cm_tensor *weights, int32_t *order, cm_real *sums, int32_t *lengths)
{
    int64_t places = 0, i = 0;
    while (i < rows->count) {
        int32_t first = order[i], row = rows->values[first], column = columns->values[first];
        cm_real sum = 0;
        for (; i < rows->count && rows->values[order[i]] == row &&
               columns->values[order[i]] == column;
             i++)
            sum += weights ? cm_data(weights)[order[i]] : 1;
        if (!isfinite(sum)) {
            (void)cm_refuse(cx, CM_ERR_NUMBER,
                            "the sum of the weights in row %d, column %d overflows", row + 1,
                            column + 1);
            return -1;
        }
        if (sum > 0) {
            order[places] = first;
            sums[places++] = sum;
            lengths[row]++;
        }
    }
    return places;
}

static bool fill(cm_ctx *cx, const cm_ids *columns, const int32_t *order, const cm_real *sums,
                 const int32_t *lengths, int64_t n_rows, int64_t places, cm_sparse *out)
{
    cm_shape shape = cm_shape_1d(places);
    out->rows = cm_segments_new(cx, lengths, n_rows);
    out->columns = cm_ids_new(cx, places);
    out->weights = cm_tensor_new(cx, &shape);
    if (!out->rows || !out->columns || !out->weights) {
        cm_ids_release(cx, out->rows);
        cm_ids_release(cx, out->columns);
        *out = (cm_sparse){0};
        return false;
    }
    for (int64_t i = 0; i < places; i++) {
        out->columns->values[i] = columns->values[order[i]];
        cm_data(out->weights)[i] = sums[i];
    }
    cm_ids_seal(out->columns);
    return true;
}

bool cm_sparse_make(cm_ctx *cx, const cm_ids *rows, const cm_ids *columns, const cm_tensor *weights,
                    int64_t n_rows, int64_t n_columns, cm_sparse *out)
{
    if (rows->count != columns->count)
        return cm_refuse(cx, CM_ERR_SHAPE, "%lld rows and %lld columns of entries",
                         (long long)rows->count, (long long)columns->count);
    if (!check_side(cx, rows, n_rows, "row") || !check_side(cx, columns, n_columns, "column") ||
        !check_weights(cx, weights, rows->count))
        return false;
    size_t entries = (size_t)rows->count;
    int32_t *start = cm_calloc(cx, (size_t)CM_MAX(n_rows, n_columns) + 1, sizeof *start);
    int32_t *lengths = cm_calloc(cx, (size_t)n_rows, sizeof *lengths);
    int32_t *by_column = cm_calloc(cx, entries, sizeof *by_column);
    int32_t *order = cm_calloc(cx, entries, sizeof *order);
    cm_real *sums = cm_calloc(cx, entries, sizeof *sums);
    bool ok = start && lengths && by_column && order && sums;
    if (ok) {
        sort_by(columns, n_columns, NULL, start, by_column);
        sort_by(rows, n_rows, by_column, start, order);
        int64_t places = add_up(cx, rows, columns, weights, order, sums, lengths);
        ok = places >= 0 && fill(cx, columns, order, sums, lengths, n_rows, places, out);
    }
    cm_free(cx, start);
    cm_free(cx, lengths);
    cm_free(cx, by_column);
    cm_free(cx, order);
    cm_free(cx, sums);
    return ok;
}

bool cm_sparse_fits(const cm_sparse *m)
{
    return cm_segments_rows(m->rows) == m->columns->count &&
           m->weights->count == m->columns->count && m->columns->least >= 0 &&
           cm_is_contiguous(m->weights);
}

bool cm_sparse_is_valid(const cm_sparse *m)
{
    if (!cm_sparse_fits(m))
        return false;
    const int32_t *column = m->columns->values;
    for (int64_t r = 0; r < cm_segments_groups(m->rows); r++)
        for (int64_t e = (int64_t)m->rows->values[r] + 1; e < m->rows->values[r + 1]; e++)
            if (column[e] <= column[e - 1])
                return false;
    for (int64_t e = 0; e < m->weights->count; e++)
        if (!(isfinite(cm_data(m->weights)[e]) && cm_data(m->weights)[e] > 0))
            return false;
    return true;
}
