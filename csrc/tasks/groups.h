/* groups.h - groups of items (tags, genres, attributes) and the interactions with their items. */
#ifndef CM_GROUPS_H
#define CM_GROUPS_H

#include "tensor/ids.h"

/* The interactions by item, and the items of each group. Borrowed pointers: owns nothing. */
typedef struct cm_groups {
    const cm_ids *groups; /* segments: one per group */
    const cm_ids *items;  /* [entries], 0-based, below the number of items, each once in a group */
    const cm_ids *takers; /* segments: one per item */
    const cm_ids *users;  /* [interactions], 0-based: the users of each item */
} cm_groups;

/* Whether the sizes agree and all items exist. */
bool cm_groups_is_valid(const cm_groups *groups);

/* The number of items with interactions in each group: counts [groups]. */
void cm_groups_count_items(const cm_groups *groups, int32_t *counts);

/* The number of users who interacted with an item of each group: counts [groups]; counting stops at
 * `enough`. Groups outside `wanted` [groups] get 0. */
bool cm_groups_count_users(cm_ctx *cx, const cm_groups *groups, const bool *wanted, int32_t enough,
                           int32_t *counts) CM_MUST_CHECK;

/* The items of group g that have interactions, in their order. One reference. */
cm_ids *cm_groups_taken(cm_ctx *cx, const cm_groups *groups, int64_t g) CM_MUST_CHECK;

#endif
