/* attention.c - scaled dot-product attention with masks (Vaswani et al. 2017). */
#include "ops/ops.h"
#include <math.h>
#include <string.h>

/* x [batch, .., queries, keys]; i = causal, ids = lengths or NULL */
static bool masked_softmax_shape(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape;
    char text[CM_SHAPE_TEXT];
    if (x->ndim < 3)
        return cm_refuse(c->cx, CM_ERR_SHAPE, "x must be [batch, .., queries, keys], not shape %s",
                         cm_shape_text(x, text));
    c->out_shape = *x;
    return !c->p.ids[0] || cm_need_lengths(c->cx, c->p.ids[0], x->dims[0], x->dims[x->ndim - 1]);
}

static void masked_softmax_eval(cm_call *c)
{
    const cm_kernels *k = cm_kernels_of(c->cx);
    const cm_shape *shape = &c->out_shape;
    const cm_ids *lengths = c->p.ids[0];
    int64_t batch = shape->dims[0], queries = shape->dims[shape->ndim - 2],
            keys = shape->dims[shape->ndim - 1];
    if (c->out->count == 0)
        return;
    int64_t rows = c->out->count / keys / batch; /* of one entry of the batch */
    const cm_real *x = cm_data(c->in[0]);
    cm_real *o = cm_data(c->out);
    for (int64_t b = 0; b < batch; b++) {
        int64_t valid = lengths ? cm_segment_length(lengths, b) : keys;
        for (int64_t r = 0; r < rows; r++, x += keys, o += keys) {
            int64_t allowed = c->p.i[0] ? CM_MIN(valid, r % queries + 1) : valid;
            if (allowed > 0)
                k->softmax(allowed, o, x);
            memset(o + allowed, 0, (size_t)(keys - allowed) * sizeof *o);
        }
    }
}

static void masked_softmax_vjp(cm_vjp *v)
{
    cm_tensor *weighted = cm_mul(v->cx, v->g, v->out);
    cm_tensor *total = cm_sum(v->cx, weighted, v->edges[0].shape.ndim - 1, true);
    v->gin[0] = cm_sub(v->cx, weighted, cm_mul(v->cx, v->out, total));
}

/* Masked keys have weight 0 and therefore, by the same formula, no gradient. */
static void masked_softmax_fast_vjp(cm_vjp *v)
{
    const cm_kernels *k = cm_kernels_of(v->cx);
    int64_t count = v->out->count, keys = CM_MAX(v->out->shape.dims[v->out->shape.ndim - 1], 1);
    v->gin[0] = cm_tensor_new(v->cx, &v->edges[0].shape);
    for (int64_t at = 0; v->gin[0] && at < count; at += keys)
        k->softmax_back(keys, cm_data(v->gin[0]) + at, cm_data(v->g) + at, cm_data(v->out) + at);
}

/* in = {q [batch, heads, queries, width], k [batch, heads, keys, width], bias or none} */
static cm_tensor *weights(cm_ctx *cx, cm_tensor *q, cm_tensor *k, cm_tensor *bias,
                          const cm_params *p)
{
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    bool fits = q->shape.ndim == 4 && k->shape.ndim == 4;
    for (int d = 0; fits && d < 4; d++)
        fits = d == 2 || q->shape.dims[d] == k->shape.dims[d];
    if (!fits)
        return cm_fail(cx, CM_ERR_SHAPE,
                       "k %s does not fit q %s: they must be [batch, heads, keys, width] and "
                       "[batch, heads, queries, width]",
                       cm_shape_text(&k->shape, a), cm_shape_text(&q->shape, b));
    double scale = 1 / sqrt((double)CM_MAX(q->shape.dims[3], 1));
    cm_tensor *logits = cm_matmul(cx, cm_scale(cx, q, scale), cm_transpose(cx, k));
    if (!logits)
        return NULL;
    if (bias) {
        if (!cm_shape_expands(&bias->shape, &logits->shape))
            return cm_fail(cx, CM_ERR_SHAPE,
                           "bias %s does not broadcast to [batch, heads, queries, keys] %s",
                           cm_shape_text(&bias->shape, a), cm_shape_text(&logits->shape, b));
        logits = cm_add(cx, logits, bias);
    }
    return cm_apply(cx, &cm_op_masked_softmax, (cm_tensor *const[]){logits}, 1, p);
}

static cm_tensor *attention_weights_expand(cm_ctx *cx, cm_tensor *const *in, int n_in,
                                           const cm_params *p)
{
    return weights(cx, in[0], in[1], n_in > 2 ? in[2] : NULL, p);
}

static cm_tensor *attention_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    const cm_shape *k = &in[1]->shape, *v = &in[2]->shape;
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    bool fits = k->ndim == 4 && v->ndim == 4;
    for (int d = 0; fits && d < 3; d++)
        fits = k->dims[d] == v->dims[d];
    if (!fits)
        return cm_fail(cx, CM_ERR_SHAPE,
                       "v %s does not fit k %s: both must be [batch, heads, keys, width]",
                       cm_shape_text(v, a), cm_shape_text(k, b));
    return cm_matmul(cx, weights(cx, in[0], in[1], n_in > 3 ? in[3] : NULL, p), in[2]);
}

// clang-format off
const cm_op cm_op_masked_softmax = {.name = "masked_softmax", .args = "x:t causal:b? lengths:S?",
    .doc = "softmax over the last dim of x [batch, .., queries, keys], of the allowed keys alone: "
           "those up to the query's own number if causal, and the first lengths[k] of row k; the "
           "others have weight exactly 0, and so do all if none is allowed",
    .shape = masked_softmax_shape, .eval = masked_softmax_eval, .vjp = masked_softmax_vjp,
    .fast_vjp = masked_softmax_fast_vjp, .saves = CM_SAVE_OUT, .flags = CM_CONTIGUOUS};
const cm_op cm_op_attention_weights = {.name = "attention_weights",
    .args = "q:t k:t bias:t? causal:b? lengths:S?",
    .doc = "masked_softmax(q k^T / sqrt(width) + bias): q [batch, heads, queries, width], k "
           "[batch, heads, keys, width], bias broadcasting to the result [batch, heads, queries, "
           "keys]",
    .expand = attention_weights_expand};
const cm_op cm_op_attention = {.name = "attention",
    .args = "q:t k:t v:t bias:t? causal:b? lengths:S?",
    .doc = "attention_weights(q, k, bias, causal, lengths) times v [batch, heads, keys, ..]: the "
           "weighted means of v for each query (Vaswani et al. 2017)",
    .expand = attention_expand};
// clang-format on
