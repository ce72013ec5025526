/* view.c - views of the same elements. */
#include "ops/ops.h"
#include "tensor/iter.h"
#include <string.h>

/* reshape: one size may be -1, inferred from the others. A copy only if x is not contiguous. */
static bool reshape_shape(cm_call *c)
{
    const cm_shape *from = &c->in[0]->shape;
    cm_shape to = c->p.shape;
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    int guess = -1;
    int64_t known = 1, count;
    for (int d = 0; d < to.ndim; d++) {
        if (to.dims[d] == -1 && guess < 0)
            guess = d;
        else if (to.dims[d] < 0)
            return cm_refuse(c->cx, CM_ERR_SHAPE, "sizes of shape %s must not be negative%s",
                             cm_shape_text(&to, a), guess < 0 ? "" : " (one may be -1)");
        else if (to.dims[d] > 0 && known > CM_MAX_ELEMENTS / to.dims[d])
            return cm_refuse(c->cx, CM_ERR_LIMIT, "shape %s is too large", cm_shape_text(&to, a));
        else
            known *= to.dims[d];
    }
    if (guess >= 0 && known > 0 && c->in[0]->count % known == 0) {
        to.dims[guess] = c->in[0]->count / known;
        known *= to.dims[guess];
    }
    if (known != c->in[0]->count || (guess >= 0 && to.dims[guess] < 0))
        return cm_refuse(c->cx, CM_ERR_SHAPE, "shape %s does not have the %lld elements of %s",
                         cm_shape_text(&to, a), (long long)c->in[0]->count, cm_shape_text(from, b));
    c->out_shape = to;
    return cm_shape_count(c->cx, &to, &count);
}

static cm_tensor *reshape_view(cm_call *c)
{
    cm_tensor *x = cm_contiguous(c->cx, c->in[0]);
    int64_t strides[CM_MAX_DIMS];
    cm_shape_strides(&c->out_shape, strides);
    return x ? cm_tensor_view(c->cx, x, &c->out_shape, strides, x->offset) : NULL;
}

static void reshape_vjp(cm_vjp *v)
{
    v->gin[0] = cm_reshape(v->cx, v->g, &v->edges[0].shape);
}

/* permute: p.shape holds, for every new dim, the old one (0-based) */
static bool permute_shape(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape;
    unsigned seen = 0;
    char text[CM_SHAPE_TEXT];
    if (c->p.shape.ndim != x->ndim)
        return cm_refuse(c->cx, CM_ERR_SHAPE, "%d dims given for a tensor of shape %s",
                         c->p.shape.ndim, cm_shape_text(x, text));
    c->out_shape.ndim = x->ndim;
    for (int d = 0; d < x->ndim; d++) {
        int64_t from = c->p.shape.dims[d];
        if (from < 0 || from >= x->ndim || (seen & (1u << from)))
            return cm_refuse(c->cx, CM_ERR_ARGUMENT, "the dims must name each of 1 to %d once",
                             x->ndim);
        seen |= 1u << from;
        c->out_shape.dims[d] = x->dims[from];
    }
    return true;
}

static cm_tensor *permute_view(cm_call *c)
{
    int64_t strides[CM_MAX_DIMS];
    for (int d = 0; d < c->out_shape.ndim; d++)
        strides[d] = c->in[0]->strides[c->p.shape.dims[d]];
    return cm_tensor_view(c->cx, c->in[0], &c->out_shape, strides, c->in[0]->offset);
}

static void permute_vjp(cm_vjp *v)
{
    cm_params back = {.shape = {.ndim = v->p->shape.ndim}};
    for (int d = 0; d < back.shape.ndim; d++)
        back.shape.dims[v->p->shape.dims[d]] = d;
    v->gin[0] = cm_apply(v->cx, &cm_op_permute, (cm_tensor *const[]){v->g}, 1, &back);
}

/* transpose: swaps dims i[0] and i[1]; negative ones count from the end (-1: the last) */
static cm_tensor *transpose_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    int ndim = in[0]->shape.ndim;
    cm_params order = {.shape = {.ndim = ndim}};
    int64_t a = p->i[0] < 0 ? p->i[0] + ndim : p->i[0], b = p->i[1] < 0 ? p->i[1] + ndim : p->i[1];
    if (a < 0 || b < 0)
        return cm_fail(cx, CM_ERR_SHAPE, "a tensor of %d dims has no two dims to swap", ndim);
    for (int d = 0; d < ndim; d++)
        order.shape.dims[d] = d == a ? b : d == b ? a : d;
    return cm_apply(cx, &cm_op_permute, in, 1, &order);
}

static bool expand_shape(cm_call *c)
{
    char from[CM_SHAPE_TEXT], to[CM_SHAPE_TEXT];
    int64_t count;
    if (!cm_shape_count(c->cx, &c->p.shape, &count))
        return false;
    if (!cm_shape_expands(&c->in[0]->shape, &c->p.shape))
        return cm_refuse(c->cx, CM_ERR_SHAPE, "shape %s does not expand to %s",
                         cm_shape_text(&c->in[0]->shape, from), cm_shape_text(&c->p.shape, to));
    c->out_shape = c->p.shape;
    return true;
}

static cm_tensor *expand_view(cm_call *c)
{
    const cm_tensor *x = c->in[0];
    int lead = c->out_shape.ndim - x->shape.ndim;
    int64_t strides[CM_MAX_DIMS];
    for (int d = 0; d < c->out_shape.ndim; d++)
        strides[d] = d < lead || x->shape.dims[d - lead] == 1 ? 0 : x->strides[d - lead];
    return cm_tensor_view(c->cx, x, &c->out_shape, strides, x->offset);
}

static void expand_vjp(cm_vjp *v)
{
    v->gin[0] = cm_sum_to(v->cx, v->g, &v->edges[0].shape);
}

/* slice: i = dim, first (0-based), last (not included) */
static bool slice_shape(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape;
    int64_t dim = c->p.i[0], first = c->p.i[1], last = c->p.i[2];
    char text[CM_SHAPE_TEXT];
    if (first < 0 || last < first || last > x->dims[dim])
        return cm_refuse(
            c->cx, CM_ERR_INDEX, "rows %lld to %lld of dim %lld of shape %s do not exist",
            (long long)first + 1, (long long)last, (long long)dim + 1, cm_shape_text(x, text));
    c->out_shape = *x;
    c->out_shape.dims[dim] = last - first;
    return true;
}

static cm_tensor *slice_view(cm_call *c)
{
    const cm_tensor *x = c->in[0];
    return cm_tensor_view(c->cx, x, &c->out_shape, x->strides,
                          x->offset + c->p.i[1] * x->strides[c->p.i[0]]);
}

static void slice_vjp(cm_vjp *v)
{
    int dim = (int)v->p->i[0];
    v->gin[0] = cm_unslice(v->cx, v->g, dim, v->p->i[1], v->edges[0].shape.dims[dim]);
}

/* Several parts of a tensor add to one gradient, each in its place. */
static void slice_fast_vjp(cm_vjp *v)
{
    const cm_shape *x = &v->edges[0].shape, *part = &v->g->shape;
    cm_around whole = cm_around_dim(x, (int)v->p->i[0]);
    int64_t length = part->dims[v->p->i[0]] * whole.inner;
    cm_tensor *sum = v->gin[0] = cm_vjp_target(v, 0);
    for (int64_t o = 0; sum && o < whole.outer; o++)
        cm_kernels_of(v->cx)->axpy(length, cm_data(sum) + (o * whole.n + v->p->i[1]) * whole.inner,
                                   1, cm_data(v->g) + o * length);
}

/* unslice: i = dim, first, size */
static bool unslice_shape(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape;
    int64_t dim = c->p.i[0], first = c->p.i[1], size = c->p.i[2], count;
    if (first < 0 || size < 0 || first > size - x->dims[dim])
        return cm_refuse(c->cx, CM_ERR_INDEX, "%lld rows from row %lld do not fit into %lld rows",
                         (long long)x->dims[dim], (long long)first + 1, (long long)size);
    c->out_shape = *x;
    c->out_shape.dims[dim] = size;
    return cm_shape_count(c->cx, &c->out_shape, &count);
}

static void unslice_eval(cm_call *c)
{
    int64_t dim = c->p.i[0], first = c->p.i[1];
    memset(cm_data(c->out), 0, (size_t)c->out->count * sizeof(cm_real));
    cm_tensor window = *c->out;
    window.shape = c->in[0]->shape;
    window.count = c->in[0]->count;
    window.offset += first * window.strides[dim];
    cm_tensor_copy(&window, c->in[0]);
}

static void unslice_vjp(cm_vjp *v)
{
    int64_t dim = v->p->i[0], first = v->p->i[1];
    v->gin[0] = cm_slice(v->cx, v->g, (int)dim, first, first + v->edges[0].shape.dims[dim]);
}

// clang-format off
const cm_op cm_op_reshape = {.name = "reshape", .args = "x:t shape:s",
    .doc = "the same elements in row-major order under another shape; one size may be -1",
    .shape = reshape_shape, .view = reshape_view, .vjp = reshape_vjp};
const cm_op cm_op_permute = {.name = "permute", .args = "x:t dims:p",
    .doc = "the dims in another order: dims[k] is the old dim that becomes dim k",
    .shape = permute_shape, .view = permute_view, .vjp = permute_vjp};
const cm_op cm_op_transpose = {.name = "transpose", .args = "x:t a:d=-2 b:d=-1",
    .doc = "two dims swapped (default: the last two)", .expand = transpose_expand};
const cm_op cm_op_expand = {.name = "expand", .args = "x:t shape:s",
    .doc = "x repeated to a shape that it broadcasts to, without a copy",
    .shape = expand_shape, .view = expand_view, .vjp = expand_vjp};
const cm_op cm_op_slice = {.name = "slice", .args = "x:t dim:d first:r last:i",
    .doc = "rows first to last (both included) along a dim, without a copy",
    .shape = slice_shape, .view = slice_view, .vjp = slice_vjp, .fast_vjp = slice_fast_vjp};
const cm_op cm_op_unslice = {.name = "unslice", .args = "x:t dim:d first:r size:i",
    .doc = "zeros of the given size along a dim, holding x from row first on",
    .shape = unslice_shape, .eval = unslice_eval, .vjp = unslice_vjp};
// clang-format on
