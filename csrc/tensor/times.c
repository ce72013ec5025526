/* times.c - see times.h. */
#include "tensor/times.h"

cm_times *cm_times_new(cm_ctx *cx, int64_t count)
{
    if (count < 0 || count > CM_MAX_ELEMENTS)
        return cm_fail(cx, CM_ERR_LIMIT, "%lld times; at most %lld are supported", (long long)count,
                       (long long)CM_MAX_ELEMENTS);
    cm_times *times = cm_alloc(cx, sizeof *times + (size_t)count * sizeof(int64_t));
    if (!times)
        return NULL;
    *times = (cm_times){.refs = 1, .count = count, .values = (int64_t *)(void *)(times + 1)};
    return times;
}

cm_times *cm_times_gather(cm_ctx *cx, const cm_times *times, const cm_ids *rows)
{
    if (rows->least < 0 || rows->limit > times->count)
        return cm_fail(cx, CM_ERR_INDEX, "rows from %d to %d of %lld times", rows->least + 1,
                       rows->limit, (long long)times->count);
    cm_times *some = cm_times_new(cx, rows->count);
    if (!some)
        return NULL;
    for (int64_t i = 0; i < rows->count; i++)
        some->values[i] = times->values[rows->values[i]];
    return some;
}

bool cm_times_range(const cm_times *times, int64_t *least, int64_t *most)
{
    if (times->count == 0)
        return false;
    *least = *most = times->values[0];
    for (int64_t i = 1; i < times->count; i++) {
        *least = CM_MIN(*least, times->values[i]);
        *most = CM_MAX(*most, times->values[i]);
    }
    return true;
}

/* The median of three: sorted and equal times take no longer than others. */
static int64_t pivot_of(const int64_t *v, int64_t low, int64_t high)
{
    int64_t a = v[low], b = v[low + (high - low) / 2], c = v[high];
    return CM_MAX(CM_MIN(a, b), CM_MIN(CM_MAX(a, b), c));
}

bool cm_times_ranked(cm_ctx *cx, const cm_times *times, int64_t k, int64_t *time)
{
    if (k < 0 || k >= times->count)
        return cm_refuse(cx, CM_ERR_INDEX, "position %lld of %lld times", (long long)k + 1,
                         (long long)times->count);
    int64_t *v = cm_alloc(cx, (size_t)times->count * sizeof *v);
    if (!v)
        return false;
    for (int64_t i = 0; i < times->count; i++)
        v[i] = times->values[i];
    /* Hoare's selection: what is below `low` is no larger, what is above `high` no smaller. */
    for (int64_t low = 0, high = times->count - 1; low < high;) {
        int64_t pivot = pivot_of(v, low, high), i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot)
                i++;
            while (v[j] > pivot)
                j--;
            if (i <= j) {
                int64_t kept = v[i];
                v[i++] = v[j];
                v[j--] = kept;
            }
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            break;
    }
    *time = v[k];
    cm_free(cx, v);
    return true;
}

void cm_times_retain(cm_times *times)
{
    if (times)
        times->refs++;
}

void cm_times_release(cm_ctx *cx, cm_times *times)
{
    if (times && --times->refs == 0)
        cm_free(cx, times);
}
