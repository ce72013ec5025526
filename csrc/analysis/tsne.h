/* tsne.h - t-distributed stochastic neighbour embedding, exact (van der Maaten and Hinton,
 * "Visualizing data using t-SNE", JMLR 9, 2008). */
#ifndef CM_TSNE_H
#define CM_TSNE_H

#include "tensor/tensor.h"

#define CM_TSNE_LIMIT 10000 /* points: there is one value per pair */

typedef struct cm_tsne_options {
    double rate, momentum;
    double exaggeration; /* factor of the attraction between neighbours */
    bool measure;        /* whether to compute the divergence: logarithms of every pair */
} cm_tsne_options;

/* The state between steps: three tensors of one shape [points, dims], contiguous. */
typedef struct cm_tsne_state {
    cm_tensor *y, *velocity, *gains;
} cm_tsne_state;

/* Affinities of the points: p [points, points], symmetric, with sum 1 and a zero diagonal. The
 * bandwidth of each point is chosen so that the entropy of its neighbours is the logarithm of the
 * perplexity. Refused unless x is a contiguous matrix of finite numbers with at least 2 and at most
 * CM_TSNE_LIMIT rows and 1 <= perplexity < rows. A tensor of the open scope. */
cm_tensor *cm_tsne_affinities(cm_ctx *cx, const cm_tensor *x, double perplexity) CM_MUST_CHECK;

/* One step of gradient descent, in place, with momentum and a gain per element; *divergence is the
 * Kullback-Leibler divergence before the step, without exaggeration, or 0 if it is not measured.
 * Afterwards the mean of y is 0. Refused on overflow. */
bool cm_tsne_step(cm_ctx *cx, const cm_tensor *p, cm_tsne_state *state,
                  const cm_tsne_options *options, double *divergence) CM_MUST_CHECK;

#endif
