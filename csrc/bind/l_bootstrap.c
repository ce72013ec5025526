/* l_bootstrap.c - bootstrap confidence intervals in Lua.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "metrics/bootstrap.h"
#include <math.h>

#define MOST_RESAMPLES 1000000
#define MOST_VALUES    ((int64_t)1 << 28)

/* The numbers of the list at the top of the stack; raises if an entry is not a number. */
static void read_list(lua_State *L, double *to, int64_t n, int arg)
{
    for (int64_t i = 0; i < n; i++) {
        lua_rawgeti(L, -1, i + 1);
        int is_number;
        to[i] = lua_tonumberx(L, -1, &is_number);
        luaL_argcheck(L, is_number, arg, "lists of numbers were expected");
        lua_pop(L, 1);
    }
}

static void push_interval(lua_State *L, const cm_interval *interval, const char *mean,
                          const char *low, const char *high)
{
    lua_pushnumber(L, interval->mean);
    lua_setfield(L, -2, mean);
    lua_pushnumber(L, interval->low);
    lua_setfield(L, -2, low);
    lua_pushnumber(L, interval->high);
    lua_setfield(L, -2, high);
}

/* Weights of the tasks, held by a userdata; NULL if the option is absent. */
static double *read_weights(lua_State *L, int64_t tasks)
{
    if (lua_getfield(L, 3, "weights") == LUA_TNIL)
        return NULL;
    luaL_argcheck(L, lua_istable(L, -1) && (int64_t)lua_rawlen(L, -1) == tasks, 3,
                  "weights must be a list with one number per task");
    double *weights = lua_newuserdatauv(L, (size_t)CM_MAX(tasks, 1) * sizeof *weights, 0);
    lua_insert(L, -2);
    read_list(L, weights, tasks, 3);
    lua_pop(L, 1);
    for (int64_t t = 0; t < tasks; t++)
        luaL_argcheck(L, weights[t] > 0 && weights[t] < HUGE_VAL, 3,
                      "weights must be finite numbers above 0");
    return weights;
}

/*** Means over tasks and runs with 95 % confidence intervals, and their differences to a reference,
 * by a paired bootstrap: each resample draws as many tasks and seeds as there are, with replacement
 * and independently of each other, the same for all series.
 * @function bootstrap
 * @tparam table series list of lists: for each model its values for all tasks in the first run,
 * then in the second, and so on; NaN for a missing value, which is left out of every series, except
 * for the sake of a series that has no values at all
 * @tparam integer tasks number of values per run
 * @tparam[opt] table options weights (list, one per task; default: equal), reference (index of the
 * series that others are compared with, default 1), resamples (default 10000), seed (default 1),
 * level (default 0.95)
 * @treturn table one per series: mean, low, high, and for the difference to the reference
 * difference, difference_low, difference_high; NaN where a series has no values */
static int l_bootstrap(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    int64_t series = cmL_check_length(L, 1), tasks = luaL_checkinteger(L, 2);
    lua_settop(L, 3);
    if (lua_isnil(L, 3)) {
        lua_newtable(L);
        lua_replace(L, 3);
    }
    luaL_checktype(L, 3, LUA_TTABLE);
    int64_t reference = cmL_field_integer(L, 3, "reference", 1);
    int64_t resamples = cmL_field_integer(L, 3, "resamples", 10000);
    uint64_t seed = (uint64_t)cmL_field_integer(L, 3, "seed", 1);
    double level = cmL_field_number(L, 3, "level", 0.95);
    luaL_argcheck(L, series >= 1 && series <= 10000, 1, "from 1 to 10000 series were expected");
    luaL_argcheck(L, tasks >= 1 && tasks < INT32_MAX, 2, "at least one task");
    luaL_argcheck(L, reference >= 1 && reference <= series, 3,
                  "reference: there is no such series");
    luaL_argcheck(L, resamples >= 1 && resamples <= MOST_RESAMPLES, 3,
                  "resamples: from 1 to 1000000");
    luaL_argcheck(L, level > 0 && level < 1, 3, "level must lie between 0 and 1");
    luaL_argcheck(L, lua_rawgeti(L, 1, 1) == LUA_TTABLE, 1, "a list of lists was expected");
    int64_t length = (int64_t)lua_rawlen(L, -1);
    luaL_argcheck(L, length >= tasks && length % tasks == 0 && length <= MOST_VALUES / series, 1,
                  "each series must have a value for every task of every run");
    double *values = lua_newuserdatauv(L, (size_t)(series * length) * sizeof *values, 0);
    for (int64_t s = 0; s < series; s++) {
        luaL_argcheck(
            L, lua_rawgeti(L, 1, s + 1) == LUA_TTABLE && (int64_t)lua_rawlen(L, -1) == length, 1,
            "the series must be lists of the same length");
        read_list(L, values + s * length, length, 1);
        lua_pop(L, 1);
    }
    cm_samples in = {values, read_weights(L, tasks), series, length / tasks, tasks};
    cm_interval *found = lua_newuserdatauv(L, (size_t)series * 2 * sizeof *found, 0);
    if (!cm_bootstrap(cx, &in, reference - 1, resamples, seed, level, found, found + series))
        return cmL_raise(L, cx, "bootstrap");
    lua_createtable(L, (int)series, 0);
    for (int64_t s = 0; s < series; s++) {
        lua_createtable(L, 0, 6);
        push_interval(L, &found[s], "mean", "low", "high");
        push_interval(L, &found[series + s], "difference", "difference_low", "difference_high");
        lua_rawseti(L, -2, s + 1);
    }
    return 1;
}

static const luaL_Reg functions[] = {{"bootstrap", l_bootstrap}, {NULL, NULL}};

void cmL_open_bootstrap(lua_State *L)
{
    cmL_register(L, functions);
}
