/* l_pairs.c - interactions by scenario as pairs in Lua: a table with scenarios (Segments, one per
 * scenario), users and items (Ids).
 *
 * @module cmml.core */
#include "bind/tasks.h"

cm_pairs cmL_check_pairs(lua_State *L, int arg)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    cm_pairs pairs = {cmL_check_field(L, arg, "scenarios", CML_SEGMENTS),
                      cmL_check_field(L, arg, "users", CML_IDS),
                      cmL_check_field(L, arg, "items", CML_IDS)};
    luaL_argcheck(L, cm_pairs_are_valid(&pairs), arg,
                  "users and items must be known ids, and as many as the segments cover");
    return pairs;
}

int32_t cmL_check_scenario(lua_State *L, int arg, const cm_ids *segments)
{
    lua_Integer scenario = luaL_checkinteger(L, arg);
    luaL_argcheck(L, scenario >= 1 && scenario <= cm_segments_groups(segments), arg,
                  "there is no scenario of that number");
    return (int32_t)(scenario - 1);
}

static const char *const pair_names[] = {"users", "items"};

static void fill_pairs(const cm_pairs *pairs, cm_ids **scenarios, cm_ids **const boxes[2])
{
    *scenarios = pairs->scenarios;
    *boxes[0] = pairs->users;
    *boxes[1] = pairs->items;
}

/*** The interactions with each scenario's items.
 * @function scenario_pairs
 * @tparam table interactions users (Segments), items (Ids, ascending within a user)
 * @tparam table scenarios scenarios (Segments), items (Ids, ascending within a scenario)
 * @treturn table scenarios (Segments), users, items (Ids; ascending within a scenario) */
static int l_scenario_pairs(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_lists interactions = cmL_check_lists(L, 1, "users"),
             scenarios = cmL_check_lists(L, 2, "scenarios");
    cm_ids **segments, **boxes[2];
    cmL_push_id_boxes(L, "scenarios", &segments, 2, pair_names, boxes);
    cm_pairs pairs;
    if (!cm_pairs_make(cx, &interactions, &scenarios, &pairs))
        return cmL_raise(L, cx, "scenario_pairs");
    fill_pairs(&pairs, segments, boxes);
    return 1;
}

/*** Divides the pairs of some scenarios by user: users are kept in random order until they have
 * `limit` pairs, but at most half of the users.
 * @function divide_pairs
 * @tparam table pairs as scenario_pairs gives them
 * @tparam Ids scenarios to divide; all pairs of the others are kept
 * @tparam integer limit number of pairs to keep
 * @tparam integer seed
 * @treturn table pairs that are kept
 * @treturn table pairs of the other users */
static int l_divide_pairs(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_Integer limit = luaL_checkinteger(L, 3), seed = luaL_checkinteger(L, 4);
    cm_ids *list = cmL_check_ids(L, 2);
    cm_pairs pairs = cmL_check_pairs(L, 1), parts[2];
    cm_ids **segments[2], **boxes[2][2];
    for (int p = 0; p < 2; p++)
        cmL_push_id_boxes(L, "scenarios", &segments[p], 2, pair_names, boxes[p]);
    if (!cm_pairs_divide(cx, &pairs, list, (uint64_t)seed, limit, parts))
        return cmL_raise(L, cx, "divide_pairs");
    for (int p = 0; p < 2; p++)
        fill_pairs(&parts[p], segments[p], boxes[p]);
    return 2;
}

/*** The first pair that both have in the same scenario.
 * @function common_pairs
 * @tparam table a pairs as scenario_pairs gives them
 * @tparam table b likewise
 * @treturn ?integer scenario; nil if there is none
 * @treturn ?integer user
 * @treturn ?integer item */
static int l_common_pairs(lua_State *L)
{
    (void)cmL_enter(L);
    cm_pairs a = cmL_check_pairs(L, 1), b = cmL_check_pairs(L, 2);
    int32_t scenario, user, item;
    if (!cm_pairs_first_common(&a, &b, &scenario, &user, &item))
        return 0;
    lua_pushinteger(L, (lua_Integer)scenario + 1);
    lua_pushinteger(L, (lua_Integer)user + 1);
    lua_pushinteger(L, (lua_Integer)item + 1);
    return 3;
}

/*** The users of a scenario.
 * @function pair_users
 * @tparam table pairs as scenario_pairs gives them
 * @tparam integer scenario
 * @treturn Ids ascending */
static int l_pair_users(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_pairs pairs = cmL_check_pairs(L, 1);
    int32_t scenario = cmL_check_scenario(L, 2, pairs.scenarios);
    cm_ids **box = cmL_push_ids(L);
    *box = cm_pairs_users(cx, &pairs, scenario);
    return *box ? 1 : cmL_raise(L, cx, "pair_users");
}

static const luaL_Reg functions[] = {{"scenario_pairs", l_scenario_pairs},
                                     {"divide_pairs", l_divide_pairs},
                                     {"common_pairs", l_common_pairs},
                                     {"pair_users", l_pair_users},
                                     {NULL, NULL}};

void cmL_open_pairs(lua_State *L)
{
    cmL_register(L, functions);
}
