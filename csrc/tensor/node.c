/* node.c - making nodes. */
#include "tensor/node.h"

#define SAVE_OUT 0x80000000u

static cm_node *make(cm_ctx *cx, int n_in)
{
    cm_node *node = cm_calloc(cx, 1, sizeof *node + (size_t)n_in * sizeof(cm_edge));
    if (node) {
        node->refs = 1;
        node->n_in = n_in;
    }
    return node;
}

cm_node *cm_node_leaf(cm_ctx *cx)
{
    return make(cx, 0);
}

bool cm_records(const cm_ctx *cx, cm_tensor *const *in, int n_in)
{
    if (!cx->grad_enabled)
        return false;
    for (int i = 0; i < n_in; i++)
        if (in[i]->node)
            return true;
    return false;
}

bool cm_record(cm_ctx *cx, const struct cm_op *op, unsigned saves, cm_tensor *const *in, int n_in,
               const cm_params *p, cm_tensor *out)
{
    cm_node *node = make(cx, n_in);
    if (!node)
        return false;
    node->op = op;
    node->p = *p;
    for (int s = 0; s < CM_PARAM_SLOTS; s++)
        cm_ids_retain(node->p.ids[s]);
    for (int i = 0; i < n_in; i++) {
        cm_edge *edge = &node->edges[i];
        edge->shape = in[i]->shape;
        edge->node = in[i]->node;
        if (edge->node)
            cm_node_retain(edge->node);
        if (i < 31 && (saves & (1u << i))) {
            edge->saved = in[i];
            edge->version = in[i]->storage->version;
            cm_retain(in[i]);
        }
    }
    if (saves & SAVE_OUT) {
        cm_tensor *bare = cm_tensor_detach(cx, out);
        if (!bare) {
            cm_node_release(cx, node);
            return false;
        }
        cm_retain(bare);
        node->saved_out = bare;
        node->out_version = out->storage->version;
    }
    out->node = node;
    return true;
}
