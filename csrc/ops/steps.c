/* steps.c - gradient steps of several tasks on an MLP with two hidden ReLU layers, in one op: all
 * of a task stays in cache while its steps are taken. */
#include "kernels/blas.h"
#include "ops/ops.h"
#include <string.h>

enum { BASE, KERNEL, LABELS, SHARES, WEIGHT, BIAS, LAST, INPUTS };

/* Rows of a task, units of the two layers, tasks, steps. */
typedef struct sizes {
    int64_t n, h, u, tasks, steps;
} sizes;

static sizes sizes_of(const cm_shape *base, const cm_shape *weight, const cm_params *p)
{
    return (sizes){base->dims[1], base->dims[2], weight->dims[0], base->dims[0], (int64_t)p->i[0]};
}

/* What the steps have made of a task: the sums [n, h] of the first layer's deltas, negated, weight
 * [u, h] and bias [u] of the second layer, weight and bias [u + 1] of the last. */
typedef struct state {
    cm_real *sums, *weight, *bias, *last;
} state;

static int64_t state_size(const sizes *s)
{
    return s->n * s->h + s->u * s->h + 2 * s->u + 1;
}

static state state_at(const sizes *s, cm_real *at)
{
    state x = {.sums = at};
    x.weight = x.sums + s->n * s->h;
    x.bias = x.weight + s->u * s->h;
    x.last = x.bias + s->u;
    return x;
}

/* What a step leaves for its derivative: the state that it begins with, activations [n, h] and
 * [n, u], errors [n], and the deltas, negated, of the last and the second layer, [n] and [n, u]. */
typedef struct moment {
    state at;
    cm_real *a1, *a2, *error, *e3, *e2;
} moment;

static int64_t moment_size(const sizes *s)
{
    return state_size(s) + s->n * (s->h + 2 * s->u + 2);
}

static moment moment_at(const sizes *s, cm_real *at)
{
    moment m = {.at = state_at(s, at)};
    m.a1 = at + state_size(s);
    m.a2 = m.a1 + s->n * s->h;
    m.error = m.a2 + s->n * s->u;
    m.e3 = m.error + s->n;
    m.e2 = m.e3 + s->n;
    return m;
}

static bool relu_steps_shape(cm_call *c)
{
    static const char *const names[INPUTS] = {"base",   "kernel", "labels", "shares",
                                              "weight", "bias",   "last"};
    char got[CM_SHAPE_TEXT], want[CM_SHAPE_TEXT];
    int64_t all;
    if (!cm_need_dims(c, c->in[BASE], 3, "base") || !cm_need_dims(c, c->in[WEIGHT], 2, "weight"))
        return false;
    sizes s = sizes_of(&c->in[BASE]->shape, &c->in[WEIGHT]->shape, &c->p);
    if (s.steps < 0)
        return cm_refuse(c->cx, CM_ERR_ARGUMENT, "steps must be at least 0, not %lld",
                         (long long)s.steps);
    const cm_shape wanted[INPUTS] = {
        [BASE] = c->in[BASE]->shape,          [KERNEL] = {.ndim = 3, .dims = {s.tasks, s.n, s.n}},
        [LABELS] = cm_shape_2d(s.tasks, s.n), [SHARES] = cm_shape_2d(s.tasks, s.n),
        [WEIGHT] = cm_shape_2d(s.u, s.h),     [BIAS] = cm_shape_1d(s.u),
        [LAST] = cm_shape_1d(s.u + 1),
    };
    for (int i = 0; i < INPUTS; i++)
        if (!cm_shape_equal(&c->in[i]->shape, &wanted[i]))
            return cm_refuse(c->cx, CM_ERR_SHAPE, "%s has shape %s, but must have %s", names[i],
                             cm_shape_text(&c->in[i]->shape, got), cm_shape_text(&wanted[i], want));
    c->out_shape = cm_shape_2d(s.tasks, state_size(&s));
    cm_shape kept = {.ndim = 3, .dims = {s.tasks, CM_MAX(s.steps, 1), moment_size(&s)}};
    if (!cm_shape_count(c->cx, &c->out_shape, &all) || !cm_shape_count(c->cx, &kept, &all))
        return false;
    c->keep_size = all;
    c->work_size = moment_size(&s) + s.n * s.h;
    return true;
}

static cm_matrix plain(const cm_real *x, int64_t columns)
{
    return (cm_matrix){x, columns, 1};
}

static cm_matrix turned(const cm_real *x, int64_t columns)
{
    return (cm_matrix){x, 1, columns};
}

static void copy(int64_t n, cm_real *to, const cm_real *from)
{
    memcpy(to, from, (size_t)n * sizeof *to);
}

static void zero(int64_t n, cm_real *x)
{
    memset(x, 0, (size_t)n * sizeof *x);
}

/* x [n, u] = the outer product of a [n] and b [u], added to x unless it is `fresh`. */
static void outer(const cm_kernels *k, int64_t n, int64_t u, cm_real *x, const cm_real *a,
                  const cm_real *b, bool fresh)
{
    if (fresh)
        zero(n * u, x);
    for (int64_t r = 0; r < n; r++)
        k->axpy(u, x + r * u, a[r], b);
}

/* One step of a task, whose inputs begin at `in`; the state x becomes that behind the step. e1 [n,
 * h] is room. */
static void take_step(cm_ctx *cx, const sizes *s, const cm_real *const *in, state *x, moment *m,
                      cm_real *e1)
{
    const cm_kernels *k = cm_kernels_of(cx);
    int64_t n = s->n, h = s->h, u = s->u;
    copy(state_size(s), m->at.sums, x->sums);
    const state *at = &m->at;
    copy(n * h, m->a1, in[BASE]);
    cm_gemm(cx, n, h, n, plain(in[KERNEL], n), plain(at->sums, h), 1, m->a1, h);
    k->bias_act(n, h, m->a1, NULL, CM_ACT_RELU);
    cm_gemm(cx, n, u, h, plain(m->a1, h), turned(at->weight, h), 0, m->a2, u);
    k->bias_act(n, u, m->a2, at->bias, CM_ACT_RELU);
    k->row_dots(n, u, m->error, m->a2, NULL, at->last);
    for (int64_t r = 0; r < n; r++) {
        m->error[r] = in[LABELS][r] - m->error[r] - at->last[u];
        m->e3[r] = m->error[r] * in[SHARES][r];
    }
    outer(k, n, u, m->e2, m->e3, at->last, true);
    k->act_grad(n * u, m->e2, m->e2, m->a2, CM_ACT_RELU);
    k->weighted_rows(n, u, x->last, m->a2, NULL, m->e3);
    x->last[u] += k->sum(n, m->e3);
    k->add_rows(n, u, x->bias, m->e2);
    cm_gemm(cx, u, h, n, turned(m->e2, u), plain(m->a1, h), 1, x->weight, h);
    cm_gemm(cx, n, h, u, plain(m->e2, u), plain(at->weight, h), 0, e1, h);
    k->act_grad(n * h, e1, e1, m->a1, CM_ACT_RELU);
    k->axpy(n * h, x->sums, 1, e1);
}

/* Where the inputs of task t begin: those of the shared weights are the same for all. */
static void inputs_of(const sizes *s, cm_tensor *const *in, int64_t t, const cm_real **at)
{
    at[BASE] = cm_data(in[BASE]) + t * s->n * s->h;
    at[KERNEL] = cm_data(in[KERNEL]) + t * s->n * s->n;
    at[LABELS] = cm_data(in[LABELS]) + t * s->n;
    at[SHARES] = cm_data(in[SHARES]) + t * s->n;
    for (int i = WEIGHT; i < INPUTS; i++)
        at[i] = cm_data(in[i]);
}

static void relu_steps_eval(cm_call *c)
{
    sizes s = sizes_of(&c->in[BASE]->shape, &c->in[WEIGHT]->shape, &c->p);
    const cm_real *in[INPUTS];
    for (int64_t t = 0; t < s.tasks; t++) {
        inputs_of(&s, c->in, t, in);
        state x = state_at(&s, cm_data(c->out) + t * state_size(&s));
        zero(s.n * s.h, x.sums);
        copy(s.u * s.h, x.weight, in[WEIGHT]);
        copy(s.u, x.bias, in[BIAS]);
        copy(s.u + 1, x.last, in[LAST]);
        for (int64_t k = 0; k < s.steps; k++) {
            cm_real *at = c->kept ? c->kept + (t * s.steps + k) * moment_size(&s) : c->work;
            moment m = moment_at(&s, at);
            take_step(c->cx, &s, in, &x, &m, c->work + moment_size(&s));
        }
    }
}

/* Room for gradients within a step: [n, h], [n, h], [n, u], [n, u], [u + 1], [n], [n]. */
typedef struct slopes {
    cm_real *d, *a1, *e2, *a2, *last, *e3, *error;
} slopes;

static int64_t slopes_size(const sizes *s)
{
    return 2 * s->n * (s->h + s->u + 1) + s->u + 1;
}

static slopes slopes_at(const sizes *s, cm_real *at)
{
    slopes w = {.d = at};
    w.a1 = w.d + s->n * s->h;
    w.e2 = w.a1 + s->n * s->h;
    w.a2 = w.e2 + s->n * s->u;
    w.last = w.a2 + s->n * s->u;
    w.e3 = w.last + s->u + 1;
    w.error = w.e3 + s->n;
    return w;
}

/* The gradients of a task's inputs; NULL for those that are not asked for. */
typedef struct targets {
    cm_real *base, *kernel, *labels, *shares;
} targets;

/* The last layer's part of a step back: from the gradient of the second layer's deltas, masked, in
 * w->e2 to that of its activations in w->a2. */
static void last_back(const cm_kernels *k, const sizes *s, const cm_real *const *in,
                      const moment *m, state *g, const slopes *w, const targets *to)
{
    int64_t n = s->n, u = s->u;
    k->row_dots(n, u, w->e3, w->e2, NULL, m->at.last);
    k->row_dots(n, u, w->error, m->a2, NULL, g->last);
    for (int64_t r = 0; r < n; r++) {
        cm_real e3 = w->e3[r] + w->error[r] + g->last[u];
        w->error[r] = -e3 * in[SHARES][r]; /* minus the gradient of the error */
        if (to->labels)
            to->labels[r] -= w->error[r];
        if (to->shares)
            to->shares[r] += e3 * m->error[r];
    }
    copy(u + 1, w->last, g->last);
    k->weighted_rows(n, u, w->last, w->e2, NULL, m->e3);
    k->weighted_rows(n, u, w->last, m->a2, NULL, w->error);
    w->last[u] += k->sum(n, w->error);
    outer(k, n, u, w->a2, m->e3, g->last, true);
    outer(k, n, u, w->a2, w->error, m->at.last, false);
    k->act_grad(n * u, w->a2, w->a2, m->a2, CM_ACT_RELU);
    copy(u + 1, g->last, w->last);
}

/* From g, the gradient of the state behind a step, to that of the state before it. */
static void step_back(cm_ctx *cx, const sizes *s, const cm_real *const *in, const moment *m,
                      state *g, const slopes *w, const targets *to)
{
    const cm_kernels *k = cm_kernels_of(cx);
    int64_t n = s->n, h = s->h, u = s->u;
    k->act_grad(n * h, w->d, g->sums, m->a1, CM_ACT_RELU);
    cm_gemm(cx, n, u, h, plain(w->d, h), turned(m->at.weight, h), 0, w->e2, u);
    cm_gemm(cx, n, u, h, plain(m->a1, h), turned(g->weight, h), 1, w->e2, u);
    k->bias_act(n, u, w->e2, g->bias, CM_ACT_IDENTITY);
    k->act_grad(n * u, w->e2, w->e2, m->a2, CM_ACT_RELU);
    cm_gemm(cx, n, h, u, plain(m->e2, u), plain(g->weight, h), 0, w->a1, h);
    cm_gemm(cx, u, h, n, turned(m->e2, u), plain(w->d, h), 1, g->weight, h);
    last_back(k, s, in, m, g, w, to);
    k->add_rows(n, u, g->bias, w->a2);
    cm_gemm(cx, u, h, n, turned(w->a2, u), plain(m->a1, h), 1, g->weight, h);
    cm_gemm(cx, n, h, u, plain(w->a2, u), plain(m->at.weight, h), 1, w->a1, h);
    k->act_grad(n * h, w->a1, w->a1, m->a1, CM_ACT_RELU);
    if (to->base)
        k->axpy(n * h, to->base, 1, w->a1);
    if (to->kernel)
        cm_gemm(cx, n, n, h, plain(w->a1, h), turned(m->at.sums, h), 1, to->kernel, n);
    cm_gemm(cx, n, h, n, turned(in[KERNEL], n), plain(w->a1, h), 1, g->sums, h);
}

static cm_real *data_or_null(cm_tensor *x, int64_t at)
{
    return x ? cm_data(x) + at : NULL;
}

static void relu_steps_fast_vjp(cm_vjp *v)
{
    sizes s = sizes_of(&v->in[BASE]->shape, &v->in[WEIGHT]->shape, v->p);
    int64_t n = s.n, size = state_size(&s);
    cm_shape room = cm_shape_1d(size + slopes_size(&s));
    cm_tensor *work = cm_tensor_new(v->cx, &room);
    for (int i = 0; i < INPUTS && work; i++)
        if (v->need[i] && !(v->gin[i] = cm_tensor_full(v->cx, &v->edges[i].shape, 0)))
            return;
    if (!work)
        return;
    state g = state_at(&s, cm_data(work));
    slopes w = slopes_at(&s, cm_data(work) + size);
    const cm_real *in[INPUTS];
    for (int64_t t = 0; t < s.tasks; t++) {
        inputs_of(&s, v->in, t, in);
        copy(size, g.sums, cm_data(v->g) + t * size);
        targets to = {data_or_null(v->gin[BASE], t * n * s.h),
                      data_or_null(v->gin[KERNEL], t * n * n), data_or_null(v->gin[LABELS], t * n),
                      data_or_null(v->gin[SHARES], t * n)};
        for (int64_t k = s.steps - 1; k >= 0; k--) {
            moment m = moment_at(&s, cm_data(v->p->kept) + (t * s.steps + k) * moment_size(&s));
            step_back(v->cx, &s, in, &m, &g, &w, &to);
        }
        const cm_real *own[INPUTS] = {[WEIGHT] = g.weight, [BIAS] = g.bias, [LAST] = g.last};
        for (int i = WEIGHT; i < INPUTS; i++)
            if (v->gin[i])
                cm_kernels_of(v->cx)->axpy(v->gin[i]->count, cm_data(v->gin[i]), 1, own[i]);
    }
}

/* x spread to the tasks: [tasks, ..]. */
static cm_tensor *spread(cm_ctx *cx, cm_tensor *x, int64_t rows, int64_t columns, int64_t tasks)
{
    cm_shape row = {.ndim = 3, .dims = {1, rows, columns}};
    cm_shape all = {.ndim = 3, .dims = {tasks, rows, columns}};
    return cm_expand(cx, cm_reshape(cx, x, &row), &all);
}

static cm_tensor *flat(cm_ctx *cx, cm_tensor *x, int64_t tasks, int64_t size)
{
    cm_shape shape = cm_shape_2d(tasks, size);
    return cm_reshape(cx, x, &shape);
}

static cm_tensor *relu_steps_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    cm_call c = {.cx = cx, .n_in = n_in, .in = in, .p = *p};
    if (!relu_steps_shape(&c))
        return NULL;
    sizes s = sizes_of(&in[BASE]->shape, &in[WEIGHT]->shape, p);
    cm_shape column = {.ndim = 3, .dims = {s.tasks, s.n, 1}};
    cm_tensor *labels = cm_reshape(cx, in[LABELS], &column);
    cm_tensor *shares = cm_reshape(cx, in[SHARES], &column);
    cm_tensor *sums = cm_tensor_full(cx, &in[BASE]->shape, 0);
    cm_tensor *weight = spread(cx, in[WEIGHT], s.u, s.h, s.tasks);
    cm_tensor *bias = spread(cx, in[BIAS], 1, s.u, s.tasks);
    cm_tensor *w3 = spread(cx, cm_slice(cx, in[LAST], 0, 0, s.u), s.u, 1, s.tasks);
    cm_tensor *b3 = spread(cx, cm_slice(cx, in[LAST], 0, s.u, s.u + 1), 1, 1, s.tasks);
    for (int64_t k = 0; k < s.steps; k++) {
        cm_tensor *a1 = cm_relu(cx, cm_add(cx, in[BASE], cm_matmul(cx, in[KERNEL], sums)));
        cm_tensor *a2 = cm_relu(cx, cm_add(cx, cm_matmul(cx, a1, cm_transpose(cx, weight)), bias));
        cm_tensor *out = cm_add(cx, cm_matmul(cx, a2, w3), b3);
        cm_tensor *e3 = cm_mul(cx, cm_sub(cx, labels, out), shares);
        cm_tensor *e2 = cm_mul(cx, cm_mul(cx, e3, cm_transpose(cx, w3)), cm_step(cx, a2, 0));
        cm_tensor *e1 = cm_mul(cx, cm_matmul(cx, e2, weight), cm_step(cx, a1, 0));
        sums = cm_add(cx, sums, e1);
        weight = cm_add(cx, weight, cm_matmul(cx, cm_transpose(cx, e2), a1));
        bias = cm_add(cx, bias, cm_sum(cx, e2, 1, true));
        w3 = cm_add(cx, w3, cm_matmul(cx, cm_transpose(cx, a2), e3));
        b3 = cm_add(cx, b3, cm_sum(cx, e3, 1, true));
    }
    cm_tensor *const parts[] = {flat(cx, sums, s.tasks, s.n * s.h),
                                flat(cx, weight, s.tasks, s.u * s.h), flat(cx, bias, s.tasks, s.u),
                                flat(cx, w3, s.tasks, s.u), flat(cx, b3, s.tasks, 1)};
    cm_params along = {.i = {1}};
    return cm_apply(cx, &cm_op_concat, parts, 5, &along);
}

// clang-format off
const cm_op cm_op_relu_steps = {.name = "relu_steps",
    .args = "base:t kernel:t labels:t shares:t weight:t bias:t last:t steps:i",
    .doc = "gradient steps of tasks on an MLP with two hidden ReLU layers, down the squared errors: base "
           "[tasks, n, h] is the first layer's value on a task's n rows, kernel [tasks, n, n] the "
           "products of these rows and 1, labels and shares [tasks, n] what is to be hit and 2 * "
           "rate * the weight of each error; weight [u, h], bias [u] and last [u + 1] (weight, then "
           "bias) are the other layers. Gives for each task, side by side: minus the sum of the "
           "first layer's deltas [n, h], and the other layers behind the steps",
    .shape = relu_steps_shape, .eval = relu_steps_eval, .expand = relu_steps_expand,
    .fast_vjp = relu_steps_fast_vjp, .saves = CM_SAVE_ALL_IN, .flags = CM_CONTIGUOUS};
// clang-format on
