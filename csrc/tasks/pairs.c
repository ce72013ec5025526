/* pairs.c - see pairs.h. */
#include "tasks/pairs.h"
#include <string.h>

bool cm_pairs_are_valid(const cm_pairs *pairs)
{
    int64_t rows = cm_segments_rows(pairs->scenarios);
    return rows == pairs->users->count && rows == pairs->items->count && pairs->users->least >= 0 &&
           pairs->items->least >= 0;
}

static bool make_pairs(cm_ctx *cx, const int32_t *lengths, int64_t scenarios, cm_pairs *out)
{
    *out = (cm_pairs){.scenarios = cm_segments_new(cx, lengths, scenarios)};
    if (!out->scenarios)
        return false;
    out->users = cm_ids_new(cx, cm_segments_rows(out->scenarios));
    out->items = cm_ids_new(cx, cm_segments_rows(out->scenarios));
    return out->users && out->items;
}

static void forget_pairs(cm_ctx *cx, cm_pairs *pairs)
{
    cm_ids_release(cx, pairs->scenarios);
    cm_ids_release(cx, pairs->users);
    cm_ids_release(cx, pairs->items);
    *pairs = (cm_pairs){0};
}

static void seal_pairs(cm_pairs *pairs)
{
    cm_ids_seal(pairs->users);
    cm_ids_seal(pairs->items);
}

/* The scenarios of each item: start [items + 1], of [start[items]]. */
static void invert(const cm_lists *scenarios, int64_t items, int32_t *start, int32_t *of)
{
    const int32_t *at = scenarios->segments->values, *item = scenarios->values->values;
    for (int64_t i = 0; i < scenarios->values->count; i++)
        start[item[i] + 1]++;
    for (int64_t i = 0; i < items; i++)
        start[i + 1] += start[i];
    for (int64_t s = 0; s < cm_segments_groups(scenarios->segments); s++)
        for (int32_t i = at[s]; i < at[s + 1]; i++)
            of[start[item[i]]++] = (int32_t)s;
    for (int64_t i = items; i > 0; i--)
        start[i] = start[i - 1];
    start[0] = 0;
}

/* Counts the pairs of each scenario, or writes them if `out` is given: lengths are then the next
 * positions. False if a scenario has too many. */
static bool walk_pairs(const cm_lists *interactions, const int32_t *start, const int32_t *of,
                       int32_t *lengths, cm_pairs *out)
{
    const int32_t *at = interactions->segments->values, *item = interactions->values->values;
    for (int64_t u = 0; u < cm_segments_groups(interactions->segments); u++)
        for (int32_t i = at[u]; i < at[u + 1]; i++)
            for (int32_t k = start[item[i]]; k < start[item[i] + 1]; k++) {
                if (out) {
                    out->users->values[lengths[of[k]]] = (int32_t)u;
                    out->items->values[lengths[of[k]]] = item[i];
                } else if (lengths[of[k]] == INT32_MAX) {
                    return false;
                }
                lengths[of[k]]++;
            }
    return true;
}

bool cm_pairs_make(cm_ctx *cx, const cm_lists *interactions, const cm_lists *scenarios,
                   cm_pairs *out)
{
    int64_t items = CM_MAX(interactions->values->limit, scenarios->values->limit);
    int64_t n = cm_segments_groups(scenarios->segments);
    *out = (cm_pairs){0};
    if (items > cm_ids_most(interactions->values->count + scenarios->values->count))
        return cm_refuse(cx, CM_ERR_LIMIT, "item %lld: number items from 1 without gaps",
                         (long long)items);
    int32_t *start = cm_calloc(cx, (size_t)items + 1, sizeof *start);
    int32_t *of = cm_calloc(cx, (size_t)scenarios->values->count, sizeof *of);
    int32_t *lengths = cm_calloc(cx, (size_t)n, sizeof *lengths);
    bool ok = start && of && lengths;
    if (ok) {
        invert(scenarios, items, start, of);
        ok = walk_pairs(interactions, start, of, lengths, NULL) ||
             cm_refuse(cx, CM_ERR_LIMIT, "a scenario has more than %d pairs", INT32_MAX);
    }
    ok = ok && make_pairs(cx, lengths, n, out);
    if (ok) {
        if (n > 0)
            memcpy(lengths, out->scenarios->values, (size_t)n * sizeof *lengths);
        (void)walk_pairs(interactions, start, of, lengths, out);
        seal_pairs(out);
    } else {
        forget_pairs(cx, out);
    }
    cm_free(cx, start);
    cm_free(cx, of);
    cm_free(cx, lengths);
    return ok;
}

bool cm_pairs_first_common(const cm_pairs *a, const cm_pairs *b, int32_t *scenario, int32_t *user,
                           int32_t *item)
{
    int64_t n = CM_MIN(cm_segments_groups(a->scenarios), cm_segments_groups(b->scenarios));
    for (int64_t s = 0; s < n; s++) {
        int32_t i = a->scenarios->values[s], j = b->scenarios->values[s];
        while (i < a->scenarios->values[s + 1] && j < b->scenarios->values[s + 1]) {
            int64_t left = (int64_t)a->users->values[i] << 32 | a->items->values[i];
            int64_t right = (int64_t)b->users->values[j] << 32 | b->items->values[j];
            if (left == right) {
                *scenario = (int32_t)s;
                *user = a->users->values[i];
                *item = a->items->values[i];
                return true;
            }
            i += left < right;
            j += right < left;
        }
    }
    return false;
}

void cm_pairs_of(const cm_pairs *pairs, int32_t scenario, int32_t user, int32_t *first,
                 int32_t *last)
{
    int32_t begin = pairs->scenarios->values[scenario];
    int32_t end = pairs->scenarios->values[scenario + 1];
    *first = cm_lists_find(pairs->users->values, begin, end, user);
    *last = user == INT32_MAX ? end : cm_lists_find(pairs->users->values, *first, end, user + 1);
}

cm_ids *cm_pairs_users(cm_ctx *cx, const cm_pairs *pairs, int32_t scenario)
{
    int32_t begin = pairs->scenarios->values[scenario];
    int32_t end = pairs->scenarios->values[scenario + 1];
    cm_ids *users = cm_ids_new(cx, end - begin);
    if (!users)
        return NULL;
    int64_t n = 0;
    for (int32_t i = begin; i < end; i++)
        if (n == 0 || users->values[n - 1] != pairs->users->values[i])
            users->values[n++] = pairs->users->values[i];
    users->count = n;
    cm_ids_seal(users);
    return users;
}

/* Whether the pairs of a scenario are sorted by user, and by item within a user. */
static bool check_order(cm_ctx *cx, const cm_pairs *pairs, int32_t scenario)
{
    const int32_t *user = pairs->users->values, *item = pairs->items->values;
    int32_t end = pairs->scenarios->values[scenario + 1];
    for (int64_t i = (int64_t)pairs->scenarios->values[scenario] + 1; i < end; i++)
        if (user[i] < user[i - 1] || (user[i] == user[i - 1] && item[i] <= item[i - 1]))
            return cm_refuse(cx, CM_ERR_ARGUMENT,
                             "user %d, item %d after user %d, item %d in scenario %d: pairs must "
                             "rise within a scenario",
                             user[i] + 1, item[i] + 1, user[i - 1] + 1, item[i - 1] + 1,
                             scenario + 1);
    return true;
}

/* Marks the pairs of one scenario that go to the second part; returns how many. */
static int32_t mark_scenario(const cm_pairs *pairs, int32_t scenario, const cm_ids *users,
                             uint64_t seed, int64_t limit, int32_t *order, int8_t *part)
{
    int32_t n = (int32_t)users->count, kept = 0, moved = 0;
    cm_rng rng = cm_rng_keyed(seed, UINT32_MAX, (uint32_t)scenario, CM_STREAM_HELD_OUT);
    for (int32_t i = 0; i < n; i++)
        order[i] = i;
    cm_rng_choose(&rng, order, n, n);
    for (int32_t i = 0; i < n; i++) {
        int32_t first, last;
        cm_pairs_of(pairs, scenario, users->values[order[i]], &first, &last);
        if (i < n / 2 && kept < limit) {
            kept += last - first;
        } else {
            moved += last - first;
            memset(part + first, 1, (size_t)(last - first));
        }
    }
    return moved;
}

static bool mark_all(cm_ctx *cx, const cm_pairs *pairs, const cm_ids *scenarios, uint64_t seed,
                     int64_t limit, int8_t *part, int32_t *moved)
{
    int32_t *order = cm_calloc(cx, (size_t)cm_segments_longest(pairs->scenarios), sizeof *order);
    bool ok = order != NULL;
    for (int64_t k = 0; ok && k < scenarios->count; k++) {
        int32_t s = scenarios->values[k];
        cm_ids *users = check_order(cx, pairs, s) ? cm_pairs_users(cx, pairs, s) : NULL;
        ok = users != NULL;
        if (ok)
            moved[s] = mark_scenario(pairs, s, users, seed, limit, order, part);
        cm_ids_release(cx, users);
    }
    cm_free(cx, order);
    return ok;
}

bool cm_pairs_divide(cm_ctx *cx, const cm_pairs *pairs, const cm_ids *scenarios, uint64_t seed,
                     int64_t limit, cm_pairs out[2])
{
    int64_t n = cm_segments_groups(pairs->scenarios), rows = pairs->users->count;
    out[0] = out[1] = (cm_pairs){0};
    if (scenarios->least < 0 || scenarios->limit > n)
        return cm_refuse(cx, CM_ERR_INDEX, "scenarios from %d to %d of %lld", scenarios->least + 1,
                         scenarios->limit, (long long)n);
    int8_t *part = cm_calloc(cx, (size_t)rows, sizeof *part);
    int32_t *moved = cm_calloc(cx, (size_t)n, sizeof *moved);
    int32_t *lengths = cm_calloc(cx, (size_t)n, sizeof *lengths);
    bool ok = part && moved && lengths && mark_all(cx, pairs, scenarios, seed, limit, part, moved);
    for (int64_t s = 0; ok && s < n; s++)
        lengths[s] = (int32_t)cm_segment_length(pairs->scenarios, s) - moved[s];
    ok = ok && make_pairs(cx, lengths, n, &out[0]) && make_pairs(cx, moved, n, &out[1]);
    int64_t to[2] = {0, 0};
    for (int64_t i = 0; ok && i < rows; i++) {
        int p = part[i];
        out[p].users->values[to[p]] = pairs->users->values[i];
        out[p].items->values[to[p]++] = pairs->items->values[i];
    }
    for (int p = 0; p < 2; p++) {
        if (ok)
            seal_pairs(&out[p]);
        else
            forget_pairs(cx, &out[p]);
    }
    cm_free(cx, part);
    cm_free(cx, moved);
    cm_free(cx, lengths);
    return ok;
}
