/* factors.c - see factors.h. */
#include "cf/factors.h"
#include "base/rng.h"

cm_tensor *cm_factors_new(cm_ctx *cx, const cm_sparse *of, int64_t factors, uint64_t seed,
                          uint32_t side, double scale)
{
    if (factors < 1)
        return cm_fail(cx, CM_ERR_ARGUMENT, "%lld factors: at least 1 is needed",
                       (long long)factors);
    int64_t rows = cm_segments_groups(of->rows), count;
    cm_shape shape = cm_shape_2d(rows, factors), square = cm_shape_2d(factors, factors);
    if (!cm_shape_count(cx, &square, &count) || !cm_shape_count(cx, &shape, &count))
        return NULL;
    cm_tensor *x = cm_tensor_new(cx, &shape);
    for (int64_t r = 0; x && r < rows; r++) {
        cm_rng rng = cm_rng_keyed(seed, side, (uint32_t)r, CM_STREAM_INIT);
        bool any = cm_segment_length(of->rows, r) > 0;
        for (int64_t f = 0; f < factors; f++)
            cm_data(x)[r * factors + f] = any ? (cm_real)(scale * cm_rng_normal(&rng)) : 0;
    }
    return x;
}

bool cm_factors_fit(cm_ctx *cx, const cm_sparse *of, const cm_tensor *x, const cm_tensor *y)
{
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    int64_t rows = cm_segments_groups(of->rows), count;
    if (x->shape.ndim == 2 && y->shape.ndim == 2 && x->shape.dims[1] == y->shape.dims[1] &&
        x->shape.dims[1] > 0 && x->shape.dims[0] == rows &&
        y->shape.dims[0] >= of->columns->limit) {
        cm_shape square = cm_shape_2d(x->shape.dims[1], x->shape.dims[1]);
        return cm_shape_count(cx, &square, &count);
    }
    return cm_refuse(cx, CM_ERR_SHAPE,
                     "vectors %s and %s do not fit a matrix of %lld rows with columns up to %d",
                     cm_shape_text(&x->shape, a), cm_shape_text(&y->shape, b), (long long)rows,
                     of->columns->limit);
}
