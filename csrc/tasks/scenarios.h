/* scenarios.h - draws of tasks from scenarios (implicit feedback). */
#ifndef CM_SCENARIOS_H
#define CM_SCENARIOS_H

#include "tasks/pairs.h"
#include "tensor/tensor.h"

/* What tasks are drawn from. All have the same scenarios. Borrowed pointers. */
typedef struct cm_scenario_source {
    cm_lists candidates; /* the items of each scenario: at least two where one is drawn */
    cm_pairs touched;    /* what is known: its pairs are no negatives of their users */
    cm_pairs support;    /* where positives of supports are drawn */
    cm_pairs query;      /* where positives of queries are drawn; with scenarios NULL from
                            `support` too, disjoint from the support of the task */
} cm_scenario_source;

typedef struct cm_scenario_options {
    uint64_t seed;
    uint32_t draw;             /* epoch, or number of the evaluation draw */
    int64_t support;           /* positives */
    int64_t support_negatives; /* for a full support; in proportion for a smaller one */
    int64_t query;             /* positives to be asked for; 0: none, for evaluation */
    int64_t query_negatives;   /* of each of them, one after another; at least 1 */
    bool published;            /* negatives of the support as published: of a random pair's user,
                                  only other than that pair's item; else negative k is of the user
                                  of positive k, going round, and untouched by that user */
    bool positives_first;      /* else the support's rows are mixed */
} cm_scenario_options;

/* The supports of several tasks, one behind the other. */
typedef struct cm_scenario_support {
    cm_ids *segments, *users, *items;
    cm_tensor *labels; /* 1 positive, 0 negative */
} cm_scenario_support;

/* Their queries: a user for each positive, and behind each other the negatives of each. */
typedef struct cm_scenario_query {
    cm_ids *segments, *users, *positives, *negatives;
} cm_scenario_query;

/* One task for each scenario of the list. Support and query of one pool: of more pairs than
 * `support` a random choice of so many is the support, and the others can be asked for; of fewer,
 * one half each, the support padded by drawing its pairs again (ScenarioMeta's way). With a pool of
 * its own the query takes from that. Queries draw without replacement if there are pairs enough.
 * Without query the support has what there is, unpadded. A negative is uniform over the items of
 * the scenario that its user has not touched there; for a user who touched all, over all, which
 * *fallbacks counts. A draw depends on (seed, draw, scenario) alone. The results are new: ids with
 * one reference, the tensor of the open scope. O(support + query) log, and the longest pool once a
 * call. */
bool cm_draw_scenarios(cm_ctx *cx, const cm_scenario_source *from, const cm_ids *scenarios,
                       const cm_scenario_options *options, cm_scenario_support *support,
                       cm_scenario_query *query, int64_t *fallbacks) CM_MUST_CHECK;

#endif
