/* padded.c - batches of sequences of different lengths, padded to [batch, time, ..]. Lengths are
 * segments: the k-th is the number of valid steps of row k. The padding is never read. */
#include "ops/ops.h"

bool cm_need_lengths(cm_ctx *cx, const cm_ids *lengths, int64_t batch, int64_t time)
{
    int64_t groups = cm_segments_groups(lengths);
    if (groups != batch)
        return cm_refuse(cx, CM_ERR_SHAPE, "there are %lld lengths for a batch of %lld",
                         (long long)groups, (long long)batch);
    for (int64_t b = 0; b < batch; b++)
        if (cm_segment_length(lengths, b) > time)
            return cm_refuse(cx, CM_ERR_SHAPE, "length %lld is %lld, but there are %lld steps",
                             (long long)b + 1, (long long)cm_segment_length(lengths, b),
                             (long long)time);
    return true;
}

static bool need_steps(cm_ctx *cx, const cm_tensor *x, const cm_ids *lengths)
{
    char text[CM_SHAPE_TEXT];
    if (x->shape.ndim < 2)
        return cm_refuse(cx, CM_ERR_SHAPE, "x must be [batch, time, ..], not shape %s",
                         cm_shape_text(&x->shape, text));
    return !lengths || cm_need_lengths(cx, lengths, x->shape.dims[0], x->shape.dims[1]);
}

/* Elements per row of x when its first `lead` dims index the rows. */
static int64_t row_size(const cm_tensor *x, int lead)
{
    cm_shape rest = cm_shape_of(x->shape.ndim - lead, x->shape.dims + lead);
    return cm_shape_size(&rest);
}

/* The rows of x (all of its first `lead` dims) that the ids name, -1 for zeros, as `out`. The ids
 * are released. */
static cm_tensor *pick_rows(cm_ctx *cx, cm_tensor *x, int lead, cm_ids *ids, const cm_shape *out)
{
    cm_shape rows = cm_shape_of(lead, x->shape.dims);
    cm_shape flat = cm_shape_2d(cm_shape_size(&rows), row_size(x, lead));
    cm_ids_seal(ids);
    cm_tensor *picked = cm_embedding(cx, cm_reshape(cx, x, &flat), ids);
    cm_ids_release(cx, ids);
    return cm_reshape(cx, picked, out);
}

static cm_tensor *mask_steps_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    if (!need_steps(cx, in[0], p->ids[0]))
        return NULL;
    int64_t batch = in[0]->shape.dims[0], time = in[0]->shape.dims[1];
    cm_ids *ids = cm_ids_new(cx, batch * time);
    if (!ids)
        return NULL;
    for (int64_t b = 0; b < batch; b++)
        for (int64_t t = 0; t < time; t++)
            ids->values[b * time + t] =
                t < cm_segment_length(p->ids[0], b) ? (int32_t)(b * time + t) : -1;
    return pick_rows(cx, in[0], 2, ids, &in[0]->shape);
}

static cm_tensor *last_step_expand(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p)
{
    (void)n_in;
    if (!need_steps(cx, in[0], p->ids[0]))
        return NULL;
    int64_t batch = in[0]->shape.dims[0], time = in[0]->shape.dims[1];
    cm_ids *ids = cm_ids_new(cx, batch);
    if (!ids)
        return NULL;
    for (int64_t b = 0; b < batch; b++) {
        int64_t steps = p->ids[0] ? cm_segment_length(p->ids[0], b) : time;
        ids->values[b] = steps > 0 ? (int32_t)(b * time + steps - 1) : -1;
    }
    cm_shape out = {.ndim = in[0]->shape.ndim - 1};
    for (int d = 0; d < out.ndim; d++)
        out.dims[d] = in[0]->shape.dims[d == 0 ? 0 : d + 1];
    return pick_rows(cx, in[0], 2, ids, &out);
}

static cm_tensor *pad_segments_expand(cm_ctx *cx, cm_tensor *const *in, int n_in,
                                      const cm_params *p)
{
    (void)n_in;
    const cm_shape *x = &in[0]->shape;
    const cm_ids *segments = p->ids[0];
    int64_t batch = cm_segments_groups(segments), time = 0, count;
    char text[CM_SHAPE_TEXT];
    if (x->ndim < 1 || x->ndim == CM_MAX_DIMS || x->dims[0] != cm_segments_rows(segments))
        return cm_fail(cx, CM_ERR_SHAPE,
                       "the segments cover %lld rows, but x has shape %s: it must be [rows, ..] of "
                       "at most %d dims",
                       (long long)cm_segments_rows(segments), cm_shape_text(x, text),
                       CM_MAX_DIMS - 1);
    for (int64_t b = 0; b < batch; b++)
        time = CM_MAX(time, cm_segment_length(segments, b));
    cm_shape out = {.ndim = x->ndim + 1, .dims = {batch, time}};
    for (int d = 1; d < x->ndim; d++)
        out.dims[d + 1] = x->dims[d];
    if (!cm_shape_count(cx, &out, &count)) /* bounds batch * time too, if a row has no elements */
        return NULL;
    cm_ids *ids = cm_ids_new(cx, batch * time);
    if (!ids)
        return NULL;
    for (int64_t b = 0; b < batch; b++)
        for (int64_t t = 0; t < time; t++)
            ids->values[b * time + t] =
                t < cm_segment_length(segments, b) ? (int32_t)(segments->values[b] + t) : -1;
    return pick_rows(cx, in[0], 1, ids, &out);
}

// clang-format off
const cm_op cm_op_mask_steps = {.name = "mask_steps", .args = "x:t lengths:S",
    .doc = "x [batch, time, ..] with zeros after the first lengths[k] steps of each row k",
    .expand = mask_steps_expand};
const cm_op cm_op_last_step = {.name = "last_step", .args = "x:t lengths:S?",
    .doc = "the last valid step of each row: x [batch, time, ..] gives [batch, ..]; zeros where the "
           "length is 0; without lengths all steps are valid",
    .expand = last_step_expand};
const cm_op cm_op_pad_segments = {.name = "pad_segments", .args = "x:t segments:S",
    .doc = "ragged rows as a padded batch: x [rows, ..] gives [segments, longest, ..], with zeros "
           "after each segment's rows",
    .expand = pad_segments_expand};
// clang-format on
