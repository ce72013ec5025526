/* loops_factors.h - the inner loops of factorised matrices. A part of loops.c. */
#ifndef CM_LOOPS_FACTORS_H
#define CM_LOOPS_FACTORS_H

#include "kernels/loops_math.h"
#include "kernels/loops_sums.h"

/* Columns that are summed at a time: enough independent sums to hide the latency of one. */
#define CM_WIDE 64

/* Adds up the lanes by halves. */
static inline cm_real fold_halves(cm_real lane[LANES])
{
    for (int i = 0; i < LANES / 2; i++)
        lane[i] += lane[i + LANES / 2];
    for (int i = 0; i < LANES / 4; i++)
        lane[i] += lane[i + LANES / 4];
    return (lane[0] + lane[2]) + (lane[1] + lane[3]);
}

/* out [4] = four rows times v, computed side by side to hide latency. A row's product does not
 * depend on the others. */
static inline void four_dots(int64_t width, cm_real *restrict out, const cm_real *const row[4],
                             const cm_real *restrict v)
{
    const cm_real *p = row[0], *q = row[1], *r = row[2], *s = row[3];
    cm_real a[LANES] = {0}, b[LANES] = {0}, c[LANES] = {0}, d[LANES] = {0};
    int64_t j = 0;
    for (; j + LANES <= width; j += LANES) {
        for (int i = 0; i < LANES; i++)
            a[i] += p[j + i] * v[j + i];
        for (int i = 0; i < LANES; i++)
            b[i] += q[j + i] * v[j + i];
        for (int i = 0; i < LANES; i++)
            c[i] += r[j + i] * v[j + i];
        for (int i = 0; i < LANES; i++)
            d[i] += s[j + i] * v[j + i];
    }
    for (int i = 0; j < width; i++, j++) {
        a[i] += p[j] * v[j];
        b[i] += q[j] * v[j];
        c[i] += r[j] * v[j];
        d[i] += s[j] * v[j];
    }
    out[0] = fold_halves(a);
    out[1] = fold_halves(b);
    out[2] = fold_halves(c);
    out[3] = fold_halves(d);
}

/* out [n] = the rows of `table` that the ids name (NULL: the first n) times v [width]. */
static void k_row_dots(int64_t n, int64_t width, cm_real *restrict out,
                       const cm_real *restrict table, const int32_t *ids, const cm_real *restrict v)
{
    for (int64_t k = 0; k < n; k += 4) {
        const cm_real *row[4];
        cm_real some[4];
        for (int64_t r = 0; r < 4; r++) {
            int64_t at = CM_MIN(k + r, n - 1); /* past the end: the last row again */
            row[r] = table + (ids ? ids[at] : at) * width;
        }
        four_dots(width, some, row, v);
        for (int64_t r = 0; r < CM_MIN(n - k, 4); r++)
            out[k + r] = some[r];
    }
}

/* o [width] += the rows of `table` that the ids name (NULL: the first n), times weights [n]. Four
 * blocks of columns at a time, whose sums stay in registers. */
static void k_weighted_rows(int64_t n, int64_t width, cm_real *restrict o,
                            const cm_real *restrict table, const int32_t *ids,
                            const cm_real *restrict weights)
{
    int64_t j = 0;
    for (; j + 4 * LANES <= width; j += 4 * LANES) {
        cm_real a[LANES] = {0}, b[LANES] = {0}, c[LANES] = {0}, d[LANES] = {0};
        for (int64_t k = 0; k < n; k++) {
            const cm_real *row = table + (ids ? ids[k] : k) * width + j;
            for (int i = 0; i < LANES; i++)
                a[i] += weights[k] * row[i];
            for (int i = 0; i < LANES; i++)
                b[i] += weights[k] * row[i + LANES];
            for (int i = 0; i < LANES; i++)
                c[i] += weights[k] * row[i + 2 * LANES];
            for (int i = 0; i < LANES; i++)
                d[i] += weights[k] * row[i + 3 * LANES];
        }
        for (int i = 0; i < LANES; i++) {
            o[j + i] += a[i];
            o[j + i + LANES] += b[i];
            o[j + i + 2 * LANES] += c[i];
            o[j + i + 3 * LANES] += d[i];
        }
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
