/* fuzz.h - what the fuzz targets share. A target is one file that defines LLVMFuzzerTestOneInput
 * and is linked with the core and libFuzzer, or with replay.c, which runs files through it. */
#ifndef CM_FUZZ_H
#define CM_FUZZ_H

#include "base/ctx.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the process, so that the fuzzer keeps the input, if something that must hold does not. */
#define FUZZ_CHECK(condition)                                                             \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
            abort();                                                                      \
        }                                                                                 \
    } while (0)

/* Reads one input, of any content. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer's own mutation of size bytes, at most max_size afterwards; the new size. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* A copy of the input in a block of the context: what the readers that unquote in place, or keep
 * the block, take. */
char *fuzz_copy(cm_ctx *cx, const uint8_t *data, size_t size);

/* What a reader leaves when all is freed: no memory, and an error that says something exactly when
 * it gave nothing. Closes the context. */
void fuzz_end(cm_ctx *cx, bool gave_result);

#endif
