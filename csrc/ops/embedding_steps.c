/* embedding_steps.c - gradient steps of several tasks on an MLP with two hidden layers and on the
 * embeddings that its rows are made of, in one op. */
#include "ops/embedding_steps.h"
#include "ops/ops.h"
#include <string.h>

typedef cm_embedding_sizes sizes;

cm_embedding_sizes cm_embedding_sizes_of(cm_tensor *const *in, const cm_params *p, bool rates)
{
    cm_ids *const *ids = p->ids;
    int64_t w = in[VALUES]->shape.dims[1];
    sizes s = {.steps = p->i[0], .act = (cm_activation)p->i[1]};
    s.h = in[FIRST]->shape.dims[0];
    s.d = in[FIRST]->shape.dims[1];
    s.u = in[WEIGHT]->shape.dims[0];
    s.layer = (cm_embedding_layer){.w = w, .h = s.h, .fields = w > 0 ? s.d / w : 0};
    s.layer.tasks = cm_segments_groups(ids[TASKS]);
    s.layer.rows = cm_segments_rows(ids[TASKS]);
    s.layer.places = ids[PLACES];
    s.layer.bags = ids[BAGS];
    s.layer.pairs = ids[PAIRS];
    s.layer.segments = ids[TASKS];
    s.layer.mean = p->i[2] != 0;
    s.layer.rates = rates ? cm_data(in[RATES]) : NULL;
    s.longest = cm_segments_longest(ids[TASKS]);
    return s;
}

/* What the steps have made of a task. */
typedef struct state {
    cm_embedding_weights first;
    cm_upper_weights upper;
} state;

static int64_t state_size(const sizes *s, int64_t t)
{
    return cm_embedding_weights_size(&s->layer, t) + cm_upper_weights_size(s->h, s->u);
}

static state state_at(const sizes *s, int64_t t, cm_real *at)
{
    return (state){cm_embedding_weights_at(&s->layer, t, at),
                   cm_upper_weights_at(s->h, s->u, at + cm_embedding_weights_size(&s->layer, t))};
}

/* What a step leaves for its derivative: the first layer that it begins with, minus its deltas
 * [n, h], and what the other layers leave. */
typedef struct moment {
    cm_embedding_weights first;
    cm_real *e1;
    cm_upper_moment upper;
} moment;

static int64_t rows_of(const sizes *s, int64_t t)
{
    return cm_segment_length(s->layer.segments, t);
}

static int64_t moment_size(const sizes *s, int64_t t)
{
    int64_t n = rows_of(s, t);
    return cm_embedding_weights_size(&s->layer, t) + n * s->h + cm_upper_moment_size(n, s->h, s->u);
}

static moment moment_at(const sizes *s, int64_t t, cm_real *at)
{
    int64_t n = rows_of(s, t);
    moment m = {.first = cm_embedding_weights_at(&s->layer, t, at)};
    m.e1 = at + cm_embedding_weights_size(&s->layer, t);
    m.upper = cm_upper_moment_at(n, s->h, s->u, m.e1 + n * s->h);
    return m;
}

int64_t cm_embedding_shared_size(const sizes *s)
{
    return (s->d + 1) * s->h + cm_upper_weights_size(s->h, s->u);
}

static bool check_shapes(cm_call *c, const sizes *s)
{
    static const char *const names[INPUTS] = {"values", "labels", "shares", "first", "first_bias",
                                              "weight", "bias",   "last",   "rates"};
    char got[CM_SHAPE_TEXT], want[CM_SHAPE_TEXT];
    const cm_shape wanted[INPUTS] = {
        [VALUES] = cm_shape_2d(cm_segments_rows(c->p.ids[PAIRS]), s->layer.w),
        [LABELS] = cm_shape_1d(s->layer.rows),
        [SHARES] = cm_shape_1d(s->layer.rows),
        [FIRST] = cm_shape_2d(s->h, s->layer.fields * s->layer.w),
        [FIRST_BIAS] = cm_shape_1d(s->h),
        [WEIGHT] = cm_shape_2d(s->u, s->h),
        [BIAS] = cm_shape_1d(s->u),
        [LAST] = cm_shape_1d(s->u + 1),
        [RATES] = cm_shape_1d(4),
    };
    for (int i = 0; i < INPUTS; i++)
        if (!cm_shape_equal(&c->in[i]->shape, &wanted[i]))
            return cm_refuse(c->cx, CM_ERR_SHAPE, "%s has shape %s, but must have %s", names[i],
                             cm_shape_text(&c->in[i]->shape, got), cm_shape_text(&wanted[i], want));
    return true;
}

/* Every bag of a task in a field must name pairs of that task and field. */
static bool check_bags(cm_call *c, const cm_embedding_layer *l)
{
    if (cm_segments_groups(l->pairs) != l->fields * l->tasks)
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "pairs has %lld segments for %lld fields of %lld "
                         "tasks: each must have one",
                         (long long)cm_segments_groups(l->pairs), (long long)l->fields,
                         (long long)l->tasks);
    if (cm_segments_groups(l->bags) != l->fields * l->rows)
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "bags has %lld segments for %lld fields of %lld "
                         "rows: each must have one",
                         (long long)cm_segments_groups(l->bags), (long long)l->fields,
                         (long long)l->rows);
    if (cm_segments_rows(l->bags) != l->places->count)
        return cm_refuse(c->cx, CM_ERR_SHAPE, "the bags cover %lld places, but there are %lld",
                         (long long)cm_segments_rows(l->bags), (long long)l->places->count);
    for (int64_t f = 0; f < l->fields; f++)
        for (int64_t t = 0; t < l->tasks; t++) {
            const int32_t *own = l->pairs->values + f * l->tasks + t;
            const int32_t *bags = l->bags->values + f * l->rows;
            for (int32_t i = bags[l->segments->values[t]]; i < bags[l->segments->values[t + 1]];
                 i++)
                if (l->places->values[i] < own[0] || l->places->values[i] >= own[1])
                    return cm_refuse(c->cx, CM_ERR_INDEX,
                                     "places contains %d in a bag of task %lld in field %lld, "
                                     "which has the pairs from %d to %d",
                                     l->places->values[i] + 1, (long long)t + 1, (long long)f + 1,
                                     own[0] + 1, own[1]);
        }
    return true;
}

bool cm_embedding_steps_shape(cm_call *c)
{
    if (!cm_need_dims(c, c->in[VALUES], 2, "values") ||
        !cm_need_dims(c, c->in[FIRST], 2, "first") || !cm_need_dims(c, c->in[WEIGHT], 2, "weight"))
        return false;
    sizes s = cm_embedding_sizes_of(c->in, &c->p, false);
    if (s.steps < 0)
        return cm_refuse(c->cx, CM_ERR_ARGUMENT, "steps must be at least 0, not %lld",
                         (long long)s.steps);
    if (!cm_upper_takes(c->cx, c->p.i[1]) || !check_shapes(c, &s) || !check_bags(c, &s.layer))
        return false;
    int64_t all, kept = 0, most = 0;
    for (int64_t t = 0; t < s.layer.tasks; t++) {
        kept += moment_size(&s, t);
        most = CM_MAX(most, moment_size(&s, t) + state_size(&s, t));
    }
    cm_shape numbers = cm_shape_2d(kept, CM_MAX(s.steps, 1));
    cm_shape own = cm_shape_2d(s.layer.tasks, cm_embedding_shared_size(&s));
    if (!cm_shape_count(c->cx, &numbers, &c->keep_size) || !cm_shape_count(c->cx, &own, &all))
        return false;
    c->out_shape = cm_shape_1d(c->in[VALUES]->count + all);
    c->work_size =
        most + CM_MAX(cm_embedding_work_size(&s.layer, s.longest), s.longest * (s.u + 1));
    return cm_shape_count(c->cx, &c->out_shape, &all);
}

/* The shared part of task t in the result or its gradient. */
static cm_real *own_part(const sizes *s, const cm_tensor *x, int64_t t)
{
    return cm_data(x) + cm_segments_rows(s->layer.pairs) * s->layer.w +
           t * cm_embedding_shared_size(s);
}

static cm_upper_task upper_of(const sizes *s, cm_tensor *const *in, int64_t t)
{
    int64_t first = s->layer.segments->values[t];
    return (cm_upper_task){rows_of(s, t),
                           s->h,
                           s->u,
                           s->act,
                           cm_data(in[LABELS]) + first,
                           cm_data(in[SHARES]) + first,
                           cm_data(in[RATES]) + 2};
}

/* y [columns, rows] = x [rows, columns] turned, added to it if `add`. */
static void turn(int64_t rows, int64_t columns, const cm_real *x, bool add, cm_real *y)
{
    for (int64_t j = 0; j < columns; j++)
        for (int64_t i = 0; i < rows; i++)
            y[j * rows + i] = (add ? y[j * rows + i] : 0) + x[i * columns + j];
}

/* All steps of task t; its moments lie at `kept`, `stride` apart. */
static void take_steps(cm_ctx *cx, const sizes *s, cm_tensor *const *in, int64_t t, state x,
                       cm_real *kept, int64_t stride, cm_real *work)
{
    cm_upper_task task = upper_of(s, in, t);
    for (int64_t k = 0; k < s->steps; k++) {
        moment m = moment_at(s, t, kept + k * stride);
        memcpy(m.first.values, x.first.values,
               (size_t)cm_embedding_weights_size(&s->layer, t) * sizeof *kept);
        cm_embedding_value(cx, &s->layer, t, &m.first, m.upper.a1, work);
        cm_kernels_of(cx)->bias_act(task.n, s->h, m.upper.a1, m.first.bias, s->act);
        memcpy(m.upper.at.weight, x.upper.weight,
               (size_t)cm_upper_weights_size(s->h, s->u) * sizeof *kept);
        cm_upper_step(cx, &task, &m.upper, x.upper, m.e1, work);
        cm_embedding_step(cx, &s->layer, t, &m.first, m.e1, &x.first, work);
    }
}

static void embedding_steps_eval(cm_call *c)
{
    cm_tensor *const *in = c->in;
    sizes s = cm_embedding_sizes_of(in, &c->p, true);
    cm_real *kept = c->kept;
    size_t size = sizeof *kept;
    for (int64_t t = 0; t < s.layer.tasks; t++) {
        int64_t moment_of = moment_size(&s, t);
        state x = state_at(&s, t, c->work);
        cm_embedding_take(&s.layer, t, cm_data(in[VALUES]), x.first.values);
        turn(s.h, s.d, cm_data(in[FIRST]), false, x.first.weight);
        memcpy(x.first.bias, cm_data(in[FIRST_BIAS]), (size_t)s.h * size);
        memcpy(x.upper.weight, cm_data(in[WEIGHT]), (size_t)(s.u * s.h) * size);
        memcpy(x.upper.bias, cm_data(in[BIAS]), (size_t)s.u * size);
        memcpy(x.upper.last, cm_data(in[LAST]), (size_t)(s.u + 1) * size);
        cm_real *room = c->work + state_size(&s, t);
        take_steps(c->cx, &s, in, t, x, kept ? kept : room, kept ? moment_of : 0,
                   kept ? room : room + moment_of);
        cm_embedding_give(c->cx, &s.layer, t, x.first.values, false, cm_data(c->out));
        memcpy(own_part(&s, c->out, t), x.first.weight,
               (size_t)cm_embedding_shared_size(&s) * size);
        kept = kept ? kept + s.steps * moment_of : NULL;
    }
}

/* From the gradient g of what is behind a step to that of what is before it. */
static void step_back(cm_ctx *cx, const sizes *s, const cm_upper_task *task, int64_t t,
                      const moment *m, state g, cm_real *rates, const cm_upper_targets *to,
                      cm_real *work)
{
    int64_t rows = task->n * s->h;
    cm_real *d = work, *z = d + rows, *of_layer = z + rows;
    cm_real *of_upper = of_layer + cm_embedding_work_size(&s->layer, task->n);
    cm_embedding_step_back(cx, &s->layer, t, &m->first, m->e1, &g.first, d, rates, of_layer);
    cm_kernels_of(cx)->act_grad(rows, d, d, m->upper.a1, s->act);
    cm_upper_step_back(cx, task, &m->upper, g.upper, d, z, to, of_upper);
    cm_embedding_value_back(cx, &s->layer, t, &m->first, z, &g.first, of_layer);
}

static cm_real *data_or_null(cm_tensor *x, int64_t at)
{
    return x ? cm_data(x) + at : NULL;
}

/* Adds the gradients g of a task's start to those of the inputs; that of the first weight turned.
 */
static void add_start(cm_vjp *v, const sizes *s, int64_t t, const state *g)
{
    const cm_kernels *k = cm_kernels_of(v->cx);
    const cm_real *own[INPUTS] = {[FIRST_BIAS] = g->first.bias,
                                  [WEIGHT] = g->upper.weight,
                                  [BIAS] = g->upper.bias,
                                  [LAST] = g->upper.last};
    if (v->gin[VALUES])
        cm_embedding_give(v->cx, &s->layer, t, g->first.values, true, cm_data(v->gin[VALUES]));
    if (v->gin[FIRST])
        turn(s->d, s->h, g->first.weight, true, cm_data(v->gin[FIRST]));
    for (int i = 0; i < INPUTS; i++)
        if (own[i] && v->gin[i])
            k->axpy(v->gin[i]->count, cm_data(v->gin[i]), 1, own[i]);
}

static void embedding_steps_fast_vjp(cm_vjp *v)
{
    sizes s = cm_embedding_sizes_of(v->in, v->p, true);
    int64_t most = 0;
    for (int64_t t = 0; t < s.layer.tasks; t++)
        most = CM_MAX(most, state_size(&s, t));
    cm_shape room =
        cm_shape_1d(most + 2 * s.longest * s.h + cm_embedding_work_size(&s.layer, s.longest) +
                    cm_upper_work_size(s.longest, s.h, s.u));
    cm_tensor *work = cm_tensor_new(v->cx, &room);
    for (int i = 0; i < INPUTS && work; i++)
        if (v->need[i] && !(v->gin[i] = cm_tensor_full(v->cx, &v->edges[i].shape, 0)))
            return;
    if (!work)
        return;
    const cm_real *kept = v->p->kept ? cm_data(v->p->kept) : NULL;
    for (int64_t t = 0; t < s.layer.tasks; t++) {
        int64_t moment_of = moment_size(&s, t), first = s.layer.segments->values[t];
        state g = state_at(&s, t, cm_data(work));
        cm_upper_task task = upper_of(&s, v->in, t);
        cm_embedding_take(&s.layer, t, cm_data(v->g), g.first.values);
        memcpy(g.first.weight, own_part(&s, v->g, t),
               (size_t)cm_embedding_shared_size(&s) * sizeof *kept);
        cm_upper_targets to = {data_or_null(v->gin[LABELS], first),
                               data_or_null(v->gin[SHARES], first), data_or_null(v->gin[RATES], 2)};
        for (int64_t k = s.steps - 1; k >= 0; k--) {
            moment m = moment_at(&s, t, (cm_real *)kept + k * moment_of);
            step_back(v->cx, &s, &task, t, &m, g, data_or_null(v->gin[RATES], 0), &to,
                      cm_data(work) + most);
        }
        add_start(v, &s, t, &g);
        kept = kept ? kept + s.steps * moment_of : NULL;
    }
}

// clang-format off
const cm_op cm_op_embedding_steps = {.name = "embedding_steps",
    .args = "values:t labels:t shares:t first:t first_bias:t weight:t bias:t last:t rates:t places:I "
            "bags:S pairs:S tasks:S steps:i activation:a mean:b=true",
    .doc = "gradient steps of tasks on an MLP with two hidden layers and on the embeddings of its rows, "
           "down the squared errors. With F fields, T tasks and R rows, of which tasks says whose they "
           "are: values [P, w] are the embeddings of the tasks, those of segment (f - 1) T + t of pairs "
           "of field f and task t; segment (f - 1) R + r of bags has the places among values whose mean "
           "(or sum) is field f of row r. labels and shares [R] are what is to be hit and 2 * the weight "
           "of each error; first [h, F w], first_bias [h], weight [u, h], bias [u] and last [u + 1] "
           "(weight, then bias) are the layers, rates [4] those of the embeddings and of the three, "
           "activation is relu or leaky_relu. Gives values behind the steps, one after another, then "
           "for each task its layers: first turned, [F w, h], and the others; in a task of which a loss "
           "on the way is not finite the last bias is NaN",
    .shape = cm_embedding_steps_shape, .eval = embedding_steps_eval, .expand = cm_embedding_steps_expand,
    .fast_vjp = embedding_steps_fast_vjp, .saves = CM_SAVE_ALL_IN, .flags = CM_CONTIGUOUS};
// clang-format on
