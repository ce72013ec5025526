/* finite.h - the check of its input that every metric makes. */
#ifndef CM_FINITE_H
#define CM_FINITE_H

#include "base/ctx.h"

/* Refused unless all n numbers are finite; `what` names one of them. */
bool cm_need_finite(cm_ctx *cx, const cm_real *x, int64_t n, const char *what) CM_MUST_CHECK;

#endif
