/* rating.c - metrics of predicted ratings. */
#include "metrics/family.h"
#include "metrics/finite.h"
#include <math.h>
#include <stdlib.h>

enum {
    /* Sum over the first k ranks of (2^label - 1) / log2(rank + 1), divided by the same of the best
     * order; NaN where that is not above 0. CMML's and MeLU's NDCG. */
    NDCG_EXP,
    N_AT
};
static const cm_metric at_metrics[N_AT] = {[NDCG_EXP] = {.name = "ndcg_exp"}};

/* NaN of an empty list. */
enum {
    MAE,  /* mean |score - label| */
    RMSE, /* sqrt(mean (score - label)^2) */
    N_WHOLE
};
static const cm_metric whole_metrics[N_WHOLE] = {
    [MAE] = {.name = "mae", .lower_is_better = true},
    [RMSE] = {.name = "rmse", .lower_is_better = true},
};

typedef struct entry {
    double score, gain;
} entry;

static int by_gain(const void *a, const void *b)
{
    double x = ((const entry *)a)->gain, y = ((const entry *)b)->gain;
    return (x < y) - (x > y);
}

/* Equal scores are sorted by gain, so that sums over them are bit-identical whatever qsort does. */
static int by_score(const void *a, const void *b)
{
    double x = ((const entry *)a)->score, y = ((const entry *)b)->score;
    return x == y ? by_gain(a, b) : (x < y) - (x > y);
}

/* Every order of equal scores is equally likely: each rank gets the mean gain of the run. */
static void average_ties(entry *list, int64_t n)
{
    for (int64_t first = 0; first < n;) {
        int64_t last = first;
        double sum = 0;
        while (last < n && list[last].score == list[first].score)
            sum += list[last++].gain;
        for (int64_t i = first; i < last; i++)
            list[i].gain = sum / (double)(last - first);
        first = last;
    }
}

static double discounted(const entry *list, int64_t n, int64_t k)
{
    double sum = 0;
    for (int64_t r = 0; r < CM_MIN(n, k); r++)
        sum += list[r].gain / log2((double)r + 2);
    return sum;
}

static bool compute(cm_ctx *cx, const cm_real *score, const cm_real *label, const int32_t *offsets,
                    int64_t tasks, const int32_t *k, int64_t n_k, double *at, double *whole)
{
    double *ndcg_exp = at + NDCG_EXP * n_k * tasks;
    int64_t rows = offsets[tasks], longest = 0;
    if (!cm_need_finite(cx, score, rows, "score") || !cm_need_finite(cx, label, rows, "label"))
        return false;
    for (int64_t t = 0; t < tasks; t++)
        longest = CM_MAX(longest, (int64_t)offsets[t + 1] - offsets[t]);
    entry *list = cm_calloc(cx, (size_t)CM_MAX(longest, 1), sizeof *list);
    if (!list)
        return false;
    for (int64_t t = 0; t < tasks; t++) {
        int64_t first = offsets[t], n = offsets[t + 1] - first;
        double absolute = 0, squared = 0;
        for (int64_t i = 0; i < n; i++) {
            double y = (double)label[first + i], s = (double)score[first + i];
            absolute += fabs(s - y);
            squared += (s - y) * (s - y);
            list[i] = (entry){s, exp2(y) - 1};
        }
        whole[MAE * tasks + t] = absolute / (double)n;
        whole[RMSE * tasks + t] = sqrt(squared / (double)n);
        qsort(list, (size_t)n, sizeof *list, by_score);
        average_ties(list, n);
        for (int64_t j = 0; j < n_k; j++)
            ndcg_exp[j * tasks + t] = discounted(list, n, k[j]);
        for (int64_t i = 0; i < n; i++)
            list[i].gain = exp2((double)label[first + i]) - 1;
        qsort(list, (size_t)n, sizeof *list, by_gain);
        for (int64_t j = 0; j < n_k; j++) {
            double best = discounted(list, n, k[j]);
            double *found = &ndcg_exp[j * tasks + t];
            *found = best > 0 ? *found / best : (double)NAN;
        }
    }
    cm_free(cx, list);
    return true;
}

const cm_metric_family cm_rating_metrics = {.name = "rating",
                                            .n_at = N_AT,
                                            .n_whole = N_WHOLE,
                                            .at = at_metrics,
                                            .whole = whole_metrics,
                                            .compute = compute};
