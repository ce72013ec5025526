/* tensor.h - a strided view of a storage and, through its node, a place in the graph.
 *
 * Ownership: a tensor made by an op belongs to the innermost open scope, which releases it at
 * cm_scope_end; whoever needs it longer retains it. Without an open scope the caller owns it. */
#ifndef CM_TENSOR_H
#define CM_TENSOR_H

#include "tensor/shape.h"
#include "tensor/storage.h"

struct cm_tensor {
    int32_t refs;
    cm_shape shape;
    int64_t strides[CM_MAX_DIMS]; /* in elements; 0 repeats */
    int64_t offset;               /* of the first element in the storage */
    int64_t count;                /* elements */
    cm_storage *storage;
    cm_node *node; /* what it was derived from; NULL: a constant */
};

/* A contiguous tensor, contents undefined. */
cm_tensor *cm_tensor_new(cm_ctx *cx, const cm_shape *shape) CM_MUST_CHECK;

/* The same filled with one value. */
cm_tensor *cm_tensor_full(cm_ctx *cx, const cm_shape *shape, double value) CM_MUST_CHECK;

/* Another view of the storage of `base`, outside the graph. */
cm_tensor *cm_tensor_view(cm_ctx *cx, const cm_tensor *base, const cm_shape *shape,
                          const int64_t *strides, int64_t offset) CM_MUST_CHECK;

/* The whole of `base` as a constant: gradients stop here. */
cm_tensor *cm_tensor_detach(cm_ctx *cx, const cm_tensor *base) CM_MUST_CHECK;

/* A tensor over a storage that the caller keeps too (retained here). */
cm_tensor *cm_tensor_over(cm_ctx *cx, cm_storage *storage, const cm_shape *shape,
                          int64_t offset) CM_MUST_CHECK;

/* Adds a reference. */
void cm_retain(cm_tensor *tensor);
/* Drops a reference; the last one frees it. NULL is fine. */
void cm_release(cm_ctx *cx, cm_tensor *tensor);

/* Its first element. */
cm_real *cm_data(const cm_tensor *tensor);

/* Whether its elements lie one after another in row-major order. */
bool cm_is_contiguous(const cm_tensor *tensor);

/* Itself if contiguous, else a contiguous copy (not recorded). */
cm_tensor *cm_contiguous(cm_ctx *cx, cm_tensor *tensor) CM_MUST_CHECK;

/* Copies the elements of `from` (broadcast to the shape of `to`) into `to` and increments its
 * version. */
void cm_tensor_copy(cm_tensor *to, const cm_tensor *from);

/* Row-major strides of a shape. */
void cm_shape_strides(const cm_shape *shape, int64_t strides[CM_MAX_DIMS]);

/* Opens a scope; give the mark to cm_scope_end. */
size_t cm_scope_begin(cm_ctx *cx);

/* Releases every tensor made since the mark. */
void cm_scope_end(cm_ctx *cx, size_t mark);

/* The same, but hands `keep` (may be NULL) to the scope around it. NULL when memory runs out. */
cm_tensor *cm_scope_end_keep(cm_ctx *cx, size_t mark, cm_tensor *keep);

/* Gives the caller's own reference to the innermost scope. NULL (and released) on failure. */
cm_tensor *cm_scope_adopt(cm_ctx *cx, cm_tensor *tensor);

/* Releases what the open scopes hold and the cached storages, before cm_ctx_close. */
void cm_tensor_shutdown(cm_ctx *cx);

#endif
