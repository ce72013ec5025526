/* table.c - see table.h. */
#include "data/table.h"
#include "base/sys.h"
#include "data/scan.h"
#include <float.h>
#include <math.h>
#include <string.h>

typedef struct reader {
    cm_ctx *cx;
    const cm_table_options *options;
    const cm_column_spec *specs;
    cm_table *table;
    cm_scan scan;
    size_t *place;      /* [n_columns] the field of each column */
    int32_t *was;       /* [n_columns] texts in each given vocabulary before reading */
    size_t needed;      /* fields up to the last that is read */
    size_t expected;    /* fields of a line, if it must be exact */
    cm_field *fields;   /* [needed] of the line at hand */
    const char **names; /* [needed] */
} reader;

static bool check_options(cm_ctx *cx, const cm_table_options *o, const cm_column_spec *specs,
                          int n_columns)
{
    size_t width = strlen(o->delimiter);
    bool reads = false;
    if (width < 1 || width > CM_DELIMITER_BYTES || strpbrk(o->delimiter, "\r\n") ||
        cm_utf8_span(o->delimiter, width) != width || (o->quotes && strchr(o->delimiter, '"')))
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "the delimiter must have 1 to %d bytes, no line ends and no quotes",
                         CM_DELIMITER_BYTES);
    for (int c = 0; c < n_columns; c++) {
        const cm_column_spec *spec = &specs[c];
        reads = reads || spec->kind != CM_COLUMN_SKIP;
        if (spec->kind == CM_COLUMN_LIST && (!spec->separator || !*spec->separator))
            return cm_refuse(cx, CM_ERR_ARGUMENT, "column %d is a list and needs a separator",
                             c + 1);
        if (spec->lookup && !spec->vocab)
            return cm_refuse(cx, CM_ERR_ARGUMENT, "column %d needs a vocabulary to look up in",
                             c + 1);
        if (o->header == CM_HEADER_NAMES && spec->kind != CM_COLUMN_SKIP && !spec->name)
            return cm_refuse(cx, CM_ERR_ARGUMENT, "column %d needs a name to be found by", c + 1);
    }
    return reads || cm_refuse(cx, CM_ERR_ARGUMENT, "no column is to be read");
}

static bool prepare_columns(reader *r, int n_columns)
{
    cm_table *t = r->table;
    size_t n = (size_t)n_columns;
    t->columns = cm_calloc(r->cx, n, sizeof *t->columns);
    if (!t->columns)
        return false;
    t->n_columns = n_columns;
    r->place = cm_alloc(r->cx, n * sizeof *r->place);
    r->was = cm_alloc(r->cx, n * sizeof *r->was);
    for (size_t c = 0; r->was && c < n; c++)
        r->was[c] = r->specs[c].vocab ? cm_vocab_count(r->specs[c].vocab) : 0;
    if (!r->place || !r->was)
        return false;
    for (size_t c = 0; c < n; c++) {
        cm_column *column = &t->columns[c];
        column->kind = r->specs[c].kind;
        r->place[c] = c;
        if (column->kind != CM_COLUMN_TEXT && column->kind != CM_COLUMN_LIST)
            continue;
        column->vocab = r->specs[c].vocab;
        if (column->vocab)
            cm_vocab_retain(column->vocab);
        else if (!(column->vocab = cm_vocab_new(r->cx)))
            return false;
    }
    return true;
}

/* Finds the columns by the names in the first line. */
static bool read_header(reader *r)
{
    cm_scan *s = &r->scan;
    cm_text line = {s->at, (size_t)(s->end - s->at)};
    char shown[CM_QUOTE_BYTES], wanted[CM_QUOTE_BYTES];
    const char *stop = memchr(line.text, '\n', line.len);
    line.len = stop ? (size_t)(stop - line.text) : line.len;
    cm_text_quote(line, shown);
    for (int c = 0; c < r->table->n_columns; c++)
        r->place[c] = SIZE_MAX;
    bool more = true;
    for (size_t i = 0; more; i++, r->expected = i) {
        cm_field field;
        if (!cm_scan_field(s, i, &field, &more))
            return false;
        cm_text title = cm_text_trim(field.text);
        for (int c = 0; c < r->table->n_columns; c++) {
            const char *name = r->specs[c].name;
            if (r->specs[c].kind == CM_COLUMN_SKIP || strlen(name) != title.len ||
                memcmp(name, title.text, title.len) != 0)
                continue;
            if (r->place[c] != SIZE_MAX)
                return cm_scan_fail(s, field.line, i, title, "is in the header twice");
            r->place[c] = i;
        }
    }
    for (int c = 0; c < r->table->n_columns; c++)
        if (r->specs[c].kind != CM_COLUMN_SKIP && r->place[c] == SIZE_MAX) {
            const char *name = r->specs[c].name;
            cm_text_quote((cm_text){name, strlen(name)}, wanted);
            return cm_refuse(r->cx, CM_ERR_FORMAT, "%s: no column %s in the header %s", s->what,
                             wanted, shown);
        }
    return true;
}

/* Deals with the first line and prepares for the others. */
static bool begin(reader *r)
{
    cm_table *t = r->table;
    r->expected = (size_t)t->n_columns;
    bool lines = cm_scan_begin(&r->scan);
    if (r->options->header == CM_HEADER_NAMES) {
        if (!lines)
            return cm_refuse(r->cx, CM_ERR_FORMAT, "%s is empty; a header line is needed",
                             r->scan.what);
        if (!read_header(r))
            return false;
    }
    bool more = r->options->header == CM_HEADER_SKIP && lines;
    for (size_t i = 0; more; i++) {
        cm_field field;
        if (!cm_scan_field(&r->scan, i, &field, &more))
            return false;
    }
    for (int c = 0; c < t->n_columns; c++)
        if (t->columns[c].kind != CM_COLUMN_SKIP)
            r->needed = CM_MAX(r->needed, r->place[c] + 1);
    r->fields = cm_calloc(r->cx, r->needed, sizeof *r->fields);
    r->names = cm_calloc(r->cx, r->needed, sizeof *r->names);
    if (!r->fields || !r->names)
        return false;
    for (int c = 0; c < t->n_columns; c++)
        if (r->place[c] < r->needed)
            r->names[r->place[c]] = r->specs[c].name;
    r->scan.names = r->names;
    r->scan.n_names = r->needed;
    return true;
}

static bool resize(cm_ctx *cx, void **block, size_t count, size_t size)
{
    void *grown = cm_realloc(cx, *block, count * size);
    if (grown)
        *block = grown;
    return grown != NULL;
}

static bool resize_column(cm_ctx *cx, cm_column *column, size_t rows)
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
    }
    return good;
}

static bool make_room(reader *r)
{
    cm_table *t = r->table;
    if (t->rows >= INT32_MAX)
        return cm_refuse(r->cx, CM_ERR_LIMIT, "%s, line %lld: more than %d rows", r->scan.what,
                         (long long)r->scan.line, INT32_MAX);
    size_t rows = CM_MIN(CM_MAX(t->capacity * 2, 64), (size_t)INT32_MAX);
    for (int c = 0; c < t->n_columns; c++)
        if (!resize_column(r->cx, &t->columns[c], rows))
            return false;
    t->capacity = rows;
    return true;
}

/* Numbers a text of the field at `place`. */
static bool number_text(reader *r, const cm_column_spec *spec, cm_vocab *vocab, cm_text text,
                        size_t place, int32_t *id)
{
    int32_t before = cm_vocab_count(vocab);
    *id = spec->lookup ? cm_vocab_find(vocab, text) : cm_vocab_add(r->cx, vocab, text);
    if (spec->unique && *id >= 0 && *id < before)
        return cm_scan_fail(&r->scan, r->fields[place].line, place, text,
                            "is there twice, and may be there once");
    if (*id < 0 && spec->known)
        return cm_scan_fail(&r->scan, r->fields[place].line, place, text, "is unknown");
    return spec->lookup || *id >= 0;
}

static bool read_list(reader *r, const cm_column_spec *spec, cm_column *column, size_t place)
{
    cm_text text = r->fields[place].text;
    int64_t row = r->table->rows;
    size_t width = strlen(spec->separator), used = row ? (size_t)column->offsets[row] : 0;
    const char *at = text.text, *end = at + text.len;
    column->offsets[0] = 0;
    while (at < end) {
        const char *stop = at;
        while (stop < end && ((size_t)(end - stop) < width || *stop != *spec->separator ||
                              memcmp(stop, spec->separator, width) != 0))
            stop++;
        cm_text entry = cm_text_trim((cm_text){at, (size_t)(stop - at)});
        at = stop < end ? stop + width : end;
        if (entry.len == 0)
            continue;
        void *ids = column->ids;
        if (used == INT32_MAX)
            return cm_refuse(r->cx, CM_ERR_LIMIT, "%s, line %lld: more than %d entries in lists",
                             r->scan.what, (long long)r->scan.line, INT32_MAX);
        if (!cm_grow(r->cx, &ids, &column->capacity, used + 1, sizeof *column->ids))
            return false;
        column->ids = ids;
        if (!number_text(r, spec, column->vocab, entry, place, &column->ids[used]))
            return false;
        used++;
    }
    column->offsets[row + 1] = (int32_t)used;
    return true;
}

static bool read_cell(reader *r, const cm_column_spec *spec, cm_column *column, size_t place)
{
    const cm_field *field = &r->fields[place];
    int64_t row = r->table->rows, integer;
    switch (column->kind) {
    case CM_COLUMN_SKIP:
        break;
    case CM_COLUMN_TEXT:
        return number_text(r, spec, column->vocab, field->text, place, &column->ids[row]);
    case CM_COLUMN_LIST:
        return read_list(r, spec, column, place);
    case CM_COLUMN_NUMBER:
        switch (cm_number_parse(cm_text_trim(field->text), &column->numbers[row])) {
        case CM_NUMBER_GOOD:
            if (CM_REAL_IS_DOUBLE || fabs(column->numbers[row]) <= (double)FLT_MAX)
                return true;
            /* fall through */
        case CM_NUMBER_LARGE:
            return cm_scan_fail(&r->scan, field->line, place, field->text,
                                "is beyond the range of " CM_REAL_NAME);
        case CM_NUMBER_BAD:
            break;
        }
        return cm_scan_fail(&r->scan, field->line, place, field->text, "is not a finite number");
    case CM_COLUMN_INTEGER:
        if (!cm_integer_parse(cm_text_trim(field->text), &integer) || integer < INT32_MIN ||
            integer > INT32_MAX)
            return cm_scan_fail(&r->scan, field->line, place, field->text,
                                "is not an integer of 32 bits");
        column->integers[row] = (int32_t)integer;
        break;
    }
    return true;
}

static bool read_row(reader *r)
{
    cm_scan *s = &r->scan;
    char *start = s->at, quoted[2][CM_QUOTE_BYTES];
    int64_t line = s->line;
    size_t n = 0;
    for (bool more = true; more; n++) {
        cm_field field;
        if (!cm_scan_field(s, n, &field, &more))
            return false;
        if (n < r->needed)
            r->fields[n] = field;
    }
    if (r->options->exact ? n != r->expected : n < r->needed) {
        cm_text text = {start, (size_t)(s->at - start)};
        while (text.len > 0 && strchr("\r\n", text.text[text.len - 1]))
            text.len--;
        return cm_refuse(r->cx, CM_ERR_FORMAT,
                         "%s, line %lld: %zu fields where %s%zu are needed (delimiter %s): %s",
                         s->what, (long long)line, n, r->options->exact ? "" : "at least ",
                         r->options->exact ? r->expected : r->needed,
                         cm_text_quote((cm_text){s->delimiter, s->width}, quoted[0]),
                         cm_text_quote(text, quoted[1]));
    }
    if ((size_t)r->table->rows == r->table->capacity && !make_room(r))
        return false;
    for (int c = 0; c < r->table->n_columns; c++)
        if (r->table->columns[c].kind != CM_COLUMN_SKIP &&
            !read_cell(r, &r->specs[c], &r->table->columns[c], r->place[c]))
            return false;
    r->table->rows++;
    return true;
}

static bool read_rows(reader *r)
{
    while (cm_scan_begin(&r->scan))
        if (!read_row(r))
            return false;
    /* A list without rows has its one offset all the same. */
    if (r->table->capacity == 0 && !make_room(r))
        return false;
    for (int c = 0; c < r->table->n_columns; c++)
        if (r->table->rows == 0 && r->table->columns[c].kind == CM_COLUMN_LIST)
            r->table->columns[c].offsets[0] = 0;
    return true;
}

cm_table *cm_table_parse(cm_ctx *cx, char *bytes, size_t size, const char *what,
                         const cm_table_options *options, const cm_column_spec *columns,
                         int n_columns)
{
    if (!check_options(cx, options, columns, n_columns)) {
        cm_free(cx, bytes);
        return NULL;
    }
    if (options->latin1)
        bytes = cm_text_from_latin1(cx, bytes, &size);
    cm_table *table = bytes ? cm_calloc(cx, 1, sizeof *table) : NULL;
    if (!table) {
        cm_free(cx, bytes);
        return NULL;
    }
    reader r = {.cx = cx, .options = options, .specs = columns, .table = table};
    r.scan = (cm_scan){.cx = cx,
                       .what = what,
                       .at = bytes,
                       .end = bytes + size,
                       .bad = bytes + cm_utf8_span(bytes, size),
                       .delimiter = options->delimiter,
                       .width = strlen(options->delimiter),
                       .quotes = options->quotes,
                       .line = 1};
    if (!options->latin1 && size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        r.scan.at += 3;
    bool good = prepare_columns(&r, n_columns) && begin(&r) && read_rows(&r);
    for (int c = 0; !good && r.was && c < n_columns; c++)
        if (columns[c].vocab)
            cm_vocab_truncate(columns[c].vocab, r.was[c]);
    cm_free(cx, r.place);
    cm_free(cx, r.was);
    cm_free(cx, r.fields);
    cm_free(cx, r.names);
    cm_free(cx, bytes);
    if (good)
        return table;
    cm_table_free(cx, table);
    return NULL;
}

cm_table *cm_table_read(cm_ctx *cx, const char *path, const cm_table_options *options,
                        const cm_column_spec *columns, int n_columns)
{
    size_t size;
    char *bytes = cm_sys_read(cx, path, &size);
    return bytes ? cm_table_parse(cx, bytes, size, path, options, columns, n_columns) : NULL;
}

void cm_table_free(cm_ctx *cx, cm_table *table)
{
    if (!table)
        return;
    for (int c = 0; c < table->n_columns; c++) {
        cm_column *column = &table->columns[c];
        cm_vocab_release(cx, column->vocab);
        cm_free(cx, column->ids);
        cm_free(cx, column->offsets);
        cm_free(cx, column->numbers);
        cm_free(cx, column->integers);
    }
    cm_free(cx, table->columns);
    cm_free(cx, table);
}
