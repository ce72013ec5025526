/* table.c - see table.h. */
#include "data/table.h"
#include "data/json_row.h"
#include "data/scan.h"
#include <string.h>

typedef struct reader {
    cm_ctx *cx;
    cm_source *source;
    const cm_table_options *options;
    const cm_column_spec *specs;
    cm_table *table;
    cm_scan scan;
    size_t *place;      /* [n_columns] the field of each column */
    int32_t *was;       /* [n_columns] texts in each given vocabulary before reading */
    size_t needed;      /* fields up to the last that is read */
    size_t expected;    /* fields of a line, if it must be exact */
    const char **names; /* [needed] */
} reader;

static bool check_column(cm_ctx *cx, const cm_table_options *o, const cm_column_spec *spec, int c)
{
    if (spec->kind == CM_COLUMN_LIST && !spec->rest && (!spec->separator || !*spec->separator))
        return cm_refuse(cx, CM_ERR_ARGUMENT, "column %d is a list and needs a separator", c + 1);
    if (spec->rest && (spec->kind != CM_COLUMN_LIST || o->json))
        return cm_refuse(cx, CM_ERR_ARGUMENT, "column %d cannot be the rest of a line", c + 1);
    if (spec->lookup && !spec->vocab)
        return cm_refuse(cx, CM_ERR_ARGUMENT, "column %d needs a vocabulary to look up in", c + 1);
    bool by_name = o->json || o->header == CM_HEADER_NAMES;
    if (by_name && spec->kind != CM_COLUMN_SKIP && !spec->name)
        return cm_refuse(cx, CM_ERR_ARGUMENT, "column %d needs a name to be found by", c + 1);
    return spec->at >= 0 ||
           cm_refuse(cx, CM_ERR_ARGUMENT, "column %d is at field %d", c + 1, spec->at);
}

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
        reads = reads || specs[c].kind != CM_COLUMN_SKIP;
        if (!check_column(cx, o, &specs[c], c))
            return false;
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
        r->place[c] = r->specs[c].at ? (size_t)r->specs[c].at - 1 : c;
        if (!cm_column_begin(r->cx, &t->columns[c], &r->specs[c]))
            return false;
    }
    return true;
}

/* Shows the scan what the source has at hand. */
static void show(reader *r)
{
    cm_source *from = r->source;
    r->scan.at = from->text + from->start;
    r->scan.end = from->text + from->end;
    r->scan.bad = from->bad == SIZE_MAX ? r->scan.end : from->text + from->bad;
    r->scan.final = from->at_end && from->end == from->used;
}

/* Reads the next line into the fields of the scan: CM_SCAN_MORE is never the answer. */
static cm_scan_state read_line(reader *r)
{
    for (;;) {
        cm_scan_state state =
            r->options->json ? cm_scan_whole_line(&r->scan) : cm_scan_line(&r->scan);
        r->source->start = (size_t)(r->scan.at - r->source->text);
        if (state != CM_SCAN_MORE)
            return state;
        if (r->source->used - r->source->start > CM_SOURCE_LINE) {
            cm_fail(r->cx, CM_ERR_LIMIT,
                    "%s, line %lld: it has more than %zu bytes (is a quote never closed?)",
                    r->scan.what, (long long)r->scan.line, CM_SOURCE_LINE);
            return CM_SCAN_BAD;
        }
        if (!cm_source_fill(r->cx, r->source))
            return CM_SCAN_BAD;
        show(r);
    }
}

/* Finds the columns by the names in the first line. */
static bool read_header(reader *r)
{
    cm_scan *s = &r->scan;
    for (int c = 0; c < r->table->n_columns; c++)
        r->place[c] = SIZE_MAX;
    for (size_t i = 0; i < s->n_fields; i++) {
        cm_text title = cm_text_trim(s->fields[i].text);
        for (int c = 0; c < r->table->n_columns; c++) {
            const char *name = r->specs[c].name;
            if (r->specs[c].kind == CM_COLUMN_SKIP || strlen(name) != title.len ||
                memcmp(name, title.text, title.len) != 0)
                continue;
            if (r->place[c] != SIZE_MAX)
                return cm_scan_fail(s, s->fields[i].line, i, title, "is in the header twice");
            r->place[c] = i;
        }
    }
    r->expected = s->n_fields;
    for (int c = 0; c < r->table->n_columns; c++)
        if (r->specs[c].kind != CM_COLUMN_SKIP && r->place[c] == SIZE_MAX) {
            const char *name = r->specs[c].name;
            char shown[CM_QUOTE_BYTES], wanted[CM_QUOTE_BYTES];
            cm_field *first = &s->fields[0], *last = &s->fields[s->n_fields - 1];
            const char *end = last->text.text + last->text.len;
            cm_text line = {first->text.text, (size_t)(end - first->text.text)};
            return cm_refuse(r->cx, CM_ERR_FORMAT, "%s: no column %s in the header %s", s->what,
                             cm_text_quote((cm_text){name, strlen(name)}, wanted),
                             cm_text_quote(line, shown));
        }
    return true;
}

/* Deals with the first line and prepares for the others. */
static bool begin(reader *r)
{
    cm_table *t = r->table;
    r->expected = (size_t)t->n_columns;
    if (!r->options->json && r->options->header != CM_HEADER_NONE) {
        cm_scan_state state = read_line(r);
        if (state == CM_SCAN_BAD)
            return false;
        if (r->options->header == CM_HEADER_NAMES) {
            if (state == CM_SCAN_END)
                return cm_refuse(r->cx, CM_ERR_FORMAT, "%s is empty; a header line is needed",
                                 r->scan.what);
            if (!read_header(r))
                return false;
        }
    }
    for (int c = 0; c < t->n_columns; c++)
        if (t->columns[c].kind != CM_COLUMN_SKIP)
            r->needed = CM_MAX(r->needed, r->place[c] + 1);
    r->names = cm_calloc(r->cx, r->needed, sizeof *r->names);
    if (!r->names)
        return false;
    for (int c = 0; c < t->n_columns; c++)
        if (r->place[c] < r->needed)
            r->names[r->place[c]] = r->specs[c].name ? r->specs[c].name : r->names[r->place[c]];
    r->scan.names = r->names;
    r->scan.n_names = r->needed;
    return true;
}

static bool make_room(reader *r)
{
    cm_table *t = r->table;
    if (t->rows >= INT32_MAX)
        return cm_refuse(r->cx, CM_ERR_LIMIT, "%s, line %lld: more than %d rows", r->scan.what,
                         (long long)r->scan.line, INT32_MAX);
    size_t rows = CM_MIN(CM_MAX(t->capacity * 2, 64), (size_t)INT32_MAX);
    for (int c = 0; c < t->n_columns; c++)
        if (!cm_column_resize(r->cx, &t->columns[c], rows))
            return false;
    t->capacity = rows;
    return true;
}

static bool fail_count(const reader *r)
{
    const cm_scan *s = &r->scan;
    char quoted[2][CM_QUOTE_BYTES];
    const cm_field *first = &s->fields[0], *last = &s->fields[s->n_fields - 1];
    const char *start = first->text.text - first->quoted;
    cm_text text = {start, (size_t)(last->text.text + last->text.len + last->quoted - start)};
    return cm_refuse(r->cx, CM_ERR_FORMAT,
                     "%s, line %lld: %zu fields where %s%zu are needed (delimiter %s): %s", s->what,
                     (long long)first->line, s->n_fields, r->options->exact ? "" : "at least ",
                     r->options->exact ? r->expected : r->needed,
                     cm_text_quote((cm_text){s->delimiter, s->width}, quoted[0]),
                     cm_text_quote(text, quoted[1]));
}

/* The entries of a list that is the rest of the line; *index becomes that of the field read last.
 */
static cm_column_fault set_rest(reader *r, int c, size_t *index)
{
    cm_column *column = &r->table->columns[c];
    cm_column_begin_list(column, r->table->rows);
    cm_column_fault fault = NULL;
    for (; !fault && *index < r->scan.n_fields; ++*index)
        fault = cm_column_add(r->cx, column, &r->specs[c], r->table->rows,
                              cm_text_trim(r->scan.fields[*index].text));
    --*index;
    return fault;
}

/* Sets a row from the fields of the line that was read. */
static bool set_row(reader *r)
{
    cm_scan *s = &r->scan;
    bool rest = false;
    for (int c = 0; c < r->table->n_columns; c++)
        rest = rest || r->specs[c].rest;
    if (r->options->exact && !rest ? s->n_fields != r->expected : s->n_fields < r->needed)
        return fail_count(r);
    for (int c = 0; c < r->table->n_columns; c++) {
        size_t i = r->place[c];
        cm_column *column = &r->table->columns[c];
        if (column->kind == CM_COLUMN_SKIP)
            continue;
        cm_column_fault fault = r->specs[c].rest ? set_rest(r, c, &i)
                                                 : cm_column_set(r->cx, column, &r->specs[c],
                                                                 r->table->rows, s->fields[i].text);
        if (fault == CM_COLUMN_NO_NUMBER && r->table->rows == 0 &&
            r->options->header == CM_HEADER_NONE)
            fault = "is not a finite number (if the first line is a header, the option header is "
                    "to say so)";
        if (fault && fault != CM_COLUMN_BROKEN)
            return cm_scan_fail(s, s->fields[i].line, i,
                                column->vocab ? column->culprit : s->fields[i].text, fault);
        if (fault)
            return false;
    }
    return true;
}

static bool read_rows(reader *r)
{
    cm_table *t = r->table;
    cm_scan_state state;
    while ((state = read_line(r)) == CM_SCAN_LINE) {
        const cm_field *line = r->scan.fields;
        if ((size_t)t->rows == t->capacity && !make_room(r))
            return false;
        if (r->options->json ? !cm_json_row(r->cx, t->columns, r->specs, t->n_columns, t->rows,
                                            line->text, r->scan.what, line->line)
                             : !set_row(r))
            return false;
        t->rows++;
    }
    /* A list without rows has its one offset all the same. */
    if (state == CM_SCAN_BAD || (t->capacity == 0 && !make_room(r)))
        return false;
    for (int c = 0; c < t->n_columns; c++)
        if (t->rows == 0 && t->columns[c].kind == CM_COLUMN_LIST)
            t->columns[c].offsets[0] = 0;
    return true;
}

cm_table *cm_table_of(cm_ctx *cx, cm_source *source, const cm_table_options *options,
                      const cm_column_spec *columns, int n_columns)
{
    if (!check_options(cx, options, columns, n_columns))
        return NULL;
    cm_table *table = cm_calloc(cx, 1, sizeof *table);
    if (!table)
        return NULL;
    reader r = {.cx = cx, .source = source, .options = options, .specs = columns, .table = table};
    r.scan = (cm_scan){.cx = cx,
                       .what = source->what,
                       .delimiter = options->delimiter,
                       .width = strlen(options->delimiter),
                       .quotes = options->quotes,
                       .escapes = options->escapes,
                       .trims = options->trims,
                       .line = 1};
    show(&r);
    bool good = prepare_columns(&r, n_columns) && begin(&r) && read_rows(&r);
    for (int c = 0; !good && r.was && c < n_columns; c++)
        if (columns[c].vocab)
            cm_vocab_truncate(columns[c].vocab, r.was[c]);
    cm_free(cx, r.place);
    cm_free(cx, r.was);
    cm_free(cx, r.scan.fields);
    cm_free(cx, r.names);
    if (good)
        return table;
    cm_table_free(cx, table);
    return NULL;
}

static cm_table *read_and_close(cm_ctx *cx, cm_source *source, const cm_table_options *options,
                                const cm_column_spec *columns, int n_columns)
{
    cm_table *table = source ? cm_table_of(cx, source, options, columns, n_columns) : NULL;
    cm_source_close(cx, source);
    return table;
}

cm_table *cm_table_read(cm_ctx *cx, const char *path, const cm_table_options *options,
                        const cm_column_spec *columns, int n_columns)
{
    return read_and_close(cx, cm_source_open(cx, path, options->encoding), options, columns,
                          n_columns);
}

cm_table *cm_table_parse(cm_ctx *cx, char *bytes, size_t size, const char *what,
                         const cm_table_options *options, const cm_column_spec *columns,
                         int n_columns)
{
    return read_and_close(cx, cm_source_of(cx, bytes, size, what, options->encoding), options,
                          columns, n_columns);
}

void cm_table_free(cm_ctx *cx, cm_table *table)
{
    if (!table)
        return;
    for (int c = 0; c < table->n_columns; c++)
        cm_column_end(cx, &table->columns[c]);
    cm_free(cx, table->columns);
    cm_free(cx, table);
}
