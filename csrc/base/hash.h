/* hash.h - a number that says whether bytes are the same, and in which slot of a table they belong.
 * Not for secrets: whoever chooses the bytes can choose the number. */
#ifndef CM_HASH_H
#define CM_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Of no bytes. */
#define CM_HASH_START UINT64_C(0xcbf29ce484222325)

/* Of the bytes that `hash` is of and these behind them (FNV-1a). */
static inline uint64_t cm_hash(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
