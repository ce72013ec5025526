/* orthonormal.h - an orthonormal basis of what columns span. */
#ifndef CM_ORTHONORMAL_H
#define CM_ORTHONORMAL_H

#include "tensor/tensor.h"

/* The columns of x [n, width] made orthogonal to those before them and of length 1, as a tensor of
 * the same shape of the open scope; zeros for a column that depends on those before it. Cholesky's
 * factor of x'x in double precision, twice ("CholeskyQR2": Fukaya and others, ScalA 2014). Refused
 * unless x is a contiguous matrix of finite numbers. */
cm_tensor *cm_orthonormal(cm_ctx *cx, const cm_tensor *x) CM_MUST_CHECK;

#endif
