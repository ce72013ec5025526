/* tensor.c - tensors and scopes. */
#include "tensor/tensor.h"
#include "tensor/iter.h"
#include <math.h>
#include <string.h>

void cm_shape_strides(const cm_shape *shape, int64_t strides[CM_MAX_DIMS])
{
    int64_t step = 1;
    for (int d = shape->ndim - 1; d >= 0; d--) {
        strides[d] = step;
        step *= CM_MAX(shape->dims[d], 1);
    }
}

cm_tensor *cm_scope_adopt(cm_ctx *cx, cm_tensor *tensor)
{
    if (!cm_grow(cx, (void **)&cx->scope, &cx->scope_cap, cx->scope_len + 1, sizeof *cx->scope)) {
        cm_release(cx, tensor);
        return NULL;
    }
    cx->scope[cx->scope_len++] = tensor;
    return tensor;
}

static cm_tensor *make(cm_ctx *cx, cm_storage *storage, const cm_shape *shape,
                       const int64_t *strides, int64_t offset)
{
    cm_tensor *tensor = cm_alloc(cx, sizeof *tensor);
    if (!tensor)
        return NULL;
    *tensor = (cm_tensor){.refs = 1, .shape = *shape, .offset = offset, .storage = storage};
    tensor->count = cm_shape_size(shape);
    if (strides)
        memcpy(tensor->strides, strides, (size_t)shape->ndim * sizeof *strides);
    else
        cm_shape_strides(shape, tensor->strides);
    cm_storage_retain(storage);
    return cm_scope_adopt(cx, tensor);
}

cm_tensor *cm_tensor_new(cm_ctx *cx, const cm_shape *shape)
{
    int64_t count;
    if (!cm_shape_count(cx, shape, &count))
        return NULL;
    cm_storage *storage = cm_storage_new(cx, count);
    if (!storage)
        return NULL;
    cm_tensor *tensor = make(cx, storage, shape, NULL, 0);
    cm_storage_release(cx, storage); /* the tensor holds it now */
    return tensor;
}

cm_tensor *cm_tensor_full(cm_ctx *cx, const cm_shape *shape, double value)
{
    cm_tensor *tensor = cm_tensor_new(cx, shape);
    if (!tensor)
        return NULL;
    cm_real *x = cm_data(tensor);
    if (value == 0 && !signbit(value))
        memset(x, 0, (size_t)tensor->count * sizeof *x);
    else
        for (int64_t i = 0; i < tensor->count; i++)
            x[i] = (cm_real)value;
    return tensor;
}

cm_tensor *cm_tensor_view(cm_ctx *cx, const cm_tensor *base, const cm_shape *shape,
                          const int64_t *strides, int64_t offset)
{
    return make(cx, base->storage, shape, strides, offset);
}

cm_tensor *cm_tensor_detach(cm_ctx *cx, const cm_tensor *base)
{
    return make(cx, base->storage, &base->shape, base->strides, base->offset);
}

cm_tensor *cm_tensor_over(cm_ctx *cx, cm_storage *storage, const cm_shape *shape, int64_t offset)
{
    return make(cx, storage, shape, NULL, offset);
}

cm_real *cm_data(const cm_tensor *tensor)
{
    return tensor->storage->data + tensor->offset;
}

bool cm_is_contiguous(const cm_tensor *tensor)
{
    int64_t step = 1;
    for (int d = tensor->shape.ndim - 1; d >= 0; d--) {
        int64_t n = tensor->shape.dims[d];
        if (n == 0)
            return true;
        if (n > 1 && tensor->strides[d] != step)
            return false;
        step *= n;
    }
    return true;
}

cm_tensor *cm_contiguous(cm_ctx *cx, cm_tensor *tensor)
{
    if (!tensor || cm_is_contiguous(tensor))
        return tensor;
    cm_tensor *copy = cm_tensor_new(cx, &tensor->shape);
    if (copy)
        cm_tensor_copy(copy, tensor);
    return copy;
}

void cm_tensor_copy(cm_tensor *to, const cm_tensor *from)
{
    cm_iter it;
    cm_iter_start(&it, &to->shape, 2, (const cm_tensor *const[]){to, from});
    for (; cm_iter_more(&it); cm_iter_next(&it)) {
        cm_real *o = cm_data(to) + it.at[0];
        const cm_real *a = cm_data(from) + it.at[1];
        if (it.step[0] == 1 && it.step[1] == 1)
            memcpy(o, a, (size_t)it.inner * sizeof *o);
        else
            for (int64_t i = 0; i < it.inner; i++)
                o[i * it.step[0]] = a[i * it.step[1]];
    }
    to->storage->version++;
}

size_t cm_scope_begin(cm_ctx *cx)
{
    return cx->scope_len;
}

void cm_scope_end(cm_ctx *cx, size_t mark)
{
    while (cx->scope_len > mark)
        cm_release(cx, cx->scope[--cx->scope_len]);
}

cm_tensor *cm_scope_end_keep(cm_ctx *cx, size_t mark, cm_tensor *keep)
{
    if (keep)
        cm_retain(keep);
    cm_scope_end(cx, mark);
    return keep ? cm_scope_adopt(cx, keep) : NULL;
}

void cm_tensor_shutdown(cm_ctx *cx)
{
    cm_scope_end(cx, 0);
    cm_storage_trim(cx);
    cx->closed = true; /* from now on released memory is freed, not cached */
}
