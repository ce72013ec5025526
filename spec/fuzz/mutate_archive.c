/* mutate_archive.c - changes safetensors files so that most stay readable: the header and the data
 * one at a time, the length of the header made right again. */
#include "fuzz.h"
#include <string.h>

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static uint64_t read_length(const uint8_t *data)
{
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--)
        length = length << 8 | data[i];
    return length;
}

static void write_length(uint8_t *data, uint64_t length)
{
    for (int i = 0; i < 8; i++)
        data[i] = (uint8_t)(length >> 8 * i);
}

/* Called by libFuzzer instead of its own mutation. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    uint64_t length = size > 8 ? read_length(data) : 0;
    if (size <= 8 || length > size - 8 || seed % 8 == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    size_t header = (size_t)length, rest = size - 8 - header;
    if (seed % 8 < 3 && rest > 0)
        return 8 + header + LLVMFuzzerMutate(data + 8 + header, rest, max_size - 8 - header);
    size_t room = max_size - 8 - rest;
    uint8_t *text = malloc(room + 1);
    FUZZ_CHECK(text);
    memcpy(text, data + 8, header);
    size_t changed = LLVMFuzzerMutate(text, header, room);
    memmove(data + 8 + changed, data + 8 + header, rest);
    memcpy(data + 8, text, changed);
    write_length(data, changed);
    free(text);
    return 8 + changed + rest;
}
