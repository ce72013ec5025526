/* kmeans.c - see kmeans.h. */
#include "analysis/kmeans.h"
#include "analysis/points.h"
#include <math.h>
#include <string.h>

typedef struct state {
    const cm_real *x;
    int64_t n, width, k;
    double *centres;   /* [k, width] */
    double *distances; /* [n], squared, to the nearest centre */
    int64_t *sizes;    /* [k] */
    int32_t *cluster;  /* [n] */
} state;

static double squared_distance(const cm_real *x, const double *centre, int64_t width)
{
    double sum = 0;
    for (int64_t j = 0; j < width; j++) {
        double d = (double)x[j] - centre[j];
        sum += d * d;
    }
    return sum;
}

static void place_centre(state *s, int64_t c, int64_t point)
{
    for (int64_t j = 0; j < s->width; j++)
        s->centres[c * s->width + j] = (double)s->x[point * s->width + j];
}

/* k-means++: the next centre is a point drawn with probability proportional to its squared distance
 * to the nearest centre. */
static bool begin(cm_ctx *cx, state *s, cm_rng *rng)
{
    place_centre(s, 0, cm_rng_below(rng, (uint32_t)s->n));
    for (int64_t i = 0; i < s->n; i++)
        s->distances[i] = squared_distance(s->x + i * s->width, s->centres, s->width);
    for (int64_t c = 1; c < s->k; c++) {
        double sum = 0;
        int64_t chosen = -1;
        for (int64_t i = 0; i < s->n; i++)
            sum += s->distances[i];
        double left = cm_rng_uniform(rng) * sum;
        for (int64_t i = 0; i < s->n && (chosen < 0 || left >= 0); i++)
            if (s->distances[i] > 0) {
                chosen = i;
                left -= s->distances[i];
            }
        if (chosen < 0)
            return cm_refuse(cx, CM_ERR_ARGUMENT,
                             "%lld clusters of points of which only %lld are distinct",
                             (long long)s->k, (long long)c);
        place_centre(s, c, chosen);
        for (int64_t i = 0; i < s->n; i++)
            s->distances[i] =
                CM_MIN(s->distances[i],
                       squared_distance(s->x + i * s->width, s->centres + c * s->width, s->width));
    }
    return true;
}

/* Assigns every point to its nearest centre, in a tie to the first; returns whether any changed. */
static bool assign(state *s)
{
    bool changed = false;
    memset(s->sizes, 0, (size_t)s->k * sizeof *s->sizes);
    for (int64_t i = 0; i < s->n; i++) {
        int32_t best = 0;
        double least = HUGE_VAL;
        for (int64_t c = 0; c < s->k; c++) {
            double d = squared_distance(s->x + i * s->width, s->centres + c * s->width, s->width);
            if (d < least) {
                least = d;
                best = (int32_t)c;
            }
        }
        changed |= s->cluster[i] != best;
        s->cluster[i] = best;
        s->distances[i] = least;
        s->sizes[best]++;
    }
    return changed;
}

/* An empty cluster takes the farthest point of a cluster with several points. */
static void fill_empty(state *s)
{
    for (int64_t c = 0; c < s->k; c++) {
        int64_t farthest = -1;
        for (int64_t i = 0; i < s->n && s->sizes[c] == 0; i++)
            if (s->sizes[s->cluster[i]] > 1 &&
                (farthest < 0 || s->distances[i] > s->distances[farthest]))
                farthest = i;
        if (farthest >= 0) {
            s->sizes[s->cluster[farthest]]--;
            s->cluster[farthest] = (int32_t)c;
            s->distances[farthest] = 0;
            s->sizes[c] = 1;
        }
    }
}

static void average(state *s)
{
    memset(s->centres, 0, (size_t)(s->k * s->width) * sizeof *s->centres);
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t j = 0; j < s->width; j++)
            s->centres[s->cluster[i] * s->width + j] +=
                (double)s->x[i * s->width + j] / (double)s->sizes[s->cluster[i]];
}

/* Numbers the clusters by their first points, so that equal clusterings have equal numbers. */
static void renumber(const state *s, cm_clusters *out)
{
    int64_t next = 0;
    for (int64_t c = 0; c < s->k; c++)
        s->sizes[c] = -1;
    for (int64_t i = 0; i < s->n; i++) {
        int32_t c = s->cluster[i];
        if (s->sizes[c] < 0) {
            s->sizes[c] = next++;
            for (int64_t j = 0; j < s->width; j++)
                cm_data(out->centres)[s->sizes[c] * s->width + j] =
                    (cm_real)s->centres[c * s->width + j];
        }
        out->cluster->values[i] = (int32_t)s->sizes[c];
        out->inertia += squared_distance(s->x + i * s->width, s->centres + c * s->width, s->width);
    }
    cm_ids_seal(out->cluster);
}

static bool check(cm_ctx *cx, const cm_tensor *x, int64_t k, int64_t iterations)
{
    if (!cm_need_points(cx, x))
        return false;
    if (k < 1 || k > x->shape.dims[0])
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "%lld clusters of %lld points: k must be from 1 to %lld", (long long)k,
                         (long long)x->shape.dims[0], (long long)x->shape.dims[0]);
    if (iterations < 1)
        return cm_refuse(cx, CM_ERR_ARGUMENT, "iterations must be at least 1, not %lld",
                         (long long)iterations);
    return true;
}

bool cm_kmeans(cm_ctx *cx, const cm_tensor *x, int64_t k, int64_t iterations, uint64_t seed,
               uint32_t restart, cm_clusters *out)
{
    if (!check(cx, x, k, iterations))
        return false;
    state s = {.x = cm_data(x), .n = x->shape.dims[0], .width = x->shape.dims[1], .k = k};
    cm_shape shape = cm_shape_2d(k, s.width);
    *out = (cm_clusters){.centres = cm_tensor_new(cx, &shape)};
    s.centres = cm_calloc(cx, (size_t)(k * s.width), sizeof *s.centres);
    s.distances = cm_calloc(cx, (size_t)s.n, sizeof *s.distances);
    s.sizes = cm_calloc(cx, (size_t)k, sizeof *s.sizes);
    s.cluster = cm_calloc(cx, (size_t)s.n, sizeof *s.cluster);
    bool ok = out->centres && s.centres && s.distances && s.sizes && s.cluster &&
              (out->cluster = cm_ids_new(cx, s.n));
    if (ok) {
        cm_rng rng = cm_rng_keyed(seed, restart, 0, CM_STREAM_CLUSTERS);
        memset(s.cluster, -1, (size_t)s.n * sizeof *s.cluster);
        ok = begin(cx, &s, &rng);
        while (ok && out->iterations < iterations && assign(&s)) {
            fill_empty(&s);
            average(&s);
            out->iterations++;
        }
        if (ok)
            renumber(&s, out);
        else
            cm_ids_release(cx, out->cluster);
    }
    cm_free(cx, s.centres);
    cm_free(cx, s.distances);
    cm_free(cx, s.sizes);
    cm_free(cx, s.cluster);
    return ok;
}
