/* release.c - reference counts of tensors and nodes, and releasing them.
 *
 * One file for both: a tensor holds its node, and a node holds the tensors that it saved. */
#include "tensor/node.h"

void cm_retain(cm_tensor *tensor)
{
    tensor->refs++;
}

void cm_release(cm_ctx *cx, cm_tensor *tensor)
{
    if (!tensor || --tensor->refs > 0)
        return;
    cm_node *node = tensor->node;
    cm_storage_release(cx, tensor->storage);
    cm_free(cx, tensor);
    if (node)
        cm_node_release(cx, node);
}

void cm_node_retain(cm_node *node)
{
    node->refs++;
}

void cm_node_drop(cm_ctx *cx, cm_node *node)
{
    for (int i = 0; i < node->n_in; i++) {
        cm_release(cx, node->edges[i].saved);
        node->edges[i].saved = NULL;
    }
    cm_release(cx, node->saved_out);
    node->saved_out = NULL;
    cm_release(cx, node->p.kept);
    node->p.kept = NULL;
}

static void destroy(cm_ctx *cx, cm_node *node)
{
    cm_node_drop(cx, node);
    for (int i = 0; i < node->n_in; i++)
        if (node->edges[i].node)
            cm_node_release(cx, node->edges[i].node);
    for (int s = 0; s < CM_PARAM_SLOTS; s++)
        cm_ids_release(cx, node->p.ids[s]);
    cm_release(cx, node->grad);
    cm_free(cx, node);
}

/* Whatever dies while a node is being released joins a list instead of the C stack: a graph may be
 * a million ops deep. */
void cm_node_release(cm_ctx *cx, cm_node *node)
{
    if (--node->refs > 0)
        return;
    node->next_dead = cx->dead_nodes;
    cx->dead_nodes = node;
    if (cx->releasing)
        return;
    cx->releasing = true;
    while (cx->dead_nodes) {
        cm_node *dead = cx->dead_nodes;
        cx->dead_nodes = dead->next_dead;
        destroy(cx, dead);
    }
    cx->releasing = false;
}
