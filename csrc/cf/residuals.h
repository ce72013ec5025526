/* residuals.h - what means leave over of ratings, and how similar it is: what item-based and
 * user-based neighbours have in common. */
#ifndef CM_RESIDUALS_H
#define CM_RESIDUALS_H

#include "tensor/ids.h"
#include "tensor/tensor.h"
#include <math.h>

/* Ratings minus their means: residuals grouped by user, by task or by item. Borrowed pointers. */
typedef struct cm_residuals {
    const cm_ids *segments;  /* the rows of each group */
    const cm_ids *columns;   /* [rows]: the item of each (by item: the user), none unknown */
    const cm_tensor *values; /* [rows], contiguous */
} cm_residuals;

/* Refused unless there is a column and a value for each row of the segments, and the columns are
 * from 0 to below `columns`. what: the name in messages. */
bool cm_residuals_check(cm_ctx *cx, const cm_residuals *from, int64_t columns,
                        const char *what) CM_MUST_CHECK;

/* Refused unless query items are from 0 to below n_items, as many as the segments have rows, and
 * for as many tasks as the support. */
bool cm_queries_check(cm_ctx *cx, const cm_ids *items, const cm_ids *segments, int64_t n_items,
                      const cm_residuals *support) CM_MUST_CHECK;

/* Sums over what the two of a pair have in common: over the users who rated both items, or the
 * items that both users rated. */
typedef struct cm_pair_sums {
    double product, own, other; /* of residuals: x y, x x, y y */
    int64_t common;             /* how many there are */
} cm_pair_sums;

/* The cosine of a pair, product / sqrt(own other), times n / (n + shrink) for n in common; NaN
 * where own or other is 0. own, other: the squares of each, of what is common or of all. */
static inline double cm_pair_similarity(const cm_pair_sums *pair, double own, double other,
                                        double shrink)
{
    double common = (double)pair->common;
    return pair->product / sqrt(own * other) * (common / (common + shrink));
}

#endif
