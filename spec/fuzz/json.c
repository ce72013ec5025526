/* json.c - the JSON reader: any bytes give a document that can be walked whole, or a message. */
#include "io/json.h"
#include "fuzz.h"
#include <math.h>
#include <string.h>

/* Looks at a value and all that it holds; the place behind it. */
static uint32_t walk(const cm_json *doc, uint32_t at, int depth)
{
    int64_t integer;
    uint32_t child = cm_json_first(at), n;
    cm_text text;
    FUZZ_CHECK(depth <= CM_JSON_DEPTH);
    switch (cm_json_type_of(doc, at)) {
    case CM_JSON_NULL:
    case CM_JSON_BOOLEAN:
        break;
    case CM_JSON_NUMBER:
        FUZZ_CHECK(isfinite(cm_json_number(doc, at)));
        if (cm_json_integer(doc, at, &integer))
            FUZZ_CHECK((double)integer == cm_json_number(doc, at));
        break;
    case CM_JSON_STRING:
        text = cm_json_text(doc, at);
        FUZZ_CHECK(cm_utf8_span(text.text, text.len) == text.len && text.text[text.len] == '\0');
        break;
    case CM_JSON_ARRAY:
        n = cm_json_count(doc, at);
        for (uint32_t i = 0; i < n; i++)
            child = walk(doc, child, depth + 1);
        FUZZ_CHECK(child == cm_json_after(doc, at));
        break;
    case CM_JSON_OBJECT:
        n = cm_json_count(doc, at);
        for (uint32_t i = 0; i < n; i++) {
            FUZZ_CHECK(cm_json_type_of(doc, child) == CM_JSON_STRING);
            text = cm_json_text(doc, child);
            if (strlen(text.text) == text.len)
                FUZZ_CHECK(cm_json_find(doc, at, text.text) == child + 1);
            walk(doc, child, depth + 1);
            child = walk(doc, child + 1, depth + 1);
        }
        FUZZ_CHECK(cm_json_find(doc, at, "no key") == 0 || n > 0);
        FUZZ_CHECK(child == cm_json_after(doc, at));
        break;
    }
    return cm_json_after(doc, at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cm_ctx cx;
    cm_ctx_open(&cx);
    cm_json *doc = cm_json_parse(&cx, (const char *)data, size, SIZE_MAX, "fuzz");
    if (doc)
        walk(doc, 0, 0);
    FUZZ_CHECK(cx.mem.peak <= 200 * size + 10000);
    cm_json_free(&cx, doc);
    fuzz_end(&cx, doc != NULL);
    return 0;
}
