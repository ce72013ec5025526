/* l_source_items.c - draws of items of the source domain in Lua.
 *
 * @module cmml.core */
#include "bind/tasks.h"
#include "tasks/source_items.h"

/*** Draws an item of the source domain beside each row of the target domain: with probability
 * negatives / (negatives + 1) one that the user of the row has not taken, with label 0, else one
 * that the user has, with label 1. Where there is none of the sort the place is n + 1, which stands
 * for padding. A row depends on (seed, draw, its user, its item) alone.
 * @function draw_source_items
 * @tparam table taken users (Segments, one per user), items (Ids: places from 1 to n in the domain,
 * ascending within a user)
 * @tparam integer n number of items in the domain
 * @tparam Ids users of the rows
 * @tparam Ids items of the rows
 * @tparam table options seed, draw, negatives (expected number per positive, default 0)
 * @treturn Ids places, from 1 to n + 1
 * @treturn Tensor labels [rows], 1 or 0 */
static int l_draw_source_items(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 5, LUA_TTABLE);
    cm_source_options options = {.seed = (uint64_t)cmL_field_integer(L, 5, "seed", 0),
                                 .draw = cmL_field_key(L, 5, "draw", 0),
                                 .negatives = cmL_field_number(L, 5, "negatives", 0)};
    lua_Integer n = luaL_checkinteger(L, 2);
    luaL_argcheck(L, n >= 0 && n < INT32_MAX, 2, "not negative and below 2^31 - 1");
    cm_ids *users = cmL_check_ids(L, 3), *items = cmL_check_ids(L, 4);
    cm_source_domain domain = {.taken = cmL_check_lists(L, 1, "users"), .n = (int32_t)n};
    cm_ids **places = cmL_push_ids(L);
    cm_tensor **labels = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    bool ok = cm_draw_source_items(cx, &domain, users, items, &options, places, labels);
    if (*labels)
        cm_retain(*labels);
    cm_scope_end(cx, mark);
    return ok ? 2 : cmL_raise(L, cx, "draw_source_items");
}

static const luaL_Reg functions[] = {{"draw_source_items", l_draw_source_items}, {NULL, NULL}};

void cmL_open_source_items(lua_State *L)
{
    cmL_register(L, functions);
}
