/* fuzz.c - see fuzz.h. */
#include "fuzz.h"
#include "io/text.h"
#include <string.h>

char *fuzz_copy(cm_ctx *cx, const uint8_t *data, size_t size)
{
    char *copy = cm_alloc(cx, size + 1);
    FUZZ_CHECK(copy);
    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = '\0';
    return copy;
}

void fuzz_end(cm_ctx *cx, bool gave_result)
{
    const char *text = cm_error_text(cx);
    FUZZ_CHECK((cm_error_code(cx) == CM_ERR_OK) == gave_result);
    FUZZ_CHECK((text[0] == '\0') == gave_result);
    FUZZ_CHECK(cm_utf8_span(text, strlen(text)) == strlen(text));
    FUZZ_CHECK(cx->mem.live == 0 && cx->mem.blocks == 0);
    cm_ctx_close(cx);
}
