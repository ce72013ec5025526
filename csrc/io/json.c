/* json.c - see json.h. */
#include "io/json.h"
#include <string.h>

typedef struct value {
    uint8_t type;
    bool exact;     /* a number that is kept as an integer */
    uint32_t count; /* elements or members */
    uint32_t after;
    union {
        bool truth;
        double number;
        int64_t integer;
        struct {
            uint32_t start, len; /* in the characters */
        } string;
    } as;
} value;

struct cm_json {
    value *values;
    size_t count, capacity;
    char *characters;
    size_t used;
};

typedef struct parser {
    cm_ctx *cx;
    cm_json *doc;
    const char *text, *at, *end, *what;
    int depth;
} parser;

/* Fails with the line and column of the place `where`; what was found there, or the end, is shown.
 */
static bool fail_at(parser *p, const char *where, const char *message)
{
    size_t line = 1, column = 1;
    char quoted[CM_QUOTE_BYTES];
    for (const char *s = p->text; s < where; s++) {
        /* Columns count characters: the bytes that continue one do not count. */
        column = *s == '\n' ? 1 : column + (((unsigned char)*s & 0xC0) != 0x80);
        line += *s == '\n';
    }
    size_t rest = (size_t)(p->end - where);
    return cm_refuse(
        p->cx, CM_ERR_FORMAT, "%s: line %zu, column %zu: %s, found %s", p->what, line, column,
        message, rest == 0 ? "the end" : cm_text_quote((cm_text){where, CM_MIN(rest, 20)}, quoted));
}

static bool parse_value(parser *p);

static void skip_space(parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r'))
        p->at++;
}

static bool add(parser *p, cm_json_type type)
{
    cm_json *doc = p->doc;
    void *values = doc->values;
    if (!cm_grow(p->cx, &values, &doc->capacity, doc->count + 1, sizeof *doc->values))
        return false;
    doc->values = values;
    doc->values[doc->count++] = (value){.type = (uint8_t)type, .after = (uint32_t)doc->count};
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind \u, or -1. */
static int32_t hex_quad(parser *p, const char *s)
{
    int32_t unit = 0;
    if (p->end - s < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(s[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* What follows \u at p->at - 2; writes the character. */
static bool parse_unicode(parser *p, const char *start)
{
    int32_t unit = hex_quad(p, p->at);
    if (unit < 0)
        return fail_at(p, start, "\\u needs four hexadecimal digits");
    p->at += 4;
    if (unit >= 0xD800 && unit <= 0xDFFF) {
        bool paired = p->end - p->at >= 2 && p->at[0] == '\\' && p->at[1] == 'u';
        int32_t low = paired ? hex_quad(p, p->at + 2) : -1;
        if (unit > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
            return fail_at(p, start, "a surrogate needs its other half");
        p->at += 6;
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    p->doc->used += cm_utf8_encode((uint32_t)unit, p->doc->characters + p->doc->used);
    return true;
}

/* The block of characters is as large as the text: no string grows by being decoded, and its two
 * quotes leave room for the zero behind it. */
static bool parse_string(parser *p)
{
    if (!add(p, CM_JSON_STRING))
        return false;
    cm_json *doc = p->doc;
    value *v = &doc->values[doc->count - 1];
    const char *open = p->at++;
    v->as.string.start = (uint32_t)doc->used;
    for (;;) {
        const char *s = p->at;
        if (s == p->end)
            return fail_at(p, open, "a string without its closing quote");
        unsigned char c = (unsigned char)*p->at++;
        if (c == '"')
            break;
        if (c < 0x20)
            return fail_at(p, s, "a control character must be escaped in a string");
        if (c != '\\') {
            doc->characters[doc->used++] = (char)c;
            continue;
        }
        c = p->at < p->end ? (unsigned char)*p->at++ : 0;
        if (c == 'u') {
            if (!parse_unicode(p, s))
                return false;
            continue;
        }
        static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
        const char *name = c ? strchr(names, c) : NULL;
        if (!name)
            return fail_at(p, s, "no such escape");
        doc->characters[doc->used++] = meant[name - names];
    }
    v->as.string.len = (uint32_t)doc->used - v->as.string.start;
    doc->characters[doc->used++] = '\0';
    return true;
}

static bool digits(parser *p)
{
    const char *start = p->at;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        p->at++;
    return p->at > start;
}

static bool parse_number(parser *p)
{
    const char *start = p->at;
    bool integer = true;
    p->at += p->at < p->end && *p->at == '-';
    const char *first = p->at;
    if (!digits(p))
        return fail_at(p, start, "expected a value");
    if (*first == '0' && p->at - first > 1)
        return fail_at(p, start, "a number must not begin with 0");
    if (p->at < p->end && *p->at == '.') {
        integer = false;
        p->at++;
        if (!digits(p))
            return fail_at(p, start, "a number needs digits behind its point");
    }
    if (p->at < p->end && (*p->at == 'e' || *p->at == 'E')) {
        integer = false;
        p->at++;
        p->at += p->at < p->end && (*p->at == '-' || *p->at == '+');
        if (!digits(p))
            return fail_at(p, start, "a number needs digits in its exponent");
    }
    if (!add(p, CM_JSON_NUMBER))
        return false;
    value *v = &p->doc->values[p->doc->count - 1];
    cm_text written = {start, (size_t)(p->at - start)};
    int64_t exact;
    /* -0 has no integer of its own. */
    if (integer && cm_integer_parse(written, &exact) && !(exact == 0 && *start == '-')) {
        v->exact = true;
        v->as.integer = exact;
        return true;
    }
    switch (cm_number_parse(written, &v->as.number)) {
    case CM_NUMBER_GOOD:
        return true;
    case CM_NUMBER_LARGE:
        return fail_at(p, start, "a number is too large");
    case CM_NUMBER_BAD:
        break;
    }
    return fail_at(p, start, "a number is too long");
}

static bool parse_word(parser *p, const char *word, cm_json_type type, bool truth)
{
    size_t n = strlen(word);
    if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n) != 0)
        return fail_at(p, p->at, "expected a value");
    p->at += n;
    if (!add(p, type))
        return false;
    p->doc->values[p->doc->count - 1].as.truth = truth;
    return true;
}

/* Refuses a key that an object has twice: readers disagree about which one is valid. */
static bool keys_differ(parser *p, uint32_t object, const char *where)
{
    const cm_json *doc = p->doc;
    size_t n = doc->values[object].count;
    if (n < 2)
        return true;
    cm_text *keys = cm_alloc(p->cx, n * (sizeof *keys + sizeof(uint32_t)));
    if (!keys)
        return false;
    uint32_t *order = (uint32_t *)(void *)(keys + n), at = object + 1;
    for (size_t i = 0; i < n; i++, at = cm_json_after(doc, at + 1))
        keys[i] = cm_json_text(doc, at);
    const cm_text *twice = cm_text_sort(keys, order, n);
    if (twice) {
        char message[CM_QUOTE_BYTES + 64] = "an object has this key twice: ";
        cm_text_quote(*twice, message + strlen(message));
        fail_at(p, where, message);
    }
    cm_free(p->cx, keys);
    return !twice;
}

static bool parse_member(parser *p)
{
    if (p->at == p->end || *p->at != '"')
        return fail_at(p, p->at, "expected a key in double quotes");
    if (!parse_string(p))
        return false;
    skip_space(p);
    if (p->at == p->end || *p->at != ':')
        return fail_at(p, p->at, "expected ':' behind a key");
    p->at++;
    return parse_value(p);
}

static bool parse_container(parser *p, cm_json_type type, char close)
{
    const char *open = p->at++;
    cm_json *doc = p->doc;
    uint32_t self = (uint32_t)doc->count;
    bool object = type == CM_JSON_OBJECT;
    if (++p->depth > CM_JSON_DEPTH)
        return fail_at(p, open, "nested too deeply");
    if (!add(p, type))
        return false;
    skip_space(p);
    if (p->at < p->end && *p->at == close) {
        p->at++;
        p->depth--;
        return true;
    }
    for (;;) {
        skip_space(p);
        if (!(object ? parse_member(p) : parse_value(p)))
            return false;
        doc->values[self].count++;
        skip_space(p);
        if (p->at == p->end || (*p->at != ',' && *p->at != close))
            return fail_at(p, p->at, object ? "expected ',' or '}'" : "expected ',' or ']'");
        if (*p->at++ == close)
            break;
    }
    doc->values[self].after = (uint32_t)doc->count;
    p->depth--;
    return !object || keys_differ(p, self, open);
}

static bool parse_value(parser *p)
{
    skip_space(p);
    switch (p->at < p->end ? *p->at : '\0') {
    case '{':
        return parse_container(p, CM_JSON_OBJECT, '}');
    case '[':
        return parse_container(p, CM_JSON_ARRAY, ']');
    case '"':
        return parse_string(p);
    case 't':
        return parse_word(p, "true", CM_JSON_BOOLEAN, true);
    case 'f':
        return parse_word(p, "false", CM_JSON_BOOLEAN, false);
    case 'n':
        return parse_word(p, "null", CM_JSON_NULL, false);
    }
    return parse_number(p);
}

cm_json *cm_json_parse(cm_ctx *cx, const char *text, size_t len, size_t limit, const char *what)
{
    if (len > CM_MIN(limit, (size_t)INT32_MAX))
        return cm_fail(cx, CM_ERR_LIMIT, "%s: %zu bytes of JSON; at most %zu are accepted", what,
                       len, CM_MIN(limit, (size_t)INT32_MAX));
    parser p = {.cx = cx, .text = text, .at = text, .end = text + len, .what = what};
    size_t valid = cm_utf8_span(text, len);
    if (valid < len) {
        fail_at(&p, text + valid, "bad UTF-8");
        return NULL;
    }
    cm_json *doc = p.doc = cm_calloc(cx, 1, sizeof *doc);
    if (!doc)
        return NULL;
    doc->characters = cm_alloc(cx, len + 1);
    if (doc->characters && parse_value(&p)) {
        skip_space(&p);
        if (p.at == p.end)
            return doc;
        fail_at(&p, p.at, "expected the end");
    }
    cm_json_free(cx, doc);
    return NULL;
}

void cm_json_free(cm_ctx *cx, cm_json *doc)
{
    if (!doc)
        return;
    cm_free(cx, doc->values);
    cm_free(cx, doc->characters);
    cm_free(cx, doc);
}

cm_json_type cm_json_type_of(const cm_json *doc, uint32_t at)
{
    return (cm_json_type)doc->values[at].type;
}

bool cm_json_truth(const cm_json *doc, uint32_t at)
{
    return doc->values[at].as.truth;
}

double cm_json_number(const cm_json *doc, uint32_t at)
{
    const value *v = &doc->values[at];
    return v->exact ? (double)v->as.integer : v->as.number;
}

bool cm_json_integer(const cm_json *doc, uint32_t at, int64_t *out)
{
    const value *v = &doc->values[at];
    if (v->exact)
        *out = v->as.integer;
    return v->exact;
}

cm_text cm_json_text(const cm_json *doc, uint32_t at)
{
    const value *v = &doc->values[at];
    return (cm_text){doc->characters + v->as.string.start, v->as.string.len};
}

uint32_t cm_json_count(const cm_json *doc, uint32_t at)
{
    return doc->values[at].count;
}

uint32_t cm_json_first(uint32_t at)
{
    return at + 1;
}

uint32_t cm_json_after(const cm_json *doc, uint32_t at)
{
    return doc->values[at].after;
}

uint32_t cm_json_find(const cm_json *doc, uint32_t object, const char *key)
{
    cm_text wanted = {key, strlen(key)};
    uint32_t at = cm_json_first(object);
    for (uint32_t i = 0; i < cm_json_count(doc, object); i++, at = cm_json_after(doc, at + 1))
        if (cm_text_compare(cm_json_text(doc, at), wanted) == 0)
            return at + 1;
    return 0;
}
