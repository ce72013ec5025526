/* eigen.h - eigenvectors of symmetric matrices, and the principal components of points. */
#ifndef CM_EIGEN_H
#define CM_EIGEN_H

#include "tensor/tensor.h"

#define CM_EIGEN_LIMIT 4096 /* rows of a matrix: the work is cubic, a minute there */

/* All eigenvalues of the symmetric a [n, n] into values [n], in descending order, and the unit
 * eigenvectors into the rows of vectors [n, n], each with its entry of largest magnitude positive.
 * a is overwritten. Householder's reduction and the QL algorithm with implicit shifts (Golub and
 * Van Loan, "Matrix computations", 8.3). Refused when memory runs out or an element is not finite.
 */
bool cm_eigen_symmetric(cm_ctx *cx, double *a, int64_t n, double *values,
                        double *vectors) CM_MUST_CHECK;

/* The unit eigenvectors of the symmetric x [n, n], signs as above, as the rows of a tensor of the
 * same shape of the open scope; *values becomes the eigenvalues [n], in descending order. Computed
 * in double precision; what lies above the diagonal is not read. Refused unless x is a contiguous
 * square matrix of finite numbers with at most CM_EIGEN_LIMIT rows. */
cm_tensor *cm_eigenvectors(cm_ctx *cx, const cm_tensor *x, cm_tensor **values) CM_MUST_CHECK;

/* The first `count` principal axes of the rows of x [n, width] into the rows of a tensor [count,
 * width] of the open scope, signs as above; the means of the columns into mean [width], the
 * variances along all min(n, width) axes, in descending order, into variances. Sums are taken in
 * double precision. An axis without variance is zero. Refused unless x is a contiguous matrix of
 * finite numbers, n >= 2 and 1 <= count <= min(n, width) <= CM_EIGEN_LIMIT. */
cm_tensor *cm_principal_axes(cm_ctx *cx, const cm_tensor *x, int64_t count, double *mean,
                             double *variances) CM_MUST_CHECK;

#endif
