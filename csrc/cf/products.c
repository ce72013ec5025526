/* products.c - see products.h. */
#include "cf/products.h"
#include "kernels/kernels.h"
#include <math.h>
#include <string.h>

cm_tensor *cm_sparse_product(cm_ctx *cx, const cm_sparse *m, const cm_tensor *dense)
{
    if (dense->shape.ndim != 2 || m->columns->limit > dense->shape.dims[0])
        return cm_fail(cx, CM_ERR_SHAPE,
                       "the second factor must be a matrix with a row for each of %d columns",
                       m->columns->limit);
    int64_t rows = cm_segments_groups(m->rows), width = dense->shape.dims[1];
    cm_shape shape = cm_shape_2d(rows, width);
    cm_tensor *out = cm_tensor_new(cx, &shape);
    for (int64_t r = 0; out && r < rows; r++) {
        int32_t first = m->rows->values[r];
        cm_real *sums = cm_data(out) + r * width;
        memset(sums, 0, (size_t)width * sizeof *sums);
        cm_kernels_of(cx)->weighted_rows(cm_segment_length(m->rows, r), width, sums, cm_data(dense),
                                         m->columns->values + first, cm_data(m->weights) + first);
    }
    return out;
}

cm_tensor *cm_sparse_pair_product(cm_ctx *cx, const cm_sparse *a, const cm_sparse *b, int64_t width)
{
    if (a->columns->limit > cm_segments_groups(b->rows))
        return cm_fail(cx, CM_ERR_SHAPE, "column %d, but the second factor has %lld rows only",
                       a->columns->limit, (long long)cm_segments_groups(b->rows));
    if (b->columns->limit > width)
        return cm_fail(cx, CM_ERR_SHAPE, "the second factor has a column %d of only %lld",
                       b->columns->limit, (long long)width);
    int64_t rows = cm_segments_groups(a->rows);
    cm_shape shape = cm_shape_2d(rows, width);
    cm_tensor *out = cm_tensor_full(cx, &shape, 0);
    for (int64_t r = 0; out && r < rows; r++) {
        cm_real *sums = cm_data(out) + r * width;
        for (int32_t e = a->rows->values[r]; e < a->rows->values[r + 1]; e++) {
            int32_t inner = a->columns->values[e];
            cm_real weight = cm_data(a->weights)[e];
            for (int32_t i = b->rows->values[inner]; i < b->rows->values[inner + 1]; i++)
                sums[b->columns->values[i]] += weight * cm_data(b->weights)[i];
        }
    }
    return out;
}

bool cm_sparse_pair_check(cm_ctx *cx, const cm_sparse_pair *x)
{
    const cm_sparse *a = x->by_row, *b = x->by_column;
    if (a->columns->count != b->columns->count || a->columns->limit > cm_segments_groups(b->rows) ||
        b->columns->limit > cm_segments_groups(a->rows))
        return cm_refuse(
            cx, CM_ERR_SHAPE,
            "a matrix of %lld rows with %lld entries and one of %lld with %lld are not "
            "the same by rows and by columns",
            (long long)cm_segments_groups(a->rows), (long long)a->columns->count,
            (long long)cm_segments_groups(b->rows), (long long)b->columns->count);
    return true;
}

void cm_gram_row(const cm_sparse_pair *x, int64_t column, int64_t last, double *sums)
{
    const cm_sparse *rows = x->by_row, *columns = x->by_column;
    const cm_real *weights = cm_data(rows->weights);
    for (int32_t c = columns->rows->values[column]; c < columns->rows->values[column + 1]; c++) {
        int32_t row = columns->columns->values[c];
        double weight = (double)cm_data(columns->weights)[c];
        int32_t end = rows->rows->values[row + 1];
        for (int32_t e = rows->rows->values[row]; e < end && rows->columns->values[e] <= last; e++)
            sums[rows->columns->values[e]] += weight * (double)weights[e];
    }
}

/* What a pass over the Gram matrix works on: its rows are summed twice, first to be counted. */
typedef struct gram {
    const cm_sparse_pair *x;
    int64_t n;
    double *sums;     /* [columns] of one row, 0 where there is none */
    int32_t *lengths; /* [columns] */
} gram;

/* Sums a row, and writes it to columns and weights, unless they are NULL. Returns its length, -1 if
 * a number is too large. */
static int64_t take_row(const gram *g, int64_t row, int32_t *columns, cm_real *weights)
{
    int64_t n = 0;
    cm_gram_row(g->x, row, g->n - 1, g->sums);
    for (int64_t j = 0; j < g->n; j++) {
        cm_real sum = (cm_real)g->sums[j];
        g->sums[j] = 0;
        if (!(sum > 0)) /* a product of tiny weights may vanish */
            continue;
        if (!isfinite(sum))
            return -1;
        if (columns) {
            columns[n] = (int32_t)j;
            weights[n] = sum;
        }
        n++;
    }
    return n;
}

static bool fill(cm_ctx *cx, const gram *g, cm_sparse *out)
{
    out->rows = cm_segments_new(cx, g->lengths, g->n);
    int64_t entries = out->rows ? cm_segments_rows(out->rows) : 0;
    cm_shape shape = cm_shape_1d(entries);
    out->columns = out->rows ? cm_ids_new(cx, entries) : NULL;
    out->weights = out->columns ? cm_tensor_new(cx, &shape) : NULL;
    if (!out->weights) {
        cm_ids_release(cx, out->rows);
        cm_ids_release(cx, out->columns);
        *out = (cm_sparse){0};
        return false;
    }
    for (int64_t i = 0; i < g->n; i++)
        (void)take_row(g, i, out->columns->values + out->rows->values[i],
                       cm_data(out->weights) + out->rows->values[i]);
    cm_ids_seal(out->columns);
    return true;
}

bool cm_sparse_gram(cm_ctx *cx, const cm_sparse_pair *x, cm_sparse *out)
{
    if (!cm_sparse_pair_check(cx, x))
        return false;
    gram g = {.x = x, .n = cm_segments_groups(x->by_column->rows)};
    g.sums = cm_calloc(cx, (size_t)g.n, sizeof *g.sums);
    g.lengths = cm_calloc(cx, (size_t)g.n, sizeof *g.lengths);
    bool ok = g.sums && g.lengths;
    for (int64_t i = 0; ok && i < g.n; i++) {
        int64_t length = take_row(&g, i, NULL, NULL);
        g.lengths[i] = (int32_t)length;
        if (length < 0)
            ok = cm_refuse(cx, CM_ERR_NUMBER, "the products of column %lld overflow",
                           (long long)i + 1);
    }
    ok = ok && fill(cx, &g, out);
    cm_free(cx, g.sums);
    cm_free(cx, g.lengths);
    return ok;
}
