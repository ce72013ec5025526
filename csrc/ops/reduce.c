/* reduce.c - sums and means. */
#include "ops/ops.h"
#include <string.h>

/* x [outer, n, inner] summed over n: `outer` and `inner` are the sizes around the dim. */
static void sum_middle(cm_ctx *cx, const cm_real *x, int64_t outer, int64_t n, int64_t inner,
                       cm_real *o)
{
    const cm_kernels *k = cm_kernels_of(cx);
    for (int64_t i = 0; i < outer; i++, x += n * inner, o += inner) {
        if (inner == 1) {
            *o = k->sum(n, x);
        } else {
            memset(o, 0, (size_t)inner * sizeof *o);
            k->add_rows(n, inner, o, x);
        }
    }
}

/* params: dim (-1: all), keep */
static bool sum_shape(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape;
    int dim = (int)c->p.i[0];
    bool keep = c->p.i[1] != 0;
    c->out_shape = (cm_shape){.ndim = 0};
    for (int d = 0; d < x->ndim; d++) {
        bool gone = dim < 0 || d == dim;
        if (!gone || keep)
            c->out_shape.dims[c->out_shape.ndim++] = gone ? 1 : x->dims[d];
    }
    return true;
}

static void sum_eval(cm_call *c)
{
    const cm_tensor *x = c->in[0];
    int dim = (int)c->p.i[0];
    if (dim < 0) {
        sum_middle(c->cx, cm_data(x), 1, x->count, 1, cm_data(c->out));
        return;
    }
    int64_t outer = 1, inner = 1;
    for (int d = 0; d < dim; d++)
        outer *= x->shape.dims[d];
    for (int d = dim + 1; d < x->shape.ndim; d++)
        inner *= x->shape.dims[d];
    sum_middle(c->cx, cm_data(x), outer, x->shape.dims[dim], inner, cm_data(c->out));
}

static void sum_vjp(cm_vjp *v)
{
    const cm_shape *shape = &v->edges[0].shape;
    cm_shape kept = *shape;
    int dim = (int)v->p->i[0];
    for (int d = 0; d < kept.ndim; d++)
        if (dim < 0 || d == dim)
            kept.dims[d] = 1;
    v->gin[0] = cm_expand(v->cx, cm_reshape(v->cx, v->g, &kept), shape);
}

static cm_tensor *mean_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    int dim = (int)p->i[0];
    int64_t n = dim < 0 ? in[0]->count : in[0]->shape.dims[dim];
    return cm_scale(cx, cm_sum(cx, in[0], dim, p->i[1] != 0), 1.0 / (double)n);
}

/* params: shape, which must broadcast to x's */
static bool sum_to_shape(cm_call *c)
{
    char from[CM_SHAPE_TEXT], to[CM_SHAPE_TEXT];
    if (!cm_shape_expands(&c->p.shape, &c->in[0]->shape))
        return cm_refuse(c->cx, CM_ERR_SHAPE, "shape %s cannot be summed to %s",
                         cm_shape_text(&c->in[0]->shape, from), cm_shape_text(&c->p.shape, to));
    c->out_shape = c->p.shape;
    return true;
}

/* Sums the dims that the target lacks or has as 1, one run of neighbours after another. */
static void sum_to_eval(cm_call *c)
{
    const cm_tensor *x = c->in[0];
    const cm_real *a = cm_data(x);
    cm_real *o = cm_data(c->out);
    const cm_kernels *k = cm_kernels_of(c->cx);
    int lead = x->shape.ndim - c->out_shape.ndim;
    int64_t strides[CM_MAX_DIMS], step[CM_MAX_DIMS], index[CM_MAX_DIMS] = {0};
    cm_shape_strides(&c->out_shape, strides);
    int last = x->shape.ndim - 1;
    for (int d = 0; d <= last; d++)
        step[d] = d < lead || c->out_shape.dims[d - lead] == 1 ? 0 : strides[d - lead];
    memset(o, 0, (size_t)c->out->count * sizeof *o);
    if (x->count == 0)
        return;
    int64_t n = last >= 0 ? x->shape.dims[last] : 1, at = 0;
    for (int64_t done = 0; done < x->count; done += n, a += n) {
        if (last >= 0 && step[last] != 0)
            k->axpy(n, o + at, 1, a);
        else
            o[at] += k->sum(n, a);
        for (int d = last - 1; d >= 0; d--) {
            at += step[d];
            if (++index[d] < x->shape.dims[d])
                break;
            at -= step[d] * x->shape.dims[d];
            index[d] = 0;
        }
    }
}

static void sum_to_vjp(cm_vjp *v)
{
    v->gin[0] = cm_expand(v->cx, v->g, &v->edges[0].shape);
}

// clang-format off
const cm_op cm_op_sum = {.name = "sum", .args = "x:t dim:d? keep:b?",
    .doc = "sum over one dim, or over all; keep leaves the dim with size 1",
    .shape = sum_shape, .eval = sum_eval, .vjp = sum_vjp, .flags = CM_CONTIGUOUS};
const cm_op cm_op_mean = {.name = "mean", .args = "x:t dim:d? keep:b?",
    .doc = "mean over one dim, or over all; keep leaves the dim with size 1; of nothing: not a number",
    .expand = mean_expand};
const cm_op cm_op_sum_to = {.name = "sum_to", .args = "x:t shape:s",
    .doc = "sum over the dims that the shape lacks or has as 1: the transpose of expand",
    .shape = sum_to_shape, .eval = sum_to_eval, .vjp = sum_to_vjp, .flags = CM_CONTIGUOUS};
// clang-format on
