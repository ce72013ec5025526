/* bootstrap.h - bootstrap confidence intervals of means over tasks and seeds, and of their
 * differences. */
#ifndef CM_BOOTSTRAP_H
#define CM_BOOTSTRAP_H

#include "base/mem.h"

/* The samples: value[(s * seeds + k) * tasks + t] of series s (a model), run k and task t. What is
 * not finite is missing: that task of that run is left out of every series, so that all means are
 * of the same tasks. A series without any value is none that the others are compared by: it has no
 * mean, and nothing is left out for its sake. */
typedef struct cm_samples {
    const double *value;
    const double *weight; /* [tasks], positive; NULL: equal weights */
    int64_t series, seeds, tasks;
} cm_samples;

/* A mean with the bounds of its interval. */
typedef struct cm_interval {
    double mean, low, high;
} cm_interval;

/* The weighted mean of every series over all its seeds and tasks, and of its difference to series
 * `reference`, each with the bounds between which `level` (0.95) of its bootstrap distribution
 * lies.
 *
 * A resample draws as many tasks and as many seeds as there are, with replacement and independently
 * of each other: a drawn task is used in every seed, and the resamples are the same for all series,
 * so that differences are paired. Resample b depends on (seed, b) alone. Bounds are quantiles,
 * interpolated between neighbours. NaN where a series has no values. */
bool cm_bootstrap(cm_ctx *cx, const cm_samples *in, int64_t reference, int64_t resamples,
                  uint64_t seed, double level, cm_interval *mean,
                  cm_interval *difference) CM_MUST_CHECK;

#endif
