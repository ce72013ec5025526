/* script.c - inputs for a Lua script: FUZZ_SCRIPT returns a function that gets the path of a file
 * with the input, and raises if something is wrong. The lines of Lua that run count as coverage, so
 * that the fuzzer finds its way through them, too. */
#define _GNU_SOURCE
#include "fuzz.h"
#include <lauxlib.h>
#include <lualib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int luaopen_cmml_core(lua_State *L);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define LINES 8192

#ifdef __clang__
__attribute__((section("__libfuzzer_extra_counters")))
#endif
static uint8_t lines[LINES];
static lua_State *state; /* libFuzzer gives its functions nothing of their own to keep it in */
static int file;
static char path[64];

static void count_line(lua_State *L, lua_Debug *at)
{
    lua_getinfo(L, "Sl", at);
    uint32_t hash = (uint32_t)at->currentline;
    for (const char *c = at->source; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619;
    lines[hash % LINES]++;
}

static void stop(const char *message)
{
    fprintf(stderr, FUZZ_SCRIPT ": %s\n", message);
    abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    state = luaL_newstate();
    file = memfd_create("input", 0);
    if (!state || file < 0)
        stop("no Lua state, or no file in memory");
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    luaL_openlibs(state);
    luaL_getsubtable(state, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(state, luaopen_cmml_core);
    lua_setfield(state, -2, "cmml.core");
    if (luaL_dostring(state, "package.path = './lua/?.lua;./lua/?/init.lua;./?.lua'") != LUA_OK ||
        luaL_dofile(state, FUZZ_SCRIPT) != LUA_OK)
        stop(lua_tostring(state, -1));
    lua_sethook(state, count_line, LUA_MASKLINE, 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size)
        stop("the input cannot be written");
    lua_pushvalue(state, -1);
    lua_pushstring(state, path);
    lua_pushinteger(state, (lua_Integer)size);
    if (lua_pcall(state, 2, 0, 0) != LUA_OK)
        stop(lua_tostring(state, -1));
    return 0;
}
