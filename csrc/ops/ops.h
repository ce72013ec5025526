/* ops.h - the ops as C functions, for derivatives and composites written in them.
 *
 * Each returns NULL when an input is NULL or the application failed (the error is in the context),
 * so calls nest and are checked once. Results belong to the open scope. What an op computes, its
 * shapes and its options are described by its descriptor. */
#ifndef CM_OPS_H
#define CM_OPS_H

#include "ops/op.h"

/* The ops of the forms that ops.def names. */
#define CM_OP(name)
#define CM_OP_UNARY(name)         cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *x);
#define CM_OP_BINARY(name)        cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *a, cm_tensor *b);
#define CM_OP_NUMBER(name, value) cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *x, double value);
#define CM_OP_REDUCE(name)        cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *x, int dim, bool keep);
#define CM_OP_SHAPE(name)         cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *x, const cm_shape *shape);
#define CM_OP_IDS(name)           cm_tensor *cm_##name(cm_ctx *cx, cm_tensor *x, cm_ids *ids);
#include "ops/ops.def"

/* A number as a constant tensor without dims. */
cm_tensor *cm_number(cm_ctx *cx, double value);
/* x * value for a plain number. */
cm_tensor *cm_scale(cm_ctx *cx, cm_tensor *x, double value);
/* x + value. */
cm_tensor *cm_shift(cm_ctx *cx, cm_tensor *x, double value);

/* x where mask > 0, else other, with broadcasting. */
cm_tensor *cm_where(cm_ctx *cx, cm_tensor *mask, cm_tensor *x, cm_tensor *other);

/* The activation of that name; identity gives x itself. */
cm_tensor *cm_activate(cm_ctx *cx, cm_tensor *x, cm_activation act);

/* The result of a reduction over `dim` (kept or not) of a tensor of that shape, expanded to the
 * shape. */
cm_tensor *cm_unreduce(cm_ctx *cx, cm_tensor *g, const cm_shape *shape, int dim);

/* Swap of the last two dims. */
cm_tensor *cm_transpose(cm_ctx *cx, cm_tensor *x);

/* Rows [first, last) along dim, 0-based. */
cm_tensor *cm_slice(cm_ctx *cx, cm_tensor *x, int dim, int64_t first, int64_t last);

/* Zeros of `size` along dim with x at `first`: the transpose of slice. */
cm_tensor *cm_unslice(cm_ctx *cx, cm_tensor *x, int dim, int64_t first, int64_t size);

/* `each` elements of every row of x [.., n] along the last dim: those that ids name, row by row. */
cm_tensor *cm_gather(cm_ctx *cx, cm_tensor *x, cm_ids *ids, int64_t each);

#endif
