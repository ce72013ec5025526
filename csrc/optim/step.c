/* step.c - steps of Adam and of gradient descent. */
#include "optim/optim.h"
#include <math.h>

/* Offset of parameter i in the blocks; for i = n, their end. */
static int64_t begin_of(const cm_optim *o, int i)
{
    return i < o->n ? o->grads[i]->offset : o->count;
}

static bool check(cm_ctx *cx, const cm_optim *o, int64_t grouped, int moments)
{
    if (grouped != o->n)
        return cm_refuse(cx, CM_ERR_ARGUMENT, "the groups have %lld parameters, the optimiser %d",
                         (long long)grouped, o->n);
    if (moments > o->n_moments)
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "%d moments are needed, but the optimiser was made with %d", moments,
                         o->n_moments);
    return cm_optim_owns(cx, o);
}

/* Invalidates what was recorded with the old values. */
static void changed(cm_optim *o)
{
    for (int i = 0; i < o->n; i++)
        o->params[i]->storage->version++;
    o->grad_block->version++;
    for (int k = 0; k < o->n_moments; k++)
        o->moment_blocks[k]->version++;
}

double cm_optim_norm(cm_ctx *cx, const cm_optim *o)
{
    return sqrt(cm_kernels_of(cx)->sum_squares(o->count, o->grad_block->data));
}

static cm_adam_step adam_step(const cm_adam_group *g, double scale, double t)
{
    return (cm_adam_step){
        .rate = (cm_real)(g->lr / (1 - pow(g->beta1, t))),
        .beta1 = (cm_real)g->beta1,
        .beta2 = (cm_real)g->beta2,
        .rest1 = (cm_real)(1 - g->beta1),
        .rest2 = (cm_real)(1 - g->beta2),
        .eps = (cm_real)g->eps,
        .decay = (cm_real)(g->decoupled ? 1 - g->lr * g->weight_decay : g->weight_decay),
        .scale = (cm_real)scale,
        .clip = (cm_real)g->clip,
        .root = (cm_real)(1 / sqrt(1 - pow(g->beta2, t))),
        .decoupled = g->decoupled,
    };
}

static void adam_range(cm_ctx *cx, cm_optim *o, int64_t from, int64_t to, const cm_adam_step *step)
{
    cm_kernels_of(cx)->adam(to - from, o->value_block->data + from, o->grad_block->data + from,
                            o->moment_blocks[0]->data + from, o->moment_blocks[1]->data + from,
                            step);
}

/* Updates the rows of parameter i that have a gradient, run by run. */
static void adam_rows(cm_ctx *cx, cm_optim *o, int i, const cm_adam_step *step)
{
    const cm_tensor *grad = o->grads[i];
    int64_t rows = grad->shape.ndim ? grad->shape.dims[0] : 1, run = 0;
    int64_t width = rows ? grad->count / rows : 0, offset = grad->offset;
    for (int64_t r = 0; r < rows; r++) {
        if (!cm_kernels_of(cx)->all_zero(width, o->grad_block->data + offset + r * width))
            continue;
        adam_range(cx, o, offset + run * width, offset + r * width, step);
        run = r + 1;
    }
    adam_range(cx, o, offset + run * width, offset + rows * width, step);
}

bool cm_optim_adam(cm_ctx *cx, cm_optim *o, const cm_adam_group *groups, int n_groups, double scale)
{
    int64_t grouped = 0;
    for (int j = 0; j < n_groups; j++)
        grouped += groups[j].n;
    if (!check(cx, o, grouped, 2))
        return false;
    double t = (double)++o->steps;
    int first = 0;
    for (int j = 0; j < n_groups; j++) {
        cm_adam_step step = adam_step(&groups[j], scale, t);
        int last = first + groups[j].n;
        if (groups[j].sparse)
            for (int i = first; i < last; i++)
                adam_rows(cx, o, i, &step);
        else
            adam_range(cx, o, begin_of(o, first), begin_of(o, last), &step);
        first = last;
    }
    changed(o);
    return true;
}

bool cm_optim_sgd(cm_ctx *cx, cm_optim *o, const cm_sgd_group *groups, int n_groups, double scale)
{
    int64_t grouped = 0;
    bool momentum = false;
    for (int j = 0; j < n_groups; j++) {
        grouped += groups[j].n;
        momentum = momentum || groups[j].momentum != 0;
    }
    if (!check(cx, o, grouped, momentum ? 1 : 0))
        return false;
    o->steps++;
    int first = 0;
    for (int j = 0; j < n_groups; j++) {
        const cm_sgd_group *g = &groups[j];
        cm_sgd_step step = {.rate = (cm_real)g->lr,
                            .momentum = (cm_real)g->momentum,
                            .decay = (cm_real)g->weight_decay,
                            .scale = (cm_real)scale,
                            .clip = (cm_real)g->clip,
                            .nesterov = g->nesterov};
        int64_t from = begin_of(o, first), to = begin_of(o, first + g->n);
        cm_real *m = g->momentum != 0 ? o->moment_blocks[0]->data + from : NULL;
        cm_kernels_of(cx)->sgd(to - from, o->value_block->data + from, o->grad_block->data + from,
                               m, &step);
        first += g->n;
    }
    changed(o);
    return true;
}
