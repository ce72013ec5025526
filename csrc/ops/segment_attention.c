/* segment_attention.c - multi-head attention within segments: of sequences that lie one behind
 * another, without padding. */
#include "kernels/blas.h"
#include "ops/ops.h"
#include <math.h>
#include <string.h>

/* Queries of a segment that are computed at a time: of a long causal one the keys behind them are
 * left out, and what stands between the products stays near. */
#define BLOCK 64

/* in = {q, k, v, features or none}; ids = segments, lengths or NULL; i = heads, causal; x = factor
 * of the features' products. */
enum { Q, K, V, FEATURES };

typedef struct layout {
    const cm_ids *segments, *lengths;
    int64_t heads, dk, dv, width; /* dk, dv: of a head; width: of the features, 0 without */
    bool causal;
    cm_real scale; /* of a product of q and k */
    cm_real bias;  /* of a product of features, which is then scaled likewise */
} layout;

static layout layout_of(const cm_edge *edges, cm_tensor *const *in, int n_in, const cm_params *p)
{
    const cm_shape *q = edges ? &edges[Q].shape : &in[Q]->shape;
    const cm_shape *v = edges ? &edges[V].shape : &in[V]->shape;
    layout l = {.segments = p->ids[0], .lengths = p->ids[1], .heads = p->i[0]};
    l.causal = p->i[1] != 0;
    l.dk = q->dims[1] / l.heads;
    l.dv = v->dims[1] / l.heads;
    double root = sqrt((double)CM_MAX(l.dk, 1));
    l.scale = (cm_real)(1 / root);
    if (n_in > FEATURES) {
        l.width = edges ? edges[FEATURES].shape.dims[1] : in[FEATURES]->shape.dims[1];
        l.bias = (cm_real)(p->x[0] * root);
    }
    return l;
}

/* Queries [first, first + rows) of a segment and the keys that one of them may see, whose weights
 * lie `step` apart. */
typedef struct block {
    int64_t at; /* the first row of the segment */
    int64_t first, rows, keys, step;
    cm_allowed allowed;
} block;

static block block_of(const layout *l, int64_t segment, int64_t first)
{
    int64_t n = cm_segment_length(l->segments, segment);
    block b = {.at = l->segments->values[segment], .first = first};
    b.rows = CM_MIN(n - first, BLOCK);
    b.keys = l->causal ? first + b.rows : n;
    b.step = CM_KEY_STEP(b.keys);
    int64_t valid = l->lengths ? cm_segment_length(l->lengths, segment) : n;
    b.allowed = (cm_allowed){first, CM_MIN(valid, b.keys), l->causal};
    return b;
}

/* How many numbers the weights of one head take: of all blocks, and of the largest. */
static void count_weights(const layout *l, int64_t *all, int64_t *most)
{
    *all = *most = 0;
    for (int64_t s = 0; s < cm_segments_groups(l->segments); s++)
        for (int64_t first = 0; first < cm_segment_length(l->segments, s); first += BLOCK) {
            block b = block_of(l, s, first);
            *all += b.rows * b.step;
            *most = CM_MAX(*most, b.rows * b.step);
        }
}

static bool fits(cm_call *c)
{
    static const char *const names[] = {"q", "k", "v", "features"};
    const cm_shape *q = &c->in[Q]->shape;
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    int64_t heads = c->p.i[0];
    for (int i = Q; i < c->n_in; i++) {
        const cm_shape *x = &c->in[i]->shape;
        if (!cm_need_dims(c, c->in[i], 2, names[i]))
            return false;
        if (x->dims[0] != q->dims[0] || (i == K && x->dims[1] != q->dims[1]))
            return cm_refuse(c->cx, CM_ERR_SHAPE, "%s %s does not fit q %s: it must be [rows, %s]",
                             names[i], cm_shape_text(x, a), cm_shape_text(q, b),
                             i == K   ? "heads dk], as q is"
                             : i == V ? "heads dv]"
                                      : "width]");
        if (i != FEATURES && (heads < 1 || x->dims[1] % heads != 0))
            return cm_refuse(c->cx, CM_ERR_ARGUMENT,
                             "%lld heads cannot share the %lld columns of %s", (long long)heads,
                             (long long)x->dims[1], names[i]);
    }
    return cm_need_cover(c->cx, q, c->p.ids[0]);
}

static bool lengths_fit(cm_call *c)
{
    const cm_ids *segments = c->p.ids[0], *lengths = c->p.ids[1];
    if (!lengths)
        return true;
    int64_t groups = cm_segments_groups(segments);
    if (cm_segments_groups(lengths) != groups)
        return cm_refuse(c->cx, CM_ERR_SHAPE, "there are %lld lengths for %lld segments",
                         (long long)cm_segments_groups(lengths), (long long)groups);
    for (int64_t s = 0; s < groups; s++)
        if (cm_segment_length(lengths, s) > cm_segment_length(segments, s))
            return cm_refuse(c->cx, CM_ERR_SHAPE,
                             "length %lld is %lld, but its segment has %lld rows", (long long)s + 1,
                             (long long)cm_segment_length(lengths, s),
                             (long long)cm_segment_length(segments, s));
    return true;
}

static bool segment_attention_shape(cm_call *c)
{
    if (!fits(c) || !lengths_fit(c))
        return false;
    int64_t all, most;
    layout l = layout_of(NULL, c->in, c->n_in, &c->p);
    count_weights(&l, &all, &most);
    cm_shape weights = {.ndim = 2, .dims = {l.heads, all}};
    c->out_shape = c->in[V]->shape;
    c->work_size = 2 * most; /* products of features; weights that are not kept */
    return cm_shape_count(c->cx, &weights, &c->keep_size);
}

/* Columns of a head, of rows that lie heads * width apart. */
static cm_matrix head_of(const cm_tensor *x, int64_t row, int64_t head, int64_t width)
{
    int64_t all = x->shape.dims[1];
    return (cm_matrix){cm_data(x) + row * all + head * width, all, 1};
}

static cm_matrix turned(cm_matrix x)
{
    return (cm_matrix){x.data, x.column, x.row};
}

/* The products of features of a block, to be added to those of q and k. */
static void bias_of(cm_ctx *cx, const layout *l, const block *b, const cm_tensor *features,
                    cm_real *bias)
{
    cm_gemm(cx, b->rows, b->keys, l->width, head_of(features, b->at + b->first, 0, 0),
            turned(head_of(features, b->at, 0, 0)), 0, bias, b->step);
}

static void segment_attention_eval(cm_call *c)
{
    cm_ctx *cx = c->cx;
    layout l = layout_of(NULL, c->in, c->n_in, &c->p);
    const cm_tensor *q = c->in[Q], *k = c->in[K], *v = c->in[V];
    int64_t out = c->out_shape.dims[1];
    cm_real *bias = c->work, *p = c->kept ? c->kept : c->work + c->work_size / 2;
    for (int64_t s = 0; s < cm_segments_groups(l.segments); s++)
        for (int64_t first = 0; first < cm_segment_length(l.segments, s); first += BLOCK) {
            block b = block_of(&l, s, first);
            int64_t row = b.at + first, size = b.rows * b.step;
            if (c->n_in > FEATURES)
                bias_of(cx, &l, &b, c->in[FEATURES], bias);
            for (int64_t h = 0; h < l.heads; h++) {
                if (c->n_in > FEATURES)
                    memcpy(p, bias, (size_t)size * sizeof *p);
                cm_gemm(cx, b.rows, b.keys, l.dk, head_of(q, row, h, l.dk),
                        turned(head_of(k, b.at, h, l.dk)), c->n_in > FEATURES ? l.bias : 0, p,
                        b.step);
                cm_kernels_of(cx)->attend(b.rows, b.step, p, l.scale, &b.allowed);
                cm_gemm(cx, b.rows, l.dv, b.keys, (cm_matrix){p, b.step, 1},
                        head_of(v, b.at, h, l.dv), 0, cm_data(c->out) + row * out + h * l.dv, out);
                p = c->kept ? p + size : p;
            }
        }
}

/* Where the gradients of a block go; NULL where none is wanted. */
typedef struct gradients {
    cm_tensor *of[FEATURES + 1];
} gradients;

static cm_real *rows_of(const cm_tensor *x, int64_t row, int64_t column)
{
    return cm_data(x) + row * x->shape.dims[1] + column;
}

/* Of the features, from d, that of their products in this block. */
static void features_back(cm_vjp *v, const layout *l, const block *b, const cm_real *d,
                          cm_tensor *out)
{
    const cm_tensor *f = v->in[FEATURES];
    cm_gemm(v->cx, b->rows, l->width, b->keys, (cm_matrix){d, b->step, 1}, head_of(f, b->at, 0, 0),
            1, rows_of(out, b->at + b->first, 0), l->width);
    cm_gemm(v->cx, b->keys, l->width, b->rows, (cm_matrix){d, 1, b->step},
            head_of(f, b->at + b->first, 0, 0), 1, rows_of(out, b->at, 0), l->width);
}

/* Of one head in a block with the weights p; d has room for theirs and is left with that of the
 * products of q and k before their scale. */
static void head_back(cm_vjp *v, const layout *l, const block *b, int64_t h, const cm_real *p,
                      cm_real *d, const gradients *to)
{
    cm_ctx *cx = v->cx;
    int64_t row = b->at + b->first, wide_k = l->heads * l->dk, wide_v = l->heads * l->dv;
    cm_matrix g = head_of(v->g, row, h, l->dv);
    if (to->of[V])
        cm_gemm(cx, b->keys, l->dv, b->rows, (cm_matrix){p, 1, b->step}, g, 1,
                rows_of(to->of[V], b->at, h * l->dv), wide_v);
    if (!to->of[Q] && !to->of[K] && !to->of[FEATURES])
        return;
    cm_gemm(cx, b->rows, b->keys, l->dv, g, turned(head_of(v->in[V], b->at, h, l->dv)), 0, d,
            b->step);
    cm_kernels_of(cx)->attend_back(b->rows, b->step, d, p, l->scale, &b->allowed);
    if (to->of[Q])
        cm_gemm(cx, b->rows, l->dk, b->keys, (cm_matrix){d, b->step, 1},
                head_of(v->in[K], b->at, h, l->dk), 0, rows_of(to->of[Q], row, h * l->dk), wide_k);
    if (to->of[K])
        cm_gemm(cx, b->keys, l->dk, b->rows, (cm_matrix){d, 1, b->step},
                head_of(v->in[Q], row, h, l->dk), 1, rows_of(to->of[K], b->at, h * l->dk), wide_k);
}

static void segment_attention_fast_vjp(cm_vjp *v)
{
    layout l = layout_of(v->edges, NULL, v->n_in, v->p);
    gradients to = {{NULL}};
    int64_t all, most;
    count_weights(&l, &all, &most);
    cm_shape room = cm_shape_1d(2 * most);
    cm_tensor *work = cm_tensor_new(v->cx, &room);
    for (int i = 0; i < v->n_in && work; i++)
        if (v->need[i] && !(v->gin[i] = to.of[i] = cm_tensor_full(v->cx, &v->edges[i].shape, 0)))
            return;
    if (!work || all == 0)
        return;
    const cm_kernels *k = cm_kernels_of(v->cx);
    const cm_real *p = cm_data(v->p->kept);
    cm_real *d = cm_data(work), *sum = d + most;
    for (int64_t s = 0; s < cm_segments_groups(l.segments); s++)
        for (int64_t first = 0; first < cm_segment_length(l.segments, s); first += BLOCK) {
            block b = block_of(&l, s, first);
            int64_t size = b.rows * b.step;
            memset(sum, 0, (size_t)size * sizeof *sum);
            for (int64_t h = 0; h < l.heads; h++, p += size) {
                head_back(v, &l, &b, h, p, d, &to);
                if (to.of[FEATURES])
                    k->axpy(size, sum, l.bias, d);
            }
            if (to.of[FEATURES])
                features_back(v, &l, &b, sum, to.of[FEATURES]);
        }
}

static cm_tensor *permuted(cm_ctx *cx, cm_tensor *x)
{
    cm_params p = {.shape = {.ndim = 4, .dims = {0, 2, 1, 3}}};
    return x ? cm_apply(cx, &cm_op_permute, (cm_tensor *const[]){x}, 1, &p) : NULL;
}

/* [rows, heads * width] as [segments, heads, longest, width] */
static cm_tensor *padded(cm_ctx *cx, cm_tensor *x, cm_ids *segments, int64_t heads)
{
    cm_tensor *y = cm_pad_segments(cx, x, segments);
    if (!y)
        return NULL;
    cm_shape split = {
        .ndim = 4, .dims = {y->shape.dims[0], y->shape.dims[1], heads, y->shape.dims[2] / heads}};
    return permuted(cx, cm_reshape(cx, y, &split));
}

/* The rows [rows, width] of y [segments, heads, longest, width / heads]. */
static cm_tensor *unpadded(cm_ctx *cx, cm_tensor *y, cm_ids *segments, const cm_shape *out)
{
    cm_ids *ids = y ? cm_ids_new(cx, cm_segments_rows(segments)) : NULL;
    if (!ids)
        return NULL;
    int64_t longest = y->shape.dims[2];
    for (int64_t s = 0; s < cm_segments_groups(segments); s++)
        for (int64_t t = 0; t < cm_segment_length(segments, s); t++)
            ids->values[segments->values[s] + t] = (int32_t)(s * longest + t);
    cm_ids_seal(ids);
    cm_shape flat = cm_shape_2d(y->shape.dims[0] * longest, out->dims[1]);
    cm_tensor *rows = cm_gather_rows(cx, cm_reshape(cx, permuted(cx, y), &flat), ids);
    cm_ids_release(cx, ids);
    return rows;
}

static cm_tensor *segment_attention_expand(cm_ctx *cx, cm_tensor *const *in, int n_in,
                                           const cm_params *p)
{
    cm_ids *segments = p->ids[0];
    int64_t heads = p->i[0];
    cm_tensor *inputs[4] = {padded(cx, in[Q], segments, heads), padded(cx, in[K], segments, heads),
                            padded(cx, in[V], segments, heads)};
    if (n_in > FEATURES) {
        cm_tensor *f = padded(cx, in[FEATURES], segments, 1);
        inputs[3] = cm_scale(cx, cm_matmul(cx, f, cm_transpose(cx, f)), p->x[0]);
    }
    cm_params own = {.i = {p->i[1]}, .ids = {p->ids[1] ? p->ids[1] : segments}};
    cm_tensor *y = cm_apply(cx, &cm_op_attention, inputs, n_in, &own);
    return unpadded(cx, y, segments, &in[V]->shape);
}

// clang-format off
const cm_op cm_op_segment_attention = {.name = "segment_attention",
    .args = "q:t k:t v:t features:t? segments:S heads:i=1 causal:b? feature_scale:x=1e-3 lengths:S?",
    .doc = "multi-head attention within segments, of sequences one behind another without padding: q and "
           "k [rows, heads dk], v [rows, heads dv] give [rows, heads dv]. In each segment and head the "
           "rows of v are weighted by the softmax of q . k / sqrt(dk) over the allowed keys: those up to "
           "the query if causal, and the first lengths[s] of segment s; all weights are 0 if none is "
           "allowed. With features [rows, width] feature_scale times the product of those of query and "
           "key is added for all heads (Vaswani et al. 2017)",
    .shape = segment_attention_shape, .eval = segment_attention_eval,
    .expand = segment_attention_expand, .fast_vjp = segment_attention_fast_vjp,
    .saves = CM_SAVE_IN(Q) | CM_SAVE_IN(K) | CM_SAVE_IN(V) | CM_SAVE_IN(FEATURES),
    .flags = CM_CONTIGUOUS};
// clang-format on
