/* panels.h - a matrix laid out for many products with few rows: BLAS lays out its operands anew in
 * every call, which costs more than such a product itself. */
#ifndef CM_PANELS_H
#define CM_PANELS_H

#include "kernels/blas.h"

/* Columns of a panel: [k, n] lies as ceil(n / CM_PANEL) panels [k, CM_PANEL], the last one filled
 * up with zeros. */
#define CM_PANEL 32

/* Numbers that the panels of a matrix of k rows and n columns take. */
int64_t cm_panels_size(int64_t n, int64_t k);

/* Whether a product [m, k] [k, n] is quicker with the second matrix in panels, laid out for it
 * alone: BLAS lays out the many rows, too, and goes over the result twice. */
bool cm_panels_worthwhile(int64_t m, int64_t n, int64_t k);

/* Lays out b [k, n] as `panels`, which must have room for cm_panels_size(n, k) numbers. */
void cm_panels_fill(int64_t n, int64_t k, cm_matrix b, cm_real *panels);

/* c [m, n] (ldc numbers a row) = a [m, k] (lda numbers a row) times the matrix in `panels`, added
 * to c if so asked. Counts 2 m n k flops. */
void cm_panels_product(cm_ctx *cx, int64_t m, int64_t n, int64_t k, const cm_real *a, int64_t lda,
                       const cm_real *panels, bool add, cm_real *c, int64_t ldc);

#endif
