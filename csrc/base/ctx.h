/* ctx.h - the context: all the state that the core has. There is none outside it.
 *
 * One context belongs to one Lua state (or one host thread) and is never shared between threads.
 * It owns the error slot, the scope stack, the storage cache and the counters; tensors made in it
 * must be released before cm_ctx_close. */
#ifndef CM_CTX_H
#define CM_CTX_H

#include "base/mem.h"
#include "base/status.h"

#define CM_ERROR_BYTES   1024
#define CM_CACHE_CLASSES 160 /* size classes of the storage cache: four to a doubling */

typedef struct cm_tensor cm_tensor;
typedef struct cm_node cm_node;
typedef struct cm_storage cm_storage;

typedef struct cm_counters {
    uint64_t flops; /* floating-point operations of matrix products: 2 m n k each */
    uint64_t ops;   /* ops applied */
} cm_counters;

struct cm_ctx {
    cm_status error_code;
    char error_text[CM_ERROR_BYTES];
    cm_mem mem;
    cm_counters counters;
    bool grad_enabled; /* ops record their derivation */
    bool closed;
    uint64_t visit;    /* counts the walks over the graph, so that marks need no clearing */
    cm_tensor **scope; /* tensors owned by the open scopes, those of the innermost last */
    size_t scope_len, scope_cap;
    cm_node *dead_nodes; /* without references, while others are being released */
    bool releasing;
    cm_storage *cache[CM_CACHE_CLASSES];
    const struct cm_kernels *kernels; /* the loops chosen for this processor */
};

/* Initialises *cx as an empty context with gradients enabled. Cannot fail. */
void cm_ctx_open(cm_ctx *cx);

/* Initialises *cx as an empty context without gradients whose memory is `bytes` from `arena` on,
 * aligned to CM_ALIGN, and no more. It needs no closing; opened again, all that lay there is gone.
 * The loops are those of `kernels` (NULL: chosen at the first call). */
void cm_ctx_open_arena(cm_ctx *cx, void *arena, size_t bytes, const struct cm_kernels *kernels);

/* Marks it closed and frees its own memory; after cm_tensor_shutdown. Safe to call twice. */
void cm_ctx_close(cm_ctx *cx);

/* Sets whether ops are recorded, and returns the previous setting. */
bool cm_grad_enable(cm_ctx *cx, bool on);

#endif
