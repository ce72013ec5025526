/* als.c - see als.h. */
#include "cf/als.h"
#include "kernels/blas.h"
#include "kernels/kernels.h"
#include <math.h>
#include <string.h>

/* Entries of a row that are processed together: their vectors are read twice and stay in cache. */
#define CHUNK 128

/* What the rows of one sweep share. */
typedef struct sweep {
    const cm_kernels *k;
    const cm_sparse *matrix;
    const cm_real *y;
    int64_t factors;
    cm_real alpha;
    cm_real *gram; /* Y'Y + regularization I */
    cm_real *residual, *direction, *image;
} sweep;

static double dot(const sweep *s, const cm_real *a, const cm_real *b)
{
    cm_real sum;
    s->k->row_dots(1, s->factors, &sum, a, NULL, b);
    return (double)sum;
}

/* image = A v - preference b, with A and b the equations of a row. */
static void apply(const sweep *s, int64_t row, const cm_real *v, cm_real preference)
{
    const cm_sparse *m = s->matrix;
    memset(s->image, 0, (size_t)s->factors * sizeof *s->image);
    s->k->weighted_rows(s->factors, s->factors, s->image, s->gram, NULL, v);
    int64_t end = m->rows->values[row + 1];
    for (int64_t e = m->rows->values[row]; e < end; e += CHUNK) {
        int64_t n = CM_MIN(end - e, CHUNK);
        const int32_t *ids = m->columns->values + e;
        const cm_real *weight = cm_data(m->weights) + e;
        cm_real c[CHUNK];
        s->k->row_dots(n, s->factors, c, s->y, ids, v);
        for (int64_t i = 0; i < n; i++)
            c[i] = s->alpha * weight[i] * (c[i] - preference) - preference;
        s->k->weighted_rows(n, s->factors, s->image, s->y, ids, c);
    }
}

/* Moves x towards the solution of the equations of a row; false if numbers overflow. */
static bool solve_row(const sweep *s, int64_t row, cm_real *x, int64_t steps)
{
    int64_t f = s->factors;
    apply(s, row, x, 1);
    for (int64_t i = 0; i < f; i++)
        s->direction[i] = s->residual[i] = -s->image[i];
    double square = dot(s, s->residual, s->residual);
    for (int64_t step = 0; step < steps && square > 0; step++) {
        apply(s, row, s->direction, 0);
        double curvature = dot(s, s->direction, s->image);
        if (curvature <= 0) /* only rounding error is left */
            break;
        double length = square / curvature, before = square;
        s->k->axpy(f, x, (cm_real)length, s->direction);
        s->k->axpy(f, s->residual, (cm_real)-length, s->image);
        square = dot(s, s->residual, s->residual);
        cm_real keep = (cm_real)(square / before);
        for (int64_t i = 0; i < f; i++)
            s->direction[i] = s->residual[i] + keep * s->direction[i];
    }
    return isfinite(square) && isfinite(dot(s, x, x));
}

/* Y'Y of y [n, f]. */
static void square_of(cm_ctx *cx, const cm_real *y, int64_t n, int64_t f, cm_real *gram)
{
    cm_gemm(cx, f, f, n, (cm_matrix){y, 1, f}, (cm_matrix){y, f, 1}, 0, gram, f);
}

static bool check_options(cm_ctx *cx, const cm_als_options *o)
{
    if (isfinite(o->alpha) && o->alpha >= 0 && isfinite(o->regularization) &&
        o->regularization >= 0 && o->steps >= 1)
        return true;
    return cm_refuse(cx, CM_ERR_ARGUMENT,
                     "alpha %g and regularization %g must be finite and not negative, steps (%lld) "
                     "at least 1",
                     o->alpha, o->regularization, (long long)o->steps);
}

static bool sweep_rows(cm_ctx *cx, sweep *s, cm_real *x, const cm_als_options *o)
{
    int64_t rows = cm_segments_groups(s->matrix->rows), f = s->factors;
    for (int64_t i = 0; i < f; i++)
        s->gram[i * f + i] += (cm_real)o->regularization;
    for (int64_t r = 0; r < rows; r++) {
        if (cm_segment_length(s->matrix->rows, r) == 0)
            memset(x + r * f, 0, (size_t)f * sizeof *x);
        else if (!solve_row(s, r, x + r * f, o->steps))
            return cm_refuse(cx, CM_ERR_NUMBER,
                             "the vector of row %lld overflows: lower alpha (%g) or the weights",
                             (long long)r + 1, o->alpha);
    }
    return true;
}

cm_tensor *cm_als_sweep(cm_ctx *cx, const cm_sparse *matrix, cm_tensor *y, cm_tensor *start,
                        const cm_als_options *o)
{
    if (!check_options(cx, o) || !cm_factors_fit(cx, matrix, start, y))
        return NULL;
    size_t f = (size_t)y->shape.dims[1];
    cm_real *work = cm_calloc(cx, f * f + 3 * f, sizeof *work);
    cm_tensor *fixed = cm_contiguous(cx, y), *x = cm_tensor_new(cx, &start->shape);
    bool ok = work && fixed && x;
    if (ok) {
        sweep s = {.k = cm_kernels_of(cx),
                   .matrix = matrix,
                   .y = cm_data(fixed),
                   .factors = (int64_t)f,
                   .alpha = (cm_real)o->alpha,
                   .gram = work,
                   .residual = work + f * f,
                   .direction = work + f * f + f,
                   .image = work + f * f + 2 * f};
        cm_tensor_copy(x, start);
        square_of(cx, s.y, fixed->shape.dims[0], s.factors, s.gram);
        ok = sweep_rows(cx, &s, cm_data(x), o);
    }
    cm_free(cx, work);
    return ok ? x : NULL;
}

/* What the entries add to the loss beyond the squares of all cells. */
static double loss_of_entries(cm_ctx *cx, const cm_sparse *m, const cm_real *x, const cm_real *y,
                              int64_t f, double alpha)
{
    double sum = 0;
    for (int64_t r = 0; r < cm_segments_groups(m->rows); r++) {
        int64_t end = m->rows->values[r + 1];
        for (int64_t e = m->rows->values[r]; e < end; e += CHUNK) {
            int64_t n = CM_MIN(end - e, CHUNK);
            cm_real scores[CHUNK];
            cm_kernels_of(cx)->row_dots(n, f, scores, y, m->columns->values + e, x + r * f);
            for (int64_t i = 0; i < n; i++) {
                double score = (double)scores[i], miss = 1 - score;
                double confidence = 1 + alpha * (double)cm_data(m->weights)[e + i];
                sum += confidence * miss * miss - score * score;
            }
        }
    }
    return sum;
}

bool cm_als_loss(cm_ctx *cx, const cm_sparse *matrix, cm_tensor *x, cm_tensor *y,
                 const cm_als_options *o, double *loss)
{
    if (!check_options(cx, o) || !cm_factors_fit(cx, matrix, x, y))
        return false;
    int64_t f = y->shape.dims[1];
    size_t square = (size_t)f * (size_t)f;
    cm_real *grams = cm_calloc(cx, 2 * square, sizeof *grams);
    cm_tensor *left = cm_contiguous(cx, x), *right = cm_contiguous(cx, y);
    bool ok = grams && left && right;
    if (ok) {
        /* The squares of all cells, sum (x . y)^2, are the product of X'X and Y'Y. */
        const cm_real *a = cm_data(left), *b = cm_data(right);
        square_of(cx, a, left->shape.dims[0], f, grams);
        square_of(cx, b, right->shape.dims[0], f, grams + square);
        *loss = loss_of_entries(cx, matrix, a, b, f, o->alpha);
        for (size_t i = 0; i < square; i++)
            *loss += (double)grams[i] * (double)grams[square + i];
        const cm_kernels *k = cm_kernels_of(cx);
        *loss +=
            o->regularization * (k->sum_squares(left->count, a) + k->sum_squares(right->count, b));
    }
    cm_free(cx, grams);
    return ok;
}
