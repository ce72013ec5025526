/* context_list.c - the items with the highest scores: a heap over the catalogue, block by block. */
#include "base/hash.h"
#include "base/sys.h"
#include "predict/context_parts.h"
#include <math.h>
#include <string.h>

#define ENDLESS 1e9 /* seconds */

/* --- lists --------------------------------------------------------------------------------------
 */

/* Whether a comes behind b in a list. */
static bool is_worse(const cm_context *c, int32_t a, int32_t b)
{
    return c->scores[a] < c->scores[b] || (c->scores[a] == c->scores[b] && c->best[a] > c->best[b]);
}

static void swap(cm_context *c, int32_t a, int32_t b)
{
    int32_t item = c->best[a];
    cm_real score = c->scores[a];
    c->best[a] = c->best[b];
    c->scores[a] = c->scores[b];
    c->best[b] = item;
    c->scores[b] = score;
}

/* Moves the entry at `at` down to where no worse one is below it; the worst stands first. */
static void sift(cm_context *c, int32_t at, int32_t n)
{
    for (;;) {
        int32_t worst = at, left = 2 * at + 1;
        for (int32_t child = left; child < left + 2 && child < n; child++)
            worst = is_worse(c, child, worst) ? child : worst;
        if (worst == at)
            return;
        swap(c, at, worst);
        at = worst;
    }
}

/* Offers an item for the list of n: it takes the place of the worst if it is better. */
static void offer(cm_context *c, int32_t n, int32_t item, cm_real score)
{
    int32_t at = c->list.found;
    if (at == n) {
        if (score <= c->scores[0]) /* equal ones came before */
            return;
        c->best[0] = item;
        c->scores[0] = score;
        sift(c, 0, n);
        return;
    }
    c->best[at] = item;
    c->scores[at] = score;
    c->list.found++;
    for (; at > 0 && is_worse(c, at, (at - 1) / 2); at = (at - 1) / 2)
        swap(c, at, (at - 1) / 2);
}

/* Sorts the heap, best first. */
static void sort(cm_context *c)
{
    for (int32_t n = c->list.found - 1; n > 0; n--) {
        swap(c, 0, n);
        sift(c, 0, n);
    }
}

/* Marks what is not to be listed, or takes the marks away. */
static void mark_out(cm_context *c, const cm_request *request, uint8_t mark)
{
    for (size_t i = 0; i < request->n_exclude; i++)
        c->p->out[request->exclude[i]] = mark;
    for (int32_t i = 0; i < c->n && !request->with_support; i++)
        c->p->out[c->items[i]] = mark;
}

/* A hash of what is asked for. */
static uint64_t hash_of(const cm_request *r, int32_t n_items)
{
    uint64_t hash = cm_hash(CM_HASH_START, &r->part, sizeof r->part);
    hash = cm_hash(hash, &r->n, sizeof r->n);
    hash = cm_hash(hash, &r->with_support, sizeof r->with_support);
    hash = cm_hash(hash, &r->n_exclude, sizeof r->n_exclude);
    hash = cm_hash(hash, r->exclude, r->n_exclude * sizeof *r->exclude);
    return cm_hash(hash, r->allowed, r->allowed ? (size_t)n_items : 0) ^ (r->allowed != NULL);
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
    return true;
}

/* Offers the items of a block. */
static void offer_block(cm_context *c, const cm_request *r, int32_t first, int32_t count,
                        const cm_real *scores)
{
    const uint8_t *out = c->p->out, *unlisted = c->p->model->unlisted;
    for (int32_t i = 0; i < count; i++) {
        int32_t item = first + i;
        bool full = c->list.found == r->n;
        if ((full && scores[i] <= c->scores[0]) || out[item] || (unlisted && unlisted[item]) ||
            (r->allowed && !r->allowed[item]))
            continue;
        offer(c, r->n, item, scores[i]);
    }
}

/* Goes on with a list until all items were offered or the time is over. */
static bool go_on(cm_context *c, const cm_request *r, double end)
{
    int32_t n_items = c->p->model->n_items;
    bool all = c->p->model->parts[r->part].all.program != NULL;
    if (all && !cm_context_score_all(c, r->part))
        return false;
    while (c->list.next < n_items) {
        int32_t count = all ? n_items : CM_MIN(c->p->limits.block, n_items - c->list.next);
        const cm_real *scores =
            all ? c->parts[r->part].all : cm_context_block(c, r->part, NULL, c->list.next, count);
        if (!scores)
            return false;
        offer_block(c, r, c->list.next, count, scores);
        c->list.next += count;
        if (end < HUGE_VAL && cm_sys_clock() >= end)
            break;
    }
    return true;
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
    if (!c->list.is_on || c->list.asked != asked || c->list.n != r->n)
        c->list = (cm_progress){.asked = asked, .n = r->n};
    mark_out(c, r, 1);
    bool ok = go_on(c, r, end);
    mark_out(c, r, 0);
    c->list.is_on = ok && c->list.next < c->p->model->n_items;
    if (!ok || c->list.is_on)
        return ok;
    sort(c);
    memcpy(items, c->best, (size_t)c->list.found * sizeof *items);
    memcpy(scores, c->scores, (size_t)c->list.found * sizeof *scores);
    *found = c->list.found;
    *done = true;
    return true;
}
