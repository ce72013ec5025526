/* taken.h - who took what, without ratings: items by user, items by scenario, and both at once.
 *
 * A scenario is a group of items. All lists rise, so that a look-up is a binary search. */
#ifndef CM_TAKEN_H
#define CM_TAKEN_H

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
bool cm_lists_meet(const cm_lists *a, const cm_lists *b, int32_t *list, int32_t *value);

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

/* Pairs (user, item) by scenario. Borrowed pointers. */
typedef struct cm_pairs {
    cm_ids *scenarios; /* segments, one a scenario */
    cm_ids *users;     /* [pairs], rising within a scenario */
    cm_ids *items;     /* [pairs], rising within a user of a scenario */
} cm_pairs;

/* Whether the sizes fit, and no id is unknown. */
bool cm_pairs_are_valid(const cm_pairs *pairs);

/* What the users took of each scenario's items. The results are new, as above. */
bool cm_pairs_make(cm_ctx *cx, const cm_lists *taken, const cm_lists *scenarios,
                   cm_pairs *out) CM_MUST_CHECK;

/* The first pair that the same scenario of both has. */
bool cm_pairs_meet(const cm_pairs *a, const cm_pairs *b, int32_t *scenario, int32_t *user,
                   int32_t *item);

/* The pairs [*first, *last) of a user in a scenario. */
void cm_pairs_of(const cm_pairs *pairs, int32_t scenario, int32_t user, int32_t *first,
                 int32_t *last);

/* The users of a scenario, rising: new ids with one reference. */
cm_ids *cm_pairs_users(cm_ctx *cx, const cm_pairs *pairs, int32_t scenario) CM_MUST_CHECK;

/* Divides the pairs of some scenarios by user, as ScenarioMeta's data were: of the users in random
 * order the first fill out[0] until it has `limit` pairs of the scenario, at most half of the users
 * though; the others' go to out[1]. Pairs of other scenarios go to out[0]. Depends on (seed,
 * scenario) alone. Refused where the pairs of such a scenario do not rise. The results are new, as
 * above. */
bool cm_pairs_divide(cm_ctx *cx, const cm_pairs *pairs, const cm_ids *scenarios, uint64_t seed,
                     int64_t limit, cm_pairs out[2]) CM_MUST_CHECK;

#endif
