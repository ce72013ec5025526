/* l_cf.c - collaborative filtering in Lua: factors of sparse matrices, neighbours of items and of
 * people. A matrix is a table with three fields: rows (segments, one a
 * row), columns (ids) and weights (tensor).
 *
 * @module cmml.core */
#include "bind/sparse.h"
#include "cf/als.h"
#include "cf/bpr.h"
#include "cf/factor_analysis.h"
#include "cf/neighbours.h"
#include "cf/pull.h"
#include "cf/user_neighbours.h"

/*** A sparse matrix from its entries in any order. Weights of the same cell are summed; entries of
 * weight 0 are dropped. Raises if a weight is negative or not finite.
 * @function sparse
 * @tparam Ids rows row of each entry
 * @tparam Ids columns column of each entry
 * @tparam ?Tensor weights [entries], not negative; nil: all 1
 * @tparam integer n_rows
 * @tparam integer n_columns
 * @treturn table rows (Segments, one per row), columns (Ids, ascending within a row), weights
 * (Tensor) */
static int l_sparse(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_Integer n_rows = luaL_checkinteger(L, 4), n_columns = luaL_checkinteger(L, 5);
    luaL_argcheck(L, n_rows >= 0 && n_rows < INT32_MAX, 4, "not negative and below 2^31");
    luaL_argcheck(L, n_columns >= 0 && n_columns < INT32_MAX, 5, "not negative and below 2^31");
    cm_ids *rows = cmL_check_ids(L, 1), *columns = cmL_check_ids(L, 2);
    cm_tensor *weights = lua_isnil(L, 3) ? NULL : cmL_check_tensor(L, 3);
    luaL_argcheck(L, !weights || cm_is_contiguous(weights), 3, "a contiguous tensor was expected");
    cmL_sparse_boxes boxes = cmL_push_sparse(L);
    size_t mark = cm_scope_begin(cx);
    cm_sparse made = {0};
    bool ok = cm_sparse_make(cx, rows, columns, weights, n_rows, n_columns, &made);
    cmL_finish_sparse(L, cx, mark, &boxes, ok, &made, "sparse");
    return 1;
}

/*** Random initial vectors of a factorisation: normal, zeros for a row without entries. The vector
 * of a row depends on (seed, side, row) alone.
 * @function new_factors
 * @tparam table matrix as sparse gives it
 * @tparam integer factors dimension of the vectors
 * @tparam table options seed, side (distinguishes tables of one seed; default 0), scale (standard
 * deviation, default 0.1)
 * @treturn Tensor [rows, factors] */
static int l_new_factors(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_Integer factors = luaL_checkinteger(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    uint64_t seed = (uint64_t)cmL_field_integer(L, 3, "seed", 0);
    uint32_t side = cmL_field_key(L, 3, "side", 0);
    double scale = cmL_field_number(L, 3, "scale", 0.1);
    cm_sparse matrix = cmL_check_sparse(L, 1);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    return cmL_finish(L, cx, mark, box, cm_factors_new(cx, &matrix, factors, seed, side, scale),
                      "new_factors");
}

static cm_als_options check_als(lua_State *L, int arg)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    return (cm_als_options){.alpha = cmL_field_number(L, arg, "alpha", 1),
                            .regularization = cmL_field_number(L, arg, "regularization", 0.01),
                            .steps = cmL_field_integer(L, arg, "steps", 3)};
}

/*** Half an iteration of implicit alternating least squares: updates the vectors of the rows for
 * fixed vectors of the columns.
 * @function als_sweep
 * @tparam table matrix as sparse gives it
 * @tparam Tensor y [columns, factors]
 * @tparam Tensor start [rows, factors], initial vectors of the rows
 * @tparam table options alpha (default 1), regularization (0.01), steps of conjugate gradients (3)
 * @treturn Tensor [rows, factors], zeros for a row without entries */
static int l_als_sweep(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_als_options options = check_als(L, 4);
    cm_sparse matrix = cmL_check_sparse(L, 1);
    cm_tensor **box = cmL_push_tensor(L);
    cm_tensor *y = cmL_check_tensor(L, 2), *start = cmL_check_tensor(L, 3);
    size_t mark = cm_scope_begin(cx);
    return cmL_finish(L, cx, mark, box, cm_als_sweep(cx, &matrix, y, start, &options), "als_sweep");
}

/*** The objective of implicit alternating least squares: the squared errors of all cells, weighted
 * by their confidence 1 + alpha * weight, plus the L2 regularisation of the vectors.
 * @function als_loss
 * @tparam table matrix as sparse gives it
 * @tparam Tensor x [rows, factors]
 * @tparam Tensor y [columns, factors]
 * @tparam table options alpha, regularization as of als_sweep
 * @treturn number */
static int l_als_loss(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_als_options options = check_als(L, 4);
    cm_sparse matrix = cmL_check_sparse(L, 1);
    cm_tensor *x = cmL_check_tensor(L, 2), *y = cmL_check_tensor(L, 3);
    double loss = 0;
    size_t mark = cm_scope_begin(cx);
    bool ok = cm_als_loss(cx, &matrix, x, y, &options, &loss);
    cm_scope_end(cx, mark);
    if (!ok)
        return cmL_raise(L, cx, "als_loss");
    lua_pushnumber(L, loss);
    return 1;
}

/* A contiguous copy. */
static cm_tensor *copy_of(cm_ctx *cx, const cm_tensor *from)
{
    cm_tensor *copy = cm_tensor_new(cx, &from->shape);
    if (copy)
        cm_tensor_copy(copy, from);
    return copy;
}

/*** One epoch of Bayesian personalised ranking, with as many steps as the matrix has entries: each
 * draws an entry and a column without an entry in its row, uniformly.
 * @function bpr_epoch
 * @tparam table matrix as sparse gives it; its weights are ignored
 * @tparam Tensor x [rows, factors]
 * @tparam Tensor y [columns, factors]
 * @tparam table options rate (learning rate, default 0.05), regularization (0.01), seed, epoch (of
 * the draws)
 * @treturn Tensor updated x
 * @treturn Tensor updated y
 * @treturn number fraction of pairs that were ranked correctly when drawn; NaN if none was drawn */
static int l_bpr_epoch(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 4, LUA_TTABLE);
    cm_bpr_options options = {.rate = cmL_field_number(L, 4, "rate", 0.05),
                              .regularization = cmL_field_number(L, 4, "regularization", 0.01),
                              .seed = (uint64_t)cmL_field_integer(L, 4, "seed", 0),
                              .epoch = cmL_field_key(L, 4, "epoch", 0)};
    cm_sparse matrix = cmL_check_sparse(L, 1);
    cm_tensor **x_box = cmL_push_tensor(L), **y_box = cmL_push_tensor(L);
    cm_tensor *x = cmL_check_tensor(L, 2), *y = cmL_check_tensor(L, 3);
    double right = 0;
    size_t mark = cm_scope_begin(cx);
    x = copy_of(cx, x);
    y = copy_of(cx, y);
    bool ok = x && y && cm_bpr_epoch(cx, &matrix, x, y, &options, &right);
    if (ok) {
        cm_retain(*x_box = x);
        cm_retain(*y_box = y);
    }
    cm_scope_end(cx, mark);
    if (!ok)
        return cmL_raise(L, cx, "bpr_epoch");
    lua_pushnumber(L, right);
    return 3;
}

/* Three arguments from `arg` on: segments, ids and a tensor. */
static cm_residuals check_residuals(lua_State *L, int arg)
{
    return (cm_residuals){cmL_check_segments(L, arg), cmL_check_ids(L, arg + 1),
                          cmL_check_contiguous(L, arg + 2)};
}

/*** For each item its most similar items. Similarity is the cosine of the residuals of the users
 * who rated both, times n / (n + shrink) for n such users; only positive ones are kept.
 * @function item_neighbours
 * @tparam Segments users the rows of each user
 * @tparam Ids items [rows], none unknown, each of a user once
 * @tparam Tensor residuals [rows]: ratings without the means of items and users
 * @tparam integer n_items how many items there are
 * @tparam integer keep maximum number of neighbours per item; at most the number of other items
 * @tparam number shrink
 * @tparam ?Tensor squares [items], above 0: by whose roots products are divided in place of the
 * squares of what both have; the squares of all of an item for the cosine over all users, ones for
 * the plain product
 * @treturn Ids the neighbours, keep for each item, most similar first; 0 after the last
 * @treturn Tensor their similarities [items, keep]; 0 after the last */
static int l_item_neighbours(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_residuals rows = check_residuals(L, 1);
    lua_Integer n_items = luaL_checkinteger(L, 4), keep = luaL_checkinteger(L, 5);
    double shrink = luaL_checknumber(L, 6);
    cm_tensor *squares = lua_isnoneornil(L, 7) ? NULL : cmL_check_contiguous(L, 7);
    cm_ids **items = cmL_push_ids(L);
    cm_tensor **similarities = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cm_neighbours found;
    bool ok = cm_item_neighbours(cx, &rows, squares, n_items, keep, shrink, &found);
    if (ok)
        *items = found.items;
    cmL_finish(L, cx, mark, similarities, ok ? found.similarities : NULL, "item_neighbours");
    return 2;
}

/*** Predictions from the neighbours of items in the support of a task: the mean of their residuals,
 * weighted by similarity.
 * @function neighbour_means
 * @tparam Ids neighbours as item_neighbours gives them
 * @tparam Tensor similarities [items, keep]
 * @tparam Segments support the support rows of each task
 * @tparam Ids support_items [rows], none unknown
 * @tparam Tensor residuals [rows]
 * @tparam Segments query the query rows of each task
 * @tparam Ids query_items [rows], none unknown
 * @tparam integer nearest maximum number of neighbours used
 * @tparam number damp is added to the sum of the weights
 * @treturn Tensor [query rows]; 0 without a neighbour */
static int l_neighbour_means(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_neighbours neighbours = {cmL_check_ids(L, 1), cmL_check_contiguous(L, 2)};
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

/*** Predictions for people from those who rated as they did: the mean of what is left over of their
 * ratings of an item, weighted by similarity. Similarity is a cosine, times n / (n + shrink) for n
 * items in common; only positive ones count.
 * @function user_neighbour_means
 * @tparam Segments by_item the known rows of each item
 * @tparam Ids users [rows], none unknown
 * @tparam Tensor known [rows]: ratings without the means of items and users
 * @tparam Segments support the support rows of each task
 * @tparam Ids support_items [rows], none unknown
 * @tparam Tensor residuals [rows]
 * @tparam Segments query the query rows of each task
 * @tparam Ids query_items [rows], none unknown
 * @tparam ?Tensor squares [users] the sum of the squares of what each user has: the cosine is over
 * all that both rated; nil: over the items in common (Pearson)
 * @tparam integer nearest maximum number of neighbours used
 * @tparam number shrink
 * @tparam number damp is added to the sum of the weights
 * @treturn Tensor [query rows]; 0 without a neighbour */
static int l_user_neighbour_means(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_user_weighting by = {.nearest = luaL_checkinteger(L, 10),
                            .shrink = luaL_checknumber(L, 11),
                            .damp = luaL_checknumber(L, 12)};
    cm_tensor **box = cmL_push_tensor(L);
    cm_residuals known = check_residuals(L, 1), support = check_residuals(L, 4);
    cm_ids *query = cmL_check_segments(L, 7), *items = cmL_check_ids(L, 8);
    by.squares = lua_isnil(L, 9) ? NULL : cmL_check_contiguous(L, 9);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *means = cm_user_neighbour_means(cx, &known, &by, &support, items, query);
    return cmL_finish(L, cx, mark, box, means, "user_neighbour_means");
}

/*** One iteration of EM of a factor analysis of ratings: a rating of item i is mean_i + loadings_i
 * . z + noise, with z and the noise normal. The log likelihood less the penalty of the prior never
 * decreases from one iteration to the next.
 * @function factor_sweep
 * @tparam Segments users the rows of each user
 * @tparam Ids items [rows], none unknown
 * @tparam Tensor ratings [rows]
 * @tparam Tensor loadings [items, factors]
 * @tparam Tensor means [items]
 * @tparam Tensor noise [items], variances above 0
 * @tparam Tensor centre [factors + 1], what loadings and, as the last, means are pulled to
 * @tparam table options loading_shrink, mean_shrink (number of imaginary ratings that pull, default
 * 0), noise (variance that is pulled to, default 1), noise_shrink (default 1)
 * @treturn Tensor updated loadings
 * @treturn Tensor updated means
 * @treturn Tensor updated noise
 * @treturn number log likelihood before the update
 * @treturn number penalty of the prior before the update, which is to be subtracted from it */
static int l_factor_sweep(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 8, LUA_TTABLE);
    cm_factor_prior prior = {.loading_strength = cmL_field_number(L, 8, "loading_shrink", 0),
                             .mean_strength = cmL_field_number(L, 8, "mean_shrink", 0),
                             .noise = cmL_field_number(L, 8, "noise", 1),
                             .noise_strength = cmL_field_number(L, 8, "noise_shrink", 1)};
    cm_tensor **loadings = cmL_push_tensor(L), **means = cmL_push_tensor(L);
    cm_tensor **noise = cmL_push_tensor(L);
    cm_residuals ratings = check_residuals(L, 1);
    cm_item_factors from = {cmL_check_contiguous(L, 4), cmL_check_contiguous(L, 5),
                            cmL_check_contiguous(L, 6)};
    prior.centre = cmL_check_contiguous(L, 7);
    cm_item_factors to;
    cm_factor_fit fit;
    size_t mark = cm_scope_begin(cx);
    bool ok = cm_factor_sweep(cx, &ratings, &from, &prior, &to, &fit);
    if (ok) {
        cm_retain(*loadings = to.loadings);
        cm_retain(*means = to.means);
        cm_retain(*noise = to.noise);
    }
    cm_scope_end(cx, mark);
    if (!ok)
        return cmL_raise(L, cx, "factor_sweep");
    lua_pushnumber(L, fit.log_likelihood);
    lua_pushnumber(L, fit.penalty);
    return 5;
}

/*** Scores pulled to the ratings of a scale: a piecewise linear function of each that rises
 * everywhere. Its slope is 1 - pull within a quarter of a step of a rating, 1 + pull between, and 1
 * - 2 pull from a quarter of a step before the first and the last rating outwards. Not
 * differentiable.
 * @function pull_scores
 * @tparam Tensor scores
 * @tparam number smallest rating
 * @tparam number step between ratings, above 0
 * @tparam integer steps from the smallest rating to the largest, at least 1
 * @tparam number pull from 0 and below 0.5
 * @treturn Tensor of the same shape */
static int l_pull_scores(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *scores = cmL_check_contiguous(L, 1);
    cm_rating_scale scale = {luaL_checknumber(L, 2), luaL_checknumber(L, 3),
                             luaL_checkinteger(L, 4)};
    double pull = luaL_checknumber(L, 5);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *pulled = cm_pull_scores(cx, scores, &scale, pull);
    return cmL_finish(L, cx, mark, box, pulled, "pull_scores");
}

static const luaL_Reg functions[] = {{"sparse", l_sparse},
                                     {"new_factors", l_new_factors},
                                     {"als_sweep", l_als_sweep},
                                     {"als_loss", l_als_loss},
                                     {"bpr_epoch", l_bpr_epoch},
                                     {"item_neighbours", l_item_neighbours},
                                     {"neighbour_means", l_neighbour_means},
                                     {"factor_sweep", l_factor_sweep},
                                     {"user_neighbour_means", l_user_neighbour_means},
                                     {"pull_scores", l_pull_scores},
                                     {NULL, NULL}};

void cmL_open_cf(lua_State *L)
{
    cmL_register(L, functions);
}
