/* shape.c - see shape.h. */
#include "tensor/shape.h"
#include <string.h>

cm_shape cm_shape_of(int ndim, const int64_t *dims)
{
    cm_shape shape = {.ndim = ndim};
    for (int d = 0; d < ndim; d++)
        shape.dims[d] = dims[d];
    return shape;
}

cm_shape cm_shape_1d(int64_t n)
{
    return cm_shape_of(1, (int64_t[]){n});
}

cm_shape cm_shape_2d(int64_t rows, int64_t columns)
{
    return cm_shape_of(2, (int64_t[]){rows, columns});
}

bool cm_shape_equal(const cm_shape *a, const cm_shape *b)
{
    if (a->ndim != b->ndim)
        return false;
    for (int d = 0; d < a->ndim; d++)
        if (a->dims[d] != b->dims[d])
            return false;
    return true;
}

int64_t cm_shape_size(const cm_shape *shape)
{
    int64_t count = 1;
    for (int d = 0; d < shape->ndim; d++)
        count *= shape->dims[d];
    return count;
}

int64_t cm_shape_lead(const cm_shape *shape)
{
    cm_shape lead = cm_shape_of(shape->ndim - 1, shape->dims);
    return cm_shape_size(&lead);
}

int64_t cm_shape_row(const cm_shape *shape)
{
    cm_shape row = cm_shape_of(shape->ndim - 1, shape->dims + 1);
    return cm_shape_size(&row);
}

bool cm_shape_count(cm_ctx *cx, const cm_shape *shape, int64_t *count)
{
    char text[CM_SHAPE_TEXT];
    if (shape->ndim < 0 || shape->ndim > CM_MAX_DIMS)
        return cm_refuse(cx, CM_ERR_LIMIT, "%d dims; at most %d are supported", shape->ndim,
                         CM_MAX_DIMS);
    /* A size of 0 must not hide an overflow of the others: strides are their products. */
    int64_t product = 1;
    bool empty = false;
    for (int d = 0; d < shape->ndim; d++) {
        int64_t n = shape->dims[d];
        if (n < 0)
            return cm_refuse(cx, CM_ERR_SHAPE, "negative size in shape %s",
                             cm_shape_text(shape, text));
        if (n == 0)
            empty = true;
        else if (n > CM_MAX_ELEMENTS / product)
            return cm_refuse(cx, CM_ERR_LIMIT, "shape %s has more than %lld elements",
                             cm_shape_text(shape, text), (long long)CM_MAX_ELEMENTS);
        else
            product *= n;
    }
    *count = empty ? 0 : product;
    return true;
}

bool cm_shape_broadcast(cm_ctx *cx, const cm_shape *a, const cm_shape *b, cm_shape *out)
{
    cm_shape result = {.ndim = CM_MAX(a->ndim, b->ndim)};
    for (int d = 0; d < result.ndim; d++) {
        int da = d - (result.ndim - a->ndim), db = d - (result.ndim - b->ndim);
        int64_t na = da < 0 ? 1 : a->dims[da], nb = db < 0 ? 1 : b->dims[db];
        if (na != nb && na != 1 && nb != 1) {
            char ta[CM_SHAPE_TEXT], tb[CM_SHAPE_TEXT];
            return cm_refuse(
                cx, CM_ERR_SHAPE, "shapes %s and %s do not broadcast: sizes %lld and %lld differ",
                cm_shape_text(a, ta), cm_shape_text(b, tb), (long long)na, (long long)nb);
        }
        result.dims[d] = na == 1 ? nb : na;
    }
    *out = result;
    return true;
}

bool cm_shape_expands(const cm_shape *small, const cm_shape *large)
{
    int lead = large->ndim - small->ndim;
    if (lead < 0)
        return false;
    for (int d = 0; d < small->ndim; d++)
        if (small->dims[d] != 1 && small->dims[d] != large->dims[lead + d])
            return false;
    return true;
}

/* Written out by hand: the core has no stdio outside the error slot and io/. */
static char *put_number(char *at, int64_t value)
{
    char digits[24];
    int n = 0;
    uint64_t rest = value < 0 ? 0u - (uint64_t)value : (uint64_t)value;
    do
        digits[n++] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (value < 0)
        *at++ = '-';
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

const char *cm_shape_text(const cm_shape *shape, char buffer[CM_SHAPE_TEXT])
{
    char *at = buffer;
    if (shape->ndim == 0)
        return strcpy(buffer, "(a scalar)");
    for (int d = 0; d < CM_MIN(shape->ndim, CM_MAX_DIMS); d++) {
        if (d > 0)
            *at++ = 'x';
        at = put_number(at, shape->dims[d]);
    }
    *at = '\0';
    return buffer;
}
