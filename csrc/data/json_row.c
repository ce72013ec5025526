/* json_row.c - see json_row.h. */
#include "data/json_row.h"
#include "io/json.h"
#include <string.h>

#define DIGITS CM_NUMBER_BYTES

typedef struct reader {
    cm_ctx *cx;
    const cm_json *doc;
    cm_column *column;
    const cm_column_spec *spec;
    int64_t row;
} reader;

/* A whole number in decimal, at the end of a buffer of DIGITS bytes. */
static cm_text decimal(int64_t value, char *buffer)
{
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char *at = buffer + DIGITS;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        *--at = '-';
    return (cm_text){at, (size_t)(buffer + DIGITS - at)};
}

/* The text that a value stands for; as an id a number must be whole. */
static cm_column_fault text_of(const reader *r, uint32_t at, char *buffer, cm_text *text)
{
    const cm_json *doc = r->doc;
    int64_t whole;
    switch (cm_json_type_of(doc, at)) {
    case CM_JSON_NULL:
        *text = (cm_text){"", 0};
        return NULL;
    case CM_JSON_BOOLEAN:
        *text = cm_json_truth(doc, at) ? (cm_text){"true", 4} : (cm_text){"false", 5};
        return NULL;
    case CM_JSON_STRING:
        *text = cm_text_trim(cm_json_text(doc, at));
        return NULL;
    case CM_JSON_NUMBER:
        if (!cm_json_integer(doc, at, &whole)) {
            double value = cm_json_number(doc, at);
            if (!cm_id_number(value) && (r->spec->is_id || r->column->kind == CM_COLUMN_TIME))
                return "is a number with a fraction, or beyond 2^53; a text or a whole number is "
                       "needed";
            if (!cm_id_number(value)) {
                *text = (cm_text){buffer, cm_number_write(value, 0, buffer)};
                return NULL;
            }
            whole = (int64_t)value;
        }
        *text = decimal(whole, buffer);
        return NULL;
    case CM_JSON_ARRAY:
        return "is an array; a list column reads one";
    case CM_JSON_OBJECT:
        if (cm_json_count(doc, at) > 0 || r->spec->is_id)
            break;
        *text = (cm_text){"", 0};
        return NULL;
    }
    return r->spec->is_id ? "is an object; a text or a whole number is needed"
                          : "is an object; a single value is needed (leave the column out)";
}

/* Adds the entries of an array, and of arrays in it. */
static cm_column_fault add_entries(reader *r, uint32_t array)
{
    uint32_t at = cm_json_first(array), n = cm_json_count(r->doc, array);
    for (uint32_t i = 0; i < n; i++, at = cm_json_after(r->doc, at)) {
        char buffer[DIGITS];
        cm_text text;
        cm_column_fault fault;
        if (cm_json_type_of(r->doc, at) == CM_JSON_ARRAY) {
            fault = add_entries(r, at);
        } else {
            fault = text_of(r, at, buffer, &text);
            if (!fault)
                fault = cm_column_add(r->cx, r->column, r->spec, r->row, text);
        }
        if (fault)
            return fault;
    }
    return NULL;
}

static cm_column_fault set_value(reader *r, uint32_t at)
{
    cm_json_type type = at ? cm_json_type_of(r->doc, at) : CM_JSON_NULL;
    char buffer[DIGITS];
    cm_text text = {"", 0};
    if (type == CM_JSON_NUMBER && r->spec->kind == CM_COLUMN_NUMBER)
        return cm_column_set_number(r->column, r->row, cm_json_number(r->doc, at));
    if (type == CM_JSON_ARRAY && r->spec->kind == CM_COLUMN_LIST) {
        cm_column_begin_list(r->column, r->row);
        return add_entries(r, at);
    }
    cm_column_fault fault = at ? text_of(r, at, buffer, &text) : NULL;
    return fault ? fault : cm_column_set(r->cx, r->column, r->spec, r->row, text);
}

static bool fail(cm_ctx *cx, const char *what, int64_t line, const char *key, const cm_json *doc,
                 uint32_t at, const char *fault)
{
    char quoted[CM_QUOTE_BYTES] = "its value", name[CM_QUOTE_BYTES];
    cm_text_quote((cm_text){key, strlen(key)}, name);
    if (at == 0)
        strcpy(quoted, "nothing");
    else if (cm_json_type_of(doc, at) == CM_JSON_STRING)
        cm_text_quote(cm_json_text(doc, at), quoted);
    return cm_refuse(cx, CM_ERR_FORMAT, "%s, line %lld, key %s: %s %s", what, (long long)line, name,
                     quoted, fault);
}

/* Puts the file and the line before what the parser said, which knows neither. */
static bool fail_to_parse(cm_ctx *cx, const char *what, int64_t line)
{
    char said[256];
    cm_status code = cm_error_code(cx);
    const char *text = cm_error_text(cx);
    size_t n = CM_MIN(strlen(text), sizeof said - 1);
    if (code == CM_ERR_NO_MEMORY)
        return false;
    memcpy(said, text, n);
    said[n] = '\0';
    cm_error_clear(cx);
    return cm_refuse(cx, code, "%s, line %lld: %s", what, (long long)line, said);
}

bool cm_json_row(cm_ctx *cx, cm_column *columns, const cm_column_spec *specs, int n_columns,
                 int64_t row, cm_text text, const char *what, int64_t line)
{
    cm_json *doc = cm_json_parse(cx, text.text, text.len, SIZE_MAX, "its JSON");
    if (!doc)
        return fail_to_parse(cx, what, line);
    bool good = cm_json_type_of(doc, 0) == CM_JSON_OBJECT;
    char quoted[CM_QUOTE_BYTES];
    if (!good)
        cm_fail(cx, CM_ERR_FORMAT, "%s, line %lld: an object a line is needed, not %s", what,
                (long long)line, cm_text_quote(text, quoted));
    for (int c = 0; good && c < n_columns; c++) {
        reader r = {cx, doc, &columns[c], &specs[c], row};
        if (specs[c].kind == CM_COLUMN_SKIP)
            continue;
        uint32_t at = cm_json_find(doc, 0, specs[c].name);
        cm_column_fault fault = set_value(&r, at);
        good = !fault;
        if (fault && fault != CM_COLUMN_BROKEN)
            (void)!fail(cx, what, line, specs[c].name, doc, at, fault);
    }
    cm_json_free(cx, doc);
    return good;
}
