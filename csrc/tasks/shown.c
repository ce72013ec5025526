/* shown.c - see shown.h. */
#include "tasks/shown.h"

cm_tensor *cm_pick_scores(cm_ctx *cx, const cm_tensor *scores, const cm_ids *items,
                          const cm_ids *segments)
{
    cm_shape shape = cm_shape_1d(items->count);
    cm_tensor *picked = cm_tensor_new(cx, &shape);
    int64_t width = scores->shape.dims[1];
    for (int64_t t = 0; picked && t < cm_segments_groups(segments); t++)
        for (int64_t i = segments->values[t]; i < segments->values[t + 1]; i++)
            cm_data(picked)[i] = cm_data(scores)[t * width + items->values[i]];
    return picked;
}

/* Whether row a stands before row b. */
static bool is_before(const cm_real *score, int32_t a, int32_t b)
{
    return score[a] > score[b] || (score[a] == score[b] && a < b);
}

/* Lets the row at a place of the heap sink: the last of the best stands on top. */
static void sink(const cm_real *score, int32_t *heap, int64_t n, int64_t place)
{
    int32_t row = heap[place];
    for (int64_t child; (child = 2 * place + 1) < n; place = child) {
        if (child + 1 < n && is_before(score, heap[child], heap[child + 1]))
            child++;
        if (!is_before(score, row, heap[child]))
            break;
        heap[place] = heap[child];
    }
    heap[place] = row;
}

/* The best of the rows [first, last) into best [n]. */
static void choose(const cm_real *score, int32_t first, int32_t last, int32_t *best, int64_t n)
{
    int64_t size = CM_MIN(n, (int64_t)last - first);
    for (int64_t i = 0; i < n; i++)
        best[i] = i < size ? first + (int32_t)i : -1;
    for (int64_t i = size / 2; i-- > 0;)
        sink(score, best, size, i);
    for (int32_t row = first + (int32_t)size; row < last; row++)
        if (is_before(score, row, best[0])) {
            best[0] = row;
            sink(score, best, size, 0);
        }
    for (int64_t end = size; end-- > 1;) { /* the last one of the heap to the end */
        int32_t row = best[0];
        best[0] = best[end];
        best[end] = row;
        sink(score, best, end, 0);
    }
}

cm_ids *cm_shown_rows(cm_ctx *cx, const cm_tensor *scores, const cm_ids *segments, int64_t n)
{
    int64_t lists = cm_segments_groups(segments);
    if (n > INT32_MAX / CM_MAX(lists, 1))
        return cm_fail(cx, CM_ERR_LIMIT, "%lld rows of each of %lld lists are too many",
                       (long long)n, (long long)lists);
    cm_ids *shown = cm_ids_new(cx, lists * n);
    for (int64_t i = 0; shown && i < lists; i++)
        choose(cm_data(scores), segments->values[i], segments->values[i + 1], shown->values + i * n,
               n);
    if (shown)
        cm_ids_seal(shown);
    return shown;
}
