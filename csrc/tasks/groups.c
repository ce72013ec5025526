/* groups.c - see groups.h. */
#include "tasks/groups.h"

bool cm_groups_is_valid(const cm_groups *from)
{
    return cm_segments_rows(from->groups) == from->items->count &&
           cm_segments_rows(from->takers) == from->users->count && from->items->least >= 0 &&
           from->users->least >= 0 && from->items->limit <= cm_segments_groups(from->takers);
}

static int32_t items_taken(const cm_groups *from, int64_t g)
{
    int32_t taken = 0;
    for (int64_t e = from->groups->values[g]; e < from->groups->values[g + 1]; e++)
        taken += cm_segment_length(from->takers, from->items->values[e]) > 0;
    return taken;
}

void cm_groups_count_items(const cm_groups *from, int32_t *counts)
{
    for (int64_t g = 0; g < cm_segments_groups(from->groups); g++)
        counts[g] = items_taken(from, g);
}

/* The number of users of group g, at most `enough`; `seen` [users] holds the last group of each
 * user, plus one. */
static int32_t users_of(const cm_groups *from, int64_t g, int32_t enough, int32_t *seen)
{
    int32_t count = 0;
    for (int64_t e = from->groups->values[g]; e < from->groups->values[g + 1]; e++) {
        int32_t item = from->items->values[e];
        for (int64_t i = from->takers->values[item]; i < from->takers->values[item + 1]; i++) {
            int32_t user = from->users->values[i];
            if (seen[user] == (int32_t)g + 1)
                continue;
            seen[user] = (int32_t)g + 1;
            if (++count >= enough)
                return count;
        }
    }
    return count;
}

bool cm_groups_count_users(cm_ctx *cx, const cm_groups *from, const bool *wanted, int32_t enough,
                           int32_t *counts)
{
    if (from->users->limit > cm_ids_most(from->users->count))
        return cm_refuse(cx, CM_ERR_LIMIT, "user %d: number users from 1 without gaps",
                         from->users->limit);
    int32_t *seen = cm_calloc(cx, (size_t)CM_MAX(from->users->limit, 1), sizeof *seen);
    if (!seen)
        return false;
    for (int64_t g = 0; g < cm_segments_groups(from->groups); g++)
        counts[g] = wanted[g] && enough > 0 ? users_of(from, g, enough, seen) : 0;
    cm_free(cx, seen);
    return true;
}

cm_ids *cm_groups_taken(cm_ctx *cx, const cm_groups *from, int64_t g)
{
    cm_ids *items = cm_ids_new(cx, items_taken(from, g));
    int64_t n = 0;
    for (int64_t e = from->groups->values[g]; items && e < from->groups->values[g + 1]; e++)
        if (cm_segment_length(from->takers, from->items->values[e]) > 0)
            items->values[n++] = from->items->values[e];
    if (items)
        cm_ids_seal(items);
    return items;
}
