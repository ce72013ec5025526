/* scenarios.c - see scenarios.h. */
#include "tasks/scenarios.h"

/* One pool of pairs of a scenario: pairs first .. first + count - 1. */
typedef struct pool {
    const cm_pairs *pairs;
    int32_t first, count;
} pool;

/* How many rows a task has. */
typedef struct sizes {
    int32_t chosen;  /* distinct positives of the support */
    int32_t support; /* with those drawn again */
    int32_t negatives;
    int32_t query;
} sizes;

static pool pool_of(const cm_pairs *pairs, int32_t scenario)
{
    const int32_t *at = pairs->scenarios->values;
    return (pool){pairs, at[scenario], at[scenario + 1] - at[scenario]};
}

static sizes sizes_of(const cm_scenario_source *from, int32_t scenario,
                      const cm_scenario_options *o)
{
    int32_t n = pool_of(&from->support, scenario).count, wanted = (int32_t)o->support;
    sizes of = {.query = (int32_t)o->query};
    bool shared = o->query > 0 && !from->query.scenarios;
    of.chosen = shared && n <= wanted ? n / 2 : CM_MIN(n, wanted);
    of.support = o->query > 0 && of.chosen > 0 ? wanted : of.chosen;
    of.negatives =
        wanted > 0 ? (int32_t)(o->support_negatives * (int64_t)of.support / (int64_t)wanted) : 0;
    return of;
}

/* `take` of the numbers below n without replacement into out[]; index[] holds 0, 1, 2 .. before and
 * after. */
static void choose(cm_rng *rng, int32_t *index, int32_t n, int32_t take, int32_t *out)
{
    cm_rng_choose(rng, index, n, take);
    for (int32_t i = 0; i < take; i++)
        out[i] = index[i];
    /* An entry that moved is among the first, or was swapped there from its own position. */
    for (int32_t i = 0; i < take; i++)
        index[out[i]] = out[i];
    for (int32_t i = 0; i < take; i++)
        index[i] = i;
}

/* The touched pairs [*first, *last) of the user of pair `at` of a pool. If that pool is the touched
 * pairs themselves, they are adjacent to it. */
static void touched_of(const cm_scenario_source *from, const cm_pairs *in, int32_t scenario,
                       int32_t at, int32_t *first, int32_t *last)
{
    const int32_t *user = in->users->values;
    if (user != from->touched.users->values || in->scenarios != from->touched.scenarios) {
        cm_pairs_of(&from->touched, scenario, user[at], first, last);
        return;
    }
    const int32_t *bounds = in->scenarios->values + scenario;
    for (*first = at; *first > bounds[0] && user[*first - 1] == user[at];)
        --*first;
    for (*last = at + 1; *last < bounds[1] && user[*last] == user[at];)
        ++*last;
}

/* An item of the scenario that the user of pair `at` of a pool has not touched; *fallbacks is
 * incremented if there is none. Most draws find one by rejection; after a few failures the k-th
 * such item is found by bisection, so that the time is bounded. */
static int32_t untouched(cm_rng *rng, const cm_scenario_source *from, const cm_pairs *in,
                         int32_t scenario, int32_t at, int64_t *fallbacks)
{
    const int32_t *bounds = from->candidates.segments->values + scenario;
    const int32_t *item = from->candidates.values->values + bounds[0];
    const int32_t *touched = from->touched.items->values;
    int32_t n = bounds[1] - bounds[0], first, last;
    touched_of(from, in, scenario, at, &first, &last);
    if (last - first >= n) {
        ++*fallbacks;
        return item[cm_rng_below(rng, (uint32_t)n)];
    }
    for (int tries = 0; tries < 4; tries++) {
        int32_t drawn = item[cm_rng_below(rng, (uint32_t)n)];
        int32_t place = cm_lists_find(touched, first, last, drawn);
        if (place == last || touched[place] != drawn)
            return drawn;
    }
    int32_t k = (int32_t)cm_rng_below(rng, (uint32_t)(n - (last - first)));
    int32_t low = 0, high = last - first; /* number of touched items before it */
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (cm_lists_find(item, 0, n, touched[first + middle]) - middle > k)
            high = middle;
        else
            low = middle + 1;
    }
    return item[CM_MIN(k + low, n - 1)];
}

/* A random item of the scenario other than this one. */
static int32_t another(cm_rng *rng, const cm_scenario_source *from, int32_t scenario, int32_t item)
{
    const int32_t *at = from->candidates.segments->values;
    const int32_t *items = from->candidates.values->values + at[scenario];
    int32_t n = at[scenario + 1] - at[scenario], place = cm_lists_find(items, 0, n, item);
    bool present = place < n && items[place] == item;
    int32_t k = (int32_t)cm_rng_below(rng, (uint32_t)(n - present));
    return items[k + (present && k >= place)];
}

typedef struct drawing {
    const cm_scenario_source *from;
    const cm_scenario_options *options;
    int32_t *index;  /* 0, 1, 2 .. as far as the longest pool */
    int32_t *chosen; /* room for a task's support and query */
    cm_scenario_support *support;
    cm_scenario_query *query;
    int64_t fallbacks;
} drawing;

static void put_support(drawing *d, int64_t row, int32_t user, int32_t item, bool positive)
{
    d->support->users->values[row] = user;
    d->support->items->values[row] = item;
    cm_data(d->support->labels)[row] = positive;
}

static void draw_support(drawing *d, cm_rng *rng, int32_t scenario, pool from, const sizes *of,
                         int64_t row)
{
    const int32_t *user = from.pairs->users->values + from.first;
    const int32_t *item = from.pairs->items->values + from.first;
    for (int32_t i = of->chosen; i < of->support; i++)
        d->chosen[i] = d->chosen[cm_rng_below(rng, (uint32_t)of->chosen)];
    for (int32_t i = 0; i < of->support; i++)
        put_support(d, row + i, user[d->chosen[i]], item[d->chosen[i]], true);
    for (int32_t k = 0; k < of->negatives; k++) {
        int32_t i = d->options->published ? (int32_t)cm_rng_below(rng, (uint32_t)of->support)
                                          : k % of->support;
        int32_t pair = d->chosen[i];
        int32_t other = d->options->published ? another(rng, d->from, scenario, item[pair])
                                              : untouched(rng, d->from, from.pairs, scenario,
                                                          from.first + pair, &d->fallbacks);
        put_support(d, row + of->support + k, user[pair], other, false);
    }
}

static void mix_support(drawing *d, cm_rng *rng, int64_t row, int32_t n)
{
    int32_t *user = d->support->users->values + row, *item = d->support->items->values + row;
    cm_real *label = cm_data(d->support->labels) + row;
    for (int32_t i = 0; i + 1 < n; i++) {
        int32_t j = i + (int32_t)cm_rng_below(rng, (uint32_t)(n - i)), u = user[i], m = item[i];
        cm_real y = label[i];
        user[i] = user[j], item[i] = item[j], label[i] = label[j];
        user[j] = u, item[j] = m, label[j] = y;
    }
}

static void draw_task(drawing *d, int32_t scenario, int64_t task)
{
    sizes of = sizes_of(d->from, scenario, d->options);
    cm_rng rng =
        cm_rng_keyed(d->options->seed, d->options->draw, (uint32_t)scenario, CM_STREAM_SCENARIO);
    bool shared = !d->from->query.scenarios;
    pool from = pool_of(&d->from->support, scenario);
    pool asked = shared ? from : pool_of(&d->from->query, scenario);
    int32_t *chosen = d->chosen, *asks = d->chosen + of.support;
    int32_t free = shared ? from.count - of.chosen : asked.count;
    int32_t fresh = of.query > 0 ? CM_MIN(of.query, free) : 0;
    bool replaced = fresh < of.query; /* too few: drawn with replacement */
    int64_t first = d->query->segments->values[task];
    int64_t row = d->support->segments->values[task];
    if (shared) { /* the support, followed by the remaining pairs */
        int32_t taken = of.chosen + (replaced ? free : fresh);
        int32_t *all = asks + of.query; /* room after the queries */
        choose(&rng, d->index, from.count, taken, all);
        for (int32_t i = 0; i < of.chosen; i++)
            chosen[i] = all[i];
        for (int32_t i = 0; i < of.query; i++)
            asks[i] = all[of.chosen + (replaced ? (int32_t)cm_rng_below(&rng, (uint32_t)free) : i)];
    } else {
        choose(&rng, d->index, from.count, of.chosen, chosen);
        if (!replaced)
            choose(&rng, d->index, asked.count, of.query, asks);
        for (int32_t i = 0; replaced && i < of.query; i++)
            asks[i] = (int32_t)cm_rng_below(&rng, (uint32_t)asked.count);
    }
    draw_support(d, &rng, scenario, from, &of, row);
    for (int32_t i = 0; i < of.query; i++) {
        int32_t at = asked.first + asks[i];
        d->query->users->values[first + i] = asked.pairs->users->values[at];
        d->query->positives->values[first + i] = asked.pairs->items->values[at];
        int64_t each = d->options->query_negatives;
        for (int64_t k = 0; k < each; k++)
            d->query->negatives->values[(first + i) * each + k] =
                untouched(&rng, d->from, asked.pairs, scenario, at, &d->fallbacks);
    }
    if (!d->options->positives_first)
        mix_support(d, &rng, row, of.support + of.negatives);
}

static bool check_source(cm_ctx *cx, const cm_scenario_source *from, const cm_ids *list)
{
    int64_t n = cm_segments_groups(from->candidates.segments);
    if (cm_segments_groups(from->touched.scenarios) != n ||
        cm_segments_groups(from->support.scenarios) != n ||
        (from->query.scenarios && cm_segments_groups(from->query.scenarios) != n))
        return cm_refuse(cx, CM_ERR_SHAPE, "items and pairs are not of the same scenarios");
    if (list->least < 0 || list->limit > n)
        return cm_refuse(cx, CM_ERR_INDEX, "scenarios from %d to %d of %lld", list->least + 1,
                         list->limit, (long long)n);
    return true;
}

static bool check_options(cm_ctx *cx, const cm_scenario_options *o)
{
    const int64_t most = 1 << 20;
    if (o->support < 0 || o->support_negatives < 0 || o->query < 0 || o->support > most ||
        o->support_negatives > most || o->query > most)
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "support %lld, support_negatives %lld and query %lld must be from 0 to "
                         "%lld",
                         (long long)o->support, (long long)o->support_negatives,
                         (long long)o->query, (long long)most);
    if (o->query_negatives < 1 || o->query_negatives > most)
        return cm_refuse(cx, CM_ERR_ARGUMENT, "query_negatives %lld must be from 1 to %lld",
                         (long long)o->query_negatives, (long long)most);
    return true;
}

/* Whether a task can be drawn from a scenario. */
static bool check_scenario(cm_ctx *cx, const cm_scenario_source *from, int32_t scenario,
                           const sizes *of)
{
    int64_t items = cm_segment_length(from->candidates.segments, scenario);
    bool shared = !from->query.scenarios;
    int32_t pairs = pool_of(&from->support, scenario).count;
    int32_t left = shared ? pairs - of->chosen : pool_of(&from->query, scenario).count;
    if (items < 2 && (of->negatives > 0 || of->query > 0))
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "scenario %d has %lld items: negatives need at least two", scenario + 1,
                         (long long)items);
    if (of->query > 0 && left < 1)
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "scenario %d has %d pairs, and none is left for the query: leave it "
                         "out",
                         scenario + 1, pairs);
    return true;
}

static bool make_rows(cm_ctx *cx, drawing *d, const cm_ids *list)
{
    size_t tasks = (size_t)list->count;
    int32_t *lengths = cm_calloc(cx, 2 * CM_MAX(tasks, 1), sizeof *lengths);
    bool ok = lengths != NULL;
    for (size_t t = 0; ok && t < tasks; t++) {
        sizes of = sizes_of(d->from, list->values[t], d->options);
        ok = check_scenario(cx, d->from, list->values[t], &of);
        lengths[t] = of.support + of.negatives;
        lengths[tasks + t] = of.query;
    }
    cm_scenario_support *s = d->support;
    cm_scenario_query *q = d->query;
    s->segments = ok ? cm_segments_new(cx, lengths, list->count) : NULL;
    q->segments = s->segments ? cm_segments_new(cx, lengths + tasks, list->count) : NULL;
    cm_free(cx, lengths);
    if (!q->segments)
        return false;
    int64_t rows = cm_segments_rows(s->segments), asked = cm_segments_rows(q->segments);
    int64_t each = d->options->query_negatives;
    if (asked > INT32_MAX / each)
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "%lld positives with query_negatives %lld are too "
                         "many rows",
                         (long long)asked, (long long)each);
    cm_shape shape = cm_shape_1d(rows);
    s->users = cm_ids_new(cx, rows);
    s->items = cm_ids_new(cx, rows);
    s->labels = cm_tensor_new(cx, &shape);
    q->users = cm_ids_new(cx, asked);
    q->positives = cm_ids_new(cx, asked);
    q->negatives = cm_ids_new(cx, asked * each);
    return s->users && s->items && s->labels && q->users && q->positives && q->negatives;
}

static int32_t longest_pool(const cm_scenario_source *from, const cm_ids *list)
{
    int32_t most = 0;
    for (int64_t t = 0; t < list->count; t++) {
        most = CM_MAX(most, pool_of(&from->support, list->values[t]).count);
        if (from->query.scenarios)
            most = CM_MAX(most, pool_of(&from->query, list->values[t]).count);
    }
    return most;
}

bool cm_draw_scenarios(cm_ctx *cx, const cm_scenario_source *from, const cm_ids *scenarios,
                       const cm_scenario_options *o, cm_scenario_support *support,
                       cm_scenario_query *query, int64_t *fallbacks)
{
    *support = (cm_scenario_support){0};
    *query = (cm_scenario_query){0};
    if (!check_source(cx, from, scenarios) || !check_options(cx, o))
        return false;
    drawing d = {.from = from, .options = o, .support = support, .query = query};
    int32_t most = longest_pool(from, scenarios);
    d.index = cm_calloc(cx, (size_t)most, sizeof *d.index);
    d.chosen = cm_calloc(cx, (size_t)(o->support + o->query) + (size_t)most, sizeof *d.chosen);
    bool ok = d.index && d.chosen && make_rows(cx, &d, scenarios);
    for (int32_t i = 0; ok && i < most; i++)
        d.index[i] = i;
    for (int64_t t = 0; ok && t < scenarios->count; t++)
        draw_task(&d, scenarios->values[t], t);
    cm_ids *const made[] = {support->users,   support->items,    query->users,   query->positives,
                            query->negatives, support->segments, query->segments};
    for (int i = 0; i < 5 && ok; i++)
        cm_ids_seal(made[i]);
    for (int i = 0; i < 7 && !ok; i++)
        cm_ids_release(cx, made[i]);
    *fallbacks = d.fallbacks;
    cm_free(cx, d.index);
    cm_free(cx, d.chosen);
    return ok;
}
