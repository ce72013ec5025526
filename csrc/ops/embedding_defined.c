/* embedding_defined.c - the definition of embedding_steps in other ops, which the engine
 * differentiates where derivatives of derivatives are asked for. */
#include "ops/embedding_steps.h"
#include "ops/ops.h"

typedef cm_embedding_sizes sizes;

/* What tasks have: each step makes it anew. */
typedef struct defined {
    cm_tensor *values, *first, *first_bias, *weight, *bias, *last, *last_bias;
} defined;

static cm_tensor *reshaped(cm_ctx *cx, cm_tensor *x, int n, int64_t a, int64_t b, int64_t c)
{
    cm_shape shape = {.ndim = n, .dims = {a, b, c}};
    return cm_reshape(cx, x, &shape);
}

/* x [..] as [tasks, a, b], each the same; [tasks, a] with n = 2. */
static cm_tensor *spread(cm_ctx *cx, cm_tensor *x, int n, int64_t tasks, int64_t a, int64_t b)
{
    cm_shape all = {.ndim = n, .dims = {tasks, a, b}};
    return cm_expand(cx, reshaped(cx, x, n, 1, a, b), &all);
}

static cm_tensor *of_segments(cm_ctx *cx, const cm_op *op, cm_tensor *a, cm_tensor *b,
                              cm_ids *segments)
{
    cm_params p = {.ids = {segments}};
    return cm_apply(cx, op, (cm_tensor *const[]){a, b}, 2, &p);
}

/* x [pairs, ..] added up in bags, and over the fields: [rows, ..]. */
static cm_tensor *rows_from(cm_ctx *cx, const cm_params *p, const cm_embedding_layer *l,
                            cm_tensor *x)
{
    cm_params bags = {.i = {l->mean}, .ids = {p->ids[PLACES], p->ids[BAGS]}};
    cm_tensor *sums = cm_apply(cx, &cm_op_embedding_bag, &x, 1, &bags);
    return cm_sum(cx, reshaped(cx, sums, 3, l->fields, l->rows, l->h), 0, false);
}

/* The transpose of that: x [rows, h] added up in pairs. */
static cm_tensor *pairs_from(cm_ctx *cx, const cm_params *p, const cm_embedding_layer *l,
                             cm_tensor *x)
{
    cm_params bags = {.i = {l->mean, cm_segments_rows(l->pairs)},
                      .ids = {p->ids[PLACES], p->ids[BAGS]}};
    cm_tensor *of_fields = spread(cx, x, 3, l->fields, l->rows, l->h);
    of_fields = reshaped(cx, of_fields, 2, l->fields * l->rows, l->h, 0);
    return cm_apply(cx, &cm_op_embedding_bag_transpose, &of_fields, 1, &bags);
}

/* One step: y [rows, 1] to be hit with weights c [rows, 1], at rates [4]. */
static void defined_step(cm_ctx *cx, const cm_params *p, const sizes *s, defined *x, cm_tensor *y,
                         cm_tensor *c, cm_tensor *const *rates)
{
    cm_ids *tasks = p->ids[TASKS], *pairs = p->ids[PAIRS];
    const cm_op *matmul = &cm_op_segment_matmul, *outer = &cm_op_segment_outer;
    double below = cm_upper_slope(s->act);
    cm_tensor *a1 =
        rows_from(cx, p, &s->layer, of_segments(cx, matmul, x->values, x->first, pairs));
    a1 = cm_add(cx, a1, cm_segment_expand(cx, x->first_bias, tasks));
    a1 = cm_activate(cx, a1, s->act);
    cm_tensor *a2 = of_segments(cx, matmul, a1, cm_transpose(cx, x->weight), tasks);
    a2 = cm_activate(cx, cm_add(cx, a2, cm_segment_expand(cx, x->bias, tasks)), s->act);
    cm_tensor *out = of_segments(cx, matmul, a2, x->last, tasks);
    out = cm_add(cx, out, cm_segment_expand(cx, x->last_bias, tasks));
    cm_tensor *e3 = cm_mul(cx, cm_sub(cx, y, out), c);
    cm_tensor *e2 = of_segments(cx, matmul, e3, cm_transpose(cx, x->last), tasks);
    e2 = cm_mul(cx, e2, cm_step(cx, a2, below));
    cm_tensor *e1 = of_segments(cx, matmul, e2, x->weight, tasks);
    e1 = cm_mul(cx, e1, cm_step(cx, a1, below));
    cm_tensor *deltas = pairs_from(cx, p, &s->layer, e1);
    cm_tensor *change = of_segments(cx, matmul, deltas, cm_transpose(cx, x->first), pairs);
    cm_tensor *of_first = of_segments(cx, outer, x->values, deltas, pairs);
    e1 = cm_segment_sum(cx, cm_mul(cx, e1, rates[1]), tasks);
    e2 = cm_mul(cx, e2, rates[2]);
    e3 = cm_mul(cx, e3, rates[3]);
    x->values = cm_add(cx, x->values, cm_mul(cx, change, rates[0]));
    x->first = cm_add(cx, x->first, cm_mul(cx, of_first, rates[1]));
    x->first_bias = cm_add(cx, x->first_bias, e1);
    x->weight = cm_add(cx, x->weight, of_segments(cx, outer, e2, a1, tasks));
    x->bias = cm_add(cx, x->bias, cm_segment_sum(cx, e2, tasks));
    x->last = cm_add(cx, x->last, of_segments(cx, outer, a2, e3, tasks));
    x->last_bias = cm_add(cx, x->last_bias, cm_segment_sum(cx, e3, tasks));
}

/* The first weight [h, fields w], by field and task: [fields tasks, w, h]. */
static cm_tensor *units_of(cm_ctx *cx, const cm_embedding_layer *l, cm_tensor *first)
{
    cm_shape shape = {.ndim = 4, .dims = {l->fields, 1, l->w, l->h}};
    cm_tensor *x = cm_reshape(cx, cm_transpose(cx, first), &shape);
    shape.dims[1] = l->tasks;
    return reshaped(cx, cm_expand(cx, x, &shape), 3, l->fields * l->tasks, l->w, l->h);
}

cm_tensor *cm_embedding_steps_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    cm_call c = {.cx = cx, .n_in = n_in, .in = in, .p = *p};
    if (!cm_embedding_steps_shape(&c))
        return NULL;
    sizes s = cm_embedding_sizes_of(in, p, false);
    int64_t tasks = s.layer.tasks, rows = s.layer.rows;
    cm_tensor *rates[4];
    for (int i = 0; i < 4; i++)
        rates[i] = cm_slice(cx, in[RATES], 0, i, i + 1);
    defined x = {.values = in[VALUES], .first = units_of(cx, &s.layer, in[FIRST])};
    x.first_bias = spread(cx, in[FIRST_BIAS], 2, tasks, s.h, 0);
    x.weight = spread(cx, in[WEIGHT], 3, tasks, s.u, s.h);
    x.bias = spread(cx, in[BIAS], 2, tasks, s.u, 0);
    x.last = spread(cx, cm_slice(cx, in[LAST], 0, 0, s.u), 3, tasks, s.u, 1);
    x.last_bias = spread(cx, cm_slice(cx, in[LAST], 0, s.u, s.u + 1), 2, tasks, 1, 0);
    cm_tensor *y = reshaped(cx, in[LABELS], 2, rows, 1, 0);
    cm_tensor *shares = reshaped(cx, in[SHARES], 2, rows, 1, 0);
    for (int64_t k = 0; k < s.steps; k++)
        defined_step(cx, p, &s, &x, y, shares, rates);
    cm_params by_task = {.shape = {.ndim = 3, .dims = {1, 0, 2}}}, along = {.i = {1}};
    cm_tensor *first = reshaped(cx, x.first, 3, s.layer.fields, tasks, s.layer.w * s.h);
    first = cm_apply(cx, &cm_op_permute, &first, 1, &by_task);
    cm_tensor *const own[] = {reshaped(cx, first, 2, tasks, s.d * s.h, 0),    x.first_bias,
                              reshaped(cx, x.weight, 2, tasks, s.u * s.h, 0), x.bias,
                              reshaped(cx, x.last, 2, tasks, s.u, 0),         x.last_bias};
    cm_tensor *all = cm_apply(cx, &cm_op_concat, own, 6, &along);
    cm_tensor *const both[] = {reshaped(cx, x.values, 1, in[VALUES]->count, 0, 0),
                               reshaped(cx, all, 1, tasks * cm_embedding_shared_size(&s), 0, 0)};
    along.i[0] = 0;
    return cm_apply(cx, &cm_op_concat, both, 2, &along);
}
