/* l_tidy.c - giving memory back when a call ends, without the collector.
 *
 * A call of tidy is an arena: a list of the boxes that were made meanwhile. At its end those that
 * can be reached from the results move to the arena around it, and the others are emptied.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "bind/state.h"

/* The box at `index`, if it is one that an arena can have. */
static cmL_box *test_box(lua_State *L, int index)
{
    static const char *const classes[] = {CML_TENSOR, CML_IDS, CML_SEGMENTS, CML_TIMES};
    cmL_box *box = NULL;
    for (size_t i = 0; !box && i < sizeof classes / sizeof *classes; i++)
        box = luaL_testudata(L, index, classes[i]);
    return box;
}

/* Stack of keep_reachable behind its arguments. */
typedef struct walk {
    cmL_arena *to;
    int seen, waiting; /* tables: what was found, as keys; what is still to be looked into */
    lua_Integer n;     /* of those */
} walk;

/* Deals with the value on top of the stack, which is popped. */
static void find(lua_State *L, walk *w)
{
    int type = lua_type(L, -1);
    cmL_box *box = type == LUA_TUSERDATA ? test_box(L, -1) : NULL;
    if (box && box->from)
        cmL_box_move(box, w->to);
    if (type != LUA_TTABLE && type != LUA_TFUNCTION) {
        lua_pop(L, 1);
        return;
    }
    lua_pushvalue(L, -1);
    if (lua_rawget(L, w->seen) != LUA_TNIL) {
        lua_pop(L, 2);
        return;
    }
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_pushboolean(L, 1);
    lua_rawset(L, w->seen);
    lua_rawseti(L, w->waiting, ++w->n);
}

/* Moves every box that can be reached from the arguments to the arena in the second upvalue: in
 * tables, as keys and values, and in what functions have closed over. No metamethods. */
static int keep_reachable(lua_State *L)
{
    int n = lua_gettop(L);
    walk w = {lua_touserdata(L, lua_upvalueindex(2)), n + 1, n + 2, 0};
    luaL_checkstack(L, 8, NULL);
    lua_newtable(L);
    lua_newtable(L);
    lua_pushglobaltable(L); /* which functions close over, too */
    lua_pushboolean(L, 1);
    lua_rawset(L, w.seen);
    for (int i = 1; i <= n; i++) {
        lua_pushvalue(L, i);
        find(L, &w);
    }
    while (w.n > 0) {
        lua_rawgeti(L, w.waiting, w.n);
        lua_pushnil(L);
        lua_rawseti(L, w.waiting, w.n--);
        if (lua_type(L, -1) == LUA_TFUNCTION) {
            for (int u = 1; lua_getupvalue(L, -1, u); u++)
                find(L, &w);
        } else {
            for (lua_pushnil(L); lua_next(L, -2);) {
                find(L, &w);
                lua_pushvalue(L, -1);
                find(L, &w);
            }
        }
        lua_pop(L, 1);
    }
    return 0;
}

static void push_keep(lua_State *L, cmL_arena *to)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushlightuserdata(L, to);
    lua_pushcclosure(L, keep_reachable, 2);
}

/* Hands the values on the stack to the arena around: what else is in `arena` is then to be
 * released. False with the error on top, and nothing to be released, if that failed. */
static bool hand_over(lua_State *L, cmL_arena *arena)
{
    int n = lua_gettop(L);
    bool deep = false;
    for (int i = 1; i <= n; i++) {
        cmL_box *box = lua_type(L, i) == LUA_TUSERDATA ? test_box(L, i) : NULL;
        if (box && box->from)
            cmL_box_move(box, arena->outer);
        deep = deep || lua_istable(L, i) || lua_isfunction(L, i);
    }
    if (!deep || !arena->first)
        return true;
    bool ok = lua_checkstack(L, n + 4);
    if (ok) {
        push_keep(L, arena->outer);
        for (int i = 1; i <= n; i++)
            lua_pushvalue(L, i);
        ok = lua_pcall(L, n, 0, 0) == LUA_OK;
    } else {
        lua_settop(L, n - 1); /* room for the message */
        lua_pushliteral(L, "tidy: too many results");
    }
    while (!ok && arena->first)
        cmL_box_move(arena->first, arena->outer);
    return ok;
}

/*** Runs a function, and returns what it returns. Whatever else of tensors, ids, segments and times
 * was made meanwhile is freed when it ends, also by an error: the memory of a server, or of a loop,
 * is then bounded even if the collector is stopped. What can be reached from the results is not
 * freed: in tables at any depth, and in what a function has closed over. Something that was made
 * meanwhile and is kept elsewhere (in a field, an upvalue) has to be named by `keep`; it is empty
 * otherwise. Calls may be nested: what an inner one returns belongs to the outer one. The function
 * cannot yield out of a coroutine.
 * @function tidy
 * @tparam function f
 * @param ... its arguments */
static int l_tidy(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cmL_state *state = lua_touserdata(L, lua_upvalueindex(1));
    luaL_checkany(L, 1);
    cmL_arena arena = {NULL, state->arena};
    state->arena = &arena;
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    state->arena = arena.outer;
    if (arena.first && !hand_over(L, &arena))
        return lua_error(L);
    while (arena.first)
        cmL_box_release(cx, arena.first);
    return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

/*** Lets something live on that is made within `tidy` and is not among its results: tensors, ids,
 * segments and times, tables of these at any depth, functions that have closed over them.
 * @function keep
 * @param ... anything
 * @return the same */
static int l_keep(lua_State *L)
{
    int n = lua_gettop(L);
    luaL_checkstack(L, n + 4, "too many values");
    push_keep(L, NULL);
    for (int i = 1; i <= n; i++)
        lua_pushvalue(L, i);
    lua_call(L, n, 0);
    return n;
}

static const luaL_Reg functions[] = {{"tidy", l_tidy}, {"keep", l_keep}, {NULL, NULL}};

void cmL_open_tidy(lua_State *L)
{
    cmL_register(L, functions);
}
