/* segment_mix.c - linear attention within segments, without a softmax: what a sum of outer products
 * of a segment's rows does to other rows. */
#include "kernels/blas.h"
#include "ops/ops.h"

/* q [rows, a], k [others, a], v [others, b]; ids = segments of both sides */
static bool segment_mix_shape(cm_call *c)
{
    const cm_shape *q = &c->in[0]->shape, *k = &c->in[1]->shape, *v = &c->in[2]->shape;
    const cm_ids *rows = c->p.ids[0], *others = c->p.ids[1];
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT], d[CM_SHAPE_TEXT];
    int64_t count, groups = cm_segments_groups(rows), most = 0;
    if (q->ndim != 2 || k->ndim != 2 || v->ndim != 2 || q->dims[1] != k->dims[1] ||
        k->dims[0] != v->dims[0])
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "q %s, k %s and v %s do not fit: they must be [rows, a], [others, a] and "
                         "[others, b]",
                         cm_shape_text(q, a), cm_shape_text(k, b), cm_shape_text(v, d));
    if (groups != cm_segments_groups(others))
        return cm_refuse(c->cx, CM_ERR_SHAPE, "there are %lld q_segments, but %lld k_segments",
                         (long long)groups, (long long)cm_segments_groups(others));
    if (!cm_need_cover(c->cx, q, rows) || !cm_need_cover(c->cx, k, others))
        return false;
    c->out_shape = cm_shape_2d(q->dims[0], v->dims[1]);
    for (int64_t g = 0; g < groups; g++)
        most = CM_MAX(most, cm_segment_length(rows, g) * cm_segment_length(others, g));
    c->work_size = CM_MIN(most, q->dims[1] * v->dims[1]);
    return cm_shape_count(c->cx, &c->out_shape, &count);
}

/* Of n rows and m others either the [n, m] products of all pairs or the [a, b] sum of outer
 * products is made on the way: that which is less work and less room than the other at its most. */
static void segment_mix_eval(cm_call *c)
{
    const int32_t *rows = c->p.ids[0]->values, *others = c->p.ids[1]->values;
    int64_t a = c->in[0]->shape.dims[1], b = c->in[2]->shape.dims[1];
    for (int64_t g = 0; g < cm_segments_groups(c->p.ids[0]); g++) {
        int64_t n = rows[g + 1] - rows[g], m = others[g + 1] - others[g];
        const cm_real *q = cm_data(c->in[0]) + rows[g] * a, *k = cm_data(c->in[1]) + others[g] * a,
                      *v = cm_data(c->in[2]) + others[g] * b;
        cm_real *out = cm_data(c->out) + rows[g] * b;
        bool in_pairs =
            n * m <= c->work_size && (a * b > c->work_size || n * m * (a + b) <= (n + m) * a * b);
        if (in_pairs) {
            cm_gemm(c->cx, n, m, a, (cm_matrix){q, a, 1}, (cm_matrix){k, 1, a}, 0, c->work, m);
            cm_gemm(c->cx, n, b, m, (cm_matrix){c->work, m, 1}, (cm_matrix){v, b, 1}, 0, out, b);
        } else {
            cm_gemm(c->cx, a, b, m, (cm_matrix){k, 1, a}, (cm_matrix){v, b, 1}, 0, c->work, b);
            cm_gemm(c->cx, n, b, a, (cm_matrix){q, a, 1}, (cm_matrix){c->work, b, 1}, 0, out, b);
        }
    }
}

static cm_tensor *mix(cm_vjp *v, cm_tensor *q, cm_tensor *k, cm_tensor *values, int side)
{
    cm_params p = {.ids = {v->p->ids[side], v->p->ids[1 - side]}};
    return cm_apply(v->cx, &cm_op_segment_mix, (cm_tensor *const[]){q, k, values}, 3, &p);
}

/* Each pair has the weight q . k, and its gradient is g . v. */
static void segment_mix_vjp(cm_vjp *v)
{
    cm_tensor *q = v->in[0], *k = v->in[1], *values = v->in[2];
    if (v->need[0])
        v->gin[0] = mix(v, v->g, values, k, 0);
    if (v->need[1])
        v->gin[1] = mix(v, values, v->g, q, 1);
    if (v->need[2])
        v->gin[2] = mix(v, k, q, v->g, 1);
}

// clang-format off
const cm_op cm_op_segment_mix = {.name = "segment_mix",
    .args = "q:t k:t v:t q_segments:S k_segments:S",
    .doc = "linear attention without a softmax within segments: row r of the result is the sum of "
           "(q[r] . k[j]) v[j] over the rows j of the same segment of the other side; q [rows, a], k "
           "[others, a], v [others, b] give [rows, b]. It is q times the sum of the outer products of k "
           "and v, which is not written out",
    .shape = segment_mix_shape, .eval = segment_mix_eval, .vjp = segment_mix_vjp,
    .saves = CM_SAVE_ALL_IN, .flags = CM_CONTIGUOUS};
// clang-format on
