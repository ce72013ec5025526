/* heap.h - the items with the highest scores among those that are offered. */
#ifndef CM_HEAP_H
#define CM_HEAP_H

#include "base/config.h"

/* At most n of them, the worst first; of equal scores the item with the higher number is the worse.
 */
typedef struct cm_heap {
    int32_t *items; /* [n], the caller's, */
    cm_real *scores;
    int32_t n, found;
} cm_heap;

/* Whether an offer would be taken of an item that comes behind all that were offered. */
static inline bool cm_heap_wants(const cm_heap *heap, cm_real score)
{
    return heap->found < heap->n || score > heap->scores[0];
}

/* Offers an item; items are offered in ascending order, and n is at least 1. */
void cm_heap_offer(cm_heap *heap, int32_t item, cm_real score);

/* Sorts them, best first. Nothing can be offered afterwards. */
void cm_heap_sort(cm_heap *heap);

#endif
