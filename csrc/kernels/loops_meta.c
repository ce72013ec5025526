/* loops_meta.c - one step of a meta_lstm_cell on a block of 32 coordinates, forward and back.
 * Compiled once for each instruction set. A column is a coordinate, so that every loop over a row
 * vectorises; rows are separate parameters so that the compiler knows that they do not overlap. */
#include "kernels/loops_isa.h"
#include "kernels/loops_math.h"
#include "kernels/panels.h"

#define N CM_PANEL

/* Gates in fewer steps than real_sigmoid and real_tanh take for the last digit: these functions are
 * most of a step. NaN passes through. */
static inline cm_real held(cm_real x)
{
    x = x > 87 ? 87 : x;
    return x < -87 ? -87 : x;
}

static inline cm_real gate(cm_real x)
{
    return 1 / (1 + real_exp_inside(held(-x)));
}

static inline cm_real squash(cm_real x)
{
#if CM_REAL_IS_DOUBLE
    return tanh(x);
#else
    cm_real square = x * x, p = -5.70498872745e-3f; /* see real_tanh */
    p = real_fma(p, square, 2.06390887954e-2f);
    p = real_fma(p, square, -5.37397155531e-2f);
    p = real_fma(p, square, 1.33314422036e-1f);
    p = real_fma(p, square, -3.33332819422e-1f);
    cm_real near = real_fma(p * square, x, x), far = 1 - 2 / (1 + real_exp_inside(held(2 * x)));
    return fabsf(x) < 0.625f ? near : far;
#endif
}

static void sigmoid_row(cm_real *restrict y, cm_real bias)
{
    for (int i = 0; i < N; i++)
        y[i] = gate(y[i] + bias);
}

static void tanh_row(cm_real *restrict y, cm_real bias)
{
    for (int i = 0; i < N; i++)
        y[i] = squash(y[i] + bias);
}

/* c and the tanh of it, and y = o tanh(c), of which the sum is taken. */
static void mix_row(cm_real *restrict c, cm_real *restrict squashed, cm_real *restrict y,
                    cm_real *restrict sum, const cm_real *restrict before,
                    const cm_real *restrict in, const cm_real *restrict forget,
                    const cm_real *restrict candidate, const cm_real *restrict out)
{
    for (int i = 0; i < N; i++) {
        c[i] = forget[i] * before[i] + in[i] * candidate[i];
        squashed[i] = squash(c[i]);
        y[i] = out[i] * squashed[i];
        sum[i] += y[i];
    }
}

static void centre_row(cm_real *restrict y, cm_real *restrict squares, const cm_real *restrict sum,
                       cm_real share)
{
    for (int i = 0; i < N; i++) {
        y[i] -= sum[i] * share;
        squares[i] += y[i] * y[i];
    }
}

static void deviation_row(cm_real *restrict deviation, const cm_real *restrict squares,
                          cm_real share, cm_real eps)
{
    for (int i = 0; i < N; i++)
        deviation[i] = 1 / CM_M(sqrt)(squares[i] * share + eps);
}

/* The norm's end, and what h adds to both gates of theta. */
static void norm_row(cm_real *restrict unit, cm_real *restrict h, cm_real *restrict in,
                     cm_real *restrict forget, const cm_real *restrict deviation, cm_real weight,
                     cm_real bias, cm_real of_in, cm_real of_forget)
{
    for (int i = 0; i < N; i++) {
        unit[i] *= deviation[i];
        h[i] = unit[i] * weight + bias;
        in[i] += h[i] * of_in;
        forget[i] += h[i] * of_forget;
    }
}

static void update_row(cm_real *restrict after, cm_real *restrict in, cm_real *restrict forget,
                       const cm_real *restrict before, const cm_real *restrict step)
{
    for (int i = 0; i < N; i++) {
        in[i] = gate(in[i]);
        forget[i] = gate(forget[i]);
        after[i] = forget[i] * before[i] - in[i] * step[i];
    }
}

void KERNEL(meta_step)(const cm_meta_cell *m, const cm_meta_block *b)
{
    int64_t n = m->hidden, width = m->inputs + n;
    const cm_real *c = b->c, *in_weight = m->gates, *forget_weight = in_weight + n + 1;
    cm_real *in = b->lstm, *forget = in + n * N, *candidate = forget + n * N;
    cm_real *out = candidate + n * N, share = 1 / (cm_real)n, sum[N] = {0}, squares[N] = {0};
    KERNEL(panel_product)(4 * n, N, width, m->weight, width, b->x, false, b->lstm, N);
    for (int64_t j = 0; j < n; j++) {
        sigmoid_row(in + j * N, m->bias[j]);
        sigmoid_row(forget + j * N, m->bias[n + j]);
        tanh_row(candidate + j * N, m->bias[2 * n + j]);
        sigmoid_row(out + j * N, m->bias[3 * n + j]);
        mix_row(b->after + (n + j) * N, b->squashed + j * N, b->unit + j * N, sum, c + j * N,
                in + j * N, forget + j * N, candidate + j * N, out + j * N);
    }
    for (int64_t j = 0; j < n; j++)
        centre_row(b->unit + j * N, squares, sum, share);
    deviation_row(b->deviation, squares, share, m->eps);
    for (int i = 0; i < N; i++) {
        b->open[i] = in_weight[n];
        b->open[N + i] = forget_weight[n];
    }
    for (int64_t j = 0; j < n; j++)
        norm_row(b->unit + j * N, b->after + j * N, b->open, b->open + N, b->deviation, m->norm[j],
                 m->norm[n + j], in_weight[j], forget_weight[j]);
    update_row(b->after + 2 * n * N, b->open, b->open + N, b->theta, b->step);
}

/* From the gradient g of theta: those of theta before, of the step and of the sums of both gates,
 * which are added up as well. */
static void update_back(cm_real *restrict theta, cm_real *restrict step, cm_real *restrict in,
                        cm_real *restrict forget, cm_real *restrict in_sum,
                        cm_real *restrict forget_sum, const cm_real *restrict g,
                        const cm_real *restrict before, const cm_real *restrict taken,
                        const cm_real *restrict in_gate, const cm_real *restrict forget_gate)
{
    for (int i = 0; i < N; i++) {
        theta[i] = forget_gate[i] * g[i];
        step[i] = -in_gate[i] * g[i];
        in[i] = step[i] * taken[i] * (1 - in_gate[i]);
        forget[i] = theta[i] * before[i] * (1 - forget_gate[i]);
        in_sum[i] += in[i];
        forget_sum[i] += forget[i];
    }
}

/* g [1] gets the gradient of h, then that of the norm's unit; sums for weights, and of both kinds
 * of the norm's gradient. */
static void norm_back(cm_real *restrict g, cm_real *restrict gw, cm_real *restrict gb,
                      cm_real *restrict in_sum, cm_real *restrict forget_sum,
                      cm_real *restrict plain, cm_real *restrict along, const cm_real *restrict in,
                      const cm_real *restrict forget, const cm_real *restrict h,
                      const cm_real *restrict unit, cm_real weight, cm_real of_in,
                      cm_real of_forget)
{
    for (int i = 0; i < N; i++) {
        cm_real whole = g[i] + in[i] * of_in + forget[i] * of_forget;
        in_sum[i] += in[i] * h[i];
        forget_sum[i] += forget[i] * h[i];
        gw[i] += whole * unit[i];
        gb[i] += whole;
        g[i] = whole * weight;
        plain[i] += g[i];
        along[i] += g[i] * unit[i];
    }
}

/* From g, the gradient of unit, and that of c: the gradients of the four sums, in place of their
 * gates, and that of c before. */
static void mix_back(cm_real *restrict in, cm_real *restrict forget, cm_real *restrict candidate,
                     cm_real *restrict out, cm_real *restrict gc_before, const cm_real *restrict g,
                     const cm_real *restrict gc, const cm_real *restrict plain,
                     const cm_real *restrict along, const cm_real *restrict unit,
                     const cm_real *restrict deviation, const cm_real *restrict squashed,
                     const cm_real *restrict before, cm_real share)
{
    for (int i = 0; i < N; i++) {
        cm_real gy = deviation[i] * (g[i] - (plain[i] + unit[i] * along[i]) * share);
        cm_real t = squashed[i], dc = gc[i] + gy * out[i] * (1 - t * t);
        cm_real a = in[i], f = forget[i], u = candidate[i], o = out[i];
        in[i] = dc * u * a * (1 - a);
        forget[i] = dc * before[i] * f * (1 - f);
        candidate[i] = dc * a * (1 - u * u);
        out[i] = gy * t * o * (1 - o);
        gc_before[i] = dc * f;
    }
}

void KERNEL(meta_back)(const cm_meta_cell *m, const cm_meta_block *b, const cm_meta_gradient *g)
{
    int64_t n = m->hidden;
    const cm_real *c = b->c, *in_weight = m->gates;
    const cm_real *forget_weight = in_weight + n + 1;
    cm_real *in_sum = g->gates, *forget_sum = in_sum + (n + 1) * N;
    cm_real in[N], forget[N], plain[N] = {0}, along[N] = {0};
    update_back(g->theta, g->step, in, forget, in_sum + n * N, forget_sum + n * N, g->after,
                b->theta, b->step, b->open, b->open + N);
    for (int64_t j = 0; j < n; j++)
        norm_back(g->h + j * N, g->norm + j * N, g->norm + (n + j) * N, in_sum + j * N,
                  forget_sum + j * N, plain, along, in, forget, b->after + j * N, b->unit + j * N,
                  m->norm[j], in_weight[j], forget_weight[j]);
    for (int64_t j = 0; j < n; j++)
        mix_back(b->lstm + j * N, b->lstm + (n + j) * N, b->lstm + (2 * n + j) * N,
                 b->lstm + (3 * n + j) * N, g->c + j * N, g->h + j * N, g->c_after + j * N, plain,
                 along, b->unit + j * N, b->deviation, b->squashed + j * N, c + j * N,
                 1 / (cm_real)n);
}
