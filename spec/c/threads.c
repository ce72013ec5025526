/* threads.c - several Lua states, each in a thread of its own, at once: THREADS of them run the Lua
 * script named on the command line, which must give the same text as when it ran alone. Built with
 * -fsanitize=thread by `make threads`. The modules are found by LUA_PATH and LUA_CPATH. */
#include <lauxlib.h>
#include <lualib.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4

typedef struct job {
    const char *script;
    char *text; /* what the script returned; NULL if it failed */
} job;

static char *copy_of(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

static void *run(void *context)
{
    job *j = context;
    lua_State *L = luaL_newstate();
    if (!L)
        return NULL;
    luaL_openlibs(L);
    if (luaL_dofile(L, j->script) != LUA_OK || !lua_isstring(L, -1))
        fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
    else
        j->text = copy_of(lua_tostring(L, -1));
    lua_close(L);
    return NULL;
}

/* Runs the script in n threads at once. */
static bool run_all(job *jobs, int n, const char *script)
{
    pthread_t threads[THREADS];
    int started = 0;
    for (; started < n; started++) {
        jobs[started] = (job){.script = script};
        if (pthread_create(&threads[started], NULL, run, &jobs[started]) != 0)
            break;
    }
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return started == n;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: threads SCRIPT\n");
        return 2;
    }
    /* Together first, so that what happens once in a process happens in all of them at once. */
    job together[THREADS], alone;
    int passed = 0;
    if (!run_all(together, THREADS, argv[1]) || !run_all(&alone, 1, argv[1])) {
        fprintf(stderr, "threads: no more threads\n");
        return 1;
    }
    for (int i = 0; i < THREADS; i++) {
        bool same = together[i].text && alone.text && strcmp(together[i].text, alone.text) == 0;
        if (!same)
            fprintf(stderr, "threads: thread %d gave another text than when alone\n", i + 1);
        passed += same;
        free(together[i].text);
    }
    free(alone.text);
    printf("%d passed, %d failed\n", passed, THREADS - passed);
    return passed == THREADS ? 0 : 1;
}
