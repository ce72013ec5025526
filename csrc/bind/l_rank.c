/* l_rank.c - positions of the largest elements, as functions and as methods of tensors.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "ops/rank.h"

/*** The position of the largest element. In a tie the first is taken, and NaN ranks above all
 * numbers, as in `max`. Refused if there are no elements.
 * @function arg_max
 * @tparam Tensor x
 * @tparam[opt] integer dim 1-based, or negative; without it all elements are one row
 * @treturn Ids positions from 1 along dim, one for each index of the other dims in row-major order;
 * those along the last dim are what `gather` takes. Without dim: one position among all elements */
static int l_arg_max(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *x = cmL_check_tensor(L, 1);
    int dim = lua_isnoneornil(L, 2) ? -1 : cmL_check_dim(L, 2, x->shape.ndim);
    cm_ids **box = cmL_push_ids(L);
    *box = cm_arg_max(cx, x, dim);
    return *box ? 1 : cmL_raise(L, cx, "arg_max");
}

/*** The k largest elements along the last dim, largest first. In a tie the first comes first, and
 * NaN ranks above all numbers. Gradients flow to the selected elements.
 * @function top_k
 * @tparam Tensor x [.., n]
 * @tparam integer k from 0 to n; for small k the cost is that of one pass over the elements
 * @treturn Tensor values [.., k]
 * @treturn Ids positions from 1 along the last dim, k for each row, one row after another, as
 * `gather` takes them */
static int l_top_k(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *x = cmL_check_tensor(L, 1);
    lua_Integer k = luaL_checkinteger(L, 2);
    cm_ids **places = cmL_push_ids(L);
    cm_tensor **values = cmL_push_tensor(L);
    *places = cm_top_k(cx, x, k);
    if (!*places)
        return cmL_raise(L, cx, "top_k");
    size_t mark = cm_scope_begin(cx);
    cmL_finish(L, cx, mark, values, cm_gather(cx, x, *places, k), "top_k");
    lua_insert(L, -2);
    return 2;
}

static const luaL_Reg functions[] = {{"arg_max", l_arg_max}, {"top_k", l_top_k}, {NULL, NULL}};

void cmL_open_rank(lua_State *L)
{
    cmL_register(L, functions);
    luaL_getmetatable(L, CML_TENSOR);
    lua_getfield(L, -1, "methods");
    lua_pushvalue(L, -3); /* module, context, metatable, methods, context */
    cmL_register(L, functions);
    lua_pop(L, 3);
}
