/* sampled_softmax.c - next-item prediction against sampled items: each row's target beside
 * negatives that all rows share. */
#include "kernels/blas.h"
#include "ops/ops.h"
#include <math.h>
#include <string.h>

/* in = {x [rows, width], targets [rows, width], negatives [n, width]}; ids = those of the targets
 * and of the negatives */
enum { X, TARGETS, NEGATIVES };

/* A logit that adds nothing to a sum of exponentials. */
#define LEFT_OUT (-1e30)

static bool sampled_softmax_shape(cm_call *c)
{
    const cm_shape *x = &c->in[X]->shape, *targets = &c->in[TARGETS]->shape,
                   *negatives = &c->in[NEGATIVES]->shape;
    const cm_ids *target_ids = c->p.ids[0], *negative_ids = c->p.ids[1];
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT], d[CM_SHAPE_TEXT];
    if (x->ndim != 2 || negatives->ndim != 2 || !cm_shape_equal(x, targets) ||
        x->dims[1] != negatives->dims[1])
        return cm_refuse(
            c->cx, CM_ERR_SHAPE,
            "x %s, targets %s and negatives %s do not fit: they must be [rows, width], "
            "[rows, width] and [negatives, width]",
            cm_shape_text(x, a), cm_shape_text(targets, b), cm_shape_text(negatives, d));
    if (target_ids->count != x->dims[0] || negative_ids->count != negatives->dims[0])
        return cm_refuse(
            c->cx, CM_ERR_SHAPE,
            "there are %lld target_ids for %lld targets, and %lld negative_ids for %lld "
            "negatives",
            (long long)target_ids->count, (long long)x->dims[0], (long long)negative_ids->count,
            (long long)negatives->dims[0]);
    cm_shape kept = cm_shape_2d(x->dims[0], negatives->dims[0] + 3);
    c->work_size = x->dims[0] * (negatives->dims[0] + 1);
    if (cm_panels_worthwhile(x->dims[0], negatives->dims[0], x->dims[1]))
        c->work_size += cm_panels_size(negatives->dims[0], x->dims[1]);
    return cm_shape_count(c->cx, &kept, &c->keep_size);
}

/* What is kept of n rows: logits of the negatives [n, m], of the targets, the maximum of both, and
 * the sum of exp(logit - maximum). */
typedef struct moment {
    cm_real *logits, *target, *most, *total;
} moment;

static moment moment_at(int64_t n, int64_t m, cm_real *at)
{
    return (moment){at, at + n * m, at + n * m + n, at + n * m + 2 * n};
}

/* Most targets are no negative, which the last bits of their ids tell of nearly all of them. */
enum { BITS = 4096 };
typedef struct seen {
    uint64_t bit[BITS / 64];
} seen;

static seen seen_of(const cm_ids *ids)
{
    seen s = {{0}};
    for (int64_t j = 0; j < ids->count; j++)
        s.bit[(uint32_t)ids->values[j] % BITS / 64] |= UINT64_C(1) << (uint32_t)ids->values[j] % 64;
    return s;
}

static void leave_out(const seen *s, const cm_ids *ids, int32_t id, cm_real *logits)
{
    if (!(s->bit[(uint32_t)id % BITS / 64] >> (uint32_t)id % 64 & 1))
        return;
    for (int64_t j = 0; j < ids->count; j++)
        if (ids->values[j] == id)
            logits[j] = (cm_real)LEFT_OUT;
}

static void sampled_softmax_eval(cm_call *c)
{
    const cm_kernels *k = cm_kernels_of(c->cx);
    int64_t n = c->in[X]->shape.dims[0], width = c->in[X]->shape.dims[1],
            m = c->in[NEGATIVES]->shape.dims[0];
    const cm_real *x = cm_data(c->in[X]);
    const int32_t *id = c->p.ids[0]->values;
    cm_real *losses = c->work, *logits = c->kept ? c->kept : c->work + n;
    moment kept = moment_at(n, m, c->kept);
    seen negative = seen_of(c->p.ids[1]);
    cm_matrix turned = {cm_data(c->in[NEGATIVES]), 1, width};
    if (cm_panels_worthwhile(n, m, width)) {
        cm_real *panels = c->work + n * (m + 1);
        cm_panels_fill(m, width, turned, panels);
        cm_panels_product(c->cx, n, m, width, x, width, panels, false, logits, m);
    } else {
        cm_gemm(c->cx, n, m, width, (cm_matrix){x, width, 1}, turned, 0, logits, m);
    }
    for (int64_t r = 0; r < n; r++, logits += m) {
        cm_real target, total, most;
        k->row_dots(1, width, &target, cm_data(c->in[TARGETS]) + r * width, NULL, x + r * width);
        leave_out(&negative, c->p.ids[1], id[r], logits);
        cm_real highest = m > 0 ? k->max(m, logits) : target;
        most = highest > target || highest != highest ? highest : target; /* keeps NaN */
        total = k->sum_exp(m, logits, most) + CM_M(exp)(target - most);
        losses[r] = CM_M(log)(total) - (target - most);
        if (c->kept) {
            kept.target[r] = target;
            kept.most[r] = most;
            kept.total[r] = total;
        }
    }
    *cm_data(c->out) = k->sum(n, losses) / (cm_real)n;
}

static void sampled_softmax_fast_vjp(cm_vjp *v)
{
    const cm_kernels *k = cm_kernels_of(v->cx);
    int64_t n = v->edges[X].shape.dims[0], width = v->edges[X].shape.dims[1],
            m = v->edges[NEGATIVES].shape.dims[0];
    cm_shape room = cm_shape_2d(n, m);
    cm_tensor *d = cm_tensor_new(v->cx, &room);
    for (int i = 0; i < 3 && d; i++)
        if (v->need[i] && !(v->gin[i] = cm_tensor_new(v->cx, &v->edges[i].shape)))
            return;
    if (!d)
        return;
    const cm_real *x = cm_data(v->in[X]), *targets = cm_data(v->in[TARGETS]);
    moment kept = moment_at(n, m, n > 0 ? cm_data(v->p->kept) : NULL);
    cm_real share = *cm_data(v->g) / (cm_real)n;
    for (int64_t r = 0; r < n; r++)
        k->exp_scaled(m, cm_data(d) + r * m, kept.logits + r * m, kept.most[r],
                      share / kept.total[r]);
    if (v->gin[X] &&
        !cm_vjp_product(v, n, width, m, cm_data(d),
                        (cm_matrix){cm_data(v->in[NEGATIVES]), width, 1}, cm_data(v->gin[X])))
        return;
    for (int64_t r = 0; r < n; r++) {
        cm_real own = share * (CM_M(exp)(kept.target[r] - kept.most[r]) / kept.total[r] - 1);
        if (v->gin[X])
            k->axpy(width, cm_data(v->gin[X]) + r * width, own, targets + r * width);
        for (int64_t j = 0; j < width && v->gin[TARGETS]; j++)
            cm_data(v->gin[TARGETS])[r * width + j] = own * x[r * width + j];
    }
    if (v->gin[NEGATIVES])
        cm_gemm(v->cx, m, width, n, (cm_matrix){cm_data(d), 1, m}, (cm_matrix){x, width, 1}, 0,
                cm_data(v->gin[NEGATIVES]), width);
}

/* [rows, negatives]: 0 where a negative is the row's target, else 1. */
static cm_tensor *counted(cm_ctx *cx, const cm_ids *target_ids, const cm_ids *negative_ids)
{
    cm_shape shape = cm_shape_2d(target_ids->count, negative_ids->count);
    cm_tensor *mask = cm_tensor_new(cx, &shape);
    for (int64_t i = 0; mask && i < mask->count; i++)
        cm_data(mask)[i] = target_ids->values[i / negative_ids->count] !=
                           negative_ids->values[i % negative_ids->count];
    return mask;
}

static cm_tensor *sampled_softmax_expand(cm_ctx *cx, cm_tensor *const *in, int n_in,
                                         const cm_params *p)
{
    (void)n_in;
    cm_tensor *own = cm_sum(cx, cm_mul(cx, in[X], in[TARGETS]), 1, true);
    cm_tensor *others = cm_matmul(cx, in[X], cm_transpose(cx, in[NEGATIVES]));
    others = cm_where(cx, counted(cx, p->ids[0], p->ids[1]), others, cm_number(cx, LEFT_OUT));
    cm_params columns = {.i = {1}};
    cm_tensor *logits = cm_apply(cx, &cm_op_concat, (cm_tensor *const[]){own, others}, 2, &columns);
    cm_ids *first = cm_ids_new(cx, p->ids[0]->count);
    if (!first)
        return NULL;
    memset(first->values, 0, (size_t)first->count * sizeof *first->values);
    cm_ids_seal(first);
    cm_params of = {.ids = {first}};
    cm_tensor *loss = cm_apply(cx, &cm_op_cross_entropy, (cm_tensor *const[]){logits}, 1, &of);
    cm_ids_release(cx, first);
    return loss;
}

// clang-format off
const cm_op cm_op_sampled_softmax = {.name = "sampled_softmax",
    .args = "x:t targets:t negatives:t target_ids:I negative_ids:I",
    .doc = "mean over rows of -log softmax of x[row] . targets[row] beside x[row] . negatives[j] for all "
           "j: x and targets [rows, width], negatives [n, width], which all rows share; a negative "
           "whose id is that of the row's target is left out of that row (Jean et al. 2015)",
    .shape = sampled_softmax_shape, .eval = sampled_softmax_eval, .expand = sampled_softmax_expand,
    .fast_vjp = sampled_softmax_fast_vjp,
    .saves = CM_SAVE_IN(X) | CM_SAVE_IN(TARGETS) | CM_SAVE_IN(NEGATIVES), .flags = CM_CONTIGUOUS};
// clang-format on
