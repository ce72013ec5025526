/* l_ratings.c - what collaborative filtering of ratings is made of: ridge regression by groups, and
 * neighbours of items.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "cf/neighbours.h"
#include "cf/ridge.h"

static cm_tensor *check_contiguous(lua_State *L, int arg)
{
    cm_tensor *tensor = cmL_check_tensor(L, arg);
    luaL_argcheck(L, cm_is_contiguous(tensor), arg, "a contiguous tensor was expected");
    return tensor;
}

/*** Ridge regression of each group in closed form: the weights w that minimise the sum over its
 * rows of (target - w . features)^2, plus ridge * w^2 for each weight. Not differentiable.
 * @function segment_ridge
 * @tparam Tensor features [n, width]
 * @tparam Ids rows the row of the features of each target; 0 has the features zero
 * @tparam Tensor targets [rows]
 * @tparam Segments segments the groups of the targets
 * @tparam Tensor ridge [width], above 0 unless the features of every group are independent
 * @treturn Tensor [groups, width]; zeros for a group without rows */
static int l_segment_ridge(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *features = check_contiguous(L, 1), *targets = check_contiguous(L, 3);
    cm_ids *rows = cmL_check_ids(L, 2), *segments = cmL_check_segments(L, 4);
    cm_tensor *ridge = check_contiguous(L, 5);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *weights = cm_segment_ridge(cx, features, rows, targets, segments, ridge);
    return cmL_finish(L, cx, mark, box, weights, "segment_ridge");
}

/* Three arguments from `arg` on: segments, ids and a tensor. */
static cm_residuals check_residuals(lua_State *L, int arg)
{
    return (cm_residuals){cmL_check_segments(L, arg), cmL_check_ids(L, arg + 1),
                          check_contiguous(L, arg + 2)};
}

/*** For each item the items that are rated most alike. Similarity is the cosine of the residuals of
 * the users who rated both, times n / (n + shrink) for n such users; only positive ones count.
 * @function item_neighbours
 * @tparam Segments users the rows of each user
 * @tparam Ids items [rows], none unknown
 * @tparam Tensor residuals [rows]: ratings without the means of items and users
 * @tparam Segments items_of the same rows by item: the rows of each item
 * @tparam Ids users_of [rows]
 * @tparam Tensor residuals_of [rows]
 * @tparam integer keep neighbours of an item at most; not more than there are other items
 * @tparam number shrink
 * @treturn Ids the neighbours, keep for each item, most similar first; 0 behind the last
 * @treturn Tensor their similarities [items, keep]; 0 behind the last */
static int l_item_neighbours(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_residuals by_user = check_residuals(L, 1), by_item = check_residuals(L, 4);
    lua_Integer keep = luaL_checkinteger(L, 7);
    double shrink = luaL_checknumber(L, 8);
    cm_ids **items = cmL_push_ids(L);
    cm_tensor **similarities = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cm_neighbours found;
    bool ok = cm_item_neighbours(cx, &by_user, &by_item, keep, shrink, &found);
    if (ok)
        *items = found.items;
    cmL_finish(L, cx, mark, similarities, ok ? found.similarities : NULL, "item_neighbours");
    return 2;
}

/*** What the neighbours of items in the support of a task say of them: the mean of their residuals,
 * weighed by similarity.
 * @function neighbour_means
 * @tparam Ids neighbours as item_neighbours gives them
 * @tparam Tensor similarities [items, keep]
 * @tparam Segments support the support rows of each task
 * @tparam Ids support_items [rows], none unknown
 * @tparam Tensor residuals [rows]
 * @tparam Segments query the query rows of each task
 * @tparam Ids query_items [rows], none unknown
 * @tparam integer nearest how many neighbours count at most
 * @tparam number damp is added to the sum of the weights
 * @treturn Tensor [query rows]; 0 where there is no neighbour */
static int l_neighbour_means(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_neighbours neighbours = {cmL_check_ids(L, 1), check_contiguous(L, 2)};
    cm_residuals support = check_residuals(L, 3);
    cm_ids *query = cmL_check_segments(L, 6), *items = cmL_check_ids(L, 7);
    lua_Integer nearest = luaL_checkinteger(L, 8);
    double damp = luaL_checknumber(L, 9);
    luaL_argcheck(L, damp >= 0, 9, "not negative");
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *means = cm_neighbour_means(cx, &neighbours, &support, items, query, nearest, damp);
    return cmL_finish(L, cx, mark, box, means, "neighbour_means");
}

static const luaL_Reg functions[] = {{"segment_ridge", l_segment_ridge},
                                     {"item_neighbours", l_item_neighbours},
                                     {"neighbour_means", l_neighbour_means},
                                     {NULL, NULL}};

void cmL_open_ratings(lua_State *L)
{
    cmL_register(L, functions);
}
