/* user_neighbours.c - see user_neighbours.h. */
#include "cf/user_neighbours.h"
#include <string.h>

#define WORD 64 /* bits */

/* Somebody similar to the person at hand. */
typedef struct similar_user {
    double similarity; /* above 0 */
    int32_t user;
} similar_user;

/* What the predictions of all tasks share. */
typedef struct search {
    const cm_residuals *known;
    const cm_user_weighting *by;
    int32_t *place;     /* [items] the support row of each item, or -1 */
    cm_pair_sums *sums; /* [users] of the person at hand with each, 0 but for those that are met */
    int32_t *met;       /* [users] who has items in common with the person */
    similar_user *similar; /* [users] who is similar to the person, the most similar first */
    int64_t n_similar;
    int32_t *rank; /* [users] the place of each among these, or -1 */
    /* Of the item at hand, by the place of who rated it: the nearest of many raters come out in
     * order, without sorting those of every item. */
    int32_t *rows;  /* [users] the row of `known` */
    uint64_t *here; /* [users / WORD, rounded up] a bit is 1 where there is one */
} search;

/* Whether one stands behind the other, the most similar first, in a tie the first user. */
static bool is_behind(similar_user x, similar_user y)
{
    return x.similarity < y.similarity || (x.similarity == y.similarity && x.user > y.user);
}

/* Lets the entry at a place of a heap sink: the last in order stands on top. */
static void sink(similar_user *heap, int64_t n, int64_t place)
{
    similar_user one = heap[place];
    for (int64_t child; (child = 2 * place + 1) < n; place = child) {
        child += child + 1 < n && is_behind(heap[child + 1], heap[child]);
        if (!is_behind(heap[child], one))
            break;
        heap[place] = heap[child];
    }
    heap[place] = one;
}

/* Sorts, without taking memory as qsort does: predictors must not. */
static void sort(similar_user *list, int64_t n)
{
    for (int64_t i = n / 2; i-- > 0;)
        sink(list, n, i);
    for (int64_t end = n; end-- > 1;) {
        similar_user last = list[0];
        list[0] = list[end];
        list[end] = last;
        sink(list, end, 0);
    }
}

/* Finds who is similar to the person of a task. */
static void meet(search *s, const cm_residuals *support, int64_t task)
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
    s->n_similar = 0;
    for (int64_t i = 0; i < n; i++) {
        cm_pair_sums *sums = &s->sums[s->met[i]];
        const cm_tensor *squares = s->by->squares;
        double other = squares ? (double)cm_data(squares)[s->met[i]] : sums->other;
        double similarity =
            cm_pair_similarity(sums, squares ? own : sums->own, other, s->by->shrink);
        if (similarity > 0) /* not 0 / 0 */
            s->similar[s->n_similar++] = (similar_user){similarity, s->met[i]};
        *sums = (cm_pair_sums){0};
    }
    sort(s->similar, s->n_similar);
    for (int64_t i = 0; i < s->n_similar; i++)
        s->rank[s->similar[i].user] = (int32_t)i;
}

/* Makes ready for another person. */
static void part(search *s)
{
    for (int64_t i = 0; i < s->n_similar; i++)
        s->rank[s->similar[i].user] = -1;
}

/* A sum of residuals weighted by similarity. */
typedef struct weighted {
    double weights, sum;
} weighted;

static void add(const search *s, weighted *to, int32_t rank, int32_t row)
{
    double similarity = s->similar[rank].similarity;
    to->weights += similarity;
    to->sum += similarity * (double)cm_data(s->known->values)[row];
}

/* Adds the nearest of those whose places are marked, and removes the marks. */
static void add_nearest(search *s, weighted *to)
{
    int64_t words = (s->n_similar + WORD - 1) / WORD, left = s->by->nearest;
    for (int64_t w = 0; w < words && left > 0; w++)
        for (uint64_t bits = s->here[w]; bits && left > 0; bits &= bits - 1, left--) {
            int32_t rank = (int32_t)(w * WORD + __builtin_ctzll(bits));
            add(s, to, rank, s->rows[rank]);
        }
    memset(s->here, 0, (size_t)words * sizeof *s->here);
}

/* The mean for one item. */
static double mean_of(search *s, int32_t item)
{
    const int32_t *raters = s->known->segments->values + item, *users = s->known->columns->values;
    weighted of = {.weights = s->by->damp};
    bool few = raters[1] - raters[0] <= s->by->nearest;
    for (int32_t k = raters[0]; k < raters[1]; k++) {
        int32_t rank = s->rank[users[k]];
        if (rank >= 0 && few) {
            add(s, &of, rank, k);
        } else if (rank >= 0) {
            s->rows[rank] = k;
            s->here[rank / WORD] |= UINT64_C(1) << (rank % WORD);
        }
    }
    if (!few)
        add_nearest(s, &of);
    return of.weights > 0 ? of.sum / of.weights : 0;
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
    size_t users = (size_t)s->known->columns->limit;
    size_t items = (size_t)cm_segments_groups(s->known->segments);
    s->place = cm_alloc(cx, items * sizeof *s->place);
    s->sums = cm_calloc(cx, users, sizeof *s->sums);
    s->met = cm_calloc(cx, users, sizeof *s->met);
    s->similar = cm_calloc(cx, users, sizeof *s->similar);
    s->rank = cm_calloc(cx, users, sizeof *s->rank);
    s->rows = cm_calloc(cx, users, sizeof *s->rows);
    s->here = cm_calloc(cx, users / WORD + 1, sizeof *s->here);
    if (!(s->place && s->sums && s->met && s->similar && s->rank && s->rows && s->here))
        return false;
    for (size_t i = 0; i < items; i++)
        s->place[i] = -1;
    for (size_t i = 0; i < users; i++)
        s->rank[i] = -1;
    return true;
}

static void clean_up(cm_ctx *cx, search *s)
{
    cm_free(cx, s->place);
    cm_free(cx, s->sums);
    cm_free(cx, s->met);
    cm_free(cx, s->similar);
    cm_free(cx, s->rank);
    cm_free(cx, s->rows);
    cm_free(cx, s->here);
}

cm_tensor *cm_user_neighbour_means(cm_ctx *cx, const cm_residuals *known,
                                   const cm_user_weighting *by, const cm_residuals *support,
                                   const cm_ids *query_items, const cm_ids *query_segments)
{
    if (!check(cx, known, by, support, query_items, query_segments))
        return NULL;
    search s = {.known = known, .by = by};
    cm_shape shape = cm_shape_1d(query_items->count);
    cm_tensor *out = cm_tensor_new(cx, &shape);
    bool ok = out && prepare(cx, &s);
    for (int64_t t = 0; ok && t < cm_segments_groups(support->segments); t++) {
        const int32_t *query = query_segments->values + t;
        if (query[0] == query[1])
            continue;
        meet(&s, support, t);
        for (int32_t q = query[0]; q < query[1]; q++)
            cm_data(out)[q] = (cm_real)mean_of(&s, query_items->values[q]);
        part(&s);
    }
    clean_up(cx, &s);
    return ok ? out : NULL;
}
