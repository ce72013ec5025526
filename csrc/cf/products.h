/* products.h - products of sparse matrices. */
#ifndef CM_PRODUCTS_H
#define CM_PRODUCTS_H

#include "cf/sparse.h"

/* matrix [rows, columns] times dense [columns, width], a tensor [rows, width] of the open scope.
 * Sums run over the entries of a row in order. Refused if dense is no contiguous matrix with a row
 * for each column. */
cm_tensor *cm_sparse_product(cm_ctx *cx, const cm_sparse *matrix,
                             const cm_tensor *dense) CM_MUST_CHECK;

/* a [rows, inner] times b [inner, width], both sparse, as a dense tensor [rows, width] of the open
 * scope. Refused if a has columns that are no rows of b, or b has columns from width on. */
cm_tensor *cm_sparse_pair_product(cm_ctx *cx, const cm_sparse *a, const cm_sparse *b,
                                  int64_t width) CM_MUST_CHECK;

/* A sparse matrix by rows and by columns: what products with its transpose need. Borrowed. */
typedef struct cm_sparse_pair {
    const cm_sparse *by_row;    /* [rows, columns] */
    const cm_sparse *by_column; /* [columns, rows], the same entries */
} cm_sparse_pair;

/* Refused unless the second matrix is the first one's transpose, as far as sizes and the number of
 * entries tell. */
bool cm_sparse_pair_check(cm_ctx *cx, const cm_sparse_pair *x) CM_MUST_CHECK;

/* Adds one row of the Gram matrix X'X, up to and with the column `last`, to sums [columns]. Sums
 * run over the rows of X in order. */
void cm_gram_row(const cm_sparse_pair *x, int64_t column, int64_t last, double *sums);

/* X'X of x as a sparse matrix [columns, columns] into *out, as cm_sparse_make gives it; symmetric.
 * The work is the sum over the rows of the square of their entries. Refused when there are more
 * than INT32_MAX entries, or a sum overflows. */
bool cm_sparse_gram(cm_ctx *cx, const cm_sparse_pair *x, cm_sparse *out) CM_MUST_CHECK;

#endif
