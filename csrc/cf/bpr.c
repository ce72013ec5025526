/* bpr.c - see bpr.h. */
#include "cf/bpr.h"
#include "base/rng.h"
#include "kernels/kernels.h"
#include "tensor/distinct.h"
#include <math.h>

/* The columns that have entries, renumbered. */
typedef struct pairs {
    int64_t columns; /* how many */
    int32_t *column; /* [columns]: its number among all columns */
    int32_t *place;  /* [entries]: the new number of each entry's column, ascending within a row */
    cm_ids *row;     /* [entries]: the row of each */
} pairs;

static bool pairs_make(cm_ctx *cx, const cm_sparse *m, pairs *p)
{
    size_t entries = (size_t)m->columns->count, limit = (size_t)m->columns->limit;
    *p = (pairs){.column = cm_calloc(cx, limit, sizeof *p->column),
                 .place = cm_calloc(cx, entries, sizeof *p->place),
                 .row = cm_segments_groups_of_rows(cx, m->rows)};
    int32_t *number = cm_calloc(cx, limit, sizeof *number);
    bool ok = p->column && p->place && p->row && number;
    for (size_t e = 0; ok && e < entries; e++)
        number[m->columns->values[e]] = 1;
    for (size_t c = 0; ok && c < limit; c++) {
        if (number[c]) {
            p->column[p->columns] = (int32_t)c;
            number[c] = (int32_t)p->columns++;
        }
    }
    for (size_t e = 0; ok && e < entries; e++)
        p->place[e] = number[m->columns->values[e]];
    cm_free(cx, number);
    return ok;
}

static void pairs_free(cm_ctx *cx, pairs *p)
{
    cm_free(cx, p->column);
    cm_free(cx, p->place);
    cm_ids_release(cx, p->row);
}

/* The k-th number (from 0) that is not among n ascending ones. */
static int64_t kth_other(const int32_t *taken, int64_t n, int64_t k)
{
    int64_t low = 0, high = n; /* taken[m] - m free ones come before taken[m] */
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (taken[middle] - middle > k)
            high = middle;
        else
            low = middle + 1;
    }
    return k + low;
}

static void run(cm_ctx *cx, const cm_sparse *m, const pairs *p, cm_tensor *x, cm_tensor *y,
                const cm_bpr_options *o, double *right)
{
    const cm_kernels *kernels = cm_kernels_of(cx);
    int64_t f = x->shape.dims[1], entries = m->columns->count, drawn = 0, in_order = 0;
    cm_rng rng = cm_rng_keyed(o->seed, o->epoch, 0, CM_STREAM_PAIRS);
    for (int64_t step = 0; step < entries; step++) {
        int64_t e = cm_rng_below(&rng, (uint32_t)entries), row = p->row->values[e];
        int64_t first = m->rows->values[row], n = cm_segment_length(m->rows, row);
        if (n == p->columns) /* this row has an entry in every column */
            continue;
        int64_t other =
            kth_other(p->place + first, n, cm_rng_below(&rng, (uint32_t)(p->columns - n)));
        cm_real margin = kernels->bpr_step(f, cm_data(x) + row * f,
                                           cm_data(y) + (int64_t)m->columns->values[e] * f,
                                           cm_data(y) + (int64_t)p->column[other] * f,
                                           (cm_real)o->rate, (cm_real)o->regularization);
        in_order += margin > 0;
        drawn++;
    }
    *right = (double)in_order / (double)drawn;
}

bool cm_bpr_epoch(cm_ctx *cx, const cm_sparse *matrix, cm_tensor *x, cm_tensor *y,
                  const cm_bpr_options *o, double *right)
{
    if (!(isfinite(o->rate) && o->rate > 0 && isfinite(o->regularization) &&
          o->regularization >= 0))
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "rate %g must be finite and above 0, regularization %g finite and not "
                         "negative",
                         o->rate, o->regularization);
    if (!cm_factors_fit(cx, matrix, x, y))
        return false;
    pairs p;
    bool ok = pairs_make(cx, matrix, &p);
    if (ok)
        run(cx, matrix, &p, x, y, o, right);
    pairs_free(cx, &p);
    const cm_kernels *k = cm_kernels_of(cx);
    if (ok && !(isfinite(k->sum_squares(x->count, cm_data(x))) &&
                isfinite(k->sum_squares(y->count, cm_data(y)))))
        return cm_refuse(cx, CM_ERR_NUMBER,
                         "the vectors are no longer finite: lower the learning rate (%g)", o->rate);
    return ok;
}
