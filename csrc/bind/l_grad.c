/* l_grad.c - gradients in Lua.
 *
 * @module cmml.core */
#include "bind/cmL.h"

/* Room for n tensors in a userdata, which is pushed. */
static cm_tensor **push_array(lua_State *L, int n)
{
    return lua_newuserdatauv(L, (size_t)CM_MAX(n, 1) * sizeof(cm_tensor *), 0);
}

/* Reads the first n tensors of the list at `arg`. It anchors them until Lua runs again: a finaliser
 * may take them out. */
static void check_list(lua_State *L, int arg, int n, cm_tensor **list)
{
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, arg, i + 1);
        list[i] = cmL_test_tensor(L, -1);
        if (!list[i]) {
            const char *text =
                lua_pushfstring(L, "entry %d is %s, not a tensor", i + 1, cmL_kind(L, -1));
            luaL_argerror(L, arg, text);
        }
        lua_pop(L, 1);
    }
}

/*** Gradients of a scalar with respect to tensors.
 * @function grad_list
 * @tparam Tensor loss
 * @tparam table tensors list of tracked tensors
 * @tparam[opt] boolean create_graph record the gradients, so that they can be differentiated
 * @tparam[opt] boolean retain keep the graph for another gradient
 * @tparam[opt] Tensor grad_out weight of each element of a loss that is not a scalar
 * @treturn table list of gradients; zeros for a tensor that the loss does not depend on */
static int l_grad_list(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_settop(L, 5);
    cm_tensor *loss = cmL_check_tensor(L, 1);
    cm_grad_options options = {.create_graph = lua_toboolean(L, 3), .retain = lua_toboolean(L, 4)};
    cm_tensor *grad_out = lua_isnil(L, 5) ? NULL : cmL_check_tensor(L, 5);
    luaL_checktype(L, 2, LUA_TTABLE);
    int n = (int)cmL_check_length(L, 2);
    cm_tensor **xs = push_array(L, n), **grads = push_array(L, n);
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        cmL_push_tensor(L);
        lua_rawseti(L, -2, i + 1);
    }
    check_list(L, 2, n, xs);
    size_t mark = cm_scope_begin(cx);
    bool ok = cm_grad(cx, loss, grad_out, xs, n, options, grads);
    for (int i = 0; ok && i < n; i++) {
        lua_rawgeti(L, -1, i + 1);
        cm_retain(grads[i]);
        *(cm_tensor **)lua_touserdata(L, -1) = grads[i];
        lua_pop(L, 1);
    }
    cm_scope_end(cx, mark);
    return ok ? 1 : cmL_raise(L, cx, "grad");
}

/*** Turns the recording of ops on or off.
 * @function grad_enable
 * @tparam boolean on
 * @treturn boolean the previous setting */
static int l_grad_enable(lua_State *L)
{
    lua_pushboolean(L, cm_grad_enable(cmL_enter(L), lua_toboolean(L, 1)));
    return 1;
}

/*** Runs a function without recording, and returns what it returns. The previous setting is
 * restored afterwards, also after an error, which is raised again unchanged. It cannot yield out of
 * a coroutine.
 * @function no_grad
 * @tparam function f
 * @param ... its arguments */
static int l_no_grad(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    luaL_checkany(L, 1);
    bool before = cm_grad_enable(cx, false);
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    cm_grad_enable(cx, before);
    return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

static const luaL_Reg functions[] = {{"grad_list", l_grad_list},
                                     {"grad_enable", l_grad_enable},
                                     {"no_grad", l_no_grad},
                                     {NULL, NULL}};

void cmL_open_grad(lua_State *L)
{
    cmL_register(L, functions);
}
