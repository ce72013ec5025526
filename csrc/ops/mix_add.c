/* mix_add.c - what a sum of outer products of a segment's rows adds to rows: gradient steps of a
 * linear layer, of each segment its own. */
#include "kernels/blas.h"
#include "ops/ops.h"
#include <string.h>

#define MOST_PARTS 28 /* with base and q they can all be saved */
#define FEW        12 /* rows of a segment below which its pairs are multiplied one by one */
#define AT_ONCE    64 /* others of these at a time */

/* Inputs: k [others, a] and v [others, b] of each part, then base [rows, b], q [rows, a]; ids =
 * segments of both sides; x = scale, offset. */
typedef struct mix {
    int parts;
    const cm_shape *base, *q;
    const cm_ids *rows, *others;
    int64_t a, b;
    cm_real scale, offset;
} mix;

static bool read_mix(cm_ctx *cx, const cm_edge *edges, cm_tensor *const *in, int n_in,
                     const cm_params *p, mix *m)
{
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT], d[CM_SHAPE_TEXT];
    m->parts = n_in - 2;
    m->base = edges ? &edges[n_in - 2].shape : &in[n_in - 2]->shape;
    m->q = edges ? &edges[n_in - 1].shape : &in[n_in - 1]->shape;
    m->rows = p->ids[0];
    m->others = p->ids[1];
    m->scale = (cm_real)p->x[0];
    m->offset = (cm_real)p->x[1];
    m->a = m->q->ndim == 2 ? m->q->dims[1] : 0;
    m->b = m->base->ndim == 2 ? m->base->dims[1] : 0;
    if (edges)
        return true;
    if (m->parts % 2 || m->parts > MOST_PARTS)
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "parts must be k and v in turn, at most %d tensors, not %d", MOST_PARTS,
                         m->parts);
    if (m->q->ndim != 2 || m->base->ndim != 2 || m->q->dims[0] != m->base->dims[0])
        return cm_refuse(cx, CM_ERR_SHAPE,
                         "base %s and q %s do not fit: they must be [rows, b] and [rows, a]",
                         cm_shape_text(m->base, a), cm_shape_text(m->q, b));
    int64_t groups = cm_segments_groups(m->rows);
    if (groups != cm_segments_groups(m->others))
        return cm_refuse(cx, CM_ERR_SHAPE, "there are %lld q_segments, but %lld k_segments",
                         (long long)groups, (long long)cm_segments_groups(m->others));
    for (int i = 0; i < m->parts; i += 2) {
        const cm_shape *k = &in[i]->shape, *v = &in[i + 1]->shape;
        if (k->ndim != 2 || v->ndim != 2 || k->dims[0] != v->dims[0] || k->dims[1] != m->a ||
            v->dims[1] != m->b)
            return cm_refuse(cx, CM_ERR_SHAPE,
                             "part %d, k %s and v %s, does not fit base and q: it must be [others, "
                             "%lld] and [others, %lld]",
                             i / 2 + 1, cm_shape_text(k, a), cm_shape_text(v, d), (long long)m->a,
                             (long long)m->b);
        if (!cm_need_cover(cx, k, m->others))
            return false;
    }
    return cm_need_cover(cx, m->q, m->rows);
}

/* Room for what a segment needs at most: the products of its rows and as many others as are taken
 * at a time, and these, one below another. */
static int64_t work_of(const mix *m)
{
    int64_t most = 0;
    for (int64_t g = 0; g < cm_segments_groups(m->rows); g++)
        most = CM_MAX(most, cm_segment_length(m->rows, g));
    return AT_ONCE * (most + CM_MAX(m->a, m->b));
}

static bool mix_add_shape(cm_call *c)
{
    mix m;
    int64_t count;
    if (!read_mix(c->cx, NULL, c->in, c->n_in, &c->p, &m))
        return false;
    c->out_shape = *m.base;
    c->work_size = work_of(&m);
    return cm_shape_count(c->cx, &c->out_shape, &count);
}

/* Where `count` rows of one segment lie, from number `from` on: it has `others` in every other
 * input from `first` on, which begin at element `at`. */
static void find_rows(cm_tensor *const *in, int first, int64_t at, int64_t others, int64_t width,
                      int64_t from, int64_t count, const cm_real **o)
{
    for (int64_t i = 0; i < count; i++)
        o[i] = cm_data(in[first + 2 * ((from + i) / others)]) + at + (from + i) % others * width;
}

/* o [n, count] = (x [n, width] times the turned others + offset) * scale. */
static void multiply_pairs(cm_ctx *cx, int64_t n, int64_t count, int64_t width, const cm_real *x,
                           const cm_real *const *others, cm_real offset, cm_real scale,
                           cm_real *laid, cm_real *o)
{
    if (n < FEW) {
        cm_kernels_of(cx)->pair_products(n, count, width, x, others, offset, scale, o, count);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        memcpy(laid + i * width, others[i], (size_t)width * sizeof *laid);
    cm_gemm(cx, n, count, width, (cm_matrix){x, width, 1}, (cm_matrix){laid, 1, width}, 0, o,
            count);
    for (int64_t i = 0; i < n * count; i++)
        o[i] = (o[i] + offset) * scale;
}

/* Adds to y [rows, to] what the rows x [rows, from] take of the parts: those of input `first` are
 * compared with, those of the other are added. The others of a segment are taken together,
 * whichever part they are in. */
static void add_parts(cm_ctx *cx, const mix *m, cm_tensor *const *in, int first, const cm_real *x,
                      int64_t from, cm_real offset, cm_real *work, cm_real *y, int64_t to)
{
    const int32_t *rows = m->rows->values, *ends = m->others->values;
    const cm_real *others[AT_ONCE];
    for (int64_t g = 0; g < cm_segments_groups(m->rows); g++) {
        int64_t n = rows[g + 1] - rows[g], each = ends[g + 1] - ends[g];
        int64_t together = n > 0 ? each * (m->parts / 2) : 0;
        for (int64_t i = 0; i < together; i += AT_ONCE) {
            int64_t count = CM_MIN(together - i, AT_ONCE);
            find_rows(in, first, ends[g] * from, each, from, i, count, others);
            multiply_pairs(cx, n, count, from, x + rows[g] * from, others, offset, m->scale,
                           work + n * count, work);
            find_rows(in, 1 - first, ends[g] * to, each, to, i, count, others);
            cm_kernels_of(cx)->mix_rows(n, count, to, work, count, others, y + rows[g] * to);
        }
    }
}

static void mix_add_eval(cm_call *c)
{
    mix m;
    (void)read_mix(c->cx, NULL, c->in, c->n_in, &c->p, &m);
    cm_real *y = cm_data(c->out);
    memcpy(y, cm_data(c->in[m.parts]), (size_t)c->out->count * sizeof *y);
    add_parts(c->cx, &m, c->in, 0, cm_data(c->in[m.parts + 1]), m.a, m.offset, c->work, y, m.b);
}

/* scale times the mix of values by the products of rows and keys. */
static cm_tensor *mixed(cm_ctx *cx, cm_tensor *rows, cm_tensor *keys, cm_tensor *values,
                        const cm_params *p, int side)
{
    cm_params own = {.ids = {p->ids[side], p->ids[1 - side]}};
    return cm_scale(
        cx, cm_apply(cx, &cm_op_segment_mix, (cm_tensor *const[]){rows, keys, values}, 3, &own),
        p->x[0]);
}

/* scale times offset times the sum of the values of each segment, on the rows of the other side. */
static cm_tensor *shifted(cm_ctx *cx, cm_tensor *values, const cm_params *p, int side)
{
    cm_params from = {.ids = {p->ids[1 - side]}}, to = {.ids = {p->ids[side]}};
    cm_tensor *sums = cm_apply(cx, &cm_op_segment_sum, &values, 1, &from);
    return cm_scale(cx, cm_apply(cx, &cm_op_segment_expand, &sums, 1, &to), p->x[0] * p->x[1]);
}

static cm_tensor *mix_add_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    mix m;
    if (!read_mix(cx, NULL, in, n_in, p, &m))
        return NULL;
    cm_tensor *y = in[m.parts];
    for (int i = 0; i < m.parts; i += 2)
        y = cm_add(cx, y,
                   cm_add(cx, mixed(cx, in[m.parts + 1], in[i], in[i + 1], p, 0),
                          shifted(cx, in[i + 1], p, 0)));
    return y == in[m.parts] ? cm_reshape(cx, y, &y->shape) : y;
}

static void mix_add_fast_vjp(cm_vjp *v)
{
    mix m;
    (void)read_mix(v->cx, v->edges, NULL, v->n_in, v->p, &m);
    for (int i = 0; i < m.parts; i += 2) {
        cm_tensor *q = v->in[m.parts + 1], *k = v->in[i], *values = v->in[i + 1];
        if (v->need[i])
            v->gin[i] = mixed(v->cx, values, v->g, q, v->p, 1);
        if (v->need[i + 1])
            v->gin[i + 1] =
                cm_add(v->cx, mixed(v->cx, k, q, v->g, v->p, 1), shifted(v->cx, v->g, v->p, 1));
    }
    if (v->need[m.parts])
        v->gin[m.parts] = v->g;
    if (!v->need[m.parts + 1])
        return;
    cm_shape room = cm_shape_1d(work_of(&m));
    cm_tensor *work = cm_tensor_new(v->cx, &room), *gq = cm_vjp_target(v, m.parts + 1);
    if (!work || !gq)
        return;
    add_parts(v->cx, &m, v->in, 1, cm_data(v->g), m.b, 0, cm_data(work), cm_data(gq), m.a);
    v->gin[m.parts + 1] = gq;
}

// clang-format off
const cm_op cm_op_segment_mix_add = {.name = "segment_mix_add",
    .args = "parts:T base:t q:t q_segments:S k_segments:S scale:x=1 offset:x=0",
    .doc = "base [rows, b] plus, for each part, k [others, a] and v [others, b] in turn: scale times the "
           "sum of (q[r] . k[j] + offset) v[j] over the rows j of the segment of row r on the other "
           "side; q [rows, a]. With offset 1 it is what steps down gradients v change of an affine map "
           "of k, applied to q",
    .shape = mix_add_shape, .eval = mix_add_eval, .expand = mix_add_expand,
    .fast_vjp = mix_add_fast_vjp, .saves = CM_SAVE_ALL_IN, .flags = CM_CONTIGUOUS};
// clang-format on
