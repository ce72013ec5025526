/* ease.h - EASE: item-to-item weights in closed form (Steck, "Embarrassingly shallow autoencoders
 * for sparse data", WWW 2019).
 *
 * The weights B [items, items] with a zero diagonal minimise |X - X B|^2 + ridge |B|^2. With
 * P = (X'X + ridge I)^-1 they are B_ij = -P_ij / P_jj.
 *
 * P is computed in double precision and in place, by sweeping one block of columns after another
 * (Gauss and Jordan, which needs no pivots here: the matrix is positive definite). All work is in
 * products of the size of a block, n^3 multiplications for n items; between two blocks the caller
 * may do other things, or give up. */
#ifndef CM_EASE_H
#define CM_EASE_H

#include "cf/products.h"

/* The work in hand. */
typedef struct cm_ease {
    int64_t n;              /* items */
    int64_t done;           /* columns that were swept */
    double *matrix;         /* [n, n] the lower triangle; -P once all are done */
    double *panel, *scaled; /* [n, block] the columns at hand, and times the inverse of the pivot */
    double *pivot;          /* [2, block, block] */
} cm_ease;

/* How many bytes all of it takes for n items, the weights that come out included. */
double cm_ease_bytes(int64_t n);

/* Begins for the interactions x [users, items], with ridge above 0. NULL and nothing left if that
 * is refused. To be freed with cm_ease_free. */
cm_ease *cm_ease_new(cm_ctx *cx, const cm_sparse_pair *x, double ridge) CM_MUST_CHECK;

/* Sweeps the next block of columns, unless all are done. Refused where X'X + ridge I is not
 * positive definite beyond rounding. */
bool cm_ease_step(cm_ctx *cx, cm_ease *ease) CM_MUST_CHECK;

/* B [items, items], a tensor of the open scope: of item i row i. Refused until all columns are
 * done.
 */
cm_tensor *cm_ease_weights(cm_ctx *cx, const cm_ease *ease) CM_MUST_CHECK;

/* Frees it; NULL is fine. */
void cm_ease_free(cm_ctx *cx, cm_ease *ease);

#endif
