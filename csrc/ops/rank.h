/* rank.h - where the largest elements stand: positions, which are ids and not tensors, since a
 * float32 cannot name every element of a large one.
 *
 * Of equals the earlier counts as larger, and not a number as larger than any number, as in the op
 * max; so reading at these positions gives what max gives. */
#ifndef CM_RANK_H
#define CM_RANK_H

#include "tensor/ids.h"
#include "tensor/tensor.h"

/* The position of the largest along dim (0-based; -1: among all elements in row-major order), one
 * for each place of the other dims in row-major order. The caller owns them. Refused where there is
 * nothing to be the largest of. */
cm_ids *cm_arg_max(cm_ctx *cx, cm_tensor *x, int dim) CM_MUST_CHECK;

/* The positions of the k largest along the last dim, largest first: k for each row of x [.., n].
 * The caller owns them. Refused unless 0 <= k <= n. */
cm_ids *cm_top_k(cm_ctx *cx, cm_tensor *x, int64_t k) CM_MUST_CHECK;

#endif
