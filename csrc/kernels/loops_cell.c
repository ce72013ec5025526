/* loops_cell.c - one row of one step of GRU and LSTM, forward and back. Compiled once for each
 * instruction set. Parts of a row are separate parameters so that the compiler knows that they do
 * not overlap. */
#include "kernels/loops_isa.h"
#include "kernels/loops_math.h"

/* y = sigmoid(y + x + bias). */
static void open_gates(int64_t n, cm_real *restrict y, const cm_real *restrict x,
                       const cm_real *restrict bias)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = real_sigmoid(y[i] + (x[i] + bias[i]));
}

static void gru_mix(int64_t n, cm_real *restrict state, cm_real *restrict u,
                    const cm_real *restrict r, const cm_real *restrict z, const cm_real *restrict x,
                    const cm_real *restrict bias, const cm_real *restrict before)
{
    for (int64_t i = 0; i < n; i++) {
        u[i] += bias[i];
        cm_real c = real_tanh(x[i] + r[i] * u[i]);
        state[i] = c + z[i] * (before[i] - c);
    }
}

void KERNEL(gru_step)(int64_t n, cm_real *gates, cm_real *state, const cm_real *x,
                      const cm_real *bias, const cm_real *before)
{
    open_gates(2 * n, gates, x, bias);
    gru_mix(n, state, gates + 2 * n, gates, gates + n, x + 2 * n, bias + 2 * n, before);
}

static void gru_unmix(int64_t n, cm_real *restrict gr, cm_real *restrict gz, cm_real *restrict gc,
                      cm_real *restrict gu, cm_real *restrict carry, const cm_real *restrict g,
                      const cm_real *restrict r, const cm_real *restrict z,
                      const cm_real *restrict u, const cm_real *restrict x,
                      const cm_real *restrict before)
{
    for (int64_t i = 0; i < n; i++) {
        cm_real c = real_tanh(x[i] + r[i] * u[i]), d = carry[i] + g[i];
        cm_real dc = d * (1 - z[i]) * (1 - c * c);
        gr[i] = dc * u[i] * r[i] * (1 - r[i]);
        gz[i] = d * (before[i] - c) * z[i] * (1 - z[i]);
        gc[i] = dc;
        gu[i] = dc * r[i];
        carry[i] = d * z[i];
    }
}

void KERNEL(gru_back)(int64_t n, const cm_cell_row *row)
{
    const cm_real *gates = row->gates;
    gru_unmix(n, row->gx, row->gx + n, row->gx + 2 * n, row->gu + 2 * n, row->carry, row->g, gates,
              gates + n, gates + 2 * n, row->x + 2 * n, row->before);
    memcpy(row->gu, row->gx, (size_t)(2 * n) * sizeof *row->gu);
}

static void lstm_mix(int64_t n, cm_real *restrict h, cm_real *restrict c, cm_real *restrict u,
                     const cm_real *restrict in, const cm_real *restrict forget,
                     const cm_real *restrict out, const cm_real *restrict x,
                     const cm_real *restrict bias, const cm_real *restrict before)
{
    for (int64_t i = 0; i < n; i++) {
        u[i] = real_tanh(u[i] + (x[i] + bias[i]));
        c[i] = forget[i] * before[i] + in[i] * u[i];
        h[i] = out[i] * real_tanh(c[i]);
    }
}

void KERNEL(lstm_step)(int64_t n, cm_real *gates, cm_real *state, const cm_real *x,
                       const cm_real *bias, const cm_real *before)
{
    open_gates(2 * n, gates, x, bias);
    open_gates(n, gates + 3 * n, x + 3 * n, bias + 3 * n);
    lstm_mix(n, state, state + n, gates + 2 * n, gates, gates + n, gates + 3 * n, x + 2 * n,
             bias + 2 * n, before + n);
}

static void lstm_unmix(int64_t n, cm_real *restrict g_in, cm_real *restrict g_forget,
                       cm_real *restrict g_u, cm_real *restrict g_out, cm_real *restrict carry_h,
                       cm_real *restrict carry_c, const cm_real *restrict gh,
                       const cm_real *restrict gc, const cm_real *restrict in,
                       const cm_real *restrict forget, const cm_real *restrict u,
                       const cm_real *restrict out, const cm_real *restrict before,
                       const cm_real *restrict after)
{
    for (int64_t i = 0; i < n; i++) {
        cm_real t = real_tanh(after[i]), dh = carry_h[i] + gh[i];
        cm_real dc = carry_c[i] + gc[i] + dh * out[i] * (1 - t * t);
        g_in[i] = dc * u[i] * in[i] * (1 - in[i]);
        g_forget[i] = dc * before[i] * forget[i] * (1 - forget[i]);
        g_u[i] = dc * in[i] * (1 - u[i] * u[i]);
        g_out[i] = dh * t * out[i] * (1 - out[i]);
        carry_h[i] = 0;
        carry_c[i] = dc * forget[i];
    }
}

void KERNEL(lstm_back)(int64_t n, const cm_cell_row *row)
{
    const cm_real *gates = row->gates;
    lstm_unmix(n, row->gx, row->gx + n, row->gx + 2 * n, row->gx + 3 * n, row->carry,
               row->carry + n, row->g, row->g + n, gates, gates + n, gates + 2 * n, gates + 3 * n,
               row->before + n, row->after + n);
    memcpy(row->gu, row->gx, (size_t)(4 * n) * sizeof *row->gu);
}
