/* context_parts.h - what the files of contexts share. */
#ifndef CM_CONTEXT_PARTS_H
#define CM_CONTEXT_PARTS_H

#include "predict/context.h"
#include "predict/heap.h"

/* What a part made of the support. */
typedef struct cm_made {
    bool is_ready;  /* the state is that of the support, */
    bool is_scored; /* and `all` the scores of all items under it */
    cm_value *state;
    char *headers;
    unsigned char **rooms; /* where the values of the state lie */
    cm_real *all;          /* [items], of a part that scores all at once */
    int32_t added;         /* how many interactions are in what rows add up to, */
    cm_real **sums;        /* and what that is */
} cm_made;

/* How far a list has come. */
typedef struct cm_progress {
    bool is_on;
    uint64_t asked;     /* a hash of the request, */
    int32_t candidates; /* and of how many candidates it is: 0: of all */
    int32_t chosen;     /* the first item that has no estimate yet; -1: the probes have no scores */
    int32_t next;       /* the first item, or candidate, that was not scored yet */
} cm_progress;

struct cm_context {
    cm_predictor *p;
    int32_t n, offsets[2];
    int32_t *items;
    cm_real *labels;
    cm_made parts[CM_MOST_PARTS];
    cm_progress list;
    cm_heap best;   /* of an unfinished list */
    cm_heap chosen; /* its candidates, */
    cm_real *place; /* and where the person's scores lie among the vectors of the items */
    unsigned char memory[];
};

/* Refused unless the model has the item. */
bool cm_context_check_item(cm_context *context, int32_t item) CM_MUST_CHECK;

/* Refused unless n scores, or what scores are estimated by, are finite numbers. */
bool cm_context_check_finite(cm_context *context, const cm_real *scores, int64_t n) CM_MUST_CHECK;

/* Refused unless the label is a finite number. */
bool cm_context_check_label(cm_context *context, double label) CM_MUST_CHECK;

/* What was made of the support is no longer of it; where only rows were added, what those before
 * them add up to still is. */
void cm_context_changed(cm_context *context, bool only_added);

/* Adapts a part to the support, unless it is; the arena is empty then. Refused: a part that the
 * model does not have. */
bool cm_context_adapt(cm_context *context, uint32_t part) CM_MUST_CHECK;

/* Goes on choosing the candidates of a list by an adapted part that can, into `chosen`, until all
 * items were looked at; *over: there is no time left. */
bool cm_context_choose(cm_context *context, const cm_request *request, double end,
                       bool *over) CM_MUST_CHECK;

/* Whether an item may be in a list, while what may not is marked. */
bool cm_context_may_list(const cm_context *context, const cm_request *request, int32_t item);

/* Adapts a part to the first n people of the predictor's group and, if it can for several at once,
 * scores all items for those who have no scores yet. */
bool cm_group_score_all(cm_predictor *predictor, int32_t n, uint32_t part) CM_MUST_CHECK;

/* Scores all items by an adapted part that does so, unless they are: into its field `all`. */
bool cm_context_score_all(cm_context *context, uint32_t part) CM_MUST_CHECK;

/* The scores of some items by an adapted part that scores items: of `rows` or, without, of those
 * from `first` on. They lie in the arena. NULL after a refusal. */
const cm_real *cm_context_block(cm_context *context, uint32_t part, const int32_t *rows,
                                int32_t first, int32_t count) CM_MUST_CHECK;

#endif
