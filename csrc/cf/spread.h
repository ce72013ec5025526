/* spread.h - what the neighbours of items say of a whole catalogue, from the side of the support:
 * few items of it know who has them for a neighbour. */
#ifndef CM_SPREAD_H
#define CM_SPREAD_H

#include "cf/residuals.h"
#include "cf/sparse.h"

/* What cm_neighbour_means gives, for all items and each task: a tensor [tasks, items] of the open
 * scope; the last digit may differ. followers [items, items]: row j has the items of which j is a
 * neighbour, with their similarities; of equal similarities the neighbour that comes first counts
 * before the other. The work is a pass over the rows of what is in the support, and for an item
 * with more than `nearest` neighbours there a sort of these. */
cm_tensor *cm_spread_means(cm_ctx *cx, const cm_sparse *followers, const cm_residuals *support,
                           int64_t nearest, double damp) CM_MUST_CHECK;

#endif
