/* cholesky.c - see cholesky.h. */
#include "kernels/cholesky.h"
#include <float.h>
#include <math.h>

/* Relative remainder of a diagonal element, per column, that may be rounding error alone. */
#define NOISE (4 * (CM_REAL_IS_DOUBLE ? DBL_EPSILON : (double)FLT_EPSILON))

bool cm_cholesky(double *a, int64_t n)
{
    return cm_cholesky_beyond(a, n, NOISE * (double)n);
}

/* Column j of the factor, of four rows from `row` on whose columns before are done. Each sum has
 * its terms in their order; a single one would wait for its last addition. */
static void column_of_four(double *row, const double *pivot, int64_t n, int64_t j)
{
    double *a = row, *b = row + n, *c = row + 2 * n, *d = row + 3 * n;
    double of_a = a[j], of_b = b[j], of_c = c[j], of_d = d[j];
    for (int64_t k = 0; k < j; k++) {
        of_a -= a[k] * pivot[k];
        of_b -= b[k] * pivot[k];
        of_c -= c[k] * pivot[k];
        of_d -= d[k] * pivot[k];
    }
    a[j] = of_a / pivot[j];
    b[j] = of_b / pivot[j];
    c[j] = of_c / pivot[j];
    d[j] = of_d / pivot[j];
}

static void column_of_one(double *row, const double *pivot, int64_t j)
{
    double sum = row[j];
    for (int64_t k = 0; k < j; k++)
        sum -= row[k] * pivot[k];
    row[j] = sum / pivot[j];
}

bool cm_cholesky_beyond(double *a, int64_t n, double noise)
{
    for (int64_t j = 0; j < n; j++) {
        double *pivot = a + j * n, least = noise * pivot[j], sum = pivot[j];
        for (int64_t k = 0; k < j; k++)
            sum -= pivot[k] * pivot[k];
        if (!(sum > least && isfinite(sum)))
            return false;
        pivot[j] = sqrt(sum);
        int64_t i = j + 1;
        for (; i + 4 <= n; i += 4)
            column_of_four(a + i * n, pivot, n, j);
        for (; i < n; i++)
            column_of_one(a + i * n, pivot, j);
    }
    return true;
}

void cm_cholesky_solve(const double *factor, int64_t n, double *b)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < i; j++)
            b[i] -= factor[i * n + j] * b[j];
        b[i] /= factor[i * n + i];
    }
    for (int64_t i = n - 1; i >= 0; i--) {
        for (int64_t j = i + 1; j < n; j++)
            b[i] -= factor[j * n + i] * b[j];
        b[i] /= factor[i * n + i];
    }
}
