/* l_lists.c - interactions as lists in Lua: a table with users (Segments, one per user) and items
 * (Ids, ascending within a user). The items of scenarios are a table with scenarios (Segments) and
 * items.
 *
 * @module cmml.core */
#include "bind/tasks.h"

cm_lists cmL_check_lists(lua_State *L, int arg, const char *name)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    cm_lists lists = {cmL_check_field(L, arg, name, CML_SEGMENTS),
                      cmL_check_field(L, arg, "items", CML_IDS)};
    luaL_argcheck(L, cm_lists_are_valid(&lists), arg,
                  "items must be known ids, strictly ascending within each list, and as many as "
                  "the segments cover");
    return lists;
}

void cmL_push_id_boxes(lua_State *L, const char *segments, cm_ids ***segment_box, int n,
                       const char *const names[], cm_ids **boxes[])
{
    lua_createtable(L, 0, n + 2);
    *segment_box = cmL_push_segments(L);
    lua_setfield(L, -2, segments);
    for (int i = 0; i < n; i++) {
        boxes[i] = cmL_push_ids(L);
        lua_setfield(L, -2, names[i]);
    }
}

/*** Divides interactions at random, for each user.
 * @function divide_interactions
 * @tparam table interactions users (Segments), items (Ids, ascending within a user)
 * @tparam table fractions list of fractions with a sum below 1: a user of n items gives n times
 * each, rounded at random; at least one item remains
 * @tparam table options seed, choice (distinguishes divisions of one seed, default 0), least (users
 * with fewer items are not divided, default 3)
 * @treturn table list of such tables: the remainder, then the parts */
static int l_divide_interactions(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    double fractions[CML_MOST_LISTS], sum = 0;
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    int n = (int)CM_MIN(cmL_check_length(L, 2), CML_MOST_LISTS + 1);
    luaL_argcheck(L, n <= CML_MOST_LISTS, 2, "too many fractions: at most 16");
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, 2, i + 1);
        sum += fractions[i] = lua_tonumber(L, -1);
        luaL_argcheck(L, lua_isnumber(L, -1) && fractions[i] >= 0 && sum < 1, 2,
                      "fractions must be numbers that are not negative, with a sum below 1");
        lua_pop(L, 1);
    }
    cm_divide_options options = {.seed = (uint64_t)cmL_field_integer(L, 3, "seed", 0),
                                 .choice = cmL_field_key(L, 3, "choice", 0),
                                 .least = cmL_field_integer(L, 3, "least", 3),
                                 .n = n,
                                 .fractions = fractions};
    cm_lists interactions = cmL_check_lists(L, 1, "users"), parts[CML_MOST_LISTS + 1];
    cm_ids **segments[CML_MOST_LISTS + 1], **items[CML_MOST_LISTS + 1];
    static const char *const names[] = {"items"};
    lua_createtable(L, n + 1, 0);
    for (int p = 0; p <= n; p++) {
        cmL_push_id_boxes(L, "users", &segments[p], 1, names, &items[p]);
        lua_rawseti(L, -2, p + 1);
    }
    if (!cm_lists_divide(cx, &interactions, &options, parts))
        return cmL_raise(L, cx, "divide_interactions");
    for (int p = 0; p <= n; p++) {
        *segments[p] = parts[p].segments;
        *items[p] = parts[p].values;
    }
    return 1;
}

/*** The first interaction that both have in common.
 * @function common_interactions
 * @tparam table a users (Segments), items (Ids, ascending within a user)
 * @tparam table b likewise
 * @treturn ?integer user; nil if there is none
 * @treturn ?integer item */
static int l_common_interactions(lua_State *L)
{
    (void)cmL_enter(L);
    cm_lists a = cmL_check_lists(L, 1, "users"), b = cmL_check_lists(L, 2, "users");
    int32_t user, item;
    if (!cm_lists_first_common(&a, &b, &user, &item))
        return 0;
    lua_pushinteger(L, (lua_Integer)user + 1);
    lua_pushinteger(L, (lua_Integer)item + 1);
    return 2;
}

static const luaL_Reg functions[] = {{"divide_interactions", l_divide_interactions},
                                     {"common_interactions", l_common_interactions},
                                     {NULL, NULL}};

void cmL_open_lists(lua_State *L)
{
    cmL_register(L, functions);
}
