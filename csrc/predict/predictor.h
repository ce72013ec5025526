/* predictor.h - runs a frozen model in memory that was set aside for it, one thread at a time.
 *
 * All memory is taken when a predictor and its contexts are made, for the limits that the host
 * gives; a call that would need more is refused. */
#ifndef CM_PREDICTOR_H
#define CM_PREDICTOR_H

#include "predict/frozen.h"

/* The items that are looked at at once to choose candidates. */
#define CM_RETRIEVAL_BLOCK 4096

typedef struct cm_limits {
    int32_t support;    /* interactions of a context */
    int32_t list;       /* items of a list */
    int32_t block;      /* items that are scored at once */
    size_t memory;      /* bytes that runs, and the states that they give, may take */
    int32_t candidates; /* items that may be chosen to be scored */
    int32_t users;      /* people whose lists may be made at once */
} cm_limits;

/* What one value of a state takes at most. */
typedef struct cm_room {
    cm_kind kind;
    size_t bytes;
} cm_room;

typedef struct cm_predictor {
    cm_frozen *model;
    cm_limits limits;
    cm_ctx cx; /* of the call that runs: memory in the arena; the error stays */
    unsigned char *arena;
    size_t arena_bytes;
    const struct cm_kernels *kernels;
    cm_value *constants; /* with headers of its own */
    cm_value *ports;     /* inputs and outputs of a run, */
    char *headers;       /* and the headers of the inputs */
    uint32_t n_ports;
    cm_room *rooms[CM_MOST_PARTS]; /* of the values that adapt gives, of each part */
    uint32_t n_rooms[CM_MOST_PARTS];
    uint8_t *out;              /* [items] 1: not to be listed, while a list is made */
    int32_t *rows;             /* [room] for whoever calls: items that are asked for or found, */
    cm_real *scores;           /* [room] and their scores */
    int32_t room;              /* as many as there are items, or as a list or a block may have; */
    int32_t *lists;            /* [users, list] for whoever calls: items of lists, */
    cm_real *listed;           /* their scores, */
    int32_t *counts;           /* [users] and how many they are */
    struct cm_context **group; /* [limit users] for whoever calls: for whom lists are made */
    int32_t contexts;          /* that are not freed yet, */
    bool orphaned;             /* and whether it goes with the last of them */
} cm_predictor;

/* A predictor of a model, which it holds. The error is recorded in `cx`. */
cm_predictor *cm_predictor_new(cm_ctx *cx, cm_frozen *model, const cm_limits *limits) CM_MUST_CHECK;

/* Frees it, after its contexts. NULL is fine. */
void cm_predictor_free(cm_predictor *predictor);

/* Whether it was closed, which sets `orphaned`, and has no context any more: it is to be freed. */
static inline bool cm_predictor_is_over(const cm_predictor *predictor)
{
    return predictor->orphaned && predictor->contexts == 0;
}

/* The states of n people one below the other, as a joint program reads them: in the arena. NULL
 * after a refusal, such as of a state that is no row. */
const cm_value *cm_predictor_stack(cm_predictor *predictor, uint32_t part,
                                   const cm_value *const *states, int32_t n) CM_MUST_CHECK;

/* The bytes that it took. */
size_t cm_predictor_bytes(const cm_predictor *predictor);

/* Empties the arena: what the last run gave is gone. The error slot is empty, too. */
void cm_predictor_reset(cm_predictor *predictor);

/* What a run reads beside constants and tables. */
typedef struct cm_reading {
    cm_ids *support_items, *support_segments;
    cm_tensor *support_labels;
    const cm_value *state, *sums;
    const int32_t *rows; /* of the items that are scored; NULL: `count` from `first` on */
    int32_t first, count;
} cm_reading;

/* Runs a stage of a part after a reset. The outputs stand in predictor->ports until the next reset.
 */
bool cm_predictor_run(cm_predictor *predictor, const cm_part *part, const cm_stage *stage,
                      const cm_reading *reading) CM_MUST_CHECK;

#endif
