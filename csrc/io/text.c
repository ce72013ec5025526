/* text.c - see text.h. */
#include "io/text.h"
#include "base/locale.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* How many bytes from the start are ASCII. */
static size_t ascii_span(const char *text, size_t n)
{
    size_t i = 0;
    for (uint64_t word; i + sizeof word <= n; i += sizeof word) {
        memcpy(&word, text + i, sizeof word);
        if (word & HIGH_BITS)
            break;
    }
    while (i < n && (unsigned char)text[i] < 0x80)
        i++;
    return i;
}

/* Bytes of the character at s, 0 if it is not valid UTF-8. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
    if (s[0] < 0x80)
        return 1;
    size_t length = s[0] >= 0xF0 ? 4 : (s[0] >= 0xE0 ? 3 : 2);
    if (s[0] < 0xC2 || s[0] > 0xF4 || length > n)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    /* Overlong forms, surrogates, and what is beyond U+10FFFF, all show in the second byte. */
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return length;
}

size_t cm_utf8_span(const char *text, size_t n)
{
    size_t at = 0;
    for (;;) {
        at += ascii_span(text + at, n - at);
        if (at == n)
            return n;
        size_t length = utf8_length((const unsigned char *)text + at, n - at);
        if (length == 0)
            return at;
        at += length;
    }
}

size_t cm_utf8_encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t length = c < 0x800 ? 2 : (c < 0x10000 ? 3 : 4);
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(lead[length] | c);
    return length;
}

char *cm_text_from_latin1(cm_ctx *cx, char *text, size_t *size)
{
    size_t n = *size, high = 0, used = 0;
    for (size_t i = 0; i < n; i++)
        high += (unsigned char)text[i] >> 7;
    if (high == 0)
        return text;
    char *wide = cm_alloc(cx, n + high + 1);
    if (wide) {
        for (size_t i = 0; i < n; i++)
            used += cm_utf8_encode((unsigned char)text[i], wide + used);
        wide[used] = '\0';
        *size = used;
    }
    cm_free(cx, text);
    return wide;
}

const char *cm_text_quote(cm_text text, char buffer[CM_QUOTE_BYTES])
{
    size_t used = 0, at = 0;
    buffer[used++] = '"';
    while (at < text.len && used < CM_QUOTE_BYTES - 12) {
        const unsigned char *s = (const unsigned char *)text.text + at;
        size_t length = utf8_length(s, text.len - at);
        if (length == 0 || *s < 0x20 || *s == 0x7F)
            used += (size_t)snprintf(buffer + used, 8, length ? "\\u%04x" : "\\x%02x", *s);
        else {
            if (*s == '"' || *s == '\\')
                buffer[used++] = '\\';
            memcpy(buffer + used, s, length);
            used += length;
        }
        at += CM_MAX(length, 1);
    }
    strcpy(buffer + used, at < text.len ? "...\"" : "\"");
    return buffer;
}

cm_text cm_text_trim(cm_text text)
{
    while (text.len > 0 && (*text.text == ' ' || *text.text == '\t')) {
        text.text++;
        text.len--;
    }
    while (text.len > 0 && (text.text[text.len - 1] == ' ' || text.text[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* Correct rounding of hard cases is left to strtod. */
static cm_number_kind parse_by_library(cm_text text, double *out)
{
    char copy[512], *end;
    if (text.len > 500)
        return CM_NUMBER_BAD;
    memcpy(copy, text.text, text.len);
    copy[text.len] = '\0';
    cm_locale locale = cm_locale_plain();
    *out = strtod(copy, &end);
    cm_locale_restore(locale);
    if (end != copy + text.len)
        return CM_NUMBER_BAD;
    return isfinite(*out) ? CM_NUMBER_GOOD : CM_NUMBER_LARGE;
}

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

cm_number_kind cm_number_parse(cm_text text, double *out)
{
    const char *s = text.text, *end = s + text.len;
    bool negative = s < end && *s == '-';
    if (s < end && (*s == '-' || *s == '+'))
        s++;
    uint64_t digits = 0;
    const char *first = s;
    for (; s < end && *s >= '0' && *s <= '9'; s++)
        digits = digits * 10 + (uint64_t)(*s - '0'); /* wraps only when read again below */
    ptrdiff_t count = s - first;
    int64_t scale = 0;
    if (s < end && *s == '.') {
        const char *fraction = ++s;
        for (; s < end && *s >= '0' && *s <= '9'; s++)
            digits = digits * 10 + (uint64_t)(*s - '0');
        scale = fraction - s;
        count += s - fraction;
    }
    if (count == 0)
        return CM_NUMBER_BAD;
    if (s < end && (*s == 'e' || *s == 'E')) {
        bool down = s + 1 < end && s[1] == '-';
        s += s + 1 < end && (s[1] == '-' || s[1] == '+') ? 2 : 1;
        int64_t exponent = 0;
        if (s == end)
            return CM_NUMBER_BAD;
        for (; s < end && *s >= '0' && *s <= '9'; s++)
            exponent = CM_MIN(exponent * 10 + (*s - '0'), 1000000);
        scale += down ? -exponent : exponent;
    }
    if (s != end)
        return CM_NUMBER_BAD;
    /* Up to 15 digits and powers of ten up to 22 are exact doubles, so that the one product or
     * quotient of them is the correctly rounded value. */
    if (count > 15 || scale < -22 || scale > 22)
        return parse_by_library(text, out);
    double value = scale < 0 ? (double)digits / powers[-scale] : (double)digits * powers[scale];
    *out = negative ? -value : value;
    return CM_NUMBER_GOOD;
}

size_t cm_number_write(double value, int digits, char out[CM_NUMBER_BYTES])
{
    double again;
    cm_locale locale = cm_locale_plain();
    int used = snprintf(out, CM_NUMBER_BYTES, "%.*g", digits ? digits : 15, value);
    if (!digits && isfinite(value) &&
        (cm_number_parse((cm_text){out, (size_t)used}, &again) != CM_NUMBER_GOOD || again != value))
        used = snprintf(out, CM_NUMBER_BYTES, "%.17g", value);
    cm_locale_restore(locale);
    return (size_t)used;
}

bool cm_integer_parse(cm_text text, int64_t *out)
{
    size_t i = text.len > 0 && (*text.text == '-' || *text.text == '+');
    bool negative = i && *text.text == '-';
    uint64_t limit = (uint64_t)INT64_MAX + negative, value = 0;
    if (i == text.len)
        return false;
    for (; i < text.len; i++) {
        unsigned digit = (unsigned)(unsigned char)text.text[i] - '0';
        if (digit > 9 || value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

int cm_text_compare(cm_text a, cm_text b)
{
    int order = memcmp(a.text, b.text, CM_MIN(a.len, b.len));
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

typedef bool less_fn(const void *context, uint32_t a, uint32_t b);

static void sift(uint32_t *heap, size_t at, size_t n, less_fn *less, const void *context)
{
    uint32_t moved = heap[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && less(context, heap[child], heap[child + 1]))
            child++;
        if (!less(context, moved, heap[child]))
            break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

void cm_sort(uint32_t *order, size_t n, less_fn *less, const void *context)
{
    for (size_t i = n / 2; i-- > 0;)
        sift(order, i, n, less, context);
    for (size_t i = n; i-- > 1;) {
        uint32_t largest = order[0];
        order[0] = order[i];
        order[i] = largest;
        sift(order, 0, i, less, context);
    }
}

static bool text_less(const void *context, uint32_t a, uint32_t b)
{
    const cm_text *texts = context;
    return cm_text_compare(texts[a], texts[b]) < 0;
}

const cm_text *cm_text_sort(const cm_text *texts, uint32_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    cm_sort(order, n, text_less, texts);
    for (size_t i = 1; i < n; i++)
        if (cm_text_compare(texts[order[i - 1]], texts[order[i]]) == 0)
            return &texts[order[i]];
    return NULL;
}
