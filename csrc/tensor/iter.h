/* iter.h - walks up to four strided operands together.
 *
 * Adjacent dims that all operands traverse with one stride are merged first, so that contiguous
 * operands of any shape become a single inner run:
 *
 *     cm_iter it;
 *     cm_iter_start(&it, &shape, 2, (const cm_tensor *const[]){out, a});
 *     for (; cm_iter_more(&it); cm_iter_next(&it))
 *         ... it.inner elements from it.at[k], it.step[k] apart
 *
 * Operands are right-aligned with the shape; a missing dim or a size of 1 repeats (stride 0). */
#ifndef CM_ITER_H
#define CM_ITER_H

#include "tensor/tensor.h"

#define CM_ITER_OPERANDS 4

typedef struct cm_iter {
    int operands, ndim;
    int64_t dims[CM_MAX_DIMS], index[CM_MAX_DIMS];
    int64_t strides[CM_ITER_OPERANDS][CM_MAX_DIMS];
    int64_t at[CM_ITER_OPERANDS];   /* offset of the inner run from the operand's first element */
    int64_t step[CM_ITER_OPERANDS]; /* stride within the inner run */
    int64_t inner, runs;            /* elements of a run; remaining runs */
} cm_iter;

static inline void cm_iter_start(cm_iter *it, const cm_shape *shape, int operands,
                                 const cm_tensor *const *tensors)
{
    it->operands = operands;
    it->ndim = 0;
    it->runs = 1;
    for (int k = 0; k < operands; k++)
        it->at[k] = 0;
    for (int d = 0; d < shape->ndim; d++) {
        int64_t n = shape->dims[d], step[CM_ITER_OPERANDS];
        if (n == 0)
            it->runs = 0;
        if (n == 1)
            continue;
        bool merges = it->ndim > 0;
        for (int k = 0; k < operands; k++) {
            const cm_tensor *t = tensors[k];
            int own = d - (shape->ndim - t->shape.ndim);
            step[k] = own < 0 || t->shape.dims[own] == 1 ? 0 : t->strides[own];
            if (merges && it->strides[k][it->ndim - 1] != step[k] * n)
                merges = false;
        }
        int into = merges ? it->ndim - 1 : it->ndim++;
        it->dims[into] = merges ? it->dims[into] * n : n;
        for (int k = 0; k < operands; k++)
            it->strides[k][into] = step[k];
    }
    it->inner = it->ndim > 0 ? it->dims[it->ndim - 1] : 1;
    for (int k = 0; k < operands; k++)
        it->step[k] = it->ndim > 0 ? it->strides[k][it->ndim - 1] : 1;
    for (int d = 0; d < it->ndim - 1; d++) {
        it->index[d] = 0;
        it->runs *= it->dims[d];
    }
}

static inline bool cm_iter_more(const cm_iter *it)
{
    return it->runs > 0;
}

static inline void cm_iter_next(cm_iter *it)
{
    it->runs--;
    for (int d = it->ndim - 2; d >= 0; d--) {
        for (int k = 0; k < it->operands; k++)
            it->at[k] += it->strides[k][d];
        if (++it->index[d] < it->dims[d])
            return;
        for (int k = 0; k < it->operands; k++)
            it->at[k] -= it->strides[k][d] * it->dims[d];
        it->index[d] = 0;
    }
}

#endif
