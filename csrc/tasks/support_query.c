/* support_query.c - see support_query.h. */
#include "tasks/support_query.h"
#include "base/rng.h"
#include <stdlib.h>

typedef struct entry {
    int32_t user, item;
} entry;

/* Some entries of a support, sorted by user. */
typedef struct entries {
    entry *list;
    int32_t count;
} entries;

typedef struct drawing {
    const cm_scenario_support *from;
    const cm_support_options *options;
    entries positives, negatives; /* of the task at hand, with room for the longest one */
    int32_t *index;               /* likewise */
} drawing;

static int by_user(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

/* The entries of a task, apart by label. */
static void read_task(drawing *d, int32_t task)
{
    const int32_t *at = d->from->segments->values + task;
    d->positives.count = d->negatives.count = 0;
    for (int32_t row = at[0]; row < at[1]; row++) {
        entries *to = cm_data(d->from->labels)[row] > 0 ? &d->positives : &d->negatives;
        to->list[to->count++] = (entry){d->from->users->values[row], d->from->items->values[row]};
    }
    qsort(d->positives.list, (size_t)d->positives.count, sizeof(entry), by_user);
    qsort(d->negatives.list, (size_t)d->negatives.count, sizeof(entry), by_user);
}

/* A number that depends on the entries alone (the finaliser of SplitMix64 over each). */
static uint32_t key_of(const drawing *d)
{
    uint64_t sum = 0;
    for (int side = 0; side < 2; side++) {
        const entries *some = side ? &d->negatives : &d->positives;
        for (int32_t i = 0; i < some->count; i++) {
            uint64_t x = ((uint64_t)(uint32_t)some->list[i].user << 32) |
                         (uint64_t)(uint32_t)some->list[i].item;
            x += (uint64_t)(side + 1) * 0x9e3779b97f4a7c15u;
            x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
            x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
            sum += x ^ (x >> 31);
        }
    }
    return (uint32_t)(sum ^ (sum >> 32));
}

/* The entries [*first, *last) of a user. */
static void range_of(const entries *some, int32_t user, int32_t *first, int32_t *last)
{
    int32_t low = 0, high = some->count;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (some->list[middle].user < user)
            low = middle + 1;
        else
            high = middle;
    }
    for (*first = *last = low; *last < some->count && some->list[*last].user == user;)
        ++*last;
}

/* A random item that is none of the user's positives, which stand in [first, last) by rising item;
 * any item if they are all. */
static int32_t other_item(cm_rng *rng, const drawing *d, int32_t first, int32_t last)
{
    const entry *own = d->positives.list;
    int32_t items = d->options->items, distinct = 0;
    for (int32_t i = first; i < last; i++)
        distinct += i == first || own[i].item != own[i - 1].item;
    if (distinct >= items)
        return (int32_t)cm_rng_below(rng, (uint32_t)items);
    int32_t item = (int32_t)cm_rng_below(rng, (uint32_t)(items - distinct));
    for (int32_t i = first; i < last; i++)
        if (i == first || own[i].item != own[i - 1].item)
            item += own[i].item <= item;
    return item;
}

/* The item of the negative of positive `p`; its user's stand in [from, to). */
static int32_t negative_of(cm_rng *rng, const drawing *d, int32_t p, int32_t from, int32_t to)
{
    int32_t first, last;
    int64_t at = p - from, each = to - from;
    if (d->negatives.count == 0)
        return other_item(rng, d, from, to);
    range_of(&d->negatives, d->positives.list[p].user, &first, &last);
    if (first == last) {
        first = 0, last = d->negatives.count;
        at = p, each = d->positives.count;
    }
    int32_t n = last - first;
    if (d->options->batch > 0)
        return d->negatives.list[first + (int32_t)cm_rng_below(rng, (uint32_t)n)].item;
    return d->negatives.list[first + (int32_t)((at + d->options->step * each) % n)].item;
}

static void put_pair(cm_scenario_query *query, int64_t at, entry positive, int32_t negative)
{
    query->users->values[at] = positive.user;
    query->positives->values[at] = positive.item;
    query->negatives->values[at] = negative;
}

static void draw_task(drawing *d, int32_t task, int64_t at, int64_t pairs, cm_real *chance,
                      cm_scenario_query *query)
{
    read_task(d, task);
    cm_rng rng = cm_rng_keyed(d->options->seed, d->options->step, key_of(d), CM_STREAM_INNER);
    *chance = (cm_real)cm_rng_uniform(&rng);
    int32_t n = d->positives.count;
    bool drawn = d->options->batch > 0, again = pairs > n;
    for (int32_t i = 0; i < n; i++)
        d->index[i] = i;
    if (drawn && !again)
        cm_rng_choose(&rng, d->index, n, (int32_t)pairs);
    int32_t first = 0, last = 0;
    for (int64_t i = 0; i < pairs; i++) {
        int32_t p = drawn && again ? (int32_t)cm_rng_below(&rng, (uint32_t)n) : d->index[i];
        if (p < first || p >= last)
            range_of(&d->positives, d->positives.list[p].user, &first, &last);
        put_pair(query, at + i, d->positives.list[p], negative_of(&rng, d, p, first, last));
    }
}

static bool check(cm_ctx *cx, const cm_scenario_support *s, const cm_ids *tasks,
                  const cm_support_options *o)
{
    int64_t rows = cm_segments_rows(s->segments), n = cm_segments_groups(s->segments);
    if (s->users->count != rows || s->items->count != rows || s->labels->count != rows)
        return cm_refuse(cx, CM_ERR_SHAPE,
                         "users, items and labels must be as many as the segments cover, %lld",
                         (long long)rows);
    if (s->users->least < 0 || s->items->least < 0 || s->items->limit > o->items)
        return cm_refuse(cx, CM_ERR_INDEX, "users and items must be known, items from 1 to %d",
                         (int)o->items);
    if (tasks->least < 0 || tasks->limit > n)
        return cm_refuse(cx, CM_ERR_INDEX, "tasks from %d to %d of %lld", tasks->least + 1,
                         tasks->limit, (long long)n);
    if (o->batch < 0 || o->batch > 1 << 20)
        return cm_refuse(cx, CM_ERR_ARGUMENT, "batch must be from 0 to %d, not %lld", 1 << 20,
                         (long long)o->batch);
    return true;
}

/* Empty results, with the number of pairs of each task; *longest: entries of the longest task. */
static bool make_rows(cm_ctx *cx, const drawing *d, const cm_ids *tasks, cm_scenario_query *query,
                      int64_t *longest)
{
    int32_t *lengths = cm_calloc(cx, (size_t)CM_MAX(tasks->count, 1), sizeof *lengths);
    const cm_real *labels = cm_data(d->from->labels);
    int64_t rows = 0;
    if (!lengths)
        return false;
    *longest = 1;
    for (int64_t t = 0; t < tasks->count; t++) {
        const int32_t *at = d->from->segments->values + tasks->values[t];
        for (int32_t row = at[0]; row < at[1]; row++)
            lengths[t] += labels[row] > 0;
        if (lengths[t] > 0 && d->options->batch > 0)
            lengths[t] = (int32_t)d->options->batch;
        *longest = CM_MAX(*longest, at[1] - at[0]);
        rows += lengths[t];
    }
    query->segments = rows <= INT32_MAX / 2 ? cm_segments_new(cx, lengths, tasks->count) : NULL;
    cm_free(cx, lengths);
    if (rows > INT32_MAX / 2)
        return cm_refuse(cx, CM_ERR_LIMIT, "%lld pairs are too many", (long long)rows);
    if (!query->segments)
        return false;
    query->users = cm_ids_new(cx, rows);
    query->positives = cm_ids_new(cx, rows);
    query->negatives = cm_ids_new(cx, rows);
    return query->users && query->positives && query->negatives;
}

bool cm_support_query(cm_ctx *cx, const cm_scenario_support *support, const cm_ids *tasks,
                      const cm_support_options *options, cm_scenario_query *query,
                      cm_tensor **chances)
{
    *query = (cm_scenario_query){0};
    if (!check(cx, support, tasks, options))
        return false;
    cm_shape shape = cm_shape_1d(tasks->count);
    drawing d = {.from = support, .options = options};
    int64_t longest = 1;
    *chances = cm_tensor_new(cx, &shape);
    bool ok = *chances && make_rows(cx, &d, tasks, query, &longest);
    d.positives.list = ok ? cm_calloc(cx, (size_t)longest, sizeof(entry)) : NULL;
    d.negatives.list = ok ? cm_calloc(cx, (size_t)longest, sizeof(entry)) : NULL;
    d.index = ok ? cm_calloc(cx, (size_t)longest, sizeof *d.index) : NULL;
    ok = ok && d.positives.list && d.negatives.list && d.index;
    for (int64_t t = 0; ok && t < tasks->count; t++)
        draw_task(&d, tasks->values[t], query->segments->values[t],
                  cm_segment_length(query->segments, t), cm_data(*chances) + t, query);
    cm_free(cx, d.positives.list);
    cm_free(cx, d.negatives.list);
    cm_free(cx, d.index);
    cm_ids *const made[] = {query->users, query->positives, query->negatives, query->segments};
    for (int i = 0; i < 3 && ok; i++)
        cm_ids_seal(made[i]);
    for (int i = 0; i < 4 && !ok; i++)
        cm_ids_release(cx, made[i]);
    return ok;
}
