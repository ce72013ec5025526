/* bootstrap.h - intervals of means over tasks and seeds, and of their differences. */
#ifndef CM_BOOTSTRAP_H
#define CM_BOOTSTRAP_H

#include "base/mem.h"

/* What was measured: value[(s * seeds + k) * tasks + t] of series s (a model), run k and task t.
 * Not a number where there is none, which then counts for nothing. */
typedef struct cm_samples {
    const double *value;
    const double *weight; /* [tasks], positive; NULL: all the same */
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
 * of each other: a task that is drawn counts in every seed, and everything is the same for all
 * series, so that differences are paired. Resample b depends on (seed, b) alone. Bounds are
 * quantiles, interpolated between neighbours. Not a number where a series has no values. */
bool cm_bootstrap(cm_ctx *cx, const cm_samples *in, int64_t reference, int64_t resamples,
                  uint64_t seed, double level, cm_interval *mean,
                  cm_interval *difference) CM_MUST_CHECK;

#endif
