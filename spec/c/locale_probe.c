/* locale_probe.c - which lines of the library format numbers, lower letters or order strings in the
 * locale of the host? `make locale`.
 *
 * Loaded before the C library (LD_PRELOAD), it stands in front of the functions by which Lua does
 * so. A call while the thread has no locale of its own (csrc/base/locale.h) is in the host's; the
 * line of the library that led to it is noted in the file CMML_LOCALE_LOG, whatever the locale. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <locale.h>
#include <lua.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLACES 512

static _Thread_local lua_State *state;
static _Thread_local unsigned long seen[PLACES]; /* hashes of what was noted: once is enough */

int luaopen_locale_probe(lua_State *L);

static void note(const char *what)
{
    char line[512];
    const char *log = getenv("CMML_LOCALE_LOG");
    lua_Debug at;
    if (!state || !log || uselocale((locale_t)0) != LC_GLOBAL_LOCALE)
        return;
    /* The innermost function of Lua: it called what is in C. */
    for (int level = 0;; level++) {
        if (!lua_getstack(state, level, &at) || !lua_getinfo(state, "Sl", &at))
            return;
        if (strcmp(at.what, "C") != 0)
            break;
    }
    if (!strstr(at.source, "lua/cmml/"))
        return;
    unsigned long hash = 5381 + (unsigned long)at.currentline;
    for (const char *s = at.source; *s; s++)
        hash = hash * 33 + (unsigned char)*s;
    for (const char *s = what; *s; s++)
        hash = hash * 33 + (unsigned char)*s;
    for (size_t i = 0; i < PLACES && seen[(hash + i) % PLACES] != hash; i++) {
        unsigned long *place = &seen[(hash + i) % PLACES];
        if (*place)
            continue;
        *place = hash;
        uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0)); /* no note of this note */
        int used = snprintf(line, sizeof line, "%s:%d: %s\n", strstr(at.source, "lua/cmml/"),
                            at.currentline, what);
        uselocale(LC_GLOBAL_LOCALE);
        int file = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
        if (file >= 0 && write(file, line, (size_t)used) == used)
            close(file);
        break;
    }
}

/* Whether a format has a number with a decimal point. */
static int formats_real(const char *format)
{
    for (const char *s = format; (s = strchr(s, '%')); s++) {
        s += 1 + strspn(s + 1, "-+ #0123456789.*");
        if (*s && strchr("aAeEfFgG", *s))
            return 1;
        if (!*s)
            break;
    }
    return 0;
}

int snprintf(char *restrict out, size_t size, const char *restrict format, ...)
{
    va_list args;
    va_start(args, format);
    if (formats_real(format))
        note("a number is written in the locale of the host");
    int used = vsnprintf(out, size, format, args);
    va_end(args);
    return used;
}

/* What snprintf is where it was compiled with -D_FORTIFY_SOURCE. */
int __snprintf_chk(char *out, size_t size, int flag, size_t room, const char *format, ...);
int __snprintf_chk(char *out, size_t size, int flag, size_t room, const char *format, ...)
{
    (void)flag;
    va_list args;
    va_start(args, format);
    if (formats_real(format))
        note("a number is written in the locale of the host");
    int used = vsnprintf(out, size < room ? size : room, format, args);
    va_end(args);
    return used;
}

int strcoll(const char *a, const char *b)
{
    static int (*original)(const char *, const char *);
    if (!original)
        original = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "strcoll");
    note("strings are ordered in the locale of the host");
    return original(a, b);
}

/* Whether Lua is in string.lower or string.upper: patterns look their classes up by tolower, too.
 */
static int is_called(const char *name)
{
    lua_Debug at;
    return state && lua_getstack(state, 0, &at) && lua_getinfo(state, "n", &at) && at.name &&
           strcmp(at.name, name) == 0;
}

#define TABLE_OF_LETTERS(symbol, method)                                       \
    const __int32_t **symbol(void);                                            \
    const __int32_t **symbol(void)                                             \
    {                                                                          \
        static const __int32_t **(*original)(void);                            \
        if (!original)                                                         \
            original = (const __int32_t **(*)(void))dlsym(RTLD_NEXT, #symbol); \
        if (is_called(method))                                                 \
            note("letters are changed in the locale of the host");             \
        return original();                                                     \
    }

TABLE_OF_LETTERS(__ctype_tolower_loc, "lower")
TABLE_OF_LETTERS(__ctype_toupper_loc, "upper")

/* package.loadlib(FILE, "luaopen_locale_probe")() in each process: whose lines are to be noted. */
int luaopen_locale_probe(lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    state = lua_tothread(L, -1);
    return 0;
}
