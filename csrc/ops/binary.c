/* binary.c - elementwise ops of two tensors, with broadcasting. */
#include "ops/ops.h"
#include "tensor/iter.h"

static void run(cm_call *c, cm_binary_fn *kernel, const cm_tensor *x, const cm_tensor *y)
{
    const cm_real *a = cm_data(x), *b = cm_data(y);
    cm_real *o = cm_data(c->out);
    cm_iter it;
    cm_iter_start(&it, &c->out_shape, 3, (const cm_tensor *const[]){c->out, x, y});
    for (; cm_iter_more(&it); cm_iter_next(&it))
        kernel(it.inner, o + it.at[0], a + it.at[1], it.step[1], b + it.at[2], it.step[2]);
}

#define EVAL(name, kernel, x, y)                                  \
    static void name##_eval(cm_call *c)                           \
    {                                                             \
        run(c, cm_kernels_of(c->cx)->kernel, c->in[x], c->in[y]); \
    }
EVAL(add, add, 0, 1)
EVAL(sub, sub, 0, 1)
EVAL(mul, mul, 0, 1)
EVAL(div, div, 0, 1)
EVAL(maximum, maximum, 0, 1)
EVAL(minimum, minimum, 0, 1)
EVAL(eq, eq, 0, 1)
EVAL(ne, ne, 0, 1)
EVAL(lt, lt, 0, 1)
EVAL(le, le, 0, 1)
EVAL(gt, lt, 1, 0)
EVAL(ge, le, 1, 0)

static void add_vjp(cm_vjp *v)
{
    v->gin[0] = v->g;
    v->gin[1] = v->g;
}

static void sub_vjp(cm_vjp *v)
{
    v->gin[0] = v->g;
    if (v->need[1])
        v->gin[1] = cm_neg(v->cx, v->g);
}

static void mul_vjp(cm_vjp *v)
{
    if (v->need[0])
        v->gin[0] = cm_mul(v->cx, v->g, v->in[1]);
    if (v->need[1])
        v->gin[1] = cm_mul(v->cx, v->g, v->in[0]);
}

static void div_vjp(cm_vjp *v)
{
    cm_tensor *q = cm_div(v->cx, v->g, v->in[1]);
    v->gin[0] = q;
    if (v->need[1])
        v->gin[1] = cm_neg(v->cx, cm_mul(v->cx, q, v->out));
}

/* The gradient goes to b where `second` is 1, else to a: in a tie, to the first. */
static void choice_vjp(cm_vjp *v, cm_tensor *second)
{
    cm_tensor *zero = cm_number(v->cx, 0);
    if (v->need[0])
        v->gin[0] = cm_where(v->cx, second, zero, v->g);
    if (v->need[1])
        v->gin[1] = cm_where(v->cx, second, v->g, zero);
}

static void maximum_vjp(cm_vjp *v)
{
    choice_vjp(v, cm_lt(v->cx, v->in[0], v->in[1]));
}

static void minimum_vjp(cm_vjp *v)
{
    choice_vjp(v, cm_gt(v->cx, v->in[0], v->in[1]));
}

// clang-format off
const cm_op cm_op_add = {.name = "add", .args = "a:n b:n", .meta = "__add",
    .doc = "a + b element by element, with broadcasting",
    .shape = cm_shape_rule_broadcast, .eval = add_eval, .vjp = add_vjp};
const cm_op cm_op_sub = {.name = "sub", .args = "a:n b:n", .meta = "__sub",
    .doc = "a - b element by element, with broadcasting",
    .shape = cm_shape_rule_broadcast, .eval = sub_eval, .vjp = sub_vjp};
const cm_op cm_op_mul = {.name = "mul", .args = "a:n b:n", .meta = "__mul",
    .doc = "a * b element by element, with broadcasting (matmul is the matrix product)",
    .shape = cm_shape_rule_broadcast, .eval = mul_eval, .vjp = mul_vjp, .flags = CM_PRODUCT};
const cm_op cm_op_div = {.name = "div", .args = "a:n b:n", .meta = "__div",
    .doc = "a / b element by element, with broadcasting; x / 0 is infinite",
    .shape = cm_shape_rule_broadcast, .eval = div_eval, .vjp = div_vjp,
    .saves = CM_SAVE_IN(1) | CM_SAVE_OUT};
const cm_op cm_op_maximum = {.name = "maximum", .args = "a:n b:n",
    .doc = "the larger of a and b element by element, with broadcasting; in a tie the gradient goes "
           "to a alone",
    .shape = cm_shape_rule_broadcast, .eval = maximum_eval, .vjp = maximum_vjp,
    .saves = CM_SAVE_ALL_IN};
const cm_op cm_op_minimum = {.name = "minimum", .args = "a:n b:n",
    .doc = "the smaller of a and b element by element, with broadcasting; in a tie the gradient goes "
           "to a alone",
    .shape = cm_shape_rule_broadcast, .eval = minimum_eval, .vjp = minimum_vjp,
    .saves = CM_SAVE_ALL_IN};
#define COMPARISON(op, sign, more)                                                  \
    const cm_op cm_op_##op = {.name = #op, .args = "a:n b:n",                       \
        .doc = "1 where a " sign " b, else 0, with broadcasting" more "; has no gradient", \
        .shape = cm_shape_rule_broadcast, .eval = op##_eval, .flags = CM_NONDIFF};
COMPARISON(eq, "=", "")
COMPARISON(ne, "differs from", " (NaN from all)")
COMPARISON(lt, "<", "")
COMPARISON(le, "<=", "")
COMPARISON(gt, ">", "")
COMPARISON(ge, ">=", "")
// clang-format on
