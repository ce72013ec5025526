/* game.c - a game loop in C with Lua 5.4 embedded, whose script asks cmml what to show.
 *
 *     cc -o game game.c -llua5.4
 *     ./game game.lua [model.safetensors]
 *
 * The engine here has no display: it counts frames in simulated time, 60 a second, as fast as they
 * come, and measures what each took. The script (examples/host/game.lua) requires cmml like any Lua
 * program; LUA_PATH and LUA_CPATH say where it is. In the end a histogram shows whether any frame
 * would have been late. */
#define _POSIX_C_SOURCE 199309L
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <time.h>

enum { FRAMES_A_SECOND = 60, SECONDS = 60, BUCKETS = 16 };

static double now_us(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec * 1e-3;
}

/* Calls a function of the game's table, which is on top of the stack, with a number. */
static int call(lua_State *L, const char *name, lua_Integer number)
{
    lua_getfield(L, -1, name);
    lua_pushinteger(L, number);
    if (lua_pcall(L, 1, 0, 0) == LUA_OK)
        return 1;
    fprintf(stderr, "game: %s\n", lua_tostring(L, -1));
    return 0;
}

/* Loads the script with the words behind its name in `arg`, as the interpreter does. */
static int load_script(lua_State *L, int argc, char **argv)
{
    lua_newtable(L);
    for (int i = 1; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - 1);
    }
    lua_setglobal(L, "arg");
    if (luaL_dofile(L, argv[1]) == LUA_OK && lua_istable(L, -1))
        return 1;
    fprintf(stderr, "game: %s\n",
            lua_isstring(L, -1) ? lua_tostring(L, -1) : "the script gave no table");
    return 0;
}

static void show(const long *counts, double longest)
{
    printf("%13s  frames\n", "took");
    for (int b = 0; b < BUCKETS; b++)
        if (counts[b] > 0)
            printf("%2s %7ld us  %ld\n",
                   b < BUCKETS - 1 ? "<" : ">=", b < BUCKETS - 1 ? 2L << b : 1L << b, counts[b]);
    printf("the longest took %.1f us of %.1f that a frame has\n", longest, 1e6 / FRAMES_A_SECOND);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s SCRIPT [MODEL]\n", argv[0]);
        return 2;
    }
    lua_State *L = luaL_newstate();
    if (!L)
        return 1;
    luaL_openlibs(L);
    if (!load_script(L, argc, argv))
        return 1;
    /* The first second is for warming up; then the collector stands still. */
    lua_gc(L, LUA_GCCOLLECT);
    long counts[BUCKETS] = {0}, before = 0;
    double longest = 0;
    for (lua_Integer frame = 0; frame < FRAMES_A_SECOND * SECONDS; frame++) {
        if (frame == FRAMES_A_SECOND) {
            lua_gc(L, LUA_GCSTOP);
            before = 1024L * lua_gc(L, LUA_GCCOUNT) + lua_gc(L, LUA_GCCOUNTB);
        }
        double began = now_us();
        if (!call(L, "frame", frame))
            return 1;
        double took = now_us() - began;
        int bucket = 0;
        while (bucket < BUCKETS - 1 && took >= (double)(2L << bucket))
            bucket++;
        counts[bucket]++;
        longest = took > longest ? took : longest;
    }
    long grown = 1024L * lua_gc(L, LUA_GCCOUNT) + lua_gc(L, LUA_GCCOUNTB) - before;
    show(counts, longest);
    printf("Lua has grown by %ld bytes in %d seconds with the collector stopped\n", grown,
           SECONDS - 1);
    int ok = call(L, "report", 0);
    lua_close(L);
    return ok ? 0 : 1;
}
