/* segment_attention_defined.c - segment_attention by other ops, on padded sequences. */
#include "ops/ops.h"
#include "ops/segment_attention.h"
#include <math.h>

cm_attention_layout cm_attention_layout_of(const cm_edge *edges, cm_tensor *const *in, int n_in,
                                           const cm_params *p)
{
    const cm_shape *q = edges ? &edges[CM_Q].shape : &in[CM_Q]->shape;
    const cm_shape *v = edges ? &edges[CM_V].shape : &in[CM_V]->shape;
    cm_attention_layout l = {.segments = p->ids[0], .lengths = p->ids[1], .heads = p->i[0]};
    l.drop = (cm_dropout){p->x[1], p->i[2], p->i[3], p->i[4]};
    l.causal = p->i[1] != 0;
    l.dk = q->dims[1] / l.heads;
    l.dv = v->dims[1] / l.heads;
    double root = sqrt((double)CM_MAX(l.dk, 1));
    l.scale = (cm_real)(1 / root);
    if (n_in > CM_FEATURES) {
        l.width = edges ? edges[CM_FEATURES].shape.dims[1] : in[CM_FEATURES]->shape.dims[1];
        l.bias = (cm_real)(p->x[0] * root);
    }
    return l;
}

static cm_tensor *permuted(cm_ctx *cx, cm_tensor *x)
{
    cm_params p = {.shape = {.ndim = 4, .dims = {0, 2, 1, 3}}};
    return x ? cm_apply(cx, &cm_op_permute, (cm_tensor *const[]){x}, 1, &p) : NULL;
}

/* [rows, heads * width] as [segments, heads, longest, width] */
static cm_tensor *padded(cm_ctx *cx, cm_tensor *x, cm_ids *segments, int64_t heads)
{
    cm_tensor *y = cm_pad_segments(cx, x, segments);
    if (!y)
        return NULL;
    cm_shape split = {
        .ndim = 4, .dims = {y->shape.dims[0], y->shape.dims[1], heads, y->shape.dims[2] / heads}};
    return permuted(cx, cm_reshape(cx, y, &split));
}

/* The rows [rows, width] of y [segments, heads, longest, width / heads]. */
static cm_tensor *unpadded(cm_ctx *cx, cm_tensor *y, cm_ids *segments, const cm_shape *out)
{
    cm_ids *ids = y ? cm_ids_new(cx, cm_segments_rows(segments)) : NULL;
    if (!ids)
        return NULL;
    int64_t longest = y->shape.dims[2];
    for (int64_t s = 0; s < cm_segments_groups(segments); s++)
        for (int64_t t = 0; t < cm_segment_length(segments, s); t++)
            ids->values[segments->values[s] + t] = (int32_t)(s * longest + t);
    cm_ids_seal(ids);
    cm_shape flat = cm_shape_2d(y->shape.dims[0] * longest, out->dims[1]);
    cm_tensor *rows = cm_gather_rows(cx, cm_reshape(cx, permuted(cx, y), &flat), ids);
    cm_ids_release(cx, ids);
    return rows;
}

/* weights [segments, heads, longest, longest] times their mask. */
static cm_tensor *dropped(cm_ctx *cx, cm_tensor *weights, const cm_attention_layout *l)
{
    cm_tensor *mask = weights ? cm_tensor_full(cx, &weights->shape, 0) : NULL;
    int64_t begin = 0;
    if (!mask)
        return NULL;
    for (int64_t s = 0; s < cm_segments_groups(l->segments); s++) {
        int64_t n = cm_segment_length(l->segments, s), longest = mask->shape.dims[2];
        for (int64_t i = 0; i < n; i++)
            for (int64_t h = 0; h < l->heads; h++, begin += n)
                cm_dropout_mask(cx, &l->drop, begin, n,
                                cm_data(mask) + ((s * l->heads + h) * longest + i) * longest);
    }
    return cm_mul(cx, weights, mask);
}

cm_tensor *cm_segment_attention_expand(cm_ctx *cx, cm_tensor *const *in, int n_in,
                                       const cm_params *p)
{
    cm_attention_layout l = cm_attention_layout_of(NULL, in, n_in, p);
    cm_ids *segments = p->ids[0];
    cm_tensor *inputs[3] = {padded(cx, in[CM_Q], segments, l.heads),
                            padded(cx, in[CM_K], segments, l.heads)};
    if (n_in > CM_FEATURES) {
        cm_tensor *f = padded(cx, in[CM_FEATURES], segments, 1);
        inputs[2] = cm_scale(cx, cm_matmul(cx, f, cm_transpose(cx, f)), p->x[0]);
    }
    cm_params own = {.i = {l.causal}, .ids = {p->ids[1] ? p->ids[1] : segments}};
    cm_tensor *weights = cm_apply(cx, &cm_op_attention_weights, inputs, n_in - 1, &own);
    if (l.drop.rate > 0)
        weights = dropped(cx, weights, &l);
    cm_tensor *y = cm_matmul(cx, weights, padded(cx, in[CM_V], segments, l.heads));
    return unpadded(cx, y, segments, &in[CM_V]->shape);
}
