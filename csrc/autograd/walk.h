/* walk.h - the backward walk, for grad.c alone. */
#ifndef CM_WALK_H
#define CM_WALK_H

#include "autograd/grad.h"

typedef struct cm_walk_frame {
    cm_node *node;
    int next; /* edge to look at */
} cm_walk_frame;

typedef struct cm_walk {
    cm_ctx *cx;
    uint64_t number;
    cm_grad_options options;
    bool stop_at_targets;
    cm_walk_frame *stack;
    size_t depth, stack_cap;
    cm_node **order; /* children after parents: inputs first, the loss last */
    size_t count, order_cap;
} cm_walk;

/* Begins a walk, without targets yet. */
cm_walk cm_walk_new(cm_ctx *cx, cm_grad_options options);

/* Adds a node as a target: its gradient is left in node->grad, or added to node->sink. */
void cm_walk_aim(cm_walk *w, cm_node *node);

/* Walks back from `root`, whose own gradient is `seed`. After a failure the gradients are
 * undefined. */
bool cm_walk_run(cm_walk *w, cm_node *root, cm_tensor *seed) CM_MUST_CHECK;

#endif
