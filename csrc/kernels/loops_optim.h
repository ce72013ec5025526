/* loops_optim.h - the loops of optimisers: a part of loops.c, which alone includes it. */
#ifndef CM_LOOPS_OPTIM_H
#define CM_LOOPS_OPTIM_H

#include "kernels/kernels.h"
#include <math.h>

/* The scaled and clipped gradient. NaN is kept: hiding it would hide a diverged loss. */
static inline cm_real taken(cm_real g, cm_real scale, cm_real clip)
{
    cm_real d = g * scale;
    d = d > clip ? clip : d;
    return d < -clip ? -clip : d;
}

static inline void adam_run(int64_t n, cm_real *restrict p, cm_real *restrict g,
                            cm_real *restrict m, cm_real *restrict v, const cm_adam_step *s,
                            bool decoupled)
{
    const cm_real rate = s->rate, b1 = s->beta1, b2 = s->beta2, eps = s->eps, decay = s->decay,
                  scale = s->scale, clip = s->clip, root = s->root, r1 = s->rest1, r2 = s->rest2;
    for (int64_t i = 0; i < n; i++) {
        cm_real d = taken(g[i], scale, clip), q = p[i];
        if (decoupled)
            q *= decay;
        else
            d += decay * q;
        cm_real first = b1 * m[i] + r1 * d, second = b2 * v[i] + r2 * d * d;
        m[i] = first;
        v[i] = second;
        p[i] = q - rate * first / (CM_M(sqrt)(second) * root + eps);
        g[i] = 0;
    }
}

static void k_adam(int64_t n, cm_real *p, cm_real *g, cm_real *m, cm_real *v,
                   const cm_adam_step *step)
{
    if (step->decoupled)
        adam_run(n, p, g, m, v, step, true);
    else
        adam_run(n, p, g, m, v, step, false);
}

static inline void momentum_run(int64_t n, cm_real *restrict p, cm_real *restrict g,
                                cm_real *restrict m, const cm_sgd_step *s, bool nesterov)
{
    const cm_real rate = s->rate, mu = s->momentum, decay = s->decay, scale = s->scale,
                  clip = s->clip;
    for (int64_t i = 0; i < n; i++) {
        cm_real d = taken(g[i], scale, clip) + decay * p[i], sum = mu * m[i] + d;
        m[i] = sum;
        p[i] -= rate * (nesterov ? d + mu * sum : sum);
        g[i] = 0;
    }
}

static inline void descent_run(int64_t n, cm_real *restrict p, cm_real *restrict g,
                               const cm_sgd_step *s)
{
    const cm_real rate = s->rate, decay = s->decay, scale = s->scale, clip = s->clip;
    for (int64_t i = 0; i < n; i++) {
        p[i] -= rate * (taken(g[i], scale, clip) + decay * p[i]);
        g[i] = 0;
    }
}

static void k_sgd(int64_t n, cm_real *p, cm_real *g, cm_real *m, const cm_sgd_step *step)
{
    if (!m)
        descent_run(n, p, g, step);
    else if (step->nesterov)
        momentum_run(n, p, g, m, step, true);
    else
        momentum_run(n, p, g, m, step, false);
}

/* A fixed number of partial sums, added in a fixed order: the same bits for every vector width. */
static double k_sum_squares(int64_t n, const cm_real *a)
{
    enum { SUMS = 16 };
    double sum[SUMS] = {0}, all = 0;
    int64_t i = 0;
    for (; i + SUMS <= n; i += SUMS)
        for (int j = 0; j < SUMS; j++)
            sum[j] += (double)a[i + j] * (double)a[i + j];
    for (int j = 0; i < n; i++, j++)
        sum[j] += (double)a[i] * (double)a[i];
    for (int j = 0; j < SUMS; j++)
        all += sum[j];
    return all;
}

/* Block by block, since a loop that can exit at every element does not vectorise. */
static bool k_all_zero(int64_t n, const cm_real *a)
{
    enum { BLOCK = 32 };
    int64_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        int other = 0;
        for (int j = 0; j < BLOCK; j++)
            other |= a[i + j] != 0;
        if (other)
            return false;
    }
    for (; i < n; i++)
        if (a[i] != 0)
            return false;
    return true;
}

/* Likewise. */
static bool k_all_finite(int64_t n, const cm_real *a)
{
    enum { BLOCK = 32 };
    int64_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        int other = 0; /* what is not finite has no difference to itself */
        for (int j = 0; j < BLOCK; j++)
            other |= !(a[i + j] - a[i + j] == 0);
        if (other)
            return false;
    }
    for (; i < n; i++)
        if (!(a[i] - a[i] == 0))
            return false;
    return true;
}

#endif
