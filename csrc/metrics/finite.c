/* finite.c - see finite.h. */
#include "metrics/finite.h"
#include <math.h>

bool cm_need_finite(cm_ctx *cx, const cm_real *x, int64_t n, const char *what)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return cm_refuse(cx, CM_ERR_NUMBER, "%s %lld is not a finite number", what,
                             (long long)i + 1);
    return true;
}
