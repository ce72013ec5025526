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

bool cm_cholesky_beyond(double *a, int64_t n, double noise)
{
    for (int64_t i = 0; i < n; i++) {
        double *row = a + i * n, least = noise * row[i];
        for (int64_t j = 0; j <= i; j++) {
            double sum = row[j];
            for (int64_t k = 0; k < j; k++)
                sum -= row[k] * a[j * n + k];
            if (j < i)
                row[j] = sum / a[j * n + j];
            else if (sum > least && isfinite(sum))
                row[j] = sqrt(sum);
            else
                return false;
        }
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
