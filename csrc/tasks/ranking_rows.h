/* ranking_rows.h - the items that models rank for the users of a scenario, and the popularity
 * within a support. */
#ifndef CM_RANKING_ROWS_H
#define CM_RANKING_ROWS_H

#include "tasks/pairs.h"
#include "tensor/tensor.h"

/* Lists to be ranked. */
typedef struct cm_ranking_lists {
    cm_ids *segments; /* one a user */
    cm_ids *users;    /* [rows] */
    cm_ids *items;    /* [rows] */
    cm_tensor *labels;
} cm_ranking_lists;

/* For each of the users the items of a scenario but those that are `removed` (lists by user): held
 * ones have label 1, others 0. A user without both kinds gets an empty list. Refused if a held item
 * is removed: it would be known. Results as above. */
bool cm_ranking_rows(cm_ctx *cx, const cm_lists *candidates, int32_t scenario, const cm_pairs *held,
                     const cm_lists *removed, int n_removed, const cm_ids *users,
                     cm_ranking_lists *out) CM_MUST_CHECK;

/* How often the item of each row stands among the positives of its task's support: the popularity
 * there. [rows], a tensor of the open scope. */
cm_tensor *cm_support_counts(cm_ctx *cx, const cm_ids *support, const cm_tensor *labels,
                             const cm_ids *support_segments, const cm_ids *items,
                             const cm_ids *segments) CM_MUST_CHECK;

#endif
