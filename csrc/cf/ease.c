/* ease.c - see ease.h. */
#include "cf/ease.h"
#include "kernels/blas.h"
#include "kernels/cholesky.h"
#include <float.h>
#include <math.h>
#include <string.h>

#define BLOCK 96  /* columns that are swept together: a pivot is inverted by plain loops */
#define TILE  512 /* rows that are updated together */

double cm_ease_bytes(int64_t n)
{
    double items = (double)n, wide = sizeof(double), real = sizeof(cm_real);
    return items * items * (wide + real) + items * (2 * BLOCK + 1) * wide;
}

/* The lower triangle of X'X + ridge I. */
static bool fill(cm_ctx *cx, cm_ease *e, const cm_sparse_pair *x, double ridge)
{
    for (int64_t i = 0; i < e->n; i++) {
        double *row = e->matrix + i * e->n;
        cm_gram_row(x, i, i, row);
        row[i] += ridge;
        if (!isfinite(row[i])) /* no other of a row is larger than the largest on the diagonal */
            return cm_refuse(cx, CM_ERR_NUMBER, "the weights of item %lld overflow",
                             (long long)i + 1);
    }
    return true;
}

cm_ease *cm_ease_new(cm_ctx *cx, const cm_sparse_pair *x, double ridge)
{
    if (!cm_sparse_pair_check(cx, x))
        return NULL;
    if (!(ridge > 0 && isfinite(ridge)))
        return cm_fail(cx, CM_ERR_ARGUMENT, "ridge must be above 0 and finite, but is %g", ridge);
    int64_t n = cm_segments_groups(x->by_column->rows), count;
    cm_shape shape = cm_shape_2d(n, n);
    if (!cm_shape_count(cx, &shape, &count))
        return NULL;
    cm_ease *e = cm_calloc(cx, 1, sizeof *e);
    if (!e)
        return NULL;
    e->n = n;
    e->matrix = cm_calloc(cx, (size_t)count, sizeof *e->matrix);
    e->panel = cm_calloc(cx, (size_t)n * BLOCK, sizeof *e->panel);
    e->scaled = cm_calloc(cx, (size_t)n * BLOCK, sizeof *e->scaled);
    e->pivot = cm_calloc(cx, (size_t)BLOCK * BLOCK * 2, sizeof *e->pivot);
    if (e->matrix && e->panel && e->scaled && e->pivot && fill(cx, e, x, ridge))
        return e;
    cm_ease_free(cx, e);
    return NULL;
}

/* Minus the inverse of the block on the diagonal from `first` on, b wide, into `inverse` [b, b]. */
static bool invert(cm_ctx *cx, const cm_ease *e, int64_t first, int64_t b, double *factor,
                   double *inverse)
{
    for (int64_t i = 0; i < b; i++) /* the matrix has its lower triangle, a factor the upper one */
        for (int64_t j = 0; j <= i; j++)
            factor[j * b + i] = e->matrix[(first + i) * e->n + first + j];
    if (!cm_cholesky_beyond(cx, factor, b, 4 * DBL_EPSILON * (double)b))
        return false;
    for (int64_t i = 0; i < b; i++) {
        double *column = inverse + i * b; /* a row: the inverse is symmetric */
        memset(column, 0, (size_t)b * sizeof *column);
        column[i] = -1;
        cm_cholesky_solve(cx, factor, b, column);
    }
    return true;
}

/* The columns from `first` on, b wide, whole; zeros in the rows of the block on the diagonal. */
static void take_panel(const cm_ease *e, int64_t first, int64_t b)
{
    for (int64_t i = 0; i < e->n; i++)
        for (int64_t j = 0; j < b; j++)
            e->panel[i * b + j] = i < first        ? e->matrix[(first + j) * e->n + i]
                                  : i >= first + b ? e->matrix[i * e->n + first + j]
                                                   : 0;
}

/* Writes minus the scaled panel and the pivot back to where the panel came from. */
static void put_panel(cm_ease *e, int64_t first, int64_t b, const double *inverse)
{
    for (int64_t j = 0; j < b; j++) {
        double *row = e->matrix + (first + j) * e->n;
        for (int64_t i = 0; i < first; i++)
            row[i] = -e->scaled[i * b + j];
        memcpy(row + first, inverse + j * b, (size_t)b * sizeof *row);
    }
    for (int64_t i = first + b; i < e->n; i++)
        for (int64_t j = 0; j < b; j++)
            e->matrix[i * e->n + first + j] = -e->scaled[i * b + j];
}

bool cm_ease_step(cm_ctx *cx, cm_ease *e)
{
    int64_t first = e->done, b = CM_MIN(BLOCK, e->n - first), n = e->n;
    double *inverse = e->pivot + BLOCK * BLOCK;
    if (b == 0)
        return true;
    if (!invert(cx, e, first, b, e->pivot, inverse))
        return cm_refuse(cx, CM_ERR_NUMBER,
                         "the equations of items %lld to %lld have no unique solution: raise the "
                         "ridge",
                         (long long)first + 1, (long long)(first + b));
    take_panel(e, first, b);
    cm_gemm64(cx, n, b, b, (cm_matrix64){e->panel, b, 1}, (cm_matrix64){inverse, b, 1}, 0,
              e->scaled, b);
    for (int64_t i = 0; i < n; i += TILE) {
        int64_t end = CM_MIN(i + TILE, n);
        cm_gemm64(cx, end - i, end, b, (cm_matrix64){e->scaled + i * b, b, 1},
                  (cm_matrix64){e->panel, 1, b}, 1, e->matrix + i * n, n);
    }
    put_panel(e, first, b, inverse);
    e->done += b;
    return true;
}

cm_tensor *cm_ease_weights(cm_ctx *cx, const cm_ease *e)
{
    if (e->done < e->n)
        return cm_fail(cx, CM_ERR_ARGUMENT, "only %lld of %lld columns are done",
                       (long long)e->done, (long long)e->n);
    cm_shape shape = cm_shape_2d(e->n, e->n);
    cm_tensor *out = cm_tensor_new(cx, &shape);
    for (int64_t i = 0; out && i < e->n; i++) {
        double own = -e->matrix[i * e->n + i];
        cm_data(out)[i * e->n + i] = 0;
        for (int64_t j = 0; j < i; j++) {
            double inverse = e->matrix[i * e->n + j], other = -e->matrix[j * e->n + j];
            cm_data(out)[i * e->n + j] = (cm_real)(inverse / other);
            cm_data(out)[j * e->n + i] = (cm_real)(inverse / own);
        }
    }
    return out;
}

void cm_ease_free(cm_ctx *cx, cm_ease *e)
{
    if (!e)
        return;
    cm_free(cx, e->matrix);
    cm_free(cx, e->panel);
    cm_free(cx, e->scaled);
    cm_free(cx, e->pivot);
    cm_free(cx, e);
}
