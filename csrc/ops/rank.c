/* rank.c - see rank.h. */
#include "ops/rank.h"
#include "ops/op.h"

/* Whether a, which comes after b, ranks above b. */
static bool passes(cm_real a, cm_real b)
{
    return a > b || (a != a && b == b);
}

/* Whether position i of x ranks above position j, i != j. */
static bool before(const cm_real *x, int32_t i, int32_t j)
{
    return i > j ? passes(x[i], x[j]) : !passes(x[j], x[i]);
}

/* The position of the maximum of each column of x [n, inner], n > 0. */
static void largest_places(int64_t n, int64_t inner, const cm_real *x, int32_t *best)
{
    for (int64_t j = 0; j < inner; j++)
        best[j] = 0;
    for (int64_t r = 1; r < n; r++)
        for (int64_t j = 0; j < inner; j++)
            if (passes(x[r * inner + j], x[best[j] * inner + j]))
                best[j] = (int32_t)r;
}

cm_ids *cm_arg_max(cm_ctx *cx, cm_tensor *x, int dim)
{
    cm_around a = cm_around_dim(&x->shape, dim);
    char text[CM_SHAPE_TEXT];
    if (a.n == 0 && a.outer > 0 && a.inner > 0)
        return cm_fail(cx, CM_ERR_SHAPE, "x has shape %s: the maximum of no elements is undefined",
                       cm_shape_text(&x->shape, text));
    size_t mark = cm_scope_begin(cx);
    cm_tensor *whole = cm_contiguous(cx, x);
    cm_ids *places = whole ? cm_ids_new(cx, a.outer * a.inner) : NULL;
    if (places) {
        for (int64_t i = 0; i < a.outer; i++)
            largest_places(a.n, a.inner, cm_data(whole) + i * a.n * a.inner,
                           places->values + i * a.inner);
        cm_ids_seal(places);
    }
    cm_scope_end(cx, mark);
    return places;
}

/* Sifts the entry at `at` of a heap down; the smallest is on top. */
static void sink(const cm_real *x, int32_t *heap, int64_t size, int64_t at)
{
    int32_t moving = heap[at];
    for (int64_t child = 2 * at + 1; child < size; child = 2 * at + 1) {
        if (child + 1 < size && before(x, heap[child], heap[child + 1]))
            child++;
        if (!before(x, moving, heap[child]))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moving;
}

/* The k largest of x [n] in order, 0 < k <= n: a heap of the best so far, whose minimum most
 * elements do not exceed, then a heap sort of those. */
static void top_of_row(int64_t n, const cm_real *x, int64_t k, int32_t *heap)
{
    for (int64_t i = 0; i < k; i++)
        heap[i] = (int32_t)i;
    for (int64_t i = k / 2; i-- > 0;)
        sink(x, heap, k, i);
    for (int64_t i = k; i < n; i++) {
        if (passes(x[i], x[heap[0]])) {
            heap[0] = (int32_t)i;
            sink(x, heap, k, 0);
        }
    }
    for (int64_t last = k - 1; last > 0; last--) {
        int32_t smallest = heap[0];
        heap[0] = heap[last];
        heap[last] = smallest;
        sink(x, heap, last, 0);
    }
}

cm_ids *cm_top_k(cm_ctx *cx, cm_tensor *x, int64_t k)
{
    char text[CM_SHAPE_TEXT];
    if (x->shape.ndim < 1)
        return cm_fail(cx, CM_ERR_SHAPE, "x is a scalar: there is no dim to choose along");
    int64_t n = x->shape.dims[x->shape.ndim - 1], rows = cm_shape_lead(&x->shape);
    if (k < 0 || k > n)
        return cm_fail(cx, CM_ERR_ARGUMENT,
                       "k is %lld, but must be from 0 to %lld, the last dim of x %s", (long long)k,
                       (long long)n, cm_shape_text(&x->shape, text));
    size_t mark = cm_scope_begin(cx);
    cm_tensor *whole = cm_contiguous(cx, x);
    cm_ids *places = whole ? cm_ids_new(cx, rows * k) : NULL;
    if (places) {
        for (int64_t r = 0; r < rows && k > 0; r++)
            top_of_row(n, cm_data(whole) + r * n, k, places->values + r * k);
        cm_ids_seal(places);
    }
    cm_scope_end(cx, mark);
    return places;
}
