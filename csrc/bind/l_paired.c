/* l_paired.c - rows of positives and negatives whose scores are compared.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "tasks/paired.h"

/*** The query of a draw as rows to be scored: for each task first the positives, then the
 * negatives.
 * @function paired_rows
 * @tparam table query segments, users, positives, negatives (the same number for each positive), as
 * draw_scenarios gives them
 * @treturn table segments (of all rows), users, items, and positive, negative (Ids: the row of each
 * positive and negative), each (number of negatives per positive) */
static int l_paired_rows(lua_State *L)
{
    static const char *const names[] = {"users", "items", "positive", "negative"};
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    cm_scenario_query query = {.segments = cmL_check_field(L, 1, "segments", CML_SEGMENTS),
                               .users = cmL_check_field(L, 1, "users", CML_IDS),
                               .positives = cmL_check_field(L, 1, "positives", CML_IDS),
                               .negatives = cmL_check_field(L, 1, "negatives", CML_IDS)};
    int64_t n = cm_segments_rows(query.segments);
    int64_t each = n > 0 ? query.negatives->count / n : 1;
    luaL_argcheck(
        L,
        query.users->count == n && query.positives->count == n && each >= 1 &&
            query.negatives->count == n * each,
        1,
        "users and positives must be as many as the segments cover, with as many negatives "
        "for each");
    luaL_argcheck(L, n <= INT32_MAX / (1 + each), 1, "too many pairs");
    lua_createtable(L, 0, 6);
    cm_ids **segments = cmL_push_segments(L), **boxes[4];
    lua_setfield(L, -2, "segments");
    for (int b = 0; b < 4; b++) {
        boxes[b] = cmL_push_ids(L);
        lua_setfield(L, -2, names[b]);
    }
    lua_pushinteger(L, each);
    lua_setfield(L, -2, "each");
    cm_paired rows;
    if (!cm_paired_make(cx, &query, each, &rows))
        return cmL_raise(L, cx, "paired_rows");
    *segments = rows.segments;
    *boxes[0] = rows.users, *boxes[1] = rows.items;
    *boxes[2] = rows.positives, *boxes[3] = rows.negatives;
    return 1;
}

static const luaL_Reg functions[] = {{"paired_rows", l_paired_rows}, {NULL, NULL}};

void cmL_open_paired(lua_State *L)
{
    cmL_register(L, functions);
}
