/* grad.c - gradients of a loss. */
#include "autograd/walk.h"

bool cm_track(cm_ctx *cx, cm_tensor *tensor)
{
    if (tensor->node)
        return tensor->node->op == NULL ||
               cm_refuse(
                   cx, CM_ERR_GRADIENT,
                   "this tensor was derived by %s: it is tracked already, and only a detached "
                   "copy can be made a leaf",
                   tensor->node->op->name);
    tensor->node = cm_node_leaf(cx);
    return tensor->node != NULL;
}

static bool check_targets(cm_ctx *cx, const cm_tensor *loss, cm_tensor *const *xs, int n)
{
    if (!loss->node)
        return cm_refuse(cx, CM_ERR_GRADIENT,
                         "the loss depends on no tracked tensor (was it computed under no_grad?)");
    for (int i = 0; i < n; i++)
        if (!xs[i]->node)
            return cm_refuse(cx, CM_ERR_GRADIENT,
                             "tensor %d is not tracked: call track() on it before it is used",
                             i + 1);
    return true;
}

/* The gradient of the loss with respect to itself: ones. */
static cm_tensor *seed_of(cm_ctx *cx, const cm_tensor *loss, cm_tensor *grad_out)
{
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    if (grad_out && !cm_shape_equal(&grad_out->shape, &loss->shape))
        return cm_fail(cx, CM_ERR_SHAPE, "grad_out has shape %s, the loss %s",
                       cm_shape_text(&grad_out->shape, a), cm_shape_text(&loss->shape, b));
    if (grad_out)
        return grad_out;
    if (loss->count != 1)
        return cm_fail(cx, CM_ERR_SHAPE,
                       "the loss has shape %s, but must be a scalar (or pass grad_out)",
                       cm_shape_text(&loss->shape, a));
    return cm_tensor_full(cx, &loss->shape, 1);
}

/* Whether nothing else holds a gradient or its storage: then it can be returned without a copy. */
static bool is_alone(const cm_tensor *g)
{
    return g->refs == 1 && g->storage->refs == 1 && cm_is_contiguous(g);
}

bool cm_grad(cm_ctx *cx, cm_tensor *loss, cm_tensor *grad_out, cm_tensor *const *xs, int n,
             cm_grad_options options, cm_tensor **grads)
{
    if (!check_targets(cx, loss, xs, n))
        return false;
    cm_tensor *seed = seed_of(cx, loss, grad_out);
    if (!seed)
        return false;
    options.retain |= options.create_graph;
    cm_walk w = cm_walk_new(cx, options);
    for (int i = 0; i < n; i++)
        cm_walk_aim(&w, xs[i]->node);
    bool ok = cm_walk_run(&w, loss->node, seed);
    for (int i = 0; i < n; i++) {
        cm_tensor *g = xs[i]->node->grad;
        if (g && ok && !options.create_graph && !is_alone(g)) {
            cm_tensor *copy = cm_tensor_new(cx, &g->shape);
            if (copy)
                cm_tensor_copy(copy, g);
            grads[i] = copy;
            ok = copy != NULL;
            continue;
        }
        if (g)
            cm_retain(g);
        grads[i] = !ok ? NULL : g ? cm_scope_adopt(cx, g) : cm_tensor_full(cx, &xs[i]->shape, 0);
        if (!ok)
            cm_release(cx, g);
        ok = ok && grads[i];
    }
    for (int i = 0; i < n; i++) {
        cm_release(cx, xs[i]->node->grad);
        xs[i]->node->grad = NULL;
    }
    return ok;
}

bool cm_grad_into(cm_ctx *cx, cm_tensor *loss, cm_tensor *const *leaves, cm_tensor *const *sinks,
                  int n)
{
    if (!check_targets(cx, loss, leaves, n))
        return false;
    cm_tensor *seed = seed_of(cx, loss, NULL);
    if (!seed)
        return false;
    cm_walk w = cm_walk_new(cx, (cm_grad_options){0});
    for (int i = 0; i < n; i++) {
        cm_walk_aim(&w, leaves[i]->node);
        leaves[i]->node->sink = sinks[i];
    }
    bool ok = cm_walk_run(&w, loss->node, seed);
    for (int i = 0; i < n; i++)
        leaves[i]->node->sink = NULL;
    return ok;
}
