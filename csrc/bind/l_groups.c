/* l_groups.c - groups of items and the interactions with them, in Lua.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "tasks/groups.h"

/* The two sides of a matrix in the table at `arg`, whose boxes are left on the stack. */
static void check_sides(lua_State *L, int arg, const cm_ids **rows, const cm_ids **columns)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    *rows = cmL_check_field(L, arg, "rows", CML_SEGMENTS);
    *columns = cmL_check_field(L, arg, "columns", CML_IDS);
}

/* Pushes a list of counts. */
static void push_counts(lua_State *L, const int32_t *counts, int64_t n)
{
    lua_createtable(L, (int)n, 0);
    for (int64_t g = 0; g < n; g++) {
        lua_pushinteger(L, counts[g]);
        lua_rawseti(L, -2, g + 1);
    }
}

/* Pushes the list of the items of each group: Ids if it is `wanted`, else false. */
static bool push_taken(lua_State *L, cm_ctx *cx, const cm_groups *from, const bool *wanted)
{
    int64_t n = cm_segments_groups(from->groups);
    lua_createtable(L, (int)n, 0);
    for (int64_t g = 0; g < n; g++) {
        if (wanted[g]) {
            cm_ids **box = cmL_push_ids(L);
            *box = cm_groups_taken(cx, from, g);
            if (!*box)
                return false;
        } else {
            lua_pushboolean(L, false);
        }
        lua_rawseti(L, -2, g + 1);
    }
    return true;
}

/*** The items with interactions of each group, for the groups that are large enough.
 * @function group_items
 * @tparam table groups rows (Segments, one per group), columns (Ids: the items of each), as sparse
 * gives them
 * @tparam table takers rows (Segments, one per item), columns (Ids: the users who interacted with
 * it)
 * @tparam table options min_items, max_items: limits on the number of such items per group
 * (default: none); min_users: minimum number of users who interacted with one of them (default 0)
 * @treturn table items: a list with Ids for each group within the limits, else false; n_items: the
 * number of such items of each group; n_users: the number of users, counted up to min_users, 0
 * where the items are too few or too many */
static int l_group_items(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 3, LUA_TTABLE);
    int64_t least = cmL_field_integer(L, 3, "min_items", 0);
    int64_t most = cmL_field_integer(L, 3, "max_items", INT32_MAX);
    int64_t enough = cmL_field_integer(L, 3, "min_users", 0);
    luaL_argcheck(L, enough >= 0 && enough < INT32_MAX, 3, "min_users: not negative, below 2^31");
    cm_groups from;
    check_sides(L, 1, &from.groups, &from.items);
    check_sides(L, 2, &from.takers, &from.users);
    luaL_argcheck(L, cm_groups_is_valid(&from), 1,
                  "items beyond those of argument 2, or sizes that do not agree");
    int64_t n = cm_segments_groups(from.groups);
    size_t room = (size_t)CM_MAX(n, 1);
    int32_t *items = lua_newuserdatauv(L, room * sizeof *items, 0);
    int32_t *users = lua_newuserdatauv(L, room * sizeof *users, 0);
    bool *wanted = lua_newuserdatauv(L, room * sizeof *wanted, 0);
    lua_createtable(L, 0, 3);
    cm_groups_count_items(&from, items);
    for (int64_t g = 0; g < n; g++)
        wanted[g] = items[g] >= least && items[g] <= most;
    if (!cm_groups_count_users(cx, &from, wanted, (int32_t)enough, users))
        return cmL_raise(L, cx, "group_items");
    for (int64_t g = 0; g < n; g++)
        wanted[g] = wanted[g] && users[g] >= enough;
    if (!push_taken(L, cx, &from, wanted))
        return cmL_raise(L, cx, "group_items");
    lua_setfield(L, -2, "items");
    push_counts(L, items, n);
    lua_setfield(L, -2, "n_items");
    push_counts(L, users, n);
    lua_setfield(L, -2, "n_users");
    return 1;
}

static const luaL_Reg functions[] = {{"group_items", l_group_items}, {NULL, NULL}};

void cmL_open_groups(lua_State *L)
{
    cmL_register(L, functions);
}
