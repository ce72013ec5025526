/* l_process.c - processes in Lua.
 *
 * @module cmml.core */
#include "base/process.h"
#include "bind/io.h"
#include <string.h>

#define CML_PROCESS CML_NAME("Process")
#define MOST_WORDS  1000

/*** Starts a program in a new process, without a shell. It reads nothing from standard input. A
 * process that is not kept in a variable is ended when the collector finds it.
 * @function spawn
 * @tparam table words the program, which is looked for along PATH unless its name has a slash, and
 * its arguments
 * @tparam[opt] string log file for its output (overwritten); nil: the output is discarded
 * @treturn Process|nil
 * @treturn string message on failure */
static int l_spawn(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    const char *log = lua_isnoneornil(L, 2) ? NULL : cmL_check_path(L, 2);
    int64_t n = cmL_check_length(L, 1);
    luaL_argcheck(L, n >= 1 && n <= MOST_WORDS, 1, "from 1 to 1000 words were expected");
    lua_settop(L, 2);
    lua_createtable(L, (int)n, 0); /* anchors the texts */
    char **words = lua_newuserdatauv(L, (size_t)(n + 1) * sizeof *words, 0);
    for (int64_t i = 0; i < n; i++) {
        lua_rawgeti(L, 1, i + 1);
        luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 1, "every word must be a string");
        size_t len;
        const char *word = lua_tolstring(L, -1, &len);
        luaL_argcheck(L, strlen(word) == len, 1, "a word must not contain zero bytes");
        words[i] = (char *)(uintptr_t)word; /* what POSIX takes, and does not write to */
        lua_rawseti(L, 3, i + 1);
    }
    words[n] = NULL;
    cm_process *process = lua_newuserdatauv(L, sizeof *process, 0);
    *process = (cm_process){0, CM_PROCESS_KILLED, 0};
    luaL_setmetatable(L, CML_PROCESS);
    if (!cm_process_start(cx, process, words, log))
        return cmL_io_fail(L, cx, "spawn");
    return 1;
}

/*** Whether the process has ended, without waiting for it.
 * @function Process:poll
 * @treturn ?string nil: it is running; "exit": it exited; "signal": it was killed
 * @treturn ?integer its exit code, or the number of the signal */
static int p_poll(lua_State *L)
{
    cm_process *process = luaL_checkudata(L, 1, CML_PROCESS);
    cm_process_look(process);
    if (process->state == CM_PROCESS_RUNNING) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushstring(L, process->state == CM_PROCESS_EXITED ? "exit" : "signal");
    lua_pushinteger(L, process->code);
    return 2;
}

/*** Ends the process at once, if it is running, and waits until it is gone.
 * @function Process:kill */
static int p_kill(lua_State *L)
{
    cm_process_end(luaL_checkudata(L, 1, CML_PROCESS));
    return 0;
}

/*** The id of the process.
 * @function Process:id
 * @treturn integer 0 once it was seen to have ended */
static int p_id(lua_State *L)
{
    cm_process *process = luaL_checkudata(L, 1, CML_PROCESS);
    lua_pushinteger(L, process->id);
    return 1;
}

/*** The id of this process.
 * @function process_id
 * @treturn integer */
static int l_process_id(lua_State *L)
{
    lua_pushinteger(L, cm_process_self());
    return 1;
}

/*** Makes this process end when its parent does, for whatever reason (on Linux; elsewhere it only
 * checks that the parent is running).
 * @function follow_process
 * @tparam integer parent id of the process that must be the parent
 * @treturn true|nil
 * @treturn string message on failure: the parent has ended already */
static int l_follow_process(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_Integer parent = luaL_checkinteger(L, 1);
    luaL_argcheck(L, parent >= 1 && parent <= INT32_MAX, 1, "the id of a process");
    if (!cm_process_follow(cx, (int)parent))
        return cmL_io_fail(L, cx, "follow_process");
    lua_pushboolean(L, 1);
    return 1;
}

/*** The number of processors that may run this program.
 * @function processors
 * @treturn integer at least 1 */
static int l_processors(lua_State *L)
{
    lua_pushinteger(L, cm_process_processors());
    return 1;
}

/*** Waits; a signal that the host handles ends that early.
 * @function sleep
 * @tparam number seconds from 0 to 3600 */
static int l_sleep(lua_State *L)
{
    lua_Number seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds >= 0 && seconds <= 3600, 1, "from 0 to 3600 seconds");
    cm_process_sleep(seconds);
    return 0;
}

static const luaL_Reg functions[] = {{"spawn", l_spawn},
                                     {"process_id", l_process_id},
                                     {"follow_process", l_follow_process},
                                     {"processors", l_processors},
                                     {"sleep", l_sleep},
                                     {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", p_kill}, {"__close", p_kill}, {NULL, NULL}};
static const luaL_Reg methods[] = {{"poll", p_poll}, {"kill", p_kill}, {"id", p_id}, {NULL, NULL}};

void cmL_open_process(lua_State *L)
{
    cmL_class(L, CML_PROCESS, meta, methods);
    cmL_register(L, functions);
}
