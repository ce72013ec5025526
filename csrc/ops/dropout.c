/* dropout.c - dropout (Srivastava et al. 2014), with masks that are a function of a key. */
#include "ops/dropout.h"
#include "base/rng.h"
#include "ops/ops.h"
#include <math.h>

bool cm_dropout_fits(cm_ctx *cx, const cm_dropout *d)
{
    int64_t epoch = d->epoch, wrong = epoch < 0 || epoch > UINT32_MAX ? epoch : d->task;
    if (!(d->rate >= 0 && d->rate < 1))
        return cm_refuse(cx, CM_ERR_ARGUMENT, "rate must be from 0 to below 1, not %g", d->rate);
    if (wrong < 0 || wrong > UINT32_MAX)
        return cm_refuse(cx, CM_ERR_ARGUMENT, "%s must be from 0 to 4294967295, not %lld",
                         epoch < 0 || epoch > UINT32_MAX ? "epoch" : "task", (long long)wrong);
    return true;
}

void cm_dropout_mask(cm_ctx *cx, const cm_dropout *d, int64_t first, int64_t n, cm_real *mask)
{
    cm_rng rng =
        cm_rng_keyed((uint64_t)d->seed, (uint32_t)d->epoch, (uint32_t)d->task, CM_STREAM_DROPOUT);
    double below = ceil(d->rate * 4294967296.0); /* words below it are dropped */
    cm_kernels_of(cx)->random_mask(n, mask, &rng, first, (uint32_t)(below - 1),
                                   (cm_real)(1 / (1 - d->rate)));
}

/* x times a constant mask. x = rate; i = the key: seed, epoch, task. */
static cm_tensor *dropout_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    cm_dropout d = {p->x[0], p->i[0], p->i[1], p->i[2]};
    if (!cm_dropout_fits(cx, &d))
        return NULL;
    if (d.rate == 0)
        return cm_reshape(cx, in[0], &in[0]->shape);
    cm_tensor *mask = cm_tensor_new(cx, &in[0]->shape);
    if (!mask)
        return NULL;
    cm_dropout_mask(cx, &d, 0, mask->count, cm_data(mask));
    return cm_mul(cx, in[0], mask);
}

// clang-format off
const cm_op cm_op_dropout = {.name = "dropout", .args = "x:t rate:x seed:i epoch:i=0 task:i=0",
    .doc = "x with each entry set to 0 with probability `rate`, the others divided by 1 - rate; "
           "which ones is a function of the key (seed, epoch, task) and the place in x alone "
           "(Srivastava et al. 2014)",
    .expand = dropout_expand};
// clang-format on
