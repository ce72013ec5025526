/* l_segments.c - ragged segments in Lua.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "bind/state.h"
#include "tensor/distinct.h"
#include "tensor/segments.h"

/*** Consecutive groups of rows, given by their lengths; a length may be 0.
 * @function segments
 * @tparam table lengths {4, 1, 6}
 * @treturn Segments with #segments, segments:totable(), segments:rows() (all together),
 * segments:shortest() (nil without segments), segments:longest(),
 * segments:groups() (Ids: the segment of each row) and segments:places() (Ids: its place there) */
static int l_segments(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_ids **lengths = cmL_push_ids(L), **box = cmL_push_segments(L);
    cmL_read_ids(L, cx, 1, lengths, "segments");
    for (int64_t i = 0; i < (*lengths)->count; i++)
        (*lengths)->values[i]++;
    *box = cm_segments_new(cx, (*lengths)->values, (*lengths)->count);
    return *box ? 1 : cmL_raise(L, cx, "segments");
}

/*** The last rows of each segment: those of what was done of late.
 * @function latest_rows
 * @tparam Segments segments
 * @tparam integer n of a segment that is longer the last n, of others all
 * @treturn Ids the numbers of these rows, rising, as gather_rows takes them
 * @treturn Segments over them
 * @usage
 * local segments = cmml.core.segments { 4, 0, 1 }
 * local rows, shorter = cmml.core.latest_rows(segments, 2)
 * assert(rows == cmml.core.ids { 3, 4, 5 })
 * assert(table.concat(shorter:totable(), " ") == "2 0 1") */
static int l_latest_rows(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_ids *segments = cmL_check_segments(L, 1);
    lua_Integer n = luaL_checkinteger(L, 2);
    luaL_argcheck(L, n >= 0, 2, "a number of rows of at least 0 was expected");
    cm_ids **rows = cmL_push_ids(L), **shorter = cmL_push_segments(L);
    return cm_segments_latest(cx, segments, n, rows, shorter) ? 2 : cmL_raise(L, cx, "latest_rows");
}

/*** The last row of each segment.
 * @function last_rows
 * @tparam Segments segments
 * @treturn Ids a number for each segment; 0 for one without rows, which `embedding` reads as zeros
 * @usage
 * local segments = cmml.core.segments { 2, 0, 1 }
 * assert(cmml.core.last_rows(segments) == cmml.core.ids { 2, 0, 3 })
 * local x = cmml.tensor { { 1 }, { 2 }, { 3 } }
 * assert(x:embedding(cmml.core.last_rows(segments)):sum():item() == 5) */
static int l_last_rows(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_ids *segments = cmL_check_segments(L, 1), **box = cmL_push_ids(L);
    *box = cm_segments_last(cx, segments);
    return *box ? 1 : cmL_raise(L, cx, "last_rows");
}

static int segments_gc(lua_State *L)
{
    cmL_box_release(cmL_ctx(L), luaL_checkudata(L, 1, CML_SEGMENTS));
    return 0;
}

static int segments_close(lua_State *L)
{
    return cmL_may_free(L) ? segments_gc(L) : 0;
}

static int segments_len(lua_State *L)
{
    lua_pushinteger(L, cm_segments_groups(cmL_check_segments(L, 1)));
    return 1;
}

/*** The total number of rows of all segments.
 * @function Segments:rows
 * @treturn integer */
static int segments_rows(lua_State *L)
{
    lua_pushinteger(L, cm_segments_rows(cmL_check_segments(L, 1)));
    return 1;
}

/*** The length of the shortest segment.
 * @function Segments:shortest
 * @treturn integer|nil nil if there are no segments */
static int segments_shortest(lua_State *L)
{
    cm_ids *segments = cmL_check_segments(L, 1);
    int64_t groups = cm_segments_groups(segments);
    int32_t shortest = INT32_MAX;
    for (int64_t g = 0; g < groups; g++)
        shortest = CM_MIN(shortest, segments->values[g + 1] - segments->values[g]);
    if (groups == 0)
        return 0;
    lua_pushinteger(L, shortest);
    return 1;
}

/*** The length of the longest segment.
 * @function Segments:longest
 * @treturn integer 0 if there are no segments */
static int segments_longest(lua_State *L)
{
    lua_pushinteger(L, cm_segments_longest(cmL_check_segments(L, 1)));
    return 1;
}

/*** Which segment each row belongs to.
 * @function Segments:groups
 * @treturn Ids */
static int segments_groups(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_ids *segments = cmL_check_segments(L, 1), **box = cmL_push_ids(L);
    *box = cm_segments_groups_of_rows(cx, segments);
    return *box ? 1 : cmL_raise(L, cx, "segments:groups");
}

/*** The place of each row in its segment: 1, 2, .. from its first row on.
 * @function Segments:places
 * @treturn Ids
 * @usage
 * local segments = cmml.core.segments { 2, 0, 3 }
 * assert(segments:places() == cmml.core.ids { 1, 2, 1, 2, 3 }) */
static int segments_places(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_ids *segments = cmL_check_segments(L, 1), **box = cmL_push_ids(L);
    *box = cm_segments_places(cx, segments);
    return *box ? 1 : cmL_raise(L, cx, "segments:places");
}

/*** The lengths as a list.
 * @function Segments:totable
 * @treturn {integer,...} */
static int segments_totable(lua_State *L)
{
    cm_ids *segments = cmL_check_segments(L, 1);
    int64_t groups = cm_segments_groups(segments);
    lua_createtable(L, (int)groups, 0);
    for (int64_t g = 0; g < groups; g++) {
        lua_pushinteger(L, segments->values[g + 1] - segments->values[g]);
        lua_rawseti(L, -2, g + 1);
    }
    return 1;
}

static int segments_tostring(lua_State *L)
{
    cm_ids **box = luaL_checkudata(L, 1, CML_SEGMENTS), *segments = *box;
    if (!segments) {
        lua_pushliteral(L, "[cmml.Segments released]");
        return 1;
    }
    lua_pushfstring(L, "[cmml.Segments %I over %I rows]", (lua_Integer)cm_segments_groups(segments),
                    (lua_Integer)cm_segments_rows(segments));
    return 1;
}

static const luaL_Reg functions[] = {{"segments", l_segments},
                                     {"latest_rows", l_latest_rows},
                                     {"last_rows", l_last_rows},
                                     {NULL, NULL}};
static const luaL_Reg segments_meta[] = {{"__gc", segments_gc},
                                         {"__close", segments_close},
                                         {"__len", segments_len},
                                         {"__tostring", segments_tostring},
                                         {NULL, NULL}};
static const luaL_Reg segments_methods[] = {{"totable", segments_totable},
                                            {"rows", segments_rows},
                                            {"shortest", segments_shortest},
                                            {"longest", segments_longest},
                                            {"groups", segments_groups},
                                            {"places", segments_places},
                                            {NULL, NULL}};

void cmL_open_segments(lua_State *L)
{
    cmL_class(L, CML_SEGMENTS, segments_meta, segments_methods);
    cmL_register(L, functions);
}
