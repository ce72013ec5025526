/* largest.h - the largest entries of a dense matrix, as sparse ones. */
#ifndef CM_LARGEST_H
#define CM_LARGEST_H

#include "cf/sparse.h"

/* The least number, 0 or more, that at most `count` entries of x exceed in size, but for rounding:
 * 0 if no more than these are not 0; -1 if a number is not finite. x is contiguous. */
double cm_size_of_largest(const cm_tensor *x, int64_t count);

/* The entries of x [rows, columns], contiguous, that exceed `least`, 0 or more, after they were
 * multiplied by `sign`, 1 or -1: as a sparse matrix of these products into *out, whose results are
 * new: ids with one reference for the caller, the tensor of the open scope. */
bool cm_sparse_above(cm_ctx *cx, const cm_tensor *x, double least, int sign,
                     cm_sparse *out) CM_MUST_CHECK;

#endif
