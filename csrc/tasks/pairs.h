/* pairs.h - implicit feedback by scenario: pairs (user, item). */
#ifndef CM_PAIRS_H
#define CM_PAIRS_H

#include "tasks/lists.h"

/* Pairs (user, item) by scenario. Borrowed pointers. */
typedef struct cm_pairs {
    cm_ids *scenarios; /* segments, one per scenario */
    cm_ids *users;     /* [pairs], ascending within a scenario */
    cm_ids *items;     /* [pairs], ascending within a user of a scenario */
} cm_pairs;

/* Whether the sizes agree and no id is unknown. */
bool cm_pairs_are_valid(const cm_pairs *pairs);

/* The interactions with each scenario's items. The results are new: ids with one reference each. */
bool cm_pairs_make(cm_ctx *cx, const cm_lists *interactions, const cm_lists *scenarios,
                   cm_pairs *out) CM_MUST_CHECK;

/* The first pair that both have in the same scenario. */
bool cm_pairs_first_common(const cm_pairs *a, const cm_pairs *b, int32_t *scenario, int32_t *user,
                           int32_t *item);

/* The pairs [*first, *last) of a user in a scenario. */
void cm_pairs_of(const cm_pairs *pairs, int32_t scenario, int32_t user, int32_t *first,
                 int32_t *last);

/* The users of a scenario, ascending: new ids with one reference. */
cm_ids *cm_pairs_users(cm_ctx *cx, const cm_pairs *pairs, int32_t scenario) CM_MUST_CHECK;

/* Divides the pairs of some scenarios by user, as for ScenarioMeta: in random order, users go to
 * out[0] until it has `limit` pairs of the scenario or half of the users; the others go to out[1].
 * Pairs of other scenarios go to out[0]. Depends on (seed, scenario) alone. Refused where the pairs
 * of such a scenario are not sorted. The results are new, as above. */
bool cm_pairs_divide(cm_ctx *cx, const cm_pairs *pairs, const cm_ids *scenarios, uint64_t seed,
                     int64_t limit, cm_pairs out[2]) CM_MUST_CHECK;

#endif
