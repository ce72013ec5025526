/* predictor.c - see predictor.h. */
#include "kernels/kernels.h"
#include "predict/predictor_parts.h"
#include <string.h>

void cm_predictor_reset(cm_predictor *p)
{
    cm_ctx_open_arena(&p->cx, p->arena, p->arena_bytes, p->kernels);
    for (uint32_t k = 0; k < p->model->n_constants; k++)
        cm_header_reset(p->model->kinds[k], p->constants[k]);
}

cm_tensor *cm_header_over(void *room, const cm_shape *shape, const cm_real *numbers)
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
        return cm_header_over(room, &shape, numbers + reading->first * table->width);
    cm_real *copy = cm_alloc(&p->cx, (size_t)(reading->count * table->width) * sizeof *copy);
    for (int32_t r = 0; copy && r < reading->count; r++)
        memcpy(copy + r * table->width, numbers + reading->rows[r] * table->width,
               (size_t)table->width * sizeof *copy);
    return copy ? cm_header_over(room, &shape, copy) : NULL;
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

static void *value_of(cm_predictor *p, const cm_part *part, const cm_stage_input *input,
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

/* One value of the states of n people. */
static cm_tensor *stack_value(cm_predictor *p, const cm_value *const *states, uint32_t value,
                              int32_t n)
{
    const cm_tensor *first = states[0][value].tensor;
    if (first->shape.ndim < 1 || first->shape.dims[0] != 1)
        return cm_fail(&p->cx, CM_ERR_FORMAT, "a state that is no row cannot stand below others");
    cm_shape shape = first->shape;
    shape.dims[0] = n;
    cm_tensor *all = cm_tensor_new(&p->cx, &shape);
    for (int32_t i = 0; all && i < n; i++) {
        const cm_tensor *one = states[i][value].tensor;
        if (!cm_shape_equal(&one->shape, &first->shape) || !cm_is_contiguous(one))
            return cm_fail(&p->cx, CM_ERR_FORMAT, "states of different shapes");
        memcpy(cm_data(all) + i * first->count, cm_data(one),
               (size_t)first->count * sizeof(cm_real));
    }
    return all;
}

const cm_value *cm_predictor_stack(cm_predictor *p, uint32_t part, const cm_value *const *states,
                                   int32_t n)
{
    cm_value *stacked = cm_alloc(&p->cx, (p->n_rooms[part] + 1) * sizeof *stacked);
    for (uint32_t k = 0; stacked && k < p->n_rooms[part]; k++) {
        if (p->rooms[part][k].kind != 't')
            return cm_fail(&p->cx, CM_ERR_FORMAT, "a state of lists cannot stand below others");
        stacked[k].tensor = stack_value(p, states, k, n);
        if (!stacked[k].tensor)
            return NULL;
    }
    return stacked;
}

/* --- making -------------------------------------------------------------------------------------
 */

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
    } bounds[] = {{"support", 1, 1 << 20},
                  {"list", 1, 1 << 20},
                  {"block", 1, 1 << 20},
                  {"candidates", 1, 1 << 20},
                  {"users", 1, 1 << 12}};
    const int32_t values[] = {limits->support, limits->list, limits->block, limits->candidates,
                              limits->users};
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
    size_t users = (size_t)p->limits.users, listed = users * (size_t)p->limits.list;
    if (listed > p->limits.memory / (sizeof *p->lists + sizeof *p->listed))
        return cm_refuse(cx, CM_ERR_LIMIT,
                         "lists of %d items for %d people, the limits list and users, take more "
                         "than the limit memory = %zu bytes",
                         p->limits.list, p->limits.users, p->limits.memory);
    p->group = cm_block_alloc(users, sizeof(void *));
    p->lists = cm_block_alloc(listed, sizeof *p->lists);
    p->listed = cm_block_alloc(listed, sizeof *p->listed);
    p->counts = cm_block_alloc(users, sizeof *p->counts);
    bool ok = p->constants && p->ports && p->headers && p->out && p->rows && p->scores &&
              p->group && p->lists && p->listed && p->counts;
    for (uint32_t k = 0; k < m->n_parts; k++) {
        p->rooms[k] = cm_block_alloc(p->n_ports, sizeof *p->rooms[k]);
        ok = ok && p->rooms[k];
    }
    if (!ok)
        return cm_refuse(cx, CM_ERR_NO_MEMORY, "out of memory for a predictor");
    for (uint32_t k = 0; k < m->n_constants; k++)
        cm_constant_header(&m->constants[k], (char *)(p->constants + n) + k * CM_HEADER_BYTES,
                           &p->constants[k]);
    return cm_predictor_size_arena(cx, p);
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
    cm_block_free(p->group);
    cm_block_free(p->lists);
    cm_block_free(p->listed);
    cm_block_free(p->counts);
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
           (size_t)p->room * (sizeof *p->rows + sizeof *p->scores) +
           (size_t)p->limits.users *
               (sizeof *p->group + sizeof *p->counts +
                (size_t)p->limits.list * (sizeof *p->lists + sizeof *p->listed));
}
