/* optim.h - Adam over a flat block.
 *
 * Making an optimiser moves the parameters' numbers into one block (the tensors stay what they
 * are), with blocks of the same layout for gradients and moments beside it: a step is one loop, and
 * gradients are added straight into their place. */
#ifndef CM_OPTIM_H
#define CM_OPTIM_H

#include "autograd/grad.h"

typedef struct cm_optim {
    int n;
    int64_t count;      /* numbers in each block, padding included */
    int64_t steps;      /* taken so far */
    cm_tensor **params; /* retained */
    cm_tensor **grads;  /* views into the blocks, shaped as the parameters */
    cm_tensor **first, **second;
    cm_storage *value_block, *grad_block, *first_block, *second_block;
} cm_optim;

/* Adam (Kingma and Ba 2015). With g the gradient, clamped entry by entry to [-clip, clip]:
 *   classic:    g += weight_decay p           decoupled (AdamW, Loshchilov and Hutter 2019):
 *   m = beta1 m + (1 - beta1) g                 p *= 1 - lr weight_decay, then the same with bare g
 *   v = beta2 v + (1 - beta2) g^2
 *   p -= lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) */
typedef struct cm_adam_options {
    double lr, beta1, beta2, eps, weight_decay, clip; /* clip: infinite for none */
    bool decoupled;
} cm_adam_options;

/* An optimiser of n leaves. Refused when one comes twice, is no leaf, or does not fill its storage.
 * Moments and steps start at zero. Free it with cm_optim_free. */
cm_optim *cm_optim_new(cm_ctx *cx, cm_tensor *const *params, int n) CM_MUST_CHECK;

/* Releases the optimiser; the parameters live on in their block. NULL is fine. */
void cm_optim_free(cm_ctx *cx, cm_optim *optim);

/* Adds the gradients of `loss` to the gradient block (which a step leaves at zero). */
bool cm_optim_backward(cm_ctx *cx, cm_optim *optim, cm_tensor *loss) CM_MUST_CHECK;

/* One step of Adam from the gradient block, which it clears. Refused when a later optimiser has
 * taken a parameter over. */
bool cm_optim_adam(cm_ctx *cx, cm_optim *optim, const cm_adam_options *options) CM_MUST_CHECK;

/* Clears the gradient block (after a failed backward). */
void cm_optim_clear(cm_optim *optim);

#endif
