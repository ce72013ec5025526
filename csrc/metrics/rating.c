/* rating.c - metrics of predicted ratings. */
#include "metrics/family.h"
#include "metrics/finite.h"
#include "metrics/gain.h"
#include <math.h>
#include <stdlib.h>

enum {
    /* Sum over the first k ranks of (2^label - 1) / log2(rank + 1), divided by the same of the best
     * order; NaN where no label is above 0. CMML's and MeLU's NDCG. Negative labels: see
     * cm_gain_exp. */
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

/* From here on errors are squared in other units: see errors_of. */
#define SQUARES_OVERFLOW 1e150

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

/* The errors of a list of n rows; NaN where there are none. */
static void errors_of(const cm_real *score, const cm_real *label, int64_t n, double *mae,
                      double *rmse)
{
    double absolute = 0, squared = 0, largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)score[i] - (double)label[i]));
    /* of errors whose squares overflow, the squares are taken in units of the largest one */
    double unit = largest > SQUARES_OVERFLOW ? largest : 1;
    for (int64_t i = 0; i < n; i++) {
        double error = ((double)score[i] - (double)label[i]) / unit;
        absolute += fabs(error);
        squared += error * error;
    }
    *mae = absolute / (double)n * unit;
    *rmse = sqrt(squared / (double)n) * unit;
}

/* ndcg_exp of a list of n rows at each cutoff, `tasks` apart; `list` is room for them. */
static void set_ndcg(const cm_real *score, const cm_real *label, int64_t n, const int32_t *k,
                     int64_t n_k, entry *list, double *ndcg, int64_t tasks)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, (double)label[i]);
    if (!(largest > 0)) { /* no row has a gain */
        for (int64_t j = 0; j < n_k; j++)
            ndcg[j * tasks] = (double)NAN;
        return;
    }
    for (int64_t i = 0; i < n; i++)
        list[i] = (entry){(double)score[i], cm_gain_exp((double)label[i], largest)};
    qsort(list, (size_t)n, sizeof *list, by_score);
    average_ties(list, n);
    for (int64_t j = 0; j < n_k; j++)
        ndcg[j * tasks] = discounted(list, n, k[j]);
    for (int64_t i = 0; i < n; i++)
        list[i].gain = cm_gain_exp((double)label[i], largest);
    qsort(list, (size_t)n, sizeof *list, by_gain);
    for (int64_t j = 0; j < n_k; j++)
        ndcg[j * tasks] /= discounted(list, n, k[j]);
}

static bool compute(cm_ctx *cx, const cm_real *score, const cm_real *label, const int32_t *offsets,
                    int64_t tasks, const int32_t *k, int64_t n_k, double *at, double *whole)
{
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
        errors_of(score + first, label + first, n, &whole[MAE * tasks + t],
                  &whole[RMSE * tasks + t]);
        set_ndcg(score + first, label + first, n, k, n_k, list, at + NDCG_EXP * n_k * tasks + t,
                 tasks);
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
