/* predictor_trial.c - how much memory a predictor needs: by runs at its limits. */
#include "predict/predictor_parts.h"
#include <string.h>

/* An arena is as large as what the largest run took of it, a quarter more for smaller ones, whose
 * blocks are of other sizes, and a little. */
#define MARGIN(bytes) ((bytes) + (bytes) / 4 + ((size_t)64 << 10))
#define SMALLEST      ((size_t)4 << 20)
#define TOO_MUCH                                                                                  \
    "with the limits support, block, candidates, users and list a predictor of this model takes " \
    "more memory than the limit memory = %zu bytes"

/* The numbers that a run at the limits reads. */
typedef struct trial {
    int32_t *items, offsets[2];
    cm_real *labels;
    cm_ids support_items, support_segments;
    char header[CM_HEADER_BYTES];
    cm_reading reading;
} trial;

static void fill_trial(const cm_predictor *p, trial *t)
{
    int32_t n = p->model->n_items > 0 ? p->limits.support : 0;
    for (int32_t i = 0; i < n; i++) {
        t->items[i] = i % p->model->n_items;
        t->labels[i] = (cm_real)i / (cm_real)CM_MAX(n, 1); /* all different */
    }
    t->offsets[1] = n;
    t->support_items = (cm_ids){.refs = 1, .count = n, .values = t->items};
    t->support_segments = (cm_ids){.refs = 1, .count = 2, .values = t->offsets};
    cm_ids_seal(&t->support_items);
    cm_ids_seal(&t->support_segments);
    cm_shape shape = cm_shape_1d(n);
    t->reading = (cm_reading){.support_items = &t->support_items,
                              .support_segments = &t->support_segments,
                              .support_labels = cm_header_over(t->header, &shape, t->labels),
                              .count = CM_MIN(p->limits.block, p->model->n_items)};
}

static size_t bytes_of(cm_kind kind, cm_value value)
{
    return kind == 't' ? (size_t)value.tensor->count * sizeof(cm_real)
                       : (size_t)value.list->count * sizeof(int32_t);
}

/* Runs a part in rows: nothing is known, then all rows of the trial are added at once. */
static bool try_rows(cm_predictor *p, const cm_part *part, const cm_reading *given)
{
    cm_reading reading = *given;
    cm_value *sums = cm_alloc(&p->cx, (part->n_sums + 1) * sizeof *sums);
    for (uint32_t k = 0; sums && k < part->n_sums; k++) {
        sums[k].tensor = cm_tensor_full(&p->cx, &part->sums[k].shape, 0);
        if (!sums[k].tensor)
            return false;
    }
    reading.sums = sums;
    if (!sums || !cm_predictor_run(p, part, &part->rows, &reading))
        return false;
    for (uint32_t k = 0; k < part->n_sums; k++)
        if (!cm_shape_equal(&p->ports[k].tensor->shape, &part->sums[k].shape))
            return cm_refuse(&p->cx, CM_ERR_FORMAT,
                             "rows add numbers of another shape than the "
                             "graph says");
    return cm_predictor_run(p, part, &part->rest, &reading);
}

/* Copies a value: what a stage gives may be what it was given, whose header the next run takes. */
static bool copy_value(cm_ctx *cx, cm_kind kind, cm_value *value)
{
    if (kind == 't') {
        const cm_tensor *from = value->tensor;
        value->tensor = cm_tensor_new(cx, &from->shape);
        if (value->tensor)
            cm_tensor_copy(value->tensor, from);
        return value->tensor != NULL;
    }
    const cm_ids *from = value->list;
    value->list = cm_ids_new(cx, from->count);
    if (!value->list)
        return false;
    memcpy(value->list->values, from->values, (size_t)from->count * sizeof *from->values);
    cm_ids_seal(value->list);
    return true;
}

/* Notes what the state of a part takes, and copies it, as contexts keep it. */
static bool note_rooms(cm_predictor *p, uint32_t k, cm_value *state, size_t *taken)
{
    uint32_t n;
    const cm_port *ports = cm_program_outputs(p->model->parts[k].adapt.program, &n);
    p->n_rooms[k] = n;
    for (uint32_t i = 0; i < n; i++) {
        size_t bytes = bytes_of(ports[i].kind, state[i]);
        *taken += CM_MIN(bytes, p->limits.memory) + CM_ALIGN;
        if (*taken > p->limits.memory)
            return cm_refuse(&p->cx, CM_ERR_LIMIT, TOO_MUCH, p->limits.memory);
        if (!copy_value(&p->cx, ports[i].kind, &state[i]))
            return false;
        p->rooms[k][i] = (cm_room){ports[i].kind, bytes};
    }
    return true;
}

static bool check_count(cm_predictor *p, int64_t count)
{
    return p->ports[0].tensor->count == count ||
           cm_refuse(&p->cx, CM_ERR_FORMAT, "what scores gives %lld numbers, not %lld",
                     (long long)p->ports[0].tensor->count, (long long)count);
}

/* Runs a joint part for as many people as there may be. */
static bool try_joint(cm_predictor *p, uint32_t k, const cm_reading *given)
{
    const cm_part *part = &p->model->parts[k];
    cm_reading reading = *given;
    int32_t n = p->limits.users;
    if (!part->is_joint || n < 2)
        return true;
    const cm_value **states = cm_alloc(&p->cx, (size_t)n * sizeof *states);
    for (int32_t i = 0; states && i < n; i++)
        states[i] = given->state;
    reading.state = states ? cm_predictor_stack(p, k, states, n) : NULL;
    return reading.state && cm_predictor_run(p, part, &part->all, &reading) &&
           check_count(p, (int64_t)n * reading.count);
}

/* Runs a part once at the limits. A state made in the arena is read where it lies: it is not reset
 * between. */
static bool try_part(cm_predictor *p, uint32_t k, const trial *t, size_t *used, size_t *taken)
{
    const cm_part *part = &p->model->parts[k];
    cm_reading reading = t->reading;
    cm_value *state = NULL;
    cm_predictor_reset(p);
    reading.count = p->model->n_items; /* adapting reads whole tables */
    if (part->adapt.program) {
        if (!cm_predictor_run(p, part, &part->adapt, &reading))
            return false;
        uint32_t n;
        (void)cm_program_outputs(part->adapt.program, &n);
        state = cm_alloc(&p->cx, (n + 1) * sizeof *state);
        if (!state)
            return false;
        memcpy(state, p->ports, n * sizeof *state);
        if (!note_rooms(p, k, state, taken))
            return false;
    }
    reading.state = state;
    if (part->rows.program && !try_rows(p, part, &reading))
        return false;
    const cm_stage *last = part->all.program ? &part->all : &part->score;
    reading.count = part->all.program ? p->model->n_items : t->reading.count;
    bool ok = cm_predictor_run(p, part, last, &reading) && check_count(p, reading.count) &&
              try_joint(p, k, &reading);
    *used = CM_MAX(*used, p->cx.mem.arena_used);
    return ok;
}

/* Rows that are named are copied: what that takes at most. */
static size_t copied_bytes(const cm_predictor *p)
{
    size_t most = 0;
    for (uint32_t k = 0; k < p->model->n_parts; k++) {
        size_t bytes = 0;
        for (uint32_t t = 0; t < p->model->parts[k].n_tables; t++)
            bytes += (size_t)p->model->parts[k].tables[t].width * sizeof(cm_real) + 2 * CM_ALIGN;
        most = CM_MAX(most, bytes); /* no overflow: the tables are in memory */
    }
    return most * (size_t)p->limits.block;
}

static bool set_arena(cm_ctx *cx, cm_predictor *p, size_t bytes)
{
    cm_block_free(p->arena);
    p->arena_bytes = (bytes + CM_ALIGN - 1) / CM_ALIGN * CM_ALIGN;
    p->arena = cm_block_alloc_raw(p->arena_bytes);
    if (!p->arena)
        return cm_refuse(cx, CM_ERR_NO_MEMORY, "out of memory: an arena of %zu bytes", bytes);
    return true;
}

/* Runs all parts at the limits in the arena as it is; *used is how much of it that took. */
static bool try_all(cm_predictor *p, const trial *t, size_t *used)
{
    size_t taken = 0;
    bool ok = true;
    *used = 0;
    for (uint32_t k = 0; ok && k < p->model->n_parts; k++)
        ok = try_part(p, k, t, used, &taken);
    return ok;
}

/* Finds how large the arena has to be: by runs at the limits, in ever larger ones. */
static bool find_size(cm_ctx *cx, cm_predictor *p, trial *t)
{
    size_t used = 0, most = p->limits.memory, bytes = CM_MIN(SMALLEST, most);
    fill_trial(p, t);
    for (; set_arena(cx, p, bytes) && !try_all(p, t, &used);
         bytes = bytes > most / 2 ? most : bytes * 2) {
        if (cm_error_code(&p->cx) != CM_ERR_NO_MEMORY)
            return cm_refuse(cx, cm_error_code(&p->cx), "%s", cm_error_text(&p->cx));
        if (bytes == most)
            return cm_refuse(cx, CM_ERR_LIMIT, TOO_MUCH, most);
    }
    if (!p->arena)
        return false;
    size_t copied = copied_bytes(p) + CM_RETRIEVAL_BLOCK * sizeof(cm_real);
    if (copied > most || MARGIN(used) > most - copied)
        return cm_refuse(cx, CM_ERR_LIMIT, TOO_MUCH, most);
    size_t needed = MARGIN(used) + copied;
    bool fits = needed <= p->arena_bytes && needed > p->arena_bytes / 2;
    if (!fits && !set_arena(cx, p, needed))
        return false;
    memset(p->arena, 0, p->arena_bytes); /* pages that are not there yet would be a call's wait */
    return true;
}

bool cm_predictor_size_arena(cm_ctx *cx, cm_predictor *p)
{
    trial t = {.items = cm_block_alloc((size_t)p->limits.support, sizeof *t.items),
               .labels = cm_block_alloc((size_t)p->limits.support, sizeof *t.labels)};
    bool ok = (t.items && t.labels)
                  ? find_size(cx, p, &t)
                  : cm_refuse(cx, CM_ERR_NO_MEMORY, "out of memory for a predictor");
    cm_block_free(t.items);
    cm_block_free(t.labels);
    return ok;
}
