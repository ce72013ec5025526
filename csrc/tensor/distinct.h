/* distinct.h - the different values of a list, so that what depends on a value alone is computed
 * once for each of them. */
#ifndef CM_DISTINCT_H
#define CM_DISTINCT_H

#include "tensor/ids.h"
#include "tensor/tensor.h"

/* Numbers `count` keys in the order of their first appearance. *first gets where each different key
 * comes first, *places the number of the key at each place; both are new, with one reference.
 * false when memory is short. */
bool cm_distinct(cm_ctx *cx, const uint64_t *keys, int64_t count, cm_ids **first, cm_ids **places);

/* The different ids of a list, and for each entry which of them it is. */
bool cm_ids_distinct(cm_ctx *cx, const cm_ids *ids, cm_ids **distinct, cm_ids **places);

/* A key of each id and its segment, which is in the upper half, into keys [ids]. */
void cm_ids_keys(const cm_ids *ids, const cm_ids *segments, uint64_t *keys);

/* The different ids of each segment, for each entry which of them it is, and the segment of each of
 * them. */
bool cm_ids_distinct_in(cm_ctx *cx, const cm_ids *ids, const cm_ids *segments, cm_ids **distinct,
                        cm_ids **places, cm_ids **groups);

/* The different numbers [m] of a contiguous tensor as a tensor of the open scope, and for each
 * element which of them it is. Numbers differ where their bits do: 0 and -0 count as two. */
cm_tensor *cm_tensor_distinct(cm_ctx *cx, const cm_tensor *x, cm_ids **places);

/* The group of each row: 0 for the rows of the first segment, and so on. */
cm_ids *cm_segments_groups_of_rows(cm_ctx *cx, const cm_ids *segments) CM_MUST_CHECK;

#endif
