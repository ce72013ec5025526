/* program_read.c - programs from their text.
 *
 *     {"inputs":  [["support.items", "I"], ..],
 *      "nodes":   [["gather_rows", [{"c": 3}, {"v": 0}], 1], ..],
 *      "outputs": [["state.1", 17], ..]}
 *
 * Values are numbered: inputs, then what the nodes give. An argument is {"v": k}, value k; {"c":
 * k}, constant k; {"s": k, "d": d, "times": t, "plus": p}, t times the size of value k in its dim d
 * from 0 (of segments 1 is that of all rows) and p; a number, text or boolean; null, where it is
 * left out; or a list of these. A node ends with how many values it gives. */
#include "predict/program_parts.h"
#include <string.h>

/* --- reading ------------------------------------------------------------------------------------
 */

static const cm_op *op_of(const char *name)
{
    for (const cm_op *const *at = cm_op_table; *at; at++)
        if (strcmp((*at)->name, name) == 0)
            return *at;
    return NULL;
}

/* Reads the arguments as those of an op, or of the first function of the name that takes such. */
static bool read_call(cm_reader *r, cm_call_plan *c, uint32_t list)
{
    cm_call_plan fresh = *c;
    c->op = op_of(r->name);
    c->function = c->op ? NULL : cm_function_next(r->name, NULL);
    if (!c->op && !c->function)
        return cm_read_bad(r, "no frozen graph has such a call");
    while (!cm_read_arguments(r, c, list)) {
        const cm_function *next = c->function ? cm_function_next(r->name, c->function) : NULL;
        if (!next || cm_error_code(r->cx) != CM_ERR_FORMAT)
            return false;
        cm_error_clear(r->cx);
        *c = fresh;
        c->function = next;
    }
    return true;
}

/* The kinds of what a call gives. */
static bool read_gives(const cm_reader *r, cm_call_plan *c, uint32_t at)
{
    const char *kinds = c->op ? "t" : c->function->gives;
    int32_t n;
    if (!cm_read_small(r, at, CM_FUNCTION_GIVES + 1, &n) || (size_t)n != strlen(kinds))
        return cm_read_bad(r, "it does not give so many values");
    c->gives = (uint8_t)n;
    memcpy(r->p->kinds + c->first, kinds, (size_t)n);
    return true;
}

static bool read_nodes(cm_reader *r, uint32_t list)
{
    cm_program *p = r->p;
    uint32_t at = cm_json_first(list);
    p->n_values = p->n_inputs;
    for (uint32_t k = 0; k < cm_json_count(r->doc, list); k++, at = cm_json_after(r->doc, at)) {
        cm_call_plan *c = &p->calls[k];
        r->node = k + 1;
        r->name[0] = 0;
        if (!cm_read_is(r, at, CM_JSON_ARRAY) || cm_json_count(r->doc, at) != 3)
            return cm_read_bad(r, "a name, arguments and the number of results were expected");
        uint32_t name = cm_json_first(at), arguments = cm_json_after(r->doc, name),
                 gives = cm_json_after(r->doc, arguments);
        if (!cm_read_is(r, name, CM_JSON_STRING) || !cm_read_is(r, arguments, CM_JSON_ARRAY) ||
            cm_json_text(r->doc, name).len >= CM_NAME_BYTES)
            return cm_read_bad(r, "a name, arguments and the number of results were expected");
        strcpy(r->name, cm_json_text(r->doc, name).text);
        c->first = (int32_t)p->n_values;
        p->n_calls = k + 1;
        if (!read_call(r, c, arguments) || !read_gives(r, c, gives))
            return false;
        p->n_values += c->gives;
    }
    return true;
}

/* Names with kinds (inputs) or values (outputs). */
static bool read_ports(cm_reader *r, uint32_t list, bool are_inputs)
{
    cm_program *p = r->p;
    uint32_t n = cm_json_count(r->doc, list), at = cm_json_first(list);
    cm_port *ports = are_inputs ? p->inputs : p->outputs;
    for (uint32_t k = 0; k < n; k++, at = cm_json_after(r->doc, at)) {
        uint32_t name = cm_json_first(at), second = 0;
        r->node = k + 1;
        strcpy(r->name, are_inputs ? "input" : "output");
        if (cm_read_is(r, at, CM_JSON_ARRAY) && cm_json_count(r->doc, at) == 2 &&
            cm_read_is(r, name, CM_JSON_STRING))
            second = cm_json_after(r->doc, name);
        if (!second)
            return cm_read_bad(r, "a name and what it is were expected");
        ports[k].name = cm_json_text(r->doc, name).text;
        cm_text kind = {"", 0};
        if (cm_read_is(r, second, CM_JSON_STRING))
            kind = cm_json_text(r->doc, second);
        if (are_inputs ? kind.len != 1 || !strchr("tIS", kind.text[0])
                       : !cm_read_value_at(r, second, p->n_values, &p->given[k], &ports[k].kind))
            return cm_read_bad(r, "a kind or a value was expected");
        if (are_inputs)
            p->kinds[k] = ports[k].kind = kind.text[0];
    }
    return true;
}

/* Names are the document's until here: copies of them. */
static bool keep_names(cm_reader *r)
{
    cm_program *p = r->p;
    size_t bytes = 1;
    for (uint32_t k = 0; k < p->n_inputs + p->n_outputs; k++)
        bytes += strlen((k < p->n_inputs ? &p->inputs[k] : &p->outputs[k - p->n_inputs])->name) + 1;
    char *at = p->names = cm_alloc(r->cx, bytes);
    for (uint32_t k = 0; at && k < p->n_inputs + p->n_outputs; k++) {
        cm_port *port = k < p->n_inputs ? &p->inputs[k] : &p->outputs[k - p->n_inputs];
        size_t len = strlen(port->name) + 1;
        port->name = memcpy(at, port->name, len);
        at += len;
    }
    return p->names != NULL;
}

/* Marks the last call that reads each value, which then releases it; what goes out stays. */
static bool mark_last(cm_reader *r)
{
    cm_program *p = r->p;
    int32_t *last = cm_alloc(r->cx, CM_MAX(p->n_values, 1) * sizeof *last);
    if (!last)
        return false;
    for (uint32_t v = 0; v < p->n_values; v++)
        last[v] = -1;
    for (uint32_t k = 0; k < p->n_calls; k++) {
        const cm_call_plan *c = &p->calls[k];
        for (int g = 0; g < c->gives; g++)
            last[c->first + g] = (int32_t)k;
        for (int t = 0; t < c->n_tensors; t++)
            if (c->tensors[t] >= 0 && c->tensors[t] < (int32_t)p->n_values)
                last[c->tensors[t]] = (int32_t)k;
        for (int t = 0; t < c->n_lists; t++)
            if (c->lists[t] >= 0)
                last[c->lists[t]] = (int32_t)k;
        for (int t = 0; t < c->n_sizes; t++)
            last[c->sizes[t].value] = (int32_t)k;
    }
    for (uint32_t k = 0; k < p->n_outputs; k++)
        if (p->given[k] >= 0)
            last[p->given[k]] = -1;
    bool ok = true;
    for (uint32_t v = p->n_inputs; ok && v < p->n_values; v++) {
        cm_call_plan *c = last[v] < 0 ? NULL : &p->calls[last[v]];
        size_t room = c ? (size_t)c->n_done : 0;
        ok = !c || cm_grow(r->cx, (void **)&c->done, &room, room + 1, sizeof *c->done);
        if (ok && c)
            c->done[c->n_done++] = (int32_t)v;
    }
    cm_free(r->cx, last);
    return ok;
}

cm_program *cm_program_read(cm_ctx *cx, const cm_json *doc, uint32_t at,
                            const cm_constants *constants, const char *what)
{
    cm_reader r = {.cx = cx, .doc = doc, .constants = constants, .what = what};
    uint32_t lists[3];
    static const char *const keys[] = {"inputs", "nodes", "outputs"};
    for (int k = 0; k < 3; k++) {
        lists[k] = cm_read_member(&r, at, keys[k]);
        if (!lists[k] || !cm_read_is(&r, lists[k], CM_JSON_ARRAY) ||
            cm_json_count(doc, lists[k]) > CM_MOST_VALUES / CM_FUNCTION_GIVES)
            return cm_fail(cx, CM_ERR_FORMAT, "%s: %s is no list of at most %d entries", what,
                           keys[k], CM_MOST_VALUES / CM_FUNCTION_GIVES);
    }
    cm_program *p = r.p = cm_calloc(cx, 1, sizeof *p);
    if (!p)
        return NULL;
    uint32_t n_nodes = cm_json_count(doc, lists[1]);
    p->n_inputs = cm_json_count(doc, lists[0]);
    p->n_outputs = cm_json_count(doc, lists[2]);
    p->inputs = cm_calloc(cx, CM_MAX(p->n_inputs, 1), sizeof *p->inputs);
    p->outputs = cm_calloc(cx, CM_MAX(p->n_outputs, 1), sizeof *p->outputs);
    p->given = cm_calloc(cx, CM_MAX(p->n_outputs, 1), sizeof *p->given);
    p->calls = cm_calloc(cx, CM_MAX(n_nodes, 1), sizeof *p->calls);
    p->kinds = cm_calloc(cx, p->n_inputs + n_nodes * CM_FUNCTION_GIVES + 1, sizeof *p->kinds);
    bool ok = p->inputs && p->outputs && p->given && p->calls && p->kinds &&
              read_ports(&r, lists[0], true) && read_nodes(&r, lists[1]) &&
              read_ports(&r, lists[2], false);
    if (ok && keep_names(&r) && mark_last(&r))
        return p;
    cm_program_free(cx, p);
    return NULL;
}
