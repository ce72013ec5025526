/* ids.c - see ids.h. */
#include "tensor/ids.h"

cm_ids *cm_ids_new(cm_ctx *cx, int64_t count)
{
    if (count < 0 || count > CM_MAX_ELEMENTS)
        return cm_fail(cx, CM_ERR_LIMIT, "%lld ids; at most %lld are supported", (long long)count,
                       (long long)CM_MAX_ELEMENTS);
    cm_ids *ids = cm_alloc(cx, sizeof *ids + (size_t)count * sizeof(int32_t));
    if (!ids)
        return NULL;
    *ids = (cm_ids){.refs = 1, .count = count, .values = (int32_t *)(void *)(ids + 1)};
    return ids;
}

void cm_ids_seal(cm_ids *ids)
{
    int32_t least = ids->count ? INT32_MAX : 0, most = -1;
    for (int64_t i = 0; i < ids->count; i++) {
        least = CM_MIN(least, ids->values[i]);
        most = CM_MAX(most, ids->values[i]);
    }
    ids->least = least;
    ids->limit = most == INT32_MAX ? INT32_MAX : most + 1;
}

int64_t cm_ids_most(int64_t count)
{
    return CM_MAX((int64_t)1 << 24, 64 * count);
}

cm_ids *cm_segments_new(cm_ctx *cx, const int32_t *lengths, int64_t groups)
{
    cm_ids *segments = cm_ids_new(cx, groups + 1);
    if (!segments)
        return NULL;
    int64_t sum = 0;
    segments->values[0] = 0;
    for (int64_t g = 0; g < groups; g++) {
        sum += lengths[g];
        if (lengths[g] < 0 || sum > INT32_MAX) {
            cm_ids_release(cx, segments);
            return cm_fail(cx, CM_ERR_ARGUMENT, "segments: length %d of group %lld is %s",
                           lengths[g], (long long)g + 1,
                           lengths[g] < 0 ? "negative" : "too large: the sum passes 2147483647");
        }
        segments->values[g + 1] = (int32_t)sum;
    }
    cm_ids_seal(segments);
    return segments;
}

cm_ids *cm_ids_map(cm_ctx *cx, const cm_ids *ids, const cm_ids *numbers)
{
    cm_ids *mapped = cm_ids_new(cx, ids->count);
    if (!mapped)
        return NULL;
    for (int64_t k = 0; k < ids->count; k++)
        mapped->values[k] = ids->values[k] < 0 ? -1 : numbers->values[ids->values[k]];
    cm_ids_seal(mapped);
    return mapped;
}

cm_ids *cm_ids_take(cm_ctx *cx, const cm_ids *ids, const cm_ids *rows, int64_t each)
{
    if (rows->count > 0 && each > CM_MAX_ELEMENTS / rows->count)
        return cm_fail(cx, CM_ERR_LIMIT, "%lld rows of %lld ids; at most %lld ids are supported",
                       (long long)rows->count, (long long)each, (long long)CM_MAX_ELEMENTS);
    cm_ids *taken = cm_ids_new(cx, rows->count * each);
    if (!taken)
        return NULL;
    for (int64_t k = 0; k < rows->count; k++)
        for (int64_t e = 0; e < each; e++)
            taken->values[k * each + e] =
                rows->values[k] < 0 ? -1 : ids->values[rows->values[k] * each + e];
    cm_ids_seal(taken);
    return taken;
}

static bool is_selected(int64_t i, const cm_ids *where, const cm_real *mask)
{
    return where ? where->values[i] >= 0 : mask[i] != 0;
}

cm_ids *cm_ids_select(cm_ctx *cx, const cm_ids *ids, const cm_ids *where, const cm_real *mask)
{
    int64_t count = 0, n = 0;
    for (int64_t i = 0; i < ids->count; i++)
        count += is_selected(i, where, mask);
    cm_ids *selected = cm_ids_new(cx, count);
    if (!selected)
        return NULL;
    for (int64_t i = 0; i < ids->count; i++)
        if (is_selected(i, where, mask))
            selected->values[n++] = ids->values[i];
    cm_ids_seal(selected);
    return selected;
}

cm_ids *cm_ids_join(cm_ctx *cx, const cm_ids *const *lists, const int32_t *shifts, int64_t n)
{
    int64_t count = 0, at = 0;
    for (int64_t i = 0; i < n; i++)
        count += lists[i]->count;
    cm_ids *joined = cm_ids_new(cx, count);
    if (!joined)
        return NULL;
    for (int64_t i = 0; i < n; i++)
        for (int64_t e = 0; e < lists[i]->count; e++) {
            int32_t id = lists[i]->values[e];
            joined->values[at++] = id < 0 ? id : id + shifts[i];
        }
    cm_ids_seal(joined);
    return joined;
}

void cm_ids_retain(cm_ids *ids)
{
    if (ids)
        ids->refs++;
}

void cm_ids_release(cm_ctx *cx, cm_ids *ids)
{
    if (ids && --ids->refs == 0)
        cm_free(cx, ids);
}

int64_t cm_segments_groups(const cm_ids *segments)
{
    return segments->count - 1;
}

int64_t cm_segments_rows(const cm_ids *segments)
{
    return segments->values[segments->count - 1];
}

int64_t cm_segments_longest(const cm_ids *segments)
{
    int64_t most = 0;
    for (int64_t g = 0; g < cm_segments_groups(segments); g++)
        most = CM_MAX(most, cm_segment_length(segments, g));
    return most;
}
