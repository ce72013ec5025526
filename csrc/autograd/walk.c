/* walk.c - the backward walk.
 *
 * A walk orders the nodes that lead from the loss to the requested tensors (depth first, on its own
 * stack), then visits them from the loss on, so that every node's gradient is complete when its
 * turn comes. Marks on nodes carry the walk's number and so need no clearing. */
#include "autograd/walk.h"
#include "ops/ops.h"
#include <string.h>

/* Clears the marks of an earlier walk on a node. */
static void mark(cm_walk *w, cm_node *node)
{
    if (node->visit == w->number)
        return;
    node->visit = w->number;
    node->entered = node->needed = node->target = false;
}

static bool enter(cm_walk *w, cm_node *node)
{
    mark(w, node);
    if (node->entered)
        return true;
    if (!cm_grow(w->cx, (void **)&w->stack, &w->stack_cap, w->depth + 1, sizeof *w->stack))
        return false;
    node->entered = true;
    w->stack[w->depth++] = (cm_walk_frame){node, 0};
    return true;
}

static bool leave(cm_walk *w, cm_node *node)
{
    node->needed = node->target;
    for (int i = 0; i < node->n_in && !node->needed; i++) {
        const cm_node *input = node->edges[i].node;
        node->needed = input && input->visit == w->number && input->needed;
    }
    if (!node->needed)
        return true;
    if (!cm_grow(w->cx, (void **)&w->order, &w->order_cap, w->count + 1, sizeof *w->order))
        return false;
    w->order[w->count++] = node;
    return true;
}

static bool sort(cm_walk *w, cm_node *root)
{
    if (!enter(w, root))
        return false;
    while (w->depth > 0) {
        cm_walk_frame *top = &w->stack[w->depth - 1];
        cm_node *node = top->node;
        if (top->next < node->n_in && !(w->stop_at_targets && node->target)) {
            cm_node *input = node->edges[top->next++].node;
            if (input && !enter(w, input))
                return false;
            continue;
        }
        w->depth--;
        if (!leave(w, node))
            return false;
    }
    return true;
}

static bool can_add_in_place(const cm_walk *w, const cm_tensor *sum)
{
    return !w->options.create_graph && sum->refs == 1 && sum->storage->refs == 1 &&
           sum->storage->block == NULL && cm_is_contiguous(sum);
}

/* Adds a gradient to the one accumulated at a node. */
static bool accumulate(cm_walk *w, cm_node *node, cm_tensor *g)
{
    cm_ctx *cx = w->cx;
    if (node->sink) {
        cm_tensor *whole = cm_contiguous(cx, g);
        if (whole)
            cm_kernels_of(cx)->axpy(whole->count, cm_data(node->sink), 1, cm_data(whole));
        return whole != NULL;
    }
    if (!node->grad) {
        node->grad = g;
        cm_retain(g);
        return true;
    }
    if (can_add_in_place(w, node->grad)) {
        cm_tensor *whole = cm_contiguous(cx, g);
        if (whole)
            cm_kernels_of(cx)->axpy(whole->count, cm_data(node->grad), 1, cm_data(whole));
        return whole != NULL;
    }
    cm_tensor *sum = cm_add(cx, node->grad, g);
    if (!sum)
        return false;
    cm_retain(sum);
    cm_release(cx, node->grad);
    node->grad = sum;
    return true;
}

static bool unchanged(cm_ctx *cx, const cm_node *node)
{
    for (int i = 0; i < node->n_in; i++) {
        const cm_edge *edge = &node->edges[i];
        if (edge->saved && edge->saved->storage->version != edge->version)
            return cm_refuse(cx, CM_ERR_GRADIENT,
                             "input %d of %s was changed in place after it was used: its old "
                             "values are needed for the gradient",
                             i + 1, node->op->name);
    }
    if (node->saved_out && node->saved_out->storage->version != node->out_version)
        return cm_refuse(cx, CM_ERR_GRADIENT,
                         "the result of %s was changed in place: it is needed for the gradient",
                         node->op->name);
    return true;
}

cm_walk cm_walk_new(cm_ctx *cx, cm_grad_options options)
{
    return (cm_walk){.cx = cx, .number = ++cx->visit, .options = options};
}

void cm_walk_aim(cm_walk *w, cm_node *node)
{
    mark(w, node);
    node->target = true;
}

/* Excludes the ancestors of a node that leads to no target from a walk. */
static void shun(cm_walk *w, cm_node *node)
{
    mark(w, node);
    node->entered = true;
}

/* A fused op under create_graph: its definition is run again on stand-ins of its inputs, and that
 * graph is differentiated, up to the stand-ins. */
static bool expanded_vjp(const cm_walk *outer, cm_vjp *v)
{
    cm_ctx *cx = v->cx;
    cm_tensor *stand_in[CM_MAX_INPUTS];
    for (int i = 0; i < v->n_in; i++) {
        stand_in[i] = v->need[i] ? cm_reshape(cx, v->in[i], &v->edges[i].shape) : v->in[i];
        if (!stand_in[i])
            return false;
    }
    cm_tensor *out = cm_apply_expanded(cx, v->op, stand_in, v->n_in, v->p);
    if (!out)
        return false;
    cm_walk inner = cm_walk_new(cx, outer->options);
    inner.stop_at_targets = true;
    for (int i = 0; i < v->n_in; i++)
        if (v->need[i])
            cm_walk_aim(&inner, stand_in[i]->node);
        else if (v->in[i]->node)
            shun(&inner, v->in[i]->node);
    /* A definition may read none of the tracked inputs, as where there are no rows or no steps: its
     * result is then a constant. */
    bool ok = !out->node || cm_walk_run(&inner, out->node, v->g);
    for (int i = 0; i < v->n_in; i++) {
        if (!v->need[i])
            continue;
        cm_node *node = stand_in[i]->node;
        cm_tensor *g = node->grad;
        node->grad = NULL;
        if (g)
            v->gin[i] = cm_scope_adopt(cx, g);
        else if (ok) /* the definition does not read this input */
            v->gin[i] = cm_tensor_full(cx, &v->edges[i].shape, 0);
        ok = ok && v->gin[i];
    }
    return ok;
}

/* The output as a part of the graph, for a derivative that will itself be differentiated. */
static cm_tensor *linked_output(cm_walk *w, cm_node *node)
{
    if (!node->saved_out || !w->options.create_graph)
        return node->saved_out;
    cm_tensor *out = cm_tensor_detach(w->cx, node->saved_out);
    if (out) {
        out->node = node;
        cm_node_retain(node);
    }
    return out;
}

/* Calls the op's derivative, whichever form it has. */
static bool differentiate(const cm_walk *w, cm_vjp *v)
{
    const cm_op *op = v->op;
    cm_tensor *ready[CM_MAX_INPUTS];
    if (w->options.create_graph && !op->vjp && op->expand)
        return expanded_vjp(w, v);
    if (op->fast_vjp && !w->options.create_graph) {
        for (int i = 0; i < v->n_in; i++) {
            ready[i] = v->in[i];
            if (ready[i] && (op->flags & CM_CONTIGUOUS) &&
                !(ready[i] = cm_contiguous(v->cx, ready[i])))
                return false;
        }
        v->in = ready;
        if (!(op->flags & CM_STRIDED_GRAD) && !(v->g = cm_contiguous(v->cx, v->g)))
            return false;
        op->fast_vjp(v);
        return true;
    }
    if (!op->vjp)
        return cm_refuse(v->cx, CM_ERR_GRADIENT, "%s has no derivative", op->name);
    op->vjp(v);
    return true;
}

static bool deliver(cm_walk *w, cm_node *node, cm_vjp *v)
{
    for (int i = 0; i < node->n_in; i++) {
        cm_tensor *g = v->gin[i];
        if (!v->need[i] || (g && g == v->into[i]))
            continue;
        if (g && !cm_shape_equal(&g->shape, &node->edges[i].shape))
            g = cm_sum_to(w->cx, g, &node->edges[i].shape);
        if (!g)
            return cm_refuse(w->cx, CM_ERR_GRADIENT, "%s gave no gradient for input %d",
                             node->op->name, i + 1);
        if (!accumulate(w, node->edges[i].node, g))
            return false;
    }
    return true;
}

/* What the derivative may add to, instead of giving a gradient of its own: the leaf's sink, or what
 * other ops have given already. */
static cm_tensor *target_of(const cm_walk *w, const cm_node *input)
{
    if (w->options.create_graph)
        return NULL;
    return input->sink || !input->grad || !can_add_in_place(w, input->grad) ? input->sink
                                                                            : input->grad;
}

/* Propagates a node's gradient to its inputs. */
static bool step(cm_walk *w, cm_node *node)
{
    cm_ctx *cx = w->cx;
    cm_tensor *in[CM_MAX_INPUTS], *gin[CM_MAX_INPUTS] = {NULL}, *into[CM_MAX_INPUTS];
    bool need[CM_MAX_INPUTS];
    if (node->released)
        return cm_refuse(cx, CM_ERR_GRADIENT,
                         "this graph was already used for a gradient; pass retain = true "
                         "the first time to use it again");
    if (!unchanged(cx, node))
        return false;
    for (int i = 0; i < node->n_in; i++) {
        cm_node *input = node->edges[i].node;
        in[i] = node->edges[i].saved;
        need[i] = input && input->visit == w->number && input->needed;
        into[i] = need[i] ? target_of(w, input) : NULL;
    }
    size_t scope = cm_scope_begin(cx);
    cm_vjp v = {.cx = cx,
                .op = node->op,
                .n_in = node->n_in,
                .g = node->grad,
                .out = linked_output(w, node),
                .in = in,
                .edges = node->edges,
                .p = &node->p,
                .need = need,
                .gin = gin,
                .into = into};
    bool ok = (v.out || !node->saved_out) && differentiate(w, &v) && deliver(w, node, &v);
    cm_scope_end(cx, scope);
    return ok;
}

bool cm_walk_run(cm_walk *w, cm_node *root, cm_tensor *seed)
{
    cm_ctx *cx = w->cx;
    bool ok = sort(w, root) && (!root->needed || accumulate(w, root, seed));
    bool recorded = cm_grad_enable(cx, w->options.create_graph);
    for (size_t i = w->count; i-- > 0;) {
        cm_node *node = w->order[i];
        if (ok && node->op && node->grad && !(w->stop_at_targets && node->target)) {
            ok = step(w, node);
            if (!w->options.retain) {
                node->released = true;
                cm_node_drop(cx, node);
            }
        }
        if (!node->target) {
            cm_release(cx, node->grad);
            node->grad = NULL;
        }
    }
    cm_grad_enable(cx, recorded);
    cm_free(cx, w->stack);
    cm_free(cx, w->order);
    return ok;
}
