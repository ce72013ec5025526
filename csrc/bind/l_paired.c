/* l_paired.c - rows of positives and negatives that are compared with each other.
 *
 * @module cmml.core */
#include "bind/cmL.h"

/* Row numbers of a task's pairs: `n` positives from row `first`, then `each` negatives of each. */
typedef struct paired {
    int32_t at, n, first, each;
} paired;

static void fill_paired(const paired *p, const int32_t *users, cm_ids *const items[2],
                        cm_ids **const boxes[4])
{
    for (int32_t i = 0; i < p->n; i++) {
        int32_t row = p->first + i, pair = p->at + i;
        (*boxes[0])->values[row] = users[pair];
        (*boxes[1])->values[row] = items[0]->values[pair];
        (*boxes[2])->values[pair] = row;
        for (int32_t k = 0; k < p->each; k++) {
            int32_t other = pair * p->each + k;
            row = p->first + p->n + i * p->each + k;
            (*boxes[0])->values[row] = users[pair];
            (*boxes[1])->values[row] = items[1]->values[other];
            (*boxes[3])->values[other] = row;
        }
    }
}

/*** The query of a draw as rows to be scored: of each task first the positives, then the negatives.
 * @function paired_rows
 * @tparam table query segments, users, positives, negatives (as many of each positive), as
 * draw_scenarios gives them
 * @treturn table segments (of all rows), users, items, and positive, negative (Ids: the row of each
 * positive and negative), each (negatives of a positive) */
static int l_paired_rows(lua_State *L)
{
    static const char *const names[] = {"users", "items", "positive", "negative"};
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    cm_ids *from = cmL_check_field(L, 1, "segments", CML_SEGMENTS);
    cm_ids *users = cmL_check_field(L, 1, "users", CML_IDS);
    cm_ids *items[2] = {cmL_check_field(L, 1, "positives", CML_IDS),
                        cmL_check_field(L, 1, "negatives", CML_IDS)};
    int64_t n = cm_segments_rows(from), tasks = cm_segments_groups(from);
    int64_t each = n > 0 ? items[1]->count / n : 1;
    luaL_argcheck(
        L, users->count == n && items[0]->count == n && each >= 1 && items[1]->count == n * each, 1,
        "users and positives must be as many as the segments say, and as many negatives "
        "for each");
    luaL_argcheck(L, n <= INT32_MAX / (1 + each), 1, "too many pairs");
    cm_ids **segments, **boxes[4];
    lua_createtable(L, 0, 6);
    segments = cmL_push_segments(L);
    lua_setfield(L, -2, "segments");
    for (int b = 0; b < 4; b++) {
        boxes[b] = cmL_push_ids(L);
        lua_setfield(L, -2, names[b]);
    }
    lua_pushinteger(L, each);
    lua_setfield(L, -2, "each");
    int32_t *lengths = lua_newuserdatauv(L, (size_t)CM_MAX(tasks, 1) * sizeof *lengths, 0);
    for (int64_t t = 0; t < tasks; t++)
        lengths[t] = (int32_t)((1 + each) * cm_segment_length(from, t));
    *segments = cm_segments_new(cx, lengths, tasks);
    const int64_t rows[4] = {n * (1 + each), n * (1 + each), n, n * each};
    for (int b = 0; b < 4; b++)
        *boxes[b] = cm_ids_new(cx, rows[b]);
    lua_pop(L, 1);
    if (!*segments || !*boxes[0] || !*boxes[1] || !*boxes[2] || !*boxes[3])
        return cmL_raise(L, cx, "paired_rows");
    for (int64_t t = 0; t < tasks; t++) {
        paired p = {.at = from->values[t],
                    .n = (int32_t)cm_segment_length(from, t),
                    .first = (int32_t)((1 + each) * from->values[t]),
                    .each = (int32_t)each};
        fill_paired(&p, users->values, items, boxes);
    }
    for (int b = 0; b < 4; b++)
        cm_ids_seal(*boxes[b]);
    return 1;
}

static const luaL_Reg functions[] = {{"paired_rows", l_paired_rows}, {NULL, NULL}};

void cmL_open_paired(lua_State *L)
{
    cmL_register(L, functions);
}
