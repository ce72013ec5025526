/* upper_layers.h - the second and the last layer of an MLP with two hidden layers while a task
 * takes gradient steps on its squared errors: what a step makes of them, and the derivative of
 * that. The ops that take such steps (relu_steps, embedding_steps) differ in their first layer
 * alone. */
#ifndef CM_UPPER_LAYERS_H
#define CM_UPPER_LAYERS_H

#include "kernels/blas.h"
#include "kernels/kernels.h"

/* A task: n rows, h and u units, with what is to be hit [n], 2 * the weight of each error [n], and
 * the rates of the two layers. The activation is one whose derivative is constant where it has one:
 * ReLU, leaky or not. */
typedef struct cm_upper_task {
    int64_t n, h, u;
    cm_activation act;
    const cm_real *labels, *shares;
    const cm_real *rates; /* [2] */
} cm_upper_task;

/* Whether it is such an activation; refused if not. */
bool cm_upper_takes(cm_ctx *cx, int64_t activation);
/* Its derivative below 0. */
double cm_upper_slope(cm_activation act);

/* weight [u, h] and bias [u] of the second layer, weight and bias of the last [u + 1]; or their
 * gradients. */
typedef struct cm_upper_weights {
    cm_real *weight, *bias, *last;
} cm_upper_weights;

/* How many numbers they are, side by side. */
int64_t cm_upper_weights_size(int64_t h, int64_t u);
/* n numbers as whole lines of the cache: what lies behind them begins with one, too. */
static inline int64_t cm_whole_lines(int64_t n)
{
    const int64_t line = CM_ALIGN / (int64_t)sizeof(cm_real);
    return (n + line - 1) / line * line;
}
/* Those that begin at `at`. */
cm_upper_weights cm_upper_weights_at(int64_t h, int64_t u, cm_real *at);

/* What a step leaves for its derivative: the weights that it begins with, activations [n, h] and
 * [n, u], errors [n], and the deltas, negated, of the last layer [n]. */
typedef struct cm_upper_moment {
    cm_upper_weights at;
    cm_real *a1, *a2, *error, *e3;
} cm_upper_moment;

/* How many numbers that is. */
int64_t cm_upper_moment_size(int64_t n, int64_t h, int64_t u);
/* One that begins at `at`. */
cm_upper_moment cm_upper_moment_at(int64_t n, int64_t h, int64_t u, cm_real *at);

/* One step: from the weights m->at and m->a1, which are given, to what else is left in m, the
 * weights behind the step in x, which may be m->at, and minus the first layer's deltas e1 [n, h].
 * Where the task's loss before it is not finite, though its gradient may be, the last bias becomes
 * NaN. `work` is room for n (u + 1) numbers. */
void cm_upper_step(cm_ctx *cx, const cm_upper_task *task, const cm_upper_moment *m,
                   cm_upper_weights x, cm_real *e1, cm_real *work);

/* e2 [n, u] = the second layer's deltas, negated, of a step that began with a last layer `last`. */
void cm_upper_deltas(cm_ctx *cx, const cm_upper_task *task, const cm_upper_moment *m,
                     const cm_real *last, cm_real *e2);

/* Where gradients of a task are added to; NULL for those that are not asked for. */
typedef struct cm_upper_targets {
    cm_real *labels, *shares; /* [n] */
    cm_real *rates;           /* [2] */
} cm_upper_targets;

/* How much room cm_upper_step_back needs. */
int64_t cm_upper_work_size(int64_t n, int64_t h, int64_t u);

/* From g, the gradient of the weights behind a step, and d [n, h], that of e1 times the derivative
 * of the first activation, to the gradient of the weights before it, in g, and that of the value
 * of the first layer, in z [n, h]. `work` is room. */
void cm_upper_step_back(cm_ctx *cx, const cm_upper_task *task, const cm_upper_moment *m,
                        cm_upper_weights g, const cm_real *d, cm_real *z,
                        const cm_upper_targets *to, cm_real *work);

/* Asks for n numbers that will be read soon: those that a step has left are megabytes by the time
 * that its derivative is made, and come from far away. */
static inline void cm_fetch(int64_t n, const cm_real *x)
{
    for (int64_t i = 0; i < n; i += CM_ALIGN / (int64_t)sizeof *x)
        CM_PREFETCH_FAR(x + i);
}

/* o [n] = value a [n]; o may be a. */
static inline void cm_scaled(cm_ctx *cx, int64_t n, cm_real *o, cm_real value, const cm_real *a)
{
    if (value != 1 || o != a)
        cm_kernels_of(cx)->mul(n, o, a, 1, &value, 0);
}

/* The sum of a [n] times b [n]. */
static inline cm_real cm_dot(cm_ctx *cx, int64_t n, const cm_real *a, const cm_real *b)
{
    cm_real sum;
    cm_kernels_of(cx)->row_dots(1, n, &sum, a, NULL, b);
    return sum;
}

/* A matrix of so many columns as it lies, */
static inline cm_matrix cm_plain(const cm_real *x, int64_t columns)
{
    return (cm_matrix){x, columns, 1};
}

/* and its transpose. */
static inline cm_matrix cm_turned(const cm_real *x, int64_t columns)
{
    return (cm_matrix){x, 1, columns};
}

#endif
