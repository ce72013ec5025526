/* scenarios.h - draws of tasks from scenarios (implicit feedback). */
#ifndef CM_SCENARIOS_H
#define CM_SCENARIOS_H

#include "tasks/pairs.h"
#include "tensor/tensor.h"

/* What tasks are drawn from. All have the same scenarios. Borrowed pointers. */
typedef struct cm_scenario_source {
    cm_lists candidates; /* the items of each scenario: at least two where one is drawn */
    cm_pairs touched;    /* known pairs: never negatives of their users */
    cm_pairs support;    /* source of support positives */
    cm_pairs query; /* source of query positives; if its scenarios are NULL, `support`, disjoint
                       from the support of the task */
} cm_scenario_source;

typedef struct cm_scenario_options {
    uint64_t seed;
    uint32_t draw;             /* epoch, or number of the evaluation draw */
    int64_t support;           /* positives */
    int64_t support_negatives; /* for a full support; proportionally fewer else */
    int64_t query;             /* number of positives; 0 for evaluation */
    int64_t query_negatives;   /* number per query positive; at least 1 */
    bool published; /* support negatives as published: for the user of a random pair, any other
                       item; else negative k is for the user of positive k (cyclically), and
                       untouched by that user */
    bool positives_first; /* else the rows of the support are shuffled */
} cm_scenario_options;

/* The supports of several tasks, concatenated. */
typedef struct cm_scenario_support {
    cm_ids *segments, *users, *items;
    cm_tensor *labels; /* 1 positive, 0 negative */
} cm_scenario_support;

/* Their queries: a user for each positive, and the negatives of each, concatenated. */
typedef struct cm_scenario_query {
    cm_ids *segments, *users, *positives, *negatives;
} cm_scenario_query;

/* One task for each scenario of the list. With one pool for both: if it has more than `support`
 * pairs, that many are sampled as the support and the rest is for the query; otherwise each gets
 * one half, and the support is padded by drawing its pairs again (as in ScenarioMeta). With a
 * separate query pool, queries are drawn from that. Queries are drawn without replacement if there
 * are enough pairs. Without a query the support has what there is, unpadded. A negative is uniform
 * over the items of the scenario that its user has not touched there; for a user who touched all of
 * them, over all, which *fallbacks counts. A draw depends on (seed, draw, scenario) alone. The
 * results are new: ids with one reference, the tensor of the open scope. O(support + query) log per
 * task, and the longest pool once per call. */
bool cm_draw_scenarios(cm_ctx *cx, const cm_scenario_source *from, const cm_ids *scenarios,
                       const cm_scenario_options *options, cm_scenario_support *support,
                       cm_scenario_query *query, int64_t *fallbacks) CM_MUST_CHECK;

#endif
