/* l_scenarios.c - draws of tasks from scenarios in Lua.
 *
 * @module cmml.core */
#include "bind/tasks.h"
#include "tasks/scenarios.h"

/*** Draws one task for each scenario: a support of labelled pairs, and a query of positives and
 * negatives of the same users.
 * @function draw_scenarios
 * @tparam table candidates scenarios (Segments), items (Ids, ascending within a scenario)
 * @tparam table touched known pairs: never negatives of their users
 * @tparam table support pairs that support positives are drawn from
 * @tparam ?table query pairs that query positives are drawn from; nil: from `support`, disjoint
 * @tparam Ids scenarios
 * @tparam table options seed, draw, support (number of positives), support_negatives (number for a
 * full support), query (number of positives; 0: none), query_negatives (number per query positive,
 * default 1), published (support negatives as published: any item other than that of their pair),
 * positives_first (do not shuffle the support)
 * @treturn table support: segments, users, items, labels (1 or 0)
 * @treturn table query: segments, users, positives, negatives (those of the first positive, ..)
 * @treturn integer number of negatives whose users had touched all items */
static int l_draw_scenarios(lua_State *L)
{
    static const char *const support_names[] = {"users", "items"};
    static const char *const query_names[] = {"users", "positives", "negatives"};
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 6, LUA_TTABLE);
    cm_scenario_options options = {
        .seed = (uint64_t)cmL_field_integer(L, 6, "seed", 0),
        .draw = cmL_field_key(L, 6, "draw", 0),
        .support = cmL_field_integer(L, 6, "support", 64),
        .support_negatives = cmL_field_integer(L, 6, "support_negatives", 64),
        .query = cmL_field_integer(L, 6, "query", 128),
        .query_negatives = cmL_field_integer(L, 6, "query_negatives", 1),
        .published = cmL_field_bool(L, 6, "published", false),
        .positives_first = cmL_field_bool(L, 6, "positives_first", false)};
    cm_scenario_source from = {.candidates = {cmL_check_field(L, 1, "scenarios", CML_SEGMENTS),
                                              cmL_check_field(L, 1, "items", CML_IDS)}};
    luaL_argcheck(L,
                  cm_segments_rows(from.candidates.segments) == from.candidates.values->count &&
                      from.candidates.values->least >= 0,
                  1, "known items were expected, as many as the segments cover");
    from.touched = cmL_check_pairs(L, 2);
    from.support = cmL_check_pairs(L, 3);
    if (!lua_isnil(L, 4))
        from.query = cmL_check_pairs(L, 4);
    cm_ids *list = cmL_check_ids(L, 5);
    cm_ids **segments[2], **s[2], **q[3];
    cmL_push_id_boxes(L, "segments", &segments[0], 2, support_names, s);
    cm_tensor **labels = cmL_push_tensor(L);
    lua_setfield(L, -2, "labels");
    cmL_push_id_boxes(L, "segments", &segments[1], 3, query_names, q);
    size_t mark = cm_scope_begin(cx);
    cm_scenario_support support;
    cm_scenario_query query;
    int64_t fallbacks = 0;
    bool ok = cm_draw_scenarios(cx, &from, list, &options, &support, &query, &fallbacks);
    if (ok) {
        *segments[0] = support.segments, *s[0] = support.users, *s[1] = support.items;
        *segments[1] = query.segments, *q[0] = query.users;
        *q[1] = query.positives, *q[2] = query.negatives;
        cm_retain(*labels = support.labels);
    }
    cm_scope_end(cx, mark);
    if (!ok)
        return cmL_raise(L, cx, "draw_scenarios");
    lua_pushinteger(L, fallbacks);
    return 3;
}

static const luaL_Reg functions[] = {{"draw_scenarios", l_draw_scenarios}, {NULL, NULL}};

void cmL_open_scenarios(lua_State *L)
{
    cmL_register(L, functions);
}
