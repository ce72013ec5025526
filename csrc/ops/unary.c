/* unary.c - elementwise ops of one tensor. */
#include "ops/ops.h"
#include "tensor/iter.h"

static void run(cm_call *c, cm_unary_fn *kernel, double option)
{
    const cm_real *a = cm_data(c->in[0]);
    cm_real *o = cm_data(c->out);
    cm_iter it;
    cm_iter_start(&it, &c->out_shape, 2, (const cm_tensor *const[]){c->out, c->in[0]});
    for (; cm_iter_more(&it); cm_iter_next(&it))
        kernel(it.inner, o + it.at[0], a + it.at[1], it.step[1], (cm_real)option);
}

#define EVAL(name)                                     \
    static void name##_eval(cm_call *c)                \
    {                                                  \
        run(c, cm_kernels_of(c->cx)->name, c->p.x[0]); \
    }
EVAL(neg)
EVAL(square)
EVAL(sqrt)
EVAL(reciprocal)
EVAL(pow)
EVAL(exp)
EVAL(log)
EVAL(abs)
EVAL(sign)
EVAL(step)
EVAL(relu)
EVAL(leaky_relu)
EVAL(sigmoid)
EVAL(tanh)
EVAL(softplus)
EVAL(erf)
EVAL(gelu)

static void neg_vjp(cm_vjp *v)
{
    v->gin[0] = cm_neg(v->cx, v->g);
}

static void square_vjp(cm_vjp *v)
{
    v->gin[0] = cm_mul(v->cx, v->g, cm_scale(v->cx, v->in[0], 2));
}

static void sqrt_vjp(cm_vjp *v)
{
    v->gin[0] = cm_div(v->cx, cm_scale(v->cx, v->g, 0.5), v->out);
}

static void reciprocal_vjp(cm_vjp *v)
{
    v->gin[0] = cm_neg(v->cx, cm_mul(v->cx, v->g, cm_square(v->cx, v->out)));
}

static void pow_vjp(cm_vjp *v)
{
    double n = v->p->x[0];
    if (n == 0) /* not 0 * x^-1, which is NaN at 0 */
        v->gin[0] = cm_tensor_full(v->cx, &v->edges[0].shape, 0);
    else
        v->gin[0] = cm_mul(v->cx, v->g, cm_scale(v->cx, cm_pow(v->cx, v->in[0], n - 1), n));
}

static void exp_vjp(cm_vjp *v)
{
    v->gin[0] = cm_mul(v->cx, v->g, v->out);
}

static void log_vjp(cm_vjp *v)
{
    v->gin[0] = cm_div(v->cx, v->g, v->in[0]);
}

static void abs_vjp(cm_vjp *v)
{
    v->gin[0] = cm_mul(v->cx, v->g, cm_sign(v->cx, v->in[0]));
}

static void relu_vjp(cm_vjp *v)
{
    v->gin[0] = cm_mul(v->cx, v->g, cm_step(v->cx, v->out, 0));
}

static void leaky_relu_vjp(cm_vjp *v)
{
    v->gin[0] = cm_mul(v->cx, v->g, cm_step(v->cx, v->in[0], v->p->x[0]));
}

static void sigmoid_vjp(cm_vjp *v)
{
    cm_tensor *slope = cm_mul(v->cx, v->out, cm_shift(v->cx, cm_neg(v->cx, v->out), 1));
    v->gin[0] = cm_mul(v->cx, v->g, slope);
}

static void tanh_vjp(cm_vjp *v)
{
    cm_tensor *slope = cm_shift(v->cx, cm_neg(v->cx, cm_square(v->cx, v->out)), 1);
    v->gin[0] = cm_mul(v->cx, v->g, slope);
}

static void softplus_vjp(cm_vjp *v)
{
    v->gin[0] = cm_mul(v->cx, v->g, cm_sigmoid(v->cx, v->in[0]));
}

static void erf_vjp(cm_vjp *v)
{
    cm_tensor *bell = cm_exp(v->cx, cm_neg(v->cx, cm_square(v->cx, v->in[0])));
    v->gin[0] = cm_mul(v->cx, v->g, cm_scale(v->cx, bell, 1.1283791670955126)); /* 2/sqrt(pi) */
}

static cm_tensor *log_sigmoid_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in, (void)p;
    return cm_neg(cx, cm_softplus(cx, cm_neg(cx, in[0])));
}

static cm_tensor *gelu_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in, (void)p;
    cm_tensor *share = cm_shift(cx, cm_erf(cx, cm_scale(cx, in[0], 0.7071067811865476)), 1);
    return cm_mul(cx, cm_scale(cx, in[0], 0.5), share);
}

static void gelu_fast_vjp(cm_vjp *v)
{
    v->gin[0] = cm_tensor_new(v->cx, &v->edges[0].shape);
    if (v->gin[0])
        cm_kernels_of(v->cx)->gelu_back(v->g->count, cm_data(v->gin[0]), cm_data(v->g),
                                        cm_data(v->in[0]));
}

// clang-format off
#define UNARY(op, arguments, saved, text, ...)                                                     \
    const cm_op cm_op_##op = {.name = #op, .args = arguments, .doc = text, .saves = saved,         \
        .shape = cm_shape_rule_same, .eval = op##_eval, __VA_ARGS__};

UNARY(neg, "x:n", 0, "-x", .vjp = neg_vjp, .meta = "__unm")
UNARY(square, "x:t", CM_SAVE_IN(0), "x * x", .vjp = square_vjp)
UNARY(sqrt, "x:t", CM_SAVE_OUT, "square root; NaN below 0", .vjp = sqrt_vjp)
UNARY(reciprocal, "x:t", CM_SAVE_OUT, "1 / x", .vjp = reciprocal_vjp)
UNARY(pow, "x:t exponent:x", CM_SAVE_IN(0), "x to the power of a number", .vjp = pow_vjp,
      .meta = "__pow")
UNARY(exp, "x:t", CM_SAVE_OUT, "e to the power of x", .vjp = exp_vjp)
UNARY(log, "x:t", CM_SAVE_IN(0), "natural logarithm", .vjp = log_vjp)
UNARY(abs, "x:t", CM_SAVE_IN(0), "|x|; its derivative at 0 is 0", .vjp = abs_vjp)
UNARY(sign, "x:t", 0, "1, 0 or -1 by the sign of x; has no gradient", .flags = CM_NONDIFF)
UNARY(step, "x:t below:x=0", 0, "1 where x > 0, else `below`; has no gradient",
      .flags = CM_NONDIFF)
UNARY(relu, "x:t", CM_SAVE_OUT, "x where x > 0, else 0; its derivative at 0 is 0",
      .vjp = relu_vjp)
UNARY(leaky_relu, "x:t slope:x=0.01", CM_SAVE_IN(0),
      "x where x > 0, else slope * x; its derivative at 0 is the slope", .vjp = leaky_relu_vjp)
UNARY(sigmoid, "x:t", CM_SAVE_OUT, "1 / (1 + exp(-x))", .vjp = sigmoid_vjp)
UNARY(tanh, "x:t", CM_SAVE_OUT, "hyperbolic tangent", .vjp = tanh_vjp)
UNARY(softplus, "x:t", CM_SAVE_IN(0), "log(1 + exp(x)), without overflow", .vjp = softplus_vjp)
UNARY(erf, "x:t", CM_SAVE_IN(0), "error function", .vjp = erf_vjp)

const cm_op cm_op_log_sigmoid = {.name = "log_sigmoid", .args = "x:t",
    .doc = "log(1 / (1 + exp(-x))), without overflow", .expand = log_sigmoid_expand};
const cm_op cm_op_gelu = {.name = "gelu", .args = "x:t",
    .doc = "x/2 (1 + erf(x / sqrt 2)), the exact form (Hendrycks and Gimpel 2016)",
    .shape = cm_shape_rule_same, .eval = gelu_eval, .expand = gelu_expand,
    .fast_vjp = gelu_fast_vjp, .saves = CM_SAVE_IN(0), .flags = CM_CONTIGUOUS};
// clang-format on
