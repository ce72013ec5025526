/* loops.c - the inner loops. Compiled once for each instruction set with CM_ISA set to its name;
 * written so that the compiler vectorises them. See kernels.h for what each does. */
#include "kernels/loops_factors.h"
#include "kernels/loops_isa.h"
#include "kernels/loops_math.h"
#include "kernels/loops_optim.h"
#include "kernels/loops_rows.h"
#include "kernels/loops_sums.h"

/* Strided elements are copied together in blocks of this size, so that all loops run over
 * contiguous elements (or a single one) and vectorise. */
#define PART 256

static void collect(int64_t n, cm_real *restrict o, const cm_real *restrict a, int64_t step)
{
    for (int64_t i = 0; i < n; i++)
        o[i] = a[i * step];
}

static void unary_in_parts(cm_unary_fn *kernel, int64_t n, cm_real *o, const cm_real *a, int64_t sa,
                           cm_real p)
{
    cm_real part[PART];
    for (int64_t at = 0; at < n; at += PART) {
        int64_t some = CM_MIN(n - at, PART);
        collect(some, part, a + at * sa, sa);
        kernel(some, o + at, part, 1, p);
    }
}

static void binary_in_parts(cm_binary_fn *kernel, int64_t n, cm_real *o, const cm_real *a,
                            int64_t sa, const cm_real *b, int64_t sb)
{
    cm_real part[2][PART];
    for (int64_t at = 0; at < n; at += PART) {
        int64_t some = CM_MIN(n - at, PART);
        collect(some, part[0], a + at * sa, sa);
        collect(some, part[1], b + at * sb, sb);
        kernel(some, o + at, part[0], 1, part[1], 1);
    }
}

#define UNARY(name, expression)                                                                 \
    static void k_##name(int64_t n, cm_real *restrict o, const cm_real *restrict a, int64_t sa, \
                         cm_real p)                                                             \
    {                                                                                           \
        if (sa != 1) {                                                                          \
            unary_in_parts(k_##name, n, o, a, sa, p);                                           \
            return;                                                                             \
        }                                                                                       \
        for (int64_t i = 0; i < n; i++) {                                                       \
            cm_real x = a[i];                                                                   \
            o[i] = (expression);                                                                \
        }                                                                                       \
    }

#define BINARY(name, expression)                                                       \
    static void k_##name(int64_t n, cm_real *restrict o, const cm_real *a, int64_t sa, \
                         const cm_real *b, int64_t sb)                                 \
    {                                                                                  \
        if (sa == 1 && sb == 1) {                                                      \
            for (int64_t i = 0; i < n; i++) {                                          \
                cm_real x = a[i], y = b[i];                                            \
                o[i] = (expression);                                                   \
            }                                                                          \
        } else if (sa == 1 && sb == 0) {                                               \
            cm_real y = b[0];                                                          \
            for (int64_t i = 0; i < n; i++) {                                          \
                cm_real x = a[i];                                                      \
                o[i] = (expression);                                                   \
            }                                                                          \
        } else if (sa == 0 && sb == 1) {                                               \
            cm_real x = a[0];                                                          \
            for (int64_t i = 0; i < n; i++) {                                          \
                cm_real y = b[i];                                                      \
                o[i] = (expression);                                                   \
            }                                                                          \
        } else {                                                                       \
            binary_in_parts(k_##name, n, o, a, sa, b, sb);                             \
        }                                                                              \
    }

BINARY(add, x + y)
BINARY(sub, x - y)
BINARY(mul, x *y)
BINARY(div, x / y)
BINARY(maximum, x >= y || x != x ? x : y) /* NaN on either side is kept */
BINARY(minimum, x <= y || x != x ? x : y)
BINARY(eq, x == y)
BINARY(ne, x != y)
BINARY(lt, x < y)
BINARY(le, x <= y)
UNARY(neg, -x)
UNARY(square, x *x)
UNARY(sqrt, CM_M(sqrt)(x))
UNARY(reciprocal, 1 / x)
UNARY(abs, CM_M(fabs)(x))
UNARY(sign, (cm_real)(x > 0) - (cm_real)(x < 0))
UNARY(relu, x < 0 ? 0 : x) /* keeps NaN */
UNARY(leaky_relu, x > 0 ? x : p * x)
UNARY(step, x > 0 ? 1 : p)
UNARY(exp, real_exp(x))
UNARY(log, real_log(x))
UNARY(sigmoid, real_sigmoid(x))
UNARY(tanh, real_tanh(x))
UNARY(softplus, real_softplus(x))
UNARY(erf, real_erf(x))
UNARY(gelu, (cm_real)0.5 * x * (real_erf((cm_real)0.7071067811865476 * x) + 1))
UNARY(pow, CM_M(pow)(x, p))

/* The density of the normal distribution is 0.398.. exp(-x^2 / 2). */
static void k_gelu_back(int64_t n, cm_real *restrict o, const cm_real *restrict g,
                        const cm_real *restrict a)
{
    for (int64_t i = 0; i < n; i++) {
        cm_real x = a[i], share = (cm_real)0.5 * (real_erf((cm_real)0.7071067811865476 * x) + 1);
        cm_real density = (cm_real)0.3989422804014327 * real_exp((cm_real)-0.5 * x * x);
        o[i] = g[i] * real_fma(x, density, share);
    }
}

static void k_axpy(int64_t n, cm_real *restrict o, cm_real scale, const cm_real *restrict a)
{
    for (int64_t i = 0; i < n; i++)
        o[i] += scale * a[i];
}

/* The cheap activations; `squash` handles the others. */
static inline cm_real activate(cm_real x, cm_activation act)
{
    switch (act) {
    case CM_ACT_RELU:
        return x < 0 ? 0 : x;
    case CM_ACT_LEAKY_RELU:
        return x > 0 ? x : (cm_real)CM_LEAKY_SLOPE * x;
    default:
        return x;
    }
}

/* Sigmoid and tanh in place, shared by all callers because the loops are long. */
static void squash(int64_t n, cm_real *y, cm_activation act)
{
    if (act == CM_ACT_SIGMOID)
        for (int64_t i = 0; i < n; i++)
            y[i] = real_sigmoid(y[i]);
    else if (act == CM_ACT_TANH)
        for (int64_t i = 0; i < n; i++)
            y[i] = real_tanh(y[i]);
}

/* The derivative as a function of the output. */
static inline cm_real derivative(cm_real y, cm_activation act)
{
    switch (act) {
    case CM_ACT_RELU:
        return y > 0 ? 1 : 0;
    case CM_ACT_LEAKY_RELU:
        return y > 0 ? 1 : (cm_real)CM_LEAKY_SLOPE;
    case CM_ACT_SIGMOID:
        return y * (1 - y);
    case CM_ACT_TANH:
        return 1 - y * y;
    default:
        return 1;
    }
}

/* Runs a statement with A, the activation, a constant in each branch, so that the loops inside
 * vectorise. */
#define WITH_ACTIVATION(constant, statement) \
    case constant: {                         \
        const cm_activation A = constant;    \
        statement;                           \
    } break;
#define FOR_ACTIVATION(act, statement)                \
    switch (act) {                                    \
        WITH_ACTIVATION(CM_ACT_RELU, statement)       \
        WITH_ACTIVATION(CM_ACT_LEAKY_RELU, statement) \
        WITH_ACTIVATION(CM_ACT_SIGMOID, statement)    \
        WITH_ACTIVATION(CM_ACT_TANH, statement)       \
    default:                                          \
        WITH_ACTIVATION(CM_ACT_IDENTITY, statement)   \
    }
/* The same for the activations of `activate`; the others are treated as the identity. */
#define FOR_SHORT_ACTIVATION(act, statement)          \
    switch (act) {                                    \
        WITH_ACTIVATION(CM_ACT_RELU, statement)       \
        WITH_ACTIVATION(CM_ACT_LEAKY_RELU, statement) \
    default:                                          \
        WITH_ACTIVATION(CM_ACT_IDENTITY, statement)   \
    }

static inline void bias_act_rows(int64_t rows, int64_t columns, cm_real *restrict y,
                                 const cm_real *restrict bias, cm_activation act)
{
    for (int64_t r = 0; r < rows; r++, y += columns) {
        if (bias)
            for (int64_t c = 0; c < columns; c++)
                y[c] = activate(y[c] + bias[c], act);
        else if (act != CM_ACT_IDENTITY)
            for (int64_t c = 0; c < columns; c++)
                y[c] = activate(y[c], act);
    }
}

static void k_bias_act(int64_t rows, int64_t columns, cm_real *y, const cm_real *bias,
                       cm_activation act)
{
    FOR_SHORT_ACTIVATION(act, bias_act_rows(rows, columns, y, bias, A))
    squash(rows * columns, y, act);
}

static inline void act_grad_run(int64_t n, cm_real *restrict o, const cm_real *restrict g,
                                const cm_real *restrict y, cm_activation act)
{
    for (int64_t i = 0; i < n; i++)
        o[i] = g[i] * derivative(y[i], act);
}

static void k_act_grad(int64_t n, cm_real *o, const cm_real *g, const cm_real *y, cm_activation act)
{
    FOR_ACTIVATION(act, act_grad_run(n, o, g, y, A))
}

static void k_add_rows(int64_t rows, int64_t columns, cm_real *restrict o,
                       const cm_real *restrict a)
{
    for (int64_t r = 0; r < rows; r++, a += columns)
        for (int64_t c = 0; c < columns; c++)
            o[c] += a[c];
}

static inline void film_rows(int64_t rows, int64_t columns, cm_real *restrict y,
                             const cm_real *restrict x, const cm_real *restrict gb,
                             cm_activation act)
{
    for (int64_t r = 0; r < rows; r++, y += columns, x += columns, gb += 2 * columns)
        for (int64_t c = 0; c < columns; c++)
            y[c] = activate(gb[c] * x[c] + gb[columns + c], act);
}

static void k_film(int64_t rows, int64_t columns, cm_real *y, const cm_real *x, const cm_real *gb,
                   cm_activation act)
{
    FOR_SHORT_ACTIVATION(act, film_rows(rows, columns, y, x, gb, A))
    squash(rows * columns, y, act);
}

static inline void film_grad_rows(int64_t rows, int64_t columns, cm_real *restrict gx,
                                  cm_real *restrict ggb, const cm_real *restrict g,
                                  const cm_real *restrict y, const cm_real *restrict x,
                                  const cm_real *restrict gb, cm_activation act)
{
    for (int64_t r = 0; r < rows; r++) {
        int64_t at = r * columns;
        if (gx)
            for (int64_t c = 0; c < columns; c++)
                gx[at + c] = g[at + c] * derivative(y[at + c], act) * gb[2 * at + c];
        if (ggb)
            for (int64_t c = 0; c < columns; c++) {
                cm_real d = g[at + c] * derivative(y[at + c], act);
                ggb[2 * at + c] = d * x[at + c];
                ggb[2 * at + columns + c] = d;
            }
    }
}

static void k_film_grad(int64_t rows, int64_t columns, cm_real *gx, cm_real *ggb, const cm_real *g,
                        const cm_real *y, const cm_real *x, const cm_real *gb, cm_activation act)
{
    FOR_ACTIVATION(act, film_grad_rows(rows, columns, gx, ggb, g, y, x, gb, A))
}

/* u = (x - mean) / sqrt(variance + eps) of one row; returns the reciprocal of the divisor. */
static cm_real normalise(int64_t n, cm_real *restrict u, const cm_real *restrict x, cm_real eps)
{
    cm_real mean = k_sum(n, x) / (cm_real)n;
    for (int64_t i = 0; i < n; i++)
        u[i] = x[i] - mean;
    cm_real scale = 1 / CM_M(sqrt)(k_dot(n, u, u) / (cm_real)n + eps);
    for (int64_t i = 0; i < n; i++)
        u[i] *= scale;
    return scale;
}

static void k_layer_norm(int64_t rows, int64_t columns, cm_real *restrict y,
                         const cm_real *restrict x, const cm_real *restrict weight,
                         const cm_real *restrict bias, cm_real eps)
{
    for (int64_t r = 0; r < rows; r++, y += columns, x += columns) {
        normalise(columns, y, x, eps);
        for (int64_t c = 0; c < columns; c++)
            y[c] = y[c] * weight[c] + bias[c];
    }
}

static void k_layer_norm_grad(int64_t rows, int64_t columns, cm_real *restrict gx,
                              cm_real *restrict gweight, const cm_real *restrict g,
                              const cm_real *restrict x, const cm_real *restrict weight,
                              cm_real eps)
{
    for (int64_t r = 0; r < rows; r++, gx += columns, g += columns, x += columns) {
        cm_real scale = normalise(columns, gx, x, eps), lane[LANES] = {0};
        cm_real mean = k_dot(columns, g, weight) / (cm_real)columns;
        int64_t at = 0;
        for (; at + LANES <= columns; at += LANES)
            for (int j = 0; j < LANES; j++)
                lane[j] += g[at + j] * weight[at + j] * gx[at + j];
        for (int j = 0; at < columns; at++, j++)
            lane[j] += g[at] * weight[at] * gx[at];
        cm_real slope = fold(lane) / (cm_real)columns;
        if (gweight)
            for (int64_t c = 0; c < columns; c++)
                gweight[c] += g[c] * gx[c];
        for (int64_t c = 0; c < columns; c++)
            gx[c] = scale * (g[c] * weight[c] - mean - slope * gx[c]);
    }
}

const cm_kernels KERNEL(kernels) = {
    .name = CM_ISA_NAME,
    .add = k_add,
    .sub = k_sub,
    .mul = k_mul,
    .div = k_div,
    .maximum = k_maximum,
    .minimum = k_minimum,
    .eq = k_eq,
    .ne = k_ne,
    .lt = k_lt,
    .le = k_le,
    .neg = k_neg,
    .square = k_square,
    .sqrt = k_sqrt,
    .reciprocal = k_reciprocal,
    .abs = k_abs,
    .sign = k_sign,
    .relu = k_relu,
    .leaky_relu = k_leaky_relu,
    .step = k_step,
    .exp = k_exp,
    .log = k_log,
    .sigmoid = k_sigmoid,
    .tanh = k_tanh,
    .softplus = k_softplus,
    .erf = k_erf,
    .gelu = k_gelu,
    .gelu_back = k_gelu_back,
    .pow = k_pow,
    .sum = k_sum,
    .axpy = k_axpy,
    .gather_add = k_gather_add,
    .scatter_add = k_scatter_add,
    .sum_rows = k_sum_rows,
    .bags_add = k_bags_add,
    .bags_spread = k_bags_spread,
    .row_dots = k_row_dots,
    .weighted_rows = k_weighted_rows,
    .bpr_step = k_bpr_step,
    .bias_act = k_bias_act,
    .act_grad = k_act_grad,
    .add_rows = k_add_rows,
    .film = k_film,
    .film_grad = k_film_grad,
    .layer_norm = k_layer_norm,
    .layer_norm_grad = k_layer_norm_grad,
    .pair_products = KERNEL(pair_products),
    .mix_rows = KERNEL(mix_rows),
    .attend = KERNEL(attend),
    .attend_back = KERNEL(attend_back),
    .drop_weights = KERNEL(drop_weights),
    .undrop_weights = KERNEL(undrop_weights),
    .drop_weights_back = KERNEL(drop_weights_back),
    .random_mask = KERNEL(random_mask),
    .gru_step = KERNEL(gru_step),
    .lstm_step = KERNEL(lstm_step),
    .gru_back = KERNEL(gru_back),
    .lstm_back = KERNEL(lstm_back),
    .meta_step = KERNEL(meta_step),
    .meta_back = KERNEL(meta_back),
    .small_product = KERNEL(small_product),
    .panel_product = KERNEL(panel_product),
    .cholesky = KERNEL(cholesky),
    .cholesky_solve = KERNEL(cholesky_solve),
    .max = KERNEL(max),
    .sum_exp = KERNEL(sum_exp),
    .exp_scaled = KERNEL(exp_scaled),
    .softmax = KERNEL(softmax),
    .softmax_back = KERNEL(softmax_back),
    .adam = k_adam,
    .sgd = k_sgd,
    .sum_squares = k_sum_squares,
    .all_zero = k_all_zero,
    .all_finite = k_all_finite,
};
