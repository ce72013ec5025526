/* softmax.c - softmax over a dim or within ragged groups. The maximum is subtracted before exp, so
 * that nothing overflows; it cancels out of the result and is not part of the graph. */
#include "ops/ops.h"

/* x minus its maximum over the dim; x itself if the dim is empty. */
static cm_tensor *lowered(cm_ctx *cx, cm_tensor *x, int dim)
{
    if (x->count == 0)
        return x;
    cm_tensor *constant = cm_tensor_detach(cx, x);
    return cm_sub(cx, x, cm_max(cx, constant, dim, true));
}

static cm_tensor *softmax_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    int dim = (int)p->i[0];
    cm_tensor *e = cm_exp(cx, lowered(cx, in[0], dim));
    return cm_div(cx, e, cm_sum(cx, e, dim, true));
}

static cm_tensor *log_softmax_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    int dim = (int)p->i[0];
    cm_tensor *low = lowered(cx, in[0], dim);
    return cm_sub(cx, low, cm_log(cx, cm_sum(cx, cm_exp(cx, low), dim, true)));
}

static cm_tensor *segment_softmax_expand(cm_ctx *cx, cm_tensor *const *in, int n_in,
                                         const cm_params *p)
{
    (void)n_in;
    cm_ids *segments = p->ids[0];
    cm_tensor *constant = cm_tensor_detach(cx, in[0]);
    cm_tensor *most = cm_segment_max(cx, constant, segments);
    cm_tensor *low = cm_sub(cx, in[0], cm_segment_expand(cx, most, segments));
    cm_tensor *e = cm_exp(cx, low);
    cm_tensor *total = cm_segment_sum(cx, e, segments);
    return cm_div(cx, e, cm_segment_expand(cx, total, segments));
}

// clang-format off
const cm_op cm_op_softmax = {.name = "softmax", .args = "x:t dim:d=-1",
    .doc = "exp(x) / sum(exp x) along a dim (default: the last), without overflow",
    .expand = softmax_expand};
const cm_op cm_op_log_softmax = {.name = "log_softmax", .args = "x:t dim:d=-1",
    .doc = "x - log(sum(exp x)) along a dim (default: the last), without overflow",
    .expand = log_softmax_expand};
const cm_op cm_op_segment_softmax = {.name = "segment_softmax", .args = "x:t segments:S",
    .doc = "exp(x) / sum(exp x) within each segment, column by column: x [rows, ..] gives the same "
           "shape; without overflow",
    .expand = segment_softmax_expand};
// clang-format on
