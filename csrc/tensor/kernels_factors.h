/* kernels_factors.h - the inner loops of factorised matrices. A part of kernels.c. */
#ifndef CM_KERNELS_FACTORS_H
#define CM_KERNELS_FACTORS_H

#include "tensor/kernels_math.h"
#include "tensor/kernels_sums.h"

/* Columns that are summed at a time: enough sums beside each other to hide how long one takes. */
#define CM_WIDE 64

/* out [n] = the rows of `table` that the ids name (NULL: the first n) times v [width]. */
static void k_row_dots(int64_t n, int64_t width, cm_real *restrict out,
                       const cm_real *restrict table, const int32_t *ids, const cm_real *restrict v)
{
    for (int64_t k = 0; k < n; k++)
        out[k] = k_dot(width, table + (ids ? ids[k] : k) * width, v);
}

/* o [width] += the rows of `table` that the ids name (NULL: the first n), times weights [n]. */
static void k_weighted_rows(int64_t n, int64_t width, cm_real *restrict o,
                            const cm_real *restrict table, const int32_t *ids,
                            const cm_real *restrict weights)
{
    int64_t j = 0;
    for (; j + CM_WIDE <= width; j += CM_WIDE) {
        cm_real sum[CM_WIDE];
        for (int i = 0; i < CM_WIDE; i++)
            sum[i] = o[j + i];
        for (int64_t k = 0; k < n; k++) {
            const cm_real *row = table + (ids ? ids[k] : k) * width + j;
            for (int i = 0; i < CM_WIDE; i++)
                sum[i] += weights[k] * row[i];
        }
        for (int i = 0; i < CM_WIDE; i++)
            o[j + i] = sum[i];
    }
    for (int64_t k = 0; j < width && k < n; k++) {
        const cm_real *row = table + (ids ? ids[k] : k) * width;
        for (int64_t i = j; i < width; i++)
            o[i] += weights[k] * row[i];
    }
}

/* One step of BPR on the vectors of a user and of an item above another; see cf/bpr.h. */
static cm_real k_bpr_step(int64_t width, cm_real *restrict user, cm_real *restrict above,
                          cm_real *restrict below, cm_real rate, cm_real regularization)
{
    cm_real margin = k_dot(width, user, above) - k_dot(width, user, below);
    cm_real pull = rate / (1 + real_exp(margin)), keep = 1 - rate * regularization;
    for (int64_t i = 0; i < width; i++) {
        cm_real u = user[i], a = above[i], b = below[i];
        user[i] = keep * u + pull * (a - b);
        above[i] = keep * a + pull * u;
        below[i] = keep * b - pull * u;
    }
    return margin;
}

#endif
