/* neighbours.h - item-based nearest neighbours: items with similar ratings, and predictions from
 * the ratings of neighbours. */
#ifndef CM_NEIGHBOURS_H
#define CM_NEIGHBOURS_H

#include "cf/residuals.h"
#include "cf/sparse.h"

/* For each item the `keep` items most similar to it. */
typedef struct cm_neighbours {
    cm_ids *items;           /* [items * keep], most similar first; -1 after the last */
    cm_tensor *similarities; /* [items, keep], 0 after the last */
} cm_neighbours;

/* Similarity is the cosine over the users who rated both, times n / (n + shrink) for n such users;
 * with squares [items] (above 0 for each item that has rows) in place of the squares of what both
 * have, it is x y / sqrt(squares_x squares_y): the cosine over all users, or with ones the plain
 * product. Only positive ones are kept, and in a tie the first item comes first. rows: one segment
 * per user, columns are items below n_items, in any order, each once (or refused). Sums run over
 * the users in order, each pair of items once: the work is half the sum over users of the square of
 * how many items they rated; beside the result it takes 12 bytes a row and 15 for each neighbour
 * that is kept. *out is new: ids with one reference for the caller, the tensor of the open scope.
 */
bool cm_item_neighbours(cm_ctx *cx, const cm_residuals *rows, const cm_tensor *squares,
                        int64_t n_items, int64_t keep, double shrink,
                        cm_neighbours *out) CM_MUST_CHECK;

/* The neighbours as a sparse matrix [items, items] into *out, as cm_sparse_make gives it: row i has
 * the similarities of the neighbours of item i. */
bool cm_neighbours_sparse(cm_ctx *cx, const cm_neighbours *neighbours,
                          cm_sparse *out) CM_MUST_CHECK;

/* For each query row the mean of the residuals of its item's neighbours in the support of its task,
 * weighted by similarity, over the `nearest` most similar ones; `damp` is added to the sum of the
 * weights. 0 where there are none. support: one segment per task, columns are items; if an item is
 * there twice, its last rating is used. query_items [rows] and query_segments (one per task): items
 * that the neighbours know. A tensor [rows] of the open scope. */
cm_tensor *cm_neighbour_means(cm_ctx *cx, const cm_neighbours *neighbours,
                              const cm_residuals *support, const cm_ids *query_items,
                              const cm_ids *query_segments, int64_t nearest,
                              double damp) CM_MUST_CHECK;

#endif
