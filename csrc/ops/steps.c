/* steps.c - gradient steps of several tasks on an MLP with two hidden layers, in one op: all of a
 * task stays in cache while its steps are taken. */
#include "ops/ops.h"
#include "ops/upper_layers.h"
#include <string.h>

enum { BASE, KERNEL, LABELS, SHARES, WEIGHT, BIAS, LAST, RATES, INPUTS };

/* Rows of a task, units of the two layers, tasks, steps. */
typedef struct sizes {
    int64_t n, h, u, tasks, steps;
} sizes;

static sizes sizes_of(const cm_shape *base, const cm_shape *weight, const cm_params *p)
{
    return (sizes){base->dims[1], base->dims[2], weight->dims[0], base->dims[0], (int64_t)p->i[0]};
}

/* What the steps have made of a task: the sums [n, h] of the first layer's deltas, negated, times
 * the rate, and the other layers. */
typedef struct state {
    cm_real *sums;
    cm_upper_weights upper;
} state;

static int64_t state_size(const sizes *s)
{
    return cm_whole_lines(s->n * s->h) + cm_whole_lines(cm_upper_weights_size(s->h, s->u));
}

static state state_at(const sizes *s, cm_real *at)
{
    return (state){at, cm_upper_weights_at(s->h, s->u, at + cm_whole_lines(s->n * s->h))};
}

/* What a step leaves for its derivative: the sums that it begins with, and that of the other
 * layers. The first step begins with no sums and the shared weights, which are not kept. */
typedef struct moment {
    cm_real *sums;
    cm_upper_moment upper;
} moment;

static int64_t moment_size(const sizes *s)
{
    return cm_whole_lines(s->n * s->h) + cm_upper_moment_size(s->n, s->h, s->u);
}

static moment moment_at(const sizes *s, cm_real *at)
{
    return (moment){at, cm_upper_moment_at(s->n, s->h, s->u, at + cm_whole_lines(s->n * s->h))};
}

static bool relu_steps_shape(cm_call *c)
{
    static const char *const names[INPUTS] = {"base",   "kernel", "labels", "shares",
                                              "weight", "bias",   "last",   "rates"};
    char got[CM_SHAPE_TEXT], want[CM_SHAPE_TEXT];
    int64_t all;
    if (!cm_need_dims(c, c->in[BASE], 3, "base") || !cm_need_dims(c, c->in[WEIGHT], 2, "weight"))
        return false;
    sizes s = sizes_of(&c->in[BASE]->shape, &c->in[WEIGHT]->shape, &c->p);
    if (s.steps < 0)
        return cm_refuse(c->cx, CM_ERR_ARGUMENT, "steps must be at least 0, not %lld",
                         (long long)s.steps);
    if (!cm_upper_takes(c->cx, c->p.i[1]))
        return false;
    const cm_shape wanted[INPUTS] = {
        [BASE] = c->in[BASE]->shape,          [KERNEL] = {.ndim = 3, .dims = {s.tasks, s.n, s.n}},
        [LABELS] = cm_shape_2d(s.tasks, s.n), [SHARES] = cm_shape_2d(s.tasks, s.n),
        [WEIGHT] = cm_shape_2d(s.u, s.h),     [BIAS] = cm_shape_1d(s.u),
        [LAST] = cm_shape_1d(s.u + 1),        [RATES] = cm_shape_1d(3),
    };
    for (int i = 0; i < INPUTS; i++)
        if (!cm_shape_equal(&c->in[i]->shape, &wanted[i]))
            return cm_refuse(c->cx, CM_ERR_SHAPE, "%s has shape %s, but must have %s", names[i],
                             cm_shape_text(&c->in[i]->shape, got), cm_shape_text(&wanted[i], want));
    cm_shape own = cm_shape_2d(s.tasks, s.n * s.h + cm_upper_weights_size(s.h, s.u));
    cm_shape kept = {.ndim = 3, .dims = {s.tasks, CM_MAX(s.steps, 1), moment_size(&s)}};
    if (!cm_shape_count(c->cx, &own, &all) || !cm_shape_count(c->cx, &kept, &c->keep_size))
        return false;
    c->out_shape = cm_shape_1d(all);
    c->work_size = state_size(&s) + moment_size(&s) + s.n * (s.h + s.u + 1);
    return true;
}

static void copy(int64_t n, cm_real *to, const cm_real *from)
{
    memcpy(to, from, (size_t)n * sizeof *to);
}

static void zero(int64_t n, cm_real *x)
{
    memset(x, 0, (size_t)n * sizeof *x);
}

/* The upper layers of a task whose inputs begin at `in`. */
static cm_upper_task upper_of(const sizes *s, const cm_real *const *in, cm_activation act)
{
    return (cm_upper_task){s->n, s->h, s->u, act, in[LABELS], in[SHARES], in[RATES] + 1};
}

/* Step k of a task, from m, which begins with what the last one left, to the state x behind it;
 * that may be what m begins with. `work` is room for n (h + u + 1) numbers. */
static void take_step(cm_ctx *cx, const sizes *s, cm_activation act, int64_t k,
                      const cm_real *const *in, const moment *m, state x, cm_real *work)
{
    const cm_kernels *kernels = cm_kernels_of(cx);
    int64_t n = s->n, h = s->h;
    cm_real *a1 = m->upper.a1, *e1 = k > 0 ? work : x.sums;
    cm_upper_task task = upper_of(s, in, act);
    if (k > 0) /* else the sums are 0 */
        cm_gemm_onto(cx, n, h, n, cm_plain(in[KERNEL], n), cm_plain(m->sums, h), in[BASE], a1);
    else
        copy(n * h, a1, in[BASE]);
    kernels->bias_act(n, h, a1, NULL, act);
    cm_upper_step(cx, &task, &m->upper, x.upper, e1, work + n * h);
    cm_scaled(cx, n * h, e1, in[RATES][0], e1);
    if (k > 0)
        kernels->add(n * h, x.sums, m->sums, 1, e1, 1);
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

/* The parts of task t among those of all tasks: of each part those of all tasks lie side by side.
 */
typedef struct part {
    int64_t size;
    cm_real *own, *among;
} part;

enum { PARTS = 5 };

static void parts_of(const sizes *s, int64_t t, const state *x, cm_real *all, part *parts)
{
    const part each[PARTS] = {{s->n * s->h, x->sums, NULL},
                              {s->u * s->h, x->upper.weight, NULL},
                              {s->u, x->upper.bias, NULL},
                              {s->u, x->upper.last, NULL},
                              {1, x->upper.last + s->u, NULL}};
    for (int i = 0; i < PARTS; i++) {
        parts[i] = each[i];
        parts[i].among = all + t * parts[i].size;
        all += s->tasks * parts[i].size;
    }
}

/* What step k of a task begins with and leaves, at `at`; the first begins with the shared weights.
 */
static moment moment_of(const sizes *s, const cm_real *const *in, int64_t k, const cm_real *at)
{
    moment m = moment_at(s, (cm_real *)at);
    if (k == 0)
        m.upper.at =
            (cm_upper_weights){(cm_real *)in[WEIGHT], (cm_real *)in[BIAS], (cm_real *)in[LAST]};
    return m;
}

/* All steps of a task to the state x. A step leaves its state where the next one keeps what it
 * begins with; where nothing is kept, and by the last step, that is x. */
static void take_steps(cm_call *c, const sizes *s, int64_t t, const cm_real *const *in, state x,
                       cm_real *work)
{
    int64_t size = moment_size(s);
    cm_real *at = c->kept ? c->kept + t * s->steps * size : work;
    for (int64_t k = 0; k < s->steps; k++) {
        moment m = moment_of(s, in, k, at);
        state next = x;
        if (!c->kept && k > 0) {
            m.sums = x.sums;
            m.upper.at = x.upper;
        } else if (c->kept && k + 1 < s->steps) {
            moment behind = moment_at(s, at += size);
            next = (state){behind.sums, behind.upper.at};
        }
        take_step(c->cx, s, (cm_activation)c->p.i[1], k, in, &m, next, work + size);
    }
}

static void relu_steps_eval(cm_call *c)
{
    sizes s = sizes_of(&c->in[BASE]->shape, &c->in[WEIGHT]->shape, &c->p);
    const cm_real *in[INPUTS];
    part parts[PARTS];
    state x = state_at(&s, c->work);
    for (int64_t t = 0; t < s.tasks; t++) {
        inputs_of(&s, c->in, t, in);
        if (s.steps == 0) {
            zero(s.n * s.h, x.sums);
            copy(s.u * s.h, x.upper.weight, in[WEIGHT]);
            copy(s.u, x.upper.bias, in[BIAS]);
            copy(s.u + 1, x.upper.last, in[LAST]);
        }
        take_steps(c, &s, t, in, x, c->work + state_size(&s));
        parts_of(&s, t, &x, cm_data(c->out), parts);
        for (int i = 0; i < PARTS; i++)
            copy(parts[i].size, parts[i].among, parts[i].own);
    }
}

/* The gradients of a task's inputs; NULL for those that are not asked for. */
typedef struct targets {
    cm_real *base, *kernel, *rates;
    cm_upper_targets upper;
} targets;

/* From g, the gradient of the state behind step k, to that of the state before it; of the first
 * step, which begins with no sums, without that of the sums. `work` is room: [n, h] twice, then
 * that of the upper layers. */
static void step_back(cm_ctx *cx, const sizes *s, cm_activation act, int64_t k,
                      const cm_real *const *in, const moment *m, state g, const targets *to,
                      cm_real *work)
{
    const cm_kernels *kernels = cm_kernels_of(cx);
    int64_t n = s->n, h = s->h, u = s->u;
    const cm_real *a1 = m->upper.a1;
    cm_real *d = work, *z = d + n * h;
    cm_upper_task task = upper_of(s, in, act);
    if (to->rates) { /* e1, which was not kept */
        cm_real *e2 = z + n * h;
        cm_upper_deltas(cx, &task, &m->upper, m->upper.at.last, e2);
        cm_gemm(cx, n, h, u, cm_plain(e2, u), cm_plain(m->upper.at.weight, h), 0, d, h);
        kernels->act_grad(n * h, d, d, a1, act);
        to->rates[0] += cm_dot(cx, n * h, d, g.sums);
    }
    kernels->act_grad(n * h, d, g.sums, a1, act);
    cm_scaled(cx, n * h, d, in[RATES][0], d);
    cm_upper_step_back(cx, &task, &m->upper, g.upper, d, z, &to->upper, z + n * h);
    if (to->base)
        kernels->axpy(n * h, to->base, 1, z);
    if (k == 0)
        return;
    if (to->kernel)
        cm_gemm(cx, n, n, h, cm_plain(z, h), cm_turned(m->sums, h), 1, to->kernel, n);
    cm_gemm(cx, n, h, n, cm_turned(in[KERNEL], n), cm_plain(z, h), 1, g.sums, h);
}

static cm_real *data_or_null(cm_tensor *x, int64_t at)
{
    return x ? cm_data(x) + at : NULL;
}

static void relu_steps_fast_vjp(cm_vjp *v)
{
    sizes s = sizes_of(&v->in[BASE]->shape, &v->in[WEIGHT]->shape, v->p);
    int64_t n = s.n;
    cm_shape room = cm_shape_1d(state_size(&s) + 2 * n * s.h + cm_upper_work_size(n, s.h, s.u));
    cm_tensor *work = cm_tensor_new(v->cx, &room);
    for (int i = 0; i < INPUTS && work; i++)
        if (v->need[i] && !(v->gin[i] = cm_tensor_full(v->cx, &v->edges[i].shape, 0)))
            return;
    if (!work)
        return;
    state g = state_at(&s, cm_data(work));
    const cm_real *in[INPUTS];
    part parts[PARTS];
    for (int64_t t = s.tasks - 1; t >= 0; t--) {
        inputs_of(&s, v->in, t, in);
        parts_of(&s, t, &g, cm_data(v->g), parts);
        for (int i = 0; i < PARTS; i++)
            copy(parts[i].size, parts[i].own, parts[i].among);
        targets to = {data_or_null(v->gin[BASE], t * n * s.h),
                      data_or_null(v->gin[KERNEL], t * n * n),
                      data_or_null(v->gin[RATES], 0),
                      {data_or_null(v->gin[LABELS], t * n), data_or_null(v->gin[SHARES], t * n),
                       data_or_null(v->gin[RATES], 1)}};
        for (int64_t k = s.steps - 1; k >= 0; k--) {
            const cm_real *at = cm_data(v->p->kept) + (t * s.steps + k) * moment_size(&s);
            moment m = moment_of(&s, in, k, at);
            if (k > 0 || t > 0)
                cm_fetch(moment_size(&s), at - moment_size(&s));
            step_back(v->cx, &s, (cm_activation)v->p->i[1], k, in, &m, g, &to,
                      cm_data(work) + state_size(&s));
        }
        const cm_real *own[INPUTS] = {
            [WEIGHT] = g.upper.weight, [BIAS] = g.upper.bias, [LAST] = g.upper.last};
        for (int i = WEIGHT; i <= LAST; i++)
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

static cm_tensor *flat(cm_ctx *cx, cm_tensor *x)
{
    cm_shape shape = cm_shape_1d(x ? x->count : 0);
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
    cm_activation act = (cm_activation)p->i[1];
    double below = cm_upper_slope(act);
    cm_tensor *rates[3];
    for (int i = 0; i < 3; i++)
        rates[i] = cm_slice(cx, in[RATES], 0, i, i + 1);
    cm_tensor *sums = cm_tensor_full(cx, &in[BASE]->shape, 0);
    cm_tensor *weight = spread(cx, in[WEIGHT], s.u, s.h, s.tasks);
    cm_tensor *bias = spread(cx, in[BIAS], 1, s.u, s.tasks);
    cm_tensor *w3 = spread(cx, cm_slice(cx, in[LAST], 0, 0, s.u), s.u, 1, s.tasks);
    cm_tensor *b3 = spread(cx, cm_slice(cx, in[LAST], 0, s.u, s.u + 1), 1, 1, s.tasks);
    for (int64_t k = 0; k < s.steps; k++) {
        cm_tensor *a1 = cm_activate(cx, cm_add(cx, in[BASE], cm_matmul(cx, in[KERNEL], sums)), act);
        cm_tensor *a2 =
            cm_activate(cx, cm_add(cx, cm_matmul(cx, a1, cm_transpose(cx, weight)), bias), act);
        cm_tensor *out = cm_add(cx, cm_matmul(cx, a2, w3), b3);
        cm_tensor *e3 = cm_mul(cx, cm_sub(cx, labels, out), shares);
        cm_tensor *e2 = cm_mul(cx, cm_mul(cx, e3, cm_transpose(cx, w3)), cm_step(cx, a2, below));
        cm_tensor *e1 = cm_mul(cx, cm_matmul(cx, e2, weight), cm_step(cx, a1, below));
        sums = cm_add(cx, sums, cm_mul(cx, e1, rates[0]));
        e2 = cm_mul(cx, e2, rates[1]);
        e3 = cm_mul(cx, e3, rates[2]);
        weight = cm_add(cx, weight, cm_matmul(cx, cm_transpose(cx, e2), a1));
        bias = cm_add(cx, bias, cm_sum(cx, e2, 1, true));
        w3 = cm_add(cx, w3, cm_matmul(cx, cm_transpose(cx, a2), e3));
        b3 = cm_add(cx, b3, cm_sum(cx, e3, 1, true));
    }
    cm_tensor *const parts[PARTS] = {flat(cx, sums), flat(cx, weight), flat(cx, bias), flat(cx, w3),
                                     flat(cx, b3)};
    return cm_apply(cx, &cm_op_concat, parts, PARTS, &(cm_params){.i = {0}});
}

// clang-format off
const cm_op cm_op_relu_steps = {.name = "relu_steps",
    .args = "base:t kernel:t labels:t shares:t weight:t bias:t last:t rates:t steps:i "
            "activation:a",
    .doc = "gradient steps of tasks on an MLP with two hidden layers, down the squared errors: base "
           "[tasks, n, h] is the first layer's value on a task's n rows, kernel [tasks, n, n] the "
           "products of these rows and 1, labels and shares [tasks, n] what is to be hit and 2 * "
           "the weight of each error; weight [u, h], bias [u] and last [u + 1] (weight, then bias) "
           "are the other layers, rates [3] those of the three, activation is relu or leaky_relu. "
           "Gives, one behind the other: minus the sums of the first layer's deltas, times its rate, "
           "[tasks, n, h], and the other layers behind the steps, weights [tasks, u, h], biases "
           "[tasks, u], last weights [tasks, u] and last biases [tasks]; in a task of which a loss on "
           "the way is not finite the last bias is NaN",
    .shape = relu_steps_shape, .eval = relu_steps_eval, .expand = relu_steps_expand,
    .fast_vjp = relu_steps_fast_vjp, .saves = CM_SAVE_ALL_IN, .flags = CM_CONTIGUOUS};
// clang-format on
