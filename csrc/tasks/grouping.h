/* grouping.h - rows of (user, item, rating, time) grouped by user; of a user each item once, or as
 * often as it stands there. */
#ifndef CM_GROUPING_H
#define CM_GROUPING_H

#include "tasks/interactions.h"

/* What becomes of several rows of one user and item. Whichever it is, the pair stands at the place
 * of the row that counts and has its time. */
typedef enum cm_repeats {
    CM_REPEATS_LAST, /* the latest row counts: by time where times differ, else by place */
    CM_REPEATS_ADD,  /* their ratings add up; place and time are those of the latest row */
    CM_REPEATS_KEEP  /* all of them count, as in sequences */
} cm_repeats;

/* Rows to be grouped: one reference to each, which is taken over. */
typedef struct cm_rating_rows {
    cm_ids *users, *items;
    cm_tensor *ratings; /* contiguous; NULL: 1 each */
    cm_times *times;    /* NULL: there are none */
} cm_rating_rows;

typedef struct cm_grouping_options {
    int64_t users; /* how many there are */
    cm_repeats repeats;
    const cm_ids *first; /* items of which the first row of a user counts, in whatever order of
                            time: such as were several in the source; NULL: none; not with
                            CM_REPEATS_KEEP */
} cm_grouping_options;

/* Groups rows by user, stably: within a user they stay in the order of the source. User ids are
 * below `users`, none is unknown. Whatever the outcome the references in `rows` are dropped, each
 * as soon as it was read: with the last ones the peak is three columns of rows and the output.
 * *repeated counts the rows that do not stand in the output. The results in *out are new: ids and
 * times with one reference for the caller, the tensor of the open scope. */
bool cm_interactions_group(cm_ctx *cx, cm_rating_rows *rows, const cm_grouping_options *options,
                           cm_interactions *out, int64_t *repeated) CM_MUST_CHECK;

#endif
