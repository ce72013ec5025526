/* safetensors.c - reading; see safetensors.h. */
#include "io/safetensors.h"
#include "base/input.h"
#include "io/json.h"
#include <math.h>
#include <string.h>

#define METADATA "__metadata__"

struct cm_archive {
    cm_input input;    /* a file, or */
    const char *bytes; /* its bytes, which are the caller's; NULL */
    size_t size;
    const char *what; /* for messages */
    cm_json *header;
    uint64_t data; /* the first byte after the header */
    cm_archive_entry *entries;
    uint32_t *sorted; /* numbers of the entries by name */
    size_t count;
    uint32_t metadata; /* place in the header, 0 if there is none */
};

/* Reads bytes of the file, which has them by its size. */
static bool read_bytes(cm_ctx *cx, const cm_archive *a, uint64_t offset, void *out, size_t size)
{
    if (!a->bytes)
        return cm_input_at(cx, &a->input, offset, out, size);
    memcpy(out, a->bytes + offset, size);
    return true;
}

/* The length of the header. */
static bool find_header(cm_ctx *cx, const cm_archive *a, uint64_t *length)
{
    unsigned char first[9] = {0};
    *length = 0;
    if (!read_bytes(cx, a, 0, first, CM_MIN(a->size, sizeof first)))
        return false;
    if (a->size < 8)
        return cm_refuse(cx, CM_ERR_FORMAT,
                         "%s is not a safetensors file: it has %zu bytes, and the first 8 alone "
                         "would give the length of its header",
                         a->what, a->size);
    for (int i = 7; i >= 0; i--)
        *length = *length << 8 | first[i];
    if (*length > CM_ARCHIVE_HEADER || *length < 2 || (a->size > 8 && first[8] != '{'))
        return cm_refuse(cx, CM_ERR_FORMAT,
                         "%s is not a safetensors file: it does not begin with the length of a "
                         "JSON header (at most %llu) and the header",
                         a->what, (unsigned long long)CM_ARCHIVE_HEADER);
    return *length <= a->size - 8 ||
           cm_refuse(cx, CM_ERR_FORMAT,
                     "%s is truncated: its header needs %llu bytes, the file has %zu", a->what,
                     (unsigned long long)*length + 8, a->size);
}

/* Parses the text of the header. */
static bool parse_header(cm_ctx *cx, cm_archive *a, const char *text, size_t length)
{
    char what[256];
    const char *place = "the header of ";
    size_t room = sizeof what - strlen(place) - 1, long_by = strlen(a->what);
    /* The end of a long path says more than its beginning. */
    long_by = long_by > room ? long_by - room : 0;
    strcpy(what, place);
    strcat(what, a->what + long_by);
    a->header = cm_json_parse(cx, text, length, CM_ARCHIVE_HEADER, what);
    if (a->header && cm_json_type_of(a->header, 0) != CM_JSON_OBJECT)
        return cm_refuse(cx, CM_ERR_FORMAT, "%s: the header is not an object", a->what);
    return a->header != NULL;
}

static bool read_header(cm_ctx *cx, cm_archive *a)
{
    uint64_t length;
    if (!find_header(cx, a, &length))
        return false;
    a->data = 8 + length;
    char *text = cm_alloc(cx, (size_t)length);
    bool good = text && read_bytes(cx, a, 8, text, (size_t)length) &&
                parse_header(cx, a, text, (size_t)length);
    cm_free(cx, text);
    return good;
}

/* Refuses a tensor by name. */
static bool refuse(cm_ctx *cx, const cm_archive *a, const cm_archive_entry *e, const char *fault)
{
    char quoted[CM_QUOTE_BYTES];
    return cm_refuse(cx, CM_ERR_FORMAT, "%s: tensor %s %s", a->what, cm_text_quote(e->name, quoted),
                     fault);
}

static bool read_shape(cm_ctx *cx, const cm_archive *a, cm_archive_entry *e, uint32_t at)
{
    const cm_json *doc = a->header;
    uint32_t dim = cm_json_first(at), ndim = cm_json_count(doc, at);
    if (ndim > CM_MAX_DIMS)
        return refuse(cx, a, e, "has too many dims; at most 6 are supported");
    e->ndim = (int)ndim;
    e->count = 1;
    bool empty = false;
    for (uint32_t i = 0; i < ndim; i++, dim = cm_json_after(doc, dim)) {
        if (!cm_json_integer(doc, dim, &e->shape[i]) || e->shape[i] < 0)
            return refuse(cx, a, e, "has a size in its shape that is not a count");
        if (e->shape[i] == 0)
            empty = true;
        else if (e->count > INT64_MAX / e->shape[i])
            return refuse(cx, a, e, "has a shape whose product overflows");
        else
            e->count *= e->shape[i];
    }
    if (empty)
        e->count = 0;
    return true;
}

static bool read_range(cm_ctx *cx, const cm_archive *a, cm_archive_entry *e, uint32_t at)
{
    const cm_json *doc = a->header;
    int64_t from, to;
    if (cm_json_count(doc, at) != 2 || !cm_json_integer(doc, cm_json_first(at), &from) ||
        !cm_json_integer(doc, cm_json_first(at) + 1, &to) || from < 0 || to < from)
        return refuse(cx, a, e, "has data_offsets that are not [begin, end]");
    if ((uint64_t)to > a->size - a->data)
        return cm_refuse(cx, CM_ERR_FORMAT, "%s is truncated: needs %llu bytes, has %zu", a->what,
                         (unsigned long long)((uint64_t)to + a->data), a->size);
    int64_t width = (int64_t)cm_dtype_bytes(e->dtype);
    if (e->dtype != CM_OTHER && (e->count > (to - from) / width || e->count * width != to - from))
        return refuse(cx, a, e, "has data_offsets that do not fit its shape and dtype");
    e->offset = a->data + (uint64_t)from;
    e->bytes = (size_t)(to - from);
    return true;
}

static bool read_entry(cm_ctx *cx, const cm_archive *a, cm_archive_entry *e, uint32_t at)
{
    const cm_json *doc = a->header;
    static const char *const fields[] = {"dtype", "shape", "data_offsets"};
    uint32_t found[3];
    if (cm_json_type_of(doc, at) != CM_JSON_OBJECT)
        return refuse(cx, a, e, "is not described by an object");
    for (int i = 0; i < 3; i++) {
        found[i] = cm_json_find(doc, at, fields[i]);
        if (!found[i] ||
            cm_json_type_of(doc, found[i]) != (i == 0 ? CM_JSON_STRING : CM_JSON_ARRAY))
            return refuse(cx, a, e, "needs a dtype (string), a shape and data_offsets (arrays)");
    }
    if (cm_json_count(doc, at) != 3)
        return refuse(cx, a, e, "has more than a dtype, a shape and data_offsets");
    e->dtype_name = cm_json_text(doc, found[0]);
    e->dtype = cm_dtype_find(e->dtype_name);
    return read_shape(cx, a, e, found[1]) && read_range(cx, a, e, found[2]);
}

static bool starts_before(const void *context, uint32_t a, uint32_t b)
{
    const cm_archive_entry *entries = context, *x = &entries[a], *y = &entries[b];
    return x->offset != y->offset ? x->offset < y->offset : x->bytes < y->bytes;
}

/* The standard wants every byte behind the header to belong to exactly one tensor. */
static bool covers(cm_ctx *cx, cm_archive *a)
{
    for (uint32_t i = 0; i < a->count; i++)
        a->sorted[i] = i;
    cm_sort(a->sorted, a->count, starts_before, a->entries);
    uint64_t at = a->data;
    for (size_t i = 0; i < a->count; i++) {
        const cm_archive_entry *e = &a->entries[a->sorted[i]];
        if (e->offset != at)
            return refuse(cx, a, e, e->offset < at ? "overlaps another" : "leaves a gap before it");
        at += e->bytes;
    }
    size_t rest = (size_t)(a->size - at);
    return rest == 0 ||
           cm_refuse(cx, CM_ERR_FORMAT, "%s has %zu bytes behind its last tensor", a->what, rest);
}

static bool by_name(const void *context, uint32_t a, uint32_t b)
{
    const cm_archive_entry *entries = context;
    return cm_text_compare(entries[a].name, entries[b].name) < 0;
}

static bool read_metadata(cm_ctx *cx, cm_archive *a, uint32_t at)
{
    const cm_json *doc = a->header;
    bool good = cm_json_type_of(doc, at) == CM_JSON_OBJECT;
    uint32_t key = cm_json_first(at), n = good ? cm_json_count(doc, at) : 0;
    for (uint32_t i = 0; i < n; i++, key = cm_json_after(doc, key + 1))
        good = good && cm_json_type_of(doc, key + 1) == CM_JSON_STRING;
    a->metadata = at;
    return good ||
           cm_refuse(cx, CM_ERR_FORMAT, "%s: " METADATA " must map strings to strings", a->what);
}

static bool read_entries(cm_ctx *cx, cm_archive *a)
{
    const cm_json *doc = a->header;
    uint32_t members = cm_json_count(doc, 0), at = cm_json_first(0);
    if (members > CM_ARCHIVE_ENTRIES + 1)
        return cm_refuse(cx, CM_ERR_LIMIT, "%s holds %u tensors; at most %d are accepted", a->what,
                         members, CM_ARCHIVE_ENTRIES);
    a->entries = cm_calloc(cx, members, sizeof *a->entries);
    a->sorted = cm_calloc(cx, members, sizeof *a->sorted);
    if (!a->entries || !a->sorted)
        return false;
    for (uint32_t i = 0; i < members; i++, at = cm_json_after(doc, at + 1)) {
        cm_archive_entry *e = &a->entries[a->count];
        e->name = cm_json_text(doc, at);
        bool metadata = e->name.len == strlen(METADATA) && !strcmp(e->name.text, METADATA);
        if (!(metadata ? read_metadata(cx, a, at + 1) : read_entry(cx, a, e, at + 1)))
            return false;
        a->count += !metadata;
    }
    if (!covers(cx, a))
        return false;
    cm_sort(a->sorted, a->count, by_name, a->entries);
    return true;
}

/* Takes what is to be read. */
static cm_archive *read_archive(cm_ctx *cx, const cm_archive *source)
{
    cm_archive *a = cm_calloc(cx, 1, sizeof *a);
    if (!a)
        return NULL;
    *a = *source;
    if (read_header(cx, a) && read_entries(cx, a))
        return a;
    a->input.handle = -1; /* still the caller's */
    cm_archive_close(cx, a);
    return NULL;
}

cm_archive *cm_archive_parse(cm_ctx *cx, const void *bytes, size_t size, const char *what)
{
    return read_archive(
        cx, &(cm_archive){.input.handle = -1, .bytes = bytes, .size = size, .what = what});
}

cm_archive *cm_archive_open(cm_ctx *cx, const char *path)
{
    cm_archive source = {.what = path};
    if (!cm_input_open(cx, &source.input, path, false))
        return NULL;
    source.size = (size_t)source.input.size;
    cm_archive *a = read_archive(cx, &source);
    if (!a)
        cm_input_close(&source.input);
    return a;
}

void cm_archive_close(cm_ctx *cx, cm_archive *a)
{
    if (!a)
        return;
    cm_json_free(cx, a->header);
    cm_free(cx, a->entries);
    cm_free(cx, a->sorted);
    cm_input_close(&a->input);
    cm_free(cx, a);
}

size_t cm_archive_bytes(const cm_archive *a)
{
    return a->size;
}

size_t cm_archive_count(const cm_archive *a)
{
    return a->count;
}

const cm_archive_entry *cm_archive_at(const cm_archive *a, size_t i)
{
    return &a->entries[i];
}

size_t cm_archive_meta_count(const cm_archive *a)
{
    return a->metadata ? cm_json_count(a->header, a->metadata) : 0;
}

void cm_archive_meta_at(const cm_archive *a, size_t i, cm_text *key, cm_text *text)
{
    /* Keys and values are strings, one place each. */
    uint32_t at = cm_json_first(a->metadata) + 2 * (uint32_t)i;
    *key = cm_json_text(a->header, at);
    *text = cm_json_text(a->header, at + 1);
}

bool cm_archive_copy(cm_ctx *cx, const cm_archive *a, const cm_archive_entry *e, void *out)
{
    if (!read_bytes(cx, a, e->offset, out, e->bytes))
        return false;
    cm_dtype_swap(out, e->bytes, cm_dtype_bytes(e->dtype));
    return true;
}

/* Converts numbers of another width than that of cm_real. */
static bool convert(cm_ctx *cx, const cm_archive_entry *e, const unsigned char *from, cm_real *out)
{
    char quoted[CM_QUOTE_BYTES];
    size_t width = cm_dtype_bytes(e->dtype);
    for (int64_t i = 0; i < e->count; i++, from += width) {
        double wide = cm_dtype_number(e->dtype, from);
        if (!CM_REAL_IS_DOUBLE && isfinite(wide) && fabs(wide) > 3.4028235677973366e38)
            return cm_refuse(cx, CM_ERR_NUMBER, "tensor %s holds %g, beyond the range of %s",
                             cm_text_quote(e->name, quoted), wide, CM_REAL_NAME);
        out[i] = (cm_real)wide;
    }
    return true;
}

bool cm_archive_copy_real(cm_ctx *cx, const cm_archive *a, const cm_archive_entry *e, cm_real *out)
{
    char quoted[CM_QUOTE_BYTES];
    if (e->dtype > CM_BF16)
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "tensor %s has dtype %s; F32, F64, F16 or BF16 is needed",
                         cm_text_quote(e->name, quoted), cm_dtype_name(e->dtype));
    if (cm_dtype_bytes(e->dtype) == sizeof(cm_real))
        return cm_archive_copy(cx, a, e, out);
    unsigned char *numbers = cm_alloc(cx, e->bytes);
    bool good = numbers && cm_archive_copy(cx, a, e, numbers) && convert(cx, e, numbers, out);
    cm_free(cx, numbers);
    return good;
}
