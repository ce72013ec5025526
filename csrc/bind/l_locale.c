/* l_locale.c - text that a machine reads back, written and read alike in every locale.
 *
 * Lua's string.format, tostring, tonumber, lower, table.sort and classes of patterns follow what
 * the host has chosen by setlocale.
 *
 * @module cmml.core */
#include "base/locale.h"
#include "bind/cmL.h"
#include "io/text.h"

/* Calls the second upvalue as it was called itself. What is raised passes on unchanged. */
static int call_plainly(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 1);
    cm_locale locale = cm_locale_plain();
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    cm_locale_restore(locale);
    return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

/*** A function that does what another does, but in the locale "C", whatever the host has chosen by
 * setlocale; other threads are not affected. Costs about a tenth of a microsecond a call. It cannot
 * yield.
 * @function in_c_locale
 * @tparam function f
 * @treturn function */
static int l_in_c_locale(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, call_plainly, 2);
    return 1;
}

/*** A number as text that reads back as the same number, with a point in every locale and no more
 * digits than needed: 0.05, not 0.050000000000000003.
 * @function number_text
 * @tparam number value
 * @treturn string */
static int l_number_text(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TNUMBER);
    if (lua_isinteger(L, 1)) {
        cmL_tolstring(L, 1, NULL);
        return 1;
    }
    char text[CM_NUMBER_BYTES];
    lua_pushlstring(L, text, cm_number_write(lua_tonumber(L, 1), 0, text));
    return 1;
}

static const luaL_Reg functions[] = {
    {"in_c_locale", l_in_c_locale}, {"number_text", l_number_text}, {NULL, NULL}};

void cmL_open_locale(lua_State *L)
{
    cmL_register(L, functions);
}
