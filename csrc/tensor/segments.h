/* segments.h - rows of ragged groups by their place in them. */
#ifndef CM_SEGMENTS_H
#define CM_SEGMENTS_H

#include "tensor/ids.h"

/* The place of each row in its segment, from 0. */
cm_ids *cm_segments_places(cm_ctx *cx, const cm_ids *segments) CM_MUST_CHECK;

/* The last n rows of each segment, of a shorter one all: *rows, their numbers, and *shorter over
 * them, each with one reference. n is at least 0. */
bool cm_segments_latest(cm_ctx *cx, const cm_ids *segments, int64_t n, cm_ids **rows,
                        cm_ids **shorter) CM_MUST_CHECK;

/* The last row of each segment, -1 of an empty one. */
cm_ids *cm_segments_last(cm_ctx *cx, const cm_ids *segments) CM_MUST_CHECK;

#endif
