/* dropout.c - dropout (Srivastava et al. 2014), with masks that are a function of a key. */
#include "base/rng.h"
#include "ops/ops.h"

/* x times a constant mask: 0 with probability `rate`, else 1 / (1 - rate). x = rate; i = the key:
 * seed, epoch, task. */
static cm_tensor *dropout_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    double rate = p->x[0];
    if (!(rate >= 0 && rate < 1))
        return cm_fail(cx, CM_ERR_ARGUMENT, "rate must be from 0 to below 1, not %g", rate);
    for (int i = 1; i < 3; i++)
        if (p->i[i] < 0 || p->i[i] > UINT32_MAX)
            return cm_fail(cx, CM_ERR_ARGUMENT, "%s must be from 0 to 4294967295, not %lld",
                           i == 1 ? "epoch" : "task", (long long)p->i[i]);
    if (rate == 0)
        return cm_reshape(cx, in[0], &in[0]->shape);
    cm_tensor *mask = cm_tensor_new(cx, &in[0]->shape);
    if (!mask)
        return NULL;
    cm_rng rng =
        cm_rng_keyed((uint64_t)p->i[0], (uint32_t)p->i[1], (uint32_t)p->i[2], CM_STREAM_DROPOUT);
    cm_real *m = cm_data(mask), kept = (cm_real)(1 / (1 - rate));
    double below = rate * 4294967296.0;
    for (int64_t k = 0; k < mask->count; k++)
        m[k] = (double)cm_rng_next(&rng) < below ? 0 : kept;
    return cm_mul(cx, in[0], mask);
}

// clang-format off
const cm_op cm_op_dropout = {.name = "dropout", .args = "x:t rate:x seed:i epoch:i=0 task:i=0",
    .doc = "x with each entry set to 0 with probability `rate`, the others divided by 1 - rate; "
           "which ones is a function of the key (seed, epoch, task) and the place in x alone "
           "(Srivastava et al. 2014)",
    .expand = dropout_expand};
// clang-format on
