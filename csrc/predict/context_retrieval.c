/* context_retrieval.c - the first of two stages: which items of a large catalogue are worth scoring
 * by the network.
 *
 * What a model says of all items lies close to a space of few dims: `vectors` are the items' places
 * in it. Where a person's scores lie there follows from those of some items, the probes, by least
 * squares, of which `solve` is the matrix. So the scores of all others are estimated by one product
 * each, and those with the highest estimates are the candidates of the second stage. */
#include "base/sys.h"
#include "io/text.h"
#include "kernels/blas.h"
#include "predict/context_parts.h"
#include <math.h>

/* Scores the probes, and finds the person's place from them. */
static bool find_place(cm_context *c, uint32_t part)
{
    const cm_retrieval *r = &c->p->model->parts[part].retrieval;
    int64_t n = r->probes->count, width = r->solve->shape.dims[0];
    int64_t most = CM_MIN(c->p->limits.block, c->p->model->n_items);
    for (int64_t k = 0; k < width; k++)
        c->place[k] = 0;
    for (int64_t at = 0; at < n; at += most) {
        int64_t count = CM_MIN(most, n - at);
        const cm_real *scores = cm_context_block(c, part, r->probes->list + at, 0, (int32_t)count);
        if (!scores)
            return false;
        cm_gemm(&c->p->cx, width, 1, count, (cm_matrix){r->solve->numbers + at, n, 1},
                (cm_matrix){scores, 1, 1}, 1, c->place, 1);
    }
    return cm_context_check_finite(c, c->place, width);
}

/* Offers the items of a block by their estimates. */
static bool offer_block(cm_context *c, const cm_request *request, int32_t first, int32_t count)
{
    const cm_retrieval *r = &c->p->model->parts[request->part].retrieval;
    int64_t width = r->solve->shape.dims[0];
    cm_predictor_reset(c->p);
    cm_real *estimates = cm_alloc(&c->p->cx, (size_t)count * sizeof *estimates);
    if (!estimates)
        return false;
    cm_gemm(&c->p->cx, count, 1, width, (cm_matrix){r->vectors->numbers + first * width, width, 1},
            (cm_matrix){c->place, 1, 1}, 0, estimates, 1);
    if (!cm_context_check_finite(c, estimates, count))
        return false;
    for (int32_t i = 0; i < count; i++)
        if (cm_heap_wants(&c->chosen, estimates[i]) && cm_context_may_list(c, request, first + i))
            cm_heap_offer(&c->chosen, first + i, estimates[i]);
    return true;
}

static bool is_before(const void *context, uint32_t a, uint32_t b)
{
    (void)context;
    return a < b;
}

bool cm_context_choose(cm_context *c, const cm_request *request, double end, bool *over)
{
    int32_t n_items = c->p->model->n_items;
    *over = false;
    if (c->list.chosen < 0) {
        c->chosen.n = request->candidates;
        c->chosen.found = c->list.chosen = 0;
        if (!find_place(c, request->part))
            return false;
    }
    while (c->list.chosen < n_items && !*over) {
        int32_t count = CM_MIN(CM_RETRIEVAL_BLOCK, n_items - c->list.chosen);
        if (!offer_block(c, request, c->list.chosen, count))
            return false;
        c->list.chosen += count;
        if (c->list.chosen == n_items) /* ascending, as items are offered to lists */
            cm_sort((uint32_t *)(void *)c->chosen.items, (size_t)c->chosen.found, is_before, NULL);
        *over = end < HUGE_VAL && cm_sys_clock() >= end;
    }
    return true;
}
