/* sparse.h - a matrix of weights of which few are not zero, by rows: who took what, how much. */
#ifndef CM_SPARSE_H
#define CM_SPARSE_H

#include "tensor/ids.h"
#include "tensor/tensor.h"

/* Borrowed pointers: the struct owns nothing. */
typedef struct cm_sparse {
    cm_ids *rows;       /* segments [rows]: the entries of each row */
    cm_ids *columns;    /* [entries], rising within a row */
    cm_tensor *weights; /* [entries], contiguous, finite and above 0 */
} cm_sparse;

/* The matrix with these entries in any order: entry e stands in row rows[e] (below n_rows), column
 * columns[e] (below n_columns) and weighs weights[e] (NULL: each 1). Weights of the same place are
 * added up; entries of weight 0 are left out. Refused: ids that are unknown or too large, weights
 * that are negative or not finite, and sizes out of all proportion to the entries. The results in
 * *out are new: ids with one reference for the caller, the tensor of the open scope. */
bool cm_sparse_make(cm_ctx *cx, const cm_ids *rows, const cm_ids *columns, const cm_tensor *weights,
                    int64_t n_rows, int64_t n_columns, cm_sparse *out) CM_MUST_CHECK;

/* Whether a matrix is as cm_sparse describes: for one whose parts came from elsewhere. */
bool cm_sparse_is_valid(const cm_sparse *matrix);

#endif
