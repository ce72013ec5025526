/* l_ids.c - lists of ids in Lua.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "bind/state.h"
#include "tensor/bags.h"
#include "tensor/distinct.h"
#include <string.h>

/*** A list of row numbers, 1-based; 0 stands for "unknown" and reads as a row of zeros.
 * @function ids
 * @tparam table values {3, 1, 4}
 * @treturn Ids with #ids, ids:totable() and == (the same numbers in the same order) */
static int l_ids(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_ids **box = cmL_push_ids(L);
    cmL_read_ids(L, cx, 1, box, "ids");
    return 1;
}

/*** The distinct values of a list in order of first appearance, so that what depends on the value
 * alone can be computed once per value.
 * @function distinct
 * @tparam Ids|Tensor values Ids, or a contiguous tensor [n] (0 and -0 count as two values)
 * @treturn Ids|Tensor the distinct values, of the same kind, a constant
 * @treturn Ids for each entry, the index of its value among them */
static int l_distinct(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *x = cmL_test_tensor(L, 1);
    if (!x) {
        luaL_argcheck(L, luaL_testudata(L, 1, CML_IDS), 1,
                      "Ids or a contiguous tensor [n] were expected");
        cm_ids *ids = cmL_check_ids(L, 1), **distinct = cmL_push_ids(L), **places = cmL_push_ids(L);
        return cm_ids_distinct(cx, ids, distinct, places) ? 2 : cmL_raise(L, cx, "distinct");
    }
    luaL_argcheck(L, x->shape.ndim == 1 && cm_is_contiguous(x), 1,
                  "Ids or a contiguous tensor [n]");
    cm_tensor **box = cmL_push_tensor(L);
    cm_ids **places = cmL_push_ids(L);
    size_t mark = cm_scope_begin(cx);
    (void)cmL_finish(L, cx, mark, box, cm_tensor_distinct(cx, x, places), "distinct");
    return 2;
}

/*** The distinct ids of each segment, so that what depends on an id and its segment can be computed
 * once.
 * @function distinct_in
 * @tparam Ids ids
 * @tparam Segments segments over them
 * @treturn Ids the distinct ids of the first segment, then those of the second, ..
 * @treturn Ids for each entry of ids, its index among them
 * @treturn Ids the segment of each of them */
static int l_distinct_in(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_ids *ids = cmL_check_ids(L, 1), *segments = cmL_check_segments(L, 2);
    luaL_argcheck(L, cm_segments_rows(segments) == ids->count, 2,
                  "segments over all ids were expected");
    cm_ids **distinct = cmL_push_ids(L), **places = cmL_push_ids(L), **groups = cmL_push_ids(L);
    return cm_ids_distinct_in(cx, ids, segments, distinct, places, groups)
               ? 3
               : cmL_raise(L, cx, "distinct_in");
}

/* A field of the table on top of the stack, its name at `name`: the object in a box of that class,
 * or NULL for nil. Nothing of Lua runs here, neither a metamethod nor the collector, that could
 * free what was read before. */
static cm_ids *bag_field(lua_State *L, lua_Integer entry, int name, const char *class)
{
    lua_pushvalue(L, name);
    lua_rawget(L, -2);
    cm_ids **box = luaL_testudata(L, -1, class);
    if (!(box && *box) && !lua_isnil(L, -1))
        luaL_error(L, "merge_bags: %s of entry %I must be a %s", lua_tostring(L, name), entry,
                   class);
    lua_pop(L, 1); /* the table anchors it */
    return box ? *box : NULL;
}

/*** The bags of several fields concatenated row by row, as embedding_fields reads them.
 * @function merge_bags
 * @tparam table bags one {ids = Ids, segments = Segments or nil} per field, all with the same rows;
 * at most 64
 * @treturn table {ids = Ids, segments = Segments}: segment (r - 1) F + f is field f of row r */
static int l_merge_bags(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_bags bags[CM_MAX_INPUTS];
    luaL_checktype(L, 1, LUA_TTABLE);
    int64_t n = cmL_check_length(L, 1);
    luaL_argcheck(L, n <= CM_MAX_INPUTS, 1, "too many fields: at most 64");
    lua_settop(L, 1);
    lua_pushliteral(L, "ids");
    lua_pushliteral(L, "segments");
    lua_createtable(L, 0, 2);
    cm_ids **ids = cmL_push_ids(L);
    lua_setfield(L, -2, "ids");
    cm_ids **segments = cmL_push_segments(L);
    lua_setfield(L, -2, "segments");
    for (lua_Integer f = 1; f <= n; f++) {
        if (lua_rawgeti(L, 1, f) != LUA_TTABLE)
            luaL_error(L, "merge_bags: entry %I must be a table with ids", f);
        bags[f - 1] = (cm_bags){bag_field(L, f, 2, CML_IDS), bag_field(L, f, 3, CML_SEGMENTS)};
        if (!bags[f - 1].ids)
            luaL_error(L, "merge_bags: entry %I has no ids", f);
        lua_pop(L, 1);
    }
    return cm_bags_merge(cx, bags, (int)n, ids, segments) ? 1 : cmL_raise(L, cx, "merge_bags");
}

/*** Renumbers ids: entry k becomes new[ids[k]]; unknown ids (0) stay unknown.
 * @function map_ids
 * @tparam Ids ids
 * @tparam Ids new one entry for each number up to the largest in ids
 * @treturn Ids */
static int l_map_ids(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_ids *ids = cmL_check_ids(L, 1), *new = cmL_check_ids(L, 2);
    if (ids->limit > new->count)
        return luaL_error(L,
                          "map_ids: new has %I entries, but must have one for each number up to "
                          "the largest in ids, %I",
                          (lua_Integer) new->count, (lua_Integer)ids->limit);
    cm_ids **box = cmL_push_ids(L);
    *box = cm_ids_map(cx, ids, new);
    return *box ? 1 : cmL_raise(L, cx, "map_ids");
}

/*** The entries of a list at whose positions another list has a known id, or a tensor is not zero.
 * @function select_ids
 * @tparam Ids ids
 * @tparam Ids|Tensor where as long as ids; a tensor must be contiguous
 * @treturn Ids in their order */
static int l_select_ids(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_ids *ids = cmL_check_ids(L, 1);
    cm_tensor *mask = cmL_test_tensor(L, 2);
    cm_ids *known = mask ? NULL : cmL_check_ids(L, 2);
    luaL_argcheck(L, (mask ? mask->count : known->count) == ids->count, 2,
                  "an entry for each id was expected");
    luaL_argcheck(L, !mask || cm_is_contiguous(mask), 2, "a contiguous tensor was expected");
    cm_ids **box = cmL_push_ids(L);
    *box = cm_ids_select(cx, ids, known, mask ? cm_data(mask) : NULL);
    return *box ? 1 : cmL_raise(L, cx, "select_ids");
}

/*** Rows of a list that is read as rows of several ids, such as the neighbours of some items.
 * @function take_ids
 * @tparam Ids ids [n * each]
 * @tparam Ids rows which rows, from 1 to n; unknown ones (0) give unknown ids
 * @tparam integer each ids of a row, from 1
 * @treturn Ids [#rows * each] */
static int l_take_ids(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_ids *ids = cmL_check_ids(L, 1), *rows = cmL_check_ids(L, 2);
    lua_Integer each = luaL_checkinteger(L, 3);
    bool divides = each >= 1 && ids->count % each == 0;
    luaL_argcheck(L, divides, 3, "a divisor of the number of ids, at least 1, was expected");
    if (rows->limit > ids->count / each)
        return luaL_error(L, "take_ids: there are %I rows of %I ids, but rows names row %I",
                          (lua_Integer)(ids->count / each), each, (lua_Integer)rows->limit);
    cm_ids **box = cmL_push_ids(L);
    *box = cm_ids_take(cx, ids, rows, each);
    return *box ? 1 : cmL_raise(L, cx, "take_ids");
}

/* List i of the table at argument 1 and its shift; its box stays on the stack. */
static cm_ids *check_part(lua_State *L, lua_Integer i, int32_t *shift)
{
    int whole = 0;
    lua_rawgeti(L, 2, i);
    lua_Integer number = lua_tointegerx(L, -1, &whole);
    if (!whole || number < 0 || number >= INT32_MAX)
        luaL_error(L,
                   "join_ids: shift %I must be a whole number of at least 0 and below 2^31 - 1, "
                   "not %s",
                   i, lua_type(L, -1) == LUA_TNUMBER ? lua_tostring(L, -1) : luaL_typename(L, -1));
    *shift = (int32_t)number;
    lua_pop(L, 1);
    lua_rawgeti(L, 1, i);
    cm_ids **box = luaL_testudata(L, -1, CML_IDS);
    if (!box || !*box)
        luaL_error(L, "join_ids: entry %I of lists must be Ids, not %s", i, luaL_typename(L, -1));
    if ((*box)->count > 0 && (*box)->limit > INT32_MAX - *shift)
        luaL_error(L, "join_ids: shift %I takes the ids of its list, up to %I, beyond 2^31 - 1", i,
                   (lua_Integer)(*box)->limit);
    return *box;
}

/*** Concatenates lists, with a shift added to the ids of each; unknown ids (0) stay unknown.
 * @function join_ids
 * @tparam table lists of Ids, at most 100
 * @tparam table shifts a whole number for each
 * @treturn Ids */
static int l_join_ids(lua_State *L)
{
    enum { most = 100 };
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    int64_t n = cmL_check_length(L, 1);
    int32_t shifts[most];
    const cm_ids *parts[most];
    luaL_argcheck(L, n <= most, 1, "join_ids takes at most 100 lists");
    luaL_checkstack(L, most + 5, "not enough memory, or too many lists");
    for (int64_t i = 0; i < n; i++)
        parts[i] = check_part(L, i + 1, &shifts[i]);
    cm_ids **box = cmL_push_ids(L);
    *box = cm_ids_join(cx, parts, shifts, n);
    return *box ? 1 : cmL_raise(L, cx, "join_ids");
}

static int ids_eq(lua_State *L)
{
    cm_ids **a = luaL_testudata(L, 1, CML_IDS), **b = luaL_testudata(L, 2, CML_IDS);
    lua_pushboolean(
        L, a && b && *a && *b && (*a)->count == (*b)->count &&
               memcmp((*a)->values, (*b)->values, (size_t)(*a)->count * sizeof *(*a)->values) == 0);
    return 1;
}

static int ids_len(lua_State *L)
{
    lua_pushinteger(L, cmL_check_ids(L, 1)->count);
    return 1;
}

/*** The numbers as a list.
 * @function Ids:totable
 * @treturn {integer,...} */
static int ids_totable(lua_State *L)
{
    cm_ids *ids = cmL_check_ids(L, 1);
    lua_createtable(L, (int)ids->count, 0);
    for (int64_t i = 0; i < ids->count; i++) {
        lua_pushinteger(L, (lua_Integer)ids->values[i] + 1);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int ids_tostring(lua_State *L)
{
    cm_ids **box = luaL_checkudata(L, 1, CML_IDS);
    if (*box)
        lua_pushfstring(L, "[cmml.Ids %I]", (lua_Integer)(*box)->count);
    else
        lua_pushliteral(L, "[cmml.Ids released]");
    return 1;
}

static int ids_gc(lua_State *L)
{
    cmL_box_release(cmL_ctx(L), luaL_checkudata(L, 1, CML_IDS));
    return 0;
}

static int ids_close(lua_State *L)
{
    return cmL_may_free(L) ? ids_gc(L) : 0;
}

static const luaL_Reg functions[] = {{"ids", l_ids},
                                     {"distinct", l_distinct},
                                     {"distinct_in", l_distinct_in},
                                     {"merge_bags", l_merge_bags},
                                     {"map_ids", l_map_ids},
                                     {"select_ids", l_select_ids},
                                     {"take_ids", l_take_ids},
                                     {"join_ids", l_join_ids},
                                     {NULL, NULL}};
static const luaL_Reg ids_meta[] = {
    {"__gc", ids_gc}, {"__close", ids_close},       {"__len", ids_len},
    {"__eq", ids_eq}, {"__tostring", ids_tostring}, {NULL, NULL}};
static const luaL_Reg ids_methods[] = {{"totable", ids_totable}, {NULL, NULL}};
void cmL_open_ids(lua_State *L)
{
    cmL_class(L, CML_IDS, ids_meta, ids_methods);
    cmL_register(L, functions);
}
