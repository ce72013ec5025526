/* archive.c - the safetensors reader: any bytes give arrays that lie in the file, or a message. */
#include "fuzz.h"
#include "io/safetensors.h"
#include <string.h>

/* Copies the numbers of an array in every way there is. */
static void copy_entry(cm_ctx *cx, const cm_archive *archive, const cm_archive_entry *entry,
                       const char *bytes)
{
    int64_t count = 1;
    for (int d = 0; d < entry->ndim; d++)
        count *= entry->shape[d];
    FUZZ_CHECK(entry->ndim >= 0 && entry->ndim <= CM_MAX_DIMS && count == entry->count);
    if (entry->dtype == CM_OTHER)
        return;
    FUZZ_CHECK(entry->bytes == (size_t)count * cm_dtype_bytes(entry->dtype));
    void *copy = cm_alloc(cx, entry->bytes);
    cm_real *numbers = cm_alloc(cx, (size_t)count * sizeof *numbers);
    FUZZ_CHECK(copy && numbers);
    FUZZ_CHECK(cm_archive_copy(cx, archive, entry, copy));
    FUZZ_CHECK(entry->bytes == 0 || memcmp(copy, bytes + entry->offset, entry->bytes) == 0);
    if (cm_archive_copy_real(cx, archive, entry, numbers))
        FUZZ_CHECK(entry->dtype == CM_F32 || entry->dtype == CM_F64 || entry->dtype == CM_F16 ||
                   entry->dtype == CM_BF16);
    else
        cm_error_clear(cx);
    cm_free(cx, copy);
    cm_free(cx, numbers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cm_ctx cx;
    cm_ctx_open(&cx);
    char *copy = fuzz_copy(&cx, data, size); /* of this size, so that reading behind it shows */
    cm_archive *archive = cm_archive_parse(&cx, copy, size, "fuzz");
    FUZZ_CHECK(cx.mem.peak <= 300 * size + 20000);
    size_t bytes = 0;
    for (size_t i = 0; archive && i < cm_archive_count(archive); i++) {
        const cm_archive_entry *entry = cm_archive_at(archive, i);
        FUZZ_CHECK(cm_utf8_span(entry->name.text, entry->name.len) == entry->name.len);
        copy_entry(&cx, archive, entry, copy);
        bytes += entry->bytes;
    }
    FUZZ_CHECK(bytes <= size);
    for (size_t i = 0; archive && i < cm_archive_meta_count(archive); i++) {
        cm_text key, text;
        cm_archive_meta_at(archive, i, &key, &text);
        FUZZ_CHECK(cm_utf8_span(key.text, key.len) == key.len);
        FUZZ_CHECK(cm_utf8_span(text.text, text.len) == text.len);
    }
    cm_archive_close(&cx, archive);
    cm_free(&cx, copy);
    fuzz_end(&cx, archive != NULL);
    return 0;
}
