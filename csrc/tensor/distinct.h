/* distinct.h - the distinct values of a list, so that what depends on the value alone is computed
 * once per value. */
#ifndef CM_DISTINCT_H
#define CM_DISTINCT_H

#include "tensor/ids.h"
#include "tensor/tensor.h"

/* Numbers `count` keys in the order of their first appearance. *first gets the position of the
 * first occurrence of each distinct key, *places the number of the key at each position; both are
 * new, with one reference. False when memory runs out. */
bool cm_distinct(cm_ctx *cx, const uint64_t *keys, int64_t count, cm_ids **first, cm_ids **places);

/* The distinct ids of a list, and for each entry the index of its id among them. */
bool cm_ids_distinct(cm_ctx *cx, const cm_ids *ids, cm_ids **distinct, cm_ids **places);

/* Combines each id and its segment (in the upper half) into keys [ids]. */
void cm_ids_keys(const cm_ids *ids, const cm_ids *segments, uint64_t *keys);

/* The distinct ids of each segment, for each entry the index of its id among them, and the segment
 * of each of them. */
bool cm_ids_distinct_in(cm_ctx *cx, const cm_ids *ids, const cm_ids *segments, cm_ids **distinct,
                        cm_ids **places, cm_ids **groups);

/* The distinct values [m] of a contiguous tensor as a tensor of the open scope, and for each
 * element the index of its value among them. Values are compared by their bits: 0 and -0 are two.
 */
cm_tensor *cm_tensor_distinct(cm_ctx *cx, const cm_tensor *x, cm_ids **places);

/* The group of each row: 0 for the rows of the first segment, and so on. */
cm_ids *cm_segments_groups_of_rows(cm_ctx *cx, const cm_ids *segments) CM_MUST_CHECK;

#endif
