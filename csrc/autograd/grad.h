/* grad.h - derivatives of recorded computations. */
#ifndef CM_GRAD_H
#define CM_GRAD_H

#include "ops/op.h"

typedef struct cm_grad_options {
    bool create_graph; /* record the derivative too, so that it can be differentiated again */
    bool retain;       /* keep the graph for another walk; implied by create_graph */
} cm_grad_options;

/* Makes a tensor a leaf: ops on it are recorded, and gradients for it can be asked for. Refused for
 * a tensor that was derived from others. */
bool cm_track(cm_ctx *cx, cm_tensor *tensor);

/* Gradients of `loss` (one element, unless grad_out gives the weight of each) with respect to n
 * tensors into grads[0..n-1], which belong to the open scope. A tensor that the loss does not
 * depend on gets zeros. The results are the caller's own; with create_graph they may share memory.
 * Releases what the graph saved unless it is to be kept; a second walk is then an error. false
 * after a failure. */
bool cm_grad(cm_ctx *cx, cm_tensor *loss, cm_tensor *grad_out, cm_tensor *const *xs, int n,
             cm_grad_options options, cm_tensor **grads) CM_MUST_CHECK;

/* Adds the gradient for each of n leaves to its sink: contiguous tensors of the leaves' shapes (an
 * optimiser's flat block). No gradient is allocated for ops that can add in place. After a failure
 * the contents of the sinks are undefined: clear them. */
bool cm_grad_into(cm_ctx *cx, cm_tensor *loss, cm_tensor *const *leaves, cm_tensor *const *sinks,
                  int n) CM_MUST_CHECK;

#endif
