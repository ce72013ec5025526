/* program_arguments.c - the arguments of a call in a program. */
#include "predict/program_parts.h"
#include <string.h>

bool cm_read_bad(const cm_reader *r, const char *text)
{
    return cm_refuse(r->cx, CM_ERR_FORMAT, "%s: node %u (%s): %s", r->what, r->node, r->name, text);
}

bool cm_read_is(const cm_reader *r, uint32_t at, cm_json_type type)
{
    return cm_json_type_of(r->doc, at) == type;
}

/* The whole number at `at`, within [0, most). */
bool cm_read_small(const cm_reader *r, uint32_t at, int64_t most, int32_t *out)
{
    int64_t value;
    if (!cm_json_integer(r->doc, at, &value) || value < 0 || value >= most)
        return false;
    *out = (int32_t)value;
    return true;
}

/* The member of an object; 0 if it is no object, or has no such. */
uint32_t cm_read_member(const cm_reader *r, uint32_t at, const char *key)
{
    return cm_read_is(r, at, CM_JSON_OBJECT) ? cm_json_find(r->doc, at, key) : 0;
}

/* The place and kind of the value that an argument is; false where it is none. */
bool cm_read_value_at(const cm_reader *r, uint32_t at, uint32_t n_values, int32_t *place,
                      cm_kind *kind)
{
    uint32_t v = cm_read_member(r, at, "v"), c = cm_read_member(r, at, "c");
    if (v && cm_read_small(r, v, n_values, place)) {
        *kind = r->p->kinds[*place];
        return true;
    }
    if (!v && c && cm_read_small(r, c, r->constants->count, place)) {
        *kind = r->constants->kinds[*place];
        *place = -1 - *place;
        return true;
    }
    return false;
}

/* The whole number of an argument, or the size that it is, for a slot. */
static bool whole(const cm_reader *r, cm_call_plan *c, uint32_t at, int slot, int64_t *out)
{
    uint32_t s = cm_read_member(r, at, "s"), d = cm_read_member(r, at, "d");
    int32_t dim;
    double number;
    if (cm_json_integer(r->doc, at, out))
        return true;
    if (cm_read_is(r, at, CM_JSON_NUMBER)) { /* 3.0 */
        number = cm_json_number(r->doc, at);
        if (!(number > -9e15 && number < 9e15) || (double)(int64_t)number != number)
            return cm_read_bad(r, "a whole number was expected");
        *out = (int64_t)number;
        return true;
    }
    cm_size_of *size = &c->sizes[c->n_sizes];
    if (!s || !d || c->n_sizes == CM_MOST_SIZES || !cm_read_small(r, s, c->first, &size->value) ||
        !cm_read_small(r, d, CM_MAX_DIMS, &dim))
        return cm_read_bad(r, "a whole number was expected");
    uint32_t times = cm_read_member(r, at, "times"), plus = cm_read_member(r, at, "plus");
    int32_t factor;
    if (!times || !cm_read_small(r, times, INT32_MAX, &factor) || !plus ||
        !cm_json_integer(r->doc, plus, &size->plus) || size->plus > INT32_MAX ||
        size->plus < -(int64_t)INT32_MAX)
        return cm_read_bad(r, "a multiple of a size was expected");
    size->times = factor;
    size->dim = (int16_t)dim;
    size->slot = (int16_t)slot;
    c->n_sizes++;
    *out = 0;
    return true;
}

static bool add_tensor(const cm_reader *r, cm_call_plan *c, int32_t place)
{
    if (c->n_tensors == (c->op ? CM_MAX_INPUTS : CM_FUNCTION_SLOTS))
        return cm_read_bad(r, "too many tensors");
    c->tensors[c->n_tensors++] = place;
    return true;
}

static bool add_list(const cm_reader *r, cm_call_plan *c, int32_t place)
{
    if (c->n_lists == (c->op ? CM_PARAM_SLOTS : CM_FUNCTION_SLOTS))
        return cm_read_bad(r, "too many lists");
    c->lists[c->n_lists++] = place;
    return true;
}

/* A number in place of a tensor. */
static bool add_number(const cm_reader *r, cm_call_plan *c, double value)
{
    cm_program *p = r->p;
    size_t room = p->n_numbers;
    if (!cm_grow(r->cx, (void **)&p->numbers, &room, room + 1, sizeof *p->numbers))
        return false;
    p->numbers[p->n_numbers] = value;
    return add_tensor(r, c, CM_NUMBERS + (int32_t)p->n_numbers++);
}

/* A value of that kind. */
static bool add_value(const cm_reader *r, cm_call_plan *c, uint32_t at, cm_kind wanted)
{
    int32_t place;
    cm_kind kind;
    if (!cm_read_value_at(r, at, (uint32_t)c->first, &place, &kind) || kind != wanted)
        return cm_read_bad(r, wanted == 't'   ? "a tensor was expected"
                              : wanted == 'I' ? "ids were expected"
                                              : "segments were expected");
    return wanted == 't' ? add_tensor(r, c, place) : add_list(r, c, place);
}

static bool add_matrix(const cm_reader *r, cm_call_plan *c, uint32_t at)
{
    uint32_t rows = cm_read_member(r, at, "rows"), columns = cm_read_member(r, at, "columns"),
             weights = cm_read_member(r, at, "weights");
    if (!rows || !columns || !weights)
        return cm_read_bad(r, "a sparse matrix was expected");
    return add_value(r, c, rows, 'S') && add_value(r, c, columns, 'I') &&
           add_value(r, c, weights, 't');
}

static bool read_shape(const cm_reader *r, cm_call_plan *c, uint32_t at, int64_t base)
{
    uint32_t n = cm_read_is(r, at, CM_JSON_ARRAY) ? cm_json_count(r->doc, at) : CM_MAX_DIMS + 1;
    if (n > CM_MAX_DIMS)
        return cm_read_bad(r, "a list of at most 6 sizes was expected");
    c->shape.ndim = (int)n;
    uint32_t entry = cm_json_first(at);
    for (uint32_t d = 0; d < n; d++, entry = cm_json_after(r->doc, entry)) {
        int64_t value;
        int n_sizes = c->n_sizes;
        if (!whole(r, c, entry, CM_FUNCTION_SLOTS + (int)d, &value))
            return false;
        if (c->n_sizes > n_sizes)
            c->sizes[n_sizes].plus -= base;
        c->shape.dims[d] = value < INT64_MIN + base ? INT64_MIN : value - base;
    }
    return true;
}

static bool read_list(const cm_reader *r, cm_call_plan *c, uint32_t at)
{
    uint32_t n = cm_read_is(r, at, CM_JSON_ARRAY) ? cm_json_count(r->doc, at) : 0;
    if (n == 0)
        return cm_read_bad(r, "a list of at least one tensor was expected");
    uint32_t entry = cm_json_first(at);
    for (uint32_t k = 0; k < n; k++, entry = cm_json_after(r->doc, entry))
        if (!add_value(r, c, entry, 't'))
            return false;
    return true;
}

static bool read_activation(const cm_reader *r, uint32_t at, int64_t *out)
{
    cm_text text = cm_json_text(r->doc, at);
    for (*out = 0; cm_activation_names[*out]; (*out)++)
        if (strcmp(cm_activation_names[*out], text.text) == 0)
            return true;
    return cm_read_bad(r, "no such activation");
}

/* A whole number, row, boolean, dim or activation; at = 0: it is left out. */
static bool read_integer(const cm_reader *r, cm_call_plan *c, const cm_arg *arg, uint32_t at)
{
    int slot = c->n_i++, n_sizes = c->n_sizes;
    int64_t *out = &c->i[slot];
    if (slot == (c->op ? CM_PARAM_WHOLE : CM_FUNCTION_SLOTS))
        return cm_read_bad(r, "too many whole numbers");
    if (arg->kind == 'd')
        c->dims |= (uint16_t)(1u << slot);
    if (!at) {
        *out = arg->kind == 'd' && !arg->has_default ? 0 : (int64_t)arg->fallback;
        return true;
    }
    if (arg->kind == 'b') {
        if (!cm_read_is(r, at, CM_JSON_BOOLEAN))
            return cm_read_bad(r, "true or false was expected");
        *out = cm_json_truth(r->doc, at);
        return true;
    }
    if (arg->kind == 'a')
        return cm_read_is(r, at, CM_JSON_STRING)
                   ? read_activation(r, at, out)
                   : cm_read_bad(r, "the name of an activation was expected");
    if (!whole(r, c, at, slot, out))
        return false;
    bool is_size = c->n_sizes > n_sizes;
    if (is_size && arg->kind == 'd')
        return cm_read_bad(r, "a dim was expected");
    if (is_size && arg->kind == 'r')
        c->sizes[n_sizes].plus--;
    if (!is_size && arg->kind == 'r')
        *out = CM_MAX(*out, 0) - 1;
    if (arg->kind == 'd' && (*out == 0 || *out > CM_MAX_DIMS || *out < -CM_MAX_DIMS))
        return cm_read_bad(r, "no such dim");
    return true;
}

static bool read_number(const cm_reader *r, cm_call_plan *c, const cm_arg *arg, uint32_t at)
{
    int slot = c->n_x++;
    if (slot == (c->op ? CM_PARAM_SLOTS : CM_FUNCTION_SLOTS))
        return cm_read_bad(r, "too many numbers");
    c->x[slot] = arg->fallback;
    if (at && !cm_read_is(r, at, CM_JSON_NUMBER))
        return cm_read_bad(r, "a number was expected");
    if (at)
        c->x[slot] = cm_json_number(r->doc, at);
    return true;
}

/* One argument; at = 0: it is left out. */
static bool read_argument(const cm_reader *r, cm_call_plan *c, const cm_arg *arg, uint32_t at)
{
    bool is_value = strchr("tTnISM", arg->kind) != NULL;
    if (!at && !arg->optional)
        return cm_read_bad(r, "an argument is missing");
    if (!at && is_value) /* optional tensors of ops come last, and are not there */
        return arg->kind == 't' ? c->op || add_tensor(r, c, CM_LEFT_OUT)
                                : add_list(r, c, CM_LEFT_OUT);
    switch (arg->kind) {
    case 't':
    case 'I':
    case 'S':
        return add_value(r, c, at, arg->kind);
    case 'n':
        return cm_read_is(r, at, CM_JSON_NUMBER) ? add_number(r, c, cm_json_number(r->doc, at))
                                                 : add_value(r, c, at, 't');
    case 'T':
        return read_list(r, c, at);
    case 'M':
        return add_matrix(r, c, at);
    case 'x':
        return read_number(r, c, arg, at);
    case 's':
        return read_shape(r, c, at, 0);
    case 'p':
        return read_shape(r, c, at, 1);
    case 'w':
        return true;
    default:
        return read_integer(r, c, arg, at);
    }
}

bool cm_read_arguments(const cm_reader *r, cm_call_plan *c, uint32_t list)
{
    cm_signature signature;
    int32_t tensors[CM_MAX_INPUTS + 1];
    if (!cm_signature_parse(&signature, c->op ? c->op->args : c->function->args))
        return cm_read_bad(r, "its descriptor cannot be read");
    uint32_t n = cm_json_count(r->doc, list), at = cm_json_first(list);
    if (n > (uint32_t)signature.count)
        return cm_read_bad(r, "too many arguments");
    c->tensors = tensors; /* until they are counted */
    for (int k = 0; k < signature.count; k++) {
        bool given = (uint32_t)k < n;
        bool absent = !given || cm_read_is(r, at, CM_JSON_NULL);
        if (!read_argument(r, c, &signature.args[k], absent ? 0 : at)) {
            c->tensors = NULL;
            return false;
        }
        at = given ? cm_json_after(r->doc, at) : at;
    }
    c->tensors = cm_calloc(r->cx, CM_MAX(c->n_tensors, 1), sizeof *c->tensors);
    if (c->tensors)
        memcpy(c->tensors, tensors, c->n_tensors * sizeof *tensors);
    return c->tensors != NULL;
}
