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

static const luaL_Reg functions[] = {{"task_bags", l_task_bags}, {NULL, NULL}};

void cmL_open_task_bags(lua_State *L)
{
    cmL_register(L, functions);
}
