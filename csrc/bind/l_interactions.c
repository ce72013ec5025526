/* l_interactions.c - ratings, and tasks drawn from them, in Lua. Ratings are a table with the
 * fields users (segments, one per user), items (ids), ratings (tensor) and, if they are known,
 * times.
 *
 * @module cmml.core */
#include "bind/io.h"
#include "tasks/grouping.h"
#include "tasks/ordering.h"
#include <string.h>

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
                            cmL_check_field(L, arg, "ratings", CML_TENSOR), NULL};
    if (cmL_raw_field(L, arg, "times") != LUA_TNIL)
        from.times = cmL_check_times(L, -1);
    if (cm_segments_rows(from.users) != from.items->count ||
        from.items->count != from.ratings->count || !cm_is_contiguous(from.ratings) ||
        (from.times && from.times->count != from.items->count))
        luaL_argerror(L, arg, "users, items, ratings and times must have as many rows");
    return from;
}

/* The same for times, in the field `times` of the table on top; NULL if there are none. */
static cm_times **push_times_box(lua_State *L, bool any)
{
    if (!any)
        return NULL;
    cm_times **box = cmL_push_times(L);
    lua_setfield(L, -2, "times");
    return box;
}

static void fill_interactions(const cm_interactions *from, cm_ids **users, cm_ids **items,
                              cm_tensor **ratings, cm_times **times)
{
    *users = from->users;
    *items = from->items;
    *ratings = from->ratings;
    if (times)
        *times = from->times;
    cm_retain(from->ratings);
}

/* The reference of a box at `index` to what `object` is: taken out of the box if it is to be
 * released, and it was not taken before, else another one. */
static bool takes_over(lua_State *L, int index, bool release)
{
    void **box = lua_touserdata(L, index);
    bool taken = release && *box;
    if (taken)
        *box = NULL;
    return taken;
}

static cm_repeats check_repeats(lua_State *L, int index)
{
    static const char *const names[] = {"last", "add", "keep", NULL};
    const char *text = cmL_raw_field(L, index, "repeats") == LUA_TSTRING ? lua_tostring(L, -1)
                       : lua_isnil(L, -1)                                ? names[0]
                                                                         : "";
    for (int i = 0; names[i]; i++)
        if (strcmp(text, names[i]) == 0)
            return (cm_repeats)i;
    return (cm_repeats)luaL_error(L,
                                  "group_ratings: repeats must be \"last\", \"add\" or \"keep\", "
                                  "not %s",
                                  cmL_shown(L, -1));
}

/*** Groups ratings by user. Of several ratings of an item by a user the last counts: the latest
 * where times differ, else the one that stands last.
 * @function group_ratings
 * @tparam Ids users user of each row
 * @tparam Ids items item of each row
 * @tparam ?Tensor ratings [rows]; nil: 1 each
 * @tparam integer n_users
 * @tparam[opt] table options times (Times of the rows); repeats ("last", as above; "add": their
 * ratings add up; or "keep": all stay, as in sequences); first (Ids: items of which the first
 * rating counts, whatever the time); release (boolean: the columns are given away, and each is
 * released as soon as it was read, so that the peak of memory is little more than the result)
 * @treturn table users (Segments), items (Ids), ratings (Tensor), and times (Times), if there were
 * any; rows of a user are in their order in the source
 * @treturn integer number of repeated rows, which do not stand in it */
static int l_group_ratings(lua_State *L)
{
    enum { given = 5, end };
    cm_ctx *cx = cmL_enter(L);
    lua_Integer n_users = luaL_checkinteger(L, 4);
    luaL_argcheck(L, n_users >= 0 && n_users < INT32_MAX, 4, "not negative and below 2^31");
    lua_settop(L, given);
    cm_grouping_options options = {.users = n_users};
    bool release = false;
    cm_times *times = NULL;
    int times_at = 0;
    if (!lua_isnil(L, given)) {
        luaL_checktype(L, given, LUA_TTABLE);
        options.repeats = check_repeats(L, given);
        release = cmL_raw_field(L, given, "release") != LUA_TNIL && lua_toboolean(L, -1);
        if (cmL_raw_field(L, given, "first") != LUA_TNIL)
            options.first = cmL_check_ids(L, -1);
        if (cmL_raw_field(L, given, "times") != LUA_TNIL) {
            times = cmL_check_times(L, -1);
            times_at = lua_gettop(L);
        }
    }
    cm_ids **user_box, **item_box;
    cm_tensor **rating_box;
    push_boxes(L, interaction_names, &user_box, &item_box, &rating_box);
    cm_times **time_box = push_times_box(L, times != NULL);
    /* Only now: the boxes above may run a finaliser. */
    cm_rating_rows rows = {cmL_check_ids(L, 1), cmL_check_ids(L, 2),
                           lua_isnil(L, 3) ? NULL : cmL_check_tensor(L, 3), times};
    luaL_argcheck(L, !rows.ratings || cm_is_contiguous(rows.ratings), 3,
                  "a contiguous tensor was expected");
    if (!takes_over(L, 1, release))
        cm_ids_retain(rows.users);
    if (!takes_over(L, 2, release))
        cm_ids_retain(rows.items);
    if (rows.ratings && !takes_over(L, 3, release))
        cm_retain(rows.ratings);
    if (times && !takes_over(L, times_at, release))
        cm_times_retain(times);
    size_t mark = cm_scope_begin(cx);
    cm_interactions grouped;
    int64_t repeated = 0;
    bool ok = cm_interactions_group(cx, &rows, &options, &grouped, &repeated);
    if (ok)
        fill_interactions(&grouped, user_box, item_box, rating_box, time_box);
    cm_scope_end(cx, mark);
    if (!ok)
        return cmL_raise(L, cx, "group_ratings");
    lua_pushinteger(L, repeated);
    return 2;
}

/*** Ratings by user as ratings by item.
 * @function ratings_by_item
 * @tparam table ratings as group_ratings gives them
 * @tparam integer n_items
 * @treturn table items (Segments, one per item), users (Ids), ratings (Tensor), times, if there are
 * any */
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
    cm_times **time_box = push_times_box(L, from.times != NULL);
    size_t mark = cm_scope_begin(cx);
    cm_interactions grouped = {0};
    bool ok = cm_interactions_by_item(cx, &from, n_items, &grouped);
    if (ok)
        fill_interactions(&grouped, item_box, user_box, rating_box, time_box);
    cm_scope_end(cx, mark);
    return ok ? 1 : cmL_raise(L, cx, "ratings_by_item");
}

/*** At most `cap` ratings per user, sampled at random.
 * @function cap_ratings
 * @tparam table ratings as group_ratings gives them
 * @tparam integer cap maximum number of ratings per user
 * @tparam integer seed the same seed keeps the same ratings
 * @treturn table users, items, ratings, and times, if there are any */
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
    cm_times **time_box = push_times_box(L, all.times != NULL);
    size_t mark = cm_scope_begin(cx);
    cm_interactions kept = {0};
    bool ok = cm_interactions_cap(cx, &all, cap, seed, &kept);
    if (ok)
        fill_interactions(&kept, user_box, item_box, rating_box, time_box);
    cm_scope_end(cx, mark);
    return ok ? 1 : cmL_raise(L, cx, "cap_ratings");
}

/*** The ratings of each user in the order of time; of equal times in the order in which they are.
 * @function ratings_by_time
 * @tparam table ratings as group_ratings gives them, with times
 * @treturn table users, items, ratings, times
 * @treturn integer how many ratings were earlier than one that stood before them */
static int l_ratings_by_time(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_settop(L, 1);
    cm_interactions all = check_interactions(L, 1);
    cm_ids **user_box, **item_box;
    cm_tensor **rating_box;
    push_boxes(L, interaction_names, &user_box, &item_box, &rating_box);
    cm_times **time_box = push_times_box(L, true);
    size_t mark = cm_scope_begin(cx);
    cm_interactions sorted;
    int64_t late = 0;
    bool ok = cm_interactions_by_time(cx, &all, &sorted, &late);
    if (ok)
        fill_interactions(&sorted, user_box, item_box, rating_box, time_box);
    cm_scope_end(cx, mark);
    if (!ok)
        return cmL_raise(L, cx, "ratings_by_time");
    lua_pushinteger(L, late);
    return 2;
}

/*** The first ratings of each user, and the others.
 * @function divide_ratings
 * @tparam table ratings as group_ratings gives them
 * @tparam Segments lengths how many of each user are the first; none has fewer
 * @treturn table the first: users, items, ratings, and times, if there are any
 * @treturn table the others: the same */
static int l_divide_ratings(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_settop(L, 2);
    cm_ids *lengths = cmL_check_segments(L, 2);
    cm_interactions all = check_interactions(L, 1);
    cm_ids **users[2], **items[2];
    cm_tensor **ratings[2];
    cm_times **times[2];
    for (int part = 0; part < 2; part++) {
        push_boxes(L, interaction_names, &users[part], &items[part], &ratings[part]);
        times[part] = push_times_box(L, all.times != NULL);
    }
    size_t mark = cm_scope_begin(cx);
    cm_interactions parts[2];
    bool ok = cm_interactions_divide(cx, &all, lengths, &parts[0], &parts[1]);
    for (int part = 0; ok && part < 2; part++)
        fill_interactions(&parts[part], users[part], items[part], ratings[part], times[part]);
    cm_scope_end(cx, mark);
    return ok ? 2 : cmL_raise(L, cx, "divide_ratings");
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
 * set), reserve (at least support: so many rows of a user are set apart for supports of whatever
 * size, and the query has all others; default: no reserve), in_order (with a reserve: supports are
 * the first rows of a user, not random ones)
 * @treturn table support: segments, items, labels
 * @treturn table query: the same */
static int l_draw_tasks(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 3, LUA_TTABLE);
    cm_draw_options options = {.seed = (uint64_t)cmL_field_integer(L, 3, "seed", 0),
                               .draw = cmL_field_key(L, 3, "draw", 0),
                               .support = cmL_field_integer(L, 3, "support", 40),
                               .query = cmL_field_integer(L, 3, "query", 10),
                               .short_supports = cmL_field_number(L, 3, "short_supports", 0),
                               .reserve = cmL_field_integer(L, 3, "reserve", -1),
                               .in_order = cmL_field_bool(L, 3, "in_order", false),
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
                                     {"ratings_by_time", l_ratings_by_time},
                                     {"divide_ratings", l_divide_ratings},
                                     {"draw_tasks", l_draw_tasks},
                                     {NULL, NULL}};

void cmL_open_interactions(lua_State *L)
{
    cmL_register(L, functions);
}
