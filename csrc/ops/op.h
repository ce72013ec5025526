/* op.h - what an op is, and how one is applied.
 *
 * Everything about an op is in one descriptor next to its kernel. It has one of three forms:
 *
 *   primitive   .shape + .eval (or .view) + .vjp   a kernel, and its derivative written in ops
 *   composite   .expand                            written in ops altogether
 *   fused       .expand + .shape + .eval + .fast_vjp
 *               a composite with a faster kernel beside it; .expand is its definition, which the
 *               engine differentiates when derivatives of derivatives are asked for
 *
 * A primitive may have a .fast_vjp too: kernels that need not be differentiable, used when no
 * higher-order derivative is requested.
 *
 * Derivatives are made of ops, so gradients of any order come from one definition. Broadcasting is
 * undone in one place, by the engine: no vjp handles it. */
#ifndef CM_OP_H
#define CM_OP_H

#include "kernels/kernels.h"
#include "kernels/panels.h"
#include "tensor/node.h"

typedef struct cm_op cm_op;

/* One application of an op, as its kernels see it. */
typedef struct cm_call {
    cm_ctx *cx;
    const cm_op *op;
    int n_in; /* fewer than declared where trailing optional inputs are absent */
    cm_tensor *const *in;
    cm_params p;        /* .shape may set defaults here */
    cm_shape out_shape; /* to be set by .shape */
    int64_t work_size;  /* size of the work space for .eval, to be set by .shape */
    cm_real *work;      /* that space, contents undefined; NULL if its size is 0 */
    int64_t keep_size;  /* number of values kept for .fast_vjp, to be set by .shape */
    cm_real *kept;      /* room for them (later v->p->kept); NULL if nothing is recorded */
    cm_tensor *out;     /* contiguous, for .eval to fill */
} cm_call;

/* One step of the backward walk: from g, the gradient of the output, to those of the inputs. */
typedef struct cm_vjp {
    cm_ctx *cx;
    const cm_op *op;
    int n_in;
    cm_tensor *g;         /* contiguous for fast_vjp unless CM_STRIDED_GRAD */
    cm_tensor *out;       /* as a part of the graph; only if the op saves it */
    cm_tensor *const *in; /* NULL for those that the op does not save */
    const cm_edge *edges; /* the shapes of all inputs, saved or not */
    const cm_params *p;
    const bool *need;       /* which gradients are requested */
    cm_tensor **gin;        /* to be set for those */
    cm_tensor *const *into; /* fast_vjp: where not NULL, the gradient may be added to this
                               contiguous tensor instead, and gin[i] set to it */
} cm_vjp;

/* What the derivative reads (bits of cm_op.saves); CM_SAVE_IN(i) for single inputs. */
#define CM_SAVE_IN(i)  (1u << (i))
#define CM_MAX_SAVED   31 /* inputs that can be saved: the first ones */
#define CM_SAVE_ALL_IN 0x7fffffffu
#define CM_SAVE_OUT    0x80000000u

/* Bits of cm_op.flags. */
#define CM_CONTIGUOUS   1u  /* .eval and .fast_vjp get contiguous inputs */
#define CM_NONDIFF      2u  /* has no derivative: nothing is recorded, gradients stop */
#define CM_LIST         4u  /* takes any number of tensors (args starts with a list) */
#define CM_MATRIX       8u  /* inputs are copied only where BLAS cannot read their last two dims */
#define CM_PRODUCT      32u /* of two inputs: each is saved only for the gradient of the other */
#define CM_STRIDED_GRAD 16u /* .fast_vjp reads g as it comes; else it is made contiguous */

struct cm_op {
    const char *name;
    const char *args; /* "x:t dim:d?": see ops/signature.h for the letters */
    const char *meta; /* Lua metamethod, or NULL */
    const char *doc;  /* one sentence: what, shapes, source */
    unsigned saves, flags;
    bool (*shape)(cm_call *c);      /* checks; false after cm_refuse */
    void (*eval)(cm_call *c);       /* fills out */
    cm_tensor *(*view)(cm_call *c); /* instead of eval: a view of in[0] */
    cm_tensor *(*expand)(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p);
    void (*vjp)(cm_vjp *v);
    void (*fast_vjp)(cm_vjp *v);
};

/* The descriptors of all ops. */
#define CM_OP(name) extern const cm_op cm_op_##name;
#include "ops/ops.def"

/* All descriptors, NULL at the end. */
extern const cm_op *const cm_op_table[];

/* Applies an op: checks, computes, records. NULL when any required input is NULL (an earlier
 * failure passes through) or something is wrong; the message does not name the op: the binding
 * does. The result belongs to the open scope. p may be NULL. */
cm_tensor *cm_apply(cm_ctx *cx, const cm_op *op, cm_tensor *const *in, int n_in,
                    const cm_params *p) CM_MUST_CHECK;

/* Computes a composite or fused op by its definition, even if it has kernels. */
cm_tensor *cm_apply_expanded(cm_ctx *cx, const cm_op *op, cm_tensor *const *in, int n_in,
                             const cm_params *p) CM_MUST_CHECK;

/* Common shape rules. */
bool cm_shape_rule_same(cm_call *c);      /* out as in[0] */
bool cm_shape_rule_broadcast(cm_call *c); /* out as in[0] and in[1] broadcast */
bool cm_shape_rule_reduce(
    cm_call *c); /* in[0] without dim i[0] (-1: all dims), or with size 1 there if i[1] */

/* A dim of a contiguous tensor seen as [outer, n, inner]. */
typedef struct cm_around {
    int64_t outer, n, inner;
} cm_around;

/* For fast_vjp: the tensor to add gradient i to, the caller's or a fresh one of zeros. NULL when
 * memory runs out. */
cm_tensor *cm_vjp_target(cm_vjp *v, int i);

/* For fast_vjp of an op that ends in an activation and saves its output: the gradient of what the
 * activation was applied to. NULL when memory runs out. */
cm_tensor *cm_act_gradient(cm_vjp *v, cm_activation act);

/* For fast_vjp: c [m, n] = a [m, k] b [k, n], contiguous but for b, whose strides say how it lies.
 * False when memory runs out. */
bool cm_vjp_product(cm_vjp *v, int64_t m, int64_t n, int64_t k, const cm_real *a, cm_matrix b,
                    cm_real *c) CM_MUST_CHECK;

/* The sizes around a dim (0-based; -1: all dims as one). */
cm_around cm_around_dim(const cm_shape *shape, int dim);

/* Refused unless the tensor has `ndim` dims; `what` names it. */
bool cm_need_dims(cm_call *c, const cm_tensor *t, int ndim, const char *what);

/* Refused unless every id is a row of `rows`, or -1 where `unknown` allows it. */
bool cm_need_ids(cm_ctx *cx, const cm_ids *ids, int64_t rows, bool unknown, const char *what);

/* Refused unless x is [rows, ..] with the rows that the segments cover. */
bool cm_need_cover(cm_ctx *cx, const cm_shape *x, const cm_ids *segments);

/* Refused unless `lengths` (segments) has a length for each row of the batch, none above `time`. */
bool cm_need_lengths(cm_ctx *cx, const cm_ids *lengths, int64_t batch, int64_t time);

#endif
