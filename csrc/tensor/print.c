/* print.c - see print.h. */
#include "tensor/print.h"
#include "base/locale.h"
#include <stdarg.h>
#include <stdio.h>

#define EDGE 3 /* elements shown at each end of a long dim */

typedef struct text {
    char *at;
    size_t left;
} text;

static void put(text *t, const char *format, ...) CM_PRINTF(2, 3);

static void put(text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->at, t->left, format, args);
    va_end(args);
    size_t used = n < 0 ? 0 : CM_MIN((size_t)n, t->left - 1);
    t->at += used;
    t->left -= used;
}

static void put_dim(text *t, const cm_tensor *x, int dim, int64_t at)
{
    if (dim == x->shape.ndim) {
        put(t, "%8.4g", (double)cm_data(x)[at]);
        return;
    }
    int64_t n = x->shape.dims[dim];
    bool rows = dim < x->shape.ndim - 1;
    for (int64_t i = 0; i < n; i++) {
        if (n > 2 * EDGE && i == EDGE) {
            put(t, rows ? "     ...\n" : "     ...");
            i = n - EDGE;
        }
        if (i > 0 && !rows)
            put(t, "  ");
        put_dim(t, x, dim + 1, at + i * x->strides[dim]);
        if (rows && dim == x->shape.ndim - 2)
            put(t, "\n");
    }
    if (dim > 0 && rows)
        put(t, "\n");
}

void cm_tensor_text(const cm_tensor *x, char buffer[CM_PRINT_BYTES])
{
    /* Room for the last line is reserved: elements may be cut, the shape never is. */
    text t = {buffer, CM_PRINT_BYTES - 2 * CM_SHAPE_TEXT};
    char shape[CM_SHAPE_TEXT];
    cm_locale locale = cm_locale_plain();
    if (x->count > 0)
        put_dim(&t, x, 0, 0);
    t.left += 2 * CM_SHAPE_TEXT;
    bool fresh_line = t.at == buffer || t.at[-1] == '\n';
    put(&t, "%s[cmml.Tensor %s %s%s]", fresh_line ? "" : "\n", cm_shape_text(&x->shape, shape),
        CM_REAL_NAME, x->node ? ", tracked" : "");
    cm_locale_restore(locale);
}
