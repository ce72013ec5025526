/* program.c - see program.h. */
#include "predict/call_plan.h"
#include <string.h>

void cm_program_free(cm_ctx *cx, cm_program *p)
{
    if (!p)
        return;
    for (uint32_t k = 0; k < p->n_calls; k++) {
        cm_free(cx, p->calls[k].done);
        cm_free(cx, p->calls[k].tensors);
    }
    cm_free(cx, p->numbers);
    cm_free(cx, p->inputs);
    cm_free(cx, p->outputs);
    cm_free(cx, p->given);
    cm_free(cx, p->calls);
    cm_free(cx, p->kinds);
    cm_free(cx, p->names);
    cm_free(cx, p);
}

const cm_port *cm_program_inputs(const cm_program *p, uint32_t *count)
{
    *count = p->n_inputs;
    return p->inputs;
}

const cm_port *cm_program_outputs(const cm_program *p, uint32_t *count)
{
    *count = p->n_outputs;
    return p->outputs;
}

/* --- running ------------------------------------------------------------------------------------
 */

typedef struct run {
    cm_ctx *cx;
    const cm_program *p;
    const cm_value *constants;
    cm_value *values; /* [n_values] */
} run;

/* The value at a place; a number becomes a tensor of the open scope. NULL: left out, or memory has
 * run out. */
static void *at_place(const run *r, int32_t place)
{
    static const cm_shape none = {.ndim = 0};
    if (place == CM_LEFT_OUT)
        return NULL;
    if (place < 0)
        return r->constants[-1 - place].any;
    if (place >= CM_NUMBERS)
        return cm_tensor_full(r->cx, &none, r->p->numbers[place - CM_NUMBERS]);
    return r->values[place].any;
}

static int64_t size_at(cm_kind kind, cm_value value, int dim)
{
    if (kind == 't')
        return dim < value.tensor->shape.ndim ? value.tensor->shape.dims[dim] : 1;
    if (kind == 'I')
        return value.list->count;
    return dim == 0 ? cm_segments_groups(value.list) : cm_segments_rows(value.list);
}

static void release(cm_ctx *cx, cm_kind kind, cm_value value)
{
    if (kind == 't')
        cm_release(cx, value.tensor);
    else
        cm_ids_release(cx, value.list);
}

/* Dims as ops have them, from 0; all of them as -1. */
static bool set_dims(const run *r, const cm_call_plan *c, cm_given *given)
{
    int ndim = given->tensors[0]->shape.ndim;
    for (int k = 0; c->dims >> k; k++) {
        if (!(c->dims >> k & 1))
            continue;
        int64_t dim = given->i[k];
        given->i[k] = dim < 0 ? dim + ndim : dim - 1;
        if (dim != 0 && (given->i[k] < 0 || given->i[k] >= ndim))
            return cm_refuse(r->cx, CM_ERR_INDEX, "dim %lld of a tensor with %d dims",
                             (long long)dim, ndim);
    }
    return true;
}

/* The arguments of a call. `tensors` has room for all of its tensors. */
static bool give(const run *r, const cm_call_plan *c, cm_tensor **tensors, cm_given *given)
{
    for (int k = 0; k < c->n_tensors; k++) {
        tensors[k] = at_place(r, c->tensors[k]);
        if (!tensors[k] && c->tensors[k] != CM_LEFT_OUT)
            return false;
    }
    for (int k = 0; k < c->n_lists; k++)
        given->lists[k] = at_place(r, c->lists[k]);
    memcpy(given->i, c->i, sizeof given->i);
    memcpy(given->x, c->x, sizeof given->x);
    given->shape = c->shape;
    for (int k = 0; k < c->n_sizes; k++) {
        const cm_size_of *size = &c->sizes[k];
        int64_t value =
            size_at(r->p->kinds[size->value], r->values[size->value], size->dim) * size->times +
            size->plus;
        if (size->slot < CM_FUNCTION_SLOTS)
            given->i[size->slot] = value;
        else
            given->shape.dims[size->slot - CM_FUNCTION_SLOTS] = value;
    }
    given->tensors[0] = c->n_tensors > 0 ? tensors[0] : NULL;
    return c->dims == 0 || set_dims(r, c, given);
}

static bool apply(const run *r, const cm_call_plan *c, cm_value *gives)
{
    cm_tensor *in[CM_MAX_INPUTS];
    cm_given given;
    if (!give(r, c, in, &given))
        return false;
    if (!c->op) {
        memcpy(given.tensors, in, c->n_tensors * sizeof *in);
        return c->function->run(r->cx, &given, gives);
    }
    cm_params params = {.shape = given.shape};
    memcpy(params.i, given.i, sizeof params.i);
    memcpy(params.x, given.x, sizeof params.x);
    for (int k = 0; k < c->n_lists; k++)
        params.ids[k] = given.lists[k];
    gives->tensor = cm_apply(r->cx, c->op, in, c->n_tensors, &params);
    return gives->tensor != NULL;
}

/* What an op refuses was not asked for by whoever runs the program, but by its file. */
static void blame_file(cm_ctx *cx)
{
    cm_status code = cm_error_code(cx);
    if (code == CM_ERR_SHAPE || code == CM_ERR_INDEX || code == CM_ERR_ARGUMENT)
        cm_error_recode(cx, CM_ERR_FORMAT);
}

/* Makes a call; what it gives has a reference each then. */
static bool run_call(const run *r, const cm_call_plan *c)
{
    size_t mark = cm_scope_begin(r->cx);
    cm_value gives[CM_FUNCTION_GIVES] = {{NULL}};
    bool ok = apply(r, c, gives);
    for (int g = 0; ok && g < c->gives; g++) {
        r->values[c->first + g] = gives[g];
        if (r->p->kinds[c->first + g] == 't')
            cm_retain(gives[g].tensor);
    }
    cm_scope_end(r->cx, mark);
    if (!ok) {
        cm_error_within(r->cx, c->op ? c->op->name : c->function->name);
        blame_file(r->cx);
    }
    for (int32_t d = 0; ok && d < c->n_done; d++) {
        release(r->cx, r->p->kinds[c->done[d]], r->values[c->done[d]]);
        r->values[c->done[d]].any = NULL;
    }
    return ok;
}

bool cm_program_run(cm_ctx *cx, const cm_program *p, const cm_value *constants,
                    const cm_value *inputs, cm_value *outputs)
{
    run r = {cx, p, constants, cm_calloc(cx, CM_MAX(p->n_values, 1), sizeof *r.values)};
    if (!r.values)
        return false;
    memcpy(r.values, inputs, p->n_inputs * sizeof *r.values);
    bool ok = true;
    for (uint32_t k = 0; ok && k < p->n_calls; k++)
        ok = run_call(&r, &p->calls[k]);
    for (uint32_t k = 0; ok && k < p->n_outputs; k++) {
        outputs[k].any = at_place(&r, p->given[k]);
        if (p->outputs[k].kind == 't')
            cm_retain(outputs[k].tensor);
        else
            cm_ids_retain(outputs[k].list);
    }
    for (uint32_t v = p->n_inputs; v < p->n_values; v++)
        if (r.values[v].any)
            release(cx, p->kinds[v], r.values[v]);
    cm_free(cx, r.values);
    return ok;
}
