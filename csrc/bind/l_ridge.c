/* l_ridge.c - ridge regression by groups in Lua.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "cf/ridge.h"

static const char *text_or(lua_State *L, int arg, const char *other)
{
    if (lua_isnoneornil(L, arg))
        return other;
    luaL_checktype(L, arg, LUA_TSTRING);
    return lua_tostring(L, arg);
}

/*** Ridge regression of each group in closed form: the weights w that minimise the sum over its
 * rows of (target - w . features)^2, plus ridge * w^2 for each weight. Not differentiable.
 * @function segment_ridge
 * @tparam Tensor features [n, width]
 * @tparam ?Ids rows the row of the features of each target; 0 has zero features; nil: those of the
 * targets, in order
 * @tparam Tensor targets [rows]
 * @tparam Segments segments the groups of the targets
 * @tparam Tensor ridge [width], above 0 unless the features of every group are independent; or a
 * symmetric positive semidefinite matrix R [width, width], by which the penalty is w' R w
 * @tparam[opt="segment_ridge"] string where what stands in front of a message
 * @tparam[opt="the ridge"] string named what a message says is to be raised
 * @treturn Tensor [groups, width]; zeros for a group without rows */
static int l_segment_ridge(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *features = cmL_check_contiguous(L, 1), *targets = cmL_check_contiguous(L, 3);
    cm_ids *rows = lua_isnil(L, 2) ? NULL : cmL_check_ids(L, 2);
    cm_ids *segments = cmL_check_segments(L, 4);
    cm_tensor *ridge = cmL_check_contiguous(L, 5);
    const char *where = text_or(L, 6, "segment_ridge"), *named = text_or(L, 7, "the ridge");
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *weights = cm_segment_ridge(cx, features, rows, targets, segments, ridge, named);
    return cmL_finish(L, cx, mark, box, weights, where);
}

/*** What the equations of a ridge regression add up from the rows of each group; sums of rows that
 * come later may be added to it. Not differentiable.
 * @function ridge_sums
 * @tparam Tensor features [n, width]
 * @tparam ?Ids rows as of segment_ridge
 * @tparam Tensor targets [rows]
 * @tparam Segments segments the groups of the targets
 * @treturn Tensor [groups, width, width + 1]: X'X, and behind each row an element of X'y */
static int l_ridge_sums(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *features = cmL_check_contiguous(L, 1), *targets = cmL_check_contiguous(L, 3);
    cm_ids *rows = lua_isnil(L, 2) ? NULL : cmL_check_ids(L, 2);
    cm_ids *segments = cmL_check_segments(L, 4);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    return cmL_finish(L, cx, mark, box, cm_ridge_sums(cx, features, rows, targets, segments),
                      "ridge_sums");
}

/*** The weights of ridge regressions from what `ridge_sums` gave. Not differentiable.
 * @function ridge_of_sums
 * @tparam Tensor sums [groups, width, width + 1]
 * @tparam Tensor ridge as of segment_ridge
 * @tparam[opt="ridge_of_sums"] string where what stands in front of a message
 * @tparam[opt="the ridge"] string named what a message says is to be raised
 * @treturn Tensor [groups, width]; a group without rows, whose sums are zeros, needs a ridge */
static int l_ridge_of_sums(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *sums = cmL_check_contiguous(L, 1), *ridge = cmL_check_contiguous(L, 2);
    const char *where = text_or(L, 3, "ridge_of_sums"), *named = text_or(L, 4, "the ridge");
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    return cmL_finish(L, cx, mark, box, cm_ridge_of_sums(cx, sums, ridge, named), where);
}

static const luaL_Reg functions[] = {{"segment_ridge", l_segment_ridge},
                                     {"ridge_sums", l_ridge_sums},
                                     {"ridge_of_sums", l_ridge_of_sums},
                                     {NULL, NULL}};

void cmL_open_ridge(lua_State *L)
{
    cmL_register(L, functions);
}
