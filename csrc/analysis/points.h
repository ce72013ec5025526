/* points.h - the checks of points that all analyses share. */
#ifndef CM_POINTS_H
#define CM_POINTS_H

#include "tensor/tensor.h"

/* Refused unless x is a contiguous matrix [points, width] of finite numbers below
 * 1e100. */
bool cm_need_points(cm_ctx *cx, const cm_tensor *x) CM_MUST_CHECK;

#endif
