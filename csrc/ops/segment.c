/* segment.c - ragged groups of consecutive rows. */
#include "ops/ops.h"
#include <string.h>

static bool segment_sum_shape(cm_call *c)
{
    c->out_shape = c->in[0]->shape;
    if (!cm_need_cover(c->cx, &c->out_shape, c->p.ids[0]))
        return false;
    c->out_shape.dims[0] = cm_segments_groups(c->p.ids[0]);
    return true;
}

static void segment_sum_eval(cm_call *c)
{
    const cm_kernels *k = cm_kernels_of(c->cx);
    const int32_t *offset = c->p.ids[0]->values;
    int64_t size = cm_shape_row(&c->out_shape), groups = c->out_shape.dims[0];
    const cm_real *x = cm_data(c->in[0]);
    cm_real *o = cm_data(c->out);
    for (int64_t g = 0; g < groups; g++) {
        int64_t first = offset[g], rows = offset[g + 1] - first;
        if (size == 1) {
            o[g] = k->sum(rows, x + first);
        } else {
            memset(o + g * size, 0, (size_t)size * sizeof *o);
            k->add_rows(rows, size, o + g * size, x + first * size);
        }
    }
}

static void segment_sum_vjp(cm_vjp *v)
{
    v->gin[0] = cm_segment_expand(v->cx, v->g, v->p->ids[0]);
}

static cm_tensor *segment_mean_expand(cm_ctx *cx, cm_tensor *const *in, int n_in,
                                      const cm_params *p)
{
    (void)n_in;
    const cm_ids *segments = p->ids[0];
    if (!cm_need_cover(cx, &in[0]->shape, p->ids[0]))
        return NULL;
    /* One weight per group, shaped to broadcast over the rest of its row. */
    cm_shape column = {.ndim = in[0]->shape.ndim};
    for (int d = 0; d < column.ndim; d++)
        column.dims[d] = d == 0 ? cm_segments_groups(segments) : 1;
    cm_tensor *weight = cm_tensor_new(cx, &column);
    if (!weight)
        return NULL;
    for (int64_t g = 0; g < column.dims[0]; g++) {
        int32_t rows = segments->values[g + 1] - segments->values[g];
        cm_data(weight)[g] = rows > 0 ? 1 / (cm_real)rows : 0;
    }
    return cm_mul(cx, cm_segment_sum(cx, in[0], p->ids[0]), weight);
}

static bool segment_expand_shape(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape;
    const cm_ids *segments = c->p.ids[0];
    char text[CM_SHAPE_TEXT];
    int64_t count;
    if (x->ndim < 1 || x->dims[0] != cm_segments_groups(segments))
        return cm_refuse(c->cx, CM_ERR_SHAPE, "x has shape %s, but there are %lld segments",
                         cm_shape_text(x, text), (long long)cm_segments_groups(segments));
    c->out_shape = *x;
    c->out_shape.dims[0] = cm_segments_rows(segments);
    return cm_shape_count(c->cx, &c->out_shape, &count);
}

static void segment_expand_eval(cm_call *c)
{
    const int32_t *offset = c->p.ids[0]->values;
    size_t size = (size_t)cm_shape_row(&c->out_shape);
    const cm_real *x = cm_data(c->in[0]);
    cm_real *o = cm_data(c->out);
    for (int64_t g = 0; g < c->in[0]->shape.dims[0]; g++)
        for (int32_t r = offset[g]; r < offset[g + 1]; r++)
            memcpy(o + (size_t)r * size, x + (size_t)g * size, size * sizeof *o);
}

static void segment_expand_vjp(cm_vjp *v)
{
    v->gin[0] = cm_segment_sum(v->cx, v->g, v->p->ids[0]);
}

// clang-format off
const cm_op cm_op_segment_sum = {.name = "segment_sum", .args = "x:t segments:S",
    .doc = "sum of the rows of each segment: x [rows, ..] gives [segments, ..]",
    .shape = segment_sum_shape, .eval = segment_sum_eval, .vjp = segment_sum_vjp,
    .flags = CM_CONTIGUOUS};
const cm_op cm_op_segment_mean = {.name = "segment_mean", .args = "x:t segments:S",
    .doc = "mean of the rows of each segment; an empty segment gives zeros",
    .expand = segment_mean_expand};
const cm_op cm_op_segment_expand = {.name = "segment_expand", .args = "x:t segments:S",
    .doc = "row k repeated as often as segment k is long: x [segments, ..] gives [rows, ..]",
    .shape = segment_expand_shape, .eval = segment_expand_eval, .vjp = segment_expand_vjp,
    .flags = CM_CONTIGUOUS};
// clang-format on
