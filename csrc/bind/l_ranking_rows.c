/* l_ranking_rows.c - candidate items to rank for the users of a scenario, in Lua.
 *
 * @module cmml.core */
#include "bind/tasks.h"
#include "tasks/ranking_rows.h"
#include "tasks/shown.h"

/*** The candidate items of a scenario for each user: all except those already known for the user.
 * Raises if a held-out item is known already.
 * @function ranking_rows
 * @tparam table candidates scenarios (Segments), items (Ids, ascending within a scenario)
 * @tparam integer scenario
 * @tparam table held held-out pairs: label 1
 * @tparam table removed list of known interactions: users (Segments), items (Ids, ascending within
 * a user)
 * @tparam Ids users
 * @tparam[opt] table sample others (how many candidates beside the held-out items; default: all),
 * seed, draw, keys (Ids, one a user: a draw depends on them, and on nothing else)
 * @treturn table segments (one per user, empty without both labels), users, items and labels of the
 * rows */
static int l_ranking_rows(lua_State *L)
{
    static const char *const names[] = {"users", "items"};
    cm_ctx *cx = cmL_enter(L);
    lua_settop(L, 6);
    cm_candidate_sample sample = {.others = -1};
    if (!lua_isnil(L, 6)) { /* first, since reading it may run a metamethod */
        luaL_checktype(L, 6, LUA_TTABLE);
        sample.others = cmL_field_integer(L, 6, "others", -1);
        sample.seed = (uint64_t)cmL_field_integer(L, 6, "seed", 0);
        sample.draw = cmL_field_key(L, 6, "draw", 0);
        sample.keys = cmL_check_field(L, 6, "keys", CML_IDS);
    }
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
    bool ok = cm_ranking_rows(cx, &candidates, scenario, &held, removed, n, users, &sample, &rows);
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

/*** Scores of rows from those of all items for every task.
 * @function pick_scores
 * @tparam Tensor scores [tasks, items]
 * @tparam Ids items of the rows
 * @tparam Segments segments the rows of each task
 * @treturn Tensor [rows] */
static int l_pick_scores(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *scores = cmL_check_tensor(L, 1);
    cm_ids *items = cmL_check_ids(L, 2), *segments = cmL_check_segments(L, 3);
    luaL_argcheck(L,
                  scores->shape.ndim == 2 && scores->shape.dims[0] == cm_segments_groups(segments),
                  1, "a tensor [tasks, items] was expected");
    luaL_argcheck(L, cm_segments_rows(segments) == items->count, 3,
                  "segments over all rows were expected");
    luaL_argcheck(L, items->least >= 0 && items->limit <= scores->shape.dims[1], 2,
                  "an item has no score");
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *all = cm_contiguous(cx, scores);
    return cmL_finish(L, cx, mark, box, all ? cm_pick_scores(cx, all, items, segments) : NULL,
                      "pick_scores");
}

/*** The rows with the highest scores of each list; equal ones in the order of their rows.
 * @function shown_rows
 * @tparam Tensor scores [rows]
 * @tparam Segments segments one per list
 * @tparam integer n how many of each, from 1
 * @treturn Ids [lists * n] rows, best first; behind the last row of a shorter list 0 */
static int l_shown_rows(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_Integer n = luaL_checkinteger(L, 3);
    cm_tensor *scores = cmL_check_tensor(L, 1);
    cm_ids *segments = cmL_check_segments(L, 2);
    luaL_argcheck(L, n >= 1 && n < INT32_MAX, 3, "from 1 on, below 2^31");
    luaL_argcheck(L, scores->shape.ndim == 1 && scores->count == cm_segments_rows(segments), 1,
                  "one score per row of the segments was expected");
    cm_ids **box = cmL_push_ids(L);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *all = cm_contiguous(cx, scores);
    *box = all ? cm_shown_rows(cx, all, segments, n) : NULL;
    cm_scope_end(cx, mark);
    return *box ? 1 : cmL_raise(L, cx, "shown_rows");
}

static const luaL_Reg functions[] = {{"ranking_rows", l_ranking_rows},
                                     {"support_counts", l_support_counts},
                                     {"pick_scores", l_pick_scores},
                                     {"shown_rows", l_shown_rows},
                                     {NULL, NULL}};

void cmL_open_ranking_rows(lua_State *L)
{
    cmL_register(L, functions);
}
