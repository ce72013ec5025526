/* als.h - matrix factorisation of implicit feedback by alternating least squares (Hu, Koren and
 * Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008).
 *
 * An entry of weight w makes the preference 1 with the confidence c = 1 + alpha w; every other cell
 * of the matrix has the preference 0 with the confidence 1. The vectors minimise
 *
 *   sum over all cells of c (p - x_r . y_c)^2  +  regularization (sum |x_r|^2 + sum |y_c|^2).
 *
 * With the y held fixed the x of each row solves (Y'Y + sum alpha w y y' + regularization I) x =
 * sum c y over its entries. Conjugate gradients, starting at the current x, need no such matrix and
 * few steps (Takacs, Pilaszy and Tikk, "Applications of the conjugate gradient method for implicit
 * feedback collaborative filtering", RecSys 2011): every step lowers the objective, and a fixed
 * point solves the equations. */
#ifndef CM_ALS_H
#define CM_ALS_H

#include "cf/factors.h"

typedef struct cm_als_options {
    double alpha, regularization; /* neither negative */
    int64_t steps;                /* of conjugate gradients; as many as factors solve exactly */
} cm_als_options;

/* One half of an iteration: better x [rows, factors] for y [columns, factors] held fixed, starting
 * from `start`, shaped like x. Rows without entries get zeros. Refused on overflow. */
cm_tensor *cm_als_sweep(cm_ctx *cx, const cm_sparse *matrix, cm_tensor *y, cm_tensor *start,
                        const cm_als_options *options) CM_MUST_CHECK;

/* The objective above into *loss. */
bool cm_als_loss(cm_ctx *cx, const cm_sparse *matrix, cm_tensor *x, cm_tensor *y,
                 const cm_als_options *options, double *loss) CM_MUST_CHECK;

#endif
