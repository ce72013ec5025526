/* loops_sums.h - sums over a run, for the files of kernels. */
#ifndef CM_LOOPS_SUMS_H
#define CM_LOOPS_SUMS_H

#include "kernels/loops_isa.h"

/* Sums run in 16 independent lanes: fast, and the same order whatever the caller. */
#define LANES 16

/* The lanes as one. */
static inline cm_real fold(const cm_real lane[LANES])
{
    cm_real total = 0;
    for (int i = 0; i < LANES; i++)
        total += lane[i];
    return total;
}

/* Sum of a run. */
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
