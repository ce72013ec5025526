/* tsne.c - see tsne.h. */
#include "analysis/tsne.h"
#include "analysis/points.h"
#include <float.h>
#include <math.h>
#include <string.h>

#define MAX_DIMS 3 /* a plot has no more */

static bool check_points(cm_ctx *cx, const cm_tensor *x, double perplexity)
{
    if (!cm_need_points(cx, x))
        return false;
    int64_t n = x->shape.dims[0];
    if (n < 2 || n > CM_TSNE_LIMIT)
        return cm_refuse(cx, CM_ERR_LIMIT,
                         "%lld points: 2 to %d are supported; take a sample of more", (long long)n,
                         CM_TSNE_LIMIT);
    if (!(perplexity >= 1 && perplexity < (double)n))
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "perplexity %g must be at least 1 and below the number of points, %lld",
                         perplexity, (long long)n);
    return true;
}

/* Squared distances of point i to all points into out [n]; returns the mean over the others. */
static double distances_of(const cm_tensor *x, int64_t i, double *out)
{
    int64_t n = x->shape.dims[0], width = x->shape.dims[1];
    const cm_real *data = cm_data(x), *own = data + i * width;
    double sum = 0;
    for (int64_t j = 0; j < n; j++) {
        out[j] = 0;
        for (int64_t k = 0; k < width; k++) {
            double d = (double)own[k] - (double)data[j * width + k];
            out[j] += d * d;
        }
        sum += out[j];
    }
    return sum / (double)(n - 1);
}

/* The probabilities exp(-beta d) / sum over all but i into out; returns their entropy. The smallest
 * distance is subtracted, so that the sum is never 0. */
static double shares_of(const double *d, int64_t n, int64_t i, double beta, double *out)
{
    double least = HUGE_VAL, sum = 0, weighed = 0;
    for (int64_t j = 0; j < n; j++)
        least = j != i && d[j] < least ? d[j] : least;
    for (int64_t j = 0; j < n; j++) {
        out[j] = j == i ? 0 : exp(-beta * (d[j] - least));
        sum += out[j];
        weighed += out[j] * (d[j] - least);
    }
    for (int64_t j = 0; j < n; j++)
        out[j] /= sum;
    return log(sum) + beta * weighed / sum;
}

/* Bisection for the beta with the target entropy. If there is none (many identical points), it ends
 * at the closest one. */
static void find_width(const double *d, int64_t n, int64_t i, double wanted, double mean,
                       double *out)
{
    double low = 0, high = HUGE_VAL, beta = mean > 0 ? CM_MIN(1 / mean, DBL_MAX / 4) : 1;
    for (int step = 0; step < 200; step++) {
        double entropy = shares_of(d, n, i, beta, out);
        if (fabs(entropy - wanted) < 1e-10 || beta > DBL_MAX / 4)
            return;
        if (entropy > wanted)
            low = beta;
        else
            high = beta;
        beta = high == HUGE_VAL ? beta * 2 : (low + high) / 2;
    }
}

cm_tensor *cm_tsne_affinities(cm_ctx *cx, const cm_tensor *x, double perplexity)
{
    if (!check_points(cx, x, perplexity))
        return NULL;
    int64_t n = x->shape.dims[0];
    cm_shape shape = cm_shape_2d(n, n);
    cm_tensor *p = cm_tensor_new(cx, &shape);
    double *d = cm_calloc(cx, (size_t)n, sizeof *d), *shares = cm_calloc(cx, (size_t)n, sizeof *d);
    bool ok = p && d && shares;
    for (int64_t i = 0; ok && i < n; i++) {
        double mean = distances_of(x, i, d);
        find_width(d, n, i, log(perplexity), mean, shares);
        for (int64_t j = 0; j < n; j++)
            cm_data(p)[i * n + j] = (cm_real)shares[j];
    }
    for (int64_t i = 0; ok && i < n; i++)
        for (int64_t j = 0; j <= i; j++) {
            cm_real *a = cm_data(p) + i * n + j, *b = cm_data(p) + j * n + i;
            *a = *b = (cm_real)(((double)*a + (double)*b) / (2 * (double)n));
        }
    cm_free(cx, d);
    cm_free(cx, shares);
    return ok ? p : NULL;
}

/* Attraction and repulsion of the points; the repulsion is still to be divided by the sum of all
 * weights. */
typedef struct forces {
    double *pull, *push; /* [n, dims] */
    double weights;      /* sum over pairs of both orders */
    double divergence;   /* sum of p (log p - log weight), without the logarithm of the sum */
} forces;

static void add_pair(forces *f, const double *y, int64_t dims, int64_t i, int64_t j, double p,
                     bool measure)
{
    double d[MAX_DIMS], square = 0;
    for (int64_t k = 0; k < dims; k++) {
        d[k] = y[i * dims + k] - y[j * dims + k];
        square += d[k] * d[k];
    }
    double weight = 1 / (1 + square), pull = p * weight, push = weight * weight;
    for (int64_t k = 0; k < dims; k++) {
        f->pull[i * dims + k] += pull * d[k];
        f->pull[j * dims + k] -= pull * d[k];
        f->push[i * dims + k] += push * d[k];
        f->push[j * dims + k] -= push * d[k];
    }
    f->weights += 2 * weight;
    if (measure && p > 0)
        f->divergence += 2 * p * (log(p) - log(weight));
}

static void move(cm_tsne_state *state, const forces *f, const cm_tsne_options *o)
{
    int64_t n = state->y->shape.dims[0], dims = state->y->shape.dims[1];
    cm_real *y = cm_data(state->y), *v = cm_data(state->velocity), *gains = cm_data(state->gains);
    for (int64_t e = 0; e < n * dims; e++) {
        double slope = 4 * (o->exaggeration * f->pull[e] - f->push[e] / f->weights);
        double gain = (double)gains[e];
        gain = slope * (double)v[e] < 0 ? gain + 0.2 : CM_MAX(gain * 0.8, 0.01);
        gains[e] = (cm_real)gain;
        v[e] = (cm_real)(o->momentum * (double)v[e] - o->rate * gain * slope);
        y[e] += v[e];
    }
    for (int64_t k = 0; k < dims; k++) {
        double mean = 0;
        for (int64_t i = 0; i < n; i++)
            mean += (double)y[i * dims + k] / (double)n;
        for (int64_t i = 0; i < n; i++)
            y[i * dims + k] = (cm_real)((double)y[i * dims + k] - mean);
    }
}

static bool check_step(cm_ctx *cx, const cm_tensor *p, const cm_tsne_state *state)
{
    const cm_shape *shape = &state->y->shape;
    int64_t n = shape->ndim == 2 ? shape->dims[0] : -1;
    if (n < 2 || shape->dims[1] < 1 || shape->dims[1] > MAX_DIMS ||
        !cm_shape_equal(shape, &state->velocity->shape) ||
        !cm_shape_equal(shape, &state->gains->shape))
        return cm_refuse(cx, CM_ERR_SHAPE,
                         "positions, velocity and gains must all be [points, 1 to %d]", MAX_DIMS);
    if (p->shape.ndim != 2 || p->shape.dims[0] != n || p->shape.dims[1] != n ||
        !cm_is_contiguous(p))
        return cm_refuse(cx, CM_ERR_SHAPE,
                         "affinities must be [%lld, %lld], one for each pair of points",
                         (long long)n, (long long)n);
    return true;
}

bool cm_tsne_step(cm_ctx *cx, const cm_tensor *p, cm_tsne_state *state,
                  const cm_tsne_options *options, double *divergence)
{
    if (!check_step(cx, p, state))
        return false;
    int64_t n = state->y->shape.dims[0], dims = state->y->shape.dims[1];
    size_t count = (size_t)(n * dims);
    double *work = cm_calloc(cx, count, 3 * sizeof *work);
    if (!work)
        return false;
    forces f = {.pull = work + count, .push = work + 2 * count};
    for (size_t e = 0; e < count; e++)
        work[e] = (double)cm_data(state->y)[e];
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++)
            add_pair(&f, work, dims, i, j, (double)cm_data(p)[i * n + j], options->measure);
    move(state, &f, options);
    *divergence = options->measure ? f.divergence + log(f.weights) : 0;
    bool ok = isfinite(f.weights) && isfinite(*divergence);
    for (size_t e = 0; e < count; e++)
        ok = ok && isfinite(cm_data(state->y)[e]);
    cm_free(cx, work);
    return ok || cm_refuse(cx, CM_ERR_NUMBER,
                           "the positions are no longer finite: lower the learning rate (rate)");
}
