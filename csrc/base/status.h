/* status.h - how the core reports failure.
 *
 * Nothing in the core raises, prints or exits. A function that fails records the first error in its
 * context with cm_fail and returns NULL or false; later failures that follow from it are ignored.
 * The caller at the top (the Lua binding) reads the error, clears it, and raises. */
#ifndef CM_STATUS_H
#define CM_STATUS_H

#include "base/config.h"

#define CM_STATUS_LIST(X)            \
    X(OK, "no error")                \
    X(NO_MEMORY, "out of memory")    \
    X(SHAPE, "shapes do not fit")    \
    X(ARGUMENT, "bad argument")      \
    X(INDEX, "index out of range")   \
    X(LIMIT, "limit exceeded")       \
    X(STATE, "wrong state")          \
    X(GRADIENT, "no gradient")       \
    X(NUMBER, "not a finite number") \
    X(IO, "input or output failed")  \
    X(FORMAT, "malformed file")

typedef enum cm_status {
#define CM_STATUS_ENUM(name, text) CM_ERR_##name,
    CM_STATUS_LIST(CM_STATUS_ENUM)
#undef CM_STATUS_ENUM
} cm_status;

typedef struct cm_ctx cm_ctx;

/* Records an error (kept only if it is the first since the last clear). Always returns NULL, so
 * that `return cm_fail(...)` serves functions that give a pointer. */
void *cm_fail(cm_ctx *cx, cm_status code, const char *format, ...) CM_PRINTF(3, 4);

/* The same for functions that give a bool: always false. */
bool cm_refuse(cm_ctx *cx, cm_status code, const char *format, ...) CM_PRINTF(3, 4);

/* The recorded error: CM_ERR_OK if there is none. */
cm_status cm_error_code(const cm_ctx *cx);

/* Its text; "" if there is none. Valid until the next cm_fail or cm_error_clear. */
const char *cm_error_text(const cm_ctx *cx);

/* Forgets it: the next failure counts as the first. */
void cm_error_clear(cm_ctx *cx);

/* "out of memory" and the like, for a code. */
const char *cm_status_text(cm_status code);

#endif
