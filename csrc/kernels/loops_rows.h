/* loops_rows.h - the inner loops on rows selected by index. A part of loops.c. */
#ifndef CM_LOOPS_ROWS_H
#define CM_LOOPS_ROWS_H

#include "kernels/kernels.h"

/* Columns that are summed at a time, so that the sums stay in registers. */
#define CM_COLUMNS 32

/* o [rows, width] += the rows of `table` that the ids name. */
static void k_gather_add(int64_t rows, int64_t width, cm_real *restrict o,
                         const cm_real *restrict table, const int32_t *ids)
{
    for (int64_t r = 0; r < rows; r++) {
        const cm_real *from = table + ids[r] * width;
        for (int64_t j = 0; j < width; j++)
            o[r * width + j] += from[j];
    }
}

/* Rows of `table` that the ids name += weight times those of g, which lie `step` apart (0: one
 * for all); a negative id names none. */
static void k_scatter_add(int64_t rows, int64_t width, cm_real *restrict table, const int32_t *ids,
                          cm_real weight, const cm_real *restrict g, int64_t step)
{
    for (int64_t r = 0; r < rows; r++) {
        if (ids[r] < 0)
            continue;
        cm_real *to = table + ids[r] * width;
        for (int64_t j = 0; j < width; j++)
            to[j] += weight * g[r * step + j];
    }
}

/* o [width] = weight times the sum of the n rows of `table` that the ids name; a negative id names
 * none. */
static void k_sum_rows(int64_t n, int64_t width, cm_real *restrict o, cm_real weight,
                       const cm_real *restrict table, const int32_t *ids)
{
    int64_t j = 0;
    for (; j + CM_COLUMNS <= width; j += CM_COLUMNS) {
        cm_real sum[CM_COLUMNS] = {0};
        for (int64_t k = 0; k < n; k++)
            if (ids[k] >= 0)
                for (int i = 0; i < CM_COLUMNS; i++)
                    sum[i] += table[ids[k] * width + j + i];
        for (int i = 0; i < CM_COLUMNS; i++)
            o[j + i] = weight * sum[i];
    }
    for (; j < width; j++) {
        cm_real sum = 0;
        for (int64_t k = 0; k < n; k++)
            if (ids[k] >= 0)
                sum += table[ids[k] * width + j];
        o[j] = weight * sum;
    }
}

/* The weight of the ids of a bag. */
static inline cm_real bag_weight(int32_t size, bool mean)
{
    return mean && size > 0 ? 1 / (cm_real)size : 1;
}

/* o [bags, width] += the sums, or means, of the rows of `table` that the ids of each bag name; the
 * table begins with row `first`. */
static void k_bags_add(int64_t bags, int64_t width, cm_real *restrict o, const int32_t *offsets,
                       const int32_t *ids, int32_t first, bool mean, const cm_real *restrict table)
{
    for (int64_t b = 0; b < bags; b++, o += width) {
        cm_real weight = bag_weight(offsets[b + 1] - offsets[b], mean);
        for (int32_t k = offsets[b]; k < offsets[b + 1]; k++) {
            const cm_real *from = table + (int64_t)(ids[k] - first) * width;
            for (int64_t j = 0; j < width; j++)
                o[j] += weight * from[j];
        }
    }
}

/* The transpose: the rows of `table` += those of g [bags, width]. */
static void k_bags_spread(int64_t bags, int64_t width, cm_real *restrict table,
                          const int32_t *offsets, const int32_t *ids, int32_t first, bool mean,
                          const cm_real *restrict g)
{
    for (int64_t b = 0; b < bags; b++, g += width) {
        cm_real weight = bag_weight(offsets[b + 1] - offsets[b], mean);
        for (int32_t k = offsets[b]; k < offsets[b + 1]; k++) {
            cm_real *to = table + (int64_t)(ids[k] - first) * width;
            for (int64_t j = 0; j < width; j++)
                to[j] += weight * g[j];
        }
    }
}

#endif
