/* mem.h - memory of the core: every block is counted in its context, so that a leak or a peak can
 * be named, and so that a test can make the n-th allocation fail.
 *
 * A block is owned by whoever allocated it and is given back to cm_free with the same context. */
#ifndef CM_MEM_H
#define CM_MEM_H

#include "base/status.h"

/* Small blocks (tensors, nodes, ids) are made and freed for every op; freed ones wait in lists by
 * size, so that an op costs no call to the system's allocator. */
#define CM_IDLE_CLASSES 16                 /* of CM_ALIGN bytes each, header included */
#define CM_IDLE_LIMIT   ((size_t)16 << 20) /* bytes kept at most: a graph of 30,000 ops */

typedef struct cm_mem {
    size_t live;     /* bytes in use by live objects */
    size_t peak;     /* the largest value of live, ever or since it was set to live */
    size_t blocks;   /* blocks in use */
    size_t cached;   /* bytes kept for reuse, not counted in live */
    size_t total;    /* bytes ever allocated: the collector's pace follows it */
    size_t most;     /* the most that live may be; 0: no bound */
    int64_t fail_in; /* test hook: fail when this many more allocations have succeeded; < 0 never */
    void *idle[CM_IDLE_CLASSES];
    size_t idle_bytes;    /* a part of cached */
    unsigned char *arena; /* where all blocks come from; NULL: the system */
    size_t arena_bytes, arena_used;
} cm_mem;

/* A block of `bytes` (0 gives a block too) aligned for any type, contents undefined. NULL with
 * CM_ERR_NO_MEMORY recorded when memory runs out. */
void *cm_alloc(cm_ctx *cx, size_t bytes) CM_MUST_CHECK;

/* The same for count * size bytes, checked for overflow. */
void *cm_alloc_array(cm_ctx *cx, size_t count, size_t size) CM_MUST_CHECK;

/* The same, filled with zeros. */
void *cm_calloc(cm_ctx *cx, size_t count, size_t size) CM_MUST_CHECK;

/* Grows or shrinks a block of cm_alloc; on failure the old block stays valid. block may be NULL. */
void *cm_realloc(cm_ctx *cx, void *block, size_t bytes) CM_MUST_CHECK;

/* Frees a block; NULL is fine. */
void cm_free(cm_ctx *cx, void *block);

/* Returns the small blocks kept for reuse to the system. */
void cm_mem_trim(cm_ctx *cx);

/* Grows *block (elements of `size` bytes, capacity *capacity) to hold at least `need` elements, at
 * least doubling it. False with the error recorded when memory runs out. */
bool cm_grow(cm_ctx *cx, void **block, size_t *capacity, size_t need, size_t size) CM_MUST_CHECK;

/* A block of zeros that nothing frees: for what has to outlive every context, until the process
 * ends. Not counted; NULL when memory runs out. */
void *cm_alloc_forever(size_t bytes) CM_MUST_CHECK;

/* `count` times `size` bytes of zeros, aligned like all blocks, that belong to no context: for what
 * contexts lie in. Not counted; NULL when memory runs out. Given back to cm_block_free. */
void *cm_block_alloc(size_t count, size_t size) CM_MUST_CHECK;

/* `bytes` of it with contents undefined. */
void *cm_block_alloc_raw(size_t bytes) CM_MUST_CHECK;

/* Frees such a block; NULL is fine. */
void cm_block_free(void *block);

/* a * b into *out; false if it overflows. */
bool cm_mul_size(size_t a, size_t b, size_t *out);

#endif
