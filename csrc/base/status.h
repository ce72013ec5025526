/* status.h - how the core reports failure.
 *
 * Nothing in the core raises, prints or exits. A function that fails records the first error in its
 * context with cm_fail and returns NULL or false; later failures that follow from it are ignored.
 * The caller at the top (the Lua binding) reads the error, clears it, and raises. */
#ifndef CM_STATUS_H
#define CM_STATUS_H

#include "base/config.h"

typedef enum cm_status {
    CM_ERR_OK,
    CM_ERR_NO_MEMORY,
    CM_ERR_SHAPE,    /* shapes do not fit */
    CM_ERR_ARGUMENT, /* an invalid value */
    CM_ERR_INDEX,    /* a row, dim or id that does not exist */
    CM_ERR_LIMIT,    /* larger than is supported */
    CM_ERR_STATE,    /* not possible in this state */
    CM_ERR_GRADIENT, /* no gradient exists */
    CM_ERR_NUMBER,   /* not a finite number */
    CM_ERR_IO,       /* input or output failed */
    CM_ERR_FORMAT    /* a malformed file */
} cm_status;

typedef struct cm_ctx cm_ctx;

/* Records an error (kept only if it is the first since the last clear). Always returns NULL, so
 * that `return cm_fail(...)` serves functions that give a pointer. */
void *cm_fail(cm_ctx *cx, cm_status code, const char *format, ...) CM_PRINTF(3, 4);

/* The same for functions that give a bool: always false. */
bool cm_refuse(cm_ctx *cx, cm_status code, const char *format, ...) CM_PRINTF(3, 4);

/* Says where the recorded error came about, in front of its text. */
void cm_error_within(cm_ctx *cx, const char *where);

/* Files the recorded error under another code. */
void cm_error_recode(cm_ctx *cx, cm_status code);

/* The recorded error: CM_ERR_OK if there is none. */
cm_status cm_error_code(const cm_ctx *cx);

/* Its text; "" if there is none. Valid until the next cm_fail or cm_error_clear. */
const char *cm_error_text(const cm_ctx *cx);

/* Clears it: the next failure is again the first. */
void cm_error_clear(cm_ctx *cx);

#endif
