/* column.c - see column.h. */
#include "data/column.h"
#include "data/moment.h"
#include <float.h>
#include <math.h>
#include <string.h>

const char CM_COLUMN_BROKEN[] = "an error was recorded";

const char CM_COLUMN_NO_NUMBER[] = "is not a finite number";

bool cm_column_begin(cm_ctx *cx, cm_column *column, const cm_column_spec *spec)
{
    *column = (cm_column){.kind = spec->kind};
    if (spec->kind != CM_COLUMN_TEXT && spec->kind != CM_COLUMN_LIST)
        return true;
    column->vocab = spec->vocab;
    if (column->vocab)
        cm_vocab_retain(column->vocab);
    else
        column->vocab = cm_vocab_new(cx);
    return column->vocab != NULL;
}

static bool resize(cm_ctx *cx, void **block, size_t count, size_t size)
{
    void *grown = cm_realloc(cx, *block, count * size);
    if (grown)
        *block = grown;
    return grown != NULL;
}

bool cm_column_resize(cm_ctx *cx, cm_column *column, size_t rows)
{
    void *block = NULL;
    bool good = true;
    switch (column->kind) {
    case CM_COLUMN_SKIP:
        break;
    case CM_COLUMN_TEXT:
        block = column->ids;
        good = resize(cx, &block, rows, sizeof *column->ids);
        column->ids = block;
        break;
    case CM_COLUMN_LIST:
        block = column->offsets;
        good = resize(cx, &block, rows + 1, sizeof *column->offsets);
        column->offsets = block;
        break;
    case CM_COLUMN_NUMBER:
        block = column->numbers;
        good = resize(cx, &block, rows, sizeof *column->numbers);
        column->numbers = block;
        break;
    case CM_COLUMN_INTEGER:
        block = column->integers;
        good = resize(cx, &block, rows, sizeof *column->integers);
        column->integers = block;
        break;
    case CM_COLUMN_TIME:
        block = column->times;
        good = resize(cx, &block, rows, sizeof *column->times);
        column->times = block;
        break;
    }
    return good;
}

/* Numbers a text. */
static cm_column_fault number_text(cm_ctx *cx, cm_column *column, const cm_column_spec *spec,
                                   cm_text text, int32_t *id)
{
    column->culprit = text;
    if (spec->is_id && !cm_id_text(cx, text, &text)) {
        cm_error_clear(cx); /* the caller knows where */
        return "is empty, but an id is needed";
    }
    if (spec->lookup) {
        *id = cm_vocab_find(column->vocab, text);
        return *id < 0 && spec->known ? "is unknown" : NULL;
    }
    int32_t before = cm_vocab_count(column->vocab);
    *id = cm_vocab_add(cx, column->vocab, text);
    if (*id < 0)
        return CM_COLUMN_BROKEN;
    return spec->unique && *id < before ? "is there twice, and may be there once" : NULL;
}

void cm_column_begin_list(cm_column *column, int64_t row)
{
    if (row == 0)
        column->offsets[0] = 0;
    column->offsets[row + 1] = column->offsets[row];
}

cm_column_fault cm_column_add(cm_ctx *cx, cm_column *column, const cm_column_spec *spec,
                              int64_t row, cm_text entry)
{
    size_t used = (size_t)column->offsets[row + 1];
    void *ids = column->ids;
    if (entry.len == 0)
        return NULL;
    if (used == INT32_MAX)
        return "is one entry more than the 2147483647 that lists may have";
    if (!cm_grow(cx, &ids, &column->capacity, used + 1, sizeof *column->ids))
        return CM_COLUMN_BROKEN;
    column->ids = ids;
    cm_column_fault fault = number_text(cx, column, spec, entry, &column->ids[used]);
    column->offsets[row + 1] = (int32_t)used + !fault;
    return fault;
}

static cm_column_fault set_list(cm_ctx *cx, cm_column *column, const cm_column_spec *spec,
                                int64_t row, cm_text text)
{
    size_t width = strlen(spec->separator);
    const char *at = text.text, *end = at + text.len;
    cm_column_begin_list(column, row);
    while (at < end) {
        const char *stop = at;
        while (stop < end && ((size_t)(end - stop) < width || *stop != *spec->separator ||
                              memcmp(stop, spec->separator, width) != 0))
            stop++;
        cm_text entry = cm_text_trim((cm_text){at, (size_t)(stop - at)});
        cm_column_fault fault = cm_column_add(cx, column, spec, row, entry);
        if (fault)
            return fault;
        at = stop < end ? stop + width : end;
    }
    return NULL;
}

cm_column_fault cm_column_set_number(cm_column *column, int64_t row, double value)
{
    if (!CM_REAL_IS_DOUBLE && fabs(value) > (double)FLT_MAX)
        return "is beyond the range of " CM_REAL_NAME;
    column->numbers[row] = (cm_real)value;
    return NULL;
}

/* The number with a point where the comma is; NULL where that cannot be. */
static const char *with_point(cm_text text, char buffer[64])
{
    const char *comma = memchr(text.text, ',', text.len);
    if (!comma || text.len > 60 || memchr(text.text, '.', text.len))
        return NULL;
    memcpy(buffer, text.text, text.len);
    buffer[comma - text.text] = '.';
    return buffer;
}

static cm_column_fault set_number(cm_column *column, const cm_column_spec *spec, int64_t row,
                                  cm_text text)
{
    char buffer[64];
    double value = 0.0;
    text = cm_text_trim(text);
    if (spec->missing && text.len == 0) {
        column->numbers[row] = (cm_real)NAN;
        return NULL;
    }
    const char *pointed = with_point(text, buffer);
    if (pointed && spec->comma)
        text.text = pointed;
    switch (cm_number_parse(text, &value)) {
    case CM_NUMBER_GOOD:
        return cm_column_set_number(column, row, value);
    case CM_NUMBER_LARGE:
        return "is beyond the range of " CM_REAL_NAME;
    case CM_NUMBER_BAD:
        break;
    }
    if (pointed && cm_number_parse((cm_text){pointed, text.len}, &value) == CM_NUMBER_GOOD)
        return "is not a finite number (decimal = \",\" reads a comma before decimals)";
    return CM_COLUMN_NO_NUMBER;
}

cm_column_fault cm_column_set(cm_ctx *cx, cm_column *column, const cm_column_spec *spec,
                              int64_t row, cm_text text)
{
    int64_t integer = 0;
    switch (column->kind) {
    case CM_COLUMN_SKIP:
        break;
    case CM_COLUMN_TEXT:
        return number_text(cx, column, spec, text, &column->ids[row]);
    case CM_COLUMN_LIST:
        return set_list(cx, column, spec, row, text);
    case CM_COLUMN_NUMBER:
        return set_number(column, spec, row, text);
    case CM_COLUMN_INTEGER:
        if (!cm_integer_parse(cm_text_trim(text), &integer) || integer < INT32_MIN ||
            integer > INT32_MAX)
            return "is not an integer of 32 bits";
        column->integers[row] = (int32_t)integer;
        break;
    case CM_COLUMN_TIME:
        if (!cm_moment_parse(cm_text_trim(text), &column->times[row]))
            return "is not a time: a whole number (seconds or milliseconds), or a date such as "
                   "2014-01-09 20:45:11";
        break;
    }
    return NULL;
}

void cm_column_end(cm_ctx *cx, cm_column *column)
{
    cm_vocab_release(cx, column->vocab);
    cm_free(cx, column->ids);
    cm_free(cx, column->offsets);
    cm_free(cx, column->numbers);
    cm_free(cx, column->integers);
    cm_free(cx, column->times);
    *column = (cm_column){.kind = column->kind};
}
