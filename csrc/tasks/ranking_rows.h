/* ranking_rows.h - candidate items to rank for the users of a scenario, and popularity within a
 * support. */
#ifndef CM_RANKING_ROWS_H
#define CM_RANKING_ROWS_H

#include "tasks/pairs.h"
#include "tensor/tensor.h"

/* Candidate lists to be ranked. */
typedef struct cm_ranking_lists {
    cm_ids *segments; /* one per user */
    cm_ids *users;    /* [rows] */
    cm_ids *items;    /* [rows] */
    cm_tensor *labels;
} cm_ranking_lists;

/* Of a list not all candidates are ranked, but the held-out ones and a few others. */
typedef struct cm_candidate_sample {
    int64_t others; /* how many, drawn uniformly without replacement; -1: all */
    uint64_t seed;  /* a draw depends on (seed, draw, key of the user) alone */
    uint32_t draw;
    const cm_ids *keys; /* [users] */
} cm_candidate_sample;

/* For each user the items of a scenario except those in `removed` (lists by user): held-out items
 * have label 1, others 0; all of them, or a sample (NULL: all). A user without both labels gets an
 * empty list. Refused if a held-out item is removed, since it is known already. Results as above.
 */
bool cm_ranking_rows(cm_ctx *cx, const cm_lists *candidates, int32_t scenario, const cm_pairs *held,
                     const cm_lists *removed, int n_removed, const cm_ids *users,
                     const cm_candidate_sample *sample, cm_ranking_lists *out) CM_MUST_CHECK;

/* How often the item of each row occurs among the positives of its task's support: its popularity
 * there. [rows], a tensor of the open scope. */
cm_tensor *cm_support_counts(cm_ctx *cx, const cm_ids *support, const cm_tensor *labels,
                             const cm_ids *support_segments, const cm_ids *items,
                             const cm_ids *segments) CM_MUST_CHECK;

#endif
