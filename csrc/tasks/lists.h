/* lists.h - lists of ids: the items that each user interacted with, and the items of each scenario.
 *
 * A scenario is a group of items. All lists are sorted, so that a look-up is a binary search. */
#ifndef CM_LISTS_H
#define CM_LISTS_H

#include "base/rng.h"
#include "tensor/ids.h"

/* Concatenated lists of ids: the items of each user, or of each scenario. Borrowed pointers: the
 * struct owns nothing. */
typedef struct cm_lists {
    cm_ids *segments; /* one per list */
    cm_ids *values;   /* strictly ascending within a list */
} cm_lists;

/* Whether lists made elsewhere are sorted, without duplicates and of matching sizes. */
bool cm_lists_are_valid(const cm_lists *lists);

/* The position of a value in the sorted values[first, last), or where it would be inserted. */
int32_t cm_lists_find(const int32_t *values, int32_t first, int32_t last, int32_t value);

/* The first value that a list of `a` has in common with the list of the same index in `b`. */
bool cm_lists_first_common(const cm_lists *a, const cm_lists *b, int32_t *list, int32_t *value);

/* Options of cm_lists_divide. */
typedef struct cm_divide_options {
    uint64_t seed;
    uint32_t choice;         /* distinguishes several divisions of one seed */
    int64_t least;           /* shorter lists are not divided */
    int n;                   /* number of parts besides the remainder */
    const double *fractions; /* [n] of each list, not negative, with a sum below 1 */
} cm_divide_options;

/* Divides every list at random: out[0] gets the remainder, out[1 .. n] the parts. A list of m
 * values gives fraction * m of them to a part, rounded up or down at random so that the expected
 * value is exact; at least one value remains. The division depends on (seed, choice, list) alone.
 * The results are new: ids with one reference each. */
bool cm_lists_divide(cm_ctx *cx, const cm_lists *lists, const cm_divide_options *options,
                     cm_lists *out) CM_MUST_CHECK;

#endif
