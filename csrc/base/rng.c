/* rng.c - Philox 4x32-10. */
#include "base/rng.h"
#include <math.h>

static void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

cm_rng cm_rng_keyed(uint64_t seed, uint32_t epoch, uint32_t task, cm_rng_stream stream)
{
    cm_rng rng = {.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
                  .counter = {0, (uint32_t)stream, epoch, task},
                  .used = 4};
    return rng;
}

uint32_t cm_rng_next(cm_rng *rng)
{
    if (rng->used == 4) {
        philox(rng->counter, rng->key, rng->block);
        rng->counter[0]++;
        rng->used = 0;
    }
    return rng->block[rng->used++];
}

uint32_t cm_rng_below(cm_rng *rng, uint32_t n)
{
    /* Lemire's method: the rejected band makes every result equally likely. */
    uint64_t product = (uint64_t)cm_rng_next(rng) * n;
    if ((uint32_t)product < n) {
        uint32_t threshold = (0u - n) % n;
        while ((uint32_t)product < threshold)
            product = (uint64_t)cm_rng_next(rng) * n;
    }
    return (uint32_t)(product >> 32);
}

double cm_rng_uniform(cm_rng *rng)
{
    uint64_t high = cm_rng_next(rng) >> 5, low = cm_rng_next(rng) >> 6;
    return (double)(high * 67108864u + low) / 9007199254740992.0;
}

double cm_rng_normal(cm_rng *rng)
{
    double radius = sqrt(-2.0 * log(1.0 - cm_rng_uniform(rng)));
    return radius * cos(6.283185307179586 * cm_rng_uniform(rng));
}

void cm_rng_choose(cm_rng *rng, int32_t *index, int32_t n, int32_t take)
{
    for (int32_t i = 0; i < take && i < n - 1; i++) {
        int32_t j = i + (int32_t)cm_rng_below(rng, (uint32_t)(n - i));
        int32_t kept = index[i];
        index[i] = index[j];
        index[j] = kept;
    }
}
