/* l_ids.c - lists of ids and ragged segments in Lua.
 *
 * @module cmml.core */
#include "bind/cmL.h"

/*** A list of row numbers, 1-based; 0 stands for "unknown" and reads as a row of zeros.
 * @function ids
 * @tparam table values {3, 1, 4}
 * @treturn Ids with #ids and ids:totable() */
static int l_ids(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_ids **box = cmL_push_ids(L);
    cmL_read_ids(L, cx, 1, box, "ids");
    return 1;
}

/*** Consecutive groups of rows, given by their lengths; a length may be 0.
 * @function segments
 * @tparam table lengths {4, 1, 6}
 * @treturn Segments with #segments, segments:totable(), segments:rows() (all together) and
 * segments:shortest() (nil without segments) */
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

static int ids_len(lua_State *L)
{
    lua_pushinteger(L, cmL_check_ids(L, 1)->count);
    return 1;
}

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
    cm_ids **box = luaL_testudata(L, 1, CML_IDS);
    if (!box)
        box = luaL_checkudata(L, 1, CML_SEGMENTS);
    cm_ids *held = *box;
    *box = NULL;
    cm_ids_release(cmL_ctx(L), held);
    return 0;
}

static int ids_close(lua_State *L)
{
    return cmL_may_free(L) ? ids_gc(L) : 0;
}

static int segments_len(lua_State *L)
{
    lua_pushinteger(L, cm_segments_groups(cmL_check_segments(L, 1)));
    return 1;
}

static int segments_rows(lua_State *L)
{
    lua_pushinteger(L, cm_segments_rows(cmL_check_segments(L, 1)));
    return 1;
}

/* The length of the shortest; nil if there are none. */
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

static const luaL_Reg functions[] = {{"ids", l_ids}, {"segments", l_segments}, {NULL, NULL}};
static const luaL_Reg ids_meta[] = {{"__gc", ids_gc},
                                    {"__close", ids_close},
                                    {"__len", ids_len},
                                    {"__tostring", ids_tostring},
                                    {NULL, NULL}};
static const luaL_Reg ids_methods[] = {{"totable", ids_totable}, {NULL, NULL}};
static const luaL_Reg segments_meta[] = {{"__gc", ids_gc},
                                         {"__close", ids_close},
                                         {"__len", segments_len},
                                         {"__tostring", segments_tostring},
                                         {NULL, NULL}};
static const luaL_Reg segments_methods[] = {{"totable", segments_totable},
                                            {"rows", segments_rows},
                                            {"shortest", segments_shortest},
                                            {NULL, NULL}};

void cmL_open_ids(lua_State *L)
{
    cmL_class(L, CML_IDS, ids_meta, ids_methods);
    cmL_class(L, CML_SEGMENTS, segments_meta, segments_methods);
    cmL_register(L, functions);
}
