/* context_list.c - the items with the highest scores: a heap over the catalogue, block by block. */
#include "base/hash.h"
#include "base/sys.h"
#include "predict/context_parts.h"
#include <math.h>
#include <string.h>

#define ENDLESS 1e9 /* seconds */

/* Marks what is not to be listed, or takes the marks away. */
static void mark_out(cm_context *c, const cm_request *request, uint8_t mark)
{
    for (size_t i = 0; i < request->n_exclude; i++)
        c->p->out[request->exclude[i]] = mark;
    for (int32_t i = 0; i < c->n && !request->with_support; i++)
        c->p->out[c->items[i]] = mark;
}

bool cm_context_may_list(const cm_context *c, const cm_request *r, int32_t item)
{
    const uint8_t *unlisted = c->p->model->unlisted;
    return !c->p->out[item] && !(unlisted && unlisted[item]) && !(r->allowed && !r->allowed[item]);
}

/* A hash of what is asked for. */
static uint64_t hash_of(const cm_request *r, int32_t n_items)
{
    uint64_t hash = cm_hash(CM_HASH_START, &r->part, sizeof r->part);
    hash = cm_hash(hash, &r->n, sizeof r->n);
    hash = cm_hash(hash, &r->candidates, sizeof r->candidates);
    hash = cm_hash(hash, &r->with_support, sizeof r->with_support);
    hash = cm_hash(hash, &r->n_exclude, sizeof r->n_exclude);
    hash = cm_hash(hash, r->exclude, r->n_exclude * sizeof *r->exclude);
    return cm_hash(hash, r->allowed, r->allowed ? (size_t)n_items : 0) ^ (r->allowed != NULL);
}

static bool check_candidates(cm_context *c, const cm_request *r)
{
    const cm_limits *limits = &c->p->limits;
    if (r->candidates == 0)
        return true;
    if (!c->p->model->parts[r->part].retrieval.probes)
        return cm_refuse(&c->p->cx, CM_ERR_ARGUMENT,
                         "this model cannot choose candidates: freeze it with the option "
                         "retrieval, unless it scores all items by one product, or ask for 0 "
                         "candidates");
    return (r->candidates >= r->n && r->candidates <= limits->candidates) ||
           cm_refuse(&c->p->cx, r->candidates < r->n ? CM_ERR_ARGUMENT : CM_ERR_LIMIT,
                     "%d candidates for a list of %d: there must be as many at least, and at most "
                     "the limit candidates = %d",
                     r->candidates, r->n, limits->candidates);
}

static bool check_request(cm_context *c, const cm_request *r)
{
    if (r->n < 1 || r->n > c->p->limits.list)
        return cm_refuse(&c->p->cx, r->n < 1 ? CM_ERR_ARGUMENT : CM_ERR_LIMIT,
                         "a list of %d items: it may have from 1 to the limit list = %d", r->n,
                         c->p->limits.list);
    for (size_t i = 0; i < r->n_exclude; i++)
        if (!cm_context_check_item(c, r->exclude[i]))
            return false;
    return check_candidates(c, r);
}

/* Goes on with a list of items, `rows` or without all of the catalogue, until all were offered or
 * the time is over. */
static bool offer_items(cm_context *c, const cm_request *r, const int32_t *rows, int32_t n,
                        double end)
{
    bool all = c->p->model->parts[r->part].all.program != NULL;
    while (c->list.next < n) {
        int32_t at = c->list.next, count = all ? n : CM_MIN(c->p->limits.block, n - at);
        const cm_real *scores =
            all ? c->parts[r->part].all
                : cm_context_block(c, r->part, rows ? rows + at : NULL, at, count);
        if (!scores)
            return false;
        for (int32_t i = 0; i < count; i++) {
            int32_t item = rows ? rows[at + i] : at + i;
            if (cm_heap_wants(&c->best, scores[i]) && (rows || cm_context_may_list(c, r, item)))
                cm_heap_offer(&c->best, item, scores[i]);
        }
        c->list.next += count;
        if (end < HUGE_VAL && cm_sys_clock() >= end)
            break;
    }
    c->list.is_on = c->list.next < n;
    return true;
}

/* Goes on with a list until it is there or the time is over. */
static bool go_on(cm_context *c, const cm_request *r, double end)
{
    bool over = false;
    if (r->candidates == 0) {
        bool all = c->p->model->parts[r->part].all.program != NULL;
        return (!all || cm_context_score_all(c, r->part)) &&
               offer_items(c, r, NULL, c->p->model->n_items, end);
    }
    if (!cm_context_choose(c, r, end, &over))
        return false;
    c->list.is_on = over;
    return over || offer_items(c, r, c->chosen.items, c->chosen.found, end);
}

bool cm_context_recommend(cm_context *c, const cm_request *r, double budget, int32_t *items,
                          cm_real *scores, int32_t *found, bool *done)
{
    double end = budget < ENDLESS ? cm_sys_clock() + budget : HUGE_VAL;
    *found = 0;
    *done = false;
    if (!cm_context_adapt(c, r->part) || !check_request(c, r))
        return false;
    uint64_t asked = end < HUGE_VAL ? hash_of(r, c->p->model->n_items) : 0;
    /* A hash can be chosen; what would write beyond its room is compared. */
    if (!c->list.is_on || c->list.asked != asked || c->best.n != r->n ||
        c->list.candidates != r->candidates) {
        c->list = (cm_progress){.asked = asked, .candidates = r->candidates, .chosen = -1};
        c->best.n = r->n;
        c->best.found = 0;
    }
    mark_out(c, r, 1);
    bool ok = go_on(c, r, end);
    mark_out(c, r, 0);
    c->list.is_on = ok && c->list.is_on;
    if (!ok || c->list.is_on)
        return ok;
    cm_heap_sort(&c->best);
    memcpy(items, c->best.items, (size_t)c->best.found * sizeof *items);
    memcpy(scores, c->best.scores, (size_t)c->best.found * sizeof *scores);
    *found = c->best.found;
    *done = true;
    return true;
}

bool cm_group_recommend(cm_predictor *p, int32_t n, const cm_request *r, int32_t *items,
                        cm_real *scores, int32_t *found)
{
    bool done, ok = cm_group_score_all(p, n, r->part);
    for (int32_t i = 0; ok && i < n; i++) {
        int64_t at = (int64_t)i * CM_MAX(r->n, 0);
        ok = cm_context_recommend(p->group[i], r, ENDLESS, items + at, scores + at, &found[i],
                                  &done);
    }
    return ok;
}
