/* l_times.c - lists of times in Lua.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "bind/state.h"
#include <string.h>

/*** A list of times: 64-bit whole numbers in whatever unit the data have, kept exactly.
 * @function times
 * @tparam {integer,...} values
 * @treturn Times with #times, times:at(i), times:range(), times:gather(rows), times:totable() and
 * == (the same times in the same order); it cannot be changed */
static int l_times(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    int64_t n = cmL_check_length(L, 1);
    cm_times **box = cmL_push_times(L), *times = *box = cm_times_new(cx, n);
    if (!times)
        return cmL_raise(L, cx, "times");
    for (int64_t i = 0; i < n; i++) {
        int whole = lua_rawgeti(L, 1, i + 1) == LUA_TNUMBER;
        if (whole)
            times->values[i] = lua_tointegerx(L, -1, &whole);
        if (!whole)
            luaL_error(L, "times: entry %I is %s, not a whole number of 64 bits",
                       (lua_Integer)i + 1, cmL_shown(L, -1));
        lua_pop(L, 1);
    }
    return 1;
}

static int times_len(lua_State *L)
{
    lua_pushinteger(L, cmL_check_times(L, 1)->count);
    return 1;
}

static int times_eq(lua_State *L)
{
    cm_times **a = luaL_testudata(L, 1, CML_TIMES), **b = luaL_testudata(L, 2, CML_TIMES);
    lua_pushboolean(
        L, a && b && *a && *b && (*a)->count == (*b)->count &&
               memcmp((*a)->values, (*b)->values, (size_t)(*a)->count * sizeof *(*a)->values) == 0);
    return 1;
}

/*** The time at a position.
 * @function Times:at
 * @tparam integer i from 1 to #times
 * @treturn integer */
static int times_at(lua_State *L)
{
    cm_times *times = cmL_check_times(L, 1);
    lua_Integer i = luaL_checkinteger(L, 2);
    if (i < 1 || i > times->count)
        luaL_error(L, "times:at: position %I of %I times", i, (lua_Integer)times->count);
    lua_pushinteger(L, times->values[i - 1]);
    return 1;
}

/*** The smallest and the largest time.
 * @function Times:range
 * @treturn integer|nil the smallest; nil if there are none
 * @treturn integer|nil the largest */
static int times_range(lua_State *L)
{
    int64_t least, most;
    if (!cm_times_range(cmL_check_times(L, 1), &least, &most))
        return 0;
    lua_pushinteger(L, least);
    lua_pushinteger(L, most);
    return 2;
}

/*** The time at a position when they are sorted: position 1 has the smallest.
 * @function Times:ranked
 * @tparam integer k from 1 to #times
 * @treturn integer */
static int times_ranked(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_times *times = cmL_check_times(L, 1);
    lua_Integer k = luaL_checkinteger(L, 2);
    int64_t time;
    if (!cm_times_ranked(cx, times, k < 1 ? -1 : k - 1, &time))
        return cmL_raise(L, cx, "times:ranked");
    lua_pushinteger(L, time);
    return 1;
}

/*** The times of some rows, in their order.
 * @function Times:gather
 * @tparam Ids rows
 * @treturn Times */
static int times_gather(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_times *times = cmL_check_times(L, 1);
    cm_ids *rows = cmL_check_ids(L, 2);
    cm_times **box = cmL_push_times(L);
    *box = cm_times_gather(cx, times, rows);
    return *box ? 1 : cmL_raise(L, cx, "times:gather");
}

/*** The times as a list.
 * @function Times:totable
 * @treturn {integer,...} */
static int times_totable(lua_State *L)
{
    cm_times *times = cmL_check_times(L, 1);
    lua_createtable(L, (int)times->count, 0);
    for (int64_t i = 0; i < times->count; i++) {
        lua_pushinteger(L, times->values[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int times_tostring(lua_State *L)
{
    cm_times **box = luaL_checkudata(L, 1, CML_TIMES);
    if (*box)
        lua_pushfstring(L, "[cmml.Times %I]", (lua_Integer)(*box)->count);
    else
        lua_pushliteral(L, "[cmml.Times released]");
    return 1;
}

static int times_gc(lua_State *L)
{
    cmL_box_release(cmL_ctx(L), luaL_checkudata(L, 1, CML_TIMES));
    return 0;
}

static int times_close(lua_State *L)
{
    return cmL_may_free(L) ? times_gc(L) : 0;
}

static const luaL_Reg functions[] = {{"times", l_times}, {NULL, NULL}};
static const luaL_Reg meta[] = {
    {"__gc", times_gc}, {"__close", times_close},       {"__len", times_len},
    {"__eq", times_eq}, {"__tostring", times_tostring}, {NULL, NULL}};
static const luaL_Reg methods[] = {{"at", times_at},           {"range", times_range},
                                   {"ranked", times_ranked},   {"gather", times_gather},
                                   {"totable", times_totable}, {NULL, NULL}};

void cmL_open_times(lua_State *L)
{
    cmL_class(L, CML_TIMES, meta, methods);
    cmL_register(L, functions);
}
