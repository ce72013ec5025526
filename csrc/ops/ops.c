/* ops.c - see ops.h. */
#include "ops/ops.h"

static cm_tensor *apply_one(cm_ctx *cx, const cm_op *op, cm_tensor *x, const cm_params *p)
{
    return cm_apply(cx, op, (cm_tensor *const[]){x}, 1, p);
}

#define CM_OP(name)
#define CM_OP_UNARY(name)                             \
    cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *x)    \
    {                                                 \
        return apply_one(cx, &cm_op_##name, x, NULL); \
    }
#define CM_OP_BINARY(name)                                                       \
    cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *a, cm_tensor *b)                 \
    {                                                                            \
        return cm_apply(cx, &cm_op_##name, (cm_tensor *const[]){a, b}, 2, NULL); \
    }
#define CM_OP_NUMBER(name, value)                                \
    cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *x, double value) \
    {                                                            \
        cm_params p = {.x = {value}};                            \
        return apply_one(cx, &cm_op_##name, x, &p);              \
    }
#define CM_OP_REDUCE(name)                                             \
    cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *x, int dim, bool keep) \
    {                                                                  \
        cm_params p = {.i = {dim, keep}};                              \
        return apply_one(cx, &cm_op_##name, x, &p);                    \
    }
#define CM_OP_SHAPE(name)                                                 \
    cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *x, const cm_shape *shape) \
    {                                                                     \
        cm_params p = {.shape = *shape};                                  \
        return apply_one(cx, &cm_op_##name, x, &p);                       \
    }
#define CM_OP_IDS(name)                                         \
    cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *x, cm_ids *ids) \
    {                                                           \
        cm_params p = {.ids = {ids}};                           \
        return apply_one(cx, &cm_op_##name, x, &p);             \
    }
#include "ops/ops.def"

cm_tensor *cm_number(cm_ctx *cx, double value)
{
    return cm_tensor_full(cx, &(cm_shape){.ndim = 0}, value);
}

cm_tensor *cm_scale(cm_ctx *cx, cm_tensor *x, double value)
{
    return x ? cm_mul(cx, x, cm_number(cx, value)) : NULL;
}

cm_tensor *cm_shift(cm_ctx *cx, cm_tensor *x, double value)
{
    return x ? cm_add(cx, x, cm_number(cx, value)) : NULL;
}

cm_tensor *cm_where(cm_ctx *cx, cm_tensor *mask, cm_tensor *x, cm_tensor *other)
{
    return cm_apply(cx, &cm_op_where, (cm_tensor *const[]){mask, x, other}, 3, NULL);
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

cm_tensor *cm_unreduce(cm_ctx *cx, cm_tensor *g, const cm_shape *shape, int dim)
{
    cm_shape kept = *shape;
    for (int d = 0; d < kept.ndim; d++)
        if (dim < 0 || d == dim)
            kept.dims[d] = 1;
    return cm_expand(cx, cm_reshape(cx, g, &kept), shape);
}

cm_tensor *cm_transpose(cm_ctx *cx, cm_tensor *x)
{
    cm_params p = {.i = {-2, -1}};
    return apply_one(cx, &cm_op_transpose, x, &p);
}

cm_tensor *cm_slice(cm_ctx *cx, cm_tensor *x, int dim, int64_t first, int64_t last)
{
    cm_params p = {.i = {dim, first, last}};
    return apply_one(cx, &cm_op_slice, x, &p);
}

cm_tensor *cm_unslice(cm_ctx *cx, cm_tensor *x, int dim, int64_t first, int64_t size)
{
    cm_params p = {.i = {dim, first, size}};
    return apply_one(cx, &cm_op_unslice, x, &p);
}

cm_tensor *cm_gather(cm_ctx *cx, cm_tensor *x, cm_ids *ids, int64_t each)
{
    cm_params p = {.i = {each}, .ids = {ids}};
    return apply_one(cx, &cm_op_gather, x, &p);
}
