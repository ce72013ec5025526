/* best.h - lists of the best: of all candidates that are offered to a list the `keep` most similar
 * ones stay. */
#ifndef CM_BEST_H
#define CM_BEST_H

#include "base/ctx.h"

/* Each list has room for some more than are kept: when it is full, all but the best are dropped. */
typedef struct cm_best {
    int64_t lists, keep, room;
    int32_t *items;     /* [lists, room] the candidates, in no order, */
    double *similarity; /* [lists, room] and how similar they are */
    int64_t *sizes;     /* [lists] */
    double *least;      /* [lists] a similarity that `keep` of the list reach; else 0 */
} cm_best;

/* Empty lists into *best; to be given to cm_best_close, also after a failure. */
bool cm_best_open(cm_ctx *cx, cm_best *best, int64_t lists, int64_t keep) CM_MUST_CHECK;

/* Frees the lists. */
void cm_best_close(cm_ctx *cx, cm_best *best);

/* Brings to the cache where a candidate would be written: for whom the lists are too many to lie
 * there, some candidates ahead. */
static inline void cm_best_expect(const cm_best *best, int32_t list, double similarity)
{
    int64_t at = list * best->room + best->sizes[list];
    if (similarity >= best->least[list]) {
        CM_PREFETCH(&best->items[at]);
        CM_PREFETCH(&best->similarity[at]);
    }
}

/* Drops all but the best of a full list. */
void cm_best_prune(cm_best *best, int32_t list);

/* Offers a candidate, of a similarity above 0, once to a list. */
static inline void cm_best_offer(cm_best *best, int32_t list, int32_t item, double similarity)
{
    if (similarity < best->least[list])
        return;
    int64_t size = best->sizes[list]++, at = list * best->room + size;
    best->items[at] = item;
    best->similarity[at] = similarity;
    if (size + 1 == best->room)
        cm_best_prune(best, list);
}

/* Sorts the best of a list, the most similar first, in a tie the first item; -1 and 0 in the places
 * behind the last. items and similarities: [keep]. */
void cm_best_write(cm_best *best, int64_t list, int32_t *items, cm_real *similarities);

#endif
