/* lists.h - many lists of ids in one: who took which items, and which items a scenario has.
 *
 * A scenario is a group of items. All lists rise, so that a look-up is a binary search. */
#ifndef CM_LISTS_H
#define CM_LISTS_H

#include "base/rng.h"
#include "tensor/ids.h"

/* Lists of ids one behind the other: the items of each user, or of each scenario. Borrowed
 * pointers: the struct owns nothing. */
typedef struct cm_lists {
    cm_ids *segments; /* one a list */
    cm_ids *values;   /* rising within a list, none twice */
} cm_lists;

/* Whether the lists are so, for those whose parts came from elsewhere. */
bool cm_lists_are_valid(const cm_lists *lists);

/* Where a value stands in values[first, last), which rise, or would stand. */
int32_t cm_lists_find(const int32_t *values, int32_t first, int32_t last, int32_t value);

/* The first value that a list of `a` and the list of the same number in `b` both have. */
bool cm_lists_first_common(const cm_lists *a, const cm_lists *b, int32_t *list, int32_t *value);

/* How cm_lists_divide divides. */
typedef struct cm_divide_options {
    uint64_t seed;
    uint32_t choice;      /* tells the choices of one seed apart */
    int64_t least;        /* shorter lists stay whole */
    int n;                /* parts beside the one that stays */
    const double *shares; /* [n] of each list, not negative, below 1 together */
} cm_divide_options;

/* Divides every list at random: out[0] gets what stays, out[1 .. n] the shares. A list of m values
 * gives share m of them, rounded up or down by chance so that the mean is right; one value at least
 * stays. The choice depends on (seed, choice, list) alone. The results are new: ids with one
 * reference each. */
bool cm_lists_divide(cm_ctx *cx, const cm_lists *lists, const cm_divide_options *options,
                     cm_lists *out) CM_MUST_CHECK;

#endif
