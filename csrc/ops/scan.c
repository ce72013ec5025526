/* scan.c - GRU and LSTM over time, from inputs that are already projected. The forward pass keeps
 * the gates for the backward pass; what does not depend on the order of steps is one product for
 * all. */
#include "kernels/blas.h"
#include "kernels/panels.h"
#include "ops/recurrent.h"
#include <string.h>

/* The sizes of a scan. */
typedef struct sizes {
    int64_t batch, time, n, rows, width; /* rows = gates n, width = parts n */
} sizes;

static sizes sizes_of(const cm_cell *cell, const cm_shape *projected)
{
    int64_t rows = projected->dims[2], n = rows / cell->gates;
    return (sizes){projected->dims[0], projected->dims[1], n, rows, cell->parts * n};
}

/* Whether the weight is laid out in panels once for all steps. For one row BLAS reads it unpacked;
 * for a few steps laying it out is not worthwhile. */
static bool in_panels(sizes s)
{
    return s.batch > 1 && s.time >= 8;
}

/* in = {projected [batch, time, gates hidden], weight, bias, state or absent}; ids = lengths */
static bool scan_shape(cm_call *c, const cm_cell *cell)
{
    const cm_tensor *x = c->in[0], *w = c->in[1], *bias = c->in[2];
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    if (!cm_need_form(c->cx, x, 3, cell->projected))
        return false;
    sizes s = sizes_of(cell, &x->shape);
    cm_shape want_w = cm_shape_2d(s.rows, s.n), want_b = cm_shape_1d(s.rows);
    if (s.rows % cell->gates != 0 || !cm_shape_equal(&w->shape, &want_w) ||
        !cm_shape_equal(&bias->shape, &want_b))
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "weight_hh %s and bias_hh %s do not fit projected inputs of width %lld: "
                         "they must be [%d hidden, hidden] and [%d hidden]",
                         cm_shape_text(&w->shape, a), cm_shape_text(&bias->shape, b),
                         (long long)s.rows, cell->gates, cell->gates);
    if (c->n_in > 3 && !cm_need_state(c->cx, c->in[3], "state", s.batch, s.width))
        return false;
    if (c->p.ids[0] && !cm_need_lengths(c->cx, c->p.ids[0], s.batch, s.time))
        return false;
    c->out_shape = x->shape;
    c->out_shape.dims[2] = s.width;
    if (s.time > 0) /* the weight in panels, states in rows, the gates of one step, first state */
        c->work_size = s.batch * (s.rows + s.width) +
                       (in_panels(s) ? cm_panels_size(s.rows, s.n) + s.batch * s.n : 0);
    c->keep_size = s.time * s.batch * s.rows;
    return true;
}

static int64_t steps_of(const cm_params *p, int64_t row, int64_t time)
{
    return p->ids[0] ? cm_segment_length(p->ids[0], row) : time;
}

/* gates [batch, rows] = U h for the states h before a step. */
static void times_weight(const cm_call *c, sizes s, cm_matrix before, cm_real *gates)
{
    if (!in_panels(s)) {
        cm_gemm(c->cx, s.batch, s.rows, s.n, before, (cm_matrix){cm_data(c->in[1]), 1, s.n}, 0,
                gates, s.rows);
        return;
    }
    cm_real *h = c->work + cm_panels_size(s.rows, s.n); /* contiguous, not a sequence apart */
    for (int64_t b = 0; b < s.batch; b++)
        memcpy(h + b * s.n, before.data + b * before.row, (size_t)s.n * sizeof *h);
    cm_panels_product(c->cx, s.batch, s.rows, s.n, h, s.n, c->work, false, gates, s.rows);
}

static void scan_eval(cm_call *c, const cm_cell *cell, cm_cell_step_fn *step)
{
    sizes s = sizes_of(cell, &c->in[0]->shape);
    if (c->out->count == 0)
        return;
    cm_real *own = c->work, *out = cm_data(c->out);
    const cm_real *x = cm_data(c->in[0]), *bias = cm_data(c->in[2]);
    if (in_panels(s)) {
        cm_panels_fill(s.rows, s.n, (cm_matrix){cm_data(c->in[1]), 1, s.n}, own);
        own += cm_panels_size(s.rows, s.n) + s.batch * s.n;
    }
    cm_real *start = own + s.batch * s.rows;
    if (c->n_in > 3)
        start = cm_data(c->in[3]);
    else
        memset(start, 0, (size_t)(s.batch * s.width) * sizeof *start);
    for (int64_t t = 0; t < s.time; t++) {
        cm_matrix before = {start, s.width, 1};
        if (t > 0)
            before = (cm_matrix){out + (t - 1) * s.width, s.time * s.width, 1};
        cm_real *gates = c->kept ? c->kept + t * s.batch * s.rows : own;
        if (t > 0 || c->n_in > 3)
            times_weight(c, s, before, gates);
        else
            memset(gates, 0, (size_t)(s.batch * s.rows) * sizeof *gates);
        for (int64_t b = 0; b < s.batch; b++) {
            cm_real *state = out + (b * s.time + t) * s.width;
            if (t < steps_of(&c->p, b, s.time))
                step(s.n, gates + b * s.rows, state, x + (b * s.time + t) * s.rows, bias,
                     before.data + b * before.row);
            else
                memset(state, 0, (size_t)s.width * sizeof *state);
        }
    }
}

/* The states before all steps, [time, batch, width]. */
static void states_before(const cm_vjp *v, sizes s, cm_real *o)
{
    const cm_real *out = cm_data(v->out);
    size_t row = (size_t)s.width * sizeof *o, first = (size_t)s.batch * row;
    if (v->n_in > 3)
        memcpy(o, cm_data(v->in[3]), first);
    else
        memset(o, 0, first);
    o += s.batch * s.width;
    for (int64_t t = 1; t < s.time; t++)
        for (int64_t b = 0; b < s.batch; b++, o += s.width)
            memcpy(o, out + (b * s.time + t - 1) * s.width, row);
}

/* gx [batch, time, rows]; gu [time, batch, rows]: the gradient of U h + bias; carry [batch, width]:
 * in the end the gradient of the first state; panels: the weight, or NULL. */
static void steps_back(const cm_vjp *v, sizes s, cm_cell_back_fn *back, const cm_real *before,
                       const cm_real *panels, cm_real *gx, cm_real *gu, cm_real *carry)
{
    const cm_real *gates = cm_data(v->p->kept), *x = cm_data(v->in[0]), *out = cm_data(v->out),
                  *g = cm_data(v->g);
    cm_matrix weight = {cm_data(v->in[1]), s.n, 1};
    for (int64_t t = s.time; t-- > 0;) {
        cm_real *own = gu + t * s.batch * s.rows;
        for (int64_t b = 0; b < s.batch; b++) {
            int64_t outside = b * s.time + t, inside = t * s.batch + b;
            cm_cell_row row = {.gates = gates + inside * s.rows,
                               .x = x + outside * s.rows,
                               .before = before + inside * s.width,
                               .after = out + outside * s.width,
                               .g = g + outside * s.width,
                               .carry = carry + b * s.width,
                               .gx = gx + outside * s.rows,
                               .gu = own + b * s.rows};
            if (t < steps_of(v->p, b, s.time)) {
                back(s.n, &row);
            } else {
                memset(row.gx, 0, (size_t)s.rows * sizeof *row.gx);
                memset(row.gu, 0, (size_t)s.rows * sizeof *row.gu);
            }
        }
        if (t == 0 && v->n_in <= 3)
            break;
        if (panels)
            cm_panels_product(v->cx, s.batch, s.n, s.rows, own, s.rows, panels, true, carry,
                              s.width);
        else
            cm_gemm(v->cx, s.batch, s.n, s.rows, (cm_matrix){own, s.rows, 1}, weight, 1, carry,
                    s.width);
    }
}

static void scan_fast_vjp(cm_vjp *v, const cm_cell *cell, cm_cell_back_fn *back)
{
    sizes s = sizes_of(cell, &v->edges[0].shape);
    cm_shape steps = {3, {s.time, s.batch, s.width}}, start = cm_shape_2d(s.batch, s.width),
             projected = {3, {s.time, s.batch, s.rows}};
    cm_tensor *before = cm_tensor_new(v->cx, &steps), *gu = cm_tensor_new(v->cx, &projected);
    cm_tensor *gx = cm_tensor_new(v->cx, &v->edges[0].shape);
    cm_tensor *gw = v->need[1] ? cm_vjp_target(v, 1) : NULL;
    cm_tensor *gb = v->need[2] ? cm_vjp_target(v, 2) : NULL;
    cm_tensor *carry = cm_tensor_full(v->cx, &start, 0), *panels = NULL;
    if (in_panels(s) && v->out->count > 0) {
        cm_shape laid_out = cm_shape_1d(cm_panels_size(s.n, s.rows));
        if (!(panels = cm_tensor_new(v->cx, &laid_out)))
            return;
        cm_panels_fill(s.n, s.rows, (cm_matrix){cm_data(v->in[1]), s.n, 1}, cm_data(panels));
    }
    if (!before || !gu || !gx || (v->need[1] && !gw) || (v->need[2] && !gb) || !carry)
        return;
    if (v->out->count > 0) {
        states_before(v, s, cm_data(before));
        steps_back(v, s, back, cm_data(before), panels ? cm_data(panels) : NULL, cm_data(gx),
                   cm_data(gu), cm_data(carry));
        if (gw)
            cm_gemm(v->cx, s.rows, s.n, s.time * s.batch, (cm_matrix){cm_data(gu), 1, s.rows},
                    (cm_matrix){cm_data(before), s.width, 1}, 1, cm_data(gw), s.n);
        if (gb)
            cm_kernels_of(v->cx)->add_rows(s.time * s.batch, s.rows, cm_data(gb), cm_data(gu));
    }
    v->gin[0] = gx;
    v->gin[1] = gw;
    v->gin[2] = gb;
    if (v->n_in > 3)
        v->gin[3] = carry;
}

/* Concatenates up to CM_MAX_INPUTS tensors at a time along dim 1, until one is left. */
static cm_tensor *join_steps(cm_ctx *cx, cm_tensor **step, int64_t n)
{
    cm_params p = {.i = {1}};
    while (n > 1) {
        int64_t joined = 0;
        for (int64_t at = 0; at < n; at += CM_MAX_INPUTS, joined++) {
            int some = (int)CM_MIN(n - at, CM_MAX_INPUTS);
            step[joined] = cm_apply(cx, &cm_op_concat, step + at, some, &p);
            if (!step[joined])
                return NULL;
        }
        n = joined;
    }
    return step[0];
}

/* All states, one step after another. */
static cm_tensor *run_steps(cm_ctx *cx, const cm_cell *cell, sizes s, cm_tensor *projected,
                            cm_tensor *state, cm_tensor *weight, cm_tensor *bias)
{
    cm_shape one = {3, {s.batch, 1, s.width}}, row = cm_shape_2d(s.batch, s.rows);
    if (s.batch == 0 || s.time == 0 || s.width == 0)
        return cm_slice(cx, projected, 2, 0, s.width);
    cm_tensor **all = cm_calloc(cx, (size_t)s.time, sizeof *all), *joined = NULL;
    if (!all)
        return NULL;
    for (int64_t t = 0; t < s.time && state; t++) {
        cm_tensor *x = cm_reshape(cx, cm_slice(cx, projected, 1, t, t + 1), &row);
        state = cell->step(cx, x, state, weight, bias);
        all[t] = cm_reshape(cx, state, &one);
    }
    if (state && all[s.time - 1])
        joined = join_steps(cx, all, s.time);
    cm_free(cx, all);
    return joined;
}

static cm_tensor *scan_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p,
                              const cm_cell *cell)
{
    sizes s = sizes_of(cell, &in[0]->shape);
    cm_tensor *projected = in[0];
    cm_shape start = cm_shape_2d(s.batch, s.width);
    cm_tensor *state = n_in > 3 ? in[3] : cm_tensor_full(cx, &start, 0);
    if (p->ids[0])
        projected = cm_mask_steps(cx, projected, p->ids[0]);
    if (!projected || !state)
        return NULL;
    cm_tensor *all = run_steps(cx, cell, s, projected, state, in[1], in[2]);
    return p->ids[0] ? cm_mask_steps(cx, all, p->ids[0]) : all;
}

#define SCAN(name)                                                                   \
    static bool name##_scan_shape(cm_call *c)                                        \
    {                                                                                \
        return scan_shape(c, &cm_cell_##name);                                       \
    }                                                                                \
    static void name##_scan_eval(cm_call *c)                                         \
    {                                                                                \
        scan_eval(c, &cm_cell_##name, cm_kernels_of(c->cx)->name##_step);            \
    }                                                                                \
    static cm_tensor *name##_scan_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, \
                                         const cm_params *p)                         \
    {                                                                                \
        return scan_expand(cx, in, n_in, p, &cm_cell_##name);                        \
    }                                                                                \
    static void name##_scan_fast_vjp(cm_vjp *v)                                      \
    {                                                                                \
        scan_fast_vjp(v, &cm_cell_##name, cm_kernels_of(v->cx)->name##_back);        \
    }
SCAN(gru)
SCAN(lstm)

// clang-format off
const cm_op cm_op_gru_scan = {.name = "gru_scan",
    .args = "projected:t weight_hh:t bias_hh:t state:t? lengths:S?",
    .doc = "the recurrent part of gru: projected [batch, time, 3 hidden] holds weight_ih x + "
           "bias_ih; weight_hh [3 hidden, hidden], bias_hh [3 hidden]; gives [batch, time, hidden]",
    .shape = gru_scan_shape, .eval = gru_scan_eval, .expand = gru_scan_expand,
    .fast_vjp = gru_scan_fast_vjp, .saves = CM_SAVE_ALL_IN | CM_SAVE_OUT, .flags = CM_CONTIGUOUS};
const cm_op cm_op_lstm_scan = {.name = "lstm_scan",
    .args = "projected:t weight_hh:t bias_hh:t state:t? lengths:S?",
    .doc = "the recurrent part of lstm: projected [batch, time, 4 hidden] holds weight_ih x + "
           "bias_ih; weight_hh [4 hidden, hidden], bias_hh [4 hidden]; gives [batch, time, 2 hidden]",
    .shape = lstm_scan_shape, .eval = lstm_scan_eval, .expand = lstm_scan_expand,
    .fast_vjp = lstm_scan_fast_vjp, .saves = CM_SAVE_ALL_IN | CM_SAVE_OUT, .flags = CM_CONTIGUOUS};
// clang-format on
