/* predictor.c - see predictor.h. */
#include "predict/predictor.h"
#include "kernels/kernels.h"
#include <string.h>

/* An arena is as large as what the largest run took of it, a quarter more for smaller ones, whose
 * blocks are of other sizes, and a little. */
#define MARGIN(bytes) ((bytes) + (bytes) / 4 + ((size_t)64 << 10))
#define SMALLEST      ((size_t)4 << 20)
#define TOO_MUCH                                                                              \
    "with the limits support and block a predictor of this model takes more memory than the " \
    "limit "                                                                                  \
    "memory = %zu bytes"

void cm_predictor_reset(cm_predictor *p)
{
    cm_ctx_open_arena(&p->cx, p->arena, p->arena_bytes, p->kernels);
    for (uint32_t k = 0; k < p->model->n_constants; k++)
        cm_header_reset(p->model->kinds[k], p->constants[k]);
}

/* A header over numbers. */
static cm_tensor *tensor_over(void *room, const cm_shape *shape, const cm_real *numbers)
{
    cm_value value;
    cm_constant c = {.kind = 't', .shape = *shape, .count = cm_shape_size(shape)};
    memcpy(&c.numbers, &numbers, sizeof numbers); /* ops write to nothing that is given */
    cm_constant_header(&c, room, &value);
    return value.tensor;
}

/* The rows of a table that are read: where they lie, or copies of them. */
static cm_tensor *rows_of(cm_predictor *p, const cm_table *table, const cm_reading *reading,
                          void *room)
{
    cm_shape shape = {.ndim = table->row.ndim + 1, .dims = {reading->count}};
    memcpy(shape.dims + 1, table->row.dims, (size_t)table->row.ndim * sizeof *shape.dims);
    const cm_real *numbers = table->numbers;
    if (!reading->rows)
        return tensor_over(room, &shape, numbers + reading->first * table->width);
    cm_real *copy = cm_alloc(&p->cx, (size_t)(reading->count * table->width) * sizeof *copy);
    for (int32_t r = 0; copy && r < reading->count; r++)
        memcpy(copy + r * table->width, numbers + reading->rows[r] * table->width,
               (size_t)table->width * sizeof *copy);
    return copy ? tensor_over(room, &shape, copy) : NULL;
}

/* The items that are scored as ids. */
static cm_ids *items_of(cm_predictor *p, const cm_reading *reading)
{
    cm_ids *items = cm_ids_new(&p->cx, reading->count);
    if (!items)
        return NULL;
    for (int32_t r = 0; r < reading->count; r++)
        items->values[r] = reading->rows ? reading->rows[r] : reading->first + r;
    cm_ids_seal(items);
    return items;
}

static void *value_of(cm_predictor *p, const cm_part *part, const cm_input *input,
                      const cm_reading *reading, void *room)
{
    switch (input->source) {
    case CM_FROM_SUPPORT_ITEMS:
        return reading->support_items;
    case CM_FROM_SUPPORT_LABELS:
        return reading->support_labels;
    case CM_FROM_SUPPORT_SEGMENTS:
        return reading->support_segments;
    case CM_FROM_ITEMS:
        return items_of(p, reading);
    case CM_FROM_SEGMENTS:
        return cm_segments_new(&p->cx, &reading->count, 1);
    case CM_FROM_STATE:
        return reading->state[input->index].any;
    case CM_FROM_SUMS:
        return reading->sums[input->index].any;
    default:
        return rows_of(p, &part->tables[input->index], reading, room);
    }
}

bool cm_predictor_run(cm_predictor *p, const cm_part *part, const cm_stage *stage,
                      const cm_reading *reading)
{
    uint32_t n;
    (void)cm_program_inputs(stage->program, &n);
    for (uint32_t k = 0; k < n; k++) {
        void *room = p->headers + k * CM_HEADER_BYTES;
        p->ports[k].any = value_of(p, part, &stage->inputs[k], reading, room);
        if (!p->ports[k].any)
            return false;
    }
    return cm_program_run(&p->cx, stage->program, p->constants, p->ports, p->ports + n) &&
           (memmove(p->ports, p->ports + n, (p->n_ports - n) * sizeof *p->ports), true);
}

/* --- making -------------------------------------------------------------------------------------
 */

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
                              .support_labels = tensor_over(t->header, &shape, t->labels),
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
    bool ok = cm_predictor_run(p, part, last, &reading);
    if (ok && p->ports[0].tensor->count != reading.count)
        ok = cm_refuse(&p->cx, CM_ERR_FORMAT, "what scores gives %lld numbers, not %d",
                       (long long)p->ports[0].tensor->count, reading.count);
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
static bool size_arena(cm_ctx *cx, cm_predictor *p, trial *t)
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
    size_t copied = copied_bytes(p);
    if (copied > most || MARGIN(used) > most - copied)
        return cm_refuse(cx, CM_ERR_LIMIT, TOO_MUCH, most);
    return set_arena(cx, p, MARGIN(used) + copied);
}

static uint32_t most_ports(const cm_frozen *model)
{
    uint32_t most = 1, in, out;
    for (uint32_t k = 0; k < model->n_parts; k++) {
        const cm_part *part = &model->parts[k];
        const cm_stage *stages[] = {&part->adapt, &part->rows, &part->rest, &part->score,
                                    &part->all};
        for (size_t s = 0; s < sizeof stages / sizeof *stages; s++) {
            if (!stages[s]->program)
                continue;
            (void)cm_program_inputs(stages[s]->program, &in);
            (void)cm_program_outputs(stages[s]->program, &out);
            most = CM_MAX(most, in + out);
        }
    }
    return most;
}

static bool check_limits(cm_ctx *cx, const cm_limits *limits)
{
    static const struct {
        const char *name;
        int32_t least, most;
    } bounds[] = {{"support", 1, 1 << 20}, {"list", 1, 1 << 20}, {"block", 1, 1 << 20}};
    const int32_t values[] = {limits->support, limits->list, limits->block};
    for (size_t k = 0; k < sizeof values / sizeof *values; k++)
        if (values[k] < bounds[k].least || values[k] > bounds[k].most)
            return cm_refuse(cx, CM_ERR_ARGUMENT, "limit %s is %d, but may be from %d to %d",
                             bounds[k].name, values[k], bounds[k].least, bounds[k].most);
    return limits->memory > 0 ||
           cm_refuse(cx, CM_ERR_ARGUMENT, "limit memory is 0 bytes, but must be above");
}

static bool make(cm_ctx *cx, cm_predictor *p)
{
    const cm_frozen *m = p->model;
    size_t n = CM_MAX(m->n_constants, 1), items = (size_t)m->n_items + 1;
    p->n_ports = most_ports(m);
    p->constants = cm_block_alloc(n, sizeof *p->constants + CM_HEADER_BYTES);
    p->ports = cm_block_alloc(p->n_ports, sizeof *p->ports);
    p->headers = cm_block_alloc(p->n_ports, CM_HEADER_BYTES);
    p->out = cm_block_alloc(items, 1);
    p->room = CM_MAX(CM_MAX(m->n_items, p->limits.list), p->limits.block);
    p->rows = cm_block_alloc((size_t)p->room, sizeof *p->rows);
    p->scores = cm_block_alloc((size_t)p->room, sizeof *p->scores);
    bool ok = p->constants && p->ports && p->headers && p->out && p->rows && p->scores;
    for (uint32_t k = 0; k < m->n_parts; k++) {
        p->rooms[k] = cm_block_alloc(p->n_ports, sizeof *p->rooms[k]);
        ok = ok && p->rooms[k];
    }
    if (!ok)
        return cm_refuse(cx, CM_ERR_NO_MEMORY, "out of memory for a predictor");
    for (uint32_t k = 0; k < m->n_constants; k++)
        cm_constant_header(&m->constants[k], (char *)(p->constants + n) + k * CM_HEADER_BYTES,
                           &p->constants[k]);
    trial t = {.items = cm_block_alloc((size_t)p->limits.support, sizeof *t.items),
               .labels = cm_block_alloc((size_t)p->limits.support, sizeof *t.labels)};
    ok = (t.items && t.labels) ? size_arena(cx, p, &t)
                               : cm_refuse(cx, CM_ERR_NO_MEMORY, "out of memory for a predictor");
    cm_block_free(t.items);
    cm_block_free(t.labels);
    return ok;
}

cm_predictor *cm_predictor_new(cm_ctx *cx, cm_frozen *model, const cm_limits *limits)
{
    if (!check_limits(cx, limits))
        return NULL;
    cm_predictor *p = cm_block_alloc(1, sizeof *p);
    if (!p)
        return cm_fail(cx, CM_ERR_NO_MEMORY, "out of memory for a predictor");
    p->limits = *limits;
    p->model = model;
    cm_frozen_retain(model);
    cm_ctx_open(&p->cx);
    p->kernels = cm_kernels_of(&p->cx);
    if (make(cx, p)) {
        cm_predictor_reset(p);
        return p;
    }
    cm_predictor_free(p);
    return NULL;
}

void cm_predictor_free(cm_predictor *p)
{
    if (!p)
        return;
    cm_frozen_release(p->model);
    cm_block_free(p->arena);
    cm_block_free(p->constants);
    cm_block_free(p->ports);
    cm_block_free(p->headers);
    cm_block_free(p->out);
    cm_block_free(p->rows);
    cm_block_free(p->scores);
    for (uint32_t k = 0; k < CM_MOST_PARTS; k++)
        cm_block_free(p->rooms[k]);
    cm_block_free(p);
}

size_t cm_predictor_bytes(const cm_predictor *p)
{
    const cm_frozen *m = p->model;
    size_t constants = CM_MAX(m->n_constants, 1) * (sizeof *p->constants + CM_HEADER_BYTES);
    size_t ports = p->n_ports * (sizeof *p->ports + CM_HEADER_BYTES + m->n_parts * sizeof(cm_room));
    return sizeof *p + p->arena_bytes + constants + ports + (size_t)m->n_items + 1 +
           (size_t)p->room * (sizeof *p->rows + sizeof *p->scores);
}
