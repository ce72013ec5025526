/* interactions.h - ratings grouped by user, and tasks drawn from them. */
#ifndef CM_INTERACTIONS_H
#define CM_INTERACTIONS_H

#include "base/rng.h"
#include "tensor/ids.h"
#include "tensor/tensor.h"
#include "tensor/times.h"

/* Ratings grouped by user, in source order within each user. Borrowed pointers: the struct owns
 * nothing. */
typedef struct cm_interactions {
    cm_ids *users;      /* segments [users]: the rows of each user */
    cm_ids *items;      /* [rows], 0-based */
    cm_tensor *ratings; /* [rows], contiguous */
    cm_times *times;    /* [rows], or NULL: when each was given */
} cm_interactions;

/* Room for `count` rows, with times or without; the segments come from the lengths, one a user.
 * Ids and times have one reference for the caller, the tensor is of the open scope. */
bool cm_interactions_make(cm_ctx *cx, const int32_t *lengths, int64_t users, int64_t count,
                          bool has_times, cm_interactions *out) CM_MUST_CHECK;

/* Drops the references to ids and times that a struct holds, and empties it. */
void cm_interactions_forget(cm_ctx *cx, cm_interactions *rows);

/* The rows grouped by item, below n_items: the segments are the items, the ids the users, in the
 * order of their rows. The results in *out are new: ids and times with one reference for the
 * caller, the tensor of the open scope. */
bool cm_interactions_by_item(cm_ctx *cx, const cm_interactions *from, int64_t n_items,
                             cm_interactions *out) CM_MUST_CHECK;

/* At most `cap` ratings per user, sampled at random: the same for a seed. *out as above. */
bool cm_interactions_cap(cm_ctx *cx, const cm_interactions *all, int64_t cap, uint64_t seed,
                         cm_interactions *out) CM_MUST_CHECK;

/* The labelled rows of several tasks, one task after another. */
typedef struct cm_task_rows {
    cm_ids *items;     /* [rows] */
    cm_tensor *labels; /* [rows] */
    cm_ids *segments;  /* one segment per task */
} cm_task_rows;

typedef struct cm_draw_options {
    uint64_t seed;
    uint32_t draw;          /* epoch, or number of the evaluation draw */
    int64_t support, query; /* maximum number of rows per task */
    double short_supports;  /* fraction of tasks whose support is cut to a random length, or 0 */
    int64_t reserve;        /* -1, or at least `support`: so many rows are set apart for supports,
                               and the query has all others */
    bool in_order;          /* not at random: the support from a user's first row on */
    bool shuffle_labels;    /* permute the labels within each support set: an ablation */
} cm_draw_options;

/* One task for each of the users: of its n ratings a random query of min(query, ceil(n / 2)) and a
 * random support of at most `support` others, in random order. With a reserve the query has also
 * what is in no support of that size, so that it is the same for every smaller support. In order,
 * with a reserve alone, supports are the first rows and the query those behind the reserve. With
 * probability short_supports the support of a task is cut to its first k rows, k uniform from 0 to
 * its length. A draw depends on (seed, draw, user) alone, not on which users are drawn together.
 * Results as above. */
bool cm_draw_tasks(cm_ctx *cx, const cm_interactions *from, const cm_ids *users,
                   const cm_draw_options *options, cm_task_rows *support,
                   cm_task_rows *query) CM_MUST_CHECK;

#endif
