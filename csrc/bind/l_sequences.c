/* l_sequences.c - sequences cut into what is shown and what comes next, in Lua.
 *
 * @module cmml.core */
#include "bind/tasks.h"
#include "tasks/sequences.h"

/*** Cuts sequences into supports and queries, one task for each user: what is shown of what the
 * user did, in order, and what came next. What is drawn depends on (seed, draw, user) alone.
 * @function cut_sequences
 * @tparam table sequences users (Segments, one per user) and items (Ids, in order)
 * @tparam Ids users
 * @tparam table options shown (number of rows of a support, the first ones; default 0: all but the
 * query, which is the end of the sequence), next (maximum number of rows of a query, default 1),
 * window (a longer sequence is cut to so many rows in a row, at random; default 0: none is), seed,
 * draw
 * @treturn table support: segments, items, labels (1 each), following (Ids: the item behind each
 * row, 0 where there is none)
 * @treturn table query: segments, items, labels */
static int l_cut_sequences(lua_State *L)
{
    static const char *const names[] = {"items", "following"};
    cm_ctx *cx = cmL_enter(L);
    lua_settop(L, 3);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    cm_cut_options options = {.shown = cmL_field_integer(L, 3, "shown", 0),
                              .next = cmL_field_integer(L, 3, "next", 1),
                              .window = cmL_field_integer(L, 3, "window", 0),
                              .seed = (uint64_t)cmL_field_integer(L, 3, "seed", 0),
                              .draw = cmL_field_key(L, 3, "draw", 0)};
    /* Only now: reading the options may run a metamethod. */
    cm_ids *sequences = cmL_check_field(L, 1, "users", CML_SEGMENTS);
    cm_ids *items = cmL_check_field(L, 1, "items", CML_IDS), *users = cmL_check_ids(L, 2);
    luaL_argcheck(L, cm_segments_rows(sequences) == items->count, 1,
                  "users and items must have as many rows");
    cm_ids **segments[2], **boxes[2][2];
    cm_tensor **labels[2];
    for (int side = 0; side < 2; side++) {
        cmL_push_id_boxes(L, "segments", &segments[side], 2 - side, names, boxes[side]);
        labels[side] = cmL_push_tensor(L);
        lua_setfield(L, -2, "labels");
    }
    size_t mark = cm_scope_begin(cx);
    cm_cut_rows rows[2];
    bool ok = cm_cut_sequences(cx, sequences, items, users, &options, &rows[0], &rows[1]);
    for (int side = 0; ok && side < 2; side++) {
        *segments[side] = rows[side].segments;
        *boxes[side][0] = rows[side].items;
        if (side == 0)
            *boxes[side][1] = rows[side].following;
        cm_retain(*labels[side] = rows[side].labels);
    }
    cm_scope_end(cx, mark);
    return ok ? 2 : cmL_raise(L, cx, "cut_sequences");
}

/*** Pairs of different items of one sequence: from which to which people went, in how many steps. A
 * pair of items may be there several times: `sparse` adds them up.
 * @function sequence_pairs
 * @tparam table sequences Rows: segments, and items (Ids, in order)
 * @tparam table options steps (pairs of items that lie at most so many rows apart, default 1),
 * power (a pair that lies d rows apart weighs d^-power, default 0), backward (times this where the
 * later item is the first of the pair; default 0: there are no such pairs)
 * @treturn table from (Ids), to (Ids), weights (Tensor) */
static int l_sequence_pairs(lua_State *L)
{
    static const char *const names[] = {"from", "to"};
    cm_ctx *cx = cmL_enter(L);
    lua_settop(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    cm_pair_options options = {.steps = cmL_field_integer(L, 2, "steps", 1),
                               .power = cmL_field_number(L, 2, "power", 0),
                               .backward = cmL_field_number(L, 2, "backward", 0)};
    /* Only now: reading the options may run a metamethod. */
    cm_ids *sequences = cmL_check_field(L, 1, "segments", CML_SEGMENTS);
    cm_ids *items = cmL_check_field(L, 1, "items", CML_IDS);
    luaL_argcheck(L, cm_segments_rows(sequences) == items->count, 1,
                  "segments and items must have as many rows");
    lua_createtable(L, 0, 3);
    cm_ids **boxes[2];
    for (int side = 0; side < 2; side++) {
        boxes[side] = cmL_push_ids(L);
        lua_setfield(L, -2, names[side]);
    }
    cm_tensor **box = cmL_push_tensor(L), *weights;
    lua_setfield(L, -2, "weights");
    size_t mark = cm_scope_begin(cx);
    bool ok = cm_sequence_pairs(cx, sequences, items, &options, boxes[0], boxes[1], &weights);
    if (ok)
        cm_retain(*box = weights);
    else
        *boxes[0] = *boxes[1] = NULL;
    cm_scope_end(cx, mark);
    return ok ? 1 : cmL_raise(L, cx, "sequence_pairs");
}

static const luaL_Reg functions[] = {
    {"cut_sequences", l_cut_sequences}, {"sequence_pairs", l_sequence_pairs}, {NULL, NULL}};

void cmL_open_sequences(lua_State *L)
{
    cmL_register(L, functions);
}
