/* l_scenarios.c - scenarios in Lua. Who took what is a table of users (Segments, one a user) and
 * items (Ids, rising within a user); the items of scenarios one of scenarios (Segments) and items
 * (Ids, likewise); pairs one of scenarios (Segments), users and items (Ids).
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "data/scenarios.h"

#define MOST_PARTS 16

/* Lists in the table at `arg`, whose boxes are left on the stack: to be called when the options
 * were read, which may run a metamethod. */
static cm_lists check_lists(lua_State *L, int arg, const char *name)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    cm_lists lists = {cmL_check_field(L, arg, name, CML_SEGMENTS),
                      cmL_check_field(L, arg, "items", CML_IDS)};
    luaL_argcheck(L, cm_lists_are_valid(&lists), arg,
                  "items must be known, rise within each list, and be as many as its segments say");
    return lists;
}

static cm_pairs check_pairs(lua_State *L, int arg)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    cm_pairs pairs = {cmL_check_field(L, arg, "scenarios", CML_SEGMENTS),
                      cmL_check_field(L, arg, "users", CML_IDS),
                      cmL_check_field(L, arg, "items", CML_IDS)};
    luaL_argcheck(L, cm_pairs_are_valid(&pairs), arg,
                  "users and items must be known, and be as many as the segments say");
    return pairs;
}

static int32_t check_scenario(lua_State *L, int arg, const cm_ids *segments)
{
    lua_Integer scenario = luaL_checkinteger(L, arg);
    luaL_argcheck(L, scenario >= 1 && scenario <= cm_segments_groups(segments), arg,
                  "there is no scenario of that number");
    return (int32_t)(scenario - 1);
}

/* A new table with these empty boxes: segments under the first name, ids under the others. */
static void push_boxes(lua_State *L, const char *segments, cm_ids ***segment_box, int n,
                       const char *const names[], cm_ids **boxes[])
{
    lua_createtable(L, 0, n + 2);
    *segment_box = cmL_push_segments(L);
    lua_setfield(L, -2, segments);
    for (int i = 0; i < n; i++) {
        boxes[i] = cmL_push_ids(L);
        lua_setfield(L, -2, names[i]);
    }
}

/*** Divides who took what at random, user by user.
 * @function divide_taken
 * @tparam table taken users (Segments), items (Ids, rising within a user)
 * @tparam table shares list of numbers that are below 1 together: a user of n items gives so many
 * of each, rounded by chance; at least one stays
 * @tparam table options seed, choice (tells choices of one seed apart, default 0), least (users
 * with fewer items keep all, default 3)
 * @treturn table list of such tables: what stays, then the shares */
static int l_divide_taken(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    double shares[MOST_PARTS], sum = 0;
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    int n = (int)CM_MIN(cmL_check_length(L, 2), MOST_PARTS + 1);
    luaL_argcheck(L, n <= MOST_PARTS, 2, "too many shares: at most 16");
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, 2, i + 1);
        sum += shares[i] = lua_tonumber(L, -1);
        luaL_argcheck(L, lua_isnumber(L, -1) && shares[i] >= 0 && sum < 1, 2,
                      "shares must be numbers that are not negative, and below 1 together");
        lua_pop(L, 1);
    }
    cm_divide_options options = {.seed = (uint64_t)cmL_field_integer(L, 3, "seed", 0),
                                 .choice = (uint32_t)cmL_field_integer(L, 3, "choice", 0),
                                 .least = cmL_field_integer(L, 3, "least", 3),
                                 .n = n,
                                 .shares = shares};
    cm_lists taken = check_lists(L, 1, "users"), parts[MOST_PARTS + 1];
    cm_ids **segments[MOST_PARTS + 1], **items[MOST_PARTS + 1];
    static const char *const names[] = {"items"};
    lua_createtable(L, n + 1, 0);
    for (int p = 0; p <= n; p++) {
        push_boxes(L, "users", &segments[p], 1, names, &items[p]);
        lua_rawseti(L, -2, p + 1);
    }
    if (!cm_lists_divide(cx, &taken, &options, parts))
        return cmL_raise(L, cx, "divide_taken");
    for (int p = 0; p <= n; p++) {
        *segments[p] = parts[p].segments;
        *items[p] = parts[p].values;
    }
    return 1;
}

/*** The first interaction that is in both.
 * @function common_taken
 * @tparam table a users (Segments), items (Ids, rising within a user)
 * @tparam table b likewise
 * @treturn ?integer user; nil if there is none
 * @treturn ?integer item */
static int l_common_taken(lua_State *L)
{
    (void)cmL_enter(L);
    cm_lists a = check_lists(L, 1, "users"), b = check_lists(L, 2, "users");
    int32_t user, item;
    if (!cm_lists_meet(&a, &b, &user, &item))
        return 0;
    lua_pushinteger(L, (lua_Integer)user + 1);
    lua_pushinteger(L, (lua_Integer)item + 1);
    return 2;
}

static const char *const pair_names[] = {"users", "items"};

static void fill_pairs(const cm_pairs *pairs, cm_ids **scenarios, cm_ids **const boxes[2])
{
    *scenarios = pairs->scenarios;
    *boxes[0] = pairs->users;
    *boxes[1] = pairs->items;
}

/*** What the users took of each scenario's items.
 * @function scenario_pairs
 * @tparam table taken users (Segments), items (Ids, rising within a user)
 * @tparam table scenarios scenarios (Segments), items (Ids, rising within a scenario)
 * @treturn table scenarios (Segments), users, items (Ids; rising within a scenario) */
static int l_scenario_pairs(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_lists taken = check_lists(L, 1, "users"), scenarios = check_lists(L, 2, "scenarios");
    cm_ids **segments, **boxes[2];
    push_boxes(L, "scenarios", &segments, 2, pair_names, boxes);
    cm_pairs pairs;
    if (!cm_pairs_make(cx, &taken, &scenarios, &pairs))
        return cmL_raise(L, cx, "scenario_pairs");
    fill_pairs(&pairs, segments, boxes);
    return 1;
}

/*** Divides the pairs of some scenarios by user: of the users in random order the first are kept
 * until they have so many pairs, half of the users at most.
 * @function divide_pairs
 * @tparam table pairs as scenario_pairs gives them
 * @tparam Ids scenarios which ones; all pairs of the others are kept
 * @tparam integer limit pairs
 * @tparam integer seed
 * @treturn table pairs that are kept
 * @treturn table pairs of the other users */
static int l_divide_pairs(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_Integer limit = luaL_checkinteger(L, 3), seed = luaL_checkinteger(L, 4);
    cm_ids *list = cmL_check_ids(L, 2);
    cm_pairs pairs = check_pairs(L, 1), parts[2];
    cm_ids **segments[2], **boxes[2][2];
    for (int p = 0; p < 2; p++)
        push_boxes(L, "scenarios", &segments[p], 2, pair_names, boxes[p]);
    if (!cm_pairs_divide(cx, &pairs, list, (uint64_t)seed, limit, parts))
        return cmL_raise(L, cx, "divide_pairs");
    for (int p = 0; p < 2; p++)
        fill_pairs(&parts[p], segments[p], boxes[p]);
    return 2;
}

/*** The first pair that is in both, scenario by scenario.
 * @function common_pairs
 * @tparam table a pairs as scenario_pairs gives them
 * @tparam table b likewise
 * @treturn ?integer scenario; nil if there is none
 * @treturn ?integer user
 * @treturn ?integer item */
static int l_common_pairs(lua_State *L)
{
    (void)cmL_enter(L);
    cm_pairs a = check_pairs(L, 1), b = check_pairs(L, 2);
    int32_t scenario, user, item;
    if (!cm_pairs_meet(&a, &b, &scenario, &user, &item))
        return 0;
    lua_pushinteger(L, (lua_Integer)scenario + 1);
    lua_pushinteger(L, (lua_Integer)user + 1);
    lua_pushinteger(L, (lua_Integer)item + 1);
    return 3;
}

/*** The users of a scenario.
 * @function pair_users
 * @tparam table pairs as scenario_pairs gives them
 * @tparam integer scenario
 * @treturn Ids rising */
static int l_pair_users(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_pairs pairs = check_pairs(L, 1);
    int32_t scenario = check_scenario(L, 2, pairs.scenarios);
    cm_ids **box = cmL_push_ids(L);
    *box = cm_pairs_users(cx, &pairs, scenario);
    return *box ? 1 : cmL_raise(L, cx, "pair_users");
}

/*** Draws one task for each scenario: labelled pairs to adapt to, and pairs of a positive and a
 * negative of one user to learn from.
 * @function draw_scenarios
 * @tparam table candidates scenarios (Segments), items (Ids, rising within a scenario)
 * @tparam table touched pairs that are known: no negatives of their users
 * @tparam table support pairs where positives of supports are drawn
 * @tparam ?table query pairs where those of queries are drawn; nil: from `support`, disjoint
 * @tparam Ids scenarios
 * @tparam table options seed, draw, support (positives), support_negatives (for a full support),
 * query (positives to ask for; 0: none), query_negatives (of each of them, default 1), published
 * (negatives of the support only other than their pair's item), positives_first (else mixed)
 * @treturn table support: segments, users, items, labels (1 or 0)
 * @treturn table query: segments, users, positives, negatives (those of the first positive, ..)
 * @treturn integer negatives whose users had touched all items */
static int l_draw_scenarios(lua_State *L)
{
    static const char *const support_names[] = {"users", "items"};
    static const char *const query_names[] = {"users", "positives", "negatives"};
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 6, LUA_TTABLE);
    cm_scenario_options options = {
        .seed = (uint64_t)cmL_field_integer(L, 6, "seed", 0),
        .draw = (uint32_t)cmL_field_integer(L, 6, "draw", 0),
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
                  1, "known items were expected, as many as the segments say");
    from.touched = check_pairs(L, 2);
    from.support = check_pairs(L, 3);
    if (!lua_isnil(L, 4))
        from.query = check_pairs(L, 4);
    cm_ids *list = cmL_check_ids(L, 5);
    cm_ids **segments[2], **s[2], **q[3];
    push_boxes(L, "segments", &segments[0], 2, support_names, s);
    cm_tensor **labels = cmL_push_tensor(L);
    lua_setfield(L, -2, "labels");
    push_boxes(L, "segments", &segments[1], 3, query_names, q);
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

/*** The items of a scenario that each of some users is to be ranked on: all but those that are
 * known of the user. Raises where one that is held out is known.
 * @function ranking_rows
 * @tparam table candidates scenarios (Segments), items (Ids, rising within a scenario)
 * @tparam integer scenario
 * @tparam table held pairs that are held out: label 1
 * @tparam table removed list of what is known: users (Segments), items (Ids, rising within a user)
 * @tparam Ids users
 * @treturn table segments (one a user, empty where there are not both labels), users, items, labels
 * of the rows */
static int l_ranking_rows(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_lists candidates = check_lists(L, 1, "scenarios"), removed[MOST_PARTS];
    cm_pairs held = check_pairs(L, 3);
    int32_t scenario = check_scenario(L, 2, candidates.segments);
    luaL_checktype(L, 4, LUA_TTABLE);
    int n = (int)CM_MIN(cmL_check_length(L, 4), MOST_PARTS + 1);
    luaL_argcheck(L, n <= MOST_PARTS, 4, "too many: at most 16");
    cm_ids *users = cmL_check_ids(L, 5);
    luaL_checkstack(L, 3 * n + 8, "not enough memory, or calls too deep");
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, 4, i + 1);
        removed[i] = check_lists(L, lua_gettop(L), "users");
    }
    cm_ids **segments, **boxes[2];
    push_boxes(L, "segments", &segments, 2, pair_names, boxes);
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

/*** How often the item of each row stands among the positives of its task's support.
 * @function support_counts
 * @tparam table support segments (one a task), items, labels [rows], positive above 0
 * @tparam Ids items of the rows
 * @tparam Segments segments which rows belong to which task
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
                  1, "items and labels must be as many as the segments say");
    luaL_argcheck(L, cm_segments_rows(segments) == items->count, 3,
                  "segments over all rows were expected");
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    return cmL_finish(L, cx, mark, box, cm_support_counts(cx, support, labels, of, items, segments),
                      "support_counts");
}

static const luaL_Reg functions[] = {
    {"divide_taken", l_divide_taken},     {"common_taken", l_common_taken},
    {"scenario_pairs", l_scenario_pairs}, {"divide_pairs", l_divide_pairs},
    {"common_pairs", l_common_pairs},     {"pair_users", l_pair_users},
    {"draw_scenarios", l_draw_scenarios}, {"ranking_rows", l_ranking_rows},
    {"support_counts", l_support_counts}, {NULL, NULL}};

void cmL_open_scenarios(lua_State *L)
{
    cmL_register(L, functions);
}
