/* orthonormal.c - see orthonormal.h. */
#include "cf/orthonormal.h"
#include "kernels/blas.h"
#include <math.h>

/* What is left of the square of a column's length when the columns before it were taken out,
 * relative to it, that may be the rounding of single precision. */
#define NOTHING 1e-12

/* Replaces the lower triangle of gram [width, width] by its Cholesky factor, with zeros in the
 * columns of pivots of which nothing is left. */
static void factorise(double *gram, int64_t width)
{
    for (int64_t j = 0; j < width; j++) {
        double *row = gram + j * width, whole = row[j], left = whole;
        for (int64_t k = 0; k < j; k++)
            left -= row[k] * row[k];
        double pivot = left > NOTHING * whole ? sqrt(left) : 0;
        row[j] = pivot;
        for (int64_t i = j + 1; i < width; i++) {
            double *below = gram + i * width, sum = below[j];
            for (int64_t k = 0; k < j; k++)
                sum -= below[k] * row[k];
            below[j] = pivot > 0 ? sum / pivot : 0;
        }
    }
}

/* q [n, width] becomes q L^-T. */
static void divide(double *q, int64_t n, int64_t width, const double *factor)
{
    for (int64_t i = 0; i < n; i++) {
        double *row = q + i * width;
        for (int64_t j = 0; j < width; j++) {
            const double *by = factor + j * width;
            double sum = row[j];
            for (int64_t k = 0; k < j; k++)
                sum -= by[k] * row[k];
            row[j] = by[j] > 0 ? sum / by[j] : 0;
        }
    }
}

cm_tensor *cm_orthonormal(cm_ctx *cx, const cm_tensor *x)
{
    if (x->shape.ndim != 2 || !cm_is_contiguous(x))
        return cm_fail(cx, CM_ERR_SHAPE, "a contiguous matrix [n, width] was expected");
    int64_t n = x->shape.dims[0], width = x->shape.dims[1], count;
    cm_shape square = cm_shape_2d(width, width);
    for (int64_t i = 0; i < x->count; i++)
        if (!isfinite(cm_data(x)[i]))
            return cm_fail(cx, CM_ERR_NUMBER, "row %lld of the matrix is not finite",
                           (long long)(i / width) + 1);
    if (!cm_shape_count(cx, &square, &count))
        return NULL;
    double *q = cm_calloc(cx, (size_t)x->count, sizeof *q);
    double *gram = cm_calloc(cx, (size_t)count, sizeof *gram);
    cm_tensor *out = cm_tensor_new(cx, &x->shape);
    bool ok = q && gram && out;
    for (int64_t i = 0; ok && i < x->count; i++)
        q[i] = (double)cm_data(x)[i];
    for (int times = 0; ok && times < 2; times++) {
        cm_gemm64(cx, width, width, n, (cm_matrix64){q, 1, width}, (cm_matrix64){q, width, 1}, 0,
                  gram, width);
        factorise(gram, width);
        divide(q, n, width, gram);
    }
    for (int64_t i = 0; ok && i < x->count; i++)
        cm_data(out)[i] = (cm_real)q[i];
    cm_free(cx, q);
    cm_free(cx, gram);
    return ok ? out : NULL;
}
