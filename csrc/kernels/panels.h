/* panels.h - a matrix laid out for many products with few rows: BLAS packs its operands again in
 * every call, which costs more than such a product itself. */
#ifndef CM_PANELS_H
#define CM_PANELS_H

#include "kernels/blas.h"

/* Columns of a panel: [k, n] lies as ceil(n / CM_PANEL) panels [k, CM_PANEL], the last one padded
 * with zeros. */
#define CM_PANEL 32

/* Number of elements in the panels of a matrix of k rows and n columns. */
int64_t cm_panels_size(int64_t n, int64_t k);

/* Whether a single product [m, k] [k, n] is faster with the second matrix in panels, including
 * laying it out: BLAS packs the many rows too and passes over the result twice. */
bool cm_panels_worthwhile(int64_t m, int64_t n, int64_t k);

/* Lays out b [k, n] as `panels`, which must have room for cm_panels_size(n, k) numbers. */
void cm_panels_fill(int64_t n, int64_t k, cm_matrix b, cm_real *panels);

/* c [m, n] (row stride ldc) = a [m, k] (row stride lda) times the matrix in `panels`, added to c if
 * `add`. Counts 2 m n k flops. */
void cm_panels_product(cm_ctx *cx, int64_t m, int64_t n, int64_t k, const cm_real *a, int64_t lda,
                       const cm_real *panels, bool add, cm_real *c, int64_t ldc);

#endif
