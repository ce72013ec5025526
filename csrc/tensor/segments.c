/* segments.c - see segments.h. */
#include "tensor/segments.h"

cm_ids *cm_segments_places(cm_ctx *cx, const cm_ids *segments)
{
    cm_ids *places = cm_ids_new(cx, cm_segments_rows(segments));
    if (!places)
        return NULL;
    for (int64_t g = 0; g < cm_segments_groups(segments); g++)
        for (int32_t r = segments->values[g]; r < segments->values[g + 1]; r++)
            places->values[r] = r - segments->values[g];
    cm_ids_seal(places);
    return places;
}

bool cm_segments_latest(cm_ctx *cx, const cm_ids *segments, int64_t n, cm_ids **rows,
                        cm_ids **shorter)
{
    int64_t groups = cm_segments_groups(segments), at = 0;
    cm_ids *offsets = cm_ids_new(cx, groups + 1);
    if (!offsets)
        return false;
    offsets->values[0] = 0;
    for (int64_t g = 0; g < groups; g++)
        offsets->values[g + 1] =
            offsets->values[g] + (int32_t)CM_MIN(cm_segment_length(segments, g), n);
    cm_ids_seal(offsets);
    cm_ids *latest = cm_ids_new(cx, cm_segments_rows(offsets));
    if (!latest) {
        cm_ids_release(cx, offsets);
        return false;
    }
    for (int64_t g = 0; g < groups; g++) {
        int32_t end = segments->values[g + 1];
        for (int32_t r = end - (int32_t)cm_segment_length(offsets, g); r < end; r++)
            latest->values[at++] = r;
    }
    cm_ids_seal(latest);
    *rows = latest;
    *shorter = offsets;
    return true;
}

cm_ids *cm_segments_last(cm_ctx *cx, const cm_ids *segments)
{
    int64_t groups = cm_segments_groups(segments);
    cm_ids *last = cm_ids_new(cx, groups);
    if (!last)
        return NULL;
    for (int64_t g = 0; g < groups; g++)
        last->values[g] = cm_segment_length(segments, g) > 0 ? segments->values[g + 1] - 1 : -1;
    cm_ids_seal(last);
    return last;
}
