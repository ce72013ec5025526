/* segment_attention.c - multi-head attention within segments: of sequences that lie one behind
 * another, without padding. */
#include "ops/segment_attention.h"
#include "kernels/blas.h"
#include "ops/ops.h"
#include <math.h>
#include <string.h>

/* Queries of a segment that are computed at a time: of a long causal one the keys behind them are
 * left out, and what stands between the products stays near. */
#define BLOCK 64

typedef cm_attention_layout layout;

/* Queries [first, first + rows) of a segment and the keys that one of them may see, whose weights
 * lie `step` apart. */
typedef struct block {
    int64_t at; /* the first row of the segment */
    int64_t first, rows, keys, step;
    int64_t
        columns;    /* of products over keys: whole vectors where there are rows, which is faster */
    int64_t length; /* of the segment */
    cm_allowed allowed;
} block;

static block block_of(const layout *l, int64_t segment, int64_t first)
{
    int64_t n = cm_segment_length(l->segments, segment);
    block b = {.at = l->segments->values[segment], .first = first, .length = n};
    b.rows = CM_MIN(n - first, BLOCK);
    b.keys = l->causal ? first + b.rows : n;
    b.step = CM_KEY_STEP(b.keys);
    b.columns = b.at + b.step <= cm_segments_rows(l->segments) ? b.step : b.keys;
    int64_t valid = l->lengths ? cm_segment_length(l->lengths, segment) : n;
    b.allowed = (cm_allowed){first, CM_MIN(valid, b.keys), l->causal};
    return b;
}

/* How many numbers the weights of one head take: of all blocks, and of the largest; and the mask of
 * all heads of a block. */
static void count_weights(const layout *l, int64_t *all, int64_t *most, int64_t *masks)
{
    *all = *most = *masks = 0;
    for (int64_t s = 0; s < cm_segments_groups(l->segments); s++)
        for (int64_t first = 0; first < cm_segment_length(l->segments, s); first += BLOCK) {
            block b = block_of(l, s, first);
            *all += b.rows * b.step;
            *most = CM_MAX(*most, b.rows * b.step);
            *masks = l->drop.rate > 0 ? CM_MAX(*masks, b.rows * l->heads * b.length) : 0;
        }
}

static bool fits(cm_call *c)
{
    static const char *const names[] = {"q", "k", "v", "features"};
    const cm_shape *q = &c->in[CM_Q]->shape;
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    int64_t heads = c->p.i[0];
    for (int i = CM_Q; i < c->n_in; i++) {
        const cm_shape *x = &c->in[i]->shape;
        if (!cm_need_dims(c, c->in[i], 2, names[i]))
            return false;
        if (x->dims[0] != q->dims[0] || (i == CM_K && x->dims[1] != q->dims[1]))
            return cm_refuse(c->cx, CM_ERR_SHAPE, "%s %s does not fit q %s: it must be [rows, %s]",
                             names[i], cm_shape_text(x, a), cm_shape_text(q, b),
                             i == CM_K   ? "heads dk], as q is"
                             : i == CM_V ? "heads dv]"
                                         : "width]");
        if (i != CM_FEATURES && (heads < 1 || x->dims[1] % heads != 0))
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
    int64_t all, most, masks;
    layout l = cm_attention_layout_of(NULL, c->in, c->n_in, &c->p);
    if (!cm_dropout_fits(c->cx, &l.drop))
        return false;
    count_weights(&l, &all, &most, &masks);
    cm_shape weights = {.ndim = 2, .dims = {l.heads, all}};
    c->out_shape = c->in[CM_V]->shape;
    c->work_size = 3 * most + masks; /* products of features; weights, and what dropout leaves */
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
    cm_gemm(cx, b->rows, b->columns, l->width, head_of(features, b->at + b->first, 0, 0),
            turned(head_of(features, b->at, 0, 0)), 0, bias, b->step);
}

/* The stream of masks has a number for each query, head and key of the segments in turn, also for
 * keys that are not allowed: whose numbers are whose depends on neither blocks nor causality. This
 * is where those of a block begin, given where those of the segment do. */
static int64_t place_of(const layout *l, int64_t begin, const block *b)
{
    return begin + b->first * l->heads * b->length;
}

/* Weights p of head h in a block as dropout leaves them. */
static void drop(cm_ctx *cx, const layout *l, const block *b, int64_t h, const cm_real *mask,
                 cm_real *p, cm_real *left)
{
    for (int64_t r = 0; r < b->rows; r++) {
        memcpy(left + r * b->step, mask + (r * l->heads + h) * b->length,
               (size_t)b->keys * sizeof *left);
        memset(left + r * b->step + b->keys, 0, (size_t)(b->step - b->keys) * sizeof *left);
    }
    cm_kernels_of(cx)->drop_weights(b->rows * b->step, p, left);
}

static void segment_attention_eval(cm_call *c)
{
    cm_ctx *cx = c->cx;
    layout l = cm_attention_layout_of(NULL, c->in, c->n_in, &c->p);
    const cm_tensor *q = c->in[CM_Q], *k = c->in[CM_K], *v = c->in[CM_V];
    int64_t out = c->out_shape.dims[1], all, most, masks, begin = 0;
    count_weights(&l, &all, &most, &masks);
    cm_real *bias = c->work, *left = bias + most, *mask = left + most;
    cm_real *p = c->kept ? c->kept : mask + masks;
    for (int64_t s = 0; s < cm_segments_groups(l.segments); s++) {
        for (int64_t first = 0; first < cm_segment_length(l.segments, s); first += BLOCK) {
            block b = block_of(&l, s, first);
            int64_t row = b.at + first, size = b.rows * b.step;
            if (c->n_in > CM_FEATURES)
                bias_of(cx, &l, &b, c->in[CM_FEATURES], bias);
            if (masks > 0)
                cm_dropout_mask(cx, &l.drop, place_of(&l, begin, &b), b.rows * l.heads * b.length,
                                mask);
            for (int64_t h = 0; h < l.heads; h++) {
                if (c->n_in > CM_FEATURES)
                    memcpy(p, bias, (size_t)size * sizeof *p);
                cm_gemm(cx, b.rows, b.columns, l.dk, head_of(q, row, h, l.dk),
                        turned(head_of(k, b.at, h, l.dk)), c->n_in > CM_FEATURES ? l.bias : 0, p,
                        b.step);
                cm_kernels_of(cx)->attend(b.rows, b.step, p, l.scale, &b.allowed);
                if (masks > 0)
                    drop(cx, &l, &b, h, mask, p, left);
                cm_gemm(cx, b.rows, l.dv, b.keys, (cm_matrix){masks > 0 ? left : p, b.step, 1},
                        head_of(v, b.at, h, l.dv), 0, cm_data(c->out) + row * out + h * l.dv, out);
                p = c->kept ? p + size : p;
            }
        }
        begin += cm_segment_length(l.segments, s) * l.heads * cm_segment_length(l.segments, s);
    }
}

/* Where the gradients of a block go; NULL where none is wanted. */
typedef struct gradients {
    cm_tensor *of[CM_FEATURES + 1];
} gradients;

static cm_real *rows_of(const cm_tensor *x, int64_t row, int64_t column)
{
    return cm_data(x) + row * x->shape.dims[1] + column;
}

/* Of the features, from d, that of their products in this block. */
static void features_back(cm_vjp *v, const layout *l, const block *b, const cm_real *d,
                          cm_tensor *out)
{
    const cm_tensor *f = v->in[CM_FEATURES];
    cm_gemm(v->cx, b->rows, l->width, b->keys, (cm_matrix){d, b->step, 1}, head_of(f, b->at, 0, 0),
            1, rows_of(out, b->at + b->first, 0), l->width);
    cm_gemm(v->cx, b->keys, l->width, b->rows, (cm_matrix){d, 1, b->step},
            head_of(f, b->at + b->first, 0, 0), 1, rows_of(out, b->at, 0), l->width);
}

/* Of one head in a block with these weights kept; d has room for their gradient and is left with
 * that of the products of q and k before their scale; `room` has it for two more. */
static void head_back(cm_vjp *v, const layout *l, const block *b, int64_t h, const cm_real *kept,
                      cm_real *d, cm_real *room, const gradients *to)
{
    cm_ctx *cx = v->cx;
    const cm_real *p = kept, *left = kept;
    cm_real share = (cm_real)(1 / (1 - l->drop.rate));
    int64_t size = b->rows * b->step;
    if (l->drop.rate > 0) {
        cm_kernels_of(cx)->undrop_weights(size, kept, share, room, room + size);
        p = room;
        left = room + size;
    }
    int64_t row = b->at + b->first, wide_k = l->heads * l->dk, wide_v = l->heads * l->dv;
    cm_matrix g = head_of(v->g, row, h, l->dv);
    if (to->of[CM_V])
        cm_gemm(cx, b->keys, l->dv, b->rows, (cm_matrix){left, 1, b->step}, g, 1,
                rows_of(to->of[CM_V], b->at, h * l->dv), wide_v);
    if (!to->of[CM_Q] && !to->of[CM_K] && !to->of[CM_FEATURES])
        return;
    cm_gemm(cx, b->rows, b->columns, l->dv, g, turned(head_of(v->in[CM_V], b->at, h, l->dv)), 0, d,
            b->step);
    if (l->drop.rate > 0)
        cm_kernels_of(cx)->drop_weights_back(size, kept, share, d);
    cm_kernels_of(cx)->attend_back(b->rows, b->step, d, p, l->scale, &b->allowed);
    if (to->of[CM_Q])
        cm_gemm(cx, b->rows, l->dk, b->keys, (cm_matrix){d, b->step, 1},
                head_of(v->in[CM_K], b->at, h, l->dk), 0, rows_of(to->of[CM_Q], row, h * l->dk),
                wide_k);
    if (to->of[CM_K])
        cm_gemm(cx, b->keys, l->dk, b->rows, (cm_matrix){d, 1, b->step},
                head_of(v->in[CM_Q], row, h, l->dk), 1, rows_of(to->of[CM_K], b->at, h * l->dk),
                wide_k);
}

static void segment_attention_fast_vjp(cm_vjp *v)
{
    layout l = cm_attention_layout_of(v->edges, NULL, v->n_in, v->p);
    gradients to = {{NULL}};
    int64_t all, most, masks;
    count_weights(&l, &all, &most, &masks);
    cm_shape room = cm_shape_1d(4 * most);
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
                head_back(v, &l, &b, h, p, d, sum + most, &to);
                if (to.of[CM_FEATURES])
                    k->axpy(size, sum, l.bias, d);
            }
            if (to.of[CM_FEATURES])
                features_back(v, &l, &b, sum, to.of[CM_FEATURES]);
        }
}

// clang-format off
const cm_op cm_op_segment_attention = {.name = "segment_attention",
    .args = "q:t k:t v:t features:t? segments:S heads:i=1 causal:b? feature_scale:x=1e-3 lengths:S? "
            "rate:x=0 seed:i=0 epoch:i=0 task:i=0",
    .doc = "multi-head attention within segments, of sequences one behind another without padding: q and "
           "k [rows, heads dk], v [rows, heads dv] give [rows, heads dv]. In each segment and head the "
           "rows of v are weighted by the softmax of q . k / sqrt(dk) over the allowed keys: those up to "
           "the query if causal, and the first lengths[s] of segment s; all weights are 0 if none is "
           "allowed. With features [rows, width] feature_scale times the product of those of query and "
           "key is added for all heads. Each weight is dropped with probability `rate`, the others divided by "
           "1 - rate: which ones is a function of the key (seed, epoch, task) and the place in the "
           "segments (Vaswani et al. 2017)",
    .shape = segment_attention_shape, .eval = segment_attention_eval,
    .expand = cm_segment_attention_expand, .fast_vjp = segment_attention_fast_vjp,
    .saves = CM_SAVE_IN(CM_Q) | CM_SAVE_IN(CM_K) | CM_SAVE_IN(CM_V) | CM_SAVE_IN(CM_FEATURES),
    .flags = CM_CONTIGUOUS};
// clang-format on
