/* groups.h - groups of items (tags, genres, attributes) beside who took what. */
#ifndef CM_GROUPS_H
#define CM_GROUPS_H

#include "tensor/ids.h"

/* Who took what, by item, and the items of each group. Borrowed pointers: owns nothing. */
typedef struct cm_groups {
    const cm_ids *groups; /* segments: one a group */
    const cm_ids *items;  /* [entries], 0-based, below the number of items, each once in a group */
    const cm_ids *takers; /* segments: one an item */
    const cm_ids *users;  /* [interactions], 0-based: who took each item */
} cm_groups;

/* Whether the parts fit together: rows, and items that there are. */
bool cm_groups_is_valid(const cm_groups *groups);

/* How many items of each group somebody took: counts [groups]. */
void cm_groups_count_items(const cm_groups *groups, int32_t *counts);

/* Who took an item of a group: counts [groups]; of each only whether there are `enough` is found
 * out: counting stops there. Groups that `wanted` [groups] leaves out get 0. */
bool cm_groups_count_users(cm_ctx *cx, const cm_groups *groups, const bool *wanted, int32_t enough,
                           int32_t *counts) CM_MUST_CHECK;

/* The items of group g that somebody took, in their order. One reference. */
cm_ids *cm_groups_taken(cm_ctx *cx, const cm_groups *groups, int64_t g) CM_MUST_CHECK;

#endif
