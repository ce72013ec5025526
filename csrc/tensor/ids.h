/* ids.h - lists of small integers: row numbers, and the offsets of ragged groups.
 *
 * Separate from tensors because they are never differentiated and never rounded. Immutable once
 * made, reference-counted, 0-based; -1 stands for "unknown" and reads as a row of zeros. */
#ifndef CM_IDS_H
#define CM_IDS_H

#include "base/ctx.h"

typedef struct cm_ids {
    int32_t refs;
    int32_t limit; /* largest value + 1: bounds are checked once, not per entry */
    int32_t least; /* the smallest value */
    int64_t count;
    int32_t *values;
} cm_ids;

/* Room for `count` values, to be filled and then given to cm_ids_seal. One reference. */
cm_ids *cm_ids_new(cm_ctx *cx, int64_t count) CM_MUST_CHECK;

/* Computes the smallest value and the limit after the values were filled in. */
void cm_ids_seal(cm_ids *ids);

/* The largest accepted number of groups or rows for that many ids: memory grows with the largest
 * id, so a single wrong id must not allocate gigabytes. */
int64_t cm_ids_most(int64_t count);

/* Offsets [groups + 1] of consecutive groups with the given lengths, for ragged data. Refused when
 * a length is negative or the sum passes INT32_MAX. */
cm_ids *cm_segments_new(cm_ctx *cx, const int32_t *lengths, int64_t groups) CM_MUST_CHECK;

/* The number in `numbers` for each id; unknown ids stay unknown. Each id must have one. */
cm_ids *cm_ids_map(cm_ctx *cx, const cm_ids *ids, const cm_ids *numbers) CM_MUST_CHECK;

/* Rows of a list that is read as rows of `each` ids: for each entry of `rows` those of its row, for
 * an unknown one `each` unknown ids. `rows` must be below ids->count / each. */
cm_ids *cm_ids_take(cm_ctx *cx, const cm_ids *ids, const cm_ids *rows, int64_t each) CM_MUST_CHECK;
/* The ids at whose positions `where` has a known id or, if it is NULL, `mask` is not 0. */
cm_ids *cm_ids_select(cm_ctx *cx, const cm_ids *ids, const cm_ids *where,
                      const cm_real *mask) CM_MUST_CHECK;

/* n lists one after another, each with its shift added to its ids, which must fit; unknown ids stay
 * unknown. */
cm_ids *cm_ids_join(cm_ctx *cx, const cm_ids *const *lists, const int32_t *shifts,
                    int64_t n) CM_MUST_CHECK;

/* Adds a reference; NULL is fine. */
void cm_ids_retain(cm_ids *ids);
/* Drops a reference; the last one frees it. NULL is fine. */
void cm_ids_release(cm_ctx *cx, cm_ids *ids);

/* How many groups segments have. */
int64_t cm_segments_groups(const cm_ids *segments);
/* How many rows they cover together. */
int64_t cm_segments_rows(const cm_ids *segments);
/* How many rows the longest group has, 0 without groups. */
int64_t cm_segments_longest(const cm_ids *segments);
/* How long group g is. */
static inline int64_t cm_segment_length(const cm_ids *segments, int64_t g)
{
    return (int64_t)segments->values[g + 1] - segments->values[g];
}

#endif
