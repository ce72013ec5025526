/* join.c - concatenation. */
#include "ops/ops.h"
#include "tensor/iter.h"

/* params: i = dim */
static bool concat_shape(cm_call *c)
{
    int64_t dim = c->p.i[0], total = 0, count;
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    for (int i = 0; i < c->n_in; i++) {
        cm_shape x = c->in[i]->shape, first = c->in[0]->shape;
        int64_t n = x.ndim > dim ? x.dims[dim] : 0;
        x.dims[dim] = first.dims[dim] = 0;
        if (!cm_shape_equal(&x, &first))
            return cm_refuse(c->cx, CM_ERR_SHAPE,
                             "tensor %d has shape %s, but tensor 1 has %s: they may differ in dim "
                             "%lld alone",
                             i + 1, cm_shape_text(&c->in[i]->shape, a),
                             cm_shape_text(&c->in[0]->shape, b), (long long)dim + 1);
        total += n;
    }
    c->out_shape = c->in[0]->shape;
    c->out_shape.dims[dim] = total;
    return cm_shape_count(c->cx, &c->out_shape, &count);
}

static void concat_eval(cm_call *c)
{
    int64_t dim = c->p.i[0];
    cm_tensor window = *c->out;
    for (int i = 0; i < c->n_in; i++) {
        window.shape = c->in[i]->shape;
        window.count = c->in[i]->count;
        cm_tensor_copy(&window, c->in[i]);
        window.offset += c->in[i]->shape.dims[dim] * c->out->strides[dim];
    }
}

static void concat_vjp(cm_vjp *v)
{
    int dim = (int)v->p->i[0];
    int64_t first = 0;
    for (int i = 0; i < v->n_in; i++) {
        int64_t n = v->edges[i].shape.dims[dim];
        if (v->need[i])
            v->gin[i] = cm_slice(v->cx, v->g, dim, first, first + n);
        first += n;
    }
}

// clang-format off
const cm_op cm_op_concat = {.name = "concat", .args = "tensors:T dim:d=-1",
    .doc = "tensors concatenated along a dim (default: the last); all other sizes must agree",
    .shape = concat_shape, .eval = concat_eval, .vjp = concat_vjp, .flags = CM_LIST};
// clang-format on
