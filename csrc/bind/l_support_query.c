/* l_support_query.c - pairs of supports in Lua.
 *
 * @module cmml.core */
#include "bind/tasks.h"
#include "tasks/support_query.h"

/*** Pairs of a positive and a negative from the supports of tasks, for a step on a ranking loss. A
 * whole step (batch 0) takes each positive once, with one of the negatives of its user, a later
 * step with the next one, and so round; with those of anybody where its user has none. A mini-batch
 * takes positives at random, without replacement if there are enough, each with a random one of
 * these negatives. Where a support has no negatives, items of the catalogue that are none of the
 * user's positives are drawn. A task without positives has no pairs. What is drawn depends on seed
 * and step and on the entries of the task's own support, in whatever order, alone.
 * @function support_query
 * @tparam table support Rows of several tasks: segments, users, items, labels (above 0: positive)
 * @tparam ?Ids tasks whose supports; nil: all, in order
 * @tparam table options seed, step (from 0), batch (pairs of a task; default 0: all positives),
 * items (number of items in the catalogue)
 * @treturn table segments (Segments, one a task of the list), users, positives, negatives, as a
 * query of draw_scenarios has them
 * @treturn Tensor a uniform random number from 0 to 1 for each of these tasks */
static int l_support_query(lua_State *L)
{
    static const char *const names[] = {"users", "positives", "negatives"};
    cm_ctx *cx = cmL_enter(L);
    lua_settop(L, 3);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    cm_support_options options = {.seed = (uint64_t)cmL_field_integer(L, 3, "seed", 0),
                                  .step = cmL_field_key(L, 3, "step", 0),
                                  .batch = cmL_field_integer(L, 3, "batch", 0)};
    options.items = (int32_t)cmL_field_within(L, 3, "items", 0, 0, INT32_MAX);
    cm_scenario_support support = {
        cmL_check_field(L, 1, "segments", CML_SEGMENTS), cmL_check_field(L, 1, "users", CML_IDS),
        cmL_check_field(L, 1, "items", CML_IDS), cmL_check_field(L, 1, "labels", CML_TENSOR)};
    cm_ids *tasks, **all = NULL;
    if (lua_isnil(L, 2)) {
        all = cmL_push_ids(L);
        *all = cm_ids_new(cx, cm_segments_groups(support.segments));
        if (!*all)
            return cmL_raise(L, cx, "support_query");
        for (int64_t t = 0; t < (*all)->count; t++)
            (*all)->values[t] = (int32_t)t;
        cm_ids_seal(*all);
        tasks = *all;
    } else {
        tasks = cmL_check_ids(L, 2);
    }
    cm_ids **segments, **boxes[3];
    cmL_push_id_boxes(L, "segments", &segments, 3, names, boxes);
    cm_tensor **chances = cmL_push_tensor(L), *made = NULL;
    size_t mark = cm_scope_begin(cx);
    cm_scenario_query query;
    support.labels = cm_contiguous(cx, support.labels);
    bool ok = support.labels && cm_support_query(cx, &support, tasks, &options, &query, &made);
    if (ok) {
        *segments = query.segments;
        *boxes[0] = query.users, *boxes[1] = query.positives, *boxes[2] = query.negatives;
        cm_retain(*chances = made);
    }
    cm_scope_end(cx, mark);
    return ok ? 2 : cmL_raise(L, cx, "support_query");
}

static const luaL_Reg functions[] = {{"support_query", l_support_query}, {NULL, NULL}};

void cmL_open_support_query(lua_State *L)
{
    cmL_register(L, functions);
}
