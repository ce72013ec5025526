/* reduce.c - sums, means, variances and norms. */
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

static void sum_eval(cm_call *c)
{
    cm_around a = cm_around_dim(&c->in[0]->shape, (int)c->p.i[0]);
    sum_middle(c->cx, cm_data(c->in[0]), a.outer, a.n, a.inner, cm_data(c->out));
}

static void sum_vjp(cm_vjp *v)
{
    v->gin[0] = cm_unreduce(v->cx, v->g, &v->edges[0].shape, (int)v->p->i[0]);
}

static cm_tensor *mean_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    int dim = (int)p->i[0];
    int64_t n = dim < 0 ? in[0]->count : in[0]->shape.dims[dim];
    return cm_scale(cx, cm_sum(cx, in[0], dim, p->i[1] != 0), 1.0 / (double)n);
}

static cm_tensor *variance_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    int dim = (int)p->i[0];
    /* From the mean, not as the mean of squares minus the squared mean, which loses precision. */
    cm_tensor *from_mean = cm_sub(cx, in[0], cm_mean(cx, in[0], dim, true));
    return cm_mean(cx, cm_square(cx, from_mean), dim, p->i[1] != 0);
}

static cm_tensor *norm_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    cm_tensor *total = cm_sum(cx, cm_square(cx, in[0]), (int)p->i[0], p->i[1] != 0);
    /* The square root has no derivative at 0: there the norm is the constant 0. */
    cm_tensor *zero = cm_number(cx, 0), *nothing = cm_eq(cx, total, zero);
    cm_tensor *safe = cm_where(cx, nothing, cm_number(cx, 1), total);
    return cm_where(cx, nothing, zero, cm_sqrt(cx, safe));
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

/* Sums over the dims that the target lacks or has as 1, one contiguous run after another. */
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
    .shape = cm_shape_rule_reduce, .eval = sum_eval, .vjp = sum_vjp, .flags = CM_CONTIGUOUS};
const cm_op cm_op_mean = {.name = "mean", .args = "x:t dim:d? keep:b?",
    .doc = "mean over one dim, or over all; keep leaves the dim with size 1; NaN over no elements",
    .expand = mean_expand};
const cm_op cm_op_variance = {.name = "variance", .args = "x:t dim:d? keep:b?",
    .doc = "mean of the squared distance from the mean (biased: divided by the count) over one dim, or "
           "over all; keep leaves the dim with size 1; NaN over no elements",
    .expand = variance_expand};
const cm_op cm_op_norm = {.name = "norm", .args = "x:t dim:d? keep:b?",
    .doc = "Euclidean norm, the root of the sum of squares, over one dim, or over all; keep leaves the "
           "dim with size 1; its derivative at 0 is 0",
    .expand = norm_expand};
const cm_op cm_op_sum_to = {.name = "sum_to", .args = "x:t shape:s",
    .doc = "sum over the dims that the shape lacks or has as 1: the transpose of expand",
    .shape = sum_to_shape, .eval = sum_to_eval, .vjp = sum_to_vjp, .flags = CM_CONTIGUOUS};
// clang-format on
