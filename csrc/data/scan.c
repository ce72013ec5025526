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

bool cm_scan_begin(cm_scan *s)
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

static bool delimits(const cm_scan *s, const char *at)
{
    return *at == *s->delimiter && (s->width == 1 || ((size_t)(s->end - at) >= s->width &&
                                                      memcmp(at, s->delimiter, s->width) == 0));
}

/* Shows a little before the bad byte, and all that follows it in the field. */
static bool fail_encoding(const cm_scan *s, int64_t line, size_t index, const char *start,
                          const char *stop)
{
    const char *from = s->bad - start > 16 ? s->bad - 16 : start;
    return cm_scan_fail(s, line, index, (cm_text){from, (size_t)(stop - from)},
                        "is not valid UTF-8");
}

static bool read_quoted(cm_scan *s, size_t index, cm_field *field, bool *more)
{
    char *open = s->at, *from = open + 1, *to = from, *quote;
    field->line = s->line;
    for (;;) {
        quote = memchr(from, '"', (size_t)(s->end - from));
        if (!quote)
            return cm_scan_fail(s, field->line, index, (cm_text){open, (size_t)(s->end - open)},
                                "has no closing quote");
        for (const char *c = from; c < quote; c++)
            s->line += *c == '\n';
        if (to != from)
            memmove(to, from, (size_t)(quote - from));
        to += quote - from;
        from = quote + 1;
        if (from == s->end || *from != '"')
            break;
        *to++ = '"';
        from++;
    }
    field->text = (cm_text){open + 1, (size_t)(to - open - 1)};
    if (from > s->bad)
        return fail_encoding(s, field->line, index, open, from);
    *more = from < s->end && delimits(s, from);
    if (*more) {
        s->at = from + s->width;
        return true;
    }
    if (from < s->end && *from == '\r')
        from++;
    if (from < s->end && *from++ != '\n')
        return cm_scan_fail(s, s->line, index, (cm_text){quote, (size_t)(s->end - quote)},
                            "follows in a quoted field; a quote within one must be doubled");
    s->line += from[-1] == '\n';
    s->at = from;
    return true;
}

bool cm_scan_field(cm_scan *s, size_t index, cm_field *field, bool *more)
{
    char *start = s->at, *end = s->end, *stop = start, first = *s->delimiter;
    if (s->quotes && start < end && *start == '"')
        return read_quoted(s, index, field, more);
    while (stop < end && *stop != '\n' && (*stop != first || !delimits(s, stop)))
        stop++;
    *field = (cm_field){.text = {start, (size_t)(stop - start)}, .line = s->line};
    if (stop > s->bad)
        return fail_encoding(s, s->line, index, start, stop);
    *more = stop < end && *stop != '\n';
    if (*more) {
        s->at = stop + s->width;
        return true;
    }
    if (stop > start && stop[-1] == '\r')
        field->text.len--;
    s->line += stop < end;
    s->at = stop < end ? stop + 1 : stop;
    return true;
}
