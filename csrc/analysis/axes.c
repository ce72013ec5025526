/* axes.c - principal axes; see eigen.h. */
#include "analysis/eigen.h"
#include "analysis/points.h"
#include <math.h>

/* Everything in double: the centred points, the smaller of the two products, its eigenvalues and
 * eigenvectors. */
typedef struct workspace {
    double *points;  /* [n, width] */
    double *product; /* [size, size] */
    double *vectors; /* the same */
} workspace;

static bool check(cm_ctx *cx, const cm_tensor *x, int64_t count)
{
    char text[CM_SHAPE_TEXT];
    if (!cm_need_points(cx, x))
        return false;
    int64_t n = x->shape.dims[0], size = CM_MIN(n, x->shape.dims[1]);
    if (n < 2)
        return cm_refuse(cx, CM_ERR_SHAPE, "%lld points have no variance: at least 2 are needed",
                         (long long)n);
    if (count < 1 || count > size)
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "%lld axes of points %s: count must be from 1 to %lld", (long long)count,
                         cm_shape_text(&x->shape, text), (long long)size);
    if (size > CM_EIGEN_LIMIT)
        return cm_refuse(cx, CM_ERR_LIMIT,
                         "points %s: of rows and columns the fewer may be at most %d; take a "
                         "sample of the points",
                         cm_shape_text(&x->shape, text), CM_EIGEN_LIMIT);
    return true;
}

static void centre(const cm_tensor *x, double *mean, double *points)
{
    int64_t n = x->shape.dims[0], width = x->shape.dims[1];
    const cm_real *data = cm_data(x);
    for (int64_t j = 0; j < width; j++)
        mean[j] = 0;
    for (int64_t i = 0; i < n * width; i++)
        mean[i % width] += (double)data[i] / (double)n;
    for (int64_t i = 0; i < n * width; i++)
        points[i] = (double)data[i] - mean[i % width];
}

/* By columns: the covariance [width, width]. By rows: the products of points [n, n]. Both by
 * n - 1. */
static void multiply(const double *points, int64_t n, int64_t width, bool by_rows, double *out)
{
    if (by_rows) {
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j <= i; j++) {
                double sum = 0;
                for (int64_t k = 0; k < width; k++)
                    sum += points[i * width + k] * points[j * width + k];
                out[i * n + j] = out[j * n + i] = sum / (double)(n - 1);
            }
        return;
    }
    for (int64_t r = 0; r < n; r++)
        for (int64_t i = 0; i < width; i++)
            for (int64_t j = 0; j <= i; j++)
                out[i * width + j] += points[r * width + i] * points[r * width + j];
    for (int64_t i = 0; i < width; i++)
        for (int64_t j = 0; j <= i; j++)
            out[j * width + i] = out[i * width + j] /= (double)(n - 1);
}

/* An axis [width] as a sum of points, weighted by an eigenvector of their products; unit length,
 * and with the sign that an eigenvector of the covariance has. */
static void axis_of_points(const double *points, int64_t n, int64_t width, const double *weights,
                           double *axis)
{
    double square = 0;
    for (int64_t k = 0; k < width; k++) {
        axis[k] = 0;
        for (int64_t i = 0; i < n; i++)
            axis[k] += weights[i] * points[i * width + k];
        square += axis[k] * axis[k];
    }
    int64_t largest = 0;
    for (int64_t k = 1; k < width; k++)
        largest = fabs(axis[k]) > fabs(axis[largest]) * (1 + 1e-6) ? k : largest;
    double scale = square > 0 ? copysign(1 / sqrt(square), axis[largest]) : 0;
    for (int64_t k = 0; k < width; k++)
        axis[k] *= scale;
}

static bool find_axes(cm_ctx *cx, const workspace *w, const cm_tensor *x, double *mean,
                      double *variances, double *axis, cm_tensor *out)
{
    int64_t n = x->shape.dims[0], width = x->shape.dims[1], size = CM_MIN(n, width);
    centre(x, mean, w->points);
    multiply(w->points, n, width, n < width, w->product);
    if (!cm_eigen_symmetric(cx, w->product, size, variances, w->vectors))
        return false;
    for (int64_t i = 0; i < size; i++) /* below this it is rounding error of either sign */
        if (variances[i] < 1e-13 * variances[0] || variances[i] < 0)
            variances[i] = 0;
    for (int64_t a = 0; a < out->shape.dims[0]; a++) {
        const double *vector = w->vectors + a * size;
        if (n < width) {
            axis_of_points(w->points, n, width, vector, axis);
            vector = axis;
        }
        for (int64_t k = 0; k < width; k++)
            cm_data(out)[a * width + k] = variances[a] > 0 ? (cm_real)vector[k] : 0;
    }
    return true;
}

cm_tensor *cm_principal_axes(cm_ctx *cx, const cm_tensor *x, int64_t count, double *mean,
                             double *variances)
{
    if (!check(cx, x, count))
        return NULL;
    size_t size = (size_t)CM_MIN(x->shape.dims[0], x->shape.dims[1]);
    cm_shape shape = cm_shape_2d(count, x->shape.dims[1]);
    cm_tensor *out = cm_tensor_new(cx, &shape);
    workspace w = {.points = cm_calloc(cx, (size_t)x->count, sizeof *w.points),
                   .product = cm_calloc(cx, size * size, sizeof *w.product),
                   .vectors = cm_calloc(cx, size * size, sizeof *w.vectors)};
    double *axis = cm_calloc(cx, (size_t)x->shape.dims[1], sizeof *axis);
    bool ok = out && axis && w.points && w.product && w.vectors &&
              find_axes(cx, &w, x, mean, variances, axis, out);
    cm_free(cx, w.points);
    cm_free(cx, w.product);
    cm_free(cx, w.vectors);
    cm_free(cx, axis);
    return ok ? out : NULL;
}
