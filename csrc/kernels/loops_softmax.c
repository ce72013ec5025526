/* loops_softmax.c - maximum, sums of exponentials and softmax. Compiled once for each instruction
 * set; see kernels.h for what each does. */
#include "kernels/loops_math.h"
#include "kernels/loops_sums.h"

static inline cm_real larger(cm_real x, cm_real most)
{
    return x > most || x != x ? x : most; /* keeps NaN */
}

cm_real KERNEL(max)(int64_t n, const cm_real *a)
{
    cm_real lane[LANES];
    for (int j = 0; j < LANES; j++)
        lane[j] = a[0];
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] = larger(a[i + j], lane[j]);
    for (int j = 0; i < n; i++, j++)
        lane[j] = larger(a[i], lane[j]);
    for (int j = 1; j < LANES; j++)
        lane[0] = larger(lane[j], lane[0]);
    return lane[0];
}

cm_real KERNEL(sum_exp)(int64_t n, const cm_real *a, cm_real shift)
{
    cm_real lane[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += real_exp(a[i + j] - shift);
    for (int j = 0; i < n; i++, j++)
        lane[j] += real_exp(a[i] - shift);
    return fold(lane);
}

void KERNEL(exp_scaled)(int64_t n, cm_real *restrict o, const cm_real *restrict a, cm_real shift,
                        cm_real scale)
{
    for (int64_t i = 0; i < n; i++)
        o[i] = scale * real_exp(a[i] - shift);
}

void KERNEL(softmax)(int64_t n, cm_real *restrict o, const cm_real *restrict a)
{
    KERNEL(exp_scaled)(n, o, a, KERNEL(max)(n, a), 1);
    cm_real total = k_sum(n, o);
    for (int64_t i = 0; i < n; i++)
        o[i] /= total;
}

void KERNEL(softmax_back)(int64_t n, cm_real *restrict o, const cm_real *restrict g,
                          const cm_real *restrict y)
{
    cm_real total = k_dot(n, g, y);
    for (int64_t i = 0; i < n; i++)
        o[i] = y[i] * (g[i] - total);
}
