/* neighbours.c - see neighbours.h. */
#include "cf/neighbours.h"
#include "cf/best.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_AHEAD   4 /* how many rows and candidates ahead memory is asked for */
#define OFFERS_AHEAD 16

typedef struct user_row {
    int32_t place; /* of the item */
    cm_real value; /* the residual */
} user_row;

/* What the search works on. The items are sorted by how many users they have, the most popular
 * first: most pairs are of two that many have, and the sums of those lie close together, in the
 * processor's cache, however many items there are; and the similar ones are found early, so that
 * most of the others need not be noted. */
typedef struct search {
    int64_t n_users, n_items;
    double shrink;
    const cm_real *squares; /* [items], or NULL */
    const int32_t *ends;    /* [users] behind the rows of each */
    int32_t *item_at;       /* [places] the item at each */
    user_row *rows;         /* [rows] of the users, places ascending */
    int32_t *starts;        /* [places + 1] the rows of each in */
    int32_t *users;         /* [rows] who has the item there, ascending */
    int32_t *cursor;        /* [users] the row of each that the places so far have come to */
    cm_pair_sums *sums;     /* [places] of the item at hand with each other */
    int32_t *met;           /* [places + 1] the others that it has users in common with, */
    double *similar;        /* [places + 1] and how similar they are */
    cm_best best;           /* the neighbours of each item */
} search;

/* Accumulates the pairs of the item at a place with all behind it, and lists those that it has
 * users in common with, each once. Returns their number. To be called with the places in order: the
 * rows of a user behind the cursor are those that are still to come. */
static int64_t add_pairs(search *s, int64_t place)
{
    int64_t n = 0;
    for (int32_t r = s->starts[place]; r < s->starts[place + 1]; r++) {
        int32_t user = s->users[r];
        const user_row *row = &s->rows[s->cursor[user]++], *end = &s->rows[s->ends[user]];
        double x = (double)row->value, own = x * x;
        if (r + ROWS_AHEAD < s->starts[place + 1]) {
            const user_row *later = &s->rows[s->cursor[s->users[r + ROWS_AHEAD]]];
            CM_PREFETCH(later);
            CM_PREFETCH(later + 64 / sizeof *later);
        }
        for (row++; row < end; row++) {
            cm_pair_sums *sums = &s->sums[row->place];
            double y = (double)row->value;
            s->met[n] = row->place;
            n += sums->common == 0;
            sums->product += x * y;
            sums->own += own;
            sums->other += y * y;
            sums->common += 1;
        }
    }
    return n;
}

/* Offers the items of each pair with a positive similarity to one another, and resets the sums. */
static void compare_pairs(search *s, int32_t item, int64_t n_met)
{
    int64_t n = 0;
    for (int64_t i = 0; i < n_met; i++) {
        cm_pair_sums pair = s->sums[s->met[i]];
        s->sums[s->met[i]] = (cm_pair_sums){0};
        int32_t other = s->item_at[s->met[i]];
        if (s->squares) {
            pair.own = (double)s->squares[item];
            pair.other = (double)s->squares[other];
        }
        double similarity = cm_pair_similarity(&pair, pair.own, pair.other, s->shrink);
        s->met[n] = other;
        s->similar[n] = similarity;
        n += similarity > 0; /* not 0 / 0 */
    }
    for (int64_t i = 0; i < n; i++) {
        if (i + OFFERS_AHEAD < n)
            cm_best_expect(&s->best, s->met[i + OFFERS_AHEAD], s->similar[i + OFFERS_AHEAD]);
        cm_best_offer(&s->best, item, s->met[i], s->similar[i]);
        cm_best_offer(&s->best, s->met[i], item, s->similar[i]);
    }
}

static int by_count(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Places the items, and finds where the users of each begin. Leaves the place of each item in met.
 */
static bool place_items(cm_ctx *cx, search *s, const cm_ids *items)
{
    int64_t *keys = cm_alloc(cx, (size_t)s->n_items * sizeof *keys); /* - count, item */
    if (!keys)
        return false;
    for (int64_t i = 0; i < s->n_items; i++)
        keys[i] = i;
    for (int64_t r = 0; r < items->count; r++)
        keys[items->values[r]] -= (int64_t)1 << 32;
    qsort(keys, (size_t)s->n_items, sizeof *keys, by_count);
    s->starts[0] = 0;
    for (int64_t place = 0; place < s->n_items; place++) {
        s->item_at[place] = (int32_t)(keys[place] & INT32_MAX);
        s->met[s->item_at[place]] = (int32_t)place;
        s->starts[place + 1] =
            s->starts[place] - (int32_t)((keys[place] - s->item_at[place]) >> 32);
    }
    cm_free(cx, keys);
    return true;
}

/* Lists the users of each place, and the rows of each user by place, both ascending. */
static bool sort_rows(cm_ctx *cx, search *s, const cm_residuals *from)
{
    const int32_t *items = from->columns->values, *rows = from->segments->values;
    const cm_real *values = cm_data(from->values);
    size_t n = (size_t)from->columns->count, users_bytes = (size_t)s->n_users * sizeof *rows;
    cm_real *residuals = cm_alloc(cx, n * sizeof *residuals);
    int32_t *next = cm_alloc(cx, (size_t)s->n_items * sizeof *next);
    bool ok = residuals && next && place_items(cx, s, from->columns);
    if (ok) {
        memcpy(next, s->starts, (size_t)s->n_items * sizeof *next);
        for (int64_t u = 0; u < s->n_users; u++)
            for (int32_t r = rows[u]; r < rows[u + 1]; r++) {
                int32_t at = next[s->met[items[r]]]++;
                s->users[at] = (int32_t)u;
                residuals[at] = values[r];
            }
        memcpy(s->cursor, rows, users_bytes);
        for (int32_t place = 0; place < s->n_items; place++)
            for (int32_t r = s->starts[place]; r < s->starts[place + 1]; r++)
                s->rows[s->cursor[s->users[r]]++] = (user_row){place, residuals[r]};
        memcpy(s->cursor, rows, users_bytes);
    }
    cm_free(cx, residuals);
    cm_free(cx, next);
    return ok;
}

static bool check_once(cm_ctx *cx, const search *s)
{
    for (int64_t u = 0; u < s->n_users; u++)
        for (int64_t r = (int64_t)s->cursor[u] + 1; r < s->ends[u]; r++)
            if (s->rows[r].place == s->rows[r - 1].place)
                return cm_refuse(cx, CM_ERR_ARGUMENT, "user %lld has item %d twice",
                                 (long long)u + 1, s->item_at[s->rows[r].place] + 1);
    return true;
}

static bool prepare(cm_ctx *cx, search *s, const cm_residuals *rows)
{
    size_t n = (size_t)s->n_items, count = (size_t)rows->values->count;
    s->ends = rows->segments->values + 1;
    s->item_at = cm_alloc(cx, n * sizeof *s->item_at);
    s->rows = cm_alloc(cx, count * sizeof *s->rows);
    s->starts = cm_alloc(cx, (n + 1) * sizeof *s->starts);
    s->users = cm_alloc(cx, count * sizeof *s->users);
    s->cursor = cm_alloc(cx, (size_t)s->n_users * sizeof *s->cursor);
    s->sums = cm_calloc(cx, n, sizeof *s->sums);
    s->met = cm_alloc(cx, (n + 1) * sizeof *s->met);
    s->similar = cm_alloc(cx, (n + 1) * sizeof *s->similar);
    return s->item_at && s->rows && s->starts && s->users && s->cursor && s->sums && s->met &&
           s->similar && sort_rows(cx, s, rows) && check_once(cx, s);
}

static void clean_up(cm_ctx *cx, search *s)
{
    cm_free(cx, s->item_at);
    cm_free(cx, s->rows);
    cm_free(cx, s->starts);
    cm_free(cx, s->users);
    cm_free(cx, s->cursor);
    cm_free(cx, s->sums);
    cm_free(cx, s->met);
    cm_free(cx, s->similar);
    cm_best_close(cx, &s->best);
}

static bool check_squares(cm_ctx *cx, const cm_residuals *rows, const cm_tensor *squares,
                          int64_t n_items)
{
    if (squares && squares->count != n_items)
        return cm_refuse(cx, CM_ERR_SHAPE, "%lld squares for %lld items", (long long)squares->count,
                         (long long)n_items);
    for (int64_t r = 0; squares && r < rows->columns->count; r++) {
        int32_t item = rows->columns->values[r];
        double square = (double)cm_data(squares)[item];
        if (!(square > 0 && isfinite(square)))
            return cm_refuse(cx, CM_ERR_NUMBER,
                             "the square of item %d is %g: it must be finite and above 0", item + 1,
                             square);
    }
    return true;
}

bool cm_item_neighbours(cm_ctx *cx, const cm_residuals *rows, const cm_tensor *squares,
                        int64_t n_items, int64_t keep, double shrink, cm_neighbours *out)
{
    if (n_items < 0 || n_items > cm_ids_most(rows->columns->count))
        return cm_refuse(cx, CM_ERR_LIMIT, "%lld items for %lld rows", (long long)n_items,
                         (long long)rows->columns->count);
    if (!cm_residuals_check(cx, rows, n_items, "rows") ||
        !check_squares(cx, rows, squares, n_items))
        return false;
    if (keep < 0 || !(shrink >= 0 && isfinite(shrink)))
        return cm_refuse(cx, CM_ERR_ARGUMENT, "keep %lld and shrink %g must not be negative",
                         (long long)keep, shrink);
    keep = CM_MIN(keep, CM_MAX(n_items - 1, 0));
    search s = {.n_users = cm_segments_groups(rows->segments),
                .n_items = n_items,
                .shrink = shrink,
                .squares = squares ? cm_data(squares) : NULL};
    cm_shape shape = cm_shape_2d(n_items, keep);
    *out = (cm_neighbours){.similarities = cm_tensor_new(cx, &shape)};
    bool ok = out->similarities && prepare(cx, &s, rows) &&
              cm_best_open(cx, &s.best, n_items, keep) &&
              (out->items = cm_ids_new(cx, n_items * keep));
    for (int64_t i = 0; ok && keep > 0 && i < n_items; i++)
        compare_pairs(&s, s.item_at[i], add_pairs(&s, i));
    for (int64_t i = 0; ok && i < n_items; i++)
        cm_best_write(&s.best, i, out->items->values + i * keep,
                      cm_data(out->similarities) + i * keep);
    if (ok)
        cm_ids_seal(out->items);
    clean_up(cx, &s);
    return ok;
}

static bool check_neighbours(cm_ctx *cx, const cm_neighbours *neighbours)
{
    const cm_shape *shape = &neighbours->similarities->shape;
    if (shape->ndim != 2 || neighbours->similarities->count != neighbours->items->count ||
        neighbours->items->limit > shape->dims[0])
        return cm_refuse(cx, CM_ERR_SHAPE,
                         "similarities must be [items, keep], with one item id for each");
    return true;
}

bool cm_neighbours_sparse(cm_ctx *cx, const cm_neighbours *neighbours, cm_sparse *out)
{
    const cm_shape *shape = &neighbours->similarities->shape;
    if (!check_neighbours(cx, neighbours))
        return false;
    int64_t count = 0, keep = shape->dims[1];
    for (int64_t i = 0; i < neighbours->items->count; i++)
        count += neighbours->items->values[i] >= 0;
    cm_shape flat = cm_shape_1d(count);
    cm_ids *rows = cm_ids_new(cx, count), *columns = cm_ids_new(cx, count);
    cm_tensor *weights = cm_tensor_new(cx, &flat);
    bool ok = rows && columns && weights;
    for (int64_t i = 0, n = 0; ok && i < neighbours->items->count; i++)
        if (neighbours->items->values[i] >= 0) {
            rows->values[n] = (int32_t)(i / keep);
            columns->values[n] = neighbours->items->values[i];
            cm_data(weights)[n++] = cm_data(neighbours->similarities)[i];
        }
    if (ok) {
        cm_ids_seal(rows);
        cm_ids_seal(columns);
        ok = cm_sparse_make(cx, rows, columns, weights, shape->dims[0], shape->dims[0], out);
    }
    cm_ids_release(cx, rows);
    cm_ids_release(cx, columns);
    return ok;
}

/* What is known of a support while its queries are answered, by item. */
typedef struct rated_items {
    int32_t *place; /* the support row of each that is in it */
    uint8_t *is_in; /* 1 if it is; also of -1, the unknown item, which is not */
} rated_items;

#define CHUNK 64 /* neighbours that are looked up at once */

/* Which of some items, at most CHUNK, are in the support: bit k for item k. Most are not, and no
 * branch depends on it. */
static uint64_t hits_of(const int32_t *items, int64_t count, const uint8_t *is_in)
{
    uint64_t hits = 0;
    for (int64_t k = 0; k < count; k++)
        hits |= (uint64_t)is_in[items[k]] << k;
    return hits;
}

/* Asks for the similarities of an item. Few of them are read, each far from the others; but all of
 * them at once come sooner than those one after another. */
static void expect_mean(const cm_neighbours *neighbours, int32_t item)
{
    int64_t keep = neighbours->similarities->shape.dims[1], line = 64 / (int64_t)sizeof(cm_real);
    const cm_real *similarities = cm_data(neighbours->similarities) + item * keep;
    for (int64_t j = 0; j < keep; j += line)
        CM_PREFETCH(similarities + j);
}

/* The mean for one item. */
static double mean_of(const cm_neighbours *neighbours, int32_t item, const rated_items *rated,
                      const cm_real *residuals, int64_t nearest, double damp)
{
    int64_t keep = neighbours->similarities->shape.dims[1], n = 0;
    const int32_t *items = neighbours->items->values + item * keep;
    const cm_real *similarities = cm_data(neighbours->similarities) + item * keep;
    double weights = damp, sum = 0;
    for (int64_t first = 0; first < keep && n < nearest && items[first] >= 0; first += CHUNK) {
        uint64_t hits = hits_of(items + first, CM_MIN(CHUNK, keep - first), rated->is_in);
        for (; hits && n < nearest; hits &= hits - 1) {
            int64_t j = first + __builtin_ctzll(hits);
            weights += (double)similarities[j];
            sum += (double)similarities[j] * (double)residuals[rated->place[items[j]]];
            n++;
        }
    }
    return weights > 0 ? sum / weights : 0;
}

static bool check_means(cm_ctx *cx, const cm_neighbours *neighbours, const cm_residuals *support,
                        const cm_ids *query_items, const cm_ids *query_segments)
{
    const cm_shape *shape = &neighbours->similarities->shape;
    return check_neighbours(cx, neighbours) &&
           cm_residuals_check(cx, support, shape->dims[0], "support") &&
           cm_queries_check(cx, query_items, query_segments, shape->dims[0], support);
}

cm_tensor *cm_neighbour_means(cm_ctx *cx, const cm_neighbours *neighbours,
                              const cm_residuals *support, const cm_ids *query_items,
                              const cm_ids *query_segments, int64_t nearest, double damp)
{
    if (!check_means(cx, neighbours, support, query_items, query_segments))
        return NULL;
    int64_t n_items = neighbours->similarities->shape.dims[0];
    cm_shape shape = cm_shape_1d(query_items->count);
    cm_tensor *out = cm_tensor_new(cx, &shape);
    int32_t *place = cm_calloc(cx, (size_t)n_items, sizeof *place);
    uint8_t *is_in = cm_calloc(cx, (size_t)n_items + 1, sizeof *is_in);
    bool ok = out && place && is_in;
    rated_items rated = {place, is_in ? is_in + 1 : NULL};
    for (int64_t t = 0; ok && t < cm_segments_groups(support->segments); t++) {
        const int32_t *rows = support->segments->values + t;
        const int32_t *query = query_segments->values + t;
        for (int32_t r = rows[0]; r < rows[1]; r++) {
            rated.place[support->columns->values[r]] = r;
            rated.is_in[support->columns->values[r]] = 1;
        }
        for (int32_t q = query[0]; q < query[1]; q++) {
            if (q + 1 < query[1])
                expect_mean(neighbours, query_items->values[q + 1]);
            cm_data(out)[q] = (cm_real)mean_of(neighbours, query_items->values[q], &rated,
                                               cm_data(support->values), nearest, damp);
        }
        for (int32_t r = rows[0]; r < rows[1]; r++)
            rated.is_in[support->columns->values[r]] = 0;
    }
    cm_free(cx, place);
    cm_free(cx, is_in);
    return ok ? out : NULL;
}
