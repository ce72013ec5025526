/* recurrence.c - a number that is multiplied and added to, step by step. */
#include "ops/ops.h"

/* factors [rows, n], n >= 1; shifts [rows, n], or [n] for all rows */
static bool affine_chain_shape(cm_call *c)
{
    const cm_shape *f = &c->in[0]->shape, *s = &c->in[1]->shape;
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    bool shared = s->ndim == 1;
    if (f->ndim != 2 || f->dims[1] < 1 || s->ndim < 1 || s->ndim > 2 ||
        s->dims[s->ndim - 1] != f->dims[1] || (!shared && s->dims[0] != f->dims[0]))
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "factors %s do not fit shifts %s: they must be [rows, n] and [rows, n], "
                         "or [n] for all rows, n at least 1",
                         cm_shape_text(f, a), cm_shape_text(s, b));
    c->out_shape = cm_shape_1d(f->dims[0]);
    c->keep_size = f->dims[0] * f->dims[1];
    return true;
}

static void affine_chain_eval(cm_call *c)
{
    int64_t rows = c->in[0]->shape.dims[0], n = c->in[0]->shape.dims[1];
    int64_t step = c->in[1]->shape.ndim == 1 ? 0 : n;
    const cm_real *factors = cm_data(c->in[0]), *shifts = cm_data(c->in[1]);
    cm_real *out = cm_data(c->out);
    for (int64_t r = 0; r < rows; r++) {
        const cm_real *f = factors + r * n, *s = shifts + r * step;
        cm_real a = 1;
        for (int64_t k = 0; k < n; k++) {
            if (c->kept)
                c->kept[r * n + k] = a;
            a = a * f[k] + s[k];
        }
        out[r] = a;
    }
}

static cm_tensor *affine_chain_expand(cm_ctx *cx, cm_tensor *const *in, int n_in,
                                      const cm_params *p)
{
    (void)n_in, (void)p;
    int last = in[1]->shape.ndim - 1;
    cm_shape column = cm_shape_2d(in[0]->shape.dims[0], 1), row = cm_shape_1d(column.dims[0]);
    cm_tensor *a = cm_tensor_full(cx, &column, 1);
    for (int64_t k = 0; k < in[0]->shape.dims[1]; k++)
        a = cm_add(cx, cm_mul(cx, a, cm_slice(cx, in[0], 1, k, k + 1)),
                   cm_slice(cx, in[1], last, k, k + 1));
    return cm_reshape(cx, a, &row);
}

static void affine_chain_fast_vjp(cm_vjp *v)
{
    int64_t rows = v->in[0]->shape.dims[0], n = v->in[0]->shape.dims[1];
    int64_t step = v->edges[1].shape.ndim == 1 ? 0 : n;
    cm_tensor *gf = v->need[0] ? cm_tensor_new(v->cx, &v->edges[0].shape) : NULL;
    cm_tensor *gs = v->need[1] ? cm_tensor_full(v->cx, &v->edges[1].shape, 0) : NULL;
    if ((v->need[0] && !gf) || (v->need[1] && !gs))
        return;
    const cm_real *factors = cm_data(v->in[0]), *g = cm_data(v->g);
    const cm_real *before = v->p->kept ? cm_data(v->p->kept) : NULL; /* none without rows */
    for (int64_t r = 0; r < rows; r++) {
        cm_real ga = g[r];
        for (int64_t k = n - 1; k >= 0; k--) {
            if (gf)
                cm_data(gf)[r * n + k] = ga * before[r * n + k];
            if (gs)
                cm_data(gs)[r * step + k] += ga;
            ga *= factors[r * n + k];
        }
    }
    v->gin[0] = gf;
    v->gin[1] = gs;
}

// clang-format off
const cm_op cm_op_affine_chain = {.name = "affine_chain", .args = "factors:t shifts:t",
    .doc = "a_n [rows] of a_0 = 1, a_k = a_(k-1) * factor k + shift k: factors [rows, n], shifts "
           "[rows, n], or [n] for all rows",
    .shape = affine_chain_shape, .eval = affine_chain_eval, .expand = affine_chain_expand,
    .fast_vjp = affine_chain_fast_vjp, .saves = CM_SAVE_IN(0) | CM_SAVE_IN(1),
    .flags = CM_CONTIGUOUS};
// clang-format on
