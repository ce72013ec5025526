/* shape.h - sizes of tensors: arithmetic on dims, nothing else. */
#ifndef CM_SHAPE_H
#define CM_SHAPE_H

#include "base/ctx.h"

typedef struct cm_shape {
    int ndim; /* 0: a scalar */
    int64_t dims[CM_MAX_DIMS];
} cm_shape;

/* A shape from its dims. */
cm_shape cm_shape_of(int ndim, const int64_t *dims);
/* [n] */
cm_shape cm_shape_1d(int64_t n);
/* [rows, columns] */
cm_shape cm_shape_2d(int64_t rows, int64_t columns);

/* The product of all dims but the last: the number of runs along it. At least one dim. */
int64_t cm_shape_lead(const cm_shape *shape);
/* The product of all dims but the first: the elements per row. At least one dim. */
int64_t cm_shape_row(const cm_shape *shape);

/* Whether both have the same dims. */
bool cm_shape_equal(const cm_shape *a, const cm_shape *b);

/* The number of elements into *count. Refused when a dim is negative, there are more than
 * CM_MAX_DIMS of them, or the product passes CM_MAX_ELEMENTS. */
bool cm_shape_count(cm_ctx *cx, const cm_shape *shape, int64_t *count);

/* The number of elements of a shape that a tensor has (so it is known to fit). */
int64_t cm_shape_size(const cm_shape *shape);

/* The shape that a and b broadcast to: right-aligned, a size of 1 or a missing dim repeats. */
bool cm_shape_broadcast(cm_ctx *cx, const cm_shape *a, const cm_shape *b, cm_shape *out);

/* Whether `small` broadcasts to exactly `large`. */
bool cm_shape_expands(const cm_shape *small, const cm_shape *large);

#define CM_SHAPE_TEXT 128

/* "2x3x4", "(a scalar)" for no dims; into the buffer, which is returned. */
const char *cm_shape_text(const cm_shape *shape, char buffer[CM_SHAPE_TEXT]);

#endif
