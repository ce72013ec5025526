/* eigen.c - see eigen.h. */
#include "analysis/eigen.h"
#include <float.h>
#include <math.h>
#include <string.h>

/* Householder's reflection that turns x [n] into a multiple of the first axis: x becomes v with
 * v[0] = 1, the result is beta of I - beta v v', and *alpha what stays of x. */
static double reflect(double *x, int64_t n, double *alpha)
{
    double rest = 0, head = x[0];
    for (int64_t i = 1; i < n; i++)
        rest += x[i] * x[i];
    *alpha = head;
    x[0] = 1;
    if (rest == 0)
        return 0;
    double norm = sqrt(head * head + rest);
    double first = head <= 0 ? head - norm : -rest / (head + norm);
    for (int64_t i = 1; i < n; i++)
        x[i] /= first;
    *alpha = norm;
    return 2 * first * first / (rest + first * first);
}

/* The reflection I - beta v v' of rows and columns of the symmetric block at `a`, n rows of a
 * matrix with `step` numbers a row; w [n] is work space. */
static void reflect_both(double *a, int64_t n, int64_t step, const double *v, double beta,
                         double *w)
{
    double dot = 0;
    for (int64_t i = 0; i < n; i++) {
        w[i] = 0;
        for (int64_t j = 0; j < n; j++)
            w[i] += a[i * step + j] * v[j];
        w[i] *= beta;
        dot += w[i] * v[i];
    }
    for (int64_t i = 0; i < n; i++)
        w[i] -= beta * dot / 2 * v[i];
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            a[i * step + j] -= v[i] * w[j] + w[i] * v[j];
}

/* a becomes tridiagonal: its diagonal and what stands beside it into d and e [n]; the rows of q are
 * the axes in which it is so. */
static void tridiagonalise(double *a, int64_t n, double *d, double *e, double *q, double *work)
{
    double *betas = work, *v = work + n, *w = work + 2 * n;
    for (int64_t k = 0; k + 1 < n; k++) {
        int64_t left = n - k - 1;
        for (int64_t i = 0; i < left; i++)
            v[i] = a[(k + 1 + i) * n + k];
        betas[k] = reflect(v, left, &e[k]);
        reflect_both(a + (k + 1) * n + k + 1, left, n, v, betas[k], w);
        for (int64_t i = 0; i < left; i++)
            a[k * n + k + 1 + i] = v[i]; /* its row is no longer needed */
    }
    memset(q, 0, (size_t)(n * n) * sizeof *q);
    for (int64_t i = 0; i < n; i++) {
        d[i] = a[i * n + i];
        q[i * n + i] = 1;
    }
    e[n - 1] = 0;
    for (int64_t k = n - 2; k >= 0; k--) { /* q' = H_1 H_2 ..: each row of q is reflected */
        const double *reflector = a + k * n;
        for (int64_t r = k + 1; r < n; r++) {
            double dot = 0;
            for (int64_t i = k + 1; i < n; i++)
                dot += q[r * n + i] * reflector[i];
            for (int64_t i = k + 1; i < n; i++)
                q[r * n + i] -= betas[k] * dot * reflector[i];
        }
    }
}

/* Turns rows i and i + 1 of q. */
static void turn(double *q, int64_t n, int64_t i, double c, double s)
{
    double *lower = q + i * n, *upper = lower + n;
    for (int64_t j = 0; j < n; j++) {
        double f = upper[j];
        upper[j] = s * lower[j] + c * f;
        lower[j] = c * lower[j] - s * f;
    }
}

/* One QL step with an implicit shift on rows l..m of the tridiagonal matrix. */
static void ql_step(double *d, double *e, double *q, int64_t n, int64_t l, int64_t m)
{
    double g = (d[l + 1] - d[l]) / (2 * e[l]), r = hypot(g, 1);
    g = d[m] - d[l] + e[l] / (g + copysign(r, g));
    double s = 1, c = 1, p = 0;
    for (int64_t i = m - 1; i >= l; i--) {
        double f = s * e[i], b = c * e[i];
        e[i + 1] = r = hypot(f, g);
        if (r == 0) { /* it was split earlier */
            d[i + 1] -= p;
            e[m] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        turn(q, n, i, c, s);
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0;
}

static bool diagonalise(cm_ctx *cx, double *d, double *e, double *q, int64_t n)
{
    for (int64_t l = 0; l < n; l++) {
        for (int steps = 0;; steps++) {
            int64_t m = l;
            while (m + 1 < n && fabs(e[m]) > DBL_EPSILON * (fabs(d[m]) + fabs(d[m + 1])))
                m++;
            if (m == l)
                break;
            if (steps == 100)
                return cm_refuse(cx, CM_ERR_NUMBER,
                                 "no eigenvectors were found: are the numbers "
                                 "of very different size?");
            ql_step(d, e, q, n, l, m);
        }
    }
    return true;
}

/* Eigenvalues in descending order; the entry of largest magnitude of each vector is positive. */
static void put_in_order(double *values, double *vectors, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t best = i;
        for (int64_t j = i + 1; j < n; j++)
            best = values[j] > values[best] ? j : best;
        double value = values[i], *a = vectors + i * n, *b = vectors + best * n;
        values[i] = values[best];
        values[best] = value;
        for (int64_t k = 0; k < n && best != i; k++) {
            double held = a[k];
            a[k] = b[k];
            b[k] = held;
        }
    }
}

/* Entries that differ by rounding alone are ties, so that the first of the largest decides. */
static void fix_sign(double *v, int64_t n)
{
    int64_t largest = 0;
    for (int64_t k = 1; k < n; k++)
        largest = fabs(v[k]) > fabs(v[largest]) * (1 + 1e-6) ? k : largest;
    for (int64_t k = 0; k < n && v[largest] < 0; k++)
        if (k != largest)
            v[k] = -v[k];
    v[largest] = fabs(v[largest]);
}

bool cm_eigen_symmetric(cm_ctx *cx, double *a, int64_t n, double *values, double *vectors)
{
    double largest = 0;
    for (int64_t i = 0; i < n * n; i++) {
        if (!isfinite(a[i]))
            return cm_refuse(cx, CM_ERR_NUMBER, "eigenvectors: the matrix is not finite");
        largest = CM_MAX(largest, fabs(a[i]));
    }
    /* Squares must neither overflow nor underflow; scaling by a power of two is exact. */
    int power;
    (void)frexp(largest, &power);
    for (int64_t i = 0; i < n * n; i++)
        a[i] = ldexp(a[i], -power);
    double *work = cm_calloc(cx, (size_t)n, 4 * sizeof *work);
    if (!work)
        return false;
    bool ok = n == 0;
    if (n > 0) {
        tridiagonalise(a, n, values, work, vectors, work + n);
        ok = diagonalise(cx, values, work, vectors, n);
    }
    if (ok) {
        put_in_order(values, vectors, n);
        for (int64_t i = 0; i < n; i++) {
            values[i] = ldexp(values[i], power);
            fix_sign(vectors + i * n, n);
        }
    }
    cm_free(cx, work);
    return ok;
}

cm_tensor *cm_eigenvectors(cm_ctx *cx, const cm_tensor *x, cm_tensor **values)
{
    int64_t n = x->shape.ndim == 2 ? x->shape.dims[0] : -1;
    if (n < 0 || x->shape.dims[1] != n || !cm_is_contiguous(x))
        return cm_fail(cx, CM_ERR_SHAPE, "a contiguous square matrix was expected");
    if (n > CM_EIGEN_LIMIT)
        return cm_fail(cx, CM_ERR_LIMIT, "%lld rows, but eigenvectors are found of at most %d",
                       (long long)n, CM_EIGEN_LIMIT);
    size_t square = (size_t)n * (size_t)n;
    double *work = cm_calloc(cx, 2 * square + (size_t)n, sizeof *work);
    cm_shape flat = cm_shape_1d(n);
    cm_tensor *out = cm_tensor_new(cx, &x->shape);
    *values = cm_tensor_new(cx, &flat);
    bool ok = work && out && *values;
    for (int64_t i = 0; ok && i < n; i++)
        for (int64_t j = 0; j <= i; j++)
            work[i * n + j] = work[j * n + i] = (double)cm_data(x)[i * n + j];
    ok = ok && cm_eigen_symmetric(cx, work, n, work + 2 * square, work + square);
    for (size_t i = 0; ok && i < square; i++)
        cm_data(out)[i] = (cm_real)work[square + i];
    for (int64_t i = 0; ok && i < n; i++)
        cm_data(*values)[i] = (cm_real)work[2 * square + (size_t)i];
    cm_free(cx, work);
    return ok ? out : NULL;
}
