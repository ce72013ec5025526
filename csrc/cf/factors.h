/* factors.h - tables of vectors, one for each row or column of a sparse matrix. */
#ifndef CM_FACTORS_H
#define CM_FACTORS_H

#include "cf/sparse.h"

/* Random initial vectors [rows, factors], normal with the standard deviation `scale`: zeros where a
 * row has no entry. A vector depends on (seed, side, row) alone. Refused when a table of that size,
 * or a square one of the factors, is too large. */
cm_tensor *cm_factors_new(cm_ctx *cx, const cm_sparse *of, int64_t factors, uint64_t seed,
                          uint32_t side, double scale) CM_MUST_CHECK;

/* Refused unless x is [rows, factors] and y [columns, factors] for the matrix: all its columns
 * name a row of y, the widths are the same, and a square table of them is not too large. */
bool cm_factors_fit(cm_ctx *cx, const cm_sparse *of, const cm_tensor *x, const cm_tensor *y);

#endif
