/* lists.c - see lists.h. */
#include "tasks/lists.h"
#include <string.h>

bool cm_lists_are_valid(const cm_lists *lists)
{
    const int32_t *at = lists->segments->values, *value = lists->values->values;
    if (cm_segments_rows(lists->segments) != lists->values->count || lists->values->least < 0)
        return false;
    for (int64_t g = 0; g < cm_segments_groups(lists->segments); g++)
        for (int64_t i = (int64_t)at[g] + 1; i < at[g + 1]; i++)
            if (value[i] <= value[i - 1])
                return false;
    return true;
}

int32_t cm_lists_find(const int32_t *values, int32_t first, int32_t last, int32_t value)
{
    while (first < last) {
        int32_t middle = first + (last - first) / 2;
        if (values[middle] < value)
            first = middle + 1;
        else
            last = middle;
    }
    return first;
}

bool cm_lists_first_common(const cm_lists *a, const cm_lists *b, int32_t *list, int32_t *value)
{
    int64_t n = CM_MIN(cm_segments_groups(a->segments), cm_segments_groups(b->segments));
    for (int64_t g = 0; g < n; g++) {
        int32_t i = a->segments->values[g], j = b->segments->values[g];
        while (i < a->segments->values[g + 1] && j < b->segments->values[g + 1]) {
            int32_t left = a->values->values[i], right = b->values->values[j];
            if (left == right) {
                *list = (int32_t)g;
                *value = left;
                return true;
            }
            i += left < right;
            j += right < left;
        }
    }
    return false;
}

static void forget_lists(cm_ctx *cx, cm_lists *lists, int n)
{
    for (int p = 0; p < n; p++) {
        cm_ids_release(cx, lists[p].segments);
        cm_ids_release(cx, lists[p].values);
        lists[p] = (cm_lists){0};
    }
}

/* The part of each value of list g into part[], the sizes of the parts into length[]. */
static void divide_list(int64_t g, int32_t n, const cm_divide_options *o, int32_t *scratch,
                        int8_t *part, int32_t *length)
{
    cm_rng rng = cm_rng_keyed(o->seed, o->choice, (uint32_t)g, CM_STREAM_HELD_OUT);
    int32_t left = n < CM_MAX(o->least, 1) ? 0 : n - 1, taken = 0;
    for (int p = 1; p <= o->n; p++) {
        double wanted = n * o->fractions[p - 1] + cm_rng_uniform(&rng);
        length[p] = (int32_t)CM_MIN(wanted, (double)left);
        left -= length[p];
        taken += length[p];
    }
    length[0] = n - taken;
    for (int32_t i = 0; i < n; i++) {
        scratch[i] = i;
        part[i] = 0;
    }
    cm_rng_choose(&rng, scratch, n, taken);
    for (int32_t p = 1, i = 0; p <= o->n; p++)
        for (int32_t k = 0; k < length[p]; k++)
            part[scratch[i++]] = (int8_t)p;
}

bool cm_lists_divide(cm_ctx *cx, const cm_lists *lists, const cm_divide_options *o, cm_lists *out)
{
    int parts = o->n + 1;
    int64_t groups = cm_segments_groups(lists->segments);
    const int32_t *at = lists->segments->values;
    memset(out, 0, (size_t)parts * sizeof *out);
    int32_t *scratch = cm_calloc(cx, (size_t)cm_segments_longest(lists->segments), sizeof *scratch);
    int8_t *part = cm_calloc(cx, (size_t)lists->values->count, sizeof *part);
    int32_t *lengths = cm_calloc(cx, (size_t)groups * (size_t)parts, sizeof *lengths);
    int32_t each[INT8_MAX];
    bool ok = scratch && part && lengths;
    for (int64_t g = 0; ok && g < groups; g++) {
        divide_list(g, at[g + 1] - at[g], o, scratch, part + at[g], each);
        for (int p = 0; p < parts; p++)
            lengths[p * groups + g] = each[p];
    }
    for (int p = 0; ok && p < parts; p++) {
        out[p].segments = cm_segments_new(cx, lengths + p * groups, groups);
        ok = out[p].segments != NULL;
        out[p].values = ok ? cm_ids_new(cx, cm_segments_rows(out[p].segments)) : NULL;
        ok = out[p].values != NULL;
        int64_t to = 0;
        for (int64_t i = 0; ok && i < lists->values->count; i++)
            if (part[i] == p)
                out[p].values->values[to++] = lists->values->values[i];
        if (ok)
            cm_ids_seal(out[p].values);
    }
    if (!ok)
        forget_lists(cx, out, parts);
    cm_free(cx, scratch);
    cm_free(cx, part);
    cm_free(cx, lengths);
    return ok;
}
