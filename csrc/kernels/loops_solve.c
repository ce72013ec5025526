/* loops_solve.c - Cholesky factors of small systems in double precision, and solutions by them.
 * Compiled once for each instruction set. The factor is the upper one, so that every loop runs
 * along a row. */
#include "kernels/loops_isa.h"
#include <math.h>

enum { SOME = 4, LANES = 8 };

static inline void take_one(int64_t n, double *restrict row, const double *restrict x, double by)
{
    for (int64_t t = 0; t < n; t++)
        row[t] -= by * x[t];
}

/* The same of several rows that lie `next` apart: each number of `row` is read once for all. */
static inline void take_some(int64_t n, double *restrict row, const double *restrict x,
                             int64_t next, const double *by)
{
    const double *restrict y = x + next, *restrict z = y + next, *restrict w = z + next;
    double by_x = by[0], by_y = by[1], by_z = by[2], by_w = by[3];
    for (int64_t t = 0; t < n; t++)
        row[t] = row[t] - by_x * x[t] - by_y * y[t] - by_z * z[t] - by_w * w[t];
}

/* Row j of the factor, of which the rows above were taken. What its diagonal element was at first
 * stands at its beginning, left of the diagonal. */
static inline bool finish_row(double *a, int64_t n, int64_t j, double noise)
{
    double *row = a + j * n, pivot = row[j], least = noise * row[0];
    if (!(pivot > least && isfinite(pivot)))
        return false;
    pivot = row[j] = sqrt(pivot);
    for (int64_t t = j + 1; t < n; t++)
        row[t] /= pivot;
    return true;
}

bool KERNEL(cholesky)(double *a, int64_t n, double noise)
{
    for (int64_t i = 1; i < n; i++)
        a[i * n] = a[i * n + i];
    for (int64_t first = 0; first < n; first += SOME) {
        int64_t end = first + SOME < n ? first + SOME : n;
        for (int64_t j = first; j < end; j++) {
            for (int64_t k = first; k < j; k++)
                take_one(n - j, a + j * n + j, a + k * n + j, a[k * n + j]);
            if (!finish_row(a, n, j, noise))
                return false;
        }
        for (int64_t i = end; i < n; i++) {
            const double *x = a + first * n + i;
            double by[SOME] = {x[0], x[n], x[2 * n], x[3 * n]};
            take_some(n - i, a + i * n + i, x, n, by);
        }
    }
    return true;
}

/* The sum of products, in as many parts as lanes. */
static inline double dot(int64_t n, const double *restrict a, const double *restrict b)
{
    double parts[LANES] = {0}, sum = 0;
    int64_t k = 0;
    for (; k + LANES <= n; k += LANES)
        for (int lane = 0; lane < LANES; lane++)
            parts[lane] += a[k + lane] * b[k + lane];
    for (; k < n; k++)
        sum += a[k] * b[k];
    for (int lane = 0; lane < LANES; lane++)
        sum += parts[lane];
    return sum;
}

void KERNEL(cholesky_solve)(const double *factor, int64_t n, double *b)
{
    for (int64_t i = 0; i < n; i++) {
        b[i] /= factor[i * n + i];
        take_one(n - i - 1, b + i + 1, factor + i * n + i + 1, b[i]);
    }
    for (int64_t i = n - 1; i >= 0; i--) {
        const double *row = factor + i * n;
        b[i] = (b[i] - dot(n - i - 1, row + i + 1, b + i + 1)) / row[i];
    }
}
