/* slim.h - SLIM: sparse item-to-item weights by an elastic net (Ning and Karypis, "SLIM: sparse
 * linear methods for top-N recommender systems", ICDM 2011).
 *
 * The weights w of an item j, none negative and that of j itself 0, minimise
 *
 *   |x_j - X w|^2 / 2 + l2 |w|^2 / 2 + l1 sum w
 *
 * by coordinate descent on the Gram matrix X'X. Only some coordinates take part: those of the
 * largest slopes come in, a group at a time, until none that stays out would change. */
#ifndef CM_SLIM_H
#define CM_SLIM_H

#include "cf/sparse.h"

typedef struct cm_slim_options {
    double l1, l2;    /* neither negative */
    double tolerance; /* above 0: the largest slope that is left, as a part of that at w = 0 */
    int64_t passes;   /* over the coordinates that take part, at most; at least 1 */
} cm_slim_options;

/* The weights of the items from `first` to below `end`, by the Gram matrix [items, items] as
 * cm_sparse_gram gives it, into *out: of item j the row j - first, whose columns are the items that
 * are weighed. *left becomes how many items were left before they met the tolerance. Refused where
 * the range or the options make no sense. */
bool cm_slim(cm_ctx *cx, const cm_sparse *gram, int64_t first, int64_t end,
             const cm_slim_options *options, cm_sparse *out, int64_t *left) CM_MUST_CHECK;

#endif
