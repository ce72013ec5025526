/* storage.c - storages and their cache. */
#include "tensor/storage.h"
#include <string.h>

#define CACHE_LIMIT ((size_t)64 << 20) /* maximum number of bytes kept for reuse */
#define SMALLEST    ((size_t)64)

/* Size classes grow by a quarter of a power of two: at most 25 % of a block is unused. */
static int size_class(size_t bytes, size_t *rounded)
{
    size_t power = SMALLEST;
    int class = 0;
    while (power * 2 <= bytes && class < CM_CACHE_CLASSES - 8) {
        power *= 2;
        class += 4;
    }
    size_t quarter = power / 4, size = power;
    while (size < bytes) {
        size += quarter;
        class ++;
    }
    *rounded = size;
    return class;
}

cm_storage *cm_storage_new(cm_ctx *cx, int64_t count)
{
    size_t bytes = (size_t)count * sizeof(cm_real), rounded;
    int class = size_class(CM_MAX(bytes, 1), &rounded);
    cm_storage *storage = cx->cache[class];
    /* While a test makes allocations fail, the cache must not hide any. */
    if (storage && cx->mem.fail_in < 0) {
        cx->cache[class] = storage->next;
        cx->mem.cached -= storage->bytes;
        cx->mem.live += storage->bytes + sizeof *storage;
        cx->mem.total += storage->bytes + sizeof *storage;
        cx->mem.blocks += 2;
        cx->mem.peak = CM_MAX(cx->mem.peak, cx->mem.live);
    } else {
        storage = cm_alloc(cx, sizeof *storage);
        if (!storage)
            return NULL;
        storage->data = cm_alloc(cx, rounded);
        if (!storage->data) {
            cm_free(cx, storage);
            return NULL;
        }
        storage->bytes = rounded;
    }
    storage->refs = 1;
    storage->version = 0;
    storage->count = count;
    storage->block = NULL;
    storage->next = NULL;
    return storage;
}

void cm_storage_retain(cm_storage *storage)
{
    storage->refs++;
}

static void destroy(cm_ctx *cx, cm_storage *storage)
{
    cm_free(cx, storage->data);
    cm_free(cx, storage);
}

void cm_storage_release(cm_ctx *cx, cm_storage *storage)
{
    if (!storage || --storage->refs > 0)
        return;
    if (storage->block) {
        cm_storage_release(cx, storage->block); /* blocks do not nest: one level */
        cm_free(cx, storage);
        return;
    }
    if (cx->closed || cx->mem.cached + storage->bytes > CACHE_LIMIT) {
        destroy(cx, storage);
        return;
    }
    size_t rounded;
    int class = size_class(storage->bytes, &rounded);
    storage->next = cx->cache[class];
    cx->cache[class] = storage;
    cx->mem.cached += storage->bytes;
    cx->mem.live -= storage->bytes + sizeof *storage;
    cx->mem.blocks -= 2;
}

void cm_storage_move(cm_ctx *cx, cm_storage *storage, cm_storage *block, int64_t offset)
{
    memcpy(block->data + offset, storage->data, (size_t)storage->count * sizeof(cm_real));
    cm_storage_retain(block);
    if (storage->block)
        cm_storage_release(cx, storage->block);
    else
        cm_free(cx, storage->data);
    storage->data = block->data + offset;
    storage->block = block;
    storage->bytes = 0;
}

void cm_storage_trim(cm_ctx *cx)
{
    for (int class = 0; class < CM_CACHE_CLASSES; class ++) {
        while (cx->cache[class]) {
            cm_storage *storage = cx->cache[class];
            cx->cache[class] = storage->next;
            cx->mem.cached -= storage->bytes;
            cx->mem.live += storage->bytes + sizeof *storage; /* cm_free takes it off again */
            cx->mem.blocks += 2;
            destroy(cx, storage);
        }
    }
    cm_mem_trim(cx);
}
