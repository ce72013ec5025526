/* pull.h - scores pulled to the ratings that people can give. */
#ifndef CM_PULL_H
#define CM_PULL_H

#include "tensor/tensor.h"

/* The ratings smallest, smallest + step, .. , smallest + steps * step. */
typedef struct cm_rating_scale {
    double smallest, step;
    int64_t steps;
} cm_rating_scale;

/* A piecewise linear function of each score that rises everywhere, so that the order of scores
 * stays: its slope is 1 - pull within a quarter of a step of a rating and 1 + pull between, so that
 * ratings and the middles between them stay where they are; from a quarter of a step before the
 * first and the last rating outwards it is 1 - 2 pull. pull is from 0 and below 0.5, step above 0,
 * steps at least 1; scores are contiguous. A tensor of the same shape of the open scope. */
cm_tensor *cm_pull_scores(cm_ctx *cx, const cm_tensor *scores, const cm_rating_scale *scale,
                          double pull) CM_MUST_CHECK;

#endif
