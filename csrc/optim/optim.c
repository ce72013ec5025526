/* optim.c - the flat block. */
#include "optim/optim.h"
#include <string.h>

#define PAD 16 /* elements: each parameter starts on a cache line */

static int64_t padded(int64_t count)
{
    return (count + PAD - 1) / PAD * PAD;
}

static bool check(cm_ctx *cx, cm_tensor *const *params, int n)
{
    char text[CM_SHAPE_TEXT];
    for (int i = 0; i < n; i++) {
        const cm_tensor *p = params[i];
        if (!p->node || p->node->op)
            return cm_refuse(
                cx, CM_ERR_ARGUMENT,
                "parameter %d (shape %s) is not a leaf: call track() on it before it is used",
                i + 1, cm_shape_text(&p->shape, text));
        if (!cm_is_contiguous(p) || p->offset != 0 || p->count != p->storage->count)
            return cm_refuse(cx, CM_ERR_ARGUMENT,
                             "parameter %d (shape %s) is a view of another tensor: clone it", i + 1,
                             cm_shape_text(&p->shape, text));
        for (int j = 0; j < i; j++)
            if (params[j]->storage == p->storage)
                return cm_refuse(cx, CM_ERR_ARGUMENT, "parameters %d and %d are the same", j + 1,
                                 i + 1);
    }
    return true;
}

static cm_storage *zeros(cm_ctx *cx, int64_t count)
{
    cm_storage *storage = cm_storage_new(cx, count);
    if (storage)
        memset(storage->data, 0, (size_t)count * sizeof(cm_real));
    return storage;
}

/* A tensor shaped as `like`, over the block at `offset`. */
static cm_tensor *part(cm_ctx *cx, cm_storage *block, const cm_tensor *like, int64_t offset)
{
    cm_tensor *view = cm_tensor_over(cx, block, &like->shape, offset);
    if (view)
        cm_retain(view);
    return view;
}

static bool fill(cm_ctx *cx, cm_optim *o, cm_tensor *const *params)
{
    size_t n = (size_t)CM_MAX(o->n, 1);
    o->params = cm_calloc(cx, n, sizeof *o->params);
    o->grads = cm_calloc(cx, n, sizeof *o->grads);
    for (int k = 0; k < o->n_moments; k++) {
        o->moments[k] = cm_calloc(cx, n, sizeof *o->moments[k]);
        o->moment_blocks[k] = zeros(cx, o->count);
    }
    o->value_block = zeros(cx, o->count);
    o->grad_block = zeros(cx, o->count);
    if (cm_error_code(cx) != CM_ERR_OK)
        return false;
    int64_t offset = 0;
    for (int i = 0; i < o->n; i++) {
        o->params[i] = params[i];
        cm_retain(params[i]);
        o->grads[i] = part(cx, o->grad_block, params[i], offset);
        for (int k = 0; k < o->n_moments; k++)
            o->moments[k][i] = part(cx, o->moment_blocks[k], params[i], offset);
        offset += padded(params[i]->count);
    }
    return cm_error_code(cx) == CM_ERR_OK;
}

cm_optim *cm_optim_new(cm_ctx *cx, cm_tensor *const *params, int n, int moments)
{
    if (!check(cx, params, n))
        return NULL;
    cm_optim *o = cm_calloc(cx, 1, sizeof *o);
    if (!o)
        return NULL;
    o->n = n;
    o->n_moments = moments;
    for (int i = 0; i < n; i++)
        o->count += padded(params[i]->count);
    size_t mark = cm_scope_begin(cx);
    bool ok = o->count <= CM_MAX_ELEMENTS
                  ? fill(cx, o, params)
                  : cm_refuse(cx, CM_ERR_LIMIT, "%lld elements in all; at most %lld are supported",
                              (long long)o->count, (long long)CM_MAX_ELEMENTS);
    cm_scope_end(cx, mark);
    if (!ok) {
        cm_optim_free(cx, o);
        return NULL;
    }
    int64_t offset =
        0; /* nothing can fail from here on: the parameters move together or not at all */
    for (int i = 0; i < n; i++) {
        cm_storage_move(cx, params[i]->storage, o->value_block, offset);
        offset += padded(params[i]->count);
    }
    return o;
}

void cm_optim_free(cm_ctx *cx, cm_optim *o)
{
    if (!o)
        return;
    cm_tensor **lists[] = {o->params, o->grads, o->moments[0], o->moments[1]};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        for (int i = 0; lists[l] && i < o->n; i++)
            cm_release(cx, lists[l][i]);
        cm_free(cx, lists[l]);
    }
    cm_storage_release(cx, o->value_block);
    cm_storage_release(cx, o->grad_block);
    for (int k = 0; k < o->n_moments; k++)
        cm_storage_release(cx, o->moment_blocks[k]);
    cm_free(cx, o);
}

bool cm_optim_backward(cm_ctx *cx, cm_optim *o, cm_tensor *loss)
{
    size_t mark = cm_scope_begin(cx);
    o->grad_block->version++; /* before the walk, which may read it if the loss depends on it */
    bool ok = cm_grad_into(cx, loss, o->params, o->grads, o->n);
    cm_scope_end(cx, mark);
    if (!ok)
        cm_optim_clear(o);
    return ok;
}

void cm_optim_clear(cm_optim *o)
{
    o->grad_block->version++;
    memset(o->grad_block->data, 0, (size_t)o->count * sizeof(cm_real));
}

bool cm_optim_owns(cm_ctx *cx, const cm_optim *o)
{
    for (int i = 0; i < o->n; i++)
        if (o->params[i]->storage->block != o->value_block)
            return cm_refuse(cx, CM_ERR_STATE,
                             "parameter %d belongs to an optimiser that was made later", i + 1);
    return true;
}

bool cm_optim_same_layout(const cm_optim *a, const cm_optim *b)
{
    for (int i = 0; a->n == b->n && i < a->n; i++)
        if (!cm_shape_equal(&a->params[i]->shape, &b->params[i]->shape))
            return false;
    return a->n == b->n;
}

void cm_optim_set_values(cm_optim *o, const cm_real *values)
{
    memcpy(o->value_block->data, values, (size_t)o->count * sizeof(cm_real));
    for (int i = 0; i < o->n; i++)
        o->params[i]->storage->version++;
}
