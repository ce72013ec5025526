/* frozen_stages.c - the programs of a frozen model, and what they make of each item. */
#include "predict/frozen_parts.h"
#include <string.h>

enum { ITEMS_AT_ONCE = 256 };

/* --- programs -----------------------------------------------------------------------------------
 */

const cm_port *cm_stage_outputs(const cm_stage *stage, uint32_t *n)
{
    *n = 0;
    return stage->program ? cm_program_outputs(stage->program, n) : NULL;
}

/* Whether a port is an output of a stage, and which. */
static bool is_output(const cm_stage *stage, const cm_port *port, uint32_t *index)
{
    uint32_t n;
    const cm_port *outputs = cm_stage_outputs(stage, &n);
    for (*index = 0; *index < n; (*index)++)
        if (strcmp(outputs[*index].name, port->name) == 0 && outputs[*index].kind == port->kind)
            return true;
    return false;
}

/* Where an input comes from, of a part whose tables have these names. */
static bool find_source(const cm_opening *o, const cm_part *part, const char *const *tables,
                        const cm_port *port, cm_stage_input *input)
{
    static const struct {
        const char *name;
        cm_kind kind;
        cm_source source;
    } fixed[] = {{"support.items", 'I', CM_FROM_SUPPORT_ITEMS},
                 {"support.labels", 't', CM_FROM_SUPPORT_LABELS},
                 {"support.segments", 'S', CM_FROM_SUPPORT_SEGMENTS},
                 {"items", 'I', CM_FROM_ITEMS},
                 {"segments", 'S', CM_FROM_SEGMENTS}};
    for (size_t k = 0; k < sizeof fixed / sizeof *fixed; k++)
        if (strcmp(fixed[k].name, port->name) == 0 && fixed[k].kind == port->kind) {
            *input = (cm_stage_input){fixed[k].source, 0};
            return true;
        }
    input->source = CM_FROM_STATE;
    if (is_output(&part->adapt, port, &input->index))
        return true;
    input->source = CM_FROM_SUMS;
    if (is_output(&part->rows, port, &input->index))
        return true;
    input->source = CM_FROM_TABLE;
    for (input->index = 0; input->index < part->n_tables; input->index++)
        if (port->kind == 't' && strcmp(tables[input->index], port->name) == 0)
            return true;
    return cm_opening_bad(o, "a program reads what no other gives");
}

/* Reads the program of a key, if it is there. */
static bool read_stage(const cm_opening *o, const cm_part *part, uint32_t at, const char *key,
                       const char *const *tables, cm_stage *stage)
{
    cm_constants constants = {o->m->kinds, o->m->n_constants};
    uint32_t found = cm_opening_member(o, at, key, CM_JSON_OBJECT), n;
    if (!found)
        return true;
    stage->program = cm_program_read(o->cx, o->doc, found, &constants, key);
    if (!stage->program)
        return false;
    const cm_port *ports = cm_program_inputs(stage->program, &n);
    stage->inputs = cm_calloc(o->cx, CM_MAX(n, 1), sizeof *stage->inputs);
    for (uint32_t k = 0; stage->inputs && k < n; k++)
        if (!find_source(o, part, tables, &ports[k], &stage->inputs[k]))
            return false;
    return stage->inputs != NULL;
}

static bool reads_only(const cm_stage *stage, unsigned sources)
{
    uint32_t n = 0;
    if (stage->program)
        (void)cm_program_inputs(stage->program, &n);
    for (uint32_t k = 0; k < n; k++)
        if (!(sources >> stage->inputs[k].source & 1))
            return false;
    return true;
}

#define OF_SUPPORT                                                                                 \
    (1u << CM_FROM_SUPPORT_ITEMS | 1u << CM_FROM_SUPPORT_LABELS | 1u << CM_FROM_SUPPORT_SEGMENTS | \
     1u << CM_FROM_TABLE)
#define OF_ITEMS (1u << CM_FROM_ITEMS | 1u << CM_FROM_SEGMENTS)

/* Tables that are constants: their rows are the items'. */
static bool read_tables(const cm_opening *o, cm_part *part, uint32_t list, const char **names)
{
    uint32_t at = list ? cm_json_first(list) : 0;
    for (uint32_t k = 0; list && k < cm_json_count(o->doc, list);
         k++, at = cm_json_after(o->doc, at)) {
        uint32_t name = cm_json_first(at);
        int64_t c;
        if (cm_json_type_of(o->doc, at) != CM_JSON_ARRAY || cm_json_count(o->doc, at) != 2 ||
            cm_json_type_of(o->doc, name) != CM_JSON_STRING ||
            !cm_json_integer(o->doc, cm_json_after(o->doc, name), &c) || c < 0 ||
            c >= o->m->n_constants || o->m->kinds[c] != 't')
            return cm_opening_bad(o, "a table must have a name and a constant");
        const cm_constant *constant = &o->m->constants[c];
        if (constant->shape.ndim < 1 || constant->shape.dims[0] != o->m->n_items)
            return cm_opening_bad(o, "a table must have a row for each item");
        cm_table *table = &part->tables[part->n_tables];
        table->row.ndim = constant->shape.ndim - 1;
        memcpy(table->row.dims, constant->shape.dims + 1, sizeof table->row.dims - sizeof(int64_t));
        table->width = constant->count / CM_MAX(o->m->n_items, 1); /* 0 without items */
        table->numbers = constant->numbers;
        names[part->n_tables++] = cm_json_text(o->doc, name).text;
    }
    return true;
}

/* The shapes that a part says of what its rows add up to. */
static bool read_sums(const cm_opening *o, cm_part *part, uint32_t list)
{
    static const char *const prefixes[] = {
        [CM_ADDS] = "sums.", [CM_AVERAGES] = "means.", [CM_REPLACES] = "steps."};
    uint32_t n, at = list ? cm_json_first(list) : 0;
    const cm_port *ports = cm_stage_outputs(&part->rows, &n);
    part->sums = cm_calloc(o->cx, CM_MAX(n, 1), sizeof *part->sums);
    part->n_sums = n;
    if (!part->sums)
        return false;
    if (n != (list ? cm_json_count(o->doc, list) : 0))
        return cm_opening_bad(o, "what rows add must have a shape each");
    for (uint32_t k = 0; k < n; k++, at = cm_json_after(o->doc, at)) {
        cm_addend *sum = &part->sums[k];
        bool ok = cm_json_type_of(o->doc, at) == CM_JSON_ARRAY && ports[k].kind == 't' &&
                  cm_json_count(o->doc, at) <= CM_MAX_DIMS;
        uint32_t size = ok ? cm_json_first(at) : 0;
        for (uint32_t d = 0; ok && d < cm_json_count(o->doc, at);
             d++, size = cm_json_after(o->doc, size)) {
            ok = cm_json_integer(o->doc, size, &sum->shape.dims[d]);
            sum->shape.ndim = (int)d + 1;
        }
        int64_t count;
        int how = 0;
        while (how <= CM_REPLACES &&
               strncmp(ports[k].name, prefixes[how], strlen(prefixes[how])) != 0)
            how++;
        sum->how = (cm_adding)how;
        if (!ok || how > CM_REPLACES)
            return cm_opening_bad(o, "what rows add must have a name and a shape");
        if (!cm_shape_count(o->cx, &sum->shape, &count))
            return false;
    }
    return true;
}

/* Whether two stages give the same values, or there is no second one. */
static bool same_outputs(const cm_stage *a, const cm_stage *b)
{
    uint32_t n, m;
    const cm_port *first = cm_stage_outputs(a, &n), *second = cm_stage_outputs(b, &m);
    bool same = !b->program || n == m;
    for (uint32_t k = 0; same && k < m; k++)
        same = strcmp(first[k].name, second[k].name) == 0 && first[k].kind == second[k].kind;
    return same;
}

/* The constant that a member of an object names, if it is of that kind; NULL after a refusal. */
static const cm_constant *constant_at(const cm_opening *o, uint32_t at, const char *key,
                                      cm_kind kind)
{
    int64_t k;
    uint32_t member = cm_opening_member(o, at, key, CM_JSON_NUMBER);
    if (member && cm_json_integer(o->doc, member, &k) && k >= 0 && k < o->m->n_constants &&
        o->m->kinds[k] == kind)
        return &o->m->constants[k];
    cm_opening_bad(o, "retrieval must name three constants");
    return NULL;
}

static bool is_matrix(const cm_constant *c, int64_t rows, int64_t columns)
{
    return c->shape.ndim == 2 && c->shape.dims[0] == rows && c->shape.dims[1] == columns;
}

/* What chooses candidates, if something does. */
static bool read_retrieval(const cm_opening *o, uint32_t at, cm_part *part)
{
    uint32_t found = cm_opening_member(o, at, "retrieval", CM_JSON_OBJECT);
    if (!found)
        return true;
    cm_retrieval r = {constant_at(o, found, "probes", 'I'), NULL, NULL};
    r.solve = r.probes ? constant_at(o, found, "solve", 't') : NULL;
    r.vectors = r.solve ? constant_at(o, found, "vectors", 't') : NULL;
    if (!r.vectors)
        return false;
    int64_t width = r.vectors->shape.ndim == 2 ? r.vectors->shape.dims[1] : 0;
    if (!part->score.program || width < 1 || !is_matrix(r.vectors, o->m->n_items, width) ||
        r.probes->count < 1 || r.probes->least < 0 || r.probes->limit > o->m->n_items ||
        !is_matrix(r.solve, width, r.probes->count))
        return cm_opening_bad(o, "what chooses candidates does not fit the items");
    part->retrieval = r;
    return true;
}

/* Whether `all` may be run for several people at once, which is not trusted: what it gives is
 * looked at whenever it runs. */
static bool read_joint(const cm_opening *o, uint32_t at, cm_part *part)
{
    uint32_t found = cm_opening_member(o, at, "joint", CM_JSON_BOOLEAN);
    part->is_joint = found && cm_json_truth(o->doc, found);
    return !part->is_joint || (part->all.program && reads_only(&part->all, 1u << CM_FROM_STATE)) ||
           cm_opening_bad(o, "what scores for several people must read their states alone");
}

bool cm_opening_part(const cm_opening *o, uint32_t at, cm_part *part)
{
    static const char *const no_tables[] = {NULL};
    uint32_t list = cm_opening_member(o, at, "tables", CM_JSON_ARRAY), n_items;
    if (cm_json_type_of(o->doc, at) != CM_JSON_OBJECT ||
        !read_stage(o, part, at, "items", no_tables, &part->items))
        return cm_opening_bad(o, "a part must have programs");
    const cm_port *outputs = cm_stage_outputs(&part->items, &n_items);
    for (uint32_t k = 0; k < n_items; k++)
        if (outputs[k].kind != 't')
            return cm_opening_bad(o, "what is computed of an item must be a tensor");
    uint32_t most = n_items + (list ? cm_json_count(o->doc, list) : 0);
    part->tables = cm_calloc(o->cx, CM_MAX(most, 1), sizeof *part->tables);
    const char **names = cm_calloc(o->cx, CM_MAX(most, 1), sizeof *names);
    bool ok = part->tables && names;
    for (uint32_t k = 0; ok && k < n_items; k++)
        names[part->n_tables++] = outputs[k].name;
    ok = ok && read_tables(o, part, list, names) &&
         read_stage(o, part, at, "adapt", names, &part->adapt) &&
         read_stage(o, part, at, "rows", names, &part->rows) &&
         read_sums(o, part, cm_opening_member(o, at, "sums", CM_JSON_ARRAY)) &&
         read_stage(o, part, at, "rest", names, &part->rest) &&
         read_stage(o, part, at, "score", names, &part->score) &&
         read_stage(o, part, at, "all", names, &part->all);
    cm_free(o->cx, names);
    if (ok &&
        (!part->score.program == !part->all.program || !part->rows.program != !part->rest.program ||
         !same_outputs(&part->adapt, &part->rest) ||
         !reads_only(&part->rows, OF_SUPPORT | 1u << CM_FROM_SUMS) ||
         !reads_only(&part->rest, 1u << CM_FROM_SUMS) || !reads_only(&part->adapt, OF_SUPPORT) ||
         !reads_only(&part->items, OF_ITEMS) ||
         !reads_only(&part->score, OF_ITEMS | OF_SUPPORT | 1u << CM_FROM_STATE) ||
         !reads_only(&part->all, OF_SUPPORT | 1u << CM_FROM_STATE)))
        return cm_opening_bad(o, "a part must score items or all, and read what stands before it");
    uint32_t n;
    const cm_port *scores = cm_stage_outputs(part->all.program ? &part->all : &part->score, &n);
    if (ok && (n != 1 || scores[0].kind != 't'))
        return cm_opening_bad(o, "what scores must give one tensor");
    return ok && read_retrieval(o, at, part) && read_joint(o, at, part);
}

/* --- tables -------------------------------------------------------------------------------------
 */

static bool bad_rows(const cm_opening *o)
{
    return cm_opening_bad(o, "what is computed of an item must be a row");
}

/* Makes room for the tables of which the first `count` items have these rows: one block, which
 * large pages hold. */
static bool make_room(const cm_opening *o, cm_part *part, uint32_t n, int32_t count,
                      const cm_value *outputs)
{
    size_t all = 0, items = (size_t)o->m->n_items;
    for (uint32_t k = 0; k < n; k++) {
        cm_table *table = &part->tables[k];
        const cm_tensor *rows = outputs[k].tensor;
        if (rows->shape.ndim < 1 || rows->shape.dims[0] != count)
            return bad_rows(o);
        table->row.ndim = rows->shape.ndim - 1;
        memcpy(table->row.dims, rows->shape.dims + 1, sizeof table->row.dims - sizeof(int64_t));
        table->width = rows->count / CM_MAX(count, 1);
        all += (size_t)table->width; /* no overflow: there are few tables */
    }
    size_t bytes;
    if (!cm_mul_size(CM_MAX(all, 1), sizeof *part->computed, &bytes))
        return bad_rows(o);
    cm_real *at = part->computed = cm_alloc_array(o->cx, CM_MAX(items, 1), bytes);
    for (uint32_t k = 0; at && k < n; k++) {
        part->tables[k].numbers = at;
        at += items * (size_t)part->tables[k].width;
    }
    return at != NULL;
}

/* Takes what the items from `first` on gave into the tables, and releases it. */
static bool store_rows(const cm_opening *o, cm_part *part, uint32_t n, int32_t first, int32_t count,
                       cm_value *outputs)
{
    bool ok = first > 0 || make_room(o, part, n, count, outputs);
    cm_real *at = part->computed;
    for (uint32_t k = 0; k < n; k++) {
        cm_tensor *rows = outputs[k].tensor;
        int64_t width = part->tables[k].width;
        if (ok &&
            (rows->shape.ndim < 1 || rows->shape.dims[0] != count || rows->count != width * count))
            ok = bad_rows(o);
        size_t mark = cm_scope_begin(o->cx);
        cm_tensor *whole = ok ? cm_contiguous(o->cx, rows) : NULL;
        if (whole && whole->count > 0)
            memcpy(at + first * width, cm_data(whole), (size_t)whole->count * sizeof(cm_real));
        cm_scope_end(o->cx, mark);
        cm_release(o->cx, rows);
        ok = ok && whole;
        at += ok ? o->m->n_items * width : 0;
    }
    return ok;
}

/* Computes what depends on the item alone, some items at a time. */
bool cm_opening_tables(const cm_opening *o, const cm_value *constants, cm_part *part)
{
    uint32_t n, n_inputs;
    if (!cm_stage_outputs(&part->items, &n))
        return true;
    (void)cm_program_inputs(part->items.program, &n_inputs);
    cm_value *ports = cm_calloc(o->cx, n + n_inputs + 1, sizeof *ports), *inputs = ports + n;
    int32_t rows[ITEMS_AT_ONCE], offsets[2] = {0, 0};
    bool ok = ports != NULL;
    for (int32_t first = 0; ok && (first < o->m->n_items || first == 0); first += ITEMS_AT_ONCE) {
        int32_t count = CM_MIN(ITEMS_AT_ONCE, o->m->n_items - first);
        for (int32_t i = 0; i < count; i++)
            rows[i] = first + i;
        offsets[1] = count;
        cm_ids items = {.refs = 1, .count = count, .values = rows};
        cm_ids segments = {.refs = 1, .count = 2, .values = offsets};
        cm_ids_seal(&items);
        cm_ids_seal(&segments);
        for (uint32_t k = 0; k < n_inputs; k++)
            inputs[k].list = part->items.inputs[k].source == CM_FROM_ITEMS ? &items : &segments;
        ok = cm_program_run(o->cx, part->items.program, constants, inputs, ports) &&
             store_rows(o, part, n, first, count, ports);
    }
    cm_free(o->cx, ports);
    return ok;
}
