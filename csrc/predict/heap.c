/* heap.c - see heap.h. */
#include "predict/heap.h"

/* Whether a comes behind b in a list. */
static bool is_worse(const cm_heap *h, int32_t a, int32_t b)
{
    return h->scores[a] < h->scores[b] ||
           (h->scores[a] == h->scores[b] && h->items[a] > h->items[b]);
}

static void swap(cm_heap *h, int32_t a, int32_t b)
{
    int32_t item = h->items[a];
    cm_real score = h->scores[a];
    h->items[a] = h->items[b];
    h->scores[a] = h->scores[b];
    h->items[b] = item;
    h->scores[b] = score;
}

/* Moves the entry at `at` down to where no worse one is below it, among the first n. */
static void sift(cm_heap *h, int32_t at, int32_t n)
{
    for (;;) {
        int32_t worst = at, left = 2 * at + 1;
        for (int32_t child = left; child < left + 2 && child < n; child++)
            worst = is_worse(h, child, worst) ? child : worst;
        if (worst == at)
            return;
        swap(h, at, worst);
        at = worst;
    }
}

void cm_heap_offer(cm_heap *h, int32_t item, cm_real score)
{
    if (!cm_heap_wants(h, score)) /* equal ones came before */
        return;
    if (h->found == h->n) {
        h->items[0] = item;
        h->scores[0] = score;
        sift(h, 0, h->n);
        return;
    }
    int32_t at = h->found++;
    h->items[at] = item;
    h->scores[at] = score;
    for (; at > 0 && is_worse(h, at, (at - 1) / 2); at = (at - 1) / 2)
        swap(h, at, (at - 1) / 2);
}

void cm_heap_sort(cm_heap *h)
{
    for (int32_t n = h->found - 1; n > 0; n--) {
        swap(h, 0, n);
        sift(h, 0, n);
    }
}
