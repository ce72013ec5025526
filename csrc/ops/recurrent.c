/* recurrent.c - LSTM, and GRU (Cho et al. 2014, in the form of cuDNN and PyTorch: the reset gate
 * scales the recurrent part of the candidate after its bias). Gate rows: r, z, n for a GRU,
 * i, f, g, o for an LSTM. */
#include "ops/ops.h"
#include "tensor/blas.h"
#include <string.h>

static int64_t dim_of(const cm_tensor *t, int dim)
{
    return t->shape.dims[dim];
}

static bool has_shape(const cm_tensor *t, const cm_shape *want)
{
    return cm_shape_equal(&t->shape, want);
}

/* Refused unless w = {weight_ih, weight_hh, bias_ih, bias_hh} are those of a cell with `gates`
 * gates for inputs of the last size of x. */
static bool need_weights(cm_ctx *cx, const cm_tensor *x, cm_tensor *const *w, int gates)
{
    static const char *const name[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT], c[CM_SHAPE_TEXT];
    int64_t hidden = w[1]->shape.ndim == 2 ? dim_of(w[1], 1) : 0, rows = gates * hidden;
    cm_shape want[4] = {cm_shape_2d(rows, dim_of(x, x->shape.ndim - 1)), cm_shape_2d(rows, hidden),
                        cm_shape_1d(rows), cm_shape_1d(rows)};
    if (!has_shape(w[1], &want[1]))
        return cm_refuse(cx, CM_ERR_SHAPE, "weight_hh %s must be [%d hidden, hidden]",
                         cm_shape_text(&w[1]->shape, a), gates);
    for (int i = 0; i < 4; i++)
        if (!has_shape(w[i], &want[i]))
            return cm_refuse(cx, CM_ERR_SHAPE, "%s %s must be %s, for x %s and hidden size %lld",
                             name[i], cm_shape_text(&w[i]->shape, a), cm_shape_text(&want[i], b),
                             cm_shape_text(&x->shape, c), (long long)hidden);
    return true;
}

/* Refused unless the state is [batch, width]. */
static bool need_state(cm_ctx *cx, const cm_tensor *state, const char *what, int64_t batch,
                       int64_t width)
{
    cm_shape want = cm_shape_2d(batch, width);
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    if (has_shape(state, &want))
        return true;
    return cm_refuse(cx, CM_ERR_SHAPE, "%s %s must be %s, for a batch of %lld", what,
                     cm_shape_text(&state->shape, a), cm_shape_text(&want, b), (long long)batch);
}

static bool need_ndim(cm_ctx *cx, const cm_tensor *x, int ndim, const char *form)
{
    char text[CM_SHAPE_TEXT];
    return x->shape.ndim == ndim || cm_refuse(cx, CM_ERR_SHAPE, "x must be %s, not shape %s", form,
                                              cm_shape_text(&x->shape, text));
}

static cm_tensor *linear(cm_ctx *cx, cm_tensor *x, cm_tensor *weight, cm_tensor *bias)
{
    return cm_apply(cx, &cm_op_linear, (cm_tensor *const[]){x, weight, bias}, 3, NULL);
}

/* Columns [first, last) of a matrix, in units of `width`. */
static cm_tensor *gate(cm_ctx *cx, cm_tensor *x, int64_t width, int first, int last)
{
    return cm_slice(cx, x, 1, first * width, last * width);
}

/* Joins up to CM_MAX_INPUTS tensors at a time along dim 1, until one is left. */
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

/* One step: the state after it, from projected inputs [batch, gates hidden] and the state. */
typedef cm_tensor *step_fn(cm_ctx *cx, cm_tensor *projected, cm_tensor *state, cm_tensor *weight,
                           cm_tensor *bias);

/* All states [batch, time, width] from projected [batch, time, gates hidden] and the first state.
 */
static cm_tensor *run_steps(cm_ctx *cx, step_fn *step, cm_tensor *projected, cm_tensor *state,
                            cm_tensor *weight, cm_tensor *bias)
{
    int64_t batch = dim_of(projected, 0), time = dim_of(projected, 1), rows = dim_of(projected, 2),
            width = dim_of(state, 1);
    cm_shape whole = {3, {batch, time, width}}, one = {3, {batch, 1, width}},
             row = cm_shape_2d(batch, rows);
    if (cm_shape_size(&whole) == 0)
        return cm_slice(cx, projected, 2, 0, CM_MIN(width, rows));
    cm_tensor **all = cm_calloc(cx, (size_t)time, sizeof *all), *joined = NULL;
    if (!all)
        return NULL;
    for (int64_t t = 0; t < time && state; t++) {
        cm_tensor *x = cm_reshape(cx, cm_slice(cx, projected, 1, t, t + 1), &row);
        state = step(cx, x, state, weight, bias);
        all[t] = cm_reshape(cx, state, &one);
    }
    if (state && all[time - 1])
        joined = join_steps(cx, all, time);
    cm_free(cx, all);
    return joined;
}

static cm_tensor *gru_step(cm_ctx *cx, cm_tensor *projected, cm_tensor *h, cm_tensor *weight,
                           cm_tensor *bias)
{
    int64_t hidden = dim_of(h, 1);
    cm_tensor *own = linear(cx, h, weight, bias);
    cm_tensor *rz =
        cm_sigmoid(cx, cm_add(cx, gate(cx, projected, hidden, 0, 2), gate(cx, own, hidden, 0, 2)));
    cm_tensor *candidate =
        cm_tanh(cx, cm_add(cx, gate(cx, projected, hidden, 2, 3),
                           cm_mul(cx, gate(cx, rz, hidden, 0, 1), gate(cx, own, hidden, 2, 3))));
    return cm_add(cx, candidate, cm_mul(cx, gate(cx, rz, hidden, 1, 2), cm_sub(cx, h, candidate)));
}

static cm_tensor *gru_cell_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in, (void)p;
    cm_tensor *x = in[0], *h = in[1];
    if (!need_ndim(cx, x, 2, "[batch, inputs]") || !need_weights(cx, x, in + 2, 3) ||
        !need_state(cx, h, "h", dim_of(x, 0), dim_of(in[3], 1)))
        return NULL;
    return gru_step(cx, linear(cx, x, in[2], in[4]), h, in[3], in[5]);
}

/* The state [batch, 2 hidden] holds h, then c. */
static cm_tensor *lstm_step(cm_ctx *cx, cm_tensor *projected, cm_tensor *state, cm_tensor *weight,
                            cm_tensor *bias)
{
    int64_t hidden = dim_of(state, 1) / 2;
    cm_tensor *own = linear(cx, gate(cx, state, hidden, 0, 1), weight, bias);
    cm_tensor *sum = cm_add(cx, projected, own);
    cm_tensor *keep = cm_sigmoid(cx, gate(cx, sum, hidden, 0, 2));
    cm_tensor *candidate = cm_tanh(cx, gate(cx, sum, hidden, 2, 3));
    cm_tensor *c =
        cm_add(cx, cm_mul(cx, gate(cx, keep, hidden, 1, 2), gate(cx, state, hidden, 1, 2)),
               cm_mul(cx, gate(cx, keep, hidden, 0, 1), candidate));
    cm_tensor *h = cm_mul(cx, cm_sigmoid(cx, gate(cx, sum, hidden, 3, 4)), cm_tanh(cx, c));
    return cm_apply(cx, &cm_op_concat, (cm_tensor *const[]){h, c}, 2, &(cm_params){.i = {1}});
}

static cm_tensor *lstm_cell_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in, (void)p;
    cm_tensor *x = in[0], *state = in[1];
    if (!need_ndim(cx, x, 2, "[batch, inputs]") || !need_weights(cx, x, in + 2, 4) ||
        !need_state(cx, state, "state", dim_of(x, 0), 2 * dim_of(in[3], 1)))
        return NULL;
    return lstm_step(cx, linear(cx, x, in[2], in[4]), state, in[3], in[5]);
}

/* projected [batch, time, 3 hidden], weight, bias, state or none; ids = lengths */
static bool gru_scan_shape(cm_call *c)
{
    const cm_tensor *x = c->in[0], *w = c->in[1];
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    if (!need_ndim(c->cx, x, 3, "[batch, time, 3 hidden]"))
        return false;
    int64_t batch = dim_of(x, 0), time = dim_of(x, 1), rows = dim_of(x, 2), hidden = rows / 3;
    cm_shape want_w = cm_shape_2d(rows, hidden), want_b = cm_shape_1d(rows);
    if (rows % 3 != 0 || !has_shape(w, &want_w) || !has_shape(c->in[2], &want_b))
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "weight_hh %s and bias_hh %s do not fit projected inputs of width %lld: "
                         "they must be [3 hidden, hidden] and [3 hidden]",
                         cm_shape_text(&w->shape, a), cm_shape_text(&c->in[2]->shape, b),
                         (long long)rows);
    if (c->n_in > 3 && !need_state(c->cx, c->in[3], "state", batch, hidden))
        return false;
    if (c->p.ids[0] && !cm_need_lengths(c->cx, c->p.ids[0], batch, time))
        return false;
    c->out_shape = x->shape;
    c->out_shape.dims[2] = hidden;
    c->work_size = time > 0 ? batch * rows : 0;
    return true;
}

static int64_t steps_of(const cm_params *p, int64_t row, int64_t time)
{
    return p->ids[0] ? cm_segment_length(p->ids[0], row) : time;
}

/* own [3 n]: U h becomes r, z and U h + c of the candidate; n [n]: the candidate. */
static void gru_gates(const cm_kernels *k, int64_t n, cm_real *own, cm_real *candidate,
                      const cm_real *x, const cm_real *bias)
{
    k->axpy(2 * n, own, 1, x);
    k->bias_act(1, 2 * n, own, bias, CM_ACT_SIGMOID);
    for (int64_t i = 0; i < n; i++) {
        own[2 * n + i] += bias[2 * n + i];
        candidate[i] = x[2 * n + i] + own[i] * own[2 * n + i];
    }
    k->bias_act(1, n, candidate, NULL, CM_ACT_TANH);
}

static void gru_scan_eval(cm_call *c)
{
    const cm_kernels *k = cm_kernels_of(c->cx);
    int64_t batch = dim_of(c->out, 0), time = dim_of(c->out, 1), n = dim_of(c->out, 2);
    if (c->out->count == 0)
        return;
    cm_matrix weight = {cm_data(c->in[1]), 1, n};
    const cm_real *bias = cm_data(c->in[2]), *start = c->n_in > 3 ? cm_data(c->in[3]) : NULL;
    for (int64_t t = 0; t < time; t++) {
        cm_matrix before = {start, n, 1};
        if (t > 0)
            before = (cm_matrix){cm_data(c->out) + (t - 1) * n, time * n, 1};
        if (before.data)
            cm_gemm(c->cx, batch, 3 * n, n, before, weight, 0, c->work, 3 * n);
        else
            memset(c->work, 0, (size_t)(batch * 3 * n) * sizeof *c->work);
        for (int64_t b = 0; b < batch; b++) {
            const cm_real *x = cm_data(c->in[0]) + (b * time + t) * 3 * n;
            const cm_real *h = before.data ? before.data + b * before.row : NULL;
            cm_real *o = cm_data(c->out) + (b * time + t) * n, *own = c->work + b * 3 * n;
            memset(o, 0, (size_t)n * sizeof *o);
            if (t >= steps_of(&c->p, b, time))
                continue;
            gru_gates(k, n, own, o, x, bias);
            for (int64_t i = 0; i < n; i++)
                o[i] += own[n + i] * ((h ? h[i] : 0) - o[i]);
        }
    }
}

static cm_tensor *gru_scan_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    cm_tensor *projected = in[0];
    cm_shape start = cm_shape_2d(dim_of(in[0], 0), dim_of(in[1], 1));
    cm_tensor *state = n_in > 3 ? in[3] : cm_tensor_full(cx, &start, 0);
    if (p->ids[0])
        projected = cm_apply_ids(cx, &cm_op_mask_steps, projected, p->ids[0]);
    if (!projected || !state)
        return NULL;
    cm_tensor *all = run_steps(cx, gru_step, projected, state, in[1], in[2]);
    return p->ids[0] ? cm_apply_ids(cx, &cm_op_mask_steps, all, p->ids[0]) : all;
}

/* The state before each step [batch, time, n]; the gates are worked out from it again, for all
 * steps in one product. */
static void states_before(const cm_vjp *v, cm_real *o, int64_t batch, int64_t time, int64_t n)
{
    size_t row = (size_t)n * sizeof *o;
    for (int64_t b = 0; b < batch; b++, o += time * n) {
        if (v->n_in > 3)
            memcpy(o, cm_data(v->in[3]) + b * n, row);
        else
            memset(o, 0, row);
        memcpy(o + n, cm_data(v->out) + b * time * n, (size_t)(time - 1) * row);
    }
}

/* One row of one step back. own: as from gru_gates, becomes the gradient by U h + c; gx: the
 * candidate behind 2 n, becomes the gradient by x; carry: the gradient by the state after the step
 * becomes what reaches the state before it directly. */
static void gru_row_back(int64_t n, cm_real *own, cm_real *gx, cm_real *carry, const cm_real *h,
                         const cm_real *g)
{
    for (int64_t i = 0; i < n; i++) {
        cm_real r = own[i], z = own[n + i], c = gx[2 * n + i], d = carry[i] + g[i];
        cm_real dn = d * (1 - z) * (1 - c * c);
        gx[i] = dn * own[2 * n + i] * r * (1 - r);
        gx[n + i] = d * (h[i] - c) * z * (1 - z);
        gx[2 * n + i] = dn;
        own[i] = gx[i];
        own[n + i] = gx[n + i];
        own[2 * n + i] = dn * r;
        carry[i] = d * z;
    }
}

static cm_tensor *gradient_of(cm_vjp *v, int i)
{
    return v->into && v->into[i] ? v->into[i] : cm_tensor_full(v->cx, &v->edges[i].shape, 0);
}

static void gru_scan_fast_vjp(cm_vjp *v)
{
    const cm_kernels *k = cm_kernels_of(v->cx);
    int64_t batch = dim_of(v->out, 0), time = dim_of(v->out, 1), n = dim_of(v->out, 2);
    cm_shape start = cm_shape_2d(batch, n);
    cm_tensor *before = cm_tensor_new(v->cx, &v->out->shape);
    cm_tensor *own = cm_tensor_new(v->cx, &v->edges[0].shape);
    cm_tensor *gx = cm_tensor_full(v->cx, &v->edges[0].shape, 0);
    cm_tensor *gw = gradient_of(v, 1), *gb = gradient_of(v, 2);
    cm_tensor *carry = cm_tensor_full(v->cx, &start, 0);
    if (!before || !own || !gx || !gw || !gb || !carry)
        return;
    cm_real *a = cm_data(own), *w = cm_data(v->in[1]);
    if (v->out->count > 0) {
        states_before(v, cm_data(before), batch, time, n);
        cm_gemm(v->cx, batch * time, 3 * n, n, (cm_matrix){cm_data(before), n, 1},
                (cm_matrix){w, 1, n}, 0, a, 3 * n);
    }
    for (int64_t t = v->out->count > 0 ? time : 0; t-- > 0;) {
        for (int64_t b = 0; b < batch; b++) {
            int64_t row = b * time + t;
            if (t >= steps_of(v->p, b, time)) {
                memset(a + row * 3 * n, 0, (size_t)(3 * n) * sizeof *a);
                continue;
            }
            cm_real *out = cm_data(gx) + row * 3 * n;
            gru_gates(k, n, a + row * 3 * n, out + 2 * n, cm_data(v->in[0]) + row * 3 * n,
                      cm_data(v->in[2]));
            gru_row_back(n, a + row * 3 * n, out, cm_data(carry) + b * n, cm_data(before) + row * n,
                         cm_data(v->g) + row * n);
        }
        cm_gemm(v->cx, batch, n, 3 * n, (cm_matrix){a + t * 3 * n, time * 3 * n, 1},
                (cm_matrix){w, n, 1}, 1, cm_data(carry), n);
    }
    if (v->out->count > 0) {
        cm_gemm(v->cx, 3 * n, n, batch * time, (cm_matrix){a, 1, 3 * n},
                (cm_matrix){cm_data(before), n, 1}, 1, cm_data(gw), n);
        k->add_rows(batch * time, 3 * n, cm_data(gb), a);
    }
    v->gin[0] = gx;
    v->gin[1] = gw;
    v->gin[2] = gb;
    if (v->n_in > 3)
        v->gin[3] = carry;
}

static cm_tensor *gru_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    cm_tensor *x = in[0];
    if (!need_ndim(cx, x, 3, "[batch, time, inputs]") || !need_weights(cx, x, in + 1, 3))
        return NULL;
    if (p->ids[0]) /* padding may hold anything */
        x = cm_apply_ids(cx, &cm_op_mask_steps, x, p->ids[0]);
    cm_tensor *const all[] = {linear(cx, x, in[1], in[3]), in[2], in[4], n_in > 5 ? in[5] : NULL};
    return cm_apply(cx, &cm_op_gru_scan, all, n_in > 5 ? 4 : 3, p);
}

static cm_tensor *lstm_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    cm_tensor *x = in[0];
    cm_ids *lengths = p->ids[0];
    if (!need_ndim(cx, x, 3, "[batch, time, inputs]") || !need_weights(cx, x, in + 1, 4))
        return NULL;
    cm_shape start = cm_shape_2d(dim_of(x, 0), 2 * dim_of(in[2], 1));
    if (n_in > 5 && !need_state(cx, in[5], "state", start.dims[0], start.dims[1]))
        return NULL;
    if (lengths && !cm_need_lengths(cx, lengths, dim_of(x, 0), dim_of(x, 1)))
        return NULL;
    cm_tensor *state = n_in > 5 ? in[5] : cm_tensor_full(cx, &start, 0);
    if (lengths) /* padding may hold anything */
        x = cm_apply_ids(cx, &cm_op_mask_steps, x, lengths);
    cm_tensor *projected = linear(cx, x, in[1], in[3]);
    if (!projected || !state)
        return NULL;
    cm_tensor *all = run_steps(cx, lstm_step, projected, state, in[2], in[4]);
    return lengths ? cm_apply_ids(cx, &cm_op_mask_steps, all, lengths) : all;
}

// clang-format off
const cm_op cm_op_gru_cell = {.name = "gru_cell",
    .args = "x:t h:t weight_ih:t weight_hh:t bias_ih:t bias_hh:t",
    .doc = "one step of a GRU: x [batch, inputs], h [batch, hidden], weight_ih [3 hidden, inputs], "
           "weight_hh [3 hidden, hidden], biases [3 hidden] (gate rows r, z, n) give the next h: "
           "(1 - z) n + z h, n = tanh(W x + b + r (U h + c))",
    .expand = gru_cell_expand};
const cm_op cm_op_gru = {.name = "gru",
    .args = "x:t weight_ih:t weight_hh:t bias_ih:t bias_hh:t state:t? lengths:S?",
    .doc = "a GRU over x [batch, time, inputs], weights as for gru_cell: the states after all steps "
           "[batch, time, hidden], starting from state [batch, hidden] or zeros; behind "
           "lengths[k] steps of row k they are 0 (last_step gives the last valid ones)",
    .expand = gru_expand};
const cm_op cm_op_gru_scan = {.name = "gru_scan",
    .args = "projected:t weight_hh:t bias_hh:t state:t? lengths:S?",
    .doc = "the recurrent part of gru: projected [batch, time, 3 hidden] holds weight_ih x + "
           "bias_ih; weight_hh [3 hidden, hidden], bias_hh [3 hidden]; gives [batch, time, hidden]",
    .shape = gru_scan_shape, .eval = gru_scan_eval, .expand = gru_scan_expand,
    .fast_vjp = gru_scan_fast_vjp, .saves = CM_SAVE_ALL_IN | CM_SAVE_OUT,
    .flags = CM_CONTIGUOUS};
const cm_op cm_op_lstm_cell = {.name = "lstm_cell",
    .args = "x:t state:t weight_ih:t weight_hh:t bias_ih:t bias_hh:t",
    .doc = "one step of an LSTM: x [batch, inputs], state [batch, 2 hidden] holding h, then c, "
           "weight_ih [4 hidden, inputs], weight_hh [4 hidden, hidden], biases [4 hidden] (gate "
           "rows i, f, g, o) give the next state: c = f c + i g, h = o tanh(c)",
    .expand = lstm_cell_expand};
const cm_op cm_op_lstm = {.name = "lstm",
    .args = "x:t weight_ih:t weight_hh:t bias_ih:t bias_hh:t state:t? lengths:S?",
    .doc = "an LSTM over x [batch, time, inputs], weights and states as for lstm_cell: the states "
           "after all steps [batch, time, 2 hidden], starting from state [batch, 2 hidden] or "
           "zeros; behind lengths[k] steps of row k they are 0",
    .expand = lstm_expand};
// clang-format on
