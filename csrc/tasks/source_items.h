/* source_items.h - draws of items of the source domain beside rows of the target domain. */
#ifndef CM_SOURCE_ITEMS_H
#define CM_SOURCE_ITEMS_H

#include "tasks/lists.h"
#include "tensor/tensor.h"

/* What users took of a domain of n items: for each user the places 0 .. n - 1 among them. */
typedef struct cm_source_domain {
    cm_lists taken;
    int32_t n;
} cm_source_domain;

typedef struct cm_source_options {
    uint64_t seed;
    uint32_t draw;    /* distinguishes several draws of one seed */
    double negatives; /* expected number of negatives per positive, not negative */
} cm_source_options;

/* For each row, which is of a user and an item, a place of the domain: with probability negatives /
 * (negatives + 1) one that the user has not taken, with label 0, else one that the user has, with
 * label 1; where there is none of the sort the place is n, which is that of padding, and the label
 * as it would have been. A row depends on (seed, draw, user, item) alone. The results are new: ids
 * with one reference, the labels [rows] a tensor of the open scope. O(log n) per row. */
bool cm_draw_source_items(cm_ctx *cx, const cm_source_domain *domain, const cm_ids *users,
                          const cm_ids *items, const cm_source_options *options, cm_ids **places,
                          cm_tensor **labels) CM_MUST_CHECK;

#endif
