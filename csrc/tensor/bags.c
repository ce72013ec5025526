/* bags.c - see bags.h. */
#include "tensor/bags.h"
#include <string.h>

static int64_t rows_of(const cm_bags *bag)
{
    return bag->segments ? cm_segments_groups(bag->segments) : bag->ids->count;
}

static bool check(cm_ctx *cx, const cm_bags *bags, int fields, int64_t *all)
{
    int64_t rows = fields > 0 ? rows_of(bags) : 0;
    *all = 0;
    for (int f = 0; f < fields; f++) {
        const cm_bags *bag = &bags[f];
        if (bag->segments && cm_segments_rows(bag->segments) != bag->ids->count)
            return cm_refuse(cx, CM_ERR_SHAPE, "field %d: the segments cover %lld of %lld ids",
                             f + 1, (long long)cm_segments_rows(bag->segments),
                             (long long)bag->ids->count);
        if (rows_of(bag) != rows)
            return cm_refuse(cx, CM_ERR_SHAPE, "field %d has %lld rows, field 1 has %lld", f + 1,
                             (long long)rows_of(bag), (long long)rows);
        *all += bag->ids->count;
    }
    return true;
}

bool cm_bags_merge(cm_ctx *cx, const cm_bags *bags, int fields, cm_ids **ids, cm_ids **segments)
{
    int64_t all, rows = fields > 0 ? rows_of(bags) : 0;
    if (!check(cx, bags, fields, &all))
        return false;
    *ids = cm_ids_new(cx, all);
    *segments = *ids ? cm_ids_new(cx, rows * fields + 1) : NULL;
    if (!*segments) {
        cm_ids_release(cx, *ids);
        *ids = NULL;
        return false;
    }
    int32_t at = 0, *offset = (*segments)->values;
    for (int64_t r = 0; r < rows; r++)
        for (int f = 0; f < fields; f++) {
            const cm_bags *bag = &bags[f];
            int64_t first = bag->segments ? bag->segments->values[r] : r;
            int64_t last = bag->segments ? bag->segments->values[r + 1] : r + 1;
            *offset++ = at;
            memcpy((*ids)->values + at, bag->ids->values + first,
                   (size_t)(last - first) * sizeof at);
            at += (int32_t)(last - first);
        }
    *offset = at;
    cm_ids_seal(*ids);
    cm_ids_seal(*segments);
    return true;
}
