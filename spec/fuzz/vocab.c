/* vocab.c - a vocabulary from the blocks of a file: the first byte says how many offsets follow, of
 * two bytes each, signed; the rest is the characters. */
#include "data/vocab.h"
#include "fuzz.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n = size > 0 ? data[0] : 0;
    if (size < 1 + 2 * n)
        return 0;
    cm_ctx cx;
    cm_ctx_open(&cx);
    int64_t *offsets = cm_calloc(&cx, n + 1, sizeof *offsets);
    FUZZ_CHECK(offsets);
    for (size_t i = 0; i < n; i++)
        offsets[i] = (int16_t)(data[1 + 2 * i] | data[2 + 2 * i] << 8);
    size_t n_bytes = size - 1 - 2 * n;
    char *bytes = fuzz_copy(&cx, data + 1 + 2 * n, n_bytes);
    cm_vocab *vocab = cm_vocab_import(&cx, bytes, n_bytes, offsets, n);
    for (int32_t i = 0; vocab && i < cm_vocab_count(vocab); i++) {
        cm_text text = cm_vocab_text(vocab, i);
        FUZZ_CHECK(cm_vocab_find(vocab, text) == i);
        FUZZ_CHECK(text.len == (size_t)(offsets[i + 1] - offsets[i]));
        FUZZ_CHECK(text.len == 0 || memcmp(text.text, bytes + offsets[i], text.len) == 0);
    }
    if (vocab) {
        int32_t count = cm_vocab_count(vocab);
        FUZZ_CHECK(n == (size_t)count + 1);
        FUZZ_CHECK(cm_vocab_add(&cx, vocab, (cm_text){"one more", 8}) >= 0);
        cm_vocab_truncate(vocab, count / 2);
        FUZZ_CHECK(cm_vocab_count(vocab) == count / 2);
        for (int32_t i = 0; i < count / 2; i++)
            FUZZ_CHECK(cm_vocab_find(vocab, cm_vocab_text(vocab, i)) == i);
    }
    cm_vocab_release(&cx, vocab);
    cm_free(&cx, offsets);
    cm_free(&cx, bytes);
    fuzz_end(&cx, vocab != NULL);
    return 0;
}
