/* points.c - see points.h. */
#include "analysis/points.h"
#include <math.h>

bool cm_need_points(cm_ctx *cx, const cm_tensor *x)
{
    char text[CM_SHAPE_TEXT];
    if (x->shape.ndim != 2 || !cm_is_contiguous(x))
        return cm_refuse(cx, CM_ERR_SHAPE, "points must be a matrix [points, width], not %s",
                         cm_shape_text(&x->shape, text));
    int64_t width = x->shape.dims[1];
    for (int64_t i = 0; i < x->count; i++)
        if (!(fabs((double)cm_data(x)[i]) < 1e100)) /* its squares are summed */
            return cm_refuse(cx, CM_ERR_NUMBER,
                             "number %lld of point %lld is not finite, or too large",
                             (long long)(i % width + 1), (long long)(i / width + 1));
    return true;
}
