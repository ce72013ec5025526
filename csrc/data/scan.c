/* scan.c - see scan.h. */
#include "data/scan.h"
#include <string.h>

bool cm_scan_fail(const cm_scan *s, int64_t line, size_t index, cm_text text, const char *fault)
{
    char quoted[CM_QUOTE_BYTES];
    const char *name = index < s->n_names ? s->names[index] : NULL;
    return cm_refuse(s->cx, CM_ERR_FORMAT, "%s, line %lld, column %zu%s%.64s%s: %s %s", s->what,
                     (long long)line, index + 1, name ? " (" : "", name ? name : "",
                     name ? ")" : "", cm_text_quote(text, quoted), fault);
}

static cm_scan_state fail(const cm_scan *s, int64_t line, size_t index, cm_text text,
                          const char *fault)
{
    (void)!cm_scan_fail(s, line, index, text, fault);
    return CM_SCAN_BAD;
}

/* Passes over empty lines. False at the end of the text. */
static bool begin(cm_scan *s)
{
    for (; s->at < s->end; s->at++) {
        bool ends = s->at + 1 == s->end || s->at[1] == '\n';
        if (*s->at == '\n')
            s->line++;
        else if (*s->at != '\r' || !ends)
            return true;
    }
    return false;
}

/* At the end of the text at hand. */
static cm_scan_state past_end(const cm_scan *s)
{
    return s->final ? CM_SCAN_END : CM_SCAN_MORE;
}

static bool delimits(const cm_scan *s, const char *at)
{
    return *at == *s->delimiter && (s->width == 1 || ((size_t)(s->end - at) >= s->width &&
                                                      memcmp(at, s->delimiter, s->width) == 0));
}

/* Shows a little before the bad byte, and all that follows it in the field. */
static cm_scan_state fail_encoding(const cm_scan *s, int64_t line, size_t index, const char *start,
                                   const char *stop)
{
    const char *from = s->bad - start > 16 ? s->bad - 16 : start;
    return fail(s, line, index, (cm_text){from, (size_t)(stop - from)},
                "is not valid UTF-8 (encoding = \"latin-1\" reads any byte)");
}

static char *skip_blanks(char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/* Whether the quote has an odd number of \ before it, none of them before `open`. */
static bool is_escaped(const char *open, const char *quote)
{
    const char *s = quote;
    while (s > open && s[-1] == '\\')
        s--;
    return (quote - s) & 1;
}

/* Finds the end of a quoted field that begins at `open`: *stop is behind its closing quote. */
static cm_scan_state find_closing(cm_scan *s, char *open, int64_t *line, cm_field *field,
                                  char **stop)
{
    char *from = open + 1, *quote;
    for (;;) {
        quote = memchr(from, '"', (size_t)(s->end - from));
        if (!quote || (quote + 1 == s->end && !s->final))
            return s->final ? CM_SCAN_END : CM_SCAN_MORE;
        for (const char *c = from; c < quote; c++)
            *line += *c == '\n';
        from = quote + 1;
        if (s->escapes && is_escaped(open + 1, quote)) {
            field->marked = true;
        } else if (from < s->end && *from == '"') {
            field->marked = true;
            from++;
        } else {
            break;
        }
    }
    field->quoted = true;
    field->text = (cm_text){open + 1, (size_t)(quote - open - 1)};
    *stop = from;
    return CM_SCAN_LINE;
}

/* A field in quotes. `*at` goes behind its delimiter or line end; *line is that of `*at`. */
static cm_scan_state scan_quoted(cm_scan *s, size_t index, char *open, char **at, int64_t *line,
                                 cm_field *field, bool *more)
{
    char *stop = NULL;
    cm_scan_state state = find_closing(s, open, line, field, &stop);
    if (state == CM_SCAN_END)
        return fail(s, field->line, index, (cm_text){open, (size_t)(s->end - open)},
                    "has no closing quote (where quotes are text, quotes are to be off)");
    if (state != CM_SCAN_LINE)
        return state;
    char *quote = stop - 1;
    if (s->trims && !delimits(s, stop))
        stop = skip_blanks(stop, s->end);
    if (stop > s->bad)
        return fail_encoding(s, field->line, index, open, stop);
    if ((size_t)(s->end - stop) < CM_MAX(s->width, 2) && !s->final)
        return CM_SCAN_MORE;
    *more = stop < s->end && delimits(s, stop);
    if (*more) {
        *at = stop + s->width;
        return CM_SCAN_LINE;
    }
    if (stop < s->end && *stop == '\r')
        stop++;
    if (stop < s->end && *stop++ != '\n')
        return fail(s, *line, index, (cm_text){quote, (size_t)(s->end - quote)},
                    "follows in a quoted field; a quote within one must be doubled");
    *line += stop[-1] == '\n';
    *at = stop;
    return CM_SCAN_LINE;
}

static cm_scan_state scan_field(cm_scan *s, size_t index, char **at, int64_t *line, cm_field *field,
                                bool *more)
{
    char *start = *at, *end = s->end, *stop = start, first = *s->delimiter;
    *field = (cm_field){.line = *line};
    if (s->quotes) {
        char *open =
            s->trims && !(start < end && delimits(s, start)) ? skip_blanks(start, end) : start;
        if (open < end && *open == '"')
            return scan_quoted(s, index, open, at, line, field, more);
    }
    while (stop < end && *stop != '\n' && (*stop != first || !delimits(s, stop)))
        stop++;
    if (stop == end && !s->final)
        return CM_SCAN_MORE;
    field->text = (cm_text){start, (size_t)(stop - start)};
    if (stop > s->bad)
        return fail_encoding(s, *line, index, start, stop);
    *more = stop < end && *stop != '\n';
    if (*more) {
        *at = stop + s->width;
    } else {
        if (stop > start && stop[-1] == '\r')
            field->text.len--;
        *line += stop < end;
        *at = stop < end ? stop + 1 : stop;
    }
    if (s->trims)
        field->text = cm_text_trim(field->text);
    return CM_SCAN_LINE;
}

/* Takes the doubled quote or the \ out of the text of a field, in place. */
static void clean(const cm_scan *s, cm_field *field)
{
    char *text = s->at + (field->text.text - s->at);
    size_t used = 0;
    for (size_t i = 0; i < field->text.len; i++) {
        bool twice = i + 1 < field->text.len && text[i + 1] == '"';
        if (twice && (text[i] == '"' || (s->escapes && text[i] == '\\')))
            i++;
        text[used++] = text[i];
    }
    field->text.len = used;
}

static bool add_field(cm_scan *s, const cm_field *field)
{
    void *fields = s->fields;
    if (s->n_fields == s->capacity &&
        !cm_grow(s->cx, &fields, &s->capacity, s->n_fields + 1, sizeof *s->fields))
        return false;
    s->fields = fields;
    s->fields[s->n_fields++] = *field;
    return true;
}

cm_scan_state cm_scan_line(cm_scan *s)
{
    if (!begin(s))
        return past_end(s);
    char *at = s->at;
    int64_t line = s->line;
    bool marked = false, more = true;
    for (s->n_fields = 0; more;) {
        cm_field field;
        cm_scan_state state = scan_field(s, s->n_fields, &at, &line, &field, &more);
        if (state != CM_SCAN_LINE)
            return state;
        if (!add_field(s, &field))
            return CM_SCAN_BAD;
        marked = marked || field.marked;
    }
    for (size_t i = 0; marked && i < s->n_fields; i++)
        if (s->fields[i].marked)
            clean(s, &s->fields[i]);
    s->at = at;
    s->line = line;
    return CM_SCAN_LINE;
}

cm_scan_state cm_scan_whole_line(cm_scan *s)
{
    if (!begin(s))
        return past_end(s);
    char *stop = memchr(s->at, '\n', (size_t)(s->end - s->at));
    if (!stop && !s->final)
        return CM_SCAN_MORE;
    char *end = stop ? stop : s->end;
    cm_field field = {.text = {s->at, (size_t)(end - s->at)}, .line = s->line};
    s->n_fields = 0;
    if (end > s->bad)
        return fail_encoding(s, s->line, 0, s->at, end);
    if (!add_field(s, &field))
        return CM_SCAN_BAD;
    s->line += stop != NULL;
    s->at = stop ? stop + 1 : end;
    return CM_SCAN_LINE;
}
