/* source_items.c - see source_items.h. */
#include "tasks/source_items.h"
#include <math.h>

/* The k-th place that is not among m ascending ones. */
static int32_t kth_other(const int32_t *taken, int32_t m, int32_t k)
{
    int32_t low = 0, high = m; /* taken[i] - i others stand before taken[i] */
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (taken[middle] - middle > k)
            high = middle;
        else
            low = middle + 1;
    }
    return k + low;
}

static int32_t draw_one(const cm_source_domain *domain, int32_t user, cm_rng *rng, bool positive)
{
    const int32_t *at = domain->taken.segments->values + user;
    const int32_t *taken = domain->taken.values->values + at[0];
    int32_t m = at[1] - at[0], others = domain->n - m;
    if (positive)
        return m > 0 ? taken[cm_rng_below(rng, (uint32_t)m)] : domain->n;
    return others > 0 ? kth_other(taken, m, (int32_t)cm_rng_below(rng, (uint32_t)others))
                      : domain->n;
}

static bool check(cm_ctx *cx, const cm_source_domain *domain, const cm_ids *users,
                  const cm_ids *items, double negatives)
{
    int64_t groups = cm_segments_groups(domain->taken.segments);
    if (domain->n < domain->taken.values->limit)
        return cm_refuse(cx, CM_ERR_INDEX, "place %d of a domain of %d items",
                         domain->taken.values->limit, domain->n);
    if (users->count != items->count)
        return cm_refuse(cx, CM_ERR_SHAPE, "%lld users, but %lld items: one of each a row",
                         (long long)users->count, (long long)items->count);
    if (users->count > 0 && (users->least < 0 || users->limit > groups))
        return cm_refuse(cx, CM_ERR_INDEX, "users from %d to %d of %lld", users->least + 1,
                         users->limit, (long long)groups);
    if (!(isfinite(negatives) && negatives >= 0))
        return cm_refuse(cx, CM_ERR_ARGUMENT, "negatives %g must be finite and not negative",
                         negatives);
    return true;
}

bool cm_draw_source_items(cm_ctx *cx, const cm_source_domain *domain, const cm_ids *users,
                          const cm_ids *items, const cm_source_options *o, cm_ids **places,
                          cm_tensor **labels)
{
    if (!check(cx, domain, users, items, o->negatives))
        return false;
    const uint64_t spread = 0x9E3779B97F4A7C15u; /* 2^64 / golden ratio: far from any small seed */
    double chance = o->negatives / (o->negatives + 1);
    cm_shape shape = cm_shape_1d(users->count);
    *labels = cm_tensor_new(cx, &shape);
    *places = *labels ? cm_ids_new(cx, users->count) : NULL;
    for (int64_t i = 0; *places && i < users->count; i++) {
        int32_t user = users->values[i];
        cm_rng rng = cm_rng_keyed(o->seed + spread * ((uint64_t)user + 1), o->draw,
                                  (uint32_t)items->values[i], CM_STREAM_SOURCE);
        bool positive = cm_rng_uniform(&rng) >= chance;
        (*places)->values[i] = draw_one(domain, user, &rng, positive);
        cm_data(*labels)[i] = positive;
    }
    if (*places)
        cm_ids_seal(*places);
    return *places != NULL;
}
