/* largest.c - see largest.h. */
#include "cf/largest.h"
#include <math.h>

static int64_t count_above(const cm_real *x, int64_t n, cm_real size)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        count += (x[i] < 0 ? -x[i] : x[i]) > size;
    return count;
}

double cm_size_of_largest(const cm_tensor *x, int64_t count)
{
    const cm_real *values = cm_data(x);
    cm_real below = 0, size = 0;
    for (int64_t i = 0; i < x->count; i++) {
        if (!isfinite(values[i])) /* by halves the loop below would come to no end */
            return -1;
        size = CM_MAX(size, values[i] < 0 ? -values[i] : values[i]);
    }
    if (count_above(values, x->count, 0) <= count)
        return 0;
    for (;;) { /* more than `count` exceed below, but not size */
        cm_real middle = below + (size - below) / 2;
        if (middle <= below || middle >= size)
            return (double)size;
        int64_t found = count_above(values, x->count, middle);
        if (found == count)
            return (double)middle;
        if (found > count)
            below = middle;
        else
            size = middle;
    }
}

/* Fills the columns and weights of the entries, whose numbers by row are known. */
static void fill(const cm_tensor *x, cm_real least, cm_real sign, cm_sparse *out)
{
    int64_t columns = x->shape.dims[1], n = 0;
    for (int64_t i = 0; i < x->count; i++) {
        cm_real value = cm_data(x)[i] * sign;
        if (value > least) {
            out->columns->values[n] = (int32_t)(i % columns);
            cm_data(out->weights)[n++] = value;
        }
    }
    cm_ids_seal(out->columns);
}

bool cm_sparse_above(cm_ctx *cx, const cm_tensor *x, double least, int sign, cm_sparse *out)
{
    if (x->shape.ndim != 2 || !cm_is_contiguous(x))
        return cm_refuse(cx, CM_ERR_SHAPE, "a contiguous matrix is needed");
    if (!(least >= 0) || (sign != 1 && sign != -1))
        return cm_refuse(cx, CM_ERR_NUMBER, "least is %g and sign %d: 0 or more, and 1 or -1",
                         least, sign);
    int64_t rows = x->shape.dims[0], columns = x->shape.dims[1], count = 0;
    int32_t *lengths = cm_calloc(cx, (size_t)rows, sizeof *lengths);
    if (!lengths)
        return false;
    for (int64_t r = 0; r < rows; r++, count += lengths[r - 1])
        for (int64_t c = 0; c < columns; c++)
            lengths[r] += cm_data(x)[r * columns + c] * (cm_real)sign > (cm_real)least;
    cm_shape shape = cm_shape_1d(count);
    out->rows = cm_segments_new(cx, lengths, rows);
    out->columns = out->rows ? cm_ids_new(cx, count) : NULL;
    out->weights = out->columns ? cm_tensor_new(cx, &shape) : NULL;
    cm_free(cx, lengths);
    if (!out->weights) {
        cm_ids_release(cx, out->rows);
        cm_ids_release(cx, out->columns);
        *out = (cm_sparse){0};
        return false;
    }
    fill(x, (cm_real)least, (cm_real)sign, out);
    return true;
}
