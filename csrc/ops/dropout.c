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
    if (d->rate == 0) {
        for (int64_t i = 0; i < n; i++)
            mask[i] = 1;
        return;
    }
    cm_rng rng =
        cm_rng_keyed((uint64_t)d->seed, (uint32_t)d->epoch, (uint32_t)d->task, CM_STREAM_DROPOUT);
    double below = ceil(d->rate * 4294967296.0); /* words below it are dropped */
    cm_kernels_of(cx)->random_mask(n, mask, &rng, first, (uint32_t)(below - 1),
                                   (cm_real)(1 / (1 - d->rate)));
}

/* Numbers of a mask that are made at a time, so that they stay near. */
enum { PART = 1024 };

static cm_dropout dropout_of(const cm_params *p)
{
    return (cm_dropout){p->x[0], p->i[0], p->i[1], p->i[2]};
}

/* x = rate; i = the key: seed, epoch, task */
static bool dropout_shape(cm_call *c)
{
    cm_dropout d = dropout_of(&c->p);
    c->out_shape = c->in[0]->shape;
    return cm_dropout_fits(c->cx, &d);
}

static void dropout_eval(cm_call *c)
{
    cm_dropout d = dropout_of(&c->p);
    const cm_real *x = cm_data(c->in[0]);
    cm_real *o = cm_data(c->out), mask[PART];
    for (int64_t at = 0; at < c->out->count; at += PART) {
        int64_t some = CM_MIN(c->out->count - at, PART);
        cm_dropout_mask(c->cx, &d, at, some, mask);
        cm_kernels_of(c->cx)->mul(some, o + at, x + at, 1, mask, 1);
    }
}

/* x times a constant mask: so is its gradient. */
static void dropout_vjp(cm_vjp *v)
{
    v->gin[0] = cm_apply(v->cx, &cm_op_dropout, (cm_tensor *const[]){v->g}, 1, v->p);
}

// clang-format off
const cm_op cm_op_dropout = {.name = "dropout", .args = "x:t rate:x seed:i epoch:i=0 task:i=0",
    .doc = "x with each entry set to 0 with probability `rate`, the others divided by 1 - rate; "
           "which ones is a function of the key (seed, epoch, task) and the place in x alone "
           "(Srivastava et al. 2014)",
    .shape = dropout_shape, .eval = dropout_eval, .vjp = dropout_vjp, .flags = CM_CONTIGUOUS};
// clang-format on
