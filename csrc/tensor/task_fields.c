/* task_fields.c - joining the bags of fields; see task_bags.h. */
#include "tensor/task_bags.h"

/* How many rows a field has, and places in them. */
static int64_t rows_of(const cm_task_field *field, int64_t *places)
{
    *places = field->places->count;
    if (!field->repeated)
        return cm_segments_groups(field->bags);
    *places = 0;
    for (int64_t b = 0; b < cm_segments_groups(field->bags); b++)
        *places += cm_segment_length(field->bags, b) * cm_segment_length(field->repeated, b);
    return cm_segments_rows(field->repeated);
}

static bool check(cm_ctx *cx, const cm_task_field *field, int number, int64_t tasks)
{
    if (cm_segments_rows(field->bags) != field->places->count)
        return cm_refuse(cx, CM_ERR_SHAPE,
                         "field %d: the bags cover %lld places, but there are %lld", number,
                         (long long)cm_segments_rows(field->bags), (long long)field->places->count);
    if (field->repeated && cm_segments_groups(field->repeated) != cm_segments_groups(field->bags))
        return cm_refuse(cx, CM_ERR_SHAPE, "field %d: %lld bags are repeated, but there are %lld",
                         number, (long long)cm_segments_groups(field->repeated),
                         (long long)cm_segments_groups(field->bags));
    if (field->places->count > 0 &&
        (field->places->least < 0 || field->places->limit > field->owners->count))
        return cm_refuse(cx, CM_ERR_INDEX, "field %d: places must be from 1 to %lld", number,
                         (long long)field->owners->count);
    for (int64_t i = 0; i < field->owners->count; i++)
        if (field->owners->values[i] < (i > 0 ? field->owners->values[i - 1] : 0) ||
            field->owners->values[i] >= tasks)
            return cm_refuse(cx, CM_ERR_ARGUMENT,
                             "field %d: owners must rise from 1 to at most %lld, the number of "
                             "tasks",
                             number, (long long)tasks);
    return true;
}

/* The lengths of the segments of pairs of a field. */
static void count_pairs(const cm_task_field *field, int32_t *lengths)
{
    for (int64_t i = 0; i < field->owners->count; i++)
        lengths[field->owners->values[i]]++;
}

/* Appends the places of a field, and the lengths of its bags. */
static void append(const cm_task_field *field, int32_t shift, int32_t **places, int32_t **lengths)
{
    for (int64_t b = 0; b < cm_segments_groups(field->bags); b++) {
        int64_t times = field->repeated ? cm_segment_length(field->repeated, b) : 1;
        for (int64_t k = 0; k < times; k++) {
            for (int32_t i = field->bags->values[b]; i < field->bags->values[b + 1]; i++)
                *(*places)++ = field->places->values[i] + shift;
            *(*lengths)++ = (int32_t)cm_segment_length(field->bags, b);
        }
    }
}

bool cm_task_fields_join(cm_ctx *cx, const cm_task_field *fields, int n, int64_t tasks,
                         cm_task_fields *out)
{
    int64_t rows = 0, all = 0, pairs = 0;
    *out = (cm_task_fields){0};
    for (int f = 0; f < n; f++) {
        if (!check(cx, &fields[f], f + 1, tasks))
            return false;
        int64_t places, own = rows_of(&fields[f], &places);
        rows = f == 0 ? own : rows;
        all += places;
        pairs += fields[f].owners->count;
        if (own != rows)
            return cm_refuse(cx, CM_ERR_SHAPE, "field %d has %lld rows, field 1 has %lld", f + 1,
                             (long long)own, (long long)rows);
    }
    if (all > INT32_MAX || pairs > INT32_MAX || (int64_t)n * CM_MAX(rows, tasks) > INT32_MAX)
        return cm_refuse(cx, CM_ERR_LIMIT, "%d fields of %lld rows are too many", n,
                         (long long)rows);
    int32_t *of_bags = cm_calloc(cx, (size_t)(n * rows), sizeof *of_bags);
    int32_t *of_pairs = of_bags ? cm_calloc(cx, (size_t)(n * tasks), sizeof *of_pairs) : NULL;
    out->places = of_pairs ? cm_ids_new(cx, all) : NULL;
    if (out->places) {
        int32_t *place = out->places->values, *length = of_bags, shift = 0;
        for (int f = 0; f < n; f++) {
            append(&fields[f], shift, &place, &length);
            count_pairs(&fields[f], of_pairs + f * tasks);
            shift += (int32_t)fields[f].owners->count;
        }
        cm_ids_seal(out->places);
        out->bags = cm_segments_new(cx, of_bags, n * rows);
        out->pairs = cm_segments_new(cx, of_pairs, n * tasks);
    }
    cm_free(cx, of_bags);
    cm_free(cx, of_pairs);
    if (out->bags && out->pairs)
        return true;
    cm_ids_release(cx, out->places);
    cm_ids_release(cx, out->bags);
    cm_ids_release(cx, out->pairs);
    *out = (cm_task_fields){0};
    return false;
}
