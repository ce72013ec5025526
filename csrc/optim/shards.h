/* shards.h - the gradient of a batch as the sum over its shards, which several threads compute.
 *
 * A sum in floating point depends on its order. Each shard is therefore added after all shards
 * before it, whichever thread computes it: the result depends on the shards alone. This is the only
 * part of the core that several threads may use at once. */
#ifndef CM_SHARDS_H
#define CM_SHARDS_H

#include "optim/optim.h"
#include <pthread.h>

typedef struct cm_shards {
    pthread_mutex_t lock; /* guards turn and failed */
    pthread_cond_t moved;
    int64_t turn; /* the shard to be added next; its thread has exclusive access to the total */
    bool failed;
    int64_t count; /* elements of the total, as of a gradient block */
    cm_real *total;
    const cm_kernels *kernels;
} cm_shards;

/* Initialises *shards for gradient blocks of that many elements; it must not move until it is
 * closed. False with the error recorded when memory runs out. */
bool cm_shards_open(cm_ctx *cx, cm_shards *shards, int64_t count) CM_MUST_CHECK;

/* Frees what cm_shards_open made. No thread may use it any more. */
void cm_shards_close(cm_ctx *cx, cm_shards *shards);

/* Begins a sum, from one thread. */
void cm_shards_begin(cm_shards *shards);

/* Moves the gradient block of `from` into the sum as shard number `shard` (from 0), after waiting
 * until all before it were added; the block is zero afterwards. A thread adds its shards in
 * ascending order, so that some thread can always proceed. False when the sum has failed. */
bool cm_shards_add(cm_shards *shards, int64_t shard, cm_optim *from) CM_MUST_CHECK;

/* Makes the sum fail, so that no thread waits for a shard that will not be added. */
void cm_shards_fail(cm_shards *shards);

/* Ends a sum, from one thread: the gradient block of `to` becomes the total. */
void cm_shards_finish(const cm_shards *shards, cm_optim *to);

#endif
