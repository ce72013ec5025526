/* node.h - where a tensor comes from: the op, its options, and edges to the nodes of its inputs.
 *
 * Nodes and tensors are separate so that a node keeps only the values its derivative reads:
 * everything else is released as soon as the script drops it. A node never holds its own tensor, so
 * the graph has no cycles and counting references is enough. A leaf (a parameter) has a node
 * without op. */
#ifndef CM_NODE_H
#define CM_NODE_H

#include "tensor/ids.h"
#include "tensor/tensor.h"

#define CM_PARAM_SLOTS 4
#define CM_PARAM_WHOLE 6 /* slots of whole numbers */

/* Options of one application of an op: plain data, filled in the order of the descriptor's `args`.
 */
typedef struct cm_params {
    int64_t i[CM_PARAM_WHOLE];   /* integers, dims (0-based), booleans, activations */
    double x[CM_PARAM_SLOTS];    /* numbers */
    cm_ids *ids[CM_PARAM_SLOTS]; /* ids and segments; NULL where an optional one is absent */
    cm_shape shape;              /* a shape or a permutation */
    cm_tensor *kept; /* not an option: what .eval of a recorded application kept for .fast_vjp */
} cm_params;

struct cm_op;

typedef struct cm_edge {
    cm_node *node;    /* of the input; NULL: a constant */
    cm_tensor *saved; /* the input itself, if the derivative reads it */
    uint32_t version; /* version of its storage when the op ran */
    cm_shape shape;   /* of the input */
} cm_edge;

struct cm_node {
    int32_t refs;
    int32_t n_in;
    const struct cm_op *op; /* NULL: a leaf */
    cm_params p;
    cm_tensor *saved_out; /* the output without its node, if the derivative reads it */
    uint32_t out_version;
    bool released; /* consumed by a backward walk */

    /* Scratch of the walk numbered `visit` (autograd/grad.c). */
    uint64_t visit;
    bool entered, needed, target;
    cm_tensor *grad;
    cm_tensor *sink; /* of a leaf: where cm_grad_into adds its gradient */

    cm_node *next_dead;
    cm_edge edges[];
};

/* A leaf node, one reference. */
cm_node *cm_node_leaf(cm_ctx *cx) CM_MUST_CHECK;

/* Whether an op on these inputs is to be recorded: gradients are on and an input has a node. */
bool cm_records(const cm_ctx *cx, cm_tensor *const *in, int n_in);

/* Makes `out` the recorded result of op on the inputs. `saves` are the bits of cm_op.saves. */
bool cm_record(cm_ctx *cx, const struct cm_op *op, unsigned saves, cm_tensor *const *in, int n_in,
               const cm_params *p, cm_tensor *out);

/* Adds a reference. */
void cm_node_retain(cm_node *node);
/* Drops a reference; the last one frees it, without recursion however deep the graph. */
void cm_node_release(cm_ctx *cx, cm_node *node);

/* Releases what the node saved; its edges stay. */
void cm_node_drop(cm_ctx *cx, cm_node *node);

#endif
