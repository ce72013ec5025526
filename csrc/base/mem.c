/* mem.c - counted allocation. A header before each block holds its size, so that freeing needs
 * none. */
#define _DEFAULT_SOURCE /* madvise */
#include "base/mem.h"
#include "base/ctx.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE_PAGE ((size_t)2 << 20)

typedef union header {
    size_t bytes;
    union header *next;          /* of an idle block */
    unsigned char pad[CM_ALIGN]; /* keeps the block behind it aligned */
} header;

/* The address sanitizer finds the use of freed memory only if freed memory is freed. */
#ifdef __has_feature
#    if __has_feature(address_sanitizer)
#        define SANITIZED 1
#    endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(SANITIZED)
#    define IDLE_LIMIT ((size_t)0)
#else
#    define IDLE_LIMIT CM_IDLE_LIMIT
#endif

/* What a block takes, and the list in which blocks of that size wait (CM_IDLE_CLASSES: none). */
static size_t rounded_size(size_t bytes, size_t *class)
{
    size_t rounded = (bytes + sizeof(header) + CM_ALIGN - 1) / CM_ALIGN * CM_ALIGN;
    *class = CM_MIN(rounded / CM_ALIGN - 1, CM_IDLE_CLASSES);
    return rounded;
}

/* Whether `bytes` more may be in use. */
static bool may_allocate(cm_ctx *cx, size_t bytes)
{
    if (cx->mem.most && (bytes > cx->mem.most || cx->mem.live > cx->mem.most - bytes))
        return false;
    if (cx->mem.fail_in < 0)
        return true;
    return cx->mem.fail_in-- > 0;
}

static void *refuse(cm_ctx *cx, size_t bytes)
{
    return cm_fail(cx, CM_ERR_NO_MEMORY, "out of memory: %zu bytes asked for, %zu in use", bytes,
                   cx->mem.live);
}

static void count(cm_ctx *cx, size_t bytes)
{
    cx->mem.live += bytes;
    cx->mem.total += bytes;
    cx->mem.blocks++;
    if (cx->mem.live > cx->mem.peak)
        cx->mem.peak = cx->mem.live;
}

/* A block of the system. Large ones lie on large pages where there are such: of small ones each is
 * a fault of its own when it is first touched, which is most of what reading a model takes. */
static void *take(size_t bytes)
{
#ifdef MADV_HUGEPAGE
    if (bytes >= LARGE_PAGE) {
        void *block;
        if (posix_memalign(&block, LARGE_PAGE, bytes) != 0)
            return NULL;
        (void)madvise(block, bytes / LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE);
        return block;
    }
#endif
    return aligned_alloc(CM_ALIGN, bytes);
}

/* A fresh block of `rounded` bytes. In an arena blocks lie one behind the other; what is not kept
 * in a list of idle ones is lost until the context is opened again. */
static header *fresh_block(cm_mem *mem, size_t rounded)
{
    if (!mem->arena)
        return take(rounded);
    if (rounded > mem->arena_bytes - mem->arena_used)
        return NULL;
    header *h = (header *)(void *)(mem->arena + mem->arena_used);
    mem->arena_used += rounded;
    return h;
}

static void free_block(const cm_mem *mem, header *h)
{
    if (!mem->arena)
        free(h);
}

void *cm_alloc(cm_ctx *cx, size_t bytes)
{
    if (bytes > SIZE_MAX - 2 * sizeof(header) || !may_allocate(cx, bytes))
        return refuse(cx, bytes);
    size_t class, rounded = rounded_size(bytes, &class);
    header *h;
    if (class < CM_IDLE_CLASSES && cx->mem.idle[class]) {
        h = cx->mem.idle[class];
        cx->mem.idle[class] = h->next;
        cx->mem.idle_bytes -= rounded;
        cx->mem.cached -= rounded;
    } else if (!(h = fresh_block(&cx->mem, rounded))) {
        return refuse(cx, bytes);
    }
    h->bytes = bytes;
    count(cx, bytes);
    return h + 1;
}

void *cm_alloc_array(cm_ctx *cx, size_t n, size_t size)
{
    size_t bytes;
    return cm_mul_size(n, size, &bytes) ? cm_alloc(cx, bytes) : refuse(cx, SIZE_MAX);
}

void *cm_calloc(cm_ctx *cx, size_t n, size_t size)
{
    void *block = cm_alloc_array(cx, n, size);
    if (block)
        memset(block, 0, n * size);
    return block;
}

/* Large blocks are left to the system, which can give them another address without a copy: a table
 * that grows does not take its memory twice. */
static void *resize(cm_ctx *cx, header *h, size_t bytes, size_t rounded)
{
    size_t was = h->bytes;
    header *resized = may_allocate(cx, bytes - CM_MIN(was, bytes)) ? realloc(h, rounded) : NULL;
    if (!resized)
        return refuse(cx, bytes);
    cx->mem.live -= was;
    cx->mem.blocks--;
    resized->bytes = bytes;
    count(cx, bytes);
    return resized + 1;
}

void *cm_realloc(cm_ctx *cx, void *block, size_t bytes)
{
    header *h = block ? (header *)block - 1 : NULL;
    if (h && !cx->mem.arena && bytes <= SIZE_MAX - 2 * sizeof(header)) {
        size_t class, rounded = rounded_size(h->bytes, &class);
        bool large = class == CM_IDLE_CLASSES;
        rounded = rounded_size(bytes, &class);
        if (large && class == CM_IDLE_CLASSES)
            return resize(cx, h, bytes, rounded);
    }
    void *fresh = cm_alloc(cx, bytes);
    if (fresh && h) {
        memcpy(fresh, block, CM_MIN(h->bytes, bytes));
        cm_free(cx, block);
    }
    return fresh;
}

void cm_free(cm_ctx *cx, void *block)
{
    if (!block)
        return;
    header *h = (header *)block - 1;
    size_t class, rounded = rounded_size(h->bytes, &class);
    cx->mem.live -= h->bytes;
    cx->mem.blocks--;
    if (class == CM_IDLE_CLASSES || cx->closed || cx->mem.idle_bytes + rounded > IDLE_LIMIT) {
        free_block(&cx->mem, h);
        return;
    }
    h->next = cx->mem.idle[class];
    cx->mem.idle[class] = h;
    cx->mem.idle_bytes += rounded;
    cx->mem.cached += rounded;
}

void cm_mem_trim(cm_ctx *cx)
{
    for (size_t class = 0; class < CM_IDLE_CLASSES; class ++) {
        header *next;
        for (header *h = cx->mem.idle[class]; h; h = next) {
            next = h->next;
            free_block(&cx->mem, h);
        }
        cx->mem.idle[class] = NULL;
    }
    cx->mem.cached -= cx->mem.idle_bytes;
    cx->mem.idle_bytes = 0;
}

bool cm_grow(cm_ctx *cx, void **block, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity)
        return true;
    size_t wanted = CM_MAX(need, *capacity > SIZE_MAX / 2 ? SIZE_MAX : *capacity * 2), bytes;
    wanted = CM_MAX(wanted, 16);
    if (!cm_mul_size(wanted, size, &bytes))
        return refuse(cx, SIZE_MAX) != NULL;
    void *grown = cm_realloc(cx, *block, bytes);
    if (!grown)
        return false;
    *block = grown;
    *capacity = wanted;
    return true;
}

bool cm_mul_size(size_t a, size_t b, size_t *out)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

void *cm_alloc_forever(size_t bytes)
{
    return calloc(1, bytes);
}

void *cm_block_alloc_raw(size_t bytes)
{
    if (bytes > SIZE_MAX - CM_ALIGN)
        return NULL;
    return take(CM_MAX((bytes + CM_ALIGN - 1) / CM_ALIGN, 1) * CM_ALIGN);
}

void *cm_block_alloc(size_t count, size_t size)
{
    size_t bytes;
    void *block = cm_mul_size(count, size, &bytes) ? cm_block_alloc_raw(bytes) : NULL;
    return block ? memset(block, 0, bytes) : NULL;
}

void cm_block_free(void *block)
{
    free(block);
}
