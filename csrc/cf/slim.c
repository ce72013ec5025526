/* slim.c - see slim.h. */
#include "cf/slim.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_GROUP 32 /* coordinates that come in at first; later as many as there are */

typedef struct candidate {
    double slope;
    int32_t item;
} candidate;

/* The work on one item after another. */
typedef struct slim {
    const cm_sparse *gram;
    const cm_slim_options *options;
    int64_t n;
    double *diagonal; /* [items] of the Gram matrix */
    double *slopes;   /* [items] x_i . (x_j - X w), with the w at hand */
    int32_t *place;   /* [items] of those that take part, else -1 */
    int32_t *items;   /* [items] that take part, */
    double *weights;  /* [items] and their weights */
    double *pulls;    /* [items] the slopes of those that take part */
    candidate *met;   /* [items] */
    double *square;   /* [active, active] their part of the Gram matrix */
    size_t room;      /* bytes of square: its capacity */
    int64_t active;
} slim;

static int by_slope(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->slope != y->slope)
        return x->slope < y->slope ? 1 : -1;
    return (x->item > y->item) - (x->item < y->item);
}

/* slopes += scale times a row of the Gram matrix. */
static void add_row(slim *s, int32_t row, double scale)
{
    const int32_t *columns = s->gram->columns->values;
    const cm_real *values = cm_data(s->gram->weights);
    for (int32_t e = s->gram->rows->values[row]; e < s->gram->rows->values[row + 1]; e++)
        s->slopes[columns[e]] += scale * (double)values[e];
}

/* The slopes at the weights at hand, from the beginning: nothing adds up. */
static void find_slopes(slim *s, int32_t item)
{
    memset(s->slopes, 0, (size_t)s->n * sizeof *s->slopes);
    add_row(s, item, 1);
    for (int64_t k = 0; k < s->active; k++)
        if (s->weights[k] > 0)
            add_row(s, s->items[k], -s->weights[k]);
}

/* Lets coordinates take part whose weights would leave 0, those of the largest slopes first.
 * Returns how many came in. */
static int64_t let_in(slim *s, int32_t item, double least)
{
    int64_t n = 0, some = CM_MAX(FIRST_GROUP, s->active);
    for (int32_t i = 0; i < s->n; i++)
        if (i != item && s->place[i] < 0 && s->slopes[i] > least && s->diagonal[i] > 0)
            s->met[n++] = (candidate){s->slopes[i], i};
    qsort(s->met, (size_t)n, sizeof *s->met, by_slope);
    n = CM_MIN(n, some);
    for (int64_t k = 0; k < n; k++) {
        s->place[s->met[k].item] = (int32_t)s->active;
        s->items[s->active] = s->met[k].item;
        s->weights[s->active++] = 0;
    }
    return n;
}

/* The part of the Gram matrix of those that take part. */
static bool take_square(cm_ctx *cx, slim *s)
{
    size_t a = (size_t)s->active;
    if (!cm_grow(cx, (void **)&s->square, &s->room, a * a, sizeof *s->square))
        return false;
    memset(s->square, 0, a * a * sizeof *s->square);
    const int32_t *columns = s->gram->columns->values;
    for (size_t k = 0; k < a; k++) {
        int32_t row = s->items[k];
        for (int32_t e = s->gram->rows->values[row]; e < s->gram->rows->values[row + 1]; e++)
            if (s->place[columns[e]] >= 0)
                s->square[k * a + (size_t)s->place[columns[e]]] =
                    (double)cm_data(s->gram->weights)[e];
    }
    return true;
}

/* Passes over those that take part until none moves by more than `least`, in slopes. Returns
 * whether that was reached. */
static bool descend(slim *s, double least)
{
    int64_t a = s->active;
    double *slopes = s->pulls;
    for (int64_t k = 0; k < a; k++)
        slopes[k] = s->slopes[s->items[k]];
    for (int64_t pass = 0; pass < s->options->passes; pass++) {
        double most = 0;
        for (int64_t k = 0; k < a; k++) {
            double own = s->diagonal[s->items[k]], before = s->weights[k];
            double up = slopes[k] + own * before - s->options->l1;
            double after = up > 0 ? up / (own + s->options->l2) : 0, change = after - before;
            if (change == 0)
                continue;
            const double *row = s->square + k * a;
            for (int64_t i = 0; i < a; i++)
                slopes[i] -= change * row[i];
            s->weights[k] = after;
            most = CM_MAX(most, fabs(change) * (own + s->options->l2));
        }
        if (most <= least)
            return true;
    }
    return false;
}

/* Finds the weights of an item; *met is whether they meet the tolerance. False when memory runs
 * out.
 */
static bool solve(cm_ctx *cx, slim *s, int32_t item, bool *met)
{
    double least = s->options->tolerance * s->diagonal[item];
    s->active = 0;
    *met = true;
    find_slopes(s, item);
    while (*met && let_in(s, item, s->options->l1 + least) > 0) {
        if (!take_square(cx, s))
            return false;
        *met = descend(s, least);
        find_slopes(s, item);
    }
    return true;
}

/* What was found of all items so far. */
typedef struct found {
    int32_t *items, *lengths;
    cm_real *weights;
    size_t items_room, weights_room, count;
} found;

static int by_item(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    return (x->item > y->item) - (x->item < y->item);
}

/* Adds the weights above 0, by item, and lets nobody take part any more. */
static bool keep(cm_ctx *cx, slim *s, found *f, int64_t row)
{
    size_t need = f->count + (size_t)s->active;
    if (!cm_grow(cx, (void **)&f->items, &f->items_room, need, sizeof *f->items) ||
        !cm_grow(cx, (void **)&f->weights, &f->weights_room, need, sizeof *f->weights))
        return false;
    for (int64_t k = 0; k < s->active; k++) {
        s->place[s->items[k]] = -1;
        s->met[k] = (candidate){s->weights[k], s->items[k]};
    }
    qsort(s->met, (size_t)s->active, sizeof *s->met, by_item);
    for (int64_t k = 0; k < s->active; k++) {
        cm_real weight = (cm_real)s->met[k].slope;
        if (!isfinite(weight))
            return cm_refuse(cx, CM_ERR_NUMBER,
                             "the weights of an item overflow: is this a Gram "
                             "matrix?");
        if (weight == 0)
            continue;
        f->items[f->count] = s->met[k].item;
        f->weights[f->count++] = weight;
        f->lengths[row]++;
    }
    return true;
}

static bool write(cm_ctx *cx, const found *f, int64_t rows, cm_sparse *out)
{
    cm_shape shape = cm_shape_1d((int64_t)f->count);
    out->rows = cm_segments_new(cx, f->lengths, rows);
    out->columns = out->rows ? cm_ids_new(cx, (int64_t)f->count) : NULL;
    out->weights = out->columns ? cm_tensor_new(cx, &shape) : NULL;
    if (!out->weights) {
        cm_ids_release(cx, out->rows);
        cm_ids_release(cx, out->columns);
        *out = (cm_sparse){0};
        return false;
    }
    if (f->count > 0) {
        memcpy(out->columns->values, f->items, f->count * sizeof *f->items);
        memcpy(cm_data(out->weights), f->weights, f->count * sizeof *f->weights);
    }
    cm_ids_seal(out->columns);
    return true;
}

static bool check(cm_ctx *cx, const cm_sparse *gram, int64_t first, int64_t end,
                  const cm_slim_options *o)
{
    int64_t n = cm_segments_groups(gram->rows);
    if (gram->columns->limit > n)
        return cm_refuse(cx, CM_ERR_SHAPE,
                         "a Gram matrix [%lld, %lld] was expected, but it has a "
                         "column %d",
                         (long long)n, (long long)n, gram->columns->limit);
    if (first < 0 || end < first || end > n)
        return cm_refuse(cx, CM_ERR_INDEX, "items %lld to %lld of %lld", (long long)first + 1,
                         (long long)end, (long long)n);
    if (!(o->l1 >= 0 && isfinite(o->l1) && o->l2 >= 0 && isfinite(o->l2) && o->tolerance > 0 &&
          o->passes >= 1))
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "l1 %g and l2 %g must be finite and not negative, tolerance (%g) above 0 "
                         "and passes (%lld) at least 1",
                         o->l1, o->l2, o->tolerance, (long long)o->passes);
    return true;
}

static bool open(cm_ctx *cx, slim *s)
{
    size_t n = (size_t)s->n;
    s->diagonal = cm_calloc(cx, n, sizeof *s->diagonal);
    s->slopes = cm_calloc(cx, n, sizeof *s->slopes);
    s->place = cm_calloc(cx, n, sizeof *s->place);
    s->items = cm_calloc(cx, n, sizeof *s->items);
    s->weights = cm_calloc(cx, n, sizeof *s->weights);
    s->pulls = cm_calloc(cx, n, sizeof *s->pulls);
    s->met = cm_calloc(cx, n, sizeof *s->met);
    if (!(s->diagonal && s->slopes && s->place && s->items && s->weights && s->pulls && s->met))
        return false;
    for (int32_t i = 0; i < s->n; i++) {
        s->place[i] = -1;
        for (int32_t e = s->gram->rows->values[i]; e < s->gram->rows->values[i + 1]; e++)
            if (s->gram->columns->values[e] == i)
                s->diagonal[i] = (double)cm_data(s->gram->weights)[e];
    }
    return true;
}

static void clean_up(cm_ctx *cx, slim *s, found *f)
{
    cm_free(cx, s->diagonal);
    cm_free(cx, s->slopes);
    cm_free(cx, s->place);
    cm_free(cx, s->items);
    cm_free(cx, s->weights);
    cm_free(cx, s->pulls);
    cm_free(cx, s->met);
    cm_free(cx, s->square);
    cm_free(cx, f->items);
    cm_free(cx, f->lengths);
    cm_free(cx, f->weights);
}

bool cm_slim(cm_ctx *cx, const cm_sparse *gram, int64_t first, int64_t end,
             const cm_slim_options *options, cm_sparse *out, int64_t *left)
{
    if (!check(cx, gram, first, end, options))
        return false;
    slim s = {.gram = gram, .options = options, .n = cm_segments_groups(gram->rows)};
    found f = {.lengths = cm_calloc(cx, (size_t)(end - first), sizeof *f.lengths)};
    bool ok = f.lengths && open(cx, &s);
    *left = 0;
    for (int64_t j = first; ok && j < end; j++) {
        bool met;
        ok = solve(cx, &s, (int32_t)j, &met) && keep(cx, &s, &f, j - first);
        *left += ok && !met;
    }
    ok = ok && write(cx, &f, end - first, out);
    clean_up(cx, &s, &f);
    return ok;
}
