/* ops.h - the ops as C functions, for derivatives and composites written in them.
 *
 * Each returns NULL when an input is NULL or the application failed (the error is in the context),
 * so calls nest and are checked once. Results belong to the open scope. What an op computes, its
 * shapes and its options are said by its descriptor. */
#ifndef CM_OPS_H
#define CM_OPS_H

#include "ops/op.h"

/* One and two inputs, no options. */
#define CM_OPS_1(X) \
    X(neg)          \
    X(square)       \
    X(sqrt) X(reciprocal) X(exp) X(log) X(abs) X(sign) X(relu) X(sigmoid) X(tanh) X(softplus) X(erf)
#define CM_OPS_2(X)        X(add) X(sub) X(mul) X(div) X(matmul) X(maximum) X(minimum) X(eq) X(lt) X(gt)

#define CM_DECLARE_1(name) cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *x);
#define CM_DECLARE_2(name) cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *a, cm_tensor *b);
CM_OPS_1(CM_DECLARE_1)
CM_OPS_2(CM_DECLARE_2)
#undef CM_DECLARE_1
#undef CM_DECLARE_2

/* A plain number as a tensor without dims, a constant. */
cm_tensor *cm_number(cm_ctx *cx, double value);
/* x * value for a plain number. */
cm_tensor *cm_scale(cm_ctx *cx, cm_tensor *x, double value);
/* x + value. */
cm_tensor *cm_shift(cm_ctx *cx, cm_tensor *x, double value);

/* x^exponent. */
cm_tensor *cm_pow(cm_ctx *cx, cm_tensor *x, double exponent);

/* 1 where x > 0, else `below`. */
cm_tensor *cm_step(cm_ctx *cx, cm_tensor *x, double below);

/* x where mask > 0, else other, with broadcasting. */
cm_tensor *cm_where(cm_ctx *cx, cm_tensor *mask, cm_tensor *x, cm_tensor *other);

/* x where x > 0, else slope * x. */
cm_tensor *cm_leaky_relu(cm_ctx *cx, cm_tensor *x, double slope);

/* The activation of that name; identity gives x itself. */
cm_tensor *cm_activate(cm_ctx *cx, cm_tensor *x, cm_activation act);

/* Sum over one dim (0-based; -1: over all), kept with size 1 if `keep`. */
cm_tensor *cm_sum(cm_ctx *cx, cm_tensor *x, int dim, bool keep);

/* The mean, likewise. */
cm_tensor *cm_mean(cm_ctx *cx, cm_tensor *x, int dim, bool keep);

/* The largest element, likewise. */
cm_tensor *cm_max(cm_ctx *cx, cm_tensor *x, int dim, bool keep);

/* What a reduction of that shape over `dim` gave, kept or not, repeated to the shape. */
cm_tensor *cm_unreduce(cm_ctx *cx, cm_tensor *g, const cm_shape *shape, int dim);

/* Sum to a shape that broadcasts to x's. */
cm_tensor *cm_sum_to(cm_ctx *cx, cm_tensor *x, const cm_shape *shape);

/* x repeated to a shape that it broadcasts to, a view. */
cm_tensor *cm_expand(cm_ctx *cx, cm_tensor *x, const cm_shape *shape);
/* The same elements under another shape. */
cm_tensor *cm_reshape(cm_ctx *cx, cm_tensor *x, const cm_shape *shape);

/* Swap of the last two dims. */
cm_tensor *cm_transpose(cm_ctx *cx, cm_tensor *x);

/* Rows [first, last) along dim, 0-based. */
cm_tensor *cm_slice(cm_ctx *cx, cm_tensor *x, int dim, int64_t first, int64_t last);

/* Zeros of `size` along dim with x at `first`: the transpose of slice. */
cm_tensor *cm_unslice(cm_ctx *cx, cm_tensor *x, int dim, int64_t first, int64_t size);

/* `each` elements of every row of x [.., n] along the last dim: those that ids name, row by row. */
cm_tensor *cm_gather(cm_ctx *cx, cm_tensor *x, cm_ids *ids, int64_t each);

/* An op of one tensor and one list of ids or segments (gather_rows, segment_sum, segment_expand).
 */
cm_tensor *cm_apply_ids(cm_ctx *cx, const cm_op *op, cm_tensor *x, cm_ids *ids);

#endif
