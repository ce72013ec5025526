/* storage.h - a reference-counted block of numbers that tensors are views of.
 *
 * Released blocks wait in the context's cache, sorted by size class, so that a training step reuses
 * warm memory. `version` counts changes in place: a recorded op remembers the versions it read. */
#ifndef CM_STORAGE_H
#define CM_STORAGE_H

#include "base/ctx.h"

struct cm_storage {
    int32_t refs;
    uint32_t version;
    int64_t count; /* numbers */
    cm_real *data;
    cm_storage *block; /* the storage whose memory `data` lies in, NULL if it is its own */
    cm_storage *next;  /* in the cache */
    size_t bytes;      /* capacity of its own memory; 0 if it lies in a block */
};

/* A storage of `count` numbers (contents undefined) with one reference; NULL when memory runs out.
 */
cm_storage *cm_storage_new(cm_ctx *cx, int64_t count) CM_MUST_CHECK;

/* Adds a reference. */
void cm_storage_retain(cm_storage *storage);
/* Drops a reference; the last one puts its memory into the cache. NULL is fine. */
void cm_storage_release(cm_ctx *cx, cm_storage *storage);

/* Moves a storage's numbers into `block` at `offset` (numbers): every view of the storage follows.
 * The block is retained. `storage` must hold its own memory or lie in a block. */
void cm_storage_move(cm_ctx *cx, cm_storage *storage, cm_storage *block, int64_t offset);

/* Returns the cached blocks to the system. */
void cm_storage_trim(cm_ctx *cx);

#endif
