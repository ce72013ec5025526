/* predictor_parts.h - what the files of predictors share. */
#ifndef CM_PREDICTOR_PARTS_H
#define CM_PREDICTOR_PARTS_H

#include "predict/predictor.h"

/* A tensor over numbers that are there: its header in `room`, of CM_HEADER_BYTES. */
cm_tensor *cm_header_over(void *room, const cm_shape *shape, const cm_real *numbers);

/* Gives a predictor its arena, and notes what the states of its parts take. The error is recorded
 * in `cx`. */
bool cm_predictor_size_arena(cm_ctx *cx, cm_predictor *predictor) CM_MUST_CHECK;

#endif
