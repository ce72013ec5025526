/* loops_random.c - masks from random words, many blocks of the stream at a time. Compiled once for
 * each instruction set; see kernels.h for what each does. */
#include "base/rng.h"
#include "kernels/loops_isa.h"
#include <string.h>

#define BLOCKS 16 /* of four words */
#define WORDS  (4 * BLOCKS)

#ifdef __clang__
#    define UNROLLED _Pragma("clang loop unroll(full)")
#else
#    define UNROLLED _Pragma("GCC unroll 10")
#endif

/* Word i of BLOCKS blocks from number `block` of the stream on, as out[i]: Philox 4x32-10, see
 * base/rng.c. A loop over blocks, whose rounds are written out, vectorises. */
static inline void words_of(const cm_rng *rng, uint32_t block, uint32_t out[restrict 4][BLOCKS])
{
    uint32_t c1 = rng->counter[1], c2 = rng->counter[2], c3 = rng->counter[3];
    for (uint32_t j = 0; j < BLOCKS; j++) {
        uint32_t a = rng->counter[0] + block + j, b = c1, c = c2, d = c3;
        uint32_t k0 = rng->key[0], k1 = rng->key[1];
        UNROLLED
        for (int round = 0; round < 10; round++) {
            uint64_t p0 = (uint64_t)0xD2511F53u * a, p1 = (uint64_t)0xCD9E8D57u * c;
            a = (uint32_t)(p1 >> 32) ^ b ^ k0;
            c = (uint32_t)(p0 >> 32) ^ d ^ k1;
            b = (uint32_t)p1;
            d = (uint32_t)p0;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        out[0][j] = a;
        out[1][j] = b;
        out[2][j] = c;
        out[3][j] = d;
    }
}

static inline void choose(cm_real *restrict o, uint32_t words[restrict 4][BLOCKS], uint32_t last,
                          cm_real value)
{
    for (int j = 0; j < BLOCKS; j++) {
        o[4 * j] = words[0][j] <= last ? 0 : value;
        o[4 * j + 1] = words[1][j] <= last ? 0 : value;
        o[4 * j + 2] = words[2][j] <= last ? 0 : value;
        o[4 * j + 3] = words[3][j] <= last ? 0 : value;
    }
}

void KERNEL(random_mask)(int64_t n, cm_real *o, const cm_rng *rng, int64_t first, uint32_t last,
                         cm_real value)
{
    uint32_t words[4][BLOCKS];
    cm_real some[WORDS];
    for (int64_t at = first / 4 * 4; at < first + n; at += WORDS) {
        words_of(rng, (uint32_t)(at / 4), words);
        int64_t from = CM_MAX(first - at, 0), to = CM_MIN(first + n - at, WORDS);
        bool all = from == 0 && to == WORDS;
        cm_real *into = all ? o + (at - first) : some;
        choose(into, words, last, value);
        if (!all)
            memcpy(o + (at + from - first), some + from, (size_t)(to - from) * sizeof *o);
    }
}
