/* source.c - see source.h. */
#include "data/source.h"
#include <string.h>

#define CHUNK ((size_t)1 << 18) /* bytes of one read */

static const struct packing {
    const char *magic;
    size_t width;
    const char *program; /* NULL: understood by none */
} packings[] = {
    {"\x1F\x8B", 2, "gzip"},
    {"\x28\xB5\x2F\xFD", 4, "zstd"},
    {"\xFD"
     "7zXZ",
     5, "xz"},
    {"BZh", 3, "bzip2"},
    {"PK\x03\x04", 4, NULL},
};

const char *cm_encoding_name(cm_encoding encoding)
{
    static const char *const names[] = {"ASCII", "UTF-8", "latin-1", "UTF-16", "UTF-16"};
    return names[encoding];
}

static bool make_room(cm_ctx *cx, char **block, size_t *capacity, size_t need)
{
    void *grown = *block;
    if (!cm_grow(cx, &grown, capacity, need, 1))
        return false;
    *block = grown;
    return true;
}

/* Appends more bytes of the input to a block, as they are; none at its end. */
static bool read_some(cm_ctx *cx, cm_source *s, char **block, size_t *used, size_t *capacity)
{
    size_t got = 0;
    if (s->input.handle < 0) {
        s->at_end = true;
        return true;
    }
    if (!make_room(cx, block, capacity, *used + CHUNK) ||
        !cm_input_read(cx, &s->input, *block + *used, CHUNK, &got))
        return false;
    *used += got;
    if (got == 0) {
        s->at_end = true;
        cm_input_close(&s->input);
    }
    return true;
}

/* Whether the bytes at the end of a text may be the beginning of a character. */
static bool is_beginning(const char *text, size_t n)
{
    static const char tails[] = "\x80\x80\x80";
    char whole[8];
    if (n == 0 || n > 3)
        return false;
    memcpy(whole, text, n);
    for (size_t more = 1; n + more <= 4; more++) {
        memcpy(whole + n, tails, more);
        if (cm_utf8_span(whole, n + more) == n + more)
            return true;
        whole[n] = '\xA0'; /* what may follow E0 and F0 */
        if (cm_utf8_span(whole, n + more) == n + more)
            return true;
    }
    return false;
}

/* Turns all raw bytes into text. */
static bool decode_latin1(cm_ctx *cx, cm_source *s)
{
    if (!make_room(cx, &s->text, &s->capacity, s->used + 2 * s->raw_used))
        return false;
    for (size_t i = 0; i < s->raw_used; i++)
        s->used += cm_utf8_encode((unsigned char)s->raw[i], s->text + s->used);
    s->raw_used = 0;
    s->end = s->used;
    return true;
}

/* Turns raw pairs of bytes into text; half a pair or half a character stays for the next time, but
 * at the end, where it is shown as a byte that is not valid. */
static bool decode_utf16(cm_ctx *cx, cm_source *s)
{
    const unsigned char *raw = (const unsigned char *)s->raw;
    size_t high = s->encoding == CM_ENCODING_UTF16LE, at = 0;
    if (!make_room(cx, &s->text, &s->capacity, s->used + 2 * s->raw_used + 4))
        return false;
    while (at + 2 <= s->raw_used) {
        uint32_t unit = (uint32_t)raw[at + high] << 8 | raw[at + 1 - high], low = 0;
        bool leads = unit >= 0xD800 && unit < 0xDC00, lone = unit >= 0xDC00 && unit < 0xE000;
        if (leads && at + 4 > s->raw_used && !s->at_end)
            break;
        if (leads && at + 4 <= s->raw_used)
            low = (uint32_t)raw[at + 2 + high] << 8 | raw[at + 3 - high];
        bool paired = low >= 0xDC00 && low < 0xE000;
        if (lone || (leads && !paired)) {
            s->bad = CM_MIN(s->bad, s->used);
            s->text[s->used++] = '\xFF';
        } else {
            if (leads)
                unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            s->used += cm_utf8_encode(unit, s->text + s->used);
        }
        at += leads && paired ? 4 : 2;
    }
    if (s->at_end && at < s->raw_used) {
        s->bad = CM_MIN(s->bad, s->used);
        s->text[s->used++] = '\xFF';
        at = s->raw_used;
    }
    memmove(s->raw, s->raw + at, s->raw_used - at);
    s->raw_used -= at;
    s->end = s->used;
    return true;
}

static bool decode_raw(cm_ctx *cx, cm_source *s)
{
    return s->encoding == CM_ENCODING_LATIN1 ? decode_latin1(cx, s) : decode_utf16(cx, s);
}

/* Moves all text that was not looked at yet to the raw bytes, of another encoding than thought. */
static bool take_back(cm_ctx *cx, cm_source *s, cm_encoding encoding)
{
    size_t n = s->used - s->end;
    s->encoding = encoding;
    if (!make_room(cx, &s->raw, &s->raw_capacity, n + 1))
        return false;
    memcpy(s->raw, s->text + s->end, n);
    s->raw_used = n;
    s->used = s->end;
    return decode_raw(cx, s);
}

/* Looks at the new bytes [end, used) of what is UTF-8 as far as is known. */
static bool look_at_bytes(cm_ctx *cx, cm_source *s)
{
    size_t n = s->used - s->end, good = cm_utf8_span(s->text + s->end, n);
    if (s->encoding == CM_ENCODING_AUTO) {
        size_t ascii = 0;
        while (ascii < n && (unsigned char)s->text[s->end + ascii] < 0x80)
            ascii++;
        s->end += ascii;
        n -= ascii;
        good -= ascii;
        if (n == 0 || (good == 0 && !s->at_end && is_beginning(s->text + s->end, n)))
            return true;
        s->guessed = true;
        if (good == 0)
            return take_back(cx, s, CM_ENCODING_LATIN1);
        s->encoding = CM_ENCODING_UTF8;
    }
    s->end += good;
    if (good < n && (s->at_end || !is_beginning(s->text + s->end, n - good))) {
        s->bad = CM_MIN(s->bad, s->end);
        s->end = s->used; /* the reader sees it, and refuses it with its line */
    }
    return true;
}

/* Gives up what was read, so that the window begins at the front of its block. */
static void drop_read(cm_source *s)
{
    memmove(s->text, s->text + s->start, s->used - s->start);
    s->used -= s->start;
    s->end -= s->start;
    if (s->bad != SIZE_MAX)
        s->bad -= CM_MIN(s->bad, s->start);
    s->start = 0;
}

static bool fill_once(cm_ctx *cx, cm_source *s)
{
    if (s->encoding >= CM_ENCODING_LATIN1)
        return read_some(cx, s, &s->raw, &s->raw_used, &s->raw_capacity) && decode_raw(cx, s);
    return read_some(cx, s, &s->text, &s->used, &s->capacity) && look_at_bytes(cx, s);
}

bool cm_source_fill(cm_ctx *cx, cm_source *s)
{
    drop_read(s);
    if (s->used > CM_SOURCE_LINE)
        return cm_refuse(cx, CM_ERR_LIMIT, "%s has a line of more than %zu bytes", s->what,
                         CM_SOURCE_LINE);
    /* A line that is read again from its beginning each time is to become longer by as much as it
     * is, or a long one takes the square of its length. */
    size_t wanted = CM_MIN(2 * s->used, CM_SOURCE_LINE + 1);
    do
        if (!fill_once(cx, s))
            return false;
    while (s->used < wanted && !s->at_end);
    return true;
}

/* Whether bytes without a mark look like UTF-16 of that order: of ASCII texts every second byte is
 * zero. */
static bool looks_wide(const char *bytes, size_t n, size_t zero_at)
{
    size_t zeros = 0, others = 0, half = n / 2;
    for (size_t i = 0; i < half; i++) {
        zeros += bytes[2 * i + zero_at] == 0;
        others += bytes[2 * i + 1 - zero_at] == 0;
    }
    return half >= 2 && zeros * 10 >= half * 7 && others * 10 <= half;
}

/* Decides on the encoding by the first bytes, which are in the text. */
static bool begin_text(cm_ctx *cx, cm_source *s)
{
    const char *text = s->text;
    size_t n = s->used, mark = 0;
    cm_encoding found = s->encoding;
    if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        if (found == CM_ENCODING_AUTO || found == CM_ENCODING_UTF8) {
            found = CM_ENCODING_UTF8;
            mark = 3;
        }
    } else if (n >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0)) {
        if (found == CM_ENCODING_AUTO || found >= CM_ENCODING_UTF16LE) {
            found = *text == '\xFF' ? CM_ENCODING_UTF16LE : CM_ENCODING_UTF16BE;
            mark = 2;
        }
    } else if (found == CM_ENCODING_AUTO && looks_wide(text, CM_MIN(n, 4096), 1)) {
        found = CM_ENCODING_UTF16LE;
    } else if (found == CM_ENCODING_AUTO && looks_wide(text, CM_MIN(n, 4096), 0)) {
        found = CM_ENCODING_UTF16BE;
    }
    s->guessed = s->encoding == CM_ENCODING_AUTO && found != s->encoding;
    s->encoding = found;
    s->start = s->end = mark;
    return found >= CM_ENCODING_LATIN1 ? take_back(cx, s, found) : look_at_bytes(cx, s);
}

/* Reads the first bytes and puts a program before them where they are packed. */
static bool begin_file(cm_ctx *cx, cm_source *s)
{
    while (s->used < 8 && !s->at_end)
        if (!read_some(cx, s, &s->text, &s->used, &s->capacity))
            return false;
    for (size_t i = 0; i < sizeof packings / sizeof *packings; i++) {
        const struct packing *p = &packings[i];
        if (s->used < p->width || memcmp(s->text, p->magic, p->width) != 0)
            continue;
        if (!p->program)
            return cm_refuse(cx, CM_ERR_FORMAT, "%s is a zip archive: unpack it first", s->what);
        char words[2][8] = {"", "-dc"};
        char *list[] = {strcpy(words[0], p->program), words[1], NULL};
        if (s->at_end && !cm_input_open(cx, &s->input, s->what, true))
            return false; /* a small file was closed at its end */
        if (!cm_input_unpack(cx, &s->input, list))
            return false;
        s->input.program = s->packing = p->program;
        s->used = 0;
        s->at_end = false;
        while (s->used < 8 && !s->at_end)
            if (!read_some(cx, s, &s->text, &s->used, &s->capacity))
                return false;
        break;
    }
    return begin_text(cx, s);
}

static cm_source *new_source(cm_ctx *cx, const char *what, cm_encoding encoding)
{
    size_t bytes = strlen(what) + 1;
    cm_source *s = cm_calloc(cx, 1, sizeof *s + bytes);
    if (!s)
        return NULL;
    s->what = memcpy(s + 1, what, bytes);
    s->encoding = encoding;
    s->bad = SIZE_MAX;
    s->input = (cm_input){.handle = -1};
    return s;
}

cm_source *cm_source_open(cm_ctx *cx, const char *path, cm_encoding encoding)
{
    cm_source *s = new_source(cx, path, encoding);
    if (s && cm_input_open(cx, &s->input, s->what, true) && begin_file(cx, s))
        return s;
    cm_source_close(cx, s);
    return NULL;
}

cm_source *cm_source_of(cm_ctx *cx, char *bytes, size_t size, const char *what,
                        cm_encoding encoding)
{
    cm_source *s = new_source(cx, what, encoding);
    if (!s) {
        cm_free(cx, bytes);
        return NULL;
    }
    s->text = bytes;
    s->used = s->capacity = size;
    s->at_end = true;
    if (begin_text(cx, s))
        return s;
    cm_source_close(cx, s);
    return NULL;
}

void cm_source_close(cm_ctx *cx, cm_source *s)
{
    if (!s)
        return;
    cm_input_close(&s->input);
    cm_free(cx, s->text);
    cm_free(cx, s->raw);
    cm_free(cx, s);
}
