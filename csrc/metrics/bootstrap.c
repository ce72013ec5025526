/* bootstrap.c - see bootstrap.h. */
#include "metrics/bootstrap.h"
#include "base/rng.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The samples as weighted sums: missing values have weight 0. */
typedef struct sums {
    double *top;           /* [series, seeds, tasks]: weight * value */
    double *bottom;        /* [seeds, tasks]: weight, of every series that has values */
    bool *empty;           /* [series]: it has none */
    double *tasks, *seeds; /* how often each seed and task was drawn */
} sums;

static double dot(const double *a, const double *b, int64_t n)
{
    double part[4] = {0, 0, 0, 0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int lane = 0; lane < 4; lane++)
            part[lane] += a[i + lane] * b[i + lane];
    for (; i < n; i++)
        part[0] += a[i] * b[i];
    return (part[0] + part[1]) + (part[2] + part[3]);
}

/* The mean of a series over the resample. */
static double mean_of(const cm_samples *in, const sums *work, int64_t series)
{
    double top = 0, bottom = 0;
    for (int64_t k = 0; k < in->seeds; k++) {
        int64_t at = (series * in->seeds + k) * in->tasks;
        if (work->seeds[k] > 0) {
            top += work->seeds[k] * dot(work->tasks, work->top + at, in->tasks);
            bottom += work->seeds[k] * dot(work->tasks, work->bottom + k * in->tasks, in->tasks);
        }
    }
    return bottom > 0 && !work->empty[series] ? top / bottom : (double)NAN;
}

static void draw(cm_rng *rng, double *count, int64_t n)
{
    memset(count, 0, (size_t)n * sizeof *count);
    for (int64_t i = 0; i < n; i++)
        count[cm_rng_below(rng, (uint32_t)n)] += 1;
}

static int rising(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double quantile(const double *sorted, int64_t n, double share)
{
    double at = share * (double)(n - 1);
    int64_t below = (int64_t)at;
    int64_t above = CM_MIN(below + 1, n - 1);
    return sorted[below] + (at - (double)below) * (sorted[above] - sorted[below]);
}

/* Bounds from the values[n] that are not NaN, which are sorted. */
static void set_bounds(double *values, int64_t n, double level, cm_interval *interval)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    interval->low = interval->high = (double)NAN;
    if (kept == 0 || isnan(interval->mean))
        return;
    qsort(values, (size_t)kept, sizeof *values, rising);
    interval->low = quantile(values, kept, (1 - level) / 2);
    interval->high = quantile(values, kept, (1 + level) / 2);
}

/* Whether any value of a series is there. */
static bool has_values(const cm_samples *in, int64_t series)
{
    int64_t count = in->seeds * in->tasks;
    for (int64_t i = 0; i < count; i++)
        if (isfinite(in->value[series * count + i]))
            return true;
    return false;
}

/* What is missing in one series is left out of all of them. */
static void set_sums(const cm_samples *in, sums *work)
{
    int64_t count = in->seeds * in->tasks;
    for (int64_t i = 0; i < count; i++)
        work->bottom[i] = in->weight ? in->weight[i % in->tasks] : 1;
    for (int64_t s = 0; s < in->series; s++) {
        work->empty[s] = !has_values(in, s);
        for (int64_t i = 0; i < count && !work->empty[s]; i++)
            if (!isfinite(in->value[s * count + i]))
                work->bottom[i] = 0;
    }
    for (int64_t s = 0; s < in->series; s++)
        for (int64_t i = 0; i < count; i++)
            work->top[s * count + i] = work->bottom[i] > 0 && !work->empty[s]
                                           ? work->bottom[i] * in->value[s * count + i]
                                           : 0;
    for (int64_t t = 0; t < in->tasks; t++)
        work->tasks[t] = 1;
    for (int64_t k = 0; k < in->seeds; k++)
        work->seeds[k] = 1;
}

static void run(const cm_samples *in, sums *work, double *means, int64_t reference,
                int64_t resamples, uint64_t seed, double level, cm_interval *mean,
                cm_interval *difference)
{
    set_sums(in, work);
    for (int64_t s = 0; s < in->series; s++)
        mean[s].mean = mean_of(in, work, s);
    for (int64_t b = 0; b < resamples; b++) {
        cm_rng rng = cm_rng_keyed(seed, (uint32_t)b, 0, CM_STREAM_SAMPLES);
        draw(&rng, work->tasks, in->tasks);
        draw(&rng, work->seeds, in->seeds);
        for (int64_t s = 0; s < in->series; s++)
            means[s * resamples + b] = mean_of(in, work, s);
    }
    double *changes = means + in->series * resamples;
    for (int64_t s = 0; s < in->series; s++) {
        difference[s].mean = mean[s].mean - mean[reference].mean;
        for (int64_t b = 0; b < resamples; b++)
            changes[b] = means[s * resamples + b] - means[reference * resamples + b];
        set_bounds(changes, resamples, level, &difference[s]);
    }
    for (int64_t s = 0; s < in->series; s++)
        set_bounds(means + s * resamples, resamples, level, &mean[s]);
}

bool cm_bootstrap(cm_ctx *cx, const cm_samples *in, int64_t reference, int64_t resamples,
                  uint64_t seed, double level, cm_interval *mean, cm_interval *difference)
{
    size_t series = (size_t)in->series, seeds = (size_t)in->seeds, tasks = (size_t)in->tasks;
    sums work = {.top = cm_calloc(cx, series * seeds * tasks, sizeof *work.top),
                 .bottom = cm_calloc(cx, seeds * tasks, sizeof *work.bottom),
                 .empty = cm_calloc(cx, series, sizeof *work.empty),
                 .tasks = cm_calloc(cx, tasks, sizeof *work.tasks),
                 .seeds = cm_calloc(cx, seeds, sizeof *work.seeds)};
    double *means = cm_calloc(cx, (series + 1) * (size_t)resamples, sizeof *means);
    bool ok = work.top && work.bottom && work.empty && work.tasks && work.seeds && means;
    if (ok)
        run(in, &work, means, reference, resamples, seed, level, mean, difference);
    cm_free(cx, means);
    cm_free(cx, work.seeds);
    cm_free(cx, work.tasks);
    cm_free(cx, work.empty);
    cm_free(cx, work.bottom);
    cm_free(cx, work.top);
    return ok;
}
