/* sequences.h - what people did, in order, cut into what is shown and what comes next. */
#ifndef CM_SEQUENCES_H
#define CM_SEQUENCES_H

#include "tensor/ids.h"
#include "tensor/tensor.h"

typedef struct cm_cut_options {
    int64_t shown;  /* rows of a support, the first ones; 0: all but the query, which is the last */
    int64_t next;   /* maximum number of rows of a query, at least 1 */
    int64_t window; /* longer sequences are cut to so many rows in a row, at random; 0: none is */
    uint64_t seed;  /* a window depends on (seed, draw, user) alone */
    uint32_t draw;
} cm_cut_options;

/* Several tasks, one behind the other. */
typedef struct cm_cut_rows {
    cm_ids *segments;  /* one per task */
    cm_ids *items;     /* [rows], in order */
    cm_ids *following; /* of a support: the item behind each row, -1 where there is none */
    cm_tensor *labels; /* [rows]: 1 each */
} cm_cut_rows;

/* One task for each of the users: of a sequence of n rows, or of the window of it, a support of
 * `shown` and the query of at most `next` rows behind it; or the last min(next, n - 1) rows as the
 * query and all before as the support. Refused where users are none of the sequences'. The results
 * are new: ids with one reference for the caller, tensors of the open scope. */
bool cm_cut_sequences(cm_ctx *cx, const cm_ids *sequences, const cm_ids *items, const cm_ids *users,
                      const cm_cut_options *options, cm_cut_rows *support,
                      cm_cut_rows *query) CM_MUST_CHECK;

typedef struct cm_pair_options {
    int64_t steps; /* pairs of items that lie at most so many rows apart, at least 1 */
    double power;  /* a pair that lies d rows apart weighs d^-power */
    double
        backward; /* times this where the later item is the first of the pair; 0: no such pairs */
} cm_pair_options;

/* Pairs of different items of one sequence: from which to which people went, in how many steps.
 * `*from`, `*to` are new ids with one reference for the caller, `*weights` a tensor of the open
 * scope; a pair of items may be there several times. */
bool cm_sequence_pairs(cm_ctx *cx, const cm_ids *sequences, const cm_ids *items,
                       const cm_pair_options *options, cm_ids **from, cm_ids **to,
                       cm_tensor **weights) CM_MUST_CHECK;

#endif
