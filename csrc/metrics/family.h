/* family.h - metrics that are computed together, for each task. */
#ifndef CM_FAMILY_H
#define CM_FAMILY_H

#include "tensor/ids.h"

typedef struct cm_metric {
    const char *name;
    bool lower_is_better;
    bool elsewhere; /* who asks for the name means that of another family, which has it too */
} cm_metric;

/* A family. Adding a metric to one is a change of its file alone: all else goes by the names here.
 * No two families have a metric of the same name that is not `elsewhere`. A family of one's own is
 * one more file, with a line in families.c. */
typedef struct cm_metric_family {
    const char *name;
    bool relevance;         /* rows are relevant (label above 0) or not; no label is negative */
    int n_at, n_whole;      /* how many there are */
    const cm_metric *at;    /* metrics of the first k ranks */
    const cm_metric *whole; /* metrics of the whole list */

    /* The metrics of each of `tasks` lists, list t being the rows offsets[t] .. offsets[t + 1] - 1,
     * ranked by score, highest first. The order of equal scores is random, and the expected value
     * is given, so a constant model scores like chance.
     *
     *   at    [n_at, n_k, tasks] for the cutoffs k
     *   whole [n_whole, tasks]
     *
     * A metric that does not exist of a list is NaN. Refused where a score or label is not finite.
     */
    bool (*compute)(cm_ctx *cx, const cm_real *score, const cm_real *label, const int32_t *offsets,
                    int64_t tasks, const int32_t *k, int64_t n_k, double *at, double *whole);
} cm_metric_family;

/* Of predicted ratings. Predictions are neither clipped nor rounded. */
extern const cm_metric_family cm_rating_metrics;

/* Of ranked lists; NaN without a positive. O(n log P) per list of n rows, P of them positive. */
extern const cm_metric_family cm_ranking_metrics;

/* All families, behind the last NULL. */
extern const cm_metric_family *const cm_metric_families[];

#endif
