/* film.c - feature-wise linear modulation (Perez et al. 2018; CMML eq. 11). */
#include "ops/ops.h"

/* x [.., width], generated [.., 2 width] = gamma, then beta; i = activation */
static bool film_shape(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape, *gb = &c->in[1]->shape;
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    bool fits = x->ndim >= 1 && gb->ndim == x->ndim;
    for (int d = 0; fits && d < x->ndim; d++)
        fits = gb->dims[d] == (d == x->ndim - 1 ? 2 : 1) * x->dims[d];
    if (!fits)
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "x %s does not fit generated %s: for x [.., w] it must be [.., 2 w]",
                         cm_shape_text(x, a), cm_shape_text(gb, b));
    c->out_shape = *x;
    return true;
}

static int64_t width_of(const cm_tensor *x)
{
    return CM_MAX(x->shape.dims[x->shape.ndim - 1], 1);
}

static void film_eval(cm_call *c)
{
    int64_t width = width_of(c->out);
    cm_kernels_of(c->cx)->film(c->out->count / width, width, cm_data(c->out), cm_data(c->in[0]),
                               cm_data(c->in[1]), (cm_activation)c->p.i[0]);
}

static cm_tensor *film_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    int dim = in[0]->shape.ndim - 1;
    int64_t width = in[0]->shape.dims[dim];
    cm_tensor *gamma = cm_slice(cx, in[1], dim, 0, width);
    cm_tensor *beta = cm_slice(cx, in[1], dim, width, 2 * width);
    return cm_activate(cx, cm_add(cx, cm_mul(cx, gamma, in[0]), beta), (cm_activation)p->i[0]);
}

static void film_fast_vjp(cm_vjp *v)
{
    int64_t width = width_of(v->in[0]);
    cm_tensor *gx = v->need[0] ? cm_tensor_new(v->cx, &v->edges[0].shape) : NULL;
    cm_tensor *ggb = v->need[1] ? cm_tensor_new(v->cx, &v->edges[1].shape) : NULL;
    if ((v->need[0] && !gx) || (v->need[1] && !ggb))
        return;
    cm_kernels_of(v->cx)->film_grad(v->g->count / width, width, gx ? cm_data(gx) : NULL,
                                    ggb ? cm_data(ggb) : NULL, cm_data(v->g), cm_data(v->out),
                                    cm_data(v->in[0]), cm_data(v->in[1]),
                                    (cm_activation)v->p->i[0]);
    v->gin[0] = gx;
    v->gin[1] = ggb;
}

// clang-format off
const cm_op cm_op_film = {.name = "film", .args = "x:t generated:t activation:a?",
    .doc = "activation(gamma * x + beta): x [.., w], generated [.., 2 w] holds gamma, then beta; "
           "gamma is used as it is, not 1 + gamma (FiLM; CMML eq. 11)",
    .shape = film_shape, .eval = film_eval, .expand = film_expand, .fast_vjp = film_fast_vjp,
    .saves = CM_SAVE_ALL_IN | CM_SAVE_OUT, .flags = CM_CONTIGUOUS};
// clang-format on
