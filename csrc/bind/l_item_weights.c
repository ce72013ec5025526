/* l_item_weights.c - weights between items in Lua, of which the scores of a person are sums: EASE,
 * SLIM, and the products with sparse matrices that they and others need. A matrix is a table with
 * rows (Segments, one a row), columns (Ids) and weights (Tensor), as `sparse` gives it.
 *
 * @module cmml.core */
#include "bind/sparse.h"
#include "cf/ease.h"
#include "cf/largest.h"
#include "cf/neighbours.h"
#include "cf/orthonormal.h"
#include "cf/slim.h"
#include "cf/spread.h"

#define CML_EASE CML_NAME("Ease")

/*** A sparse matrix times a dense one. Not differentiable.
 * @function sparse_product
 * @tparam table matrix [rows, columns], as sparse gives it
 * @tparam Tensor dense [columns, width], contiguous
 * @treturn Tensor [rows, width] */
static int l_sparse_product(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *dense = cmL_check_tensor(L, 2);
    luaL_argcheck(L, cm_is_contiguous(dense), 2, "a contiguous tensor was expected");
    cm_sparse matrix = cmL_check_factor(L, 1);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    return cmL_finish(L, cx, mark, box, cm_sparse_product(cx, &matrix, dense), "sparse_product");
}

/*** The product of two sparse matrices, as a dense one. Not differentiable.
 * @function sparse_pair_product
 * @tparam table a [rows, inner], as sparse gives it
 * @tparam table b [inner, width], likewise
 * @tparam integer width
 * @treturn Tensor [rows, width] */
static int l_sparse_pair_product(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_Integer width = luaL_checkinteger(L, 3);
    luaL_argcheck(L, width >= 0 && width < INT32_MAX, 3, "not negative and below 2^31");
    cm_sparse a = cmL_check_factor(L, 1), b = cmL_check_factor(L, 2);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *product = cm_sparse_pair_product(cx, &a, &b, width);
    return cmL_finish(L, cx, mark, box, product, "sparse_pair_product");
}

/*** The Gram matrix X'X of a sparse matrix: what two columns have in common.
 * @function sparse_gram
 * @tparam table by_row [rows, columns], as sparse gives it
 * @tparam table by_column [columns, rows], its transpose
 * @treturn table a matrix [columns, columns] as sparse gives it */
static int l_sparse_gram(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_sparse by_row = cmL_check_sparse(L, 1), by_column = cmL_check_sparse(L, 2), made = {0};
    cm_sparse_pair x = {&by_row, &by_column};
    cmL_sparse_boxes boxes = cmL_push_sparse(L);
    size_t mark = cm_scope_begin(cx);
    bool ok = cm_sparse_gram(cx, &x, &made);
    cmL_finish_sparse(L, cx, mark, &boxes, ok, &made, "sparse_gram");
    return 1;
}

/*** The size that so many numbers exceed, but no more: to be given to `sparse_above`.
 * @function size_of_largest
 * @tparam Tensor x contiguous, finite
 * @tparam integer count
 * @treturn number at most `count` numbers of x are above it or below its negative: all but those
 * that are as large as others which would be too many; 0 if no more are other than 0 */
static int l_size_of_largest(lua_State *L)
{
    cmL_enter(L);
    cm_tensor *x = cmL_check_tensor(L, 1);
    lua_Integer count = luaL_checkinteger(L, 2);
    luaL_argcheck(L, cm_is_contiguous(x), 1, "a contiguous tensor was expected");
    luaL_argcheck(L, count >= 0, 2, "0 or more was expected");
    double size = cm_size_of_largest(x, count);
    luaL_argcheck(L, size >= 0, 1, "finite numbers were expected");
    lua_pushnumber(L, size);
    return 1;
}

/*** What is large in a dense matrix, as a sparse one. Not differentiable.
 * @function sparse_above
 * @tparam Tensor x [rows, columns], contiguous
 * @tparam number least 0 or more: entries that exceed it are taken
 * @tparam[opt=1] integer sign -1: of x times -1
 * @treturn table a matrix [rows, columns] as sparse gives it */
static int l_sparse_above(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *x = cmL_check_tensor(L, 1);
    double least = luaL_checknumber(L, 2);
    lua_Integer sign = luaL_optinteger(L, 3, 1);
    luaL_argcheck(L, sign == 1 || sign == -1, 3, "1 or -1 was expected");
    cm_sparse made = {0};
    cmL_sparse_boxes boxes = cmL_push_sparse(L);
    size_t mark = cm_scope_begin(cx);
    bool ok = cm_sparse_above(cx, x, least, (int)sign, &made);
    cmL_finish_sparse(L, cx, mark, &boxes, ok, &made, "sparse_above");
    return 1;
}

/*** Neighbours of items as a sparse matrix: row i has the similarities of the neighbours of item i.
 * @function neighbour_weights
 * @tparam Ids neighbours as item_neighbours gives them
 * @tparam Tensor similarities [items, keep]
 * @treturn table a matrix [items, items] as sparse gives it */
static int l_neighbour_weights(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_neighbours neighbours = {cmL_check_ids(L, 1), cmL_check_tensor(L, 2)};
    luaL_argcheck(L, cm_is_contiguous(neighbours.similarities), 2,
                  "a contiguous tensor was expected");
    cm_sparse made = {0};
    cmL_sparse_boxes boxes = cmL_push_sparse(L);
    size_t mark = cm_scope_begin(cx);
    bool ok = cm_neighbours_sparse(cx, &neighbours, &made);
    cmL_finish_sparse(L, cx, mark, &boxes, ok, &made, "neighbour_weights");
    return 1;
}

/*** What `neighbour_means` gives, for all items at once: faster where the support has few of them.
 * @function spread_means
 * @tparam table followers a matrix [items, items] as sparse gives it: row j has the items of which
 * j is a neighbour, with their similarities (the transpose of `neighbour_weights`)
 * @tparam Segments support the support rows of each task
 * @tparam Ids support_items [rows], none unknown
 * @tparam Tensor residuals [rows]
 * @tparam integer nearest maximum number of neighbours used
 * @tparam number damp is added to the sum of the weights
 * @treturn Tensor [tasks, items]; 0 without a neighbour */
static int l_spread_means(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_Integer nearest = luaL_checkinteger(L, 5);
    double damp = luaL_checknumber(L, 6);
    luaL_argcheck(L, nearest >= 0, 5, "not negative");
    luaL_argcheck(L, damp >= 0, 6, "not negative");
    cm_residuals support = {cmL_check_segments(L, 2), cmL_check_ids(L, 3), cmL_check_tensor(L, 4)};
    luaL_argcheck(L, cm_is_contiguous(support.values), 4, "a contiguous tensor was expected");
    cm_sparse followers = cmL_check_factor(L, 1);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *means = cm_spread_means(cx, &followers, &support, nearest, damp);
    return cmL_finish(L, cx, mark, box, means, "spread_means");
}

/*** Weights of items by SLIM: sparse, none negative, by an elastic net.
 * @function slim
 * @tparam table gram the Gram matrix of the interactions, as sparse_gram gives it
 * @tparam integer first first item
 * @tparam integer last last item
 * @tparam table options l1 (weight of the sum of the weights, default 1), l2 (of half the sum of
 * their squares, default 1), tolerance (the largest slope that is left, as a part of the item's
 * interactions, default 1e-4), passes (maximum number of passes over the weights between two groups
 * that come in, default 200)
 * @treturn table a matrix: of each item from first to last a row, of the items that it is predicted
 * from
 * @treturn integer how many items did not meet the tolerance */
static int l_slim(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3);
    luaL_checktype(L, 4, LUA_TTABLE);
    cm_slim_options options = {.l1 = cmL_field_number(L, 4, "l1", 1),
                               .l2 = cmL_field_number(L, 4, "l2", 1),
                               .tolerance = cmL_field_number(L, 4, "tolerance", 1e-4),
                               .passes = cmL_field_integer(L, 4, "passes", 200)};
    luaL_argcheck(L, first >= 1, 2, "1 or more was expected");
    cm_sparse gram = cmL_check_sparse(L, 1), made = {0};
    int64_t left = 0;
    cmL_sparse_boxes boxes = cmL_push_sparse(L);
    size_t mark = cm_scope_begin(cx);
    bool ok = cm_slim(cx, &gram, first - 1, last, &options, &made, &left);
    cmL_finish_sparse(L, cx, mark, &boxes, ok, &made, "slim");
    lua_pushinteger(L, left);
    return 2;
}

/*** An orthonormal basis of what columns span: each is made orthogonal to those before it. Computed
 * in double precision.
 * @function orthonormal
 * @tparam Tensor x [n, width], contiguous
 * @treturn Tensor of the same shape; zeros for a column that depends on those before it */
static int l_orthonormal(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *x = cmL_check_tensor(L, 1), **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    return cmL_finish(L, cx, mark, box, cm_orthonormal(cx, x), "orthonormal");
}

static cm_ease *check_ease(lua_State *L)
{
    cm_ease **box = luaL_checkudata(L, 1, CML_EASE);
    if (!*box)
        luaL_argerror(L, 1, "released: its memory was freed before");
    return *box;
}

/*** EASE: begins to compute the weights of items in closed form.
 * @function ease
 * @tparam table by_user interactions [users, items], as sparse gives it
 * @tparam table by_item [items, users], its transpose
 * @tparam number ridge above 0: weight of the squares of the weights
 * @treturn Ease with :step(), :weights() and :free() */
static int l_ease(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    double ridge = luaL_checknumber(L, 3);
    cm_sparse by_user = cmL_check_sparse(L, 1), by_item = cmL_check_sparse(L, 2);
    cm_sparse_pair x = {&by_user, &by_item};
    cm_ease **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = NULL;
    luaL_setmetatable(L, CML_EASE);
    *box = cm_ease_new(cx, &x, ridge);
    return *box ? 1 : cmL_raise(L, cx, "ease");
}

/*** How many bytes EASE takes for so many items, at the most.
 * @function ease_bytes
 * @tparam integer n_items
 * @treturn number */
static int l_ease_bytes(lua_State *L)
{
    lua_pushnumber(L, cm_ease_bytes(luaL_checkinteger(L, 1)));
    return 1;
}

/*** Does a part of the work, of some seconds at most for 20,000 items; nothing when all is done.
 * @function Ease:step
 * @treturn integer how many items are done
 * @treturn integer of how many */
static int ease_step(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_ease *ease = check_ease(L);
    if (!cm_ease_step(cx, ease))
        return cmL_raise(L, cx, "ease");
    lua_pushinteger(L, ease->done);
    lua_pushinteger(L, ease->n);
    return 2;
}

/*** The weights, when all items are done.
 * @function Ease:weights
 * @treturn Tensor [items, items]: of item i row i, in whose column j is what having i adds to the
 * score of j; 0 on the diagonal */
static int ease_weights(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_ease *ease = check_ease(L);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    return cmL_finish(L, cx, mark, box, cm_ease_weights(cx, ease), "ease");
}

static int ease_gc(lua_State *L)
{
    cm_ease **box = luaL_checkudata(L, 1, CML_EASE), *held = *box;
    *box = NULL;
    cm_ease_free(cmL_ctx(L), held);
    return 0;
}

/*** Frees its memory now; the weights stay valid.
 * @function Ease:free */
static int ease_free(lua_State *L)
{
    return cmL_may_free(L) ? ease_gc(L) : 0;
}

static const luaL_Reg functions[] = {
    {"sparse_product", l_sparse_product}, {"sparse_pair_product", l_sparse_pair_product},
    {"sparse_gram", l_sparse_gram},       {"size_of_largest", l_size_of_largest},
    {"sparse_above", l_sparse_above},     {"neighbour_weights", l_neighbour_weights},
    {"spread_means", l_spread_means},     {"slim", l_slim},
    {"orthonormal", l_orthonormal},       {"ease", l_ease},
    {"ease_bytes", l_ease_bytes},         {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", ease_gc}, {"__close", ease_free}, {NULL, NULL}};
static const luaL_Reg methods[] = {
    {"step", ease_step}, {"weights", ease_weights}, {"free", ease_free}, {NULL, NULL}};

void cmL_open_item_weights(lua_State *L)
{
    cmL_class(L, CML_EASE, meta, methods);
    cmL_register(L, functions);
}
