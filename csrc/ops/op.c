/* op.c - applying an op: shape, allocation, kernel, record. */
#include "ops/op.h"
#include "ops/ops.h"
#include "tensor/blas.h"

const cm_op *const cm_op_table[] = {
#define CM_OP(name) &cm_op_##name,
#include "ops/ops.def"
#undef CM_OP
    NULL};

static bool inputs_present(cm_tensor *const *in, int n_in)
{
    for (int i = 0; i < n_in; i++)
        if (!in[i])
            return false;
    return true;
}

static bool blas_can_read(const cm_tensor *x)
{
    int last = x->shape.ndim - 1;
    return cm_matrix_fits(x->shape.dims[last - 1], x->shape.dims[last], x->strides[last - 1],
                          x->strides[last]);
}

/* What the kernel reads: the inputs, or contiguous copies; the record keeps the originals. */
static bool prepare(cm_ctx *cx, const cm_op *op, cm_tensor *const *in, int n_in, cm_tensor **ready)
{
    for (int i = 0; i < n_in; i++) {
        bool copy =
            (op->flags & CM_CONTIGUOUS) || ((op->flags & CM_MATRIX) && !blas_can_read(in[i]));
        ready[i] = copy ? cm_contiguous(cx, in[i]) : in[i];
        if (!ready[i])
            return false;
    }
    return true;
}

static cm_tensor *compute(cm_ctx *cx, const cm_op *op, cm_tensor *const *in, int n_in,
                          const cm_params *p)
{
    static const cm_params none;
    cm_tensor *ready[CM_MAX_INPUTS];
    cm_call call = {.cx = cx, .op = op, .n_in = n_in, .in = in, .p = p ? *p : none};
    if (!op->shape(&call))
        return NULL;
    cm_tensor *out;
    if (op->view) {
        out = op->view(&call);
    } else {
        if (!prepare(cx, op, in, n_in, ready))
            return NULL;
        call.in = ready;
        if (call.work_size > 0) {
            cm_shape size = cm_shape_1d(call.work_size);
            cm_tensor *work = cm_tensor_new(cx, &size);
            if (!work)
                return NULL;
            call.work = cm_data(work);
        }
        out = call.out = cm_tensor_new(cx, &call.out_shape);
        if (out)
            op->eval(&call);
    }
    if (!out || (op->flags & CM_NONDIFF) || !cm_records(cx, in, n_in))
        return out;
    return cm_record(cx, op, op->saves, in, n_in, &call.p, out) ? out : NULL;
}

cm_tensor *cm_apply_expanded(cm_ctx *cx, const cm_op *op, cm_tensor *const *in, int n_in,
                             const cm_params *p)
{
    static const cm_params none;
    cm_call call = {.cx = cx, .op = op, .n_in = n_in, .in = in, .p = p ? *p : none};
    if (op->shape && !op->shape(&call)) /* a fused op's definition relies on its checks */
        return NULL;
    return op->expand(cx, in, n_in, &call.p);
}

cm_tensor *cm_apply(cm_ctx *cx, const cm_op *op, cm_tensor *const *in, int n_in, const cm_params *p)
{
    if (!inputs_present(in, n_in))
        return NULL;
    cx->counters.ops++;
    size_t mark = cm_scope_begin(cx);
    cm_tensor *out = op->eval || op->view ? compute(cx, op, in, n_in, p)
                                          : cm_apply_expanded(cx, op, in, n_in, p);
    return cm_scope_end_keep(cx, mark, out);
}

bool cm_shape_rule_same(cm_call *c)
{
    c->out_shape = c->in[0]->shape;
    return true;
}

bool cm_shape_rule_broadcast(cm_call *c)
{
    return cm_shape_broadcast(c->cx, &c->in[0]->shape, &c->in[1]->shape, &c->out_shape);
}

bool cm_need_dims(cm_call *c, const cm_tensor *t, int ndim, const char *what)
{
    char text[CM_SHAPE_TEXT];
    if (t->shape.ndim == ndim)
        return true;
    return cm_refuse(c->cx, CM_ERR_SHAPE, "%s must have %d dims, not shape %s", what, ndim,
                     cm_shape_text(&t->shape, text));
}

bool cm_need_ids(cm_ctx *cx, const cm_ids *ids, int64_t rows, bool unknown, const char *what)
{
    if (ids->count == 0)
        return true;
    if (ids->least < 0 && !unknown)
        return cm_refuse(cx, CM_ERR_INDEX, "%s contains 0 (unknown), which has no row here", what);
    if (ids->limit > rows)
        return cm_refuse(cx, CM_ERR_INDEX, "%s contains %d, but there are only %lld rows", what,
                         ids->limit, (long long)rows);
    return true;
}

#define CM_DEFINE_1(name)                                                     \
    cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *x)                            \
    {                                                                         \
        return cm_apply(cx, &cm_op_##name, (cm_tensor *const[]){x}, 1, NULL); \
    }
#define CM_DEFINE_2(name)                                                        \
    cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *a, cm_tensor *b)                 \
    {                                                                            \
        return cm_apply(cx, &cm_op_##name, (cm_tensor *const[]){a, b}, 2, NULL); \
    }
CM_OPS_1(CM_DEFINE_1)
CM_OPS_2(CM_DEFINE_2)

static cm_tensor *number(cm_ctx *cx, double value)
{
    return cm_tensor_full(cx, &(cm_shape){.ndim = 0}, value);
}

cm_tensor *cm_scale(cm_ctx *cx, cm_tensor *x, double value)
{
    return x ? cm_mul(cx, x, number(cx, value)) : NULL;
}

cm_tensor *cm_shift(cm_ctx *cx, cm_tensor *x, double value)
{
    return x ? cm_add(cx, x, number(cx, value)) : NULL;
}

static cm_tensor *apply_number(cm_ctx *cx, const cm_op *op, cm_tensor *x, double value)
{
    cm_params p = {.x = {value}};
    return cm_apply(cx, op, (cm_tensor *const[]){x}, 1, &p);
}

cm_tensor *cm_pow(cm_ctx *cx, cm_tensor *x, double exponent)
{
    return apply_number(cx, &cm_op_pow, x, exponent);
}

cm_tensor *cm_step(cm_ctx *cx, cm_tensor *x, double below)
{
    return apply_number(cx, &cm_op_step, x, below);
}

cm_tensor *cm_leaky_relu(cm_ctx *cx, cm_tensor *x, double slope)
{
    return apply_number(cx, &cm_op_leaky_relu, x, slope);
}

cm_tensor *cm_activate(cm_ctx *cx, cm_tensor *x, cm_activation act)
{
    switch (act) {
    case CM_ACT_RELU:
        return cm_relu(cx, x);
    case CM_ACT_LEAKY_RELU:
        return cm_leaky_relu(cx, x, CM_LEAKY_SLOPE);
    case CM_ACT_SIGMOID:
        return cm_sigmoid(cx, x);
    case CM_ACT_TANH:
        return cm_tanh(cx, x);
    default:
        return x;
    }
}

cm_tensor *cm_sum(cm_ctx *cx, cm_tensor *x, int dim, bool keep)
{
    cm_params p = {.i = {dim, keep}};
    return cm_apply(cx, &cm_op_sum, (cm_tensor *const[]){x}, 1, &p);
}

static cm_tensor *apply_shape(cm_ctx *cx, const cm_op *op, cm_tensor *x, const cm_shape *shape)
{
    cm_params p = {.shape = *shape};
    return cm_apply(cx, op, (cm_tensor *const[]){x}, 1, &p);
}

cm_tensor *cm_sum_to(cm_ctx *cx, cm_tensor *x, const cm_shape *shape)
{
    return apply_shape(cx, &cm_op_sum_to, x, shape);
}

cm_tensor *cm_expand(cm_ctx *cx, cm_tensor *x, const cm_shape *shape)
{
    return apply_shape(cx, &cm_op_expand, x, shape);
}

cm_tensor *cm_reshape(cm_ctx *cx, cm_tensor *x, const cm_shape *shape)
{
    return apply_shape(cx, &cm_op_reshape, x, shape);
}

cm_tensor *cm_transpose(cm_ctx *cx, cm_tensor *x)
{
    cm_params p = {.i = {-2, -1}};
    return cm_apply(cx, &cm_op_transpose, (cm_tensor *const[]){x}, 1, &p);
}

cm_tensor *cm_slice(cm_ctx *cx, cm_tensor *x, int dim, int64_t first, int64_t last)
{
    cm_params p = {.i = {dim, first, last}};
    return cm_apply(cx, &cm_op_slice, (cm_tensor *const[]){x}, 1, &p);
}

cm_tensor *cm_unslice(cm_ctx *cx, cm_tensor *x, int dim, int64_t first, int64_t size)
{
    cm_params p = {.i = {dim, first, size}};
    return cm_apply(cx, &cm_op_unslice, (cm_tensor *const[]){x}, 1, &p);
}

cm_tensor *cm_apply_ids(cm_ctx *cx, const cm_op *op, cm_tensor *x, cm_ids *ids)
{
    cm_params p = {.ids = {ids}};
    return cm_apply(cx, op, (cm_tensor *const[]){x}, 1, &p);
}
