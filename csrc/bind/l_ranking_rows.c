/* l_ranking_rows.c - candidate items to rank for the users of a scenario, in Lua.
 *
 * @module cmml.core */
#include "bind/tasks.h"
#include "tasks/ranking_rows.h"

/*** The candidate items of a scenario for each user: all except those already known for the user.
 * Raises if a held-out item is known already.
 * @function ranking_rows
 * @tparam table candidates scenarios (Segments), items (Ids, ascending within a scenario)
 * @tparam integer scenario
 * @tparam table held held-out pairs: label 1
 * @tparam table removed list of known interactions: users (Segments), items (Ids, ascending within
 * a user)
 * @tparam Ids users
 * @treturn table segments (one per user, empty without both labels), users, items and labels of the
 * rows */
static int l_ranking_rows(lua_State *L)
{
    static const char *const names[] = {"users", "items"};
    cm_ctx *cx = cmL_enter(L);
    cm_lists candidates = cmL_check_lists(L, 1, "scenarios"), removed[CML_MOST_LISTS];
    cm_pairs held = cmL_check_pairs(L, 3);
    int32_t scenario = cmL_check_scenario(L, 2, candidates.segments);
    luaL_checktype(L, 4, LUA_TTABLE);
    int n = (int)CM_MIN(cmL_check_length(L, 4), CML_MOST_LISTS + 1);
    luaL_argcheck(L, n <= CML_MOST_LISTS, 4, "too many: at most 16");
    cm_ids *users = cmL_check_ids(L, 5);
    luaL_checkstack(L, 3 * n + 8, "not enough memory, or calls too deep");
    for (int i = 0; i < n; i++) {
        luaL_argcheck(L, lua_rawgeti(L, 4, i + 1) == LUA_TTABLE, 4,
                      "a list of tables was expected");
        removed[i] = cmL_check_lists(L, lua_gettop(L), "users");
    }
    cm_ids **segments, **boxes[2];
    cmL_push_id_boxes(L, "segments", &segments, 2, names, boxes);
    cm_tensor **labels = cmL_push_tensor(L);
    lua_setfield(L, -2, "labels");
    size_t mark = cm_scope_begin(cx);
    cm_ranking_lists rows;
    bool ok = cm_ranking_rows(cx, &candidates, scenario, &held, removed, n, users, &rows);
    if (ok) {
        *segments = rows.segments, *boxes[0] = rows.users, *boxes[1] = rows.items;
        cm_retain(*labels = rows.labels);
    }
    cm_scope_end(cx, mark);
    return ok ? 1 : cmL_raise(L, cx, "ranking_rows");
}

/*** How often the item of each row occurs among the positives of its task's support.
 * @function support_counts
 * @tparam table support segments (one per task), items, labels [rows], positive above 0
 * @tparam Ids items of the rows
 * @tparam Segments segments the rows of each task
 * @treturn Tensor [rows] */
static int l_support_counts(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    cm_ids *of = cmL_check_field(L, 1, "segments", CML_SEGMENTS);
    cm_ids *support = cmL_check_field(L, 1, "items", CML_IDS);
    cm_tensor *labels = cmL_check_field(L, 1, "labels", CML_TENSOR);
    cm_ids *items = cmL_check_ids(L, 2), *segments = cmL_check_segments(L, 3);
    luaL_argcheck(L,
                  cm_segments_rows(of) == support->count && labels->count == support->count &&
                      cm_is_contiguous(labels),
                  1, "items and labels must be as many as the segments cover");
    luaL_argcheck(L, cm_segments_rows(segments) == items->count, 3,
                  "segments over all rows were expected");
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    return cmL_finish(L, cx, mark, box, cm_support_counts(cx, support, labels, of, items, segments),
                      "support_counts");
}

static const luaL_Reg functions[] = {
    {"ranking_rows", l_ranking_rows}, {"support_counts", l_support_counts}, {NULL, NULL}};

void cmL_open_ranking_rows(lua_State *L)
{
    cmL_register(L, functions);
}
