/* max.c - maxima over a dim and over ragged groups. */
#include "ops/ops.h"
#include <string.h>

/* The maximum of each column of x [n, inner], n > 0; NaN if any is NaN. */
static void largest(const cm_kernels *k, int64_t n, int64_t inner, const cm_real *x, cm_real *o)
{
    if (inner == 1) {
        *o = k->max(n, x);
        return;
    }
    memcpy(o, x, (size_t)inner * sizeof *o);
    for (int64_t r = 1; r < n; r++) {
        x += inner;
        for (int64_t j = 0; j < inner; j++)
            o[j] = x[j] > o[j] || x[j] != x[j] ? x[j] : o[j];
    }
}

/* Into to [n, inner], which is zero: value[j] (NULL: 1) at the first maximum o[j] of column j of x;
 * if o[j] is NaN, at the first NaN. */
static void put_first(int64_t n, int64_t inner, const cm_real *x, const cm_real *o,
                      const cm_real *value, cm_real *to)
{
    for (int64_t j = 0; j < inner && n > 0; j++) {
        int64_t at = j;
        while (x[at] != o[j] && x[at] == x[at] && at + inner < n * inner)
            at += inner;
        to[at] = value ? value[j] : 1;
    }
}

/* Zeros of the input's shape, with `value` (shaped like the output) or ones at the maxima. */
typedef void put_fn(const cm_vjp *v, const cm_real *x, const cm_real *value, cm_real *to);

static cm_tensor *put_all(const cm_vjp *v, put_fn *put, const cm_tensor *value)
{
    cm_tensor *x = cm_contiguous(v->cx, v->in[0]);
    cm_tensor *to = cm_tensor_full(v->cx, &v->edges[0].shape, 0);
    if (!x || !to)
        return NULL;
    put(v, cm_data(x), value ? cm_data(value) : NULL, cm_data(to));
    return to;
}

/* params: dim (-1: all), keep */
static bool max_shape(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape;
    cm_around a = cm_around_dim(x, (int)c->p.i[0]);
    char text[CM_SHAPE_TEXT];
    if (a.n == 0 && a.outer > 0 && a.inner > 0)
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "x has shape %s: the maximum of no elements is undefined",
                         cm_shape_text(x, text));
    return cm_shape_rule_reduce(c);
}

static void max_eval(cm_call *c)
{
    cm_around a = cm_around_dim(&c->in[0]->shape, (int)c->p.i[0]);
    const cm_real *x = cm_data(c->in[0]);
    cm_real *o = cm_data(c->out);
    for (int64_t i = 0; i < a.outer && a.n > 0; i++)
        largest(cm_kernels_of(c->cx), a.n, a.inner, x + i * a.n * a.inner, o + i * a.inner);
}

static void max_put(const cm_vjp *v, const cm_real *x, const cm_real *value, cm_real *to)
{
    cm_around a = cm_around_dim(&v->edges[0].shape, (int)v->p->i[0]);
    const cm_real *o = cm_data(v->out);
    for (int64_t i = 0; i < a.outer; i++)
        put_first(a.n, a.inner, x + i * a.n * a.inner, o + i * a.inner,
                  value ? value + i * a.inner : NULL, to + i * a.n * a.inner);
}

static void max_vjp(cm_vjp *v)
{
    cm_tensor *g = cm_unreduce(v->cx, v->g, &v->edges[0].shape, (int)v->p->i[0]);
    v->gin[0] = cm_where(v->cx, put_all(v, max_put, NULL), g, cm_number(v->cx, 0));
}

static void max_fast_vjp(cm_vjp *v)
{
    v->gin[0] = put_all(v, max_put, v->g);
}

static bool segment_max_shape(cm_call *c)
{
    c->out_shape = c->in[0]->shape;
    if (!cm_need_cover(c->cx, &c->out_shape, c->p.ids[0]))
        return false;
    c->out_shape.dims[0] = cm_segments_groups(c->p.ids[0]);
    return true;
}

static void segment_max_eval(cm_call *c)
{
    const int32_t *offset = c->p.ids[0]->values;
    int64_t size = cm_shape_row(&c->out_shape), groups = c->out_shape.dims[0];
    const cm_real *x = cm_data(c->in[0]);
    cm_real *o = cm_data(c->out);
    for (int64_t g = 0; g < groups; g++, o += size) {
        int64_t first = offset[g], rows = offset[g + 1] - first;
        if (rows > 0)
            largest(cm_kernels_of(c->cx), rows, size, x + first * size, o);
        else
            memset(o, 0, (size_t)size * sizeof *o);
    }
}

static void segment_max_put(const cm_vjp *v, const cm_real *x, const cm_real *value, cm_real *to)
{
    const int32_t *offset = v->p->ids[0]->values;
    int64_t size = cm_shape_row(&v->edges[0].shape), groups = cm_segments_groups(v->p->ids[0]);
    const cm_real *o = cm_data(v->out);
    for (int64_t g = 0; g < groups; g++) {
        int64_t at = offset[g] * size, rows = offset[g + 1] - offset[g];
        put_first(rows, size, x + at, o + g * size, value ? value + g * size : NULL, to + at);
    }
}

static void segment_max_vjp(cm_vjp *v)
{
    cm_tensor *g = cm_segment_expand(v->cx, v->g, v->p->ids[0]);
    v->gin[0] = cm_where(v->cx, put_all(v, segment_max_put, NULL), g, cm_number(v->cx, 0));
}

static void segment_max_fast_vjp(cm_vjp *v)
{
    v->gin[0] = put_all(v, segment_max_put, v->g);
}

// clang-format off
const cm_op cm_op_max = {.name = "max", .args = "x:t dim:d? keep:b?",
    .doc = "largest element over one dim, or of all; keep leaves the dim with size 1; in a tie the "
           "gradient goes to the first alone; x must not be empty there",
    .shape = max_shape, .eval = max_eval, .vjp = max_vjp, .fast_vjp = max_fast_vjp,
    .saves = CM_SAVE_IN(0) | CM_SAVE_OUT, .flags = CM_CONTIGUOUS};
const cm_op cm_op_segment_max = {.name = "segment_max", .args = "x:t segments:S",
    .doc = "largest of the rows of each segment, column by column: x [rows, ..] gives [segments, ..]; "
           "in a tie the gradient goes to the first alone; an empty segment gives zeros",
    .shape = segment_max_shape, .eval = segment_max_eval, .vjp = segment_max_vjp,
    .fast_vjp = segment_max_fast_vjp, .saves = CM_SAVE_IN(0) | CM_SAVE_OUT,
    .flags = CM_CONTIGUOUS};
// clang-format on
