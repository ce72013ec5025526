/* ranking.c - metrics of ranked lists.
 *
 * The metrics depend only on the ranks of the positives, so only those are sorted: equal scores
 * among them form a run, and every other row is counted in its run or between two runs. For few
 * positives among many candidates that costs little more than reading the scores. */
#include "metrics/family.h"
#include "metrics/finite.h"
#include "metrics/gain.h"
#include <math.h>
#include <stdlib.h>

/* A row is relevant (a positive) if its label is above 0; P is the number of positives. */
enum {
    RECALL,            /* positives in the first k / P */
    NORMALIZED_RECALL, /* the same / min(k, P): 1 where the list could not be better */
    PRECISION,         /* the same / k, also where the list is shorter */
    HIT,               /* 1 if a positive is among the first k */
    NDCG,              /* sum of label / log2(rank + 1), divided by that of the ideal order */
    NDCG_EXP,          /* the same with gain 2^label - 1 */
    MRR,               /* 1 / rank of the first positive, 0 if that is beyond k */
    MAP,               /* sum over positives of the precision at their rank, / min(k, P) */
    N_AT
};
static const cm_metric at_metrics[N_AT] = {
    [RECALL] = {.name = "recall"},
    [NORMALIZED_RECALL] = {.name = "normalized_recall"},
    [PRECISION] = {.name = "precision"},
    [HIT] = {.name = "hit"},
    [NDCG] = {.name = "ndcg"},
    [NDCG_EXP] = {.name = "ndcg_exp", .elsewhere = true},
    [MRR] = {.name = "mrr"},
    [MAP] = {.name = "map"},
};

enum {
    RECIPROCAL_RANK,   /* MRR without limit */
    AVERAGE_PRECISION, /* MAP without limit */
    AUC, /* fraction of the pairs of a positive and a negative in the right order, ties one half */
    N_WHOLE
};
static const cm_metric whole_metrics[N_WHOLE] = {
    [RECIPROCAL_RANK] = {.name = "reciprocal_rank"},
    [AVERAGE_PRECISION] = {.name = "average_precision"},
    [AUC] = {.name = "auc"},
};

/* A positive. */
typedef struct hit {
    double score, label;
} hit;

/* All rows with the score of at least one positive. */
typedef struct run {
    double score;
    double gain, gain_exp; /* sums over the run; label / largest label, and see cm_gain_exp */
    int64_t positives;
    int64_t size;  /* rows */
    int64_t first; /* rows ranked before it */
} run;

/* Work space for one list. */
typedef struct ranking {
    hit *hits; /* by score, then label: sums are bit-identical whatever qsort does */
    run *runs;
    double *best; /* labels, largest first */
    int64_t n, n_hits, n_runs;
} ranking;

static int by_score(const void *a, const void *b)
{
    const hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->label < y->label) - (x->label > y->label);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

static void find_runs(ranking *r)
{
    r->n_runs = 0;
    for (int64_t i = 0; i < r->n_hits; i++) {
        const hit *h = &r->hits[i];
        if (i == 0 || h->score != h[-1].score)
            r->runs[r->n_runs++] = (run){.score = h->score};
        run *last = &r->runs[r->n_runs - 1];
        last->gain += h->label / r->best[0];
        last->gain_exp += cm_gain_exp(h->label, r->best[0]);
        last->positives++;
        last->size++;
    }
}

/* The first run whose score is not above `score`; n_runs if there is none. */
static int64_t place(const ranking *r, double score)
{
    int64_t low = 0, high = r->n_runs;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (r->runs[middle].score > score)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void rank(ranking *r, const cm_real *score, const cm_real *label, int64_t n)
{
    r->n = n;
    r->n_hits = 0;
    for (int64_t i = 0; i < n; i++)
        if (label[i] > 0) {
            r->best[r->n_hits] = (double)label[i];
            r->hits[r->n_hits++] = (hit){(double)score[i], (double)label[i]};
        }
    qsort(r->hits, (size_t)r->n_hits, sizeof *r->hits, by_score);
    qsort(r->best, (size_t)r->n_hits, sizeof *r->best, by_size);
    find_runs(r);
    for (int64_t i = 0; i < n; i++) {
        int64_t at = label[i] > 0 ? r->n_runs : place(r, (double)score[i]);
        if (at == r->n_runs)
            continue;
        if (r->runs[at].score == (double)score[i])
            r->runs[at].size++;
        else
            r->runs[at].first++; /* so far only those just before it */
    }
    for (int64_t j = 1; j < r->n_runs; j++)
        r->runs[j].first += r->runs[j - 1].first + r->runs[j - 1].size;
}

/* For a run in random order: the probability that a positive is among the first k ranks, and the
 * expected 1 / rank of the first one, 0 beyond k. */
static void first_positive(const run *g, int64_t k, double *chance, double *reciprocal)
{
    double none = 1; /* the probability of no positive so far */
    *reciprocal = 0;
    for (int64_t i = 0; g->first + i < k && i <= g->size - g->positives; i++) {
        double here = none * (double)g->positives / (double)(g->size - i);
        *reciprocal += here / (double)(g->first + i + 1);
        none *= (double)(g->size - i - g->positives) / (double)(g->size - i);
    }
    *chance = 1 - none;
}

static void metrics_at(const ranking *r, int64_t k, double *at)
{
    double found = 0, dcg = 0, dcg_exp = 0, precisions = 0, ideal = 0, ideal_exp = 0;
    int64_t before = 0; /* positives in earlier runs */
    for (int64_t j = 0; j < r->n_runs && r->runs[j].first < k; j++) {
        const run *g = &r->runs[j];
        double size = (double)g->size, share = (double)g->positives / size;
        /* Given a positive at one rank of the run, the fraction of positives at its other ranks. */
        double others = g->size > 1 ? (double)(g->positives - 1) / (size - 1) : 0, discounts = 0;
        int64_t within = CM_MIN(g->size, k - g->first);
        for (int64_t i = 0; i < within; i++) {
            double position = (double)(g->first + i + 1);
            discounts += 1 / log2(position + 1);
            precisions += share * ((double)before + 1 + (double)i * others) / position;
        }
        found += share * (double)within;
        dcg += g->gain / size * discounts;
        dcg_exp += g->gain_exp / size * discounts;
        before += g->positives;
    }
    for (int64_t i = 0; i < CM_MIN(r->n_hits, k); i++) {
        ideal += r->best[i] / r->best[0] / log2((double)i + 2);
        ideal_exp += cm_gain_exp(r->best[i], r->best[0]) / log2((double)i + 2);
    }
    double positives = (double)r->n_hits;
    at[RECALL] = found / positives;
    at[NORMALIZED_RECALL] = found / CM_MIN(positives, (double)k);
    at[PRECISION] = found / (double)k;
    first_positive(&r->runs[0], k, &at[HIT], &at[MRR]);
    at[NDCG] = dcg / ideal;
    at[NDCG_EXP] = dcg_exp / ideal_exp;
    at[MAP] = precisions / CM_MIN(positives, (double)k);
}

static double auc(const ranking *r)
{
    double right = 0; /* pairs: each run with the negatives after it and half of its own */
    double negatives = (double)(r->n - r->n_hits);
    int64_t before = 0;
    for (int64_t j = 0; j < r->n_runs; j++) {
        const run *g = &r->runs[j];
        double own = (double)(g->size - g->positives), above = (double)(g->first - before);
        right += (double)g->positives * (negatives - above - own / 2);
        before += g->positives;
    }
    return right / ((double)r->n_hits * negatives);
}

static bool make_room(cm_ctx *cx, ranking *r, int64_t longest)
{
    size_t n = (size_t)CM_MAX(longest, 1);
    *r = (ranking){.hits = cm_calloc(cx, n, sizeof *r->hits),
                   .runs = cm_calloc(cx, n, sizeof *r->runs),
                   .best = cm_calloc(cx, n, sizeof *r->best)};
    return r->hits && r->runs && r->best;
}

/* Of the whole list, which has a positive. */
static void metrics_whole(const ranking *r, double *whole)
{
    double at_end[N_AT];
    metrics_at(r, r->n, at_end);
    whole[RECIPROCAL_RANK] = at_end[MRR];
    whole[AVERAGE_PRECISION] = at_end[MAP];
    whole[AUC] = r->n_hits < r->n ? auc(r) : (double)NAN;
}

static void measure(const ranking *r, const int32_t *k, int64_t n_k, double *at, double *whole,
                    int64_t tasks)
{
    double value[N_AT], of_list[N_WHOLE];
    for (int64_t j = 0; j < n_k; j++) {
        if (r->n_hits > 0)
            metrics_at(r, k[j], value);
        for (int m = 0; m < N_AT; m++)
            at[(m * n_k + j) * tasks] = r->n_hits > 0 ? value[m] : (double)NAN;
    }
    if (r->n_hits > 0)
        metrics_whole(r, of_list);
    for (int m = 0; m < N_WHOLE; m++)
        whole[m * tasks] = r->n_hits > 0 ? of_list[m] : (double)NAN;
}

static bool compute(cm_ctx *cx, const cm_real *score, const cm_real *label, const int32_t *offsets,
                    int64_t tasks, const int32_t *k, int64_t n_k, double *at, double *whole)
{
    int64_t rows = offsets[tasks], longest = 0;
    if (!cm_need_finite(cx, score, rows, "score") || !cm_need_finite(cx, label, rows, "label"))
        return false;
    for (int64_t i = 0; i < rows; i++)
        if (label[i] < 0)
            return cm_refuse(cx, CM_ERR_NUMBER, "label %lld is negative: %g", (long long)i + 1,
                             (double)label[i]);
    for (int64_t t = 0; t < tasks; t++)
        longest = CM_MAX(longest, (int64_t)offsets[t + 1] - offsets[t]);
    ranking r;
    bool ok = make_room(cx, &r, longest);
    for (int64_t t = 0; ok && t < tasks; t++) {
        rank(&r, score + offsets[t], label + offsets[t], (int64_t)offsets[t + 1] - offsets[t]);
        measure(&r, k, n_k, at + t, whole + t, tasks);
    }
    cm_free(cx, r.hits);
    cm_free(cx, r.runs);
    cm_free(cx, r.best);
    return ok;
}

const cm_metric_family cm_ranking_metrics = {.name = "ranking",
                                             .relevance = true,
                                             .n_at = N_AT,
                                             .n_whole = N_WHOLE,
                                             .at = at_metrics,
                                             .whole = whole_metrics,
                                             .compute = compute};
