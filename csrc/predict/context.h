/* context.h - what is known of one person, and what a model makes of it.
 *
 * A context belongs to a predictor, and with it to one thread. Its memory is taken when it is made.
 */
#ifndef CM_CONTEXT_H
#define CM_CONTEXT_H

#include "predict/predictor.h"

typedef struct cm_context cm_context;

/* An empty context. The error is recorded in the predictor's. */
cm_context *cm_context_new(cm_predictor *predictor) CM_MUST_CHECK;

/* Frees it; NULL is fine. */
void cm_context_free(cm_context *context);

/* Another context that knows the same. */
cm_context *cm_context_fork(const cm_context *context) CM_MUST_CHECK;

/* Its predictor. */
cm_predictor *cm_context_predictor(const cm_context *context);

/* Takes an interaction; of an item that is there already the label is replaced, unless supports of
 * the model are sequences, to which it is appended. Refused: items that the model does not have,
 * labels that are not finite, more interactions than the limit. */
bool cm_context_observe(cm_context *context, int32_t item, double label) CM_MUST_CHECK;

/* Forgets an item, wherever it is; false if it is not there, without an error. */
bool cm_context_forget(cm_context *context, int32_t item);

/* Forgets all. */
void cm_context_clear(cm_context *context);

/* The interactions in the order of their items' first, of sequences in their own: how many, items
 * and labels. */
int32_t cm_context_support(const cm_context *context, const int32_t **items,
                           const cm_real **labels);

/* Scores of items by a part, as many as are asked for; of none it adapts. Refused: unknown items,
 * and scores that are no finite numbers. */
bool cm_context_score(cm_context *context, uint32_t part, const int32_t *items, size_t n,
                      cm_real *scores) CM_MUST_CHECK;

/* What a list is to be of. */
typedef struct cm_request {
    uint32_t part;
    int32_t n;              /* how many items, at most the limit */
    int32_t candidates;     /* of how many that are chosen by estimates, at most the limit; 0: of
                               all */
    const int32_t *exclude; /* items that are not to be in it, */
    size_t n_exclude;
    const uint8_t *allowed; /* [items] not 0 of those that may be in it; NULL: all */
    bool with_support;      /* whether items of the support may be in it */
} cm_request;

/* The items with the highest scores, of equal ones that which comes first in the catalogue, best
 * first, with their scores; *found is how many there are. Scores of about `budget` seconds, at
 * least of one block: *done says whether all items were scored; else the same call goes on. A call
 * of another kind, or another request, begins anew. */
bool cm_context_recommend(cm_context *context, const cm_request *request, double budget,
                          int32_t *items, cm_real *scores, int32_t *found,
                          bool *done) CM_MUST_CHECK;

/* The same for the first n contexts of the predictor's `group`, which are its own, n at most the
 * limit `users`: their lists stand one behind the other, request->n places each; found: [n]. A part
 * that scores the catalogue in one product makes it one for all of them. */
bool cm_group_recommend(cm_predictor *predictor, int32_t n, const cm_request *request,
                        int32_t *items, cm_real *scores, int32_t *found) CM_MUST_CHECK;

/* The bytes that cm_context_save needs, with the zero. */
size_t cm_context_text_bytes(const cm_context *context);

/* The context as text, to be kept somewhere: at most `room` bytes with a zero behind them, *used is
 * how many it takes without. Refused where the room is too small. */
bool cm_context_save(cm_context *context, char *text, size_t room, size_t *used) CM_MUST_CHECK;

/* Takes what cm_context_save gave; refused, and unchanged, where that was of another model or
 * version, or is no such text. */
bool cm_context_restore(cm_context *context, const char *text, size_t len) CM_MUST_CHECK;

#endif
