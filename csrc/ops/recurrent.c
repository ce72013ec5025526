/* recurrent.c - LSTM, and GRU (Cho et al. 2014, in the form of cuDNN and PyTorch: the reset gate
 * scales the recurrent part of the candidate after its bias). Gate rows: r, z, n for a GRU,
 * i, f, g, o for an LSTM. */
#include "ops/recurrent.h"

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

bool cm_need_state(cm_ctx *cx, const cm_tensor *state, const char *what, int64_t batch,
                   int64_t width)
{
    cm_shape want = cm_shape_2d(batch, width);
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    if (has_shape(state, &want))
        return true;
    return cm_refuse(cx, CM_ERR_SHAPE, "%s %s must be %s, for a batch of %lld", what,
                     cm_shape_text(&state->shape, a), cm_shape_text(&want, b), (long long)batch);
}

bool cm_need_form(cm_ctx *cx, const cm_tensor *x, int ndim, const char *form)
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

const cm_cell cm_cell_gru = {
    .gates = 3, .parts = 1, .projected = "[batch, time, 3 hidden]", .step = gru_step};
const cm_cell cm_cell_lstm = {
    .gates = 4, .parts = 2, .projected = "[batch, time, 4 hidden]", .step = lstm_step};

/* in = {x [batch, inputs], state, weight_ih, weight_hh, bias_ih, bias_hh} */
static cm_tensor *one_step(cm_ctx *cx, const cm_cell *cell, const char *state_name,
                           cm_tensor *const *in)
{
    cm_tensor *x = in[0], *state = in[1];
    if (!cm_need_form(cx, x, 2, "[batch, inputs]") || !need_weights(cx, x, in + 2, cell->gates) ||
        !cm_need_state(cx, state, state_name, dim_of(x, 0), cell->parts * dim_of(in[3], 1)))
        return NULL;
    return cell->step(cx, linear(cx, x, in[2], in[4]), state, in[3], in[5]);
}

static cm_tensor *gru_cell_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in, (void)p;
    return one_step(cx, &cm_cell_gru, "h", in);
}

static cm_tensor *lstm_cell_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in, (void)p;
    return one_step(cx, &cm_cell_lstm, "state", in);
}

/* in = {x [batch, time, inputs], weight_ih, weight_hh, bias_ih, bias_hh, state or absent};
 * ids = lengths */
static cm_tensor *all_steps(cm_ctx *cx, const cm_cell *cell, const cm_op *scan,
                            cm_tensor *const *in, int n_in, const cm_params *p)
{
    cm_tensor *x = in[0];
    if (!cm_need_form(cx, x, 3, "[batch, time, inputs]") ||
        !need_weights(cx, x, in + 1, cell->gates))
        return NULL;
    if (p->ids[0]) /* the padding may hold anything */
        x = cm_mask_steps(cx, x, p->ids[0]);
    cm_tensor *rest[] = {linear(cx, x, in[1], in[3]), in[2], in[4], NULL};
    if (n_in > 5)
        rest[3] = in[5];
    return cm_apply(cx, scan, rest, n_in - 2, p);
}

static cm_tensor *gru_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    return all_steps(cx, &cm_cell_gru, &cm_op_gru_scan, in, n_in, p);
}

static cm_tensor *lstm_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    return all_steps(cx, &cm_cell_lstm, &cm_op_lstm_scan, in, n_in, p);
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
