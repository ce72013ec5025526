/* ridge.c - see ridge.h. */
#include "cf/ridge.h"
#include "kernels/blas.h"
#include "kernels/cholesky.h"
#include <string.h>

static bool check_ridge(cm_ctx *cx, int64_t width, const cm_tensor *ridge)
{
    return (ridge->shape.ndim >= 1 && ridge->shape.ndim <= 2 && ridge->shape.dims[0] == width &&
            ridge->shape.dims[ridge->shape.ndim - 1] == width) ||
           cm_refuse(cx, CM_ERR_SHAPE,
                     "features must be [n, width] and ridge [width], one value per column, or "
                     "[width, width]");
}

static bool check_rows(cm_ctx *cx, const cm_tensor *features, const cm_ids *rows,
                       const cm_tensor *targets, const cm_ids *segments)
{
    if (features->shape.ndim != 2)
        return cm_refuse(cx, CM_ERR_SHAPE, "features must be [n, width]");
    int64_t count = rows ? rows->count : features->shape.dims[0];
    if (count != cm_segments_rows(segments) || targets->count != count)
        return cm_refuse(cx, CM_ERR_SHAPE, "%lld rows and %lld targets, but segments of %lld rows",
                         (long long)count, (long long)targets->count,
                         (long long)cm_segments_rows(segments));
    if (rows && rows->limit > features->shape.dims[0])
        return cm_refuse(cx, CM_ERR_INDEX, "row %d, but there are features of %lld rows only",
                         rows->limit, (long long)features->shape.dims[0]);
    return true;
}

static void pack_rows(const cm_real *features, const int32_t *rows, int64_t n, int64_t width,
                      cm_real *packed)
{
    size_t bytes = (size_t)width * sizeof *packed;
    for (int64_t r = 0; r < n; r++) {
        if (rows && rows[r] < 0)
            memset(packed + r * width, 0, bytes);
        else
            memcpy(packed + r * width, features + (rows ? rows[r] : r) * width, bytes);
    }
}

bool cm_ridge_open(cm_ctx *cx, cm_ridge_work *w, int64_t width, const cm_ids *segments)
{
    *w = (cm_ridge_work){.width = width};
    cm_shape square = cm_shape_2d(width, width);
    int64_t count;
    if (!cm_shape_count(cx, &square, &count))
        return false;
    w->packed =
        cm_calloc(cx, (size_t)cm_segments_longest(segments) * (size_t)width, sizeof *w->packed);
    w->gram = cm_calloc(cx, (size_t)count, sizeof *w->gram);
    w->factor = cm_calloc(cx, (size_t)count, sizeof *w->factor);
    w->solution = cm_calloc(cx, (size_t)width, sizeof *w->solution);
    return w->packed && w->gram && w->factor && w->solution;
}

void cm_ridge_close(cm_ctx *cx, cm_ridge_work *w)
{
    cm_free(cx, w->packed);
    cm_free(cx, w->gram);
    cm_free(cx, w->factor);
    cm_free(cx, w->solution);
}

/* X'X into w->gram and X'y into w->solution, of a group. */
static void sum_rows(cm_ctx *cx, const cm_ridge_work *w, const cm_real *features,
                     const int32_t *rows, int64_t n, const cm_real *targets)
{
    int64_t width = w->width;
    cm_matrix by_row = {w->packed, width, 1}, by_column = {w->packed, 1, width};
    pack_rows(features, rows, n, width, w->packed);
    cm_gemm(cx, width, width, n, by_column, by_row, 0, w->gram, width);
    memset(w->solution, 0, (size_t)width * sizeof *w->solution);
    for (int64_t r = 0; r < n; r++)
        for (int64_t j = 0; j < width; j++)
            w->solution[j] += (double)targets[r] * (double)w->packed[r * width + j];
}

/* The weights of w->gram and w->solution into the latter. */
static bool solve_sums(cm_ctx *cx, const cm_ridge_work *w, cm_ridge_penalty ridge)
{
    int64_t width = w->width;
    for (int64_t i = 0; i < width * width; i++)
        w->factor[i] = (double)w->gram[i] + (ridge.whole ? (double)ridge.values[i] : 0);
    for (int64_t j = 0; j < width && !ridge.whole; j++)
        w->factor[j * width + j] += (double)ridge.values[j];
    if (!cm_cholesky(cx, w->factor, width))
        return false;
    cm_cholesky_solve(cx, w->factor, width, w->solution);
    return true;
}

static bool no_solution(cm_ctx *cx, int64_t group, const char *named)
{
    return cm_refuse(cx, CM_ERR_NUMBER,
                     "the equations of group %lld have no unique solution: raise %s, unless its "
                     "features are not finite",
                     (long long)group + 1, named);
}

bool cm_ridge_group(cm_ctx *cx, const cm_ridge_work *w, const cm_real *features,
                    const int32_t *rows, int64_t n, const cm_real *targets, cm_ridge_penalty ridge)
{
    sum_rows(cx, w, features, rows, n, targets);
    return solve_sums(cx, w, ridge);
}

static bool solve_all(cm_ctx *cx, const cm_ridge_work *w, const cm_tensor *features,
                      const cm_ids *rows, const cm_tensor *targets, const cm_ids *segments,
                      const cm_tensor *ridge, const char *named, cm_tensor *out)
{
    int64_t width = features->shape.dims[1];
    cm_ridge_penalty penalty = {cm_data(ridge), ridge->shape.ndim == 2};
    for (int64_t g = 0; g < cm_segments_groups(segments); g++) {
        int64_t first = segments->values[g], n = cm_segment_length(segments, g);
        const cm_real *from = cm_data(features) + (rows ? 0 : first * width);
        cm_real *weights = cm_data(out) + g * width;
        memset(weights, 0, (size_t)width * sizeof *weights);
        if (n == 0)
            continue;
        if (!cm_ridge_group(cx, w, from, rows ? rows->values + first : NULL, n,
                            cm_data(targets) + first, penalty))
            return no_solution(cx, g, named);
        for (int64_t j = 0; j < width; j++)
            weights[j] = (cm_real)w->solution[j];
    }
    return true;
}

cm_tensor *cm_segment_ridge(cm_ctx *cx, const cm_tensor *features, const cm_ids *rows,
                            const cm_tensor *targets, const cm_ids *segments,
                            const cm_tensor *ridge, const char *named)
{
    if (!check_ridge(cx, features->shape.ndim == 2 ? features->shape.dims[1] : -1, ridge) ||
        !check_rows(cx, features, rows, targets, segments))
        return NULL;
    cm_shape shape = cm_shape_2d(cm_segments_groups(segments), features->shape.dims[1]);
    cm_tensor *out = cm_tensor_new(cx, &shape);
    cm_ridge_work w = {0};
    bool ok =
        out && cm_ridge_open(cx, &w, features->shape.dims[1], segments) &&
        (w.width == 0 || solve_all(cx, &w, features, rows, targets, segments, ridge, named, out));
    cm_ridge_close(cx, &w);
    return ok ? out : NULL;
}

/* One group in the form of sums. */
static void keep_sums(const cm_ridge_work *w, cm_real *sums)
{
    for (int64_t i = 0; i < w->width; i++, sums += w->width + 1) {
        memcpy(sums, w->gram + i * w->width, (size_t)w->width * sizeof *sums);
        sums[w->width] = (cm_real)w->solution[i];
    }
}

cm_tensor *cm_ridge_sums(cm_ctx *cx, const cm_tensor *features, const cm_ids *rows,
                         const cm_tensor *targets, const cm_ids *segments)
{
    if (!check_rows(cx, features, rows, targets, segments))
        return NULL;
    int64_t width = features->shape.dims[1], groups = cm_segments_groups(segments);
    cm_shape shape = {.ndim = 3, .dims = {groups, width, width + 1}};
    cm_tensor *out = cm_tensor_full(cx, &shape, 0);
    cm_ridge_work w = {0};
    bool ok = out && cm_ridge_open(cx, &w, width, segments);
    for (int64_t g = 0; ok && g < groups && width > 0; g++) {
        int64_t first = segments->values[g], n = cm_segment_length(segments, g);
        if (n == 0)
            continue;
        sum_rows(cx, &w, cm_data(features) + (rows ? 0 : first * width),
                 rows ? rows->values + first : NULL, n, cm_data(targets) + first);
        keep_sums(&w, cm_data(out) + g * width * (width + 1));
    }
    cm_ridge_close(cx, &w);
    return ok ? out : NULL;
}

/* Takes one group from the form of sums. */
static void take_sums(const cm_ridge_work *w, const cm_real *sums)
{
    for (int64_t i = 0; i < w->width; i++, sums += w->width + 1) {
        memcpy(w->gram + i * w->width, sums, (size_t)w->width * sizeof *sums);
        w->solution[i] = (double)sums[w->width];
    }
}

cm_tensor *cm_ridge_of_sums(cm_ctx *cx, const cm_tensor *sums, const cm_tensor *ridge,
                            const char *named)
{
    int64_t width = sums->shape.ndim == 3 ? sums->shape.dims[1] : -1;
    if (width < 0 || sums->shape.dims[2] != width + 1)
        return cm_fail(cx, CM_ERR_SHAPE, "sums must be [groups, width, width + 1]");
    cm_shape shape = cm_shape_2d(sums->shape.dims[0], width);
    cm_tensor *out = check_ridge(cx, width, ridge) ? cm_tensor_new(cx, &shape) : NULL;
    int32_t offsets[2] = {0, 0}; /* no rows are packed */
    cm_ids none = {.refs = 1, .count = 2, .values = offsets};
    cm_ids_seal(&none);
    cm_ridge_work w = {0};
    bool ok = out && cm_ridge_open(cx, &w, width, &none);
    cm_ridge_penalty penalty = {ok ? cm_data(ridge) : NULL, ridge->shape.ndim == 2};
    for (int64_t g = 0; ok && g < shape.dims[0] && width > 0; g++) {
        take_sums(&w, cm_data(sums) + g * width * (width + 1));
        ok = solve_sums(cx, &w, penalty) || no_solution(cx, g, named);
        for (int64_t j = 0; ok && j < width; j++)
            cm_data(out)[g * width + j] = (cm_real)w.solution[j];
    }
    cm_ridge_close(cx, &w);
    return ok ? out : NULL;
}
