/* ridge.h - ridge regression of ragged groups in closed form: the step of alternating least squares
 * for each user and item, and how a new user is folded in. */
#ifndef CM_RIDGE_H
#define CM_RIDGE_H

#include "tensor/ids.h"
#include "tensor/tensor.h"

/* For each group the weights w [width] that minimise
 *
 *    sum over its rows r of (targets[r] - w . features[rows[r]])^2 + sum_j ridge[j] w[j]^2
 *
 * as a tensor [groups, width] of the open scope. features [n, width], targets [rows] and ridge
 * [width] are contiguous; an unknown row (-1) has zero features, and a group without rows zero
 * weights. The normal equations are summed in the core's precision and solved in double. Refused
 * where a [width, width] table is too large, and where there is no unique solution; any ridge above
 * 0 ensures one, unless it is lost in rounding. */
cm_tensor *cm_segment_ridge(cm_ctx *cx, const cm_tensor *features, const cm_ids *rows,
                            const cm_tensor *targets, const cm_ids *segments,
                            const cm_tensor *ridge) CM_MUST_CHECK;

#endif
