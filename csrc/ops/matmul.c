/* matmul.c - products of matrices: whole, batched, and with a matrix for each ragged group. */
#include "kernels/blas.h"
#include "ops/ops.h"
#include "tensor/iter.h"

static bool matmul_shape(cm_call *c)
{
    const cm_shape *a = &c->in[0]->shape, *b = &c->in[1]->shape;
    char ta[CM_SHAPE_TEXT], tb[CM_SHAPE_TEXT];
    if (a->ndim < 2 || b->ndim < 2)
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "shapes %s and %s: both need at least 2 dims (reshape a vector to a row "
                         "or a column)",
                         cm_shape_text(a, ta), cm_shape_text(b, tb));
    if (a->dims[a->ndim - 1] != b->dims[b->ndim - 2])
        return cm_refuse(c->cx, CM_ERR_SHAPE, "inner sizes differ: %s * %s", cm_shape_text(a, ta),
                         cm_shape_text(b, tb));
    cm_shape lead_a = cm_shape_of(a->ndim - 2, a->dims), lead_b = cm_shape_of(b->ndim - 2, b->dims);
    int64_t count;
    if (!cm_shape_broadcast(c->cx, &lead_a, &lead_b, &c->out_shape))
        return false;
    c->out_shape.dims[c->out_shape.ndim++] = a->dims[a->ndim - 2];
    c->out_shape.dims[c->out_shape.ndim++] = b->dims[b->ndim - 1];
    return cm_shape_count(c->cx, &c->out_shape, &count);
}

static cm_matrix last_two(const cm_tensor *t, int64_t at)
{
    return (cm_matrix){cm_data(t) + at, t->strides[t->shape.ndim - 2],
                       t->strides[t->shape.ndim - 1]};
}

/* A view of the leading dims alone, to iterate over the batch. */
static cm_tensor lead_of(const cm_tensor *t)
{
    cm_tensor lead = *t;
    lead.shape.ndim -= 2;
    return lead;
}

static void matmul_eval(cm_call *c)
{
    const cm_tensor *a = c->in[0], *b = c->in[1];
    int64_t m = c->out_shape.dims[c->out_shape.ndim - 2],
            n = c->out_shape.dims[c->out_shape.ndim - 1], k = a->shape.dims[a->shape.ndim - 1];
    if (b->shape.ndim == 2 && cm_is_contiguous(a)) { /* one product over all rows of all batches */
        cm_gemm(c->cx, cm_shape_lead(&a->shape), n, k, (cm_matrix){cm_data(a), k, 1},
                last_two(b, 0), 0, cm_data(c->out), n);
        return;
    }
    cm_tensor lead_o = lead_of(c->out), lead_a = lead_of(a), lead_b = lead_of(b);
    cm_iter it;
    cm_iter_start(&it, &lead_o.shape, 3, (const cm_tensor *const[]){&lead_o, &lead_a, &lead_b});
    for (; cm_iter_more(&it); cm_iter_next(&it))
        for (int64_t i = 0; i < it.inner; i++)
            cm_gemm(c->cx, m, n, k, last_two(a, it.at[1] + i * it.step[1]),
                    last_two(b, it.at[2] + i * it.step[2]), 0,
                    cm_data(c->out) + it.at[0] + i * it.step[0], n);
}

/* Whether the matrices of x are transposes of others that lie row by row: a gradient of x is then
 * best made as the transpose of theirs, which the derivative of the view undoes without a copy. x
 * is NULL where the other factor has no gradient and it was not kept. */
static bool is_turned(const cm_tensor *x)
{
    int last = x ? x->shape.ndim - 1 : 0;
    return x && x->strides[last] != 1 && x->strides[last - 1] == 1;
}

static void matmul_vjp(cm_vjp *v)
{
    cm_ctx *cx = v->cx;
    if (v->need[0])
        v->gin[0] = cm_matmul(cx, v->g, cm_transpose(cx, v->in[1]));
    if (v->need[1] && is_turned(v->in[1]))
        v->gin[1] = cm_transpose(cx, cm_matmul(cx, cm_transpose(cx, v->g), v->in[0]));
    else if (v->need[1])
        v->gin[1] = cm_matmul(cx, cm_transpose(cx, v->in[0]), v->g);
}

/* Columns that gram_eval makes at a time. */
enum { GRAM_BLOCK = 32 };

static bool gram_shape(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape;
    int64_t count;
    if (x->ndim < 2)
        return cm_refuse(c->cx, CM_ERR_SHAPE, "x must have at least 2 dims, not %d", x->ndim);
    c->out_shape = *x;
    c->out_shape.dims[x->ndim - 1] = x->dims[x->ndim - 2];
    return cm_shape_count(c->cx, &c->out_shape, &count);
}

/* o [n, n] = the products of the rows of x [n, d]: of each block of columns what lies on the
 * diagonal and below, and the rest from there. */
static void gram_of(cm_ctx *cx, int64_t n, int64_t d, const cm_real *x, cm_real *o)
{
    for (int64_t j = 0; j < n; j += GRAM_BLOCK)
        cm_gemm(cx, n - j, CM_MIN(GRAM_BLOCK, n - j), d, (cm_matrix){x + j * d, d, 1},
                (cm_matrix){x + j * d, 1, d}, 0, o + j * n + j, n);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i / GRAM_BLOCK * GRAM_BLOCK + GRAM_BLOCK; j < n; j++)
            o[i * n + j] = o[j * n + i];
}

static void gram_eval(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape;
    int64_t n = x->dims[x->ndim - 2], d = x->dims[x->ndim - 1];
    for (int64_t at = 0; at * n * n < c->out->count; at++)
        gram_of(c->cx, n, d, cm_data(c->in[0]) + at * n * d, cm_data(c->out) + at * n * n);
}

static void gram_vjp(cm_vjp *v)
{
    cm_tensor *both = cm_add(v->cx, v->g, cm_transpose(v->cx, v->g));
    v->gin[0] = cm_matmul(v->cx, both, v->in[0]);
}

static cm_tensor *row_dot_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in, (void)p;
    cm_tensor *product = cm_mul(cx, in[0], in[1]);
    if (!product)
        return NULL;
    if (product->shape.ndim == 0)
        return cm_fail(cx, CM_ERR_SHAPE, "scalars have no rows");
    return cm_sum(cx, product, product->shape.ndim - 1, false);
}

/* x [rows, in], weights [groups, in, out]; ids = segments */
static bool segment_matmul_shape(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape, *w = &c->in[1]->shape;
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    int64_t groups = cm_segments_groups(c->p.ids[0]), count;
    if (x->ndim != 2 || w->ndim != 3 || x->dims[1] != w->dims[1])
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "x %s does not fit weights %s: x must be [rows, in], weights "
                         "[segments, in, out]",
                         cm_shape_text(x, a), cm_shape_text(w, b));
    if (w->dims[0] != groups)
        return cm_refuse(c->cx, CM_ERR_SHAPE, "weights %s hold %lld matrices for %lld segments",
                         cm_shape_text(w, b), (long long)w->dims[0], (long long)groups);
    c->out_shape = cm_shape_2d(x->dims[0], w->dims[2]);
    return cm_need_cover(c->cx, x, c->p.ids[0]) && cm_shape_count(c->cx, &c->out_shape, &count);
}

static void segment_matmul_eval(cm_call *c)
{
    const cm_tensor *x = c->in[0], *w = c->in[1];
    const cm_ids *segments = c->p.ids[0];
    int64_t in = w->shape.dims[1], out = w->shape.dims[2];
    for (int64_t g = 0; g < w->shape.dims[0]; g++) {
        int64_t first = segments->values[g];
        cm_gemm(c->cx, cm_segment_length(segments, g), out, in, last_two(x, first * x->strides[0]),
                last_two(w, g * w->strides[0]), 0, cm_data(c->out) + first * out, out);
    }
}

static cm_tensor *apply_segments(cm_vjp *v, const cm_op *op, cm_tensor *a, cm_tensor *b)
{
    return cm_apply(v->cx, op, (cm_tensor *const[]){a, b}, 2, v->p);
}

static void segment_matmul_vjp(cm_vjp *v)
{
    if (v->need[0])
        v->gin[0] = apply_segments(v, &cm_op_segment_matmul, v->g, cm_transpose(v->cx, v->in[1]));
    if (v->need[1] && is_turned(v->in[1]))
        v->gin[1] = cm_transpose(v->cx, apply_segments(v, &cm_op_segment_outer, v->g, v->in[0]));
    else if (v->need[1])
        v->gin[1] = apply_segments(v, &cm_op_segment_outer, v->in[0], v->g);
}

/* x [rows, a], y [rows, b]; ids = segments */
static bool segment_outer_shape(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape, *y = &c->in[1]->shape;
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    int64_t count;
    if (x->ndim != 2 || y->ndim != 2 || x->dims[0] != y->dims[0])
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "x %s does not fit y %s: they must be [rows, a] and [rows, b]",
                         cm_shape_text(x, a), cm_shape_text(y, b));
    c->out_shape =
        (cm_shape){.ndim = 3, .dims = {cm_segments_groups(c->p.ids[0]), x->dims[1], y->dims[1]}};
    return cm_need_cover(c->cx, x, c->p.ids[0]) && cm_shape_count(c->cx, &c->out_shape, &count);
}

static void segment_outer_eval(cm_call *c)
{
    const cm_tensor *x = c->in[0], *y = c->in[1];
    const cm_ids *segments = c->p.ids[0];
    int64_t a = x->shape.dims[1], b = y->shape.dims[1];
    for (int64_t g = 0; g < c->out_shape.dims[0]; g++) {
        int64_t first = segments->values[g];
        cm_matrix rows = last_two(x, first * x->strides[0]);
        cm_matrix columns = {rows.data, rows.column, rows.row};
        cm_gemm(c->cx, a, b, cm_segment_length(segments, g), columns,
                last_two(y, first * y->strides[0]), 0, cm_data(c->out) + g * a * b, b);
    }
}

static void segment_outer_vjp(cm_vjp *v)
{
    if (v->need[0])
        v->gin[0] = apply_segments(v, &cm_op_segment_matmul, v->in[1], cm_transpose(v->cx, v->g));
    if (v->need[1])
        v->gin[1] = apply_segments(v, &cm_op_segment_matmul, v->in[0], v->g);
}

// clang-format off
const cm_op cm_op_matmul = {.name = "matmul", .args = "a:t b:t",
    .doc = "matrix product over the last two dims, [.., m, k] * [.., k, n]; leading dims broadcast",
    .shape = matmul_shape, .eval = matmul_eval, .vjp = matmul_vjp,
    .flags = CM_MATRIX | CM_PRODUCT};
const cm_op cm_op_gram = {.name = "gram", .args = "x:t",
    .doc = "Gram matrices of rows, the products of all pairs: x [.., n, d] gives x times its "
           "transpose, [.., n, n], by half the work",
    .shape = gram_shape, .eval = gram_eval, .vjp = gram_vjp,
    .saves = CM_SAVE_IN(0), .flags = CM_CONTIGUOUS};
const cm_op cm_op_row_dot = {.name = "row_dot", .args = "a:t b:t",
    .doc = "dot product of corresponding rows: the sum of a * b over the last dim",
    .expand = row_dot_expand};
const cm_op cm_op_segment_matmul = {.name = "segment_matmul", .args = "x:t weights:t segments:S",
    .doc = "each row times the matrix of its segment: x [rows, in], weights [segments, in, out] "
           "give [rows, out]",
    .shape = segment_matmul_shape, .eval = segment_matmul_eval, .vjp = segment_matmul_vjp,
    .flags = CM_MATRIX | CM_PRODUCT};
const cm_op cm_op_segment_outer = {.name = "segment_outer", .args = "x:t y:t segments:S",
    .doc = "sum over the rows of each segment of their outer products: x [rows, a], y [rows, b] give "
           "[segments, a, b]; an empty segment gives zeros",
    .shape = segment_outer_shape, .eval = segment_outer_eval, .vjp = segment_outer_vjp,
    .flags = CM_MATRIX | CM_PRODUCT};
// clang-format on
