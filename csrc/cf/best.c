/* best.c - see best.h. */
#include "cf/best.h"

/* A list, or a part of it. */
typedef struct candidates {
    int32_t *items;
    double *similarity;
} candidates;

static candidates list_of(const cm_best *best, int64_t list)
{
    return (candidates){best->items + list * best->room, best->similarity + list * best->room};
}

/* Whether entry i is the better of two; in a tie it is the first item. */
static bool better(candidates c, int64_t i, int64_t j)
{
    return c.similarity[i] > c.similarity[j] ||
           (c.similarity[i] == c.similarity[j] && c.items[i] < c.items[j]);
}

static void swap(candidates c, int64_t i, int64_t j)
{
    int32_t item = c.items[i];
    double similarity = c.similarity[i];
    c.items[i] = c.items[j];
    c.similarity[i] = c.similarity[j];
    c.items[j] = item;
    c.similarity[j] = similarity;
}

/* Moves an entry of [from, to), at least 2 of them, to where it belongs: what is better before it,
 * all else behind. Returns its place. */
static int64_t divide(candidates c, int64_t from, int64_t to)
{
    int64_t middle = from + (to - from) / 2, last = to - 1, place = from;
    if (better(c, middle, from))
        swap(c, middle, from);
    if (better(c, last, from))
        swap(c, last, from);
    if (better(c, middle, last)) /* the median of three goes last */
        swap(c, middle, last);
    for (int64_t i = from; i < last; i++)
        if (better(c, i, last))
            swap(c, i, place++);
    swap(c, place, last);
    return place;
}

/* Brings the n best of the first `to` to the front. */
static void choose(candidates c, int64_t n, int64_t to)
{
    int64_t from = 0;
    while (to - from > 1) {
        int64_t place = divide(c, from, to);
        if (place == n - 1)
            return;
        if (place < n)
            from = place + 1;
        else
            to = place;
    }
}

/* Sorts [from, to): the smaller part by a call, so that calls do not nest deeply. */
static void sort(candidates c, int64_t from, int64_t to)
{
    while (to - from > 1) {
        int64_t place = divide(c, from, to);
        if (place - from < to - place) {
            sort(c, from, place);
            from = place + 1;
        } else {
            sort(c, place + 1, to);
            to = place;
        }
    }
}

bool cm_best_open(cm_ctx *cx, cm_best *best, int64_t lists, int64_t keep)
{
    int64_t room = keep + CM_MAX(keep / 4, 128);
    size_t slots;
    *best = (cm_best){.lists = lists, .keep = keep, .room = room};
    if (!cm_mul_size((size_t)lists, (size_t)room, &slots) || slots > SIZE_MAX / sizeof(double))
        return cm_refuse(cx, CM_ERR_LIMIT, "%lld lists of %lld", (long long)lists, (long long)keep);
    best->items = cm_alloc(cx, slots * sizeof *best->items);
    best->similarity = cm_alloc(cx, slots * sizeof *best->similarity);
    best->sizes = cm_calloc(cx, (size_t)lists, sizeof *best->sizes);
    best->least = cm_calloc(cx, (size_t)lists, sizeof *best->least);
    return best->items && best->similarity && best->sizes && best->least;
}

void cm_best_close(cm_ctx *cx, cm_best *best)
{
    cm_free(cx, best->items);
    cm_free(cx, best->similarity);
    cm_free(cx, best->sizes);
    cm_free(cx, best->least);
}

void cm_best_prune(cm_best *best, int32_t list)
{
    candidates c = list_of(best, list);
    if (best->keep > 0)
        choose(c, best->keep, best->sizes[list]);
    double least = best->keep > 0 ? c.similarity[0] : 0;
    for (int64_t j = 1; j < best->keep; j++)
        least = CM_MIN(least, c.similarity[j]);
    best->sizes[list] = best->keep;
    best->least[list] = least;
}

void cm_best_write(cm_best *best, int64_t list, int32_t *items, cm_real *similarities)
{
    candidates c = list_of(best, list);
    int64_t n = CM_MIN(best->sizes[list], best->keep);
    choose(c, n, best->sizes[list]);
    sort(c, 0, n);
    for (int64_t j = 0; j < best->keep; j++) {
        items[j] = j < n ? c.items[j] : -1;
        similarities[j] = j < n ? (cm_real)c.similarity[j] : 0;
    }
}
