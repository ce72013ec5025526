/* rating.h - rating prediction metrics, for each task. */
#ifndef CM_RATING_H
#define CM_RATING_H

#include "tensor/ids.h"

/* Metrics of each of `tasks` lists, list t being the rows offsets[t] .. offsets[t + 1] - 1:
 *
 *   mae [tasks]          mean |score - label|
 *   rmse [tasks]         sqrt(mean (score - label)^2)
 *   ndcg_exp [tasks, n_k] sum over the first k ranks of (2^label - 1) / log2(rank + 1), ranked by
 *                        score, divided by the same of the best order. Among equal scores the order
 *                        is random, and the expected value is given. (CMML's and MeLU's NDCG.)
 *
 * Predictions are neither clipped nor rounded. Undefined metrics (an empty list, no positive gain)
 * are NaN. Refused where a score or label is not finite. */
bool cm_rating_metrics(cm_ctx *cx, const cm_real *score, const cm_real *label,
                       const int32_t *offsets, int64_t tasks, const int32_t *k, int64_t n_k,
                       double *mae, double *rmse, double *ndcg_exp) CM_MUST_CHECK;

#endif
