/* support_query.h - pairs of a positive and a negative from the supports of tasks: what methods
 * that adapt by a ranking loss take their steps on. */
#ifndef CM_SUPPORT_QUERY_H
#define CM_SUPPORT_QUERY_H

#include "tasks/scenarios.h"

typedef struct cm_support_options {
    uint64_t seed;
    uint32_t step; /* number of the step, from 0 */
    int64_t batch; /* pairs of a task; 0: one for each of its positives */
    int32_t items; /* of the catalogue: where a support has no negatives */
} cm_support_options;

/* The pairs of a step, for each task in a list. A whole step (batch 0) takes each positive once,
 * with one of the negatives of its user, a later step with the next one, and so round; of those of
 * anybody where its user has none. A mini-batch takes positives at random, without replacement if
 * there are enough, each with a random one of these negatives. Where a support has no negatives, an
 * item of the catalogue that is none of the user's positives is drawn for each pair. A task without
 * positives has no pairs. `*chances` [tasks] is a uniform random number for each task. What is
 * drawn depends on (seed, step) and on the entries of the task's own support, in whatever order,
 * alone. The results are new: ids with one reference, the tensor of the open scope. O(n log n) in
 * the entries of a task. */
bool cm_support_query(cm_ctx *cx, const cm_scenario_support *support, const cm_ids *tasks,
                      const cm_support_options *options, cm_scenario_query *query,
                      cm_tensor **chances) CM_MUST_CHECK;

#endif
