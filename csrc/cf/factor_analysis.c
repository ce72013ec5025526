/* factor_analysis.c - see factor_analysis.h. */
#include "cf/factor_analysis.h"
#include "cf/ridge.h"
#include "kernels/cholesky.h"
#include <string.h>

#define LOG_2_PI 1.8378770664093454836

/* What a sweep works with. f: factors; z: those of a user and, as the last, 1. */
typedef struct sweep {
    int64_t items, f, triangle; /* triangle: numbers of a symmetric [f + 1, f + 1] matrix */
    cm_real *features;          /* [items, f]: l / sqrt(psi) */
    cm_tensor *standardised;    /* the same, as the ridge takes it */
    double *log_noise;          /* [items] */
    cm_real *targets;           /* [longest]: (rating - m) / sqrt(psi) of a user */
    cm_real *ones;              /* [f] */
    double *z;                  /* [f + 1]: the posterior mean */
    double *column;             /* [f] */
    double *moments;            /* [triangle]: what z z' is expected to be */
    double *second;             /* [items, triangle]: sums of moments over the users of each, */
    double *cross;              /* [items, f + 1]: of rating z, */
    double *squares;            /* [items]: and of rating^2 */
    double *matrix;             /* [f + 1, f + 1]: the equations of an item */
    double *weights;            /* [f + 1] */
    int32_t *counts;            /* [items]: ratings */
    cm_ridge_work ridge;
} sweep;

static bool prepare(cm_ctx *cx, sweep *s, const cm_residuals *ratings, const cm_item_factors *from)
{
    size_t f = (size_t)s->f, items = (size_t)s->items, sums;
    if (!cm_ridge_open(cx, &s->ridge, s->f, ratings->segments))
        return false;
    if (!cm_mul_size(items, (size_t)s->triangle, &sums))
        return cm_refuse(cx, CM_ERR_LIMIT, "%lld factors of %lld items", (long long)s->f,
                         (long long)s->items);
    s->standardised = cm_tensor_new(cx, &from->loadings->shape);
    s->log_noise = cm_calloc(cx, items, sizeof *s->log_noise);
    s->targets = cm_calloc(cx, (size_t)cm_segments_longest(ratings->segments), sizeof *s->targets);
    s->ones = cm_calloc(cx, f, sizeof *s->ones);
    s->z = cm_calloc(cx, f + 1, sizeof *s->z);
    s->column = cm_calloc(cx, f, sizeof *s->column);
    s->moments = cm_calloc(cx, (size_t)s->triangle, sizeof *s->moments);
    s->second = cm_calloc(cx, sums, sizeof *s->second);
    s->cross = cm_calloc(cx, items * (f + 1), sizeof *s->cross);
    s->squares = cm_calloc(cx, items, sizeof *s->squares);
    s->matrix = cm_calloc(cx, (f + 1) * (f + 1), sizeof *s->matrix);
    s->weights = cm_calloc(cx, f + 1, sizeof *s->weights);
    s->counts = cm_calloc(cx, items, sizeof *s->counts);
    return s->standardised && s->log_noise && s->targets && s->ones && s->z && s->column &&
           s->moments && s->second && s->cross && s->squares && s->matrix && s->weights &&
           s->counts;
}

static void clean_up(cm_ctx *cx, sweep *s)
{
    cm_free(cx, s->log_noise);
    cm_free(cx, s->targets);
    cm_free(cx, s->ones);
    cm_free(cx, s->z);
    cm_free(cx, s->column);
    cm_free(cx, s->moments);
    cm_free(cx, s->second);
    cm_free(cx, s->cross);
    cm_free(cx, s->squares);
    cm_free(cx, s->matrix);
    cm_free(cx, s->weights);
    cm_free(cx, s->counts);
    cm_ridge_close(cx, &s->ridge);
}

/* Divides the loadings by the deviation of the noise; false where that is not above 0. */
static bool standardise(cm_ctx *cx, sweep *s, const cm_item_factors *from)
{
    const cm_real *loadings = cm_data(from->loadings), *noise = cm_data(from->noise);
    s->features = cm_data(s->standardised);
    for (int64_t i = 0; i < s->items; i++) {
        double psi = (double)noise[i];
        if (!(psi > 0 && isfinite(psi)))
            return cm_refuse(cx, CM_ERR_NUMBER, "the noise of item %lld is %g, not above 0",
                             (long long)i + 1, psi);
        s->log_noise[i] = log(psi);
        for (int64_t j = 0; j < s->f; j++)
            s->features[i * s->f + j] = (cm_real)((double)loadings[i * s->f + j] / sqrt(psi));
    }
    for (int64_t j = 0; j < s->f; j++)
        s->ones[j] = 1;
    return true;
}

/* The second moments of z from the posterior that the ridge has solved: mean mean' + covariance,
 * the inverse of the matrix that it has factored. */
static void find_moments(cm_ctx *cx, sweep *s)
{
    double *at = s->moments;
    memcpy(s->z, s->ridge.solution, (size_t)s->f * sizeof *s->z);
    s->z[s->f] = 1;
    for (int64_t i = 0; i <= s->f; i++) {
        if (i < s->f) {
            memset(s->column, 0, (size_t)s->f * sizeof *s->column);
            s->column[i] = 1;
            cm_cholesky_solve(cx, s->ridge.factor, s->f, s->column);
        }
        for (int64_t j = 0; j <= i; j++)
            *at++ = s->z[i] * s->z[j] + (i < s->f ? s->column[j] : 0);
    }
}

/* The posterior of a user into z and moments. Adds to the log likelihood; false on overflow. */
static bool read_user(cm_ctx *cx, sweep *s, const int32_t *items, const cm_real *ratings, int64_t n,
                      const cm_item_factors *from, double *log_likelihood)
{
    double sum = (double)n * LOG_2_PI;
    for (int64_t r = 0; r < n; r++) {
        double psi = (double)cm_data(from->noise)[items[r]];
        double left = (double)ratings[r] - (double)cm_data(from->means)[items[r]];
        s->targets[r] = (cm_real)(left / sqrt(psi));
        sum += s->log_noise[items[r]];
    }
    cm_ridge_penalty ridge = {s->ones, false};
    if (!cm_ridge_group(cx, &s->ridge, cm_data(s->standardised), items, n, s->targets, ridge))
        return false;
    for (int64_t j = 0; j < s->f; j++)
        sum += 2 * log(s->ridge.factor[j * s->f + j]);
    for (int64_t r = 0; r < n; r++) {
        double left = (double)s->targets[r];
        for (int64_t j = 0; j < s->f; j++)
            left -= (double)s->ridge.packed[r * s->f + j] * s->ridge.solution[j];
        sum += (double)s->targets[r] * left;
    }
    *log_likelihood -= sum / 2;
    find_moments(cx, s);
    return isfinite(sum);
}

/* Adds the posterior of a user to the sums of an item that got a rating. */
static void add_rating(sweep *s, int32_t item, double rating)
{
    double *second = s->second + item * s->triangle, *cross = s->cross + item * (s->f + 1);
    for (int64_t j = 0; j < s->triangle; j++)
        second[j] += s->moments[j];
    for (int64_t j = 0; j <= s->f; j++)
        cross[j] += rating * s->z[j];
    s->squares[item] += rating * rating;
    s->counts[item] += 1;
}

/* How strongly parameter j of an item is pulled, and what to. */
static double strength_of(const sweep *s, const cm_factor_prior *prior, int64_t j)
{
    return j < s->f ? prior->loading_strength : prior->mean_strength;
}

/* What the prior takes off the log likelihood for an item with these parameters. */
static double penalty_of(const sweep *s, const cm_factor_prior *prior, const cm_real *loadings,
                         cm_real mean, double psi)
{
    double sum = prior->noise_strength * (log(psi / prior->noise) + prior->noise / psi - 1);
    for (int64_t j = 0; j <= s->f; j++) {
        double off = (double)(j < s->f ? loadings[j] : mean) - (double)cm_data(prior->centre)[j];
        sum += strength_of(s, prior, j) * off * off / psi;
    }
    return sum / 2;
}

/* The parameters that fit the sums of an item best, into weights; returns the noise, NaN where the
 * equations have no solution. */
static double solve_item(cm_ctx *cx, sweep *s, const cm_factor_prior *prior, int64_t item)
{
    const double *second = s->second + item * s->triangle;
    const double *cross = s->cross + item * (s->f + 1);
    const cm_real *centre = cm_data(prior->centre);
    int64_t width = s->f + 1;
    double *w = s->weights, error = s->squares[item];
    for (int64_t i = 0, at = 0; i < width; i++) {
        double strength = strength_of(s, prior, i);
        for (int64_t j = 0; j <= i; j++)
            s->matrix[j * width + i] = second[at++];
        s->matrix[i * width + i] += strength;
        w[i] = cross[i] + strength * (double)centre[i];
    }
    if (!cm_cholesky(cx, s->matrix, width))
        return (double)NAN;
    cm_cholesky_solve(cx, s->matrix, width, w);
    for (int64_t i = 0, at = 0; i < width; i++) {
        double row = 0, off = w[i] - (double)centre[i];
        for (int64_t j = 0; j < i; j++)
            row += 2 * second[at++] * w[j];
        row += second[at++] * w[i];
        error += w[i] * (row - 2 * cross[i]) + strength_of(s, prior, i) * off * off;
    }
    return (CM_MAX(error, 0) + prior->noise_strength * prior->noise) /
           (s->counts[item] + prior->noise_strength);
}

static bool solve_items(cm_ctx *cx, sweep *s, const cm_factor_prior *prior,
                        const cm_item_factors *from, cm_item_factors *to, double *penalty)
{
    int64_t f = s->f;
    for (int64_t i = 0; i < s->items; i++) {
        cm_real *loadings = cm_data(to->loadings) + i * f;
        double psi = prior->noise;
        if (s->counts[i] > 0) {
            *penalty += penalty_of(s, prior, cm_data(from->loadings) + i * f,
                                   cm_data(from->means)[i], (double)cm_data(from->noise)[i]);
            psi = solve_item(cx, s, prior, i);
        } else {
            for (int64_t j = 0; j <= f; j++)
                s->weights[j] = (double)cm_data(prior->centre)[j];
        }
        for (int64_t j = 0; j < f; j++)
            loadings[j] = (cm_real)s->weights[j];
        cm_data(to->means)[i] = (cm_real)s->weights[f];
        cm_data(to->noise)[i] = (cm_real)psi;
        if (!(cm_data(to->noise)[i] > 0 && isfinite(psi)))
            return cm_refuse(cx, CM_ERR_NUMBER,
                             "the equations of item %lld have no solution: its ratings are not "
                             "finite or too large",
                             (long long)i + 1);
    }
    return true;
}

static bool check(cm_ctx *cx, const cm_residuals *ratings, const cm_item_factors *from,
                  const cm_factor_prior *prior)
{
    const cm_shape *shape = &from->loadings->shape;
    if (shape->ndim != 2 || from->means->count != shape->dims[0] ||
        from->noise->count != shape->dims[0] || prior->centre->count != shape->dims[1] + 1)
        return cm_refuse(cx, CM_ERR_SHAPE,
                         "loadings must be [items, factors], means and noise [items], and the "
                         "centre [factors + 1]");
    if (!cm_residuals_check(cx, ratings, shape->dims[0], "ratings"))
        return false;
    if (!(prior->loading_strength >= 0 && isfinite(prior->loading_strength)) ||
        !(prior->mean_strength >= 0 && isfinite(prior->mean_strength)))
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "loading_shrink %g and mean_shrink %g must not be "
                         "negative",
                         prior->loading_strength, prior->mean_strength);
    if (!(prior->noise > 0 && isfinite(prior->noise)) ||
        !(prior->noise_strength > 0 && isfinite(prior->noise_strength)))
        return cm_refuse(cx, CM_ERR_ARGUMENT, "noise %g and noise_shrink %g must be above 0",
                         prior->noise, prior->noise_strength);
    return true;
}

bool cm_factor_sweep(cm_ctx *cx, const cm_residuals *ratings, const cm_item_factors *from,
                     const cm_factor_prior *prior, cm_item_factors *to, cm_factor_fit *fit)
{
    if (!check(cx, ratings, from, prior))
        return false;
    int64_t f = from->loadings->shape.dims[1];
    sweep s = {.items = from->loadings->shape.dims[0], .f = f, .triangle = (f + 1) * (f + 2) / 2};
    *fit = (cm_factor_fit){0};
    *to = (cm_item_factors){cm_tensor_new(cx, &from->loadings->shape),
                            cm_tensor_new(cx, &from->means->shape),
                            cm_tensor_new(cx, &from->noise->shape)};
    bool ok = to->loadings && to->means && to->noise && prepare(cx, &s, ratings, from) &&
              standardise(cx, &s, from);
    for (int64_t u = 0; ok && u < cm_segments_groups(ratings->segments); u++) {
        int64_t first = ratings->segments->values[u], n = cm_segment_length(ratings->segments, u);
        const int32_t *items = ratings->columns->values + first;
        const cm_real *values = cm_data(ratings->values) + first;
        if (n == 0)
            continue;
        if (!read_user(cx, &s, items, values, n, from, &fit->log_likelihood))
            ok = cm_refuse(cx, CM_ERR_NUMBER,
                           "the factors of user %lld overflow: ratings or loadings are not finite "
                           "or too large",
                           (long long)u + 1);
        for (int64_t r = 0; ok && r < n; r++)
            add_rating(&s, items[r], (double)values[r]);
    }
    ok = ok && solve_items(cx, &s, prior, from, to, &fit->penalty);
    clean_up(cx, &s);
    return ok;
}
