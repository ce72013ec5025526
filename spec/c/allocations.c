/* allocations.c - counts the calls of the system's allocator, of whatever the process does: loaded
 * before it (LD_PRELOAD). From Lua, `package.loadlib(path, "count")` gives the number so far.
 * Compiled and started by spec/serving_memory_spec.lua. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

/* Of lua.h, which need not be where this is compiled. */
typedef struct lua_State lua_State;
void lua_pushinteger(lua_State *L, long long value);

static atomic_long calls;

/* What dlsym itself takes before it has told where the allocator is. */
static char early[4096];
static size_t early_used;

static void *take_early(size_t bytes)
{
    size_t from = early_used;
    early_used += (bytes + 15) / 16 * 16;
    return early_used <= sizeof early ? early + from : NULL;
}

#define NEXT(name) ((void)(next || (next = (fn *)dlsym(RTLD_NEXT, name))), next)

void *malloc(size_t bytes)
{
    typedef void *fn(size_t);
    static fn *next;
    calls++;
    return NEXT("malloc")(bytes);
}

void *calloc(size_t n, size_t bytes)
{
    typedef void *fn(size_t, size_t);
    static fn *next;
    static int asking;
    calls++;
    if (!next) {
        if (asking)
            return take_early(n * bytes);
        asking = 1;
    }
    return NEXT("calloc")(n, bytes);
}

void *realloc(void *block, size_t bytes)
{
    typedef void *fn(void *, size_t);
    static fn *next;
    calls++;
    return NEXT("realloc")(block, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    typedef void *fn(size_t, size_t);
    static fn *next;
    calls++;
    return NEXT("aligned_alloc")(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes)
{
    typedef int fn(void **, size_t, size_t);
    static fn *next;
    calls++;
    return NEXT("posix_memalign")(out, alignment, bytes);
}

void free(void *block)
{
    typedef void fn(void *);
    static fn *next;
    calls++;
    if ((char *)block >= early && (char *)block < early + sizeof early)
        return;
    NEXT("free")(block);
}

int count(lua_State *L);

int count(lua_State *L)
{
    lua_pushinteger(L, (long long)calls);
    return 1;
}
