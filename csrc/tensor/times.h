/* times.h - lists of 64-bit whole numbers: when something happened, in whatever unit the data have
 * (seconds, milliseconds, nanoseconds).
 *
 * Separate from ids, which are 32-bit row numbers, and from tensors, whose floats would round a
 * time. Immutable once made, reference-counted; every int64 is a time. */
#ifndef CM_TIMES_H
#define CM_TIMES_H

#include "base/ctx.h"
#include "tensor/ids.h"

typedef struct cm_times {
    int32_t refs;
    int64_t count;
    int64_t *values;
} cm_times;

/* Room for `count` times, to be filled. One reference; NULL when memory runs out or there are too
 * many. */
cm_times *cm_times_new(cm_ctx *cx, int64_t count) CM_MUST_CHECK;

/* The times at the positions that `rows` lists, each below the count; all must be known. */
cm_times *cm_times_gather(cm_ctx *cx, const cm_times *times, const cm_ids *rows) CM_MUST_CHECK;

/* The smallest and the largest; false, and nothing is written, if there are none. */
bool cm_times_range(const cm_times *times, int64_t *least, int64_t *most);

/* The time at position k, from 0, when they are sorted; false with the error recorded when memory
 * runs out, or there is no such position. */
bool cm_times_ranked(cm_ctx *cx, const cm_times *times, int64_t k, int64_t *time) CM_MUST_CHECK;

/* Adds a reference; NULL is fine. */
void cm_times_retain(cm_times *times);
/* Drops a reference; the last one frees it. NULL is fine. */
void cm_times_release(cm_ctx *cx, cm_times *times);

#endif
