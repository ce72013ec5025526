/* embedding_layer.h - the first layer of an MLP over embeddings of fields, while each task takes
 * gradient steps on it: on its weights, and on the embeddings that its rows name.
 *
 * A row's input is, field by field, the mean (or sum) of the embeddings in a bag. With Y the
 * embeddings of a task in a field [p, w], W the columns of the weight that read them and A the bags
 * [n, p], the layer's value is the sum over fields of A Y W'; so products have as many rows as the
 * task has embeddings, not interactions, where these are fewer: a person's fields have one. Where
 * they are more, products are of A Y. */
#ifndef CM_EMBEDDING_LAYER_H
#define CM_EMBEDDING_LAYER_H

#include "ops/upper_layers.h"
#include "tensor/ids.h"

/* The layer, of all tasks. */
typedef struct cm_embedding_layer {
    int64_t w, h, fields, tasks, rows;
    const cm_ids *places, *bags, *pairs, *segments; /* see embedding_steps */
    bool mean;
    const cm_real *rates; /* [2], of the embeddings and of the weights */
} cm_embedding_layer;

/* Embeddings of a task [pairs, w], field by field, weights [fields w, h] and bias [h]; or their
 * gradients. */
typedef struct cm_embedding_weights {
    cm_real *values, *weight, *bias;
} cm_embedding_weights;

/* How many embeddings task t has. */
int64_t cm_embedding_pairs(const cm_embedding_layer *l, int64_t t);
/* How many numbers its weights are, side by side; */
int64_t cm_embedding_weights_size(const cm_embedding_layer *l, int64_t t);
/* those that begin at `at`. */
cm_embedding_weights cm_embedding_weights_at(const cm_embedding_layer *l, int64_t t, cm_real *at);

/* Copies the embeddings of task t between those of all tasks [pairs, w] and its own; `add`: adds
 * them to all. */
void cm_embedding_take(const cm_embedding_layer *l, int64_t t, const cm_real *all, cm_real *own);
/* See cm_embedding_take. */
void cm_embedding_give(cm_ctx *cx, const cm_embedding_layer *l, int64_t t, const cm_real *own,
                       bool add, cm_real *all);

/* How much room the functions below need for tasks of n rows. */
int64_t cm_embedding_work_size(const cm_embedding_layer *l, int64_t n);

/* z [n, h] = the layer's value on the rows of task t, without the bias. */
void cm_embedding_value(cm_ctx *cx, const cm_embedding_layer *l, int64_t t,
                        const cm_embedding_weights *at, cm_real *z, cm_real *work);

/* x, which is a copy of `at`, becomes what a step makes of it by e1 [n, h], minus the layer's
 * deltas. */
void cm_embedding_step(cm_ctx *cx, const cm_embedding_layer *l, int64_t t,
                       const cm_embedding_weights *at, const cm_real *e1,
                       const cm_embedding_weights *x, cm_real *work);

/* The step's derivative, first part: from g, the gradient of what is behind the step, to d [n, h],
 * that of e1, and the gradients of `at`, in g, but for what goes through the value. rates [2] (may
 * be NULL) is added to. */
void cm_embedding_step_back(cm_ctx *cx, const cm_embedding_layer *l, int64_t t,
                            const cm_embedding_weights *at, const cm_real *e1,
                            const cm_embedding_weights *g, cm_real *d, cm_real *rates,
                            cm_real *work);

/* Its second part: adds to g what the gradient z [n, h] of the value gives. `work` is what the
 * first part left. */
void cm_embedding_value_back(cm_ctx *cx, const cm_embedding_layer *l, int64_t t,
                             const cm_embedding_weights *at, const cm_real *z,
                             const cm_embedding_weights *g, cm_real *work);

#endif
