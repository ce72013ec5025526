/* index.c - reading and adding rows by index; embedding tables. */
#include "ops/ops.h"
#include <string.h>

static bool gather_rows_shape(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape;
    int64_t count;
    if (x->ndim < 1)
        return cm_refuse(c->cx, CM_ERR_SHAPE, "a scalar has no rows");
    if (!cm_need_ids(c->cx, c->p.ids[0], x->dims[0], false, "ids"))
        return false;
    c->out_shape = *x;
    c->out_shape.dims[0] = c->p.ids[0]->count;
    return cm_shape_count(c->cx, &c->out_shape, &count);
}

static void gather_rows_eval(cm_call *c)
{
    const cm_ids *ids = c->p.ids[0];
    size_t size = (size_t)cm_shape_row(&c->out_shape);
    const cm_real *x = cm_data(c->in[0]);
    cm_real *o = cm_data(c->out);
    for (int64_t k = 0; k < ids->count; k++)
        memcpy(o + (size_t)k * size, x + (size_t)ids->values[k] * size, size * sizeof *o);
}

static void gather_rows_vjp(cm_vjp *v)
{
    cm_tensor *zeros = cm_tensor_full(v->cx, &v->edges[0].shape, 0);
    v->gin[0] =
        cm_apply(v->cx, &cm_op_scatter_add_rows, (cm_tensor *const[]){zeros, v->g}, 2, v->p);
}

static void gather_rows_fast_vjp(cm_vjp *v)
{
    const cm_ids *ids = v->p->ids[0];
    int64_t size = cm_shape_row(&v->edges[0].shape);
    v->gin[0] = cm_vjp_target(v, 0);
    if (v->gin[0])
        cm_kernels_of(v->cx)->scatter_add(ids->count, size, cm_data(v->gin[0]), ids->values, 1,
                                          cm_data(v->g), size);
}

/* base [n, ..], x [ids, ..] */
static bool scatter_add_rows_shape(cm_call *c)
{
    const cm_shape *base = &c->in[0]->shape;
    cm_shape want = *base;
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    if (base->ndim < 1)
        return cm_refuse(c->cx, CM_ERR_SHAPE, "base: a scalar has no rows");
    want.dims[0] = c->p.ids[0]->count;
    if (!cm_shape_equal(&want, &c->in[1]->shape))
        return cm_refuse(c->cx, CM_ERR_SHAPE, "x %s does not fit base %s with %lld ids",
                         cm_shape_text(&c->in[1]->shape, a), cm_shape_text(base, b),
                         (long long)c->p.ids[0]->count);
    c->out_shape = *base;
    return cm_need_ids(c->cx, c->p.ids[0], base->dims[0], false, "ids");
}

static void scatter_add_rows_eval(cm_call *c)
{
    const cm_ids *ids = c->p.ids[0];
    int64_t size = cm_shape_row(&c->out_shape);
    const cm_real *x = cm_data(c->in[1]);
    cm_real *o = cm_data(c->out);
    memcpy(o, cm_data(c->in[0]), (size_t)c->out->count * sizeof *o);
    cm_kernels_of(c->cx)->scatter_add(ids->count, size, o, ids->values, 1, x, size);
}

static void scatter_add_rows_vjp(cm_vjp *v)
{
    v->gin[0] = v->g;
    if (v->need[1])
        v->gin[1] = cm_gather_rows(v->cx, v->g, v->p->ids[0]);
}

/* The bags of an embedding_bag: params.ids = {ids, segments or NULL, rows or NULL}. Without
 * segments every id is a bag; `rows` names the requested bags, in order. */
typedef struct bags {
    const int32_t *ids, *offsets, *rows;
    int64_t count;    /* requested bags */
    bool mean, known; /* no id is unknown: then no counting is needed */
} bags;

static bags bags_of(const cm_params *p)
{
    const cm_ids *ids = p->ids[0], *segments = p->ids[1], *rows = p->ids[2];
    int64_t all = segments ? cm_segments_groups(segments) : ids->count;
    return (bags){ids->values,
                  segments ? segments->values : NULL,
                  rows ? rows->values : NULL,
                  rows ? rows->count : all,
                  p->i[0] != 0,
                  ids->least >= 0};
}

/* The ids of requested bag k, and the weight of each. Unknown ids (-1) have weight 0. */
static const int32_t *bag(const bags *b, int64_t k, int64_t *size, cm_real *weight)
{
    int64_t row = b->rows ? b->rows[k] : k;
    *size = 0;
    *weight = 0;
    if (row < 0)
        return b->ids;
    int64_t first = b->offsets ? b->offsets[row] : row;
    int64_t last = b->offsets ? b->offsets[row + 1] : row + 1;
    int64_t known = b->known ? last - first : 0;
    for (int64_t j = first; !b->known && j < last; j++)
        known += b->ids[j] >= 0;
    *size = last - first;
    *weight = b->mean && known > 0 ? 1 / (cm_real)known : 1;
    return b->ids + first;
}

static bool check_bags(cm_call *c, int64_t table_rows)
{
    const cm_ids *ids = c->p.ids[0], *segments = c->p.ids[1], *rows = c->p.ids[2];
    if (segments && cm_segments_rows(segments) != ids->count)
        return cm_refuse(c->cx, CM_ERR_SHAPE, "the segments cover %lld ids, but there are %lld",
                         (long long)cm_segments_rows(segments), (long long)ids->count);
    int64_t all = segments ? cm_segments_groups(segments) : ids->count;
    return cm_need_ids(c->cx, ids, table_rows, true, "ids") &&
           (!rows || cm_need_ids(c->cx, rows, all, true, "rows"));
}

static bool embedding_bag_shape(cm_call *c)
{
    int64_t count;
    if (!cm_need_dims(c, c->in[0], 2, "table") || !check_bags(c, c->in[0]->shape.dims[0]))
        return false;
    c->out_shape = cm_shape_2d(bags_of(&c->p).count, c->in[0]->shape.dims[1]);
    return cm_shape_count(c->cx, &c->out_shape, &count);
}

static void embedding_bag_eval(cm_call *c)
{
    const cm_kernels *kernels = cm_kernels_of(c->cx);
    bags b = bags_of(&c->p);
    int64_t width = c->out_shape.dims[1], size;
    const cm_real *table = cm_data(c->in[0]);
    cm_real *o = cm_data(c->out), weight;
    for (int64_t k = 0; k < b.count; k++, o += width) {
        const int32_t *ids = bag(&b, k, &size, &weight);
        kernels->sum_rows(size, width, o, weight, table, ids);
    }
}

/* table [rows, width] += the transpose of embedding_bag applied to g [bags, width] */
static void add_bags(cm_ctx *cx, cm_tensor *table, const cm_tensor *g, const cm_params *p)
{
    const cm_kernels *kernels = cm_kernels_of(cx);
    bags b = bags_of(p);
    int64_t width = table->shape.dims[1], size;
    cm_real *o = cm_data(table), weight;
    for (int64_t k = 0; k < b.count; k++) {
        const int32_t *ids = bag(&b, k, &size, &weight);
        kernels->scatter_add(size, width, o, ids, weight, cm_data(g) + k * g->strides[0], 0);
    }
}

static void embedding_bag_vjp(cm_vjp *v)
{
    cm_params p = *v->p;
    p.i[1] = v->edges[0].shape.dims[0];
    v->gin[0] = cm_apply(v->cx, &cm_op_embedding_bag_transpose, (cm_tensor *const[]){v->g}, 1, &p);
}

/* Adds straight into the caller's gradient: no temporary of the table's size. */
static void embedding_bag_fast_vjp(cm_vjp *v)
{
    cm_tensor *g = v->g->strides[1] == 1 ? v->g : cm_contiguous(v->cx, v->g);
    cm_tensor *sum = cm_vjp_target(v, 0);
    if (g && sum)
        add_bags(v->cx, sum, g, v->p);
    v->gin[0] = g ? sum : NULL;
}

/* g [bags, width]; i = mean, rows of the table */
static bool embedding_bag_transpose_shape(cm_call *c)
{
    int64_t count;
    if (!cm_need_dims(c, c->in[0], 2, "g") || !check_bags(c, c->p.i[1]))
        return false;
    if (c->in[0]->shape.dims[0] != bags_of(&c->p).count)
        return cm_refuse(c->cx, CM_ERR_SHAPE, "g has %lld rows for %lld bags",
                         (long long)c->in[0]->shape.dims[0], (long long)bags_of(&c->p).count);
    c->out_shape = cm_shape_2d(c->p.i[1], c->in[0]->shape.dims[1]);
    return cm_shape_count(c->cx, &c->out_shape, &count);
}

static void embedding_bag_transpose_eval(cm_call *c)
{
    memset(cm_data(c->out), 0, (size_t)c->out->count * sizeof(cm_real));
    add_bags(c->cx, c->out, c->in[0], &c->p);
}

static void embedding_bag_transpose_vjp(cm_vjp *v)
{
    v->gin[0] = cm_apply(v->cx, &cm_op_embedding_bag, (cm_tensor *const[]){v->g}, 1, v->p);
}

static cm_tensor *embedding_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    cm_params bag_params = *p;
    bag_params.i[0] = 0;
    return cm_apply(cx, &cm_op_embedding_bag, in, n_in, &bag_params);
}

/* Row r of x [rows, n] starts at element r n: the `each` ids of every row become positions among
 * all elements, which gather_rows reads. */
static cm_ids *places_of(cm_ctx *cx, const cm_ids *ids, int64_t each, int64_t n)
{
    cm_ids *places = cm_ids_new(cx, ids->count);
    if (!places)
        return NULL;
    for (int64_t k = 0; k < ids->count; k++) /* below the count of x, which fits */
        places->values[k] = (int32_t)(k / each * n + ids->values[k]);
    cm_ids_seal(places);
    return places;
}

/* x [.., n]; i = each */
static cm_tensor *gather_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    const cm_shape *x = &in[0]->shape;
    const cm_ids *ids = p->ids[0];
    int64_t each = p->i[0], count;
    char text[CM_SHAPE_TEXT];
    if (x->ndim < 1)
        return cm_fail(cx, CM_ERR_SHAPE, "x is a scalar: there is no dim to gather along");
    cm_shape out = *x, flat = cm_shape_1d(in[0]->count);
    int64_t n = x->dims[x->ndim - 1];
    out.dims[out.ndim - 1] = each;
    if (!cm_shape_count(cx, &out, &count) || !cm_need_ids(cx, ids, n, false, "ids"))
        return NULL;
    if (count != ids->count)
        return cm_fail(cx, CM_ERR_SHAPE,
                       "%lld ids were given, but x %s with %lld for each row needs "
                       "%lld",
                       (long long)ids->count, cm_shape_text(x, text), (long long)each,
                       (long long)count);
    cm_ids *places = places_of(cx, ids, each, n);
    if (!places)
        return NULL;
    cm_tensor *list = cm_gather_rows(cx, cm_reshape(cx, in[0], &flat), places);
    cm_ids_release(cx, places);
    return cm_reshape(cx, list, &out);
}

// clang-format off
const cm_op cm_op_gather_rows = {.name = "gather_rows", .args = "x:t ids:I",
    .doc = "the rows of x that the ids name, in order; a row may occur several times",
    .shape = gather_rows_shape, .eval = gather_rows_eval, .vjp = gather_rows_vjp,
    .fast_vjp = gather_rows_fast_vjp, .flags = CM_CONTIGUOUS};
const cm_op cm_op_scatter_add_rows = {.name = "scatter_add_rows", .args = "base:t x:t ids:I",
    .doc = "base with row k of x added to row ids[k], for every k; several may name one row",
    .shape = scatter_add_rows_shape, .eval = scatter_add_rows_eval, .vjp = scatter_add_rows_vjp,
    .flags = CM_CONTIGUOUS};
const cm_op cm_op_gather = {.name = "gather", .args = "x:t ids:I each:i=1",
    .doc = "elements along the last dim: x [.., n] and `each` ids for every row, one row after another, "
           "give y [.., each] with y[r, j] = x[r, ids[r, j]]",
    .expand = gather_expand};
const cm_op cm_op_embedding = {.name = "embedding", .args = "table:t ids:I",
    .doc = "rows of a table [rows, width] by id; id 0 (unknown) gives zeros",
    .expand = embedding_expand};
const cm_op cm_op_embedding_bag = {.name = "embedding_bag",
    .args = "table:t ids:I segments:S? rows:I? mean:b=true",
    .doc = "mean (or sum) of the table's rows in each bag: bag k is the k-th segment of ids, or one "
           "id without segments; rows names the requested bags. Id 0 (unknown) is ignored, an "
           "empty bag gives zeros",
    .shape = embedding_bag_shape, .eval = embedding_bag_eval, .vjp = embedding_bag_vjp,
    .fast_vjp = embedding_bag_fast_vjp, .flags = CM_CONTIGUOUS | CM_STRIDED_GRAD};
const cm_op cm_op_embedding_bag_transpose = {.name = "embedding_bag_transpose",
    .args = "g:t ids:I segments:S? rows:I? mean:b=true size:i",
    .doc = "the transpose of embedding_bag: g [bags, width] added up in a table of `size` rows",
    .shape = embedding_bag_transpose_shape, .eval = embedding_bag_transpose_eval,
    .vjp = embedding_bag_transpose_vjp, .flags = CM_CONTIGUOUS};
// clang-format on
