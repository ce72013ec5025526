/* loops_sums.h - sums of contiguous elements, for the loops*.c files. */
#ifndef CM_LOOPS_SUMS_H
#define CM_LOOPS_SUMS_H

#include "kernels/loops_isa.h"

/* Sums are computed in 16 independent lanes: fast, and in the same order for every caller. */
#define LANES 16

/* The sum of the lanes. */
static inline cm_real fold(const cm_real lane[LANES])
{
    cm_real total = 0;
    for (int i = 0; i < LANES; i++)
        total += lane[i];
    return total;
}

/* Sum of n values. */
static inline cm_real k_sum(int64_t n, const cm_real *a)
{
    cm_real lane[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += a[i + j];
    for (int j = 0; i < n; i++, j++)
        lane[j] += a[i];
    return fold(lane);
}

/* Sum of products. */
static inline cm_real k_dot(int64_t n, const cm_real *a, const cm_real *b)
{
    cm_real lane[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += a[i + j] * b[i + j];
    for (int j = 0; i < n; i++, j++)
        lane[j] += a[i] * b[i];
    return fold(lane);
}

#endif
