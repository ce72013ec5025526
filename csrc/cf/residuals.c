/* residuals.c - see residuals.h. */
#include "cf/residuals.h"

bool cm_residuals_check(cm_ctx *cx, const cm_residuals *from, int64_t columns, const char *what)
{
    if (from->columns->count != cm_segments_rows(from->segments) ||
        from->values->count != from->columns->count)
        return cm_refuse(cx, CM_ERR_SHAPE, "%s: %lld ids and %lld numbers in segments of %lld rows",
                         what, (long long)from->columns->count, (long long)from->values->count,
                         (long long)cm_segments_rows(from->segments));
    if (from->columns->least < 0 || from->columns->limit > columns)
        return cm_refuse(cx, CM_ERR_INDEX, "%s: ids from %d to %d, but only %lld are known", what,
                         from->columns->least + 1, from->columns->limit, (long long)columns);
    return true;
}

bool cm_queries_check(cm_ctx *cx, const cm_ids *items, const cm_ids *segments, int64_t n_items,
                      const cm_residuals *support)
{
    if (items->count != cm_segments_rows(segments) ||
        cm_segments_groups(segments) != cm_segments_groups(support->segments))
        return cm_refuse(cx, CM_ERR_SHAPE,
                         "query: %lld items in segments of %lld rows; %lld tasks, "
                         "but the support has %lld",
                         (long long)items->count, (long long)cm_segments_rows(segments),
                         (long long)cm_segments_groups(segments),
                         (long long)cm_segments_groups(support->segments));
    if (items->least < 0 || items->limit > n_items)
        return cm_refuse(cx, CM_ERR_INDEX, "query: items from %d to %d, but only %lld are known",
                         items->least + 1, items->limit, (long long)n_items);
    return true;
}
