/* l_task_bags.c - bags of ids in which every task has numbers of its own, in Lua.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "bind/state.h"
#include "tensor/task_bags.h"

static void *optional(lua_State *L, int arg, cm_ids *(*check)(lua_State *, int))
{
    return lua_isnoneornil(L, arg) ? NULL : check(L, arg);
}

/*** The bags of some rows, with a number for each pair of an id and a task instead of the id: what
 * one task makes of an id is then kept apart from what others do. Unknown rows and ids (0) are left
 * out.
 * @function task_bags
 * @tparam Ids ids of all bags
 * @tparam ?Segments bags which ids are in which bag; nil: one in each
 * @tparam Ids rows the bags in question
 * @tparam Segments tasks how many of these rows each task has
 * @tparam[opt] Ids seen ids of pairs that have numbers already: 1, 2, ..
 * @tparam[opt] Ids owners their tasks
 * @treturn Ids the ids of the new pairs, numbered behind those in order of appearance
 * @treturn Ids the task of each new pair
 * @treturn Ids the numbers of the pairs in the bags
 * @treturn Segments the bags, one for each of the rows */
static int l_task_bags(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_bags bags = {cmL_check_ids(L, 1), optional(L, 2, cmL_check_segments)};
    cm_ids *rows = cmL_check_ids(L, 3), *tasks = cmL_check_segments(L, 4);
    cm_ids *seen = optional(L, 5, cmL_check_ids), *owners = optional(L, 6, cmL_check_ids);
    luaL_argcheck(L, !seen == !owners, 6, "seen and owners belong together");
    cm_ids **ids = cmL_push_ids(L), **whose = cmL_push_ids(L), **places = cmL_push_ids(L),
           **lengths = cmL_push_segments(L);
    cm_task_bags out;
    if (!cm_bags_of_tasks(cx, &bags, rows, tasks, seen, owners, &out))
        return cmL_raise(L, cx, "task_bags");
    *ids = out.ids;
    *whose = out.owners;
    *places = out.places;
    *lengths = out.lengths;
    return 4;
}

/* The list of that class in a field of the table on top, which anchors it; NULL for nil, if that is
 * allowed. Nothing of Lua runs here that could free what was read before. */
static cm_ids *list_in(lua_State *L, lua_Integer entry, const char *name, const char *class,
                       bool optional_)
{
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    cm_ids **box = luaL_testudata(L, -1, class);
    if (!(box && *box) && !(optional_ && lua_isnil(L, -1)))
        luaL_error(L, "join_task_bags: %s of field %I must be %s, not %s", name, entry,
                   class + sizeof CML_NAME("") - 1, luaL_typename(L, -1));
    lua_pop(L, 1);
    return box ? *box : NULL;
}

/*** The bags of several fields, each as `task_bags` gave them, one field after another: what
 * `embedding_steps` reads.
 * @function join_task_bags
 * @tparam table fields list of {places (Ids), bags (Segments), owners (Ids), repeated (Segments:
 * how often each bag stands among the rows; nil: once)}, at most 64, all of as many rows
 * @tparam integer tasks how many there are
 * @treturn Ids places, those of a field numbered behind the pairs of all fields before it
 * @treturn Segments bags: segment (f - 1) rows + r is row r of field f
 * @treturn Segments pairs: segment (f - 1) tasks + t is task t in field f */
static int l_join_task_bags(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_task_field fields[CM_MAX_INPUTS];
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer tasks = luaL_checkinteger(L, 2);
    int64_t n = cmL_check_length(L, 1);
    luaL_argcheck(L, n <= CM_MAX_INPUTS, 1, "too many fields: at most 64");
    luaL_argcheck(L, tasks >= 0 && tasks <= INT32_MAX, 2, "a number of tasks was expected");
    lua_settop(L, 1);
    cm_ids **places = cmL_push_ids(L), **bags = cmL_push_segments(L),
           **pairs = cmL_push_segments(L);
    luaL_checkstack(L, CM_MAX_INPUTS + 5, "too many fields");
    for (lua_Integer f = 1; f <= n; f++) {
        if (lua_rawgeti(L, 1, f) != LUA_TTABLE)
            luaL_error(L, "join_task_bags: field %I must be a table", f);
        fields[f - 1] = (cm_task_field){
            list_in(L, f, "places", CML_IDS, false), list_in(L, f, "bags", CML_SEGMENTS, false),
            list_in(L, f, "owners", CML_IDS, false), list_in(L, f, "repeated", CML_SEGMENTS, true)};
    }
    cm_task_fields out;
    if (!cm_task_fields_join(cx, fields, (int)n, tasks, &out))
        return cmL_raise(L, cx, "join_task_bags");
    *places = out.places;
    *bags = out.bags;
    *pairs = out.pairs;
    lua_settop(L, 4);
    return 3;
}

static const luaL_Reg functions[] = {
    {"task_bags", l_task_bags}, {"join_task_bags", l_join_task_bags}, {NULL, NULL}};

void cmL_open_task_bags(lua_State *L)
{
    cmL_register(L, functions);
}
