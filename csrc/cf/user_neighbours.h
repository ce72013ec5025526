/* user_neighbours.h - user-based nearest neighbours: predictions for people by their ratings alone,
 * from those who rated as they did. */
#ifndef CM_USER_NEIGHBOURS_H
#define CM_USER_NEIGHBOURS_H

#include "cf/residuals.h"

/* How similar two users are, and what is made of it. */
typedef struct cm_user_weighting {
    const cm_tensor *squares; /* [users] the sum of the squares of all that each has: the cosine is
                                 over all that both rated; NULL: over the items in common alone */
    int64_t nearest;          /* maximum number of neighbours of a prediction */
    double shrink;            /* of similarities, see residuals.h */
    double damp;              /* added to the sum of the weights */
} cm_user_weighting;

/* For each query row the mean of what is left over of the ratings of its item by those who are most
 * similar to the person of its task, weighted by similarity; 0 where there is nobody. Of those who
 * rated the item the `nearest` with the largest similarity above 0 count, in a tie the first.
 *
 * known: what may be learnt from, one segment per item, columns are users. support and query: one
 * segment per task, columns are items that `known` has; if an item is in a support twice, its last
 * rating is used. A tensor [query rows] of the open scope.
 *
 * The work is, a task, the number of ratings that the items of its support have, and for each query
 * row those of its item; memory is 60 bytes a user of `known`, whatever the number of tasks. */
cm_tensor *cm_user_neighbour_means(cm_ctx *cx, const cm_residuals *known,
                                   const cm_user_weighting *by, const cm_residuals *support,
                                   const cm_ids *query_items,
                                   const cm_ids *query_segments) CM_MUST_CHECK;

#endif
