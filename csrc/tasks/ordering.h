/* ordering.h - ratings of users in the order of time, and divided into earlier and later ones. */
#ifndef CM_ORDERING_H
#define CM_ORDERING_H

#include "tasks/interactions.h"

/* The same ratings, those of each user from the earliest to the latest; of equal times in the order
 * in which they are. They must have times. *late counts those that were earlier than one of the
 * same user before them. The results in *out are new: ids and times with one reference for the
 * caller, the tensor of the open scope. */
bool cm_interactions_by_time(cm_ctx *cx, const cm_interactions *all, cm_interactions *out,
                             int64_t *late) CM_MUST_CHECK;

/* The first ratings of each user, as many as `lengths` (segments, one a user, none longer than what
 * the user has) says, and the others. Results as above. */
bool cm_interactions_divide(cm_ctx *cx, const cm_interactions *all, const cm_ids *lengths,
                            cm_interactions *first, cm_interactions *others) CM_MUST_CHECK;

#endif
