/* paired.h - rows of positives and negatives whose scores a loss compares pair by pair. */
#ifndef CM_PAIRED_H
#define CM_PAIRED_H

#include "tasks/scenarios.h"

/* The query of a draw as rows to be scored: for each task its positives, then the negatives of the
 * first positive, of the second, .. */
typedef struct cm_paired {
    cm_ids *segments;              /* the rows of each task */
    cm_ids *users, *items;         /* [rows] */
    cm_ids *positives, *negatives; /* the row of each positive, and of each negative */
} cm_paired;

/* Makes them from a query with `each` negatives of every positive, 1 or more, whose rows together
 * stay below 2^31. The results are new: ids with one reference. */
bool cm_paired_make(cm_ctx *cx, const cm_scenario_query *query, int64_t each,
                    cm_paired *out) CM_MUST_CHECK;

#endif
