/* rank.h - positions of the largest elements, as ids and not tensors, since a float32 cannot
 * represent every position of a large one.
 *
 * In a tie the first position ranks higher, and NaN ranks above all numbers, as in the op max; so
 * reading at these positions gives the result of max. */
#ifndef CM_RANK_H
#define CM_RANK_H

#include "tensor/ids.h"
#include "tensor/tensor.h"

/* The position of the maximum along dim (0-based; -1: among all elements in row-major order), one
 * for each index of the other dims in row-major order. The caller owns them. Refused if the dim is
 * empty. */
cm_ids *cm_arg_max(cm_ctx *cx, cm_tensor *x, int dim) CM_MUST_CHECK;

/* The positions of the k largest along the last dim, largest first: k for each row of x [.., n].
 * The caller owns them. Refused unless 0 <= k <= n. */
cm_ids *cm_top_k(cm_ctx *cx, cm_tensor *x, int64_t k) CM_MUST_CHECK;

#endif
