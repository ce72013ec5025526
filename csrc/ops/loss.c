/* loss.c - losses: scalars to be differentiated. */
#include "ops/ops.h"
#include <math.h>

static bool same_shapes(cm_ctx *cx, const cm_tensor *a, const cm_tensor *b)
{
    char ta[CM_SHAPE_TEXT], tb[CM_SHAPE_TEXT];
    if (cm_shape_equal(&a->shape, &b->shape))
        return true;
    /* Broadcasting in a loss hides mistakes: [n] against [n, 1] would compare all with all. */
    return cm_refuse(cx, CM_ERR_SHAPE, "shapes %s and %s differ", cm_shape_text(&a->shape, ta),
                     cm_shape_text(&b->shape, tb));
}

/* Mean over all elements. */
static cm_tensor *mean_of(cm_ctx *cx, cm_tensor *x)
{
    return cm_mean(cx, x, -1, false);
}

static cm_tensor *mse_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in, (void)p;
    if (!same_shapes(cx, in[0], in[1]))
        return NULL;
    return mean_of(cx, cm_square(cx, cm_sub(cx, in[0], in[1])));
}

static cm_tensor *task_mse_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    const cm_ids *segments = p->ids[0];
    int64_t tasks = cm_segments_groups(segments);
    if (!same_shapes(cx, in[0], in[1]))
        return NULL;
    for (int64_t t = 0; t < tasks; t++)
        if (segments->values[t + 1] == segments->values[t])
            return cm_fail(cx, CM_ERR_ARGUMENT,
                           "task %lld has no rows: its loss is not defined, leave it out",
                           (long long)t + 1);
    cm_tensor *error = cm_square(cx, cm_sub(cx, in[0], in[1]));
    cm_tensor *each = cm_segment_mean(cx, error, p->ids[0]);
    return cm_scale(cx, cm_sum(cx, each, -1, false), 1.0 / (double)tasks);
}

static cm_tensor *mae_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in, (void)p;
    if (!same_shapes(cx, in[0], in[1]))
        return NULL;
    return mean_of(cx, cm_abs(cx, cm_sub(cx, in[0], in[1])));
}

/* params: x = delta. With c = the error e held within delta, c (e - c / 2) is e^2 / 2 inside and
 * delta (|e| - delta / 2) outside. */
static cm_tensor *huber_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    double delta = p->x[0];
    if (!same_shapes(cx, in[0], in[1]))
        return NULL;
    if (!(delta > 0 && delta < HUGE_VAL))
        return cm_fail(cx, CM_ERR_ARGUMENT, "delta must be a positive number, not %g", delta);
    cm_tensor *error = cm_sub(cx, in[0], in[1]);
    cm_params bounds = {.x = {-delta, delta}};
    cm_tensor *held = cm_apply(cx, &cm_op_clamp, (cm_tensor *const[]){error}, 1, &bounds);
    return mean_of(cx, cm_mul(cx, held, cm_sub(cx, error, cm_scale(cx, held, 0.5))));
}

static cm_tensor *bce_with_logits_expand(cm_ctx *cx, cm_tensor *const *in, int n_in,
                                         const cm_params *p)
{
    (void)n_in, (void)p;
    if (!same_shapes(cx, in[0], in[1]))
        return NULL;
    return mean_of(cx, cm_sub(cx, cm_softplus(cx, in[0]), cm_mul(cx, in[1], in[0])));
}

static bool cross_entropy_shape(cm_call *c)
{
    const cm_shape *logits = &c->in[0]->shape;
    const cm_ids *ids = c->p.ids[0];
    char text[CM_SHAPE_TEXT];
    if (logits->ndim != 2 || logits->dims[0] != ids->count)
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "logits must be [rows, classes] with a row for each of %lld "
                         "ids, not %s",
                         (long long)ids->count, cm_shape_text(logits, text));
    c->work_size = ids->count;
    c->keep_size = 2 * ids->count; /* of each row the maximum, and the sum of exp(x - maximum) */
    return cm_need_ids(c->cx, ids, logits->dims[1], false, "ids");
}

static void cross_entropy_eval(cm_call *c)
{
    const cm_kernels *k = cm_kernels_of(c->cx);
    const cm_ids *ids = c->p.ids[0];
    int64_t rows = ids->count, classes = c->in[0]->shape.dims[1];
    const cm_real *x = cm_data(c->in[0]);
    for (int64_t r = 0; r < rows; r++, x += classes) {
        cm_real most = k->max(classes, x), total = k->sum_exp(classes, x, most);
        c->work[r] = CM_M(log)(total) - (x[ids->values[r]] - most);
        if (c->kept) {
            c->kept[2 * r] = most;
            c->kept[2 * r + 1] = total;
        }
    }
    *cm_data(c->out) = k->sum(rows, c->work) / (cm_real)rows;
}

static void cross_entropy_fast_vjp(cm_vjp *v)
{
    const cm_kernels *k = cm_kernels_of(v->cx);
    const cm_ids *ids = v->p->ids[0];
    int64_t rows = ids->count, classes = v->edges[0].shape.dims[1];
    v->gin[0] = cm_tensor_new(v->cx, &v->edges[0].shape);
    if (!v->gin[0] || rows == 0)
        return;
    const cm_real *x = cm_data(v->in[0]), *kept = cm_data(v->p->kept);
    cm_real *gx = cm_data(v->gin[0]), share = *cm_data(v->g) / (cm_real)rows;
    for (int64_t r = 0; r < rows; r++, x += classes, gx += classes, kept += 2) {
        k->exp_scaled(classes, gx, x, kept[0], share / kept[1]);
        gx[ids->values[r]] -= share;
    }
}

static cm_tensor *cross_entropy_expand(cm_ctx *cx, cm_tensor *const *in, int n_in,
                                       const cm_params *p)
{
    (void)n_in;
    cm_params last = {.i = {1}};
    cm_tensor *log_share = cm_apply(cx, &cm_op_log_softmax, in, 1, &last);
    return cm_neg(cx, mean_of(cx, cm_gather(cx, log_share, p->ids[0], 1)));
}

/* params: x = margin */
static cm_tensor *hinge_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    if (!same_shapes(cx, in[0], in[1]))
        return NULL;
    return mean_of(cx, cm_relu(cx, cm_shift(cx, cm_sub(cx, in[1], in[0]), p->x[0])));
}

/* params: x = eps */
static cm_tensor *bpr_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    double eps = p->x[0];
    if (!same_shapes(cx, in[0], in[1]))
        return NULL;
    if (!(eps >= 0 && eps < HUGE_VAL))
        return cm_fail(cx, CM_ERR_ARGUMENT, "eps must be 0 or a positive number, not %g", eps);
    cm_tensor *lead = cm_sub(cx, in[0], in[1]);
    if (eps == 0) /* the same without overflow or log(0) */
        return mean_of(cx, cm_softplus(cx, cm_neg(cx, lead)));
    return cm_neg(cx, mean_of(cx, cm_log(cx, cm_shift(cx, cm_sigmoid(cx, lead), eps))));
}

// clang-format off
const cm_op cm_op_mse = {.name = "mse", .args = "a:t b:t",
    .doc = "mean of (a - b)^2; the shapes must be equal", .expand = mse_expand};
const cm_op cm_op_mae = {.name = "mae", .args = "a:t b:t",
    .doc = "mean of |a - b|; the shapes must be equal", .expand = mae_expand};
const cm_op cm_op_huber = {.name = "huber", .args = "a:t b:t delta:x=1",
    .doc = "mean of e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2), of e = a - b; the shapes "
           "must be equal (Huber 1964)",
    .expand = huber_expand};
const cm_op cm_op_bce_with_logits = {.name = "bce_with_logits", .args = "logit:t label:t",
    .doc = "mean binary cross entropy of sigmoid(logit) against labels from 0 to 1, without overflow; "
           "the shapes must be equal",
    .expand = bce_with_logits_expand};
const cm_op cm_op_cross_entropy = {.name = "cross_entropy", .args = "logits:t ids:I",
    .doc = "mean over rows of -log_softmax(logits)[row, ids[row]]: logits [rows, classes], one id per row",
    .shape = cross_entropy_shape, .eval = cross_entropy_eval, .expand = cross_entropy_expand,
    .fast_vjp = cross_entropy_fast_vjp, .saves = CM_SAVE_IN(0), .flags = CM_CONTIGUOUS};
const cm_op cm_op_hinge = {.name = "hinge", .args = "positive:t negative:t margin:x=1",
    .doc = "mean of max(0, margin - positive + negative); the shapes must be equal",
    .expand = hinge_expand};
const cm_op cm_op_bpr = {.name = "bpr", .args = "positive:t negative:t eps:x=1e-10",
    .doc = "-mean(log(eps + sigmoid(positive - negative))); the shapes must be equal; with eps = 0 "
           "exact however far apart they are (Rendle et al. 2009)",
    .expand = bpr_expand};
const cm_op cm_op_task_mse = {.name = "task_mse", .args = "score:t label:t segments:S",
    .doc = "mean over tasks of the mean of (score - label)^2 within the task: score and label "
           "[rows], one segment per task (CMML eq. 5)",
    .expand = task_mse_expand};
// clang-format on
