/* user_neighbours.c - see user_neighbours.h. */
#include "cf/user_neighbours.h"
#include "cf/best.h"

/* What the predictions of all tasks share. */
typedef struct search {
    const cm_residuals *known;
    const cm_user_weighting *by;
    int64_t nearest;
    int32_t *place;     /* [items] the support row of each item, or -1 */
    cm_pair_sums *sums; /* [users] of the person at hand with each, 0 but for those that are met */
    double *similarity; /* [users] with the person at hand, 0 unless it is above */
    int32_t *met;       /* [users] who has items in common with the person */
    cm_best best;       /* one list: the rows of `known` that a prediction is made from */
    int32_t *rows;      /* [nearest] the same, most similar first */
    cm_real *similarities;
} search;

/* Finds who is similar to the person of a task. Returns how many are met. */
static int64_t meet(search *s, const cm_residuals *support, int64_t task)
{
    const cm_residuals *known = s->known;
    const int32_t *rows = support->segments->values + task, *items = support->columns->values;
    double own = 0;
    int64_t n = 0;
    for (int32_t r = rows[0]; r < rows[1]; r++)
        s->place[items[r]] = r; /* the last one counts */
    for (int32_t r = rows[0]; r < rows[1]; r++) {
        if (s->place[items[r]] != r)
            continue;
        const int32_t *raters = known->segments->values + items[r];
        double x = (double)cm_data(support->values)[r], square = x * x;
        own += square;
        for (int32_t k = raters[0]; k < raters[1]; k++) {
            int32_t user = known->columns->values[k];
            double y = (double)cm_data(known->values)[k];
            cm_pair_sums *sums = &s->sums[user];
            if (sums->common == 0)
                s->met[n++] = user;
            sums->product += x * y;
            sums->own += square;
            sums->other += y * y;
            sums->common += 1;
        }
    }
    for (int32_t r = rows[0]; r < rows[1]; r++)
        s->place[items[r]] = -1;
    for (int64_t i = 0; i < n; i++) {
        cm_pair_sums *sums = &s->sums[s->met[i]];
        const cm_tensor *squares = s->by->squares;
        double other = squares ? (double)cm_data(squares)[s->met[i]] : sums->other;
        double similarity =
            cm_pair_similarity(sums, squares ? own : sums->own, other, s->by->shrink);
        s->similarity[s->met[i]] = similarity > 0 ? similarity : 0; /* not 0 / 0 */
        *sums = (cm_pair_sums){0};
    }
    return n;
}

/* The mean for one item. */
static double mean_of(search *s, int32_t item)
{
    const cm_residuals *known = s->known;
    const int32_t *raters = known->segments->values + item;
    cm_best_clear(&s->best, 0);
    for (int32_t k = raters[0]; k < raters[1]; k++) {
        double similarity = s->similarity[known->columns->values[k]];
        if (similarity > 0)
            cm_best_offer(&s->best, 0, k, similarity);
    }
    cm_best_write(&s->best, 0, s->rows, s->similarities);
    double weights = s->by->damp, sum = 0;
    for (int64_t j = 0; j < s->nearest && s->rows[j] >= 0; j++) {
        weights += (double)s->similarities[j];
        sum += (double)s->similarities[j] * (double)cm_data(known->values)[s->rows[j]];
    }
    return weights > 0 ? sum / weights : 0;
}

static bool check(cm_ctx *cx, const cm_residuals *known, const cm_user_weighting *by,
                  const cm_residuals *support, const cm_ids *query_items,
                  const cm_ids *query_segments)
{
    int64_t n_users = by->squares ? by->squares->count : cm_ids_most(known->columns->count);
    int64_t n_items = cm_segments_groups(known->segments);
    if (!cm_residuals_check(cx, known, n_users, "known") ||
        !cm_residuals_check(cx, support, n_items, "support") ||
        !cm_queries_check(cx, query_items, query_segments, n_items, support))
        return false;
    if (by->nearest < 0 || !(by->shrink >= 0 && isfinite(by->shrink)) ||
        !(by->damp >= 0 && isfinite(by->damp)))
        return cm_refuse(cx, CM_ERR_ARGUMENT,
                         "nearest %lld, shrink %g and damp %g must not be negative",
                         (long long)by->nearest, by->shrink, by->damp);
    return true;
}

static bool prepare(cm_ctx *cx, search *s)
{
    size_t users = (size_t)s->known->columns->limit, items;
    items = (size_t)cm_segments_groups(s->known->segments);
    s->place = cm_alloc(cx, items * sizeof *s->place);
    s->sums = cm_calloc(cx, users, sizeof *s->sums);
    s->similarity = cm_calloc(cx, users, sizeof *s->similarity);
    s->met = cm_alloc(cx, users * sizeof *s->met);
    s->rows = cm_alloc(cx, (size_t)s->nearest * sizeof *s->rows);
    s->similarities = cm_alloc(cx, (size_t)s->nearest * sizeof *s->similarities);
    for (size_t i = 0; s->place && i < items; i++)
        s->place[i] = -1;
    return s->place && s->sums && s->similarity && s->met && s->rows && s->similarities &&
           cm_best_open(cx, &s->best, 1, s->nearest);
}

static void clean_up(cm_ctx *cx, search *s)
{
    cm_free(cx, s->place);
    cm_free(cx, s->sums);
    cm_free(cx, s->similarity);
    cm_free(cx, s->met);
    cm_free(cx, s->rows);
    cm_free(cx, s->similarities);
    cm_best_close(cx, &s->best);
}

cm_tensor *cm_user_neighbour_means(cm_ctx *cx, const cm_residuals *known,
                                   const cm_user_weighting *by, const cm_residuals *support,
                                   const cm_ids *query_items, const cm_ids *query_segments)
{
    if (!check(cx, known, by, support, query_items, query_segments))
        return NULL;
    search s = {.known = known, .by = by, .nearest = CM_MIN(by->nearest, known->columns->count)};
    cm_shape shape = cm_shape_1d(query_items->count);
    cm_tensor *out = cm_tensor_new(cx, &shape);
    bool ok = out && prepare(cx, &s);
    for (int64_t t = 0; ok && t < cm_segments_groups(support->segments); t++) {
        const int32_t *query = query_segments->values + t;
        if (query[0] == query[1])
            continue;
        int64_t n = meet(&s, support, t);
        for (int32_t q = query[0]; q < query[1]; q++)
            cm_data(out)[q] = (cm_real)mean_of(&s, query_items->values[q]);
        for (int64_t i = 0; i < n; i++)
            s.similarity[s.met[i]] = 0;
    }
    clean_up(cx, &s);
    return ok ? out : NULL;
}
