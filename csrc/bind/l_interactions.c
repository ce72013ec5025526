/* l_interactions.c - ratings, and tasks drawn from them, in Lua. Ratings are a table with three
 * fields: users (segments, one per user), items (ids) and ratings (tensor).
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "tasks/interactions.h"

/* Pushes {users = .., items = .., ratings = ..} with empty boxes and gives their addresses. */
static void push_boxes(lua_State *L, const char *const names[3], cm_ids ***segments,
                       cm_ids ***items, cm_tensor ***numbers)
{
    lua_createtable(L, 0, 3);
    *segments = cmL_push_segments(L);
    lua_setfield(L, -2, names[0]);
    *items = cmL_push_ids(L);
    lua_setfield(L, -2, names[1]);
    *numbers = cmL_push_tensor(L);
    lua_setfield(L, -2, names[2]);
}

static const char *const interaction_names[3] = {"users", "items", "ratings"};
static const char *const task_names[3] = {"segments", "items", "labels"};

/* The ratings in the table at `arg`, whose boxes are left on the stack: to be called when all
 * arguments behind it were read. */
static cm_interactions check_interactions(lua_State *L, int arg)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    cm_interactions from = {cmL_check_field(L, arg, "users", CML_SEGMENTS),
                            cmL_check_field(L, arg, "items", CML_IDS),
                            cmL_check_field(L, arg, "ratings", CML_TENSOR)};
    if (cm_segments_rows(from.users) != from.items->count ||
        from.items->count != from.ratings->count || !cm_is_contiguous(from.ratings))
        luaL_argerror(L, arg, "users, items and ratings must have as many rows");
    return from;
}

static void fill_interactions(const cm_interactions *from, cm_ids **users, cm_ids **items,
                              cm_tensor **ratings)
{
    *users = from->users;
    *items = from->items;
    *ratings = from->ratings;
    cm_retain(from->ratings);
}

/*** Groups ratings by user; of duplicate ratings of an item by a user the first is kept.
 * @function group_ratings
 * @tparam Ids users user of each row
 * @tparam Ids items item of each row
 * @tparam Tensor ratings [rows]
 * @tparam integer n_users
 * @treturn table users (Segments), items (Ids), ratings (Tensor)
 * @treturn integer number of duplicate rows that were dropped */
static int l_group_ratings(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_ids *users = cmL_check_ids(L, 1), *items = cmL_check_ids(L, 2);
    cm_tensor *ratings = cmL_check_tensor(L, 3);
    lua_Integer n_users = luaL_checkinteger(L, 4);
    luaL_argcheck(L, n_users >= 0 && n_users < INT32_MAX, 4, "not negative and below 2^31");
    luaL_argcheck(L, cm_is_contiguous(ratings), 3, "a contiguous tensor was expected");
    cm_ids **user_box, **item_box;
    cm_tensor **rating_box;
    push_boxes(L, interaction_names, &user_box, &item_box, &rating_box);
    size_t mark = cm_scope_begin(cx);
    cm_interactions grouped = {0};
    int64_t duplicates = 0;
    bool ok = cm_interactions_group(cx, users, items, ratings, n_users, &grouped, &duplicates);
    if (ok)
        fill_interactions(&grouped, user_box, item_box, rating_box);
    cm_scope_end(cx, mark);
    if (!ok)
        return cmL_raise(L, cx, "group_ratings");
    lua_pushinteger(L, duplicates);
    return 2;
}

/*** Ratings by user as ratings by item.
 * @function ratings_by_item
 * @tparam table ratings as group_ratings gives them
 * @tparam integer n_items
 * @treturn table items (Segments, one per item), users (Ids), ratings (Tensor) */
static int l_ratings_by_item(lua_State *L)
{
    static const char *const names[3] = {"items", "users", "ratings"};
    cm_ctx *cx = cmL_enter(L);
    lua_Integer n_items = luaL_checkinteger(L, 2);
    luaL_argcheck(L, n_items >= 0 && n_items < INT32_MAX, 2, "not negative and below 2^31");
    cm_interactions from = check_interactions(L, 1);
    cm_ids **item_box, **user_box;
    cm_tensor **rating_box;
    push_boxes(L, names, &item_box, &user_box, &rating_box);
    size_t mark = cm_scope_begin(cx);
    cm_interactions grouped = {0};
    bool ok = cm_interactions_by_item(cx, &from, n_items, &grouped);
    if (ok)
        fill_interactions(&grouped, item_box, user_box, rating_box);
    cm_scope_end(cx, mark);
    return ok ? 1 : cmL_raise(L, cx, "ratings_by_item");
}

/*** At most `cap` ratings per user, sampled at random.
 * @function cap_ratings
 * @tparam table ratings as group_ratings gives them
 * @tparam integer cap maximum number of ratings per user
 * @tparam integer seed the same seed keeps the same ratings
 * @treturn table users, items, ratings */
static int l_cap_ratings(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_Integer cap = luaL_checkinteger(L, 2);
    uint64_t seed = (uint64_t)luaL_checkinteger(L, 3);
    luaL_argcheck(L, cap >= 0, 2, "not negative");
    cm_interactions all = check_interactions(L, 1);
    cm_ids **user_box, **item_box;
    cm_tensor **rating_box;
    push_boxes(L, interaction_names, &user_box, &item_box, &rating_box);
    size_t mark = cm_scope_begin(cx);
    cm_interactions kept = {0};
    bool ok = cm_interactions_cap(cx, &all, cap, seed, &kept);
    if (ok)
        fill_interactions(&kept, user_box, item_box, rating_box);
    cm_scope_end(cx, mark);
    return ok ? 1 : cmL_raise(L, cx, "cap_ratings");
}

static void fill_tasks(const cm_task_rows *rows, cm_ids **segments, cm_ids **items,
                       cm_tensor **labels)
{
    *segments = rows->segments;
    *items = rows->items;
    *labels = rows->labels;
    cm_retain(rows->labels);
}

/*** Draws one task for each user: a random query, and a random support from the rest.
 * @function draw_tasks
 * @tparam table ratings as group_ratings gives them
 * @tparam Ids users
 * @tparam table options seed, draw (epoch or number of the draw), support and query (maximum number
 * of rows per task), short_supports (fraction of tasks whose support is cut to its first k rows, k
 * uniform from 0 to its length; default 0), shuffle_labels (permute the labels within each support
 * set)
 * @treturn table support: segments, items, labels
 * @treturn table query: the same */
static int l_draw_tasks(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 3, LUA_TTABLE);
    cm_draw_options options = {.seed = (uint64_t)cmL_field_integer(L, 3, "seed", 0),
                               .draw = (uint32_t)cmL_field_integer(L, 3, "draw", 0),
                               .support = cmL_field_integer(L, 3, "support", 40),
                               .query = cmL_field_integer(L, 3, "query", 10),
                               .short_supports = cmL_field_number(L, 3, "short_supports", 0),
                               .shuffle_labels = cmL_field_bool(L, 3, "shuffle_labels", false)};
    /* Only now: reading the options may run a metamethod. */
    cm_ids *users = cmL_check_ids(L, 2);
    cm_interactions from = check_interactions(L, 1);
    cm_ids **segments[2], **items[2];
    cm_tensor **labels[2];
    for (int side = 0; side < 2; side++)
        push_boxes(L, task_names, &segments[side], &items[side], &labels[side]);
    size_t mark = cm_scope_begin(cx);
    cm_task_rows rows[2];
    bool ok = cm_draw_tasks(cx, &from, users, &options, &rows[0], &rows[1]);
    for (int side = 0; ok && side < 2; side++)
        fill_tasks(&rows[side], segments[side], items[side], labels[side]);
    cm_scope_end(cx, mark);
    return ok ? 2 : cmL_raise(L, cx, "draw_tasks");
}

static const luaL_Reg functions[] = {{"group_ratings", l_group_ratings},
                                     {"ratings_by_item", l_ratings_by_item},
                                     {"cap_ratings", l_cap_ratings},
                                     {"draw_tasks", l_draw_tasks},
                                     {NULL, NULL}};

void cmL_open_interactions(lua_State *L)
{
    cmL_register(L, functions);
}
