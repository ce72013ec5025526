/* ranking.h - ranking metrics, for each task. */
#ifndef CM_RANKING_H
#define CM_RANKING_H

#include "tensor/ids.h"

/* Metrics of the first k ranks. A row is relevant (a positive) if its label is above 0; P is the
 * number of positives. */
typedef enum cm_ranking_at {
    CM_RECALL,    /* positives in the first k / P */
    CM_PRECISION, /* the same / k, also where the list is shorter */
    CM_HIT,       /* 1 if a positive is among the first k */
    CM_NDCG,      /* sum of label / log2(rank + 1), divided by that of the ideal order */
    CM_NDCG_EXP,  /* the same with gain 2^label - 1 */
    CM_MRR,       /* 1 / rank of the first positive, 0 if that is beyond k */
    CM_MAP,       /* sum over positives of the precision at their rank, / min(k, P) */
    CM_RANKING_AT
} cm_ranking_at;

/* Metrics of the whole list. */
typedef enum cm_ranking_whole {
    CM_RECIPROCAL_RANK,   /* CM_MRR without limit */
    CM_AVERAGE_PRECISION, /* CM_MAP without limit */
    CM_AUC, /* fraction of the pairs of a positive and a negative that are in the right order, ties
               counted as one half */
    CM_RANKING_WHOLE
} cm_ranking_whole;

/* Metrics of each of `tasks` lists, list t being the rows offsets[t] .. offsets[t + 1] - 1, ranked
 * by score, highest first. The order of equal scores is random, and the expected value is given, so
 * a constant model scores like chance.
 *
 *   at    [CM_RANKING_AT, n_k, tasks] for the cutoffs k
 *   whole [CM_RANKING_WHOLE, tasks]
 *
 * Undefined metrics (all without a positive, the AUC without a negative) are NaN. Refused where a
 * score or label is not finite, or a label is negative. O(n log P) per list. */
bool cm_ranking_metrics(cm_ctx *cx, const cm_real *score, const cm_real *label,
                        const int32_t *offsets, int64_t tasks, const int32_t *k, int64_t n_k,
                        double *at, double *whole) CM_MUST_CHECK;

#endif
