/* bpr.h - matrix factorisation by Bayesian personalised ranking (Rendle, Freudenthaler, Gantner and
 * Schmidt-Thieme, "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009).
 *
 * A step takes an entry (r, i) and a column j that row r has no entry in, and ascends
 *
 *   ln sigmoid(x_r . y_i - x_r . y_j)  -  regularization / 2 (|x_r|^2 + |y_i|^2 + |y_j|^2).
 *
 * Entries are drawn uniformly, whatever their weights, and j uniformly among the columns that have
 * an entry anywhere: a column without entries keeps its zero vector. */
#ifndef CM_BPR_H
#define CM_BPR_H

#include "cf/factors.h"

typedef struct cm_bpr_options {
    double rate, regularization;
    uint64_t seed;
    uint32_t epoch; /* of the draws: the same (seed, epoch) draws the same pairs */
} cm_bpr_options;

/* As many steps as there are entries, on x [rows, factors] and y [columns, factors], which are
 * contiguous and changed in place. *right: the fraction of pairs that were ranked correctly when
 * they were drawn, NaN if none was drawn. Refused on overflow. */
bool cm_bpr_epoch(cm_ctx *cx, const cm_sparse *matrix, cm_tensor *x, cm_tensor *y,
                  const cm_bpr_options *options, double *right) CM_MUST_CHECK;

#endif
