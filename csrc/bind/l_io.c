/* l_io.c - files, the terminal, time and JSON in Lua.
 *
 * Functions that meet the outside world return nil and a message when it fails, and raise when they
 * are misused.
 *
 * @module cmml.core */
#include "base/sys.h"
#include "bind/io.h"
#include "io/json.h"
#include <string.h>

#define CML_HOLD CML_NAME("Hold")

cmL_hold *cmL_push_hold(lua_State *L, void (*release)(cm_ctx *cx, void *held))
{
    cmL_hold *hold = lua_newuserdatauv(L, sizeof *hold, 0);
    *hold = (cmL_hold){.held = NULL, .release = release};
    luaL_setmetatable(L, CML_HOLD);
    return hold;
}

void cmL_hold_free(cm_ctx *cx, cmL_hold *hold)
{
    void *held = hold->held;
    hold->held = NULL;
    if (held)
        hold->release(cx, held);
}

static int hold_gc(lua_State *L)
{
    cmL_hold_free(cmL_ctx(L), luaL_checkudata(L, 1, CML_HOLD));
    return 0;
}

int cmL_io_fail(lua_State *L, cm_ctx *cx, const char *what)
{
    switch (cm_error_code(cx)) {
    case CM_ERR_IO:
    case CM_ERR_FORMAT:
    case CM_ERR_LIMIT:
    case CM_ERR_NUMBER:
        return cmL_fail(L, cx, what);
    default:
        return cmL_raise(L, cx, what);
    }
}

const char *cmL_check_path(lua_State *L, int arg)
{
    size_t len;
    const char *path = luaL_checklstring(L, arg, &len);
    luaL_argcheck(L, len > 0 && strlen(path) == len, arg, "a path: not empty, without zeros");
    return path;
}

int cmL_raw_field(lua_State *L, int index, const char *name)
{
    lua_pushstring(L, name);
    return lua_rawget(L, index);
}

/*** Seconds on a clock that never goes back; only differences mean anything.
 * @function clock
 * @treturn number */
static int l_clock(lua_State *L)
{
    lua_pushnumber(L, cm_sys_clock());
    return 1;
}

/*** Whether a standard stream is a terminal.
 * @function terminal
 * @tparam[opt="stdout"] string stream "stdin", "stdout" or "stderr"
 * @treturn integer|nil its width in columns; nil if it is not a terminal */
static int l_terminal(lua_State *L)
{
    static const char *const names[] = {"stdin", "stdout", "stderr", NULL};
    int columns = cm_sys_terminal(luaL_checkoption(L, 1, "stdout", names));
    if (columns == 0)
        lua_pushnil(L);
    else
        lua_pushinteger(L, columns);
    return 1;
}

/* true, or nil and the message. */
static int done(lua_State *L, cm_ctx *cx, bool good, const char *what)
{
    if (!good)
        return cmL_io_fail(L, cx, what);
    lua_pushboolean(L, 1);
    return 1;
}

/*** Makes a folder and the folders above it; one that exists is fine.
 * @function mkdir
 * @tparam string path
 * @treturn true|nil
 * @treturn string message on failure */
static int l_mkdir(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    return done(L, cx, cm_sys_mkdir(cx, cmL_check_path(L, 1)), "mkdir");
}

/*** Whether there is anything at a path.
 * @function exists
 * @tparam string path
 * @treturn boolean */
static int l_exists(lua_State *L)
{
    lua_pushboolean(L, cm_sys_exists(cmL_check_path(L, 1)));
    return 1;
}

static void free_block(cm_ctx *cx, void *held)
{
    cm_free(cx, held);
}

/*** The contents of a file.
 * @function read_file
 * @tparam string path
 * @treturn string|nil
 * @treturn string message on failure */
static int l_read_file(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    const char *path = cmL_check_path(L, 1);
    cmL_hold *hold = cmL_push_hold(L, free_block);
    size_t size = 0;
    hold->held = cm_sys_read(cx, path, &size);
    if (!hold->held)
        return cmL_io_fail(L, cx, "read_file");
    lua_pushlstring(L, hold->held, size);
    cmL_hold_free(cx, hold);
    return 1;
}

/*** Writes a file whole: beside its place, to the disk, then into its place in one step. If that
 * fails, what stood there before stays as it was.
 * @function write_file
 * @tparam string path in a folder that exists
 * @tparam string contents
 * @treturn true|nil
 * @treturn string message on failure */
static int l_write_file(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    const char *path = cmL_check_path(L, 1);
    size_t size;
    const char *contents = luaL_checklstring(L, 2, &size);
    return done(L, cx, cm_sys_write(cx, path, contents, size), "write_file");
}

/*** Removes a file.
 * @function remove_file
 * @tparam string path
 * @treturn true|nil
 * @treturn string message on failure, also when there is none */
static int l_remove_file(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    return done(L, cx, cm_sys_remove(cx, cmL_check_path(L, 1)), "remove_file");
}

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
        lua_pushlightuserdata(L, NULL);
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
    const char *text = luaL_checklstring(L, 1, &len), *what = luaL_optstring(L, 2, "JSON");
    luaL_checkstack(L, 3 * CM_JSON_DEPTH + 8, "not enough memory, or calls too deep");
    cmL_hold *hold = cmL_push_hold(L, free_json);
    hold->held = cm_json_parse(cx, text, len, SIZE_MAX, what);
    if (!hold->held)
        return cmL_io_fail(L, cx, "json_decode");
    push_json(L, hold->held, 0);
    cmL_hold_free(cx, hold);
    return 1;
}

static const luaL_Reg functions[] = {{"clock", l_clock},
                                     {"terminal", l_terminal},
                                     {"mkdir", l_mkdir},
                                     {"exists", l_exists},
                                     {"read_file", l_read_file},
                                     {"write_file", l_write_file},
                                     {"remove_file", l_remove_file},
                                     {"json_decode", l_json_decode},
                                     {NULL, NULL}};
static const luaL_Reg hold_meta[] = {{"__gc", hold_gc}, {NULL, NULL}};

/*** What null of JSON becomes, which nil cannot stand for in a table.
 * @tfield userdata json_null a value that is equal to itself alone */
void cmL_open_io(lua_State *L)
{
    cmL_class(L, CML_HOLD, hold_meta, NULL);
    cmL_register(L, functions);
    lua_pushlightuserdata(L, NULL); /* what null becomes */
    lua_setfield(L, -3, "json_null");
}
