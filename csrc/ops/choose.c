/* choose.c - choosing between elements by a mask or by bounds. */
#include "ops/ops.h"
#include "tensor/iter.h"

/* mask, x, other: all broadcast together */
static bool where_shape(cm_call *c)
{
    cm_shape both;
    return cm_shape_broadcast(c->cx, &c->in[0]->shape, &c->in[1]->shape, &both) &&
           cm_shape_broadcast(c->cx, &both, &c->in[2]->shape, &c->out_shape);
}

static void where_eval(cm_call *c)
{
    const cm_real *mask = cm_data(c->in[0]), *x = cm_data(c->in[1]), *other = cm_data(c->in[2]);
    cm_real *o = cm_data(c->out);
    cm_iter it;
    cm_iter_start(&it, &c->out_shape, 4,
                  (const cm_tensor *const[]){c->out, c->in[0], c->in[1], c->in[2]});
    for (; cm_iter_more(&it); cm_iter_next(&it)) {
        const cm_real *m = mask + it.at[1], *a = x + it.at[2], *b = other + it.at[3];
        cm_real *to = o + it.at[0];
        for (int64_t i = 0; i < it.inner; i++)
            to[i] = m[i * it.step[1]] > 0 ? a[i * it.step[2]] : b[i * it.step[3]];
    }
}

/* Selected, not multiplied by the mask: an infinite gradient times 0 would be NaN. */
static void where_vjp(cm_vjp *v)
{
    if (v->need[0])
        v->gin[0] = cm_tensor_full(v->cx, &v->edges[0].shape, 0);
    if (v->need[1])
        v->gin[1] = cm_where(v->cx, v->in[0], v->g, cm_number(v->cx, 0));
    if (v->need[2])
        v->gin[2] = cm_where(v->cx, v->in[0], cm_number(v->cx, 0), v->g);
}

/* params: x = low, high */
static cm_tensor *clamp_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    double low = p->x[0], high = p->x[1];
    if (!(low <= high)) /* NaN is refused too */
        return cm_fail(cx, CM_ERR_ARGUMENT, "low %g must not be above high %g", low, high);
    cm_tensor *above = cm_maximum(cx, in[0], cm_number(cx, low));
    return cm_minimum(cx, above, cm_number(cx, high));
}

// clang-format off
const cm_op cm_op_where = {.name = "where", .args = "mask:t x:n other:n",
    .doc = "x where mask > 0, else other, element by element, with broadcasting; the mask's gradient "
           "is 0",
    .shape = where_shape, .eval = where_eval, .vjp = where_vjp, .saves = CM_SAVE_IN(0)};
const cm_op cm_op_clamp = {.name = "clamp", .args = "x:t low:x=-inf high:x=inf",
    .doc = "x, but low where it is below low and high where it is above high; either may be left out. "
           "No gradient outside the bounds, all of it at a bound",
    .expand = clamp_expand};
// clang-format on
