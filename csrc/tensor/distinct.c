/* distinct.c - see distinct.h. Open addressing with linear probing, at most half full. */
#include "tensor/distinct.h"
#include <string.h>

/* The address of the table seeds the hash, so that no list can be constructed whose keys all
 * collide; the result does not depend on it. */
static size_t slot_of(const int32_t *slots, uint64_t key)
{
    uint64_t h = (key ^ (uint64_t)(uintptr_t)slots) * UINT64_C(0x9E3779B97F4A7C15);
    h ^= h >> 32;
    h *= UINT64_C(0xD6E8FEB86659FD93);
    return (size_t)(h ^ h >> 32);
}

bool cm_distinct(cm_ctx *cx, const uint64_t *keys, int64_t count, cm_ids **first, cm_ids **places)
{
    size_t size = 16, bytes;
    while (size < 2 * (size_t)count)
        size *= 2;
    int32_t *slots = cm_mul_size(size, sizeof *slots, &bytes) ? cm_alloc(cx, bytes) : NULL;
    *first = slots ? cm_ids_new(cx, count) : NULL;
    *places = *first ? cm_ids_new(cx, count) : NULL;
    if (!*places) {
        cm_ids_release(cx, *first);
        cm_free(cx, slots);
        *first = NULL;
        return false;
    }
    memset(slots, -1, bytes);
    int32_t different = 0, *at = (*first)->values;
    for (int64_t i = 0; i < count; i++) {
        size_t slot = slot_of(slots, keys[i]) & (size - 1);
        while (slots[slot] >= 0 && keys[at[slots[slot]]] != keys[i])
            slot = (slot + 1) & (size - 1);
        if (slots[slot] < 0) {
            at[different] = (int32_t)i;
            slots[slot] = different++;
        }
        (*places)->values[i] = slots[slot];
    }
    cm_free(cx, slots);
    (*first)->count = different;
    cm_ids_seal(*first);
    cm_ids_seal(*places);
    return true;
}

bool cm_ids_distinct(cm_ctx *cx, const cm_ids *ids, cm_ids **distinct, cm_ids **places)
{
    size_t bytes = (size_t)ids->count * sizeof(uint64_t);
    uint64_t *keys = cm_alloc(cx, bytes);
    if (!keys)
        return false;
    for (int64_t i = 0; i < ids->count; i++)
        keys[i] = (uint32_t)ids->values[i];
    bool ok = cm_distinct(cx, keys, ids->count, distinct, places);
    cm_free(cx, keys);
    if (!ok)
        return false;
    for (int64_t i = 0; i < (*distinct)->count; i++)
        (*distinct)->values[i] = ids->values[(*distinct)->values[i]];
    cm_ids_seal(*distinct);
    return true;
}

void cm_ids_keys(const cm_ids *ids, const cm_ids *segments, uint64_t *keys)
{
    for (int64_t g = 0; g < cm_segments_groups(segments); g++)
        for (int32_t i = segments->values[g]; i < segments->values[g + 1]; i++)
            keys[i] = (uint64_t)g << 32 | (uint32_t)ids->values[i];
}

bool cm_ids_distinct_in(cm_ctx *cx, const cm_ids *ids, const cm_ids *segments, cm_ids **distinct,
                        cm_ids **places, cm_ids **groups)
{
    uint64_t *keys = cm_calloc(cx, (size_t)ids->count, sizeof *keys);
    *groups = keys ? cm_ids_new(cx, ids->count) : NULL;
    if (!*groups) {
        cm_free(cx, keys);
        return false;
    }
    cm_ids_keys(ids, segments, keys);
    bool ok = cm_distinct(cx, keys, ids->count, distinct, places);
    for (int64_t i = 0; ok && i < (*distinct)->count; i++) {
        int32_t first = (*distinct)->values[i];
        (*groups)->values[i] = (int32_t)(keys[first] >> 32);
        (*distinct)->values[i] = ids->values[first];
    }
    cm_free(cx, keys);
    if (!ok) {
        cm_ids_release(cx, *groups);
        *groups = NULL;
        return false;
    }
    (*groups)->count = (*distinct)->count;
    cm_ids_seal(*groups);
    cm_ids_seal(*distinct);
    return true;
}

cm_tensor *cm_tensor_distinct(cm_ctx *cx, const cm_tensor *x, cm_ids **places)
{
    cm_ids *first;
    const cm_real *values = cm_data(x);
    uint64_t *keys = cm_calloc(cx, (size_t)x->count, sizeof *keys);
    if (!keys)
        return NULL;
    for (int64_t i = 0; i < x->count; i++)
        memcpy(&keys[i], &values[i], sizeof *values);
    bool ok = cm_distinct(cx, keys, x->count, &first, places);
    cm_free(cx, keys);
    if (!ok)
        return NULL;
    cm_shape shape = cm_shape_1d(first->count);
    cm_tensor *distinct = cm_tensor_new(cx, &shape);
    for (int64_t i = 0; distinct && i < first->count; i++)
        cm_data(distinct)[i] = values[first->values[i]];
    cm_ids_release(cx, first);
    if (!distinct) {
        cm_ids_release(cx, *places);
        *places = NULL;
    }
    return distinct;
}

cm_ids *cm_segments_groups_of_rows(cm_ctx *cx, const cm_ids *segments)
{
    cm_ids *groups = cm_ids_new(cx, cm_segments_rows(segments));
    if (!groups)
        return NULL;
    for (int64_t g = 0; g < cm_segments_groups(segments); g++)
        for (int32_t r = segments->values[g]; r < segments->values[g + 1]; r++)
            groups->values[r] = (int32_t)g;
    cm_ids_seal(groups);
    return groups;
}
