/* l_sys.c - files, the terminal and time in Lua.
 *
 * Functions that access the system return nil and a message on failure, and raise when they are
 * misused.
 *
 * @module cmml.core */
#include "base/file.h"
#include "base/folder.h"
#include "base/hash.h"
#include "base/input.h"
#include "base/sys.h"
#include "bind/io.h"
#include <string.h>

/*** Seconds of a monotonic clock; only differences are meaningful.
 * @function clock
 * @treturn number */
static int l_clock(lua_State *L)
{
    lua_pushnumber(L, cm_sys_clock());
    return 1;
}

/*** A number that says whether texts are the same; not for secrets.
 * @function hash
 * @tparam string text
 * @tparam[opt] integer before the hash of what stands before the text
 * @treturn integer of 64 bits */
static int l_hash(lua_State *L)
{
    size_t size;
    cmL_enter(L);
    const char *text = cmL_check_text(L, 1, &size);
    uint64_t before = (uint64_t)luaL_optinteger(L, 2, (lua_Integer)CM_HASH_START);
    lua_pushinteger(L, (lua_Integer)cm_hash(before, text, size));
    return 1;
}

/*** Whether a standard stream is a terminal.
 * @function terminal
 * @tparam[opt="stdout"] string stream "stdin", "stdout" or "stderr"
 * @treturn integer|nil its width in columns; nil if it is not a terminal */
static int l_terminal(lua_State *L)
{
    static const char *const names[] = {"stdin", "stdout", "stderr", NULL};
    int columns = cm_sys_terminal(cmL_check_option(L, 1, "stdout", names));
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

/*** Makes a folder and its parents; an existing one is fine.
 * @function mkdir
 * @tparam string path
 * @treturn true|nil
 * @treturn string message on failure */
static int l_mkdir(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    return done(L, cx, cm_sys_mkdir(cx, cmL_check_path(L, 1)), "mkdir");
}

/*** Whether a path exists.
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

/*** The names of the files and folders in a folder, those that begin with a dot among them.
 * @function list_folder
 * @tparam string path
 * @treturn {string,...}|nil in no order
 * @treturn string message on failure */
static int l_list_folder(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    const char *path = cmL_check_path(L, 1);
    cmL_hold *hold = cmL_push_hold(L, free_block);
    size_t size = 0;
    hold->held = cm_sys_names(cx, path, &size);
    if (!hold->held)
        return cmL_io_fail(L, cx, "list_folder");
    lua_newtable(L);
    const char *name = hold->held, *end = name + size;
    for (lua_Integer i = 1; name < end; i++) {
        lua_pushstring(L, name);
        lua_rawseti(L, -2, i);
        name += strlen(name) + 1;
    }
    cmL_hold_free(cx, hold);
    return 1;
}

/*** The contents of a file. Folders and devices are refused.
 * @function read_file
 * @tparam string path
 * @tparam[opt=false] boolean pipes whether it may be a pipe, such as /dev/stdin
 * @treturn string|nil
 * @treturn string message on failure */
static int l_read_file(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    const char *path = cmL_check_path(L, 1);
    bool pipes = lua_toboolean(L, 2);
    cmL_hold *hold = cmL_push_hold(L, free_block);
    size_t size = 0;
    hold->held = cm_input_all(cx, path, pipes, &size);
    if (!hold->held)
        return cmL_io_fail(L, cx, "read_file");
    lua_pushlstring(L, hold->held, size);
    cmL_hold_free(cx, hold);
    return 1;
}

/*** Writes a file atomically: to a temporary file beside it, synced to disk, then renamed. If that
 * fails, the old file stays unchanged. A symbolic link stays one: the file that it leads to is
 * written. What is no regular file, or leads to none, such as a device, is refused.
 * @function write_file
 * @tparam string path in an existing folder
 * @tparam string contents
 * @treturn true|nil
 * @treturn string message on failure */
static int l_write_file(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    const char *path = cmL_check_path(L, 1);
    size_t size;
    luaL_argexpected(L, lua_isstring(L, 2), 2, "string");
    const char *contents = cmL_tolstring(L, 2, &size);
    return done(L, cx, cm_file_replace(cx, path, contents, size), "write_file");
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

/*** Writes out what a file of Lua has buffered. Unlike `file:flush` it tells of earlier writes,
 * too.
 * @function flush
 * @tparam any file a file of Lua, such as `io.stdout`
 * @treturn true|nil
 * @treturn string message if that or any earlier write failed: a full disk, a closed pipe */
static int l_flush(lua_State *L)
{
    const luaL_Stream *stream = luaL_checkudata(L, 1, LUA_FILEHANDLE);
    luaL_argcheck(L, stream->closef, 1, "the file is closed");
    bool failed_before = ferror(stream->f) != 0;
    if (fflush(stream->f) != 0)
        return luaL_fileresult(L, 0, NULL);
    if (failed_before) {
        lua_pushnil(L);
        lua_pushliteral(L, "an earlier write failed");
        return 2;
    }
    lua_pushboolean(L, 1);
    return 1;
}

#define CML_FOLDER CML_NAME("Folder")

/*** Holds a folder for writing into it, until the result is closed or collected or the process
 * ends, however it ends. It is made if it is not there; one that was made so and is empty in the
 * end is removed.
 * @function hold_folder
 * @tparam string path
 * @treturn Folder|nil
 * @treturn string message on failure, also while another process, or this one, holds it
 * @treturn boolean whether that is why */
static int l_hold_folder(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    const char *path = cmL_check_path(L, 1);
    cm_folder *folder = lua_newuserdatauv(L, sizeof *folder, 0);
    *folder = (cm_folder){.handle = -1};
    luaL_setmetatable(L, CML_FOLDER);
    if (cm_folder_hold(cx, folder, path))
        return 1;
    (void)cmL_io_fail(L, cx, "hold_folder");
    lua_pushboolean(L, folder->busy);
    return 3;
}

/*** Lets the folder go; a second time does nothing.
 * @function Folder:close */
static int f_close(lua_State *L)
{
    cm_folder_release(cmL_ctx(L), luaL_checkudata(L, 1, CML_FOLDER));
    return 0;
}

static const luaL_Reg meta[] = {{"__gc", f_close}, {"__close", f_close}, {NULL, NULL}};
static const luaL_Reg methods[] = {{"close", f_close}, {NULL, NULL}};
static const luaL_Reg functions[] = {{"clock", l_clock},
                                     {"hash", l_hash},
                                     {"terminal", l_terminal},
                                     {"mkdir", l_mkdir},
                                     {"exists", l_exists},
                                     {"read_file", l_read_file},
                                     {"write_file", l_write_file},
                                     {"remove_file", l_remove_file},
                                     {"list_folder", l_list_folder},
                                     {"flush", l_flush},
                                     {"hold_folder", l_hold_folder},
                                     {NULL, NULL}};

void cmL_open_sys(lua_State *L)
{
    cmL_class(L, CML_FOLDER, meta, methods);
    cmL_register(L, functions);
}
