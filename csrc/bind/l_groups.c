/* l_groups.c - groups of items beside who took what, and lists of ids put together, in Lua.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "data/groups.h"

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

/* Pushes the list of what each group keeps: Ids where it is `wanted`, else false. */
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

/*** The items of each group that somebody took, of the groups that are large enough.
 * @function group_items
 * @tparam table groups rows (Segments, one a group), columns (Ids: the items of each), as sparse
 * gives them
 * @tparam table takers rows (Segments, one an item), columns (Ids: the users who took it)
 * @tparam table options min_items, max_items: how many such items a group may have (default: any);
 * min_users: how many users at least took one of them (default 0)
 * @treturn table items: a list with Ids for each group that has both, false for each other;
 * n_items: how many such items each has; n_users: how many users took one, counted up to min_users,
 * 0 where the items are too few or too many */
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
    luaL_argcheck(L, cm_groups_is_valid(&from), 1, "items beyond those of argument 2, or no rows");
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

/*** The entries of a list at whose place another list has a known id, or a tensor a number that is
 * not zero.
 * @function select_ids
 * @tparam Ids ids
 * @tparam Ids|Tensor where as long as ids; a tensor must be contiguous
 * @treturn Ids in their order */
static int l_select_ids(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_ids *ids = cmL_check_ids(L, 1);
    cm_tensor *mask = cmL_test_tensor(L, 2);
    cm_ids *known = mask ? NULL : cmL_check_ids(L, 2);
    luaL_argcheck(L, (mask ? mask->count : known->count) == ids->count, 2,
                  "an entry for each id was expected");
    luaL_argcheck(L, !mask || cm_is_contiguous(mask), 2, "a contiguous tensor was expected");
    int64_t count = 0, n = 0;
    for (int64_t i = 0; i < ids->count; i++)
        count += mask ? cm_data(mask)[i] != 0 : known->values[i] >= 0;
    cm_ids **box = cmL_push_ids(L);
    *box = cm_ids_new(cx, count);
    if (!*box)
        return cmL_raise(L, cx, "select_ids");
    for (int64_t i = 0; i < ids->count; i++)
        if (mask ? cm_data(mask)[i] != 0 : known->values[i] >= 0)
            (*box)->values[n++] = ids->values[i];
    cm_ids_seal(*box);
    return 1;
}

/* The list at position i of the table at argument 1; its box stays on the stack. */
static cm_ids *check_part(lua_State *L, lua_Integer i, int64_t *shift)
{
    int whole = 0;
    lua_rawgeti(L, 2, i);
    *shift = lua_tointegerx(L, -1, &whole);
    luaL_argcheck(L, whole && *shift >= 0 && *shift < INT32_MAX, 2,
                  "a whole number below 2^31 for each list was expected");
    lua_pop(L, 1);
    lua_rawgeti(L, 1, i);
    cm_ids **box = luaL_testudata(L, -1, CML_IDS);
    luaL_argcheck(L, box && *box, 1, "a list of Ids was expected");
    luaL_argcheck(L, (*box)->count == 0 || (*box)->limit <= INT32_MAX - *shift, 2,
                  "a number is too large");
    return *box;
}

/*** Several lists one after another, each with a number added to its ids; unknown ones (0) stay so.
 * @function join_ids
 * @tparam table lists of Ids, at most 100
 * @tparam table shifts a whole number for each
 * @treturn Ids */
static int l_join_ids(lua_State *L)
{
    enum { most = 100 };
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    int64_t n = cmL_check_length(L, 1), count = 0, at = 0, shifts[most];
    const cm_ids *parts[most];
    luaL_argcheck(L, n <= most, 1, "at most 100 lists");
    luaL_checkstack(L, most + 5, "not enough memory, or too many lists");
    for (int64_t i = 0; i < n; i++) {
        parts[i] = check_part(L, i + 1, &shifts[i]);
        count += parts[i]->count;
    }
    cm_ids **box = cmL_push_ids(L);
    *box = cm_ids_new(cx, count);
    if (!*box)
        return cmL_raise(L, cx, "join_ids");
    for (int64_t i = 0; i < n; i++)
        for (int64_t e = 0; e < parts[i]->count; e++) {
            int32_t id = parts[i]->values[e];
            (*box)->values[at++] = id < 0 ? id : id + (int32_t)shifts[i];
        }
    cm_ids_seal(*box);
    return 1;
}

static const luaL_Reg functions[] = {{"group_items", l_group_items},
                                     {"select_ids", l_select_ids},
                                     {"join_ids", l_join_ids},
                                     {NULL, NULL}};

void cmL_open_groups(lua_State *L)
{
    cmL_register(L, functions);
}
