/* cholesky.h - small symmetric systems of equations, in double precision in both cores. */
#ifndef CM_CHOLESKY_H
#define CM_CHOLESKY_H

#include "base/ctx.h"

/* Replaces the upper triangle of a symmetric matrix a [n, n] by that of its Cholesky factor U, with
 * a = U' U; elements below the diagonal are not read, and lost. False unless the matrix is positive
 * definite beyond the rounding error of sums in the core's precision; a holds no factor then. */
bool cm_cholesky(cm_ctx *cx, double *a, int64_t n);

/* The same of sums in double precision: `noise` is the remainder of a diagonal element, relative to
 * the element, that may be rounding error alone. */
bool cm_cholesky_beyond(cm_ctx *cx, double *a, int64_t n, double noise);

/* Replaces b [n] by the solution x of a x = b, where `factor` is what cm_cholesky made of a. */
void cm_cholesky_solve(cm_ctx *cx, const double *factor, int64_t n, double *b);

#endif
