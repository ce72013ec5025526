/* safetensors_write.c - writing; see safetensors.h. */
#include "base/file.h"
#include "io/safetensors.h"
#include <string.h>

/* Text that grows; once memory is short, or the limit of a header is passed, it stays failed. */
typedef struct growing {
    cm_ctx *cx;
    char *text;
    size_t used, capacity;
    bool failed;
} growing;

static void put(growing *g, const char *text, size_t n)
{
    void *block = g->text;
    if (!g->failed && g->used + n > CM_ARCHIVE_HEADER)
        g->failed = !cm_refuse(g->cx, CM_ERR_LIMIT, "the header would pass %llu bytes",
                               (unsigned long long)CM_ARCHIVE_HEADER);
    if (g->failed || !cm_grow(g->cx, &block, &g->capacity, g->used + n, 1)) {
        g->failed = true;
        return;
    }
    g->text = block;
    memcpy(g->text + g->used, text, n);
    g->used += n;
}

static void put_text(growing *g, const char *text)
{
    put(g, text, strlen(text));
}

static void put_number(growing *g, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    put(g, digits + at, sizeof digits - at);
}

static void put_string(growing *g, cm_text string)
{
    static const char hex[] = "0123456789abcdef";
    size_t plain = 0;
    put(g, "\"", 1);
    for (size_t i = 0; i < string.len; i++) {
        unsigned char c = (unsigned char)string.text[i];
        char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        put(g, string.text + plain, i - plain);
        plain = i + 1;
        if (c >= 0x20)
            put(g, (char[]){'\\', (char)c}, 2);
        else
            put(g, escape, sizeof escape);
    }
    put(g, string.text + plain, string.len - plain);
    put(g, "\"", 1);
}

/* Bytes of an item's data; false if its shape is no shape. */
static bool item_bytes(cm_ctx *cx, const cm_archive_item *item, uint64_t *bytes)
{
    char quoted[CM_QUOTE_BYTES];
    bool empty = false, good = item->ndim >= 0 && item->ndim <= CM_MAX_DIMS;
    *bytes = cm_dtype_bytes(item->dtype);
    for (int i = 0; good && i < item->ndim; i++) {
        uint64_t size = (uint64_t)item->shape[i];
        empty = empty || size == 0;
        good = item->shape[i] >= 0 && (size == 0 || *bytes <= INT64_MAX / size);
        *bytes *= size == 0 ? 1 : size;
    }
    if (empty)
        *bytes = 0;
    return good || cm_refuse(cx, CM_ERR_SHAPE, "tensor %s has a shape that cannot be written",
                             cm_text_quote(item->name, quoted));
}

/* Sorts names and refuses those given twice or not valid. */
static bool sort_names(cm_ctx *cx, const cm_text *names, uint32_t *order, size_t n,
                       const char *what)
{
    char quoted[CM_QUOTE_BYTES];
    for (size_t i = 0; i < n; i++)
        if (cm_utf8_span(names[i].text, names[i].len) != names[i].len)
            return cm_refuse(cx, CM_ERR_ARGUMENT, "%s %s is not valid UTF-8", what,
                             cm_text_quote(names[i], quoted));
    const cm_text *twice = cm_text_sort(names, order, n);
    return !twice || cm_refuse(cx, CM_ERR_ARGUMENT, "%s %s is given twice", what,
                               cm_text_quote(*twice, quoted));
}

static bool put_metadata(growing *g, const cm_archive_meta *meta, size_t n, cm_text *names,
                         uint32_t *order)
{
    for (size_t i = 0; i < n; i++) {
        char quoted[CM_QUOTE_BYTES];
        names[i] = meta[i].key;
        if (cm_utf8_span(meta[i].text.text, meta[i].text.len) != meta[i].text.len)
            return cm_refuse(g->cx, CM_ERR_ARGUMENT, "the text of metadata %s is not valid UTF-8",
                             cm_text_quote(meta[i].key, quoted));
    }
    if (!sort_names(g->cx, names, order, n, "metadata"))
        return false;
    put_text(g, "\"__metadata__\":{");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            put(g, ",", 1);
        put_string(g, meta[order[i]].key);
        put(g, ":", 1);
        put_string(g, meta[order[i]].text);
    }
    put(g, "}", 1);
    return true;
}

static bool put_items(growing *g, const cm_archive_item *items, size_t n, bool follows,
                      cm_text *names, uint32_t *order)
{
    uint64_t offset = 0, bytes;
    cm_text reserved = {"__metadata__", 12};
    for (size_t i = 0; i < n; i++) {
        const cm_archive_item *item = &items[i];
        names[i] = item->name;
        if (cm_text_compare(item->name, reserved) == 0)
            return cm_refuse(g->cx, CM_ERR_ARGUMENT, "no tensor may be called __metadata__");
        if (!item_bytes(g->cx, item, &bytes))
            return false;
        if (bytes > INT64_MAX - offset)
            return cm_refuse(g->cx, CM_ERR_LIMIT, "the tensors have too many bytes in sum");
        if (follows || i > 0)
            put(g, ",", 1);
        put_string(g, item->name);
        put_text(g, ":{\"dtype\":\"");
        put_text(g, cm_dtype_name(item->dtype));
        put_text(g, "\",\"shape\":[");
        for (int d = 0; d < item->ndim; d++) {
            if (d > 0)
                put(g, ",", 1);
            put_number(g, (uint64_t)item->shape[d]);
        }
        put_text(g, "],\"data_offsets\":[");
        put_number(g, offset);
        put(g, ",", 1);
        put_number(g, offset += bytes);
        put_text(g, "]}");
    }
    return sort_names(g->cx, names, order, n, "tensor");
}

/* The length and the header, padded so that the data begin at a multiple of 8. */
static bool make_header(growing *g, const cm_archive_item *items, size_t n_items,
                        const cm_archive_meta *meta, size_t n_meta)
{
    cm_ctx *cx = g->cx;
    if (n_items > CM_ARCHIVE_ENTRIES || n_meta > CM_ARCHIVE_HEADER)
        return cm_refuse(cx, CM_ERR_LIMIT, "%zu tensors and %zu metadata; at most %d and %llu fit",
                         n_items, n_meta, CM_ARCHIVE_ENTRIES,
                         (unsigned long long)CM_ARCHIVE_HEADER);
    size_t most = CM_MAX(n_items, n_meta);
    cm_text *names = cm_alloc(cx, most * (sizeof *names + sizeof(uint32_t)));
    if (!names)
        return false;
    uint32_t *order = (uint32_t *)(void *)(names + most);
    put(g, "\0\0\0\0\0\0\0\0{", 9);
    bool good = (n_meta == 0 || put_metadata(g, meta, n_meta, names, order)) &&
                put_items(g, items, n_items, n_meta > 0, names, order);
    cm_free(cx, names);
    put(g, "}", 1);
    if (g->used % 8 != 0)
        put(g, "       ", 8 - g->used % 8);
    for (size_t i = 0; good && !g->failed && i < 8; i++)
        g->text[i] = (char)((uint64_t)(g->used - 8) >> 8 * i & 0xFF);
    return good && !g->failed;
}

/* Numbers in little-endian order, whatever this machine has. */
static bool write_data(cm_ctx *cx, cm_file *file, const cm_archive_item *item, uint64_t bytes)
{
    const char *data = item->data;
    char piece[4096];
    const uint16_t one = 1;
    if (*(const unsigned char *)&one == 1)
        return bytes == 0 || cm_file_write(cx, file, data, (size_t)bytes);
    for (size_t size; bytes > 0; bytes -= size, data += size) {
        size = (size_t)CM_MIN(bytes, sizeof piece);
        memcpy(piece, data, size);
        cm_dtype_swap(piece, size, cm_dtype_bytes(item->dtype));
        if (!cm_file_write(cx, file, piece, size))
            return false;
    }
    return true;
}

bool cm_archive_write(cm_ctx *cx, const char *path, const cm_archive_item *items, size_t n_items,
                      const cm_archive_meta *meta, size_t n_meta)
{
    growing header = {.cx = cx};
    cm_file file;
    bool good =
        make_header(&header, items, n_items, meta, n_meta) && cm_file_begin(cx, &file, path);
    if (good) {
        good = cm_file_write(cx, &file, header.text, header.used);
        for (size_t i = 0; good && i < n_items; i++) {
            uint64_t bytes;
            good = item_bytes(cx, &items[i], &bytes) && write_data(cx, &file, &items[i], bytes);
        }
        if (good)
            good = cm_file_commit(cx, &file);
        else
            cm_file_abandon(cx, &file);
    }
    cm_free(cx, header.text);
    return good;
}
