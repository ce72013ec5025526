/* recurrent.h - what the recurrent cells and their scans over time share. */
#ifndef CM_RECURRENT_H
#define CM_RECURRENT_H

#include "ops/ops.h"

/* A recurrent cell: a state is `parts` vectors of the hidden size. */
typedef struct cm_cell {
    int gates, parts;
    const char *projected; /* shape of the inputs for all steps, for messages */
    /* One step in ops: the state after it, from projected inputs [batch, gates hidden] and the
     * state [batch, parts hidden]. */
    cm_tensor *(*step)(cm_ctx *cx, cm_tensor *projected, cm_tensor *state, cm_tensor *weight,
                       cm_tensor *bias);
} cm_cell;

extern const cm_cell cm_cell_gru, cm_cell_lstm;

/* Refused unless x has `ndim` dims; `form` says what they are. */
bool cm_need_form(cm_ctx *cx, const cm_tensor *x, int ndim, const char *form);

/* Refused unless the state is [batch, width]; `what` names it. */
bool cm_need_state(cm_ctx *cx, const cm_tensor *state, const char *what, int64_t batch,
                   int64_t width);

#endif
