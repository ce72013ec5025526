/* oom_sweep.c - a host with little memory: Lua states whose n-th allocation fails. It runs the Lua
 * script named on the command line, which sweeps over n, with two functions as arguments:
 *
 *   try(n, lasting, f)    calls f; the allocation after the next n fails, and if `lasting` all that
 *                         follow until f is left. Gives whether f ended well, what it gave or
 *                         raised, and whether an allocation failed.
 *   open(n, lasting)      the same for a new state that opens the libraries and requires cmml, and
 *                         is closed. Gives whether that ended well, the message, whether an
 *                         allocation failed, and how many bytes are left.
 *
 * The modules are found by LUA_PATH and LUA_CPATH. */
#include <lauxlib.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#    include <malloc.h>
#endif

typedef struct heap {
    size_t live;
    long fail_in; /* allocations that still succeed; < 0: all do */
    bool lasting;
    int failed; /* calls that were failed */
} heap;

static void arm(heap *h, lua_Integer n, bool lasting)
{
    h->fail_in = (long)n;
    h->lasting = lasting;
    h->failed = 0;
}

/* Lua collects and asks once more before it gives up, so that one failure takes two calls. */
static bool fails(heap *h)
{
    if (h->fail_in < 0)
        return false;
    if (h->fail_in > 0) {
        h->fail_in--;
        return false;
    }
    if (h->failed == 2 && !h->lasting) {
        h->fail_in = -1;
        return false;
    }
    h->failed++;
    return true;
}

static void *allocate(void *context, void *block, size_t old, size_t size)
{
    heap *h = context;
    old = block ? old : 0;
    if (size == 0) {
        h->live -= old;
        free(block);
        return NULL;
    }
    if (size > old && fails(h))
        return NULL;
    /* Always another block, so that a pointer into the old one is found by the sanitizer. */
    char *fresh = malloc(size);
    if (!fresh)
        abort();
    for (size_t i = 0; i < size && i < old; i++)
        fresh[i] = ((char *)block)[i];
    free(block);
    h->live += size - old;
    return fresh;
}

/* Bytes of the whole process that are in use, the core's included; 0 where nobody counts them.
 * Exact without the cache of the threads: GLIBC_TUNABLES=glibc.malloc.tcache_count=0. */
static size_t process_bytes(void)
{
#ifdef __GLIBC__
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

static int try(lua_State *L)
{
    void *context;
    lua_getallocf(L, &context);
    heap *h = context;
    lua_Integer n = luaL_checkinteger(L, 1);
    bool lasting = lua_toboolean(L, 2);
    lua_settop(L, 3);
    luaL_checkstack(L, 20, NULL);
    arm(h, n, lasting);
    int status = lua_pcall(L, 0, 1, 0);
    int failed = h->failed;
    arm(h, -1, false);
    lua_pushboolean(L, status == LUA_OK);
    lua_insert(L, -2);
    lua_pushboolean(L, failed > 0);
    return 3;
}

static int require_all(lua_State *L)
{
    luaL_openlibs(L);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "cmml");
    lua_call(L, 1, 0);
    return 0;
}

static int open(lua_State *L)
{
    heap h = {.live = 0};
    char message[1000] = "";
    size_t before = process_bytes();
    arm(&h, luaL_checkinteger(L, 1), lua_toboolean(L, 2));
    int status = LUA_ERRMEM;
    lua_State *inner = lua_newstate(allocate, &h);
    if (!inner)
        strcpy(message, "not enough memory for a state");
    else {
        lua_pushcfunction(inner, require_all);
        status = lua_pcall(inner, 0, 0, 0);
        if (status != LUA_OK && lua_type(inner, -1) == LUA_TSTRING)
            snprintf(message, sizeof message, "%s", lua_tostring(inner, -1));
        lua_close(inner);
    }
    size_t after = process_bytes();
    lua_pushboolean(L, status == LUA_OK);
    lua_pushstring(L, message);
    lua_pushboolean(L, h.failed > 0);
    lua_pushinteger(L, (lua_Integer)h.live + (lua_Integer)after - (lua_Integer)before);
    return 4;
}

int main(int argc, char **argv)
{
    heap h = {.fail_in = -1};
    lua_State *L = lua_newstate(allocate, &h);
    if (argc != 2 || !L) {
        fprintf(stderr, "usage: oom_sweep SCRIPT\n");
        return 2;
    }
    luaL_openlibs(L);
    int status = luaL_loadfile(L, argv[1]);
    if (status == LUA_OK) {
        lua_pushcfunction(L, try);
        lua_pushcfunction(L, open);
        status = lua_pcall(L, 2, 0, 0);
    }
    if (status != LUA_OK)
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
    lua_close(L);
    if (h.live != 0)
        fprintf(stderr, "%zu bytes of Lua are left\n", h.live);
    return status == LUA_OK && h.live == 0 ? 0 : 1;
}
