/* embedding_layer.c - see embedding_layer.h. */
#include "ops/embedding_layer.h"
#include <string.h>

/* A field of a task: its embeddings and bags, and how many rows its products have. */
typedef struct field {
    int64_t pairs, m, n;
    int32_t first; /* the number of its first embedding */
    const int32_t *offsets, *ids;
    bool whole; /* products are of the embeddings; else of the means of bags */
} field;

static field field_of(const cm_embedding_layer *l, int64_t t, int64_t f)
{
    const int32_t *pairs = l->pairs->values + f * l->tasks + t;
    field d = {.pairs = pairs[1] - pairs[0], .first = pairs[0]};
    d.n = cm_segment_length(l->segments, t);
    d.offsets = l->bags->values + f * l->rows + l->segments->values[t];
    d.ids = l->places->values;
    d.whole = d.pairs <= d.n;
    d.m = d.whole ? d.pairs : d.n;
    return d;
}

int64_t cm_embedding_pairs(const cm_embedding_layer *l, int64_t t)
{
    int64_t sum = 0;
    for (int64_t f = 0; f < l->fields; f++)
        sum += cm_segment_length(l->pairs, f * l->tasks + t);
    return sum;
}

int64_t cm_embedding_weights_size(const cm_embedding_layer *l, int64_t t)
{
    return cm_embedding_pairs(l, t) * l->w + (l->fields * l->w + 1) * l->h;
}

cm_embedding_weights cm_embedding_weights_at(const cm_embedding_layer *l, int64_t t, cm_real *at)
{
    cm_embedding_weights x = {.values = at};
    x.weight = x.values + cm_embedding_pairs(l, t) * l->w;
    x.bias = x.weight + l->fields * l->w * l->h;
    return x;
}

void cm_embedding_take(const cm_embedding_layer *l, int64_t t, const cm_real *all, cm_real *own)
{
    for (int64_t f = 0; f < l->fields; f++) {
        field d = field_of(l, t, f);
        memcpy(own, all + d.first * l->w, (size_t)(d.pairs * l->w) * sizeof *own);
        own += d.pairs * l->w;
    }
}

void cm_embedding_give(cm_ctx *cx, const cm_embedding_layer *l, int64_t t, const cm_real *own,
                       bool add, cm_real *all)
{
    for (int64_t f = 0; f < l->fields; f++) {
        field d = field_of(l, t, f);
        if (add)
            cm_kernels_of(cx)->axpy(d.pairs * l->w, all + d.first * l->w, 1, own);
        else
            memcpy(all + d.first * l->w, own, (size_t)(d.pairs * l->w) * sizeof *own);
        own += d.pairs * l->w;
    }
}

/* Inputs of all fields and their gradients [n, w] each, then twice rows [n, w], rows [n, h], and a
 * bias [h]. */
typedef struct room {
    cm_real *inputs, *slopes, *narrow, *scaled, *wide, *bias;
} room;

int64_t cm_embedding_work_size(const cm_embedding_layer *l, int64_t n)
{
    return n * (2 * (l->fields + 1) * l->w + l->h) + l->h;
}

static room room_at(const cm_embedding_layer *l, int64_t t, cm_real *at)
{
    int64_t n = cm_segment_length(l->segments, t);
    room r = {.inputs = at};
    r.slopes = r.inputs + n * l->fields * l->w;
    r.narrow = r.slopes + n * l->fields * l->w;
    r.scaled = r.narrow + n * l->w;
    r.wide = r.scaled + n * l->w;
    r.bias = r.wide + n * l->h;
    return r;
}

/* rows [n, columns] += the sums, or means, over their bags of x [pairs, columns]. */
static void add_bags(cm_ctx *cx, const cm_embedding_layer *l, const field *d, int64_t columns,
                     const cm_real *x, cm_real *rows)
{
    cm_kernels_of(cx)->bags_add(d->n, columns, rows, d->offsets, d->ids, d->first, l->mean, x);
}

/* What products read of embeddings [pairs, w]: these, or the means of bags, made in `to`. */
static const cm_real *lifted(cm_ctx *cx, const cm_embedding_layer *l, const field *d,
                             const cm_real *values, cm_real *to)
{
    if (d->whole)
        return values;
    memset(to, 0, (size_t)(d->n * l->w) * sizeof *to);
    add_bags(cx, l, d, l->w, values, to);
    return to;
}

/* What products read of rows of units [n, h]: sums over the bags of each embedding, made in
 * `to`, or the rows. */
static const cm_real *folded(cm_ctx *cx, const cm_embedding_layer *l, const field *d,
                             const cm_real *rows, cm_real *to)
{
    if (!d->whole)
        return rows;
    memset(to, 0, (size_t)(d->pairs * l->h) * sizeof *to);
    cm_kernels_of(cx)->bags_spread(d->n, l->h, to, d->offsets, d->ids, d->first, l->mean, rows);
    return to;
}

/* values [pairs, w] += rate times x [m, w], of what `lifted` gives. */
static void add_to_values(cm_ctx *cx, const cm_embedding_layer *l, const field *d, cm_real rate,
                          cm_real *x, cm_real *values)
{
    const cm_kernels *k = cm_kernels_of(cx);
    if (d->whole) {
        k->axpy(d->m * l->w, values, rate, x);
        return;
    }
    cm_scaled(cx, d->m * l->w, x, rate, x);
    k->bags_spread(d->n, l->w, values, d->offsets, d->ids, d->first, l->mean, x);
}

void cm_embedding_value(cm_ctx *cx, const cm_embedding_layer *l, int64_t t,
                        const cm_embedding_weights *at, cm_real *z, cm_real *work)
{
    room r = room_at(l, t, work);
    const cm_real *values = at->values, *weight = at->weight;
    memset(z, 0, (size_t)(cm_segment_length(l->segments, t) * l->h) * sizeof *z);
    for (int64_t f = 0; f < l->fields; f++) {
        field d = field_of(l, t, f);
        const cm_real *inputs = lifted(cx, l, &d, values, r.narrow);
        cm_gemm(cx, d.m, l->h, l->w, cm_plain(inputs, l->w), cm_plain(weight, l->h),
                d.whole ? 0 : 1, d.whole ? r.wide : z, l->h);
        if (d.whole)
            add_bags(cx, l, &d, l->h, r.wide, z);
        values += d.pairs * l->w;
        weight += l->w * l->h;
    }
}

void cm_embedding_step(cm_ctx *cx, const cm_embedding_layer *l, int64_t t,
                       const cm_embedding_weights *at, const cm_real *e1,
                       const cm_embedding_weights *x, cm_real *work)
{
    room r = room_at(l, t, work);
    int64_t w = l->w, h = l->h, done = 0, n = cm_segment_length(l->segments, t);
    for (int64_t f = 0; f < l->fields; f++) {
        field d = field_of(l, t, f);
        const cm_real *weight = at->weight + f * w * h;
        const cm_real *deltas = folded(cx, l, &d, e1, r.wide);
        cm_gemm(cx, d.m, w, h, cm_plain(deltas, h), cm_turned(weight, h), 0, r.narrow, w);
        add_to_values(cx, l, &d, l->rates[0], r.narrow, x->values + done * w);
        const cm_real *inputs = lifted(cx, l, &d, at->values + done * w, r.narrow);
        cm_scaled(cx, d.m * w, r.scaled, l->rates[1], inputs);
        cm_gemm(cx, w, h, d.m, cm_turned(r.scaled, w), cm_plain(deltas, h), 1,
                x->weight + f * w * h, h);
        done += d.pairs;
    }
    memset(r.bias, 0, (size_t)h * sizeof *r.bias);
    cm_kernels_of(cx)->add_rows(n, h, r.bias, e1);
    cm_kernels_of(cx)->axpy(h, x->bias, l->rates[1], r.bias);
}

/* What the update of a field gives: to d [n, h] the gradient of e1; to r->slopes, at `slopes`, that
 * of what products read; to `slope` that of the weights. */
static void field_back(cm_ctx *cx, const cm_embedding_layer *l, const field *d, const room *r,
                       const cm_real *weight, const cm_real *inputs, const cm_real *ahead,
                       const cm_real *e1, cm_real *to_e1, cm_real *slopes, cm_real *slope,
                       cm_real *rates)
{
    int64_t w = l->w, h = l->h, m = d->m;
    cm_real *to = d->whole ? r->wide : to_e1, *scaled = r->scaled;
    cm_scaled(cx, m * w, scaled, l->rates[0], ahead);
    cm_gemm(cx, m, h, w, cm_plain(scaled, w), cm_plain(weight, h), d->whole ? 0 : 1, to, h);
    cm_scaled(cx, m * w, slopes, l->rates[1], inputs);
    cm_gemm(cx, m, h, w, cm_plain(slopes, w), cm_plain(slope, h), 1, to, h);
    if (d->whole)
        add_bags(cx, l, d, h, r->wide, to_e1);
    const cm_real *deltas = folded(cx, l, d, e1, r->wide);
    cm_gemm(cx, m, w, h, cm_plain(deltas, h), cm_turned(slope, h), 0, slopes, w);
    if (rates)
        rates[1] += cm_dot(cx, m * w, slopes, inputs);
    cm_scaled(cx, m * w, slopes, l->rates[1], slopes);
    cm_gemm(cx, w, h, m, cm_turned(scaled, w), cm_plain(deltas, h), 1, slope, h);
    if (rates) {
        cm_gemm(cx, m, w, h, cm_plain(deltas, h), cm_turned(weight, h), 0, scaled, w);
        rates[0] += cm_dot(cx, m * w, scaled, ahead);
    }
}

void cm_embedding_step_back(cm_ctx *cx, const cm_embedding_layer *l, int64_t t,
                            const cm_embedding_weights *at, const cm_real *e1,
                            const cm_embedding_weights *g, cm_real *to_e1, cm_real *rates,
                            cm_real *work)
{
    const cm_kernels *k = cm_kernels_of(cx);
    room r = room_at(l, t, work);
    int64_t w = l->w, h = l->h, done = 0, n = cm_segment_length(l->segments, t);
    if (rates) {
        memset(r.bias, 0, (size_t)h * sizeof *r.bias);
        k->add_rows(n, h, r.bias, e1);
        rates[1] += cm_dot(cx, h, r.bias, g->bias);
    }
    cm_scaled(cx, h, r.bias, l->rates[1], g->bias);
    for (int64_t i = 0; i < n; i++)
        memcpy(to_e1 + i * h, r.bias, (size_t)h * sizeof *r.bias);
    for (int64_t f = 0; f < l->fields; f++) {
        field d = field_of(l, t, f);
        const cm_real *inputs = lifted(cx, l, &d, at->values + done * w, r.inputs + f * n * w);
        const cm_real *ahead = lifted(cx, l, &d, g->values + done * w, r.narrow);
        field_back(cx, l, &d, &r, at->weight + f * w * h, inputs, ahead, e1, to_e1,
                   r.slopes + f * n * w, g->weight + f * w * h, rates);
        done += d.pairs;
    }
}

void cm_embedding_value_back(cm_ctx *cx, const cm_embedding_layer *l, int64_t t,
                             const cm_embedding_weights *at, const cm_real *z,
                             const cm_embedding_weights *g, cm_real *work)
{
    room r = room_at(l, t, work);
    int64_t w = l->w, h = l->h, done = 0, n = cm_segment_length(l->segments, t);
    for (int64_t f = 0; f < l->fields; f++) {
        field d = field_of(l, t, f);
        const cm_real *inputs = d.whole ? at->values + done * w : r.inputs + f * n * w;
        const cm_real *deltas = folded(cx, l, &d, z, r.wide);
        cm_real *slopes = r.slopes + f * n * w;
        cm_gemm(cx, d.m, w, h, cm_plain(deltas, h), cm_turned(at->weight + f * w * h, h), 1, slopes,
                w);
        cm_gemm(cx, w, h, d.m, cm_turned(inputs, w), cm_plain(deltas, h), 1, g->weight + f * w * h,
                h);
        add_to_values(cx, l, &d, 1, slopes, g->values + done * w);
        done += d.pairs;
    }
    cm_kernels_of(cx)->add_rows(n, h, g->bias, z);
}
