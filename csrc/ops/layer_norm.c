/* layer_norm.c - layer normalisation (Ba, Kiros and Hinton 2016). */
#include "ops/ops.h"

/* x [.., width], weight [width], bias [width]; x = eps */
static bool layer_norm_shape(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape;
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    static const char *const name[] = {"x", "weight", "bias"};
    if (x->ndim < 1)
        return cm_refuse(c->cx, CM_ERR_SHAPE, "x: a scalar has no dim to normalise over");
    for (int i = 1; i < 3; i++) {
        const cm_shape *own = &c->in[i]->shape;
        if (own->ndim != 1 || own->dims[0] != x->dims[x->ndim - 1])
            return cm_refuse(c->cx, CM_ERR_SHAPE, "%s %s does not fit x %s: it must be [width]",
                             name[i], cm_shape_text(own, a), cm_shape_text(x, b));
    }
    if (!(c->p.x[0] >= 0))
        return cm_refuse(c->cx, CM_ERR_ARGUMENT, "eps must be 0 or more, not %g", c->p.x[0]);
    c->out_shape = *x;
    return true;
}

static int64_t width_of(const cm_tensor *x)
{
    return CM_MAX(x->shape.dims[x->shape.ndim - 1], 1);
}

static void layer_norm_eval(cm_call *c)
{
    int64_t width = width_of(c->out);
    cm_kernels_of(c->cx)->layer_norm(c->out->count / width, width, cm_data(c->out),
                                     cm_data(c->in[0]), cm_data(c->in[1]), cm_data(c->in[2]),
                                     (cm_real)c->p.x[0]);
}

static cm_tensor *layer_norm_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    int dim = in[0]->shape.ndim - 1;
    double share = 1 / (double)width_of(in[0]);
    cm_tensor *mean = cm_scale(cx, cm_sum(cx, in[0], dim, true), share);
    cm_tensor *centred = cm_sub(cx, in[0], mean);
    cm_tensor *variance = cm_scale(cx, cm_sum(cx, cm_square(cx, centred), dim, true), share);
    cm_tensor *unit = cm_div(cx, centred, cm_sqrt(cx, cm_shift(cx, variance, p->x[0])));
    return cm_add(cx, cm_mul(cx, unit, in[1]), in[2]);
}

/* The tensor to add gradient i to: the caller's, or a fresh one of zeros. */
static cm_tensor *target(cm_vjp *v, int i)
{
    if (v->into && v->into[i])
        return v->into[i];
    return cm_tensor_full(v->cx, &v->edges[i].shape, 0);
}

static void layer_norm_fast_vjp(cm_vjp *v)
{
    int64_t width = width_of(v->in[0]);
    cm_tensor *gx = cm_tensor_new(
        v->cx, &v->edges[0].shape); /* work space, needed even if this gradient is not requested */
    cm_tensor *gw = v->need[1] ? target(v, 1) : NULL, *gb = v->need[2] ? target(v, 2) : NULL;
    if (!gx || (v->need[1] && !gw) || (v->need[2] && !gb))
        return;
    const cm_kernels *k = cm_kernels_of(v->cx);
    k->layer_norm_grad(v->g->count / width, width, cm_data(gx), gw ? cm_data(gw) : NULL,
                       cm_data(v->g), cm_data(v->in[0]), cm_data(v->in[1]), (cm_real)v->p->x[0]);
    if (gb)
        k->add_rows(v->g->count / width, width, cm_data(gb), cm_data(v->g));
    v->gin[0] = gx;
    v->gin[1] = gw;
    v->gin[2] = gb;
}

// clang-format off
const cm_op cm_op_layer_norm = {.name = "layer_norm", .args = "x:t weight:t bias:t eps:x=1e-5",
    .doc = "(x - mean) / sqrt(variance + eps) * weight + bias over the last dim: x [.., width], "
           "weight and bias [width]; the variance divides by the width (Ba et al. 2016)",
    .shape = layer_norm_shape, .eval = layer_norm_eval, .expand = layer_norm_expand,
    .fast_vjp = layer_norm_fast_vjp, .saves = CM_SAVE_ALL_IN, .flags = CM_CONTIGUOUS};
// clang-format on
