/* sparse.h - a sparse matrix of weights by rows, such as interactions of users with items. */
#ifndef CM_SPARSE_H
#define CM_SPARSE_H

#include "tensor/ids.h"
#include "tensor/tensor.h"

/* Borrowed pointers: the struct owns nothing. */
typedef struct cm_sparse {
    cm_ids *rows;       /* segments [rows]: the entries of each row */
    cm_ids *columns;    /* [entries], ascending within a row */
    cm_tensor *weights; /* [entries], contiguous, finite and above 0 */
} cm_sparse;

/* The matrix with these entries in any order: entry e is in row rows[e] (below n_rows), column
 * columns[e] (below n_columns) and has the weight weights[e] (NULL: all 1). Weights of the same
 * cell are summed; entries of weight 0 are dropped. Refused: ids that are unknown or too large,
 * weights that are negative or not finite, and sizes far larger than the number of entries. The
 * results in *out are new: ids with one reference for the caller, the tensor of the open scope. */
bool cm_sparse_make(cm_ctx *cx, const cm_ids *rows, const cm_ids *columns, const cm_tensor *weights,
                    int64_t n_rows, int64_t n_columns, cm_sparse *out) CM_MUST_CHECK;

/* Whether a matrix made elsewhere is as cm_sparse describes: every entry is looked at. */
bool cm_sparse_is_valid(const cm_sparse *matrix);

/* Whether its parts go together, so that no entry is outside of them: all that products need, of
 * which order and size of the entries change nothing but the result. */
bool cm_sparse_fits(const cm_sparse *matrix);

#endif
