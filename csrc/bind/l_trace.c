/* l_trace.c - see trace.h.
 *
 * @module cmml.core */
#include "bind/state.h"
#include "bind/trace.h"

enum { TOLD = 1 }; /* where the table of a trace has its function; behind it, arguments of calls */

/* Replaces the n values on top of the stack by a table of them, field n their number. */
static void pack(lua_State *L, int n)
{
    lua_createtable(L, n, 1);
    lua_insert(L, -n - 1);
    for (int i = n; i >= 1; i--)
        lua_rawseti(L, -i - 1, i);
    lua_pushinteger(L, n);
    lua_setfield(L, -2, "n");
}

/* Runs a call that a trace is told of. Its arguments wait in the table of the trace, out of the way
 * of what `f` does to its stack: after an error they go with the table. */
static int call_told(lua_State *L, cmL_state *state, lua_CFunction f, const char *name)
{
    int n = lua_gettop(L), told = state->told, depth = ++state->depth;
    luaL_checkstack(L, n + 8, "too many arguments");
    for (int i = 1; i <= n; i++)
        lua_pushvalue(L, i);
    pack(L, n);
    lua_rawgeti(L, LUA_REGISTRYINDEX, told);
    lua_insert(L, -2);
    lua_rawseti(L, -2, depth);
    lua_pop(L, 1);
    int results = f(L);
    luaL_checkstack(L, results + 8, "too many results");
    int first = lua_gettop(L) - results + 1;
    lua_rawgeti(L, LUA_REGISTRYINDEX, told);
    lua_rawgeti(L, -1, TOLD);
    lua_pushstring(L, name);
    lua_rawgeti(L, -3, depth);
    for (int i = 0; i < results; i++)
        lua_pushvalue(L, first + i);
    pack(L, results);
    lua_remove(L, -5);
    state->depth = depth - 1;
    state->told = LUA_NOREF; /* what it does itself is not told */
    int status = lua_pcall(L, 3, 0, 0);
    state->told = told;
    return status == LUA_OK ? results : lua_error(L);
}

int cmL_call(lua_State *L, lua_CFunction f, const char *name)
{
    cmL_state *state = lua_touserdata(L, lua_upvalueindex(1));
    return state->told == LUA_NOREF ? f(L) : call_told(L, state, f, name);
}

/* Upvalues: context, name, function. */
static int traced(lua_State *L)
{
    return cmL_call(L, lua_tocfunction(L, lua_upvalueindex(3)),
                    lua_tostring(L, lua_upvalueindex(2)));
}

void cmL_push_traced(lua_State *L, lua_CFunction f)
{
    lua_pushcfunction(L, f);
    lua_pushcclosure(L, traced, 3);
}

/*** Runs a function and tells another of every call of a function of the core that returned
 * meanwhile, the inner of nested ones first. Finalisers and metamethods other than those of ops are
 * not told. It cannot yield out of a coroutine.
 * @function trace
 * @tparam function told of (name, arguments, results): the name of the function (of a method with
 * its class, as in `Segments:groups`; of an op its own, however it was called), and two tables with
 * the field n. What it calls is not told
 * @tparam function f
 * @param ... its arguments
 * @return what f returns; its error is raised again unchanged */
static int l_trace(lua_State *L)
{
    cmL_enter(L);
    cmL_state *state = lua_touserdata(L, lua_upvalueindex(1));
    luaL_checktype(L, 1, LUA_TFUNCTION);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (state->told != LUA_NOREF)
        return luaL_error(L, "trace: a trace is running already");
    lua_newtable(L);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, TOLD);
    int told = luaL_ref(L, LUA_REGISTRYINDEX), depth = state->depth;
    state->told = told;
    state->depth = TOLD;
    int status = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0);
    state->told = LUA_NOREF;
    state->depth = depth; /* of the trace whose function started this one */
    luaL_unref(L, LUA_REGISTRYINDEX, told);
    return status == LUA_OK ? lua_gettop(L) - 1 : lua_error(L);
}

static const luaL_Reg functions[] = {{"trace", l_trace}, {NULL, NULL}};

void cmL_open_trace(lua_State *L)
{
    cmL_register(L, functions);
}
