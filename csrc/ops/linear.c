/* linear.c - affine map and activation in one op. */
#include "kernels/panels.h"
#include "ops/ops.h"
#include <string.h>

/* x [.., in], weight [out, in], bias [out] or absent; i = activation */
static bool linear_shape(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape, *w = &c->in[1]->shape;
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    int64_t count;
    if (w->ndim != 2 || x->ndim < 1 || x->dims[x->ndim - 1] != w->dims[1])
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "x %s does not fit weight %s: x must be [.., in], weight [out, in]",
                         cm_shape_text(x, a), cm_shape_text(w, b));
    if (c->n_in > 2) {
        const cm_shape *bias = &c->in[2]->shape;
        if (bias->ndim != 1 || bias->dims[0] != w->dims[0])
            return cm_refuse(c->cx, CM_ERR_SHAPE, "bias %s does not fit weight %s",
                             cm_shape_text(bias, a), cm_shape_text(w, b));
    }
    c->out_shape = *x;
    c->out_shape.dims[x->ndim - 1] = w->dims[0];
    if (!cm_shape_count(c->cx, &c->out_shape, &count))
        return false;
    if (cm_panels_worthwhile(cm_shape_lead(&c->out_shape), w->dims[0], w->dims[1]))
        c->work_size = cm_panels_size(w->dims[0], w->dims[1]);
    return true;
}

static void linear_eval(cm_call *c)
{
    const cm_tensor *x = c->in[0], *w = c->in[1];
    int64_t out = w->shape.dims[0], in = w->shape.dims[1], rows = cm_shape_lead(&c->out_shape);
    cm_matrix map = {cm_data(w), 1, in};
    if (c->work_size > 0) {
        cm_panels_fill(out, in, map, c->work);
        cm_panels_product(c->cx, rows, out, in, cm_data(x), in, c->work, false, cm_data(c->out),
                          out);
    } else {
        cm_gemm(c->cx, rows, out, in, (cm_matrix){cm_data(x), in, 1}, map, 0, cm_data(c->out), out);
    }
    cm_kernels_of(c->cx)->bias_act(rows, out, cm_data(c->out),
                                   c->n_in > 2 ? cm_data(c->in[2]) : NULL,
                                   (cm_activation)c->p.i[0]);
}

static cm_tensor *linear_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    cm_tensor *x = in[0], *y;
    if (x->shape.ndim == 1) {
        cm_shape row = cm_shape_2d(1, x->shape.dims[0]), flat = cm_shape_1d(in[1]->shape.dims[0]);
        y = cm_matmul(cx, cm_reshape(cx, x, &row), cm_transpose(cx, in[1]));
        y = cm_reshape(cx, y, &flat);
    } else {
        y = cm_matmul(cx, x, cm_transpose(cx, in[1]));
    }
    if (n_in > 2)
        y = cm_add(cx, y, in[2]);
    return cm_activate(cx, y, (cm_activation)p->i[0]);
}

static void linear_fast_vjp(cm_vjp *v)
{
    const cm_tensor *x = v->in[0], *w = v->in[1];
    const cm_kernels *k = cm_kernels_of(v->cx);
    int64_t out = w->shape.dims[0], in = w->shape.dims[1], rows = cm_shape_lead(&x->shape);
    cm_tensor *d = cm_act_gradient(v, (cm_activation)v->p->i[0]);
    if (!d)
        return;
    if (v->need[0]) {
        v->gin[0] = cm_tensor_new(v->cx, &x->shape);
        if (!v->gin[0] || !cm_vjp_product(v, rows, in, out, cm_data(d),
                                          (cm_matrix){cm_data(w), in, 1}, cm_data(v->gin[0])))
            return;
    }
    if (v->need[1]) {
        v->gin[1] = cm_vjp_target(v, 1);
        if (!v->gin[1])
            return;
        cm_gemm(v->cx, out, in, rows, (cm_matrix){cm_data(d), 1, out},
                (cm_matrix){cm_data(x), in, 1}, 1, cm_data(v->gin[1]), in);
    }
    if (v->n_in > 2 && v->need[2]) {
        v->gin[2] = cm_vjp_target(v, 2);
        if (v->gin[2])
            k->add_rows(rows, out, cm_data(v->gin[2]), cm_data(d));
    }
}

// clang-format off
const cm_op cm_op_linear = {.name = "linear", .args = "x:t weight:t bias:t? activation:a?",
    .doc = "activation(x weight^T + bias): x [.., in], weight [out, in], bias [out] or none",
    .shape = linear_shape, .eval = linear_eval, .expand = linear_expand,
    .fast_vjp = linear_fast_vjp, .saves = CM_SAVE_ALL_IN | CM_SAVE_OUT, .flags = CM_CONTIGUOUS};
// clang-format on
