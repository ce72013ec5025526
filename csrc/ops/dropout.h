/* dropout.h - masks of dropout, for the ops that have it. */
#ifndef CM_DROPOUT_H
#define CM_DROPOUT_H

#include "ops/op.h"

/* A rate, and the key of the stream that masks are made of. */
typedef struct cm_dropout {
    double rate;
    int64_t seed, epoch, task;
} cm_dropout;

/* Refused unless the rate is from 0 to below 1 and the key is one. */
bool cm_dropout_fits(cm_ctx *cx, const cm_dropout *d);

/* mask [n] = for the numbers from `first` on of the stream: 0 with probability rate, else 1 / (1 -
 * rate). */
void cm_dropout_mask(cm_ctx *cx, const cm_dropout *d, int64_t first, int64_t n, cm_real *mask);

#endif
