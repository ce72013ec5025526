/* loss.c - losses: single numbers to be differentiated. */
#include "ops/ops.h"

static bool same_shapes(cm_ctx *cx, const cm_tensor *a, const cm_tensor *b)
{
    char ta[CM_SHAPE_TEXT], tb[CM_SHAPE_TEXT];
    if (cm_shape_equal(&a->shape, &b->shape))
        return true;
    /* Broadcasting a loss hides a mistake: [n] against [n, 1] would compare all with all. */
    return cm_refuse(cx, CM_ERR_SHAPE, "shapes %s and %s differ", cm_shape_text(&a->shape, ta),
                     cm_shape_text(&b->shape, tb));
}

static cm_tensor *mse_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in, (void)p;
    if (!same_shapes(cx, in[0], in[1]))
        return NULL;
    cm_tensor *error = cm_square(cx, cm_sub(cx, in[0], in[1]));
    return cm_scale(cx, cm_sum(cx, error, -1, false), 1.0 / (double)in[0]->count);
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
    cm_tensor *each = cm_apply_ids(cx, &cm_op_segment_mean, error, p->ids[0]);
    return cm_scale(cx, cm_sum(cx, each, -1, false), 1.0 / (double)tasks);
}

// clang-format off
const cm_op cm_op_mse = {.name = "mse", .args = "a:t b:t",
    .doc = "mean of (a - b)^2; the shapes must be equal", .expand = mse_expand};
const cm_op cm_op_task_mse = {.name = "task_mse", .args = "score:t label:t segments:S",
    .doc = "mean over tasks of the mean of (score - label)^2 within the task: score and label "
           "[rows], a segment a task (CMML eq. 5)",
    .expand = task_mse_expand};
// clang-format on
