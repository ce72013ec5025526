/* kernels.h - the inner loops, as one table of functions.
 *
 * loops.c and the files loops_*.c are compiled once for each instruction set and give one table
 * each time; cm_kernels_of picks the best one for the processor. A kernel never allocates and never
 * fails. `n` is a number of elements, a step is the stride between elements (0 repeats one),
 * outputs are contiguous. */
#ifndef CM_KERNELS_H
#define CM_KERNELS_H

#include "base/ctx.h"
#include "base/rng.h"

/* Activations of the fused ops, whose derivative can be computed from the output y alone. */
typedef enum cm_activation {
    CM_ACT_IDENTITY,
    CM_ACT_RELU,
    CM_ACT_LEAKY_RELU, /* slope 0.01 */
    CM_ACT_SIGMOID,
    CM_ACT_TANH,
    CM_ACTIVATIONS
} cm_activation;

#define CM_LEAKY_SLOPE 0.01 /* default of leaky_relu, as in PyTorch */

/* The longest sums of small_product: longer ones are cut into such, whose rows stay near. */
#define CM_SMALL_DEPTH 256

typedef void cm_unary_fn(int64_t n, cm_real *o, const cm_real *a, int64_t sa, cm_real p);
typedef void cm_binary_fn(int64_t n, cm_real *o, const cm_real *a, int64_t sa, const cm_real *b,
                          int64_t sb);

/* One row of one step of a recurrent cell with n units: `gates` (3 n of a GRU: r, z, n; 4 n of an
 * LSTM: i, f, g, o) holds U h and is overwritten by what the backward step reads: the gates, and of
 * a GRU's candidate U h + bias. x: the projected input, like `gates`; before, state: the states
 * before and after (n of a GRU; of an LSTM 2 n: h, then c). */
typedef void cm_cell_step_fn(int64_t n, cm_real *gates, cm_real *state, const cm_real *x,
                             const cm_real *bias, const cm_real *before);

/* The same row in the backward pass. */
typedef struct cm_cell_row {
    const cm_real *gates, *x, *before, *after;
    const cm_real *g; /* gradient of the state after the step, without what the next step adds */
    cm_real *carry;   /* what the next step adds; becomes the gradient of the state before, without
                         that through U h */
    cm_real *gx, *gu; /* outputs: gradients of x and of U h + bias */
} cm_cell_row;
typedef void cm_cell_back_fn(int64_t n, const cm_cell_row *row);

/* A block of CM_PANEL (32) coordinates of a meta_lstm_cell (ops/meta_lstm.c): every pointer is to
 * rows of 32 numbers, a column a coordinate. */
typedef struct cm_meta_block {
    const cm_real *x;     /* [inputs], and behind them h before the step [hidden] */
    const cm_real *c;     /* [hidden] before it, */
    const cm_real *theta; /* [1] likewise */
    const cm_real *step;  /* [1] */
    cm_real *after;       /* the state after it: h, c [hidden], theta */
    cm_real *lstm;        /* [4 hidden] gates of the LSTM; the backward step leaves the gradients of
                             their sums here */
    cm_real *squashed;    /* [hidden] tanh of c after the step */
    cm_real *unit;        /* [hidden] h before weight and bias of the norm */
    cm_real *deviation;   /* [1] 1 / its standard deviation */
    cm_real *open;        /* [2] input and forget gate of theta */
} cm_meta_block;

/* The weights of a meta_lstm_cell. */
typedef struct cm_meta_cell {
    int64_t inputs, hidden;
    const cm_real *weight; /* [4 hidden, inputs + hidden] */
    const cm_real *bias;   /* [4 hidden] */
    const cm_real *norm;   /* [2, hidden]: weight, bias */
    const cm_real *gates;  /* [2, hidden + 1]: of the input and of the forget gate, the bias last */
    cm_real eps;
} cm_meta_cell;

/* The gradients of a block, in the same form; those of the weights are added to, a sum for each of
 * the 32 columns. */
typedef struct cm_meta_gradient {
    cm_real *h;                     /* [hidden] of h after the step; overwritten */
    const cm_real *c_after, *after; /* of c and of theta after it */
    cm_real *c;                     /* [hidden], of c before it, */
    cm_real *theta;                 /* [1], of theta before it, */
    cm_real *step;                  /* and of the step [1] */
    cm_real *norm;                  /* [2 hidden] */
    cm_real *gates;                 /* [2 (hidden + 1)] */
} cm_meta_gradient;

/* Which keys a block of queries may see, rows `first`, first + 1, .. of a segment: the first
 * `keys`, and if causal none behind the query. */
typedef struct cm_allowed {
    int64_t first, keys;
    bool causal;
} cm_allowed;

/* Rows of keys are whole vectors: how many numbers n keys take. */
#define CM_KEY_LANES   16
#define CM_KEY_STEP(n) (((n) + CM_KEY_LANES - 1) / CM_KEY_LANES * CM_KEY_LANES)

/* One step of Adam over a flat block; see optim/optim.h for the equations. */
typedef struct cm_adam_step {
    cm_real rate, beta1, beta2, eps,
        decay;            /* rate: the learning rate, corrected for the bias of m */
    cm_real scale, clip;  /* the gradient is scaled, then clamped */
    cm_real rest1, rest2; /* 1 - beta1, 1 - beta2, rounded once: 1 - 0.999f is off by 1e-5 */
    cm_real root;         /* 1 / sqrt(1 - beta2^t) */
    bool decoupled;       /* AdamW: the decay scales p by 1 - lr decay */
} cm_adam_step;

/* One step of gradient descent. */
typedef struct cm_sgd_step {
    cm_real rate, momentum, decay, scale, clip;
    bool nesterov;
} cm_sgd_step;

typedef struct cm_kernels {
    const char *name; /* "base", "avx2", "avx512" */

    cm_binary_fn *add, *sub, *mul, *div, *maximum, *minimum, *eq, *ne, *lt, *le;
    cm_unary_fn *neg, *square, *sqrt, *reciprocal, *abs, *sign, *relu, *leaky_relu, *step, *exp,
        *log, *sigmoid, *tanh, *softplus, *erf, *gelu, *pow;

    cm_real (*sum)(int64_t n, const cm_real *a);                          /* sum of n values */
    void (*axpy)(int64_t n, cm_real *o, cm_real scale, const cm_real *a); /* o += scale a */

    /* o [rows, width] += the rows of `table` that the ids name. */
    void (*gather_add)(int64_t rows, int64_t width, cm_real *o, const cm_real *table,
                       const int32_t *ids);
    /* The rows of `table` that the ids name += weight times those of g, which lie `step` apart (0:
     * one for all); a negative id names none. */
    void (*scatter_add)(int64_t rows, int64_t width, cm_real *table, const int32_t *ids,
                        cm_real weight, const cm_real *g, int64_t step);
    /* o [width] = weight times the sum of the rows of `table` that n ids name; a negative id names
     * none. */
    void (*sum_rows)(int64_t n, int64_t width, cm_real *o, cm_real weight, const cm_real *table,
                     const int32_t *ids);
    /* o [bags, width] += the sums (means if `mean`) of the rows of `table` that the ids of each bag
     * name, ids[offsets[b]] to ids[offsets[b + 1] - 1]; the table begins with row `first`. */
    void (*bags_add)(int64_t bags, int64_t width, cm_real *o, const int32_t *offsets,
                     const int32_t *ids, int32_t first, bool mean, const cm_real *table);
    /* The transpose: rows of `table` += those of g [bags, width]. */
    void (*bags_spread)(int64_t bags, int64_t width, cm_real *table, const int32_t *offsets,
                        const int32_t *ids, int32_t first, bool mean, const cm_real *g);
    /* out [n] = the rows of `table` that the ids name (NULL: the first n), times v [width]. */
    void (*row_dots)(int64_t n, int64_t width, cm_real *out, const cm_real *table,
                     const int32_t *ids, const cm_real *v);
    /* o [width] += the rows of `table` that the ids name (NULL: the first n), times weights [n]. */
    void (*weighted_rows)(int64_t n, int64_t width, cm_real *o, const cm_real *table,
                          const int32_t *ids, const cm_real *weights);
    /* One step of BPR on a user's vector and those of an item to be ranked above another (see
     * cf/bpr.h), by gradient ascent with this learning rate. Returns user . above - user . below
     * before the step. */
    cm_real (*bpr_step)(int64_t width, cm_real *user, cm_real *above, cm_real *below, cm_real rate,
                        cm_real regularization);

    /* y [rows, columns] += bias [columns] (may be NULL), then the activation, in place. */
    void (*bias_act)(int64_t rows, int64_t columns, cm_real *y, const cm_real *bias,
                     cm_activation act);
    /* o = g * act'(from the output y). */
    void (*act_grad)(int64_t n, cm_real *o, const cm_real *g, const cm_real *y, cm_activation act);
    /* o [columns] += sum over rows of a [rows, columns]. */
    void (*add_rows)(int64_t rows, int64_t columns, cm_real *o, const cm_real *a);

    /* y = act(gamma * x + beta), gb [rows, 2 columns] holding gamma, then beta. */
    void (*film)(int64_t rows, int64_t columns, cm_real *y, const cm_real *x, const cm_real *gb,
                 cm_activation act);
    /* From g (gradient of y): gx and ggb; either may be NULL. */
    void (*film_grad)(int64_t rows, int64_t columns, cm_real *gx, cm_real *ggb, const cm_real *g,
                      const cm_real *y, const cm_real *x, const cm_real *gb, cm_activation act);

    /* y = (x - mean) / sqrt(variance + eps) * weight + bias, row by row. */
    void (*layer_norm)(int64_t rows, int64_t columns, cm_real *y, const cm_real *x,
                       const cm_real *weight, const cm_real *bias, cm_real eps);
    /* From g (gradient of y): gx; gweight (may be NULL) is added to. */
    void (*layer_norm_grad)(int64_t rows, int64_t columns, cm_real *gx, cm_real *gweight,
                            const cm_real *g, const cm_real *x, const cm_real *weight, cm_real eps);

    /* o = gradient of x, from g, that of gelu(x). */
    void (*gelu_back)(int64_t n, cm_real *o, const cm_real *g, const cm_real *x);

    /* The maximum of n > 0 values; NaN if any is NaN. */
    cm_real (*max)(int64_t n, const cm_real *a);
    /* Sum of exp(a - shift). */
    cm_real (*sum_exp)(int64_t n, const cm_real *a, cm_real shift);
    /* o = scale * exp(a - shift). */
    void (*exp_scaled)(int64_t n, cm_real *o, const cm_real *a, cm_real shift, cm_real scale);
    /* o = exp(a) / sum(exp a), n > 0, without overflow. */
    void (*softmax)(int64_t n, cm_real *o, const cm_real *a);
    /* o = gradient of a, from g, that of y = softmax(a). */
    void (*softmax_back)(int64_t n, cm_real *o, const cm_real *g, const cm_real *y);

    /* o [n, m] (rows `step` apart) = (x [n, width] times the turned rows y[0], .., y[m - 1] +
     * offset) * scale: for few rows. Each is a sum in the same order, however many there are. */
    void (*pair_products)(int64_t n, int64_t m, int64_t width, const cm_real *x,
                          const cm_real *const *y, cm_real offset, cm_real scale, cm_real *o,
                          int64_t step);
    /* o [n, width] += w [n, m] (rows `step` apart) times the rows y[0], .., y[m - 1]; likewise. */
    void (*mix_rows)(int64_t n, int64_t m, int64_t width, const cm_real *w, int64_t step,
                     const cm_real *const *y, cm_real *o);

    /* x [rows, step], step = CM_KEY_STEP(keys): the softmax of scale * x over the allowed keys, in
     * place; zeros elsewhere, whatever stood there. */
    void (*attend)(int64_t rows, int64_t step, cm_real *x, cm_real scale, const cm_allowed *by);
    /* g, that of p = attend(x), becomes the gradient of x; p has its zeros. */
    void (*attend_back)(int64_t rows, int64_t step, cm_real *g, const cm_real *p, cm_real scale,
                        const cm_allowed *by);

    /* left, a mask of n weights p, becomes what it leaves of them. Those that it drops are negative
     * from then on, which tells the derivative. */
    void (*drop_weights)(int64_t n, cm_real *p, cm_real *left);
    /* From weights that were kept so to p and what was left: 0, or share times them. */
    void (*undrop_weights)(int64_t n, const cm_real *kept, cm_real share, cm_real *p,
                           cm_real *left);
    /* g, that of what was left, becomes the gradient of the weights. */
    void (*drop_weights_back)(int64_t n, const cm_real *kept, cm_real share, cm_real *g);
    /* o [n] = for each word of a fresh stream, from number `first` on, 0 if it is at most `last`,
     * else value. */
    void (*random_mask)(int64_t n, cm_real *o, const cm_rng *rng, int64_t first, uint32_t last,
                        cm_real value);

    cm_cell_step_fn *gru_step, *lstm_step;
    cm_cell_back_fn *gru_back, *lstm_back;
    /* A step of a block, from x, step and the state before. */
    void (*meta_step)(const cm_meta_cell *cell, const cm_meta_block *block);
    /* Its gradients, once it was computed; those of x and h are left to a product. */
    void (*meta_back)(const cm_meta_cell *cell, const cm_meta_block *block,
                      const cm_meta_gradient *gradient);

    /* c [m, n] = a [m, k] b [k, n] + beta plus, for k of at most CM_SMALL_DEPTH: element (i, j) of
     * a lies at i * step + j * next, of b at i * row + j * column, where row or column is 1; the
     * rows of c and plus, which may be c, lie ldc apart. */
    void (*small_product)(int64_t m, int64_t n, int64_t k, const cm_real *a, int64_t step,
                          int64_t next, const cm_real *b, int64_t row, int64_t column, cm_real beta,
                          const cm_real *plus, cm_real *c, int64_t ldc);
    /* c [m, n] = a [m, k] times a matrix in panels; see panels.h. */
    void (*panel_product)(int64_t m, int64_t n, int64_t k, const cm_real *a, int64_t lda,
                          const cm_real *panels, bool add, cm_real *c, int64_t ldc);

    /* Small systems; see cholesky.h. */
    bool (*cholesky)(double *a, int64_t n, double noise);
    /* likewise */
    void (*cholesky_solve)(const double *factor, int64_t n, double *b);

    /* Updates p, m, v from g and leaves g zero for the next step. */
    void (*adam)(int64_t n, cm_real *p, cm_real *g, cm_real *m, cm_real *v,
                 const cm_adam_step *step);
    /* Updates p and m (NULL: without momentum) from g and leaves g zero. */
    void (*sgd)(int64_t n, cm_real *p, cm_real *g, cm_real *m, const cm_sgd_step *step);
    /* Sum of squares in double. */
    double (*sum_squares)(int64_t n, const cm_real *a);
    /* Whether all values are zero, of either sign. */
    bool (*all_zero)(int64_t n, const cm_real *a);
    /* Whether no value is infinite or NaN. */
    bool (*all_finite)(int64_t n, const cm_real *a);
} cm_kernels;

/* The table of that name, NULL if this processor cannot run it. Without a name (NULL): the best one
 * that it can run. */
const cm_kernels *cm_kernels_named(const char *name);

static inline const cm_kernels *cm_kernels_of(cm_ctx *cx)
{
    if (!cx->kernels)
        cx->kernels = cm_kernels_named(NULL);
    return cx->kernels;
}

#endif
