/* l_json.c - JSON in Lua.
 *
 * @module cmml.core */
#include "bind/io.h"
#include "io/json.h"

/* The registry's key of the value of null. */
#define CML_NULL CML_NAME("json_null")

static void free_json(cm_ctx *cx, void *held)
{
    cm_json_free(cx, held);
}

static void push_json(lua_State *L, const cm_json *doc, uint32_t at)
{
    int64_t integer;
    uint32_t n = cm_json_count(doc, at), child = cm_json_first(at);
    cm_text text;
    switch (cm_json_type_of(doc, at)) {
    case CM_JSON_NULL:
        lua_getfield(L, LUA_REGISTRYINDEX, CML_NULL);
        break;
    case CM_JSON_BOOLEAN:
        lua_pushboolean(L, cm_json_truth(doc, at));
        break;
    case CM_JSON_NUMBER:
        if (cm_json_integer(doc, at, &integer))
            lua_pushinteger(L, integer);
        else
            lua_pushnumber(L, cm_json_number(doc, at));
        break;
    case CM_JSON_STRING:
        text = cm_json_text(doc, at);
        lua_pushlstring(L, text.text, text.len);
        break;
    case CM_JSON_ARRAY:
        lua_createtable(L, (int)n, 0);
        for (uint32_t i = 0; i < n; i++, child = cm_json_after(doc, child)) {
            push_json(L, doc, child);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        break;
    case CM_JSON_OBJECT:
        lua_createtable(L, 0, (int)n);
        for (uint32_t i = 0; i < n; i++, child = cm_json_after(doc, child + 1)) {
            push_json(L, doc, child);
            push_json(L, doc, child + 1);
            lua_rawset(L, -3);
        }
        break;
    }
}

/*** Reads JSON (RFC 8259, strictly; no key twice, at most 64 levels). Numbers written as integers
 * that fit become integers, all others floats; null becomes `json_null`; arrays and objects become
 * tables.
 * @function json_decode
 * @tparam string text
 * @tparam[opt="JSON"] string what names the source in messages
 * @treturn any|nil the value, nil if it is not JSON
 * @treturn string message on failure, with line and column */
static int l_json_decode(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    size_t len;
    const char *text = cmL_check_text(L, 1, &len);
    const char *what = lua_isnoneornil(L, 2) ? "JSON" : cmL_check_text(L, 2, NULL);
    luaL_checkstack(L, 3 * CM_JSON_DEPTH + 8, "not enough memory, or calls too deep");
    cmL_hold *hold = cmL_push_hold(L, free_json);
    hold->held = cm_json_parse(cx, text, len, SIZE_MAX, what);
    if (!hold->held)
        return cmL_io_fail(L, cx, "json_decode");
    push_json(L, hold->held, 0);
    cmL_hold_free(cx, hold);
    return 1;
}

static const luaL_Reg functions[] = {{"json_decode", l_json_decode}, {NULL, NULL}};

static int null_text(lua_State *L)
{
    lua_pushliteral(L, "null");
    return 1;
}

/*** The value of a JSON null, which nil cannot represent in a table.
 * @tfield userdata json_null a unique value, "null" as text */
void cmL_open_json(lua_State *L)
{
    cmL_register(L, functions);
    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 2);
    lua_pushliteral(L, "null"); /* what messages call it */
    lua_setfield(L, -2, "__name");
    lua_pushcfunction(L, null_text);
    lua_setfield(L, -2, "__tostring");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, CML_NULL);
    lua_setfield(L, -3, "json_null");
}
