/* cholesky.c - see cholesky.h. */
#include "kernels/cholesky.h"
#include "kernels/kernels.h"
#include <float.h>

/* Relative remainder of a diagonal element, per column, that may be rounding error alone. */
#define NOISE (4 * (CM_REAL_IS_DOUBLE ? DBL_EPSILON : (double)FLT_EPSILON))

bool cm_cholesky(cm_ctx *cx, double *a, int64_t n)
{
    return cm_cholesky_beyond(cx, a, n, NOISE * (double)n);
}

bool cm_cholesky_beyond(cm_ctx *cx, double *a, int64_t n, double noise)
{
    return cm_kernels_of(cx)->cholesky(a, n, noise);
}

void cm_cholesky_solve(cm_ctx *cx, const double *factor, int64_t n, double *b)
{
    cm_kernels_of(cx)->cholesky_solve(factor, n, b);
}
