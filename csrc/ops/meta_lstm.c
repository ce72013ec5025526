/* meta_lstm.c - an LSTM that says how far each coordinate of a parameter moves (Ravi and Larochelle
 * 2017; coordinate by coordinate as in Andrychowicz et al. 2016, with a layer norm as in S2Meta).
 * The forward pass keeps nothing: gates are computed again on the way back, block by block, which
 * is as quick as to read them from memory, and takes a fraction of it. */
#include "kernels/panels.h"
#include "ops/ops.h"
#include <string.h>

#define N CM_PANEL

enum { X, STEP, STATE, WEIGHT, BIAS, NORM, GATES, INPUTS };

/* x [tasks, inputs, n], state [tasks, kept, n] with kept = 2 hidden + 1. */
typedef struct sizes {
    int64_t tasks, n, inputs, hidden, kept;
} sizes;

static sizes sizes_of(const cm_shape *x, const cm_shape *state)
{
    int64_t kept = state->dims[1];
    return (sizes){x->dims[0], x->dims[2], x->dims[1], (kept - 1) / 2, kept};
}

/* How many rows of 32 numbers a block has. */
static int64_t block_rows(sizes s)
{
    return s.inputs + 2 * s.kept + 6 * s.hidden + 4;
}

static bool fits(cm_call *c, int input, const cm_shape *want, const char *form)
{
    static const char *const name[] = {"x", "step", "state", "weight", "bias", "norm", "gates"};
    const cm_shape *own = &c->in[input]->shape;
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    return cm_shape_equal(own, want) ||
           cm_refuse(c->cx, CM_ERR_SHAPE, "%s %s must be %s, that is %s", name[input],
                     cm_shape_text(own, a), form, cm_shape_text(want, b));
}

static bool meta_lstm_shape(cm_call *c)
{
    const cm_shape *x = &c->in[X]->shape, *state = &c->in[STATE]->shape;
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    if (x->ndim != 3 || state->ndim != 3 || state->dims[1] < 3 || state->dims[1] % 2 == 0)
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "x %s must be [tasks, inputs, n], and state %s [tasks, 2 hidden + 1, n]",
                         cm_shape_text(x, a), cm_shape_text(state, b));
    sizes s = sizes_of(x, state);
    cm_shape want[INPUTS] = {[STEP] = cm_shape_2d(s.tasks, s.n),
                             [STATE] = {3, {s.tasks, s.kept, s.n}},
                             [WEIGHT] = cm_shape_2d(4 * s.hidden, s.inputs + s.hidden),
                             [BIAS] = cm_shape_1d(4 * s.hidden),
                             [NORM] = cm_shape_2d(2, s.hidden),
                             [GATES] = cm_shape_2d(2, s.hidden + 1)};
    if (!(c->p.x[0] >= 0))
        return cm_refuse(c->cx, CM_ERR_ARGUMENT, "eps must be 0 or more, not %g", c->p.x[0]);
    c->out_shape = want[STATE];
    c->work_size = block_rows(s) * N;
    return fits(c, STATE, &want[STATE], "[tasks, 2 hidden + 1, n]") &&
           fits(c, STEP, &want[STEP], "[tasks, n]") &&
           fits(c, WEIGHT, &want[WEIGHT], "[4 hidden, inputs + hidden]") &&
           fits(c, BIAS, &want[BIAS], "[4 hidden]") && fits(c, NORM, &want[NORM], "[2, hidden]") &&
           fits(c, GATES, &want[GATES], "[2, hidden + 1]");
}

/* [tasks, k, n] as rows of k, [tasks n, k], and back. */
static cm_tensor *to_rows(cm_ctx *cx, cm_tensor *x, int64_t n)
{
    cm_params order = {.shape = {3, {0, 2, 1}}};
    cm_shape rows = cm_shape_2d(x->shape.dims[0] * n, x->shape.dims[1]);
    return cm_reshape(cx, cm_apply(cx, &cm_op_permute, (cm_tensor *const[]){x}, 1, &order), &rows);
}

static cm_tensor *from_rows(cm_ctx *cx, cm_tensor *rows, sizes s)
{
    cm_params order = {.shape = {3, {0, 2, 1}}};
    cm_shape split = {3, {s.tasks, s.n, s.kept}};
    cm_tensor *x = cm_reshape(cx, rows, &split);
    return cm_apply(cx, &cm_op_permute, (cm_tensor *const[]){x}, 1, &order);
}

/* A row or column of a matrix as a vector. */
static cm_tensor *part(cm_ctx *cx, cm_tensor *x, int dim, int64_t at)
{
    cm_shape flat = cm_shape_1d(x->shape.dims[1 - dim]);
    return cm_reshape(cx, cm_slice(cx, x, dim, at, at + 1), &flat);
}

static cm_tensor *meta_lstm_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    sizes s = sizes_of(&in[X]->shape, &in[STATE]->shape);
    int64_t h = s.hidden, width = s.inputs + h;
    cm_shape row = cm_shape_1d(4 * h), column = cm_shape_2d(s.tasks * s.n, 1);
    cm_tensor *state = to_rows(cx, in[STATE], s.n), *x = to_rows(cx, in[X], s.n);
    if (!state || !x)
        return NULL;
    cm_tensor *cell[] = {x,
                         cm_slice(cx, state, 1, 0, 2 * h),
                         cm_slice(cx, in[WEIGHT], 1, 0, s.inputs),
                         cm_slice(cx, in[WEIGHT], 1, s.inputs, width),
                         in[BIAS],
                         cm_tensor_full(cx, &row, 0)};
    cm_tensor *both = cm_apply(cx, &cm_op_lstm_cell, cell, 6, NULL);
    if (!both)
        return NULL;
    cm_tensor *norm[] = {cm_slice(cx, both, 1, 0, h), part(cx, in[NORM], 0, 0),
                         part(cx, in[NORM], 0, 1)};
    cm_tensor *next = cm_apply(cx, &cm_op_layer_norm, norm, 3, &(cm_params){.x = {p->x[0]}});
    cm_tensor *of_gates[] = {next, cm_slice(cx, in[GATES], 1, 0, h), part(cx, in[GATES], 1, h)};
    cm_tensor *gates = cm_sigmoid(cx, cm_apply(cx, &cm_op_linear, of_gates, 3, NULL));
    if (!gates)
        return NULL;
    cm_tensor *theta =
        cm_mul(cx, cm_slice(cx, gates, 1, 1, 2), cm_slice(cx, state, 1, 2 * h, s.kept));
    cm_tensor *taken = cm_mul(cx, cm_slice(cx, gates, 1, 0, 1), cm_reshape(cx, in[STEP], &column));
    cm_tensor *after[] = {next, cm_slice(cx, both, 1, h, 2 * h), cm_sub(cx, theta, taken)};
    cm_tensor *rows = cm_apply(cx, &cm_op_concat, after, 3, &(cm_params){.i = {1}});
    return rows ? from_rows(cx, rows, s) : NULL;
}

/* Where the rows of a block stand in `room`; those that may be read or written where they lie are
 * `own`. */
typedef struct laid_out {
    cm_meta_block b;
    cm_real *x; /* [inputs + kept]: x, and behind it the state before */
    cm_real *own_step, *own_after;
} laid_out;

static laid_out laid_out_in(cm_real *room, sizes s)
{
    laid_out r = {.x = room, .own_step = room + (s.inputs + s.kept) * N};
    r.own_after = r.own_step + N;
    r.b.x = r.x;
    r.b.lstm = r.own_after + s.kept * N;
    r.b.squashed = r.b.lstm + 4 * s.hidden * N;
    r.b.unit = r.b.squashed + s.hidden * N;
    r.b.deviation = r.b.unit + s.hidden * N;
    r.b.open = r.b.deviation + N;
    return r;
}

static cm_meta_cell cell_of(cm_tensor *const *in, sizes s, double eps)
{
    return (cm_meta_cell){s.inputs,          s.hidden,          cm_data(in[WEIGHT]),
                          cm_data(in[BIAS]), cm_data(in[NORM]), cm_data(in[GATES]),
                          (cm_real)eps};
}

/* Rows of 32 from `columns` numbers of each of the rows of a matrix of width n; zeros behind. */
static void load(cm_real *to, const cm_real *from, int64_t rows, int64_t n, int64_t columns)
{
    for (int64_t r = 0; r < rows; r++, to += N, from += n) {
        memcpy(to, from, (size_t)columns * sizeof *to);
        memset(to + columns, 0, (size_t)(N - columns) * sizeof *to);
    }
}

static void store(cm_real *to, const cm_real *from, int64_t rows, int64_t n, int64_t columns)
{
    for (int64_t r = 0; r < rows; r++, to += n, from += N)
        memcpy(to, from, (size_t)columns * sizeof *to);
}

/* Rows as `load` gives them: where they lie if they are such, else in `room`. */
static const cm_real *seen(cm_real *room, const cm_real *from, int64_t rows, int64_t n,
                           int64_t columns)
{
    if (n != N)
        load(room, from, rows, n, columns);
    return n == N ? from : room;
}

/* Where rows may be computed: where they belong if n is 32, else in `room`, to be stored. */
static cm_real *place(cm_real *room, cm_real *to, int64_t n)
{
    return n == N ? to : room;
}

/* The columns of block `first` of a task; `after` is where its state after the step belongs, or
 * NULL. */
static void load_block(laid_out *r, cm_tensor *const *in, sizes s, int64_t task, int64_t first,
                       int64_t columns, cm_real *after)
{
    const cm_real *state = cm_data(in[STATE]) + task * s.kept * s.n + first;
    cm_real *h = r->x + s.inputs * N, *rest = h + s.hidden * N;
    load(r->x, cm_data(in[X]) + task * s.inputs * s.n + first, s.inputs, s.n, columns);
    load(h, state, s.hidden, s.n, columns);
    r->b.c = seen(rest, state + s.hidden * s.n, s.hidden + 1, s.n, columns);
    r->b.theta = r->b.c + s.hidden * N;
    r->b.step = seen(r->own_step, cm_data(in[STEP]) + task * s.n + first, 1, s.n, columns);
    r->b.after = after ? place(r->own_after, after, s.n) : r->own_after;
}

static void count_flops(cm_ctx *cx, sizes s, int64_t products)
{
    cx->counters.flops +=
        (uint64_t)(products * 8 * s.hidden * (s.inputs + s.hidden) * s.tasks * s.n);
}

static void meta_lstm_eval(cm_call *c)
{
    sizes s = sizes_of(&c->in[X]->shape, &c->in[STATE]->shape);
    laid_out r = laid_out_in(c->work, s);
    cm_meta_cell cell = cell_of(c->in, s, c->p.x[0]);
    const cm_kernels *k = cm_kernels_of(c->cx);
    for (int64_t task = 0; task < s.tasks; task++)
        for (int64_t first = 0; first < s.n; first += N) {
            int64_t columns = CM_MIN(s.n - first, N);
            cm_real *after = cm_data(c->out) + task * s.kept * s.n + first;
            load_block(&r, c->in, s, task, first, columns, after);
            k->meta_step(&cell, &r.b);
            if (r.b.after != after)
                store(after, r.b.after, s.kept, s.n, columns);
        }
    count_flops(c->cx, s, 1);
}

/* What the walk back over the blocks shares. */
typedef struct back {
    sizes s;
    laid_out r;
    cm_meta_gradient g;
    cm_real *of_after; /* [kept] gradients of the state after, */
    cm_real *of_x;     /* [inputs] of x, */
    cm_real *before;   /* [kept] of the state before, */
    cm_real *of_step;  /* [1] and of the step */
    cm_real *features; /* x, h and 1 of the 32 coordinates, in panels */
    cm_real *sums;     /* [4 hidden, columns of the panels]: gradients of weight and bias */
    cm_real *turned;   /* the weight, transposed */
    int64_t width;     /* columns of the panels */
} back;

static int64_t back_size(sizes s, int64_t width)
{
    int64_t rows =
        block_rows(s) + s.kept + s.inputs + s.kept + 1 + 2 * s.hidden + 2 * (s.hidden + 1);
    return rows * N + width * N + 4 * s.hidden * (width + s.inputs + s.hidden);
}

static back back_in(cm_real *room, sizes s, int64_t width)
{
    back k = {.s = s, .r = laid_out_in(room, s), .width = width};
    k.of_after = room + block_rows(s) * N;
    k.of_x = k.of_after + s.kept * N;
    k.before = k.of_x + s.inputs * N;
    k.of_step = k.before + s.kept * N;
    k.g.norm = k.of_step + N;
    k.g.gates = k.g.norm + 2 * s.hidden * N;
    k.features = k.g.gates + 2 * (s.hidden + 1) * N;
    k.sums = k.features + width * N;
    k.turned = k.sums + 4 * s.hidden * width;
    memset(k.g.norm, 0, (size_t)((4 * s.hidden + 2) * N) * sizeof *k.g.norm);
    memset(k.features, 0, (size_t)(width * N) * sizeof *k.features);
    memset(k.sums, 0, (size_t)(4 * s.hidden * width) * sizeof *k.sums);
    return k;
}

/* Rows x, h and 1 of a block as columns of panels. */
static void turn_features(const back *k)
{
    int64_t features = k->s.inputs + k->s.hidden;
    for (int64_t f = 0; f <= features; f++) {
        cm_real *to = k->features + f / N * N * N + f % N;
        const cm_real *from = k->r.x + f * N;
        for (int i = 0; i < N; i++)
            to[i * N] = f < features ? from[i] : 1;
    }
}

/* The gradients of a block, once its columns are loaded; those of x in of_x, of h at `h`. */
static void block_back(const cm_vjp *v, const back *k, const cm_meta_cell *cell, cm_real *h)
{
    const cm_kernels *kernels = cm_kernels_of(v->cx);
    int64_t gates = 4 * k->s.hidden, inputs = k->s.inputs;
    kernels->meta_step(cell, &k->r.b);
    kernels->meta_back(cell, &k->r.b, &k->g);
    kernels->panel_product(k->s.hidden, N, gates, k->turned + inputs * gates, gates, k->r.b.lstm,
                           false, h, N);
    if (v->need[X])
        kernels->panel_product(inputs, N, gates, k->turned, gates, k->r.b.lstm, false, k->of_x, N);
    if (v->need[WEIGHT] || v->need[BIAS]) {
        turn_features(k);
        kernels->panel_product(gates, k->width, N, k->r.b.lstm, N, k->features, true, k->sums,
                               k->width);
    }
}

/* Loads block `first` of a task with its gradients, and walks back over it. */
static void walk_block(cm_vjp *v, back *k, const cm_meta_cell *cell, int64_t task, int64_t first)
{
    sizes s = k->s;
    int64_t columns = CM_MIN(s.n - first, N), at = task * s.kept * s.n + first;
    const cm_real *g = cm_data(v->g) + at;
    cm_real *state = cm_data(v->gin[STATE]) + at, *before = place(k->before, state, s.n);
    load_block(&k->r, v->in, s, task, first, columns, NULL);
    load(k->of_after, g, s.hidden, s.n, columns);
    k->g.h = k->of_after;
    k->g.c_after = seen(k->of_after + s.hidden * N, g + s.hidden * s.n, s.hidden + 1, s.n, columns);
    k->g.after = k->g.c_after + s.hidden * N;
    k->g.c = before + s.hidden * N;
    k->g.theta = k->g.c + s.hidden * N;
    k->g.step = k->of_step;
    block_back(v, k, cell, before);
    if (before != state)
        store(state, before, s.kept, s.n, columns);
    if (v->gin[X])
        store(cm_data(v->gin[X]) + task * s.inputs * s.n + first, k->of_x, s.inputs, s.n, columns);
    if (v->gin[STEP])
        store(cm_data(v->gin[STEP]) + task * s.n + first, k->of_step, 1, s.n, columns);
}

static void walk_back(cm_vjp *v, back *k)
{
    cm_meta_cell cell = cell_of(v->in, k->s, v->p->x[0]);
    for (int64_t task = 0; task < k->s.tasks; task++)
        for (int64_t first = 0; first < k->s.n; first += N)
            walk_block(v, k, &cell, task, first);
    count_flops(v->cx, k->s, 3);
}

/* Adds the sums that a block made for each of its columns. */
static void add_sums(cm_vjp *v, int input, const cm_real *sums)
{
    if (!v->gin[input])
        return;
    cm_real *o = cm_data(v->gin[input]);
    for (int64_t i = 0; i < v->gin[input]->count; i++)
        o[i] += cm_kernels_of(v->cx)->sum(N, sums + i * N);
}

static void add_weights(cm_vjp *v, const back *k)
{
    int64_t width = k->s.inputs + k->s.hidden;
    for (int64_t r = 0; r < 4 * k->s.hidden; r++) {
        const cm_real *sums = k->sums + r * k->width;
        for (int64_t i = 0; i < width && v->gin[WEIGHT]; i++)
            cm_data(v->gin[WEIGHT])[r * width + i] += sums[i];
        if (v->gin[BIAS])
            cm_data(v->gin[BIAS])[r] += sums[width];
    }
}

static void meta_lstm_fast_vjp(cm_vjp *v)
{
    sizes s = sizes_of(&v->edges[X].shape, &v->edges[STATE].shape);
    int64_t features = s.inputs + s.hidden, gates = 4 * s.hidden;
    int64_t width = (features + N) / N * N; /* of features + 1 columns in panels */
    cm_shape room = cm_shape_1d(back_size(s, width));
    cm_tensor *work = cm_tensor_new(v->cx, &room);
    bool ok = work != NULL;
    for (int i = 0; i < INPUTS && ok; i++) {
        if (i == STATE || (i < STATE && v->need[i]))
            v->gin[i] = cm_tensor_new(v->cx, &v->edges[i].shape);
        else if (v->need[i])
            v->gin[i] = cm_vjp_target(v, i);
        ok = v->gin[i] || (i != STATE && !v->need[i]);
    }
    if (!ok)
        return;
    back k = back_in(cm_data(work), s, width);
    const cm_real *weight = cm_data(v->in[WEIGHT]);
    for (int64_t r = 0; r < gates; r++)
        for (int64_t i = 0; i < features; i++)
            k.turned[i * gates + r] = weight[r * features + i];
    walk_back(v, &k);
    add_weights(v, &k);
    add_sums(v, NORM, k.g.norm);
    add_sums(v, GATES, k.g.gates);
}

// clang-format off
const cm_op cm_op_meta_lstm_cell = {.name = "meta_lstm_cell",
    .args = "x:t step:t state:t weight:t bias:t norm:t gates:t eps:x=1e-5",
    .doc = "one step of an LSTM that updates parameters coordinate by coordinate: x [tasks, inputs, n] and "
           "state [tasks, 2 hidden + 1, n] holding h, c and the parameter theta give the next state: h "
           "and c as of lstm_cell with weight [4 hidden, inputs + hidden] of x and h, and bias [4 "
           "hidden] (gate rows i, f, g, o); h then normalised as by layer_norm with norm [2, hidden] "
           "(weight, bias); with (a, b) = sigmoid(gates [2, hidden + 1] of h and 1), theta = b theta - "
           "a step, step [tasks, n] (Ravi and Larochelle 2017; S2Meta, Du et al. 2019)",
    .shape = meta_lstm_shape, .eval = meta_lstm_eval, .expand = meta_lstm_expand,
    .fast_vjp = meta_lstm_fast_vjp, .saves = CM_SAVE_ALL_IN, .flags = CM_CONTIGUOUS};
// clang-format on
