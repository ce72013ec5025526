/* optim.h - optimisers over a flat block.
 *
 * Making an optimiser moves the parameters into one block (the tensors stay valid), with blocks of
 * the same layout for gradients and moments: a step is one loop over each group of parameters, and
 * gradients are accumulated in place. */
#ifndef CM_OPTIM_H
#define CM_OPTIM_H

#include "autograd/grad.h"

#define CM_MAX_MOMENTS 2

typedef struct cm_optim {
    int n, n_moments;
    int64_t count;      /* elements of each block, padding included */
    int64_t steps;      /* number of steps taken */
    cm_tensor **params; /* retained */
    cm_tensor **grads;  /* views into the blocks, shaped as the parameters */
    cm_tensor **moments[CM_MAX_MOMENTS];
    cm_storage *value_block, *grad_block, *moment_blocks[CM_MAX_MOMENTS];
} cm_optim;

/* Adam (Kingma and Ba 2015) for the next n parameters. With g the gradient, clamped entry by entry
 * to [-clip, clip], and t the number of the step:
 *   classic:    g += weight_decay p           decoupled (AdamW, Loshchilov and Hutter 2019):
 *   m = beta1 m + (1 - beta1) g                 p *= 1 - lr weight_decay, then the same with bare g
 *   v = beta2 v + (1 - beta2) g^2
 *   p -= lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)
 * sparse: rows (first dim) whose gradient is all zero are left out, moments and decay included. */
typedef struct cm_adam_group {
    int n;
    double lr, beta1, beta2, eps, weight_decay, clip; /* clip: infinite for none */
    bool decoupled, sparse;
} cm_adam_group;

/* Gradient descent for the next n parameters, g clamped as above:
 *   g += weight_decay p;  m = momentum m + g;  p -= lr m       (nesterov: p -= lr (g + momentum m))
 */
typedef struct cm_sgd_group {
    int n;
    double lr, momentum, weight_decay, clip;
    bool nesterov;
} cm_sgd_group;

/* An optimiser of n leaves with that many moments per element (0 to CM_MAX_MOMENTS). Refused when a
 * leaf is given twice, is not a leaf, or does not fill its storage. Moments and steps start at
 * zero. Free it with cm_optim_free. */
cm_optim *cm_optim_new(cm_ctx *cx, cm_tensor *const *params, int n, int moments) CM_MUST_CHECK;

/* Releases the optimiser; the parameters live on in their block. NULL is fine. */
void cm_optim_free(cm_ctx *cx, cm_optim *optim);

/* Adds the gradients of `loss` to the gradient block (which a step leaves at zero). */
bool cm_optim_backward(cm_ctx *cx, cm_optim *optim, cm_tensor *loss) CM_MUST_CHECK;

/* The 2-norm of all gradients together, summed in double. */
double cm_optim_norm(cm_ctx *cx, const cm_optim *optim);

/* One step of Adam from the gradient block times `scale`, which clears it. The groups have the
 * parameters in their order. Refused, without any change, when the groups do not cover all
 * parameters, when there are fewer than two moments, or when a later optimiser has taken over a
 * parameter. */
bool cm_optim_adam(cm_ctx *cx, cm_optim *optim, const cm_adam_group *groups, int n_groups,
                   double scale) CM_MUST_CHECK;

/* The same for gradient descent. Momentum needs one moment. */
bool cm_optim_sgd(cm_ctx *cx, cm_optim *optim, const cm_sgd_group *groups, int n_groups,
                  double scale) CM_MUST_CHECK;

/* Clears the gradient block (after a failed backward). */
void cm_optim_clear(cm_optim *optim);

/* Whether the parameters are still in its block: refused when a later optimiser has taken one over.
 */
bool cm_optim_owns(cm_ctx *cx, const cm_optim *optim) CM_MUST_CHECK;

/* Whether both have parameters of the same shapes in the same order, so that their blocks agree. */
bool cm_optim_same_layout(const cm_optim *a, const cm_optim *b);

/* Sets all parameters from a copy of the value block of an optimiser with the same layout. */
void cm_optim_set_values(cm_optim *optim, const cm_real *values);

#endif
