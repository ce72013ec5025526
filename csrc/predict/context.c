/* context.c - see context.h: contexts and their supports. */
#include "predict/context_parts.h"
#include <math.h>
#include <string.h>

/* --- making -------------------------------------------------------------------------------------
 */

/* Takes `bytes` of a block whose size is summed up, or that is there. */
static void *take(unsigned char *block, size_t *used, size_t bytes)
{
    void *at = block ? block + *used : NULL;
    *used += (bytes + CM_ALIGN - 1) / CM_ALIGN * CM_ALIGN;
    return at;
}

/* Numbers that say where a person's scores lie among the vectors of items. */
static size_t retrieval_width(const cm_predictor *p)
{
    int64_t most = 0;
    for (uint32_t k = 0; k < p->model->n_parts; k++) {
        const cm_constant *solve = p->model->parts[k].retrieval.solve;
        most = solve ? CM_MAX(most, solve->shape.dims[0]) : most;
    }
    return (size_t)most;
}

static void lay_out_heap(unsigned char *block, size_t *used, cm_heap *heap, int32_t n)
{
    heap->items = take(block, used, (size_t)n * sizeof *heap->items);
    heap->scores = take(block, used, (size_t)n * sizeof *heap->scores);
}

/* Lays out a context behind its struct; without one it only counts. */
static size_t lay_out(const cm_predictor *p, cm_context *c)
{
    cm_context none;
    unsigned char *block = NULL;
    size_t used = 0;
    if (c) {
        uintptr_t from = (uintptr_t)c->memory,
                  aligned = (from + CM_ALIGN - 1) / CM_ALIGN * CM_ALIGN;
        block = c->memory + (aligned - from);
    } else {
        c = &none;
    }
    c->items = take(block, &used, (size_t)p->limits.support * sizeof *c->items);
    c->labels = take(block, &used, (size_t)p->limits.support * sizeof *c->labels);
    lay_out_heap(block, &used, &c->best, p->limits.list);
    size_t width =
        retrieval_width(p); /* of any part: a file may have it in one that makes no lists */
    lay_out_heap(block, &used, &c->chosen, width > 0 ? p->limits.candidates : 0);
    c->place = take(block, &used, width * sizeof *c->place);
    for (uint32_t k = 0; k < p->model->n_parts; k++) {
        cm_made *m = &c->parts[k];
        uint32_t n = p->n_rooms[k];
        m->state = take(block, &used, n * sizeof *m->state);
        m->headers = take(block, &used, n * CM_HEADER_BYTES);
        m->rooms = take(block, &used, n * sizeof *m->rooms);
        for (uint32_t i = 0; i < n; i++) {
            unsigned char *room = take(block, &used, p->rooms[k][i].bytes);
            if (block)
                m->rooms[i] = room;
        }
        const cm_part *part = &p->model->parts[k];
        m->sums = take(block, &used, part->n_sums * sizeof *m->sums);
        for (uint32_t i = 0; i < part->n_sums; i++) {
            size_t count = (size_t)cm_shape_size(&part->sums[i].shape);
            cm_real *sum = take(block, &used, count * sizeof *sum);
            if (block)
                m->sums[i] = sum;
        }
        size_t all = part->all.program ? (size_t)p->model->n_items : 0;
        m->all = take(block, &used, all * sizeof *m->all);
    }
    return used + CM_ALIGN;
}

cm_context *cm_context_new(cm_predictor *p)
{
    cm_context *c = cm_block_alloc(1, sizeof *c + lay_out(p, NULL));
    if (!c) {
        cm_predictor_reset(p);
        return cm_fail(&p->cx, CM_ERR_NO_MEMORY, "out of memory for a context");
    }
    c->p = p;
    p->contexts++;
    (void)lay_out(p, c);
    return c;
}

void cm_context_free(cm_context *c)
{
    if (!c)
        return;
    c->p->contexts--;
    cm_block_free(c);
}

cm_predictor *cm_context_predictor(const cm_context *c)
{
    return c->p;
}

/* Takes the support of another. */
static void set_support(cm_context *c, const int32_t *items, const cm_real *labels, int32_t n)
{
    memcpy(c->items, items, (size_t)n * sizeof *items);
    memcpy(c->labels, labels, (size_t)n * sizeof *labels);
    c->n = c->offsets[1] = n;
}

cm_context *cm_context_fork(const cm_context *from)
{
    cm_context *c = cm_context_new(from->p);
    if (c)
        set_support(c, from->items, from->labels, from->n);
    return c;
}

/* --- the support --------------------------------------------------------------------------------
 */

void cm_context_changed(cm_context *c, bool only_added)
{
    c->offsets[1] = c->n;
    c->list.is_on = false;
    for (uint32_t k = 0; k < CM_MOST_PARTS; k++) {
        c->parts[k].is_ready = c->parts[k].is_scored = false;
        c->parts[k].added = only_added ? c->parts[k].added : 0;
    }
}

/* Where an interaction goes: in a sequence behind all others, else in the place that the item has,
 * if it has one. */
static int32_t place_for(const cm_context *c, int32_t item)
{
    int32_t at = c->p->model->is_ordered ? c->n : 0;
    while (at < c->n && c->items[at] != item)
        at++;
    return at;
}

bool cm_context_check_item(cm_context *c, int32_t item)
{
    return (item >= 0 && item < c->p->model->n_items) ||
           cm_refuse(&c->p->cx, CM_ERR_INDEX, "item %d: the model has items 0 to %d", item,
                     c->p->model->n_items - 1);
}

bool cm_context_check_label(cm_context *c, double label)
{
    return isfinite((cm_real)label) ||
           cm_refuse(&c->p->cx, CM_ERR_NUMBER, "the label is not a finite number");
}

bool cm_context_observe(cm_context *c, int32_t item, double label)
{
    cm_predictor_reset(c->p);
    if (!cm_context_check_item(c, item) || !cm_context_check_label(c, label))
        return false;
    int32_t at = place_for(c, item);
    if (at == c->p->limits.support)
        return cm_refuse(
            &c->p->cx, CM_ERR_LIMIT,
            "a context of %d interactions is full: the predictor was made with the limit "
            "support = %d",
            at, at);
    c->items[at] = item;
    c->labels[at] = (cm_real)label;
    bool is_new = at == c->n;
    c->n += is_new;
    cm_context_changed(c, is_new);
    return true;
}

bool cm_context_forget(cm_context *c, int32_t item)
{
    cm_predictor_reset(c->p);
    int32_t kept = 0; /* a sequence may have the item several times: all of them go */
    for (int32_t i = 0; i < c->n; i++) {
        if (c->items[i] == item)
            continue;
        c->items[kept] = c->items[i];
        c->labels[kept++] = c->labels[i];
    }
    if (kept == c->n)
        return false;
    c->n = kept;
    cm_context_changed(c, false);
    return true;
}

void cm_context_clear(cm_context *c)
{
    c->n = 0;
    cm_context_changed(c, false);
}

int32_t cm_context_support(const cm_context *c, const int32_t **items, const cm_real **labels)
{
    *items = c->items;
    *labels = c->labels;
    return c->n;
}
