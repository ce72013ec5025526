/* upper_layers.c - see upper_layers.h. */
#include "ops/upper_layers.h"
#include <math.h>
#include <string.h>

bool cm_upper_takes(cm_ctx *cx, int64_t activation)
{
    return activation == CM_ACT_RELU || activation == CM_ACT_LEAKY_RELU ||
           cm_refuse(cx, CM_ERR_ARGUMENT, "activation must be relu or leaky_relu");
}

double cm_upper_slope(cm_activation act)
{
    return act == CM_ACT_RELU ? 0 : CM_LEAKY_SLOPE;
}

int64_t cm_upper_weights_size(int64_t h, int64_t u)
{
    return u * h + 2 * u + 1;
}

cm_upper_weights cm_upper_weights_at(int64_t h, int64_t u, cm_real *at)
{
    return (cm_upper_weights){at, at + u * h, at + u * h + u};
}

int64_t cm_upper_moment_size(int64_t n, int64_t h, int64_t u)
{
    return cm_whole_lines(cm_upper_weights_size(h, u)) + cm_whole_lines(n * h) +
           cm_whole_lines(n * u) + 2 * cm_whole_lines(n);
}

cm_upper_moment cm_upper_moment_at(int64_t n, int64_t h, int64_t u, cm_real *at)
{
    cm_upper_moment m = {.at = cm_upper_weights_at(h, u, at)};
    m.a1 = at + cm_whole_lines(cm_upper_weights_size(h, u));
    m.a2 = m.a1 + cm_whole_lines(n * h);
    m.error = m.a2 + cm_whole_lines(n * u);
    m.e3 = m.error + cm_whole_lines(n);
    return m;
}

/* x [n, u] = the outer product of a [n] and b [u]. */
static void outer(const cm_kernels *k, int64_t n, int64_t u, cm_real *x, const cm_real *a,
                  const cm_real *b)
{
    for (int64_t r = 0; r < n; r++)
        k->mul(u, x + r * u, b, 1, a + r, 0);
}

void cm_upper_deltas(cm_ctx *cx, const cm_upper_task *task, const cm_upper_moment *m,
                     const cm_real *last, cm_real *e2)
{
    const cm_kernels *k = cm_kernels_of(cx);
    outer(k, task->n, task->u, e2, m->e3, last);
    k->act_grad(task->n * task->u, e2, e2, m->a2, task->act);
}

/* Whether a task's loss is finite: the squares that its weights can see, added up. */
static bool is_finite(const cm_upper_task *task, const cm_real *errors)
{
    cm_real sum = 0;
    for (int64_t r = 0; r < task->n; r++)
        sum += task->shares[r] != 0 ? errors[r] * errors[r] : 0;
    return isfinite(sum);
}

void cm_upper_step(cm_ctx *cx, const cm_upper_task *task, const cm_upper_moment *m,
                   cm_upper_weights x, cm_real *e1, cm_real *work)
{
    const cm_kernels *k = cm_kernels_of(cx);
    int64_t n = task->n, h = task->h, u = task->u;
    cm_upper_weights at = m->at;
    cm_real *e2 = work, *scaled_last = work + n * u;
    cm_gemm(cx, n, u, h, cm_plain(m->a1, h), cm_turned(at.weight, h), 0, m->a2, u);
    k->bias_act(n, u, m->a2, at.bias, task->act);
    k->row_dots(n, u, m->error, m->a2, NULL, at.last);
    for (int64_t r = 0; r < n; r++) {
        m->error[r] = task->labels[r] - m->error[r] - at.last[u];
        m->e3[r] = m->error[r] * task->shares[r];
        scaled_last[r] = m->e3[r] * task->rates[1];
    }
    cm_upper_deltas(cx, task, m, at.last, e2);
    cm_gemm(cx, n, h, u, cm_plain(e2, u), cm_plain(at.weight, h), 0, e1, h);
    k->act_grad(n * h, e1, e1, m->a1, task->act);
    memmove(x.last, at.last, (size_t)(u + 1) * sizeof *work);
    memmove(x.bias, at.bias, (size_t)u * sizeof *work);
    k->weighted_rows(n, u, x.last, m->a2, NULL, scaled_last);
    x.last[u] += is_finite(task, m->error) ? k->sum(n, scaled_last) : (cm_real)NAN;
    cm_scaled(cx, n * u, e2, task->rates[0], e2);
    k->add_rows(n, u, x.bias, e2);
    cm_gemm_onto(cx, u, h, n, cm_turned(e2, u), cm_plain(m->a1, h), at.weight, x.weight);
}

/* Room within a step: the second layer's deltas [n, u], negated; and for gradients [n, u], [n, u],
 * [u + 1], [n], [n]. */
typedef struct slopes {
    cm_real *deltas, *e2, *a2, *last, *e3, *error;
} slopes;

int64_t cm_upper_work_size(int64_t n, int64_t h, int64_t u)
{
    (void)h;
    return n * (3 * u + 2) + u + 1;
}

static slopes slopes_at(int64_t n, int64_t u, cm_real *at)
{
    slopes w = {.deltas = at, .e2 = at + n * u};
    w.a2 = w.e2 + n * u;
    w.last = w.a2 + n * u;
    w.e3 = w.last + u + 1;
    w.error = w.e3 + n;
    return w;
}

/* The last layer's part of a step back: from the gradient of the second layer's deltas, masked, in
 * w->e2 to that of its activations, masked, in w->a2. */
static void last_back(cm_ctx *cx, const cm_upper_task *task, const cm_upper_moment *m,
                      cm_upper_weights g, const slopes *w, const cm_upper_targets *to)
{
    const cm_kernels *k = cm_kernels_of(cx);
    int64_t n = task->n, u = task->u;
    cm_real rate = task->rates[1];
    k->row_dots(n, u, w->e3, w->e2, NULL, m->at.last);
    k->row_dots(n, u, w->error, m->a2, NULL, g.last);
    for (int64_t r = 0; r < n; r++) {
        cm_real through_weights = w->error[r] + g.last[u];
        cm_real e3 = w->e3[r] + rate * through_weights;
        if (to->rates)
            to->rates[1] += m->e3[r] * through_weights;
        w->error[r] = -e3 * task->shares[r]; /* minus the gradient of the error */
        if (to->labels)
            to->labels[r] -= w->error[r];
        if (to->shares)
            to->shares[r] += e3 * m->error[r];
        w->e3[r] = m->e3[r] * rate;
    }
    memcpy(w->last, g.last, (size_t)(u + 1) * sizeof *w->last);
    k->weighted_rows(n, u, w->last, w->e2, NULL, m->e3);
    k->weighted_rows(n, u, w->last, m->a2, NULL, w->error);
    w->last[u] += k->sum(n, w->error);
    outer(k, n, u, w->a2, w->e3, g.last);
    for (int64_t r = 0; r < n; r++)
        k->axpy(u, w->a2 + r * u, w->error[r], m->at.last);
    k->act_grad(n * u, w->a2, w->a2, m->a2, task->act);
    memcpy(g.last, w->last, (size_t)(u + 1) * sizeof *w->last);
}

void cm_upper_step_back(cm_ctx *cx, const cm_upper_task *task, const cm_upper_moment *m,
                        cm_upper_weights g, const cm_real *d, cm_real *z,
                        const cm_upper_targets *to, cm_real *work)
{
    const cm_kernels *k = cm_kernels_of(cx);
    int64_t n = task->n, h = task->h, u = task->u;
    slopes w = slopes_at(n, u, work);
    cm_upper_deltas(cx, task, m, m->at.last, w.deltas);
    cm_gemm(cx, n, u, h, cm_plain(m->a1, h), cm_turned(g.weight, h), 0, w.e2, u);
    k->bias_act(n, u, w.e2, g.bias, CM_ACT_IDENTITY);
    if (to->rates)
        to->rates[0] += cm_dot(cx, n * u, w.deltas, w.e2);
    cm_gemm(cx, n, u, h, cm_plain(d, h), cm_turned(m->at.weight, h), task->rates[0], w.e2, u);
    k->act_grad(n * u, w.e2, w.e2, m->a2, task->act);
    cm_gemm(cx, n, h, u, cm_plain(w.deltas, u), cm_plain(g.weight, h), 0, z, h);
    cm_scaled(cx, n * h, z, task->rates[0], z);
    cm_gemm(cx, u, h, n, cm_turned(w.deltas, u), cm_plain(d, h), 1, g.weight, h);
    last_back(cx, task, m, g, &w, to);
    k->add_rows(n, u, g.bias, w.a2);
    cm_gemm(cx, u, h, n, cm_turned(w.a2, u), cm_plain(m->a1, h), 1, g.weight, h);
    cm_gemm(cx, n, h, u, cm_plain(w.a2, u), cm_plain(m->at.weight, h), 1, z, h);
    k->act_grad(n * h, z, z, m->a1, task->act);
}
