/* fields.c - embeddings of several fields, each from its own table, concatenated per row. */
#include "ops/ops.h"
#include <string.h>

/* The bags of all fields: params.ids = {ids, segments, rows or NULL}, segment (row fields + field)
 * holding the ids of one field of one row. */
typedef struct field_bags {
    const cm_ids *ids, *segments, *rows;
    int fields;
    int64_t count; /* requested rows */
    bool mean;
} field_bags;

static field_bags bags_of(const cm_params *p, int fields)
{
    const cm_ids *segments = p->ids[1], *rows = p->ids[2];
    return (field_bags){p->ids[0],
                        segments,
                        rows,
                        fields,
                        rows ? rows->count : cm_segments_groups(segments) / fields,
                        p->i[0] != 0};
}

/* The ids of a field of requested row k, and the weight of each. Unknown ids (-1) have weight 0. */
static const int32_t *bag(const field_bags *b, int64_t k, int field, int64_t *size, cm_real *weight)
{
    int64_t row = b->rows ? b->rows->values[k] : k, known = 0;
    *size = 0;
    *weight = 0;
    if (row < 0)
        return b->ids->values;
    const int32_t *offset = b->segments->values + row * b->fields + field;
    const int32_t *ids = b->ids->values + offset[0];
    *size = known = offset[1] - offset[0];
    for (int64_t j = 0; b->ids->least < 0 && j < *size; j++)
        known -= ids[j] < 0;
    *weight = b->mean && known > 0 ? 1 / (cm_real)known : 1;
    return ids;
}

/* Checks the requested rows only: a catalogue has many more. */
static bool check_ids(cm_call *c)
{
    field_bags b = bags_of(&c->p, c->n_in);
    cm_real weight;
    int64_t size;
    for (int64_t k = 0; k < b.count; k++)
        for (int f = 0; f < b.fields; f++) {
            const int32_t *ids = bag(&b, k, f, &size, &weight);
            for (int64_t j = 0; j < size; j++)
                if (ids[j] >= c->in[f]->shape.dims[0])
                    return cm_refuse(c->cx, CM_ERR_INDEX,
                                     "ids contains %d for field %d, whose table has only %lld rows",
                                     ids[j] + 1, f + 1, (long long)c->in[f]->shape.dims[0]);
        }
    return true;
}

static bool embedding_fields_shape(cm_call *c)
{
    const cm_ids *ids = c->p.ids[0], *segments = c->p.ids[1], *rows = c->p.ids[2];
    int64_t groups = cm_segments_groups(segments), width = 0, count;
    if (c->n_in > CM_MAX_SAVED)
        return cm_refuse(c->cx, CM_ERR_LIMIT, "%d fields; at most %d are supported", c->n_in,
                         CM_MAX_SAVED);
    if (groups % c->n_in != 0)
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "%lld segments for %d fields: each row must have a segment for each field",
                         (long long)groups, c->n_in);
    if (cm_segments_rows(segments) != ids->count)
        return cm_refuse(c->cx, CM_ERR_SHAPE, "the segments cover %lld ids, but there are %lld",
                         (long long)cm_segments_rows(segments), (long long)ids->count);
    if (rows && !cm_need_ids(c->cx, rows, groups / c->n_in, true, "rows"))
        return false;
    for (int f = 0; f < c->n_in; f++) {
        if (!cm_need_dims(c, c->in[f], 2, "every table"))
            return false;
        width += c->in[f]->shape.dims[1];
    }
    c->out_shape = cm_shape_2d(bags_of(&c->p, c->n_in).count, width);
    return cm_shape_count(c->cx, &c->out_shape, &count) && check_ids(c);
}

static void embedding_fields_eval(cm_call *c)
{
    const cm_kernels *kernels = cm_kernels_of(c->cx);
    field_bags b = bags_of(&c->p, c->n_in);
    cm_real *o = cm_data(c->out), weight;
    int64_t size;
    for (int64_t k = 0; k < b.count; k++)
        for (int f = 0; f < b.fields; f++) {
            int64_t width = c->in[f]->shape.dims[1];
            const int32_t *ids = bag(&b, k, f, &size, &weight);
            kernels->sum_rows(size, width, o, weight, cm_data(c->in[f]), ids);
            o += width;
        }
}

static void embedding_fields_fast_vjp(cm_vjp *v)
{
    const cm_kernels *kernels = cm_kernels_of(v->cx);
    field_bags b = bags_of(v->p, v->n_in);
    const cm_real *g = cm_data(v->g);
    int64_t size, column = 0, all = v->g->shape.dims[1];
    cm_real weight;
    for (int f = 0; f < b.fields; f++) {
        int64_t width = v->edges[f].shape.dims[1];
        if (v->need[f] && !(v->gin[f] = cm_vjp_target(v, f)))
            return;
        for (int64_t k = 0; v->need[f] && k < b.count; k++) {
            const int32_t *ids = bag(&b, k, f, &size, &weight);
            kernels->scatter_add(size, width, cm_data(v->gin[f]), ids, weight, g + k * all + column,
                                 0);
        }
        column += width;
    }
}

/* The requested bags of one field, as embedding_bag takes them. */
static bool one_field(cm_ctx *cx, const field_bags *b, int field, cm_params *p)
{
    int64_t count = 0, size;
    cm_real weight;
    for (int64_t k = 0; k < b->count; k++, count += size)
        (void)bag(b, k, field, &size, &weight);
    p->ids[0] = cm_ids_new(cx, count);
    p->ids[1] = p->ids[0] ? cm_ids_new(cx, b->count + 1) : NULL;
    if (!p->ids[1])
        return false;
    int32_t at = 0, *offsets = p->ids[1]->values;
    for (int64_t k = 0; k < b->count; k++) {
        const int32_t *ids = bag(b, k, field, &size, &weight);
        offsets[k] = at;
        memcpy(p->ids[0]->values + at, ids, (size_t)size * sizeof at);
        at += (int32_t)size;
    }
    offsets[b->count] = at;
    cm_ids_seal(p->ids[0]);
    cm_ids_seal(p->ids[1]);
    return true;
}

static cm_tensor *embedding_fields_expand(cm_ctx *cx, cm_tensor *const *in, int n_in,
                                          const cm_params *p)
{
    field_bags b = bags_of(p, n_in);
    cm_tensor *columns[CM_MAX_INPUTS];
    for (int f = 0; f < n_in; f++) {
        cm_params bag_params = {.i = {b.mean}};
        columns[f] = one_field(cx, &b, f, &bag_params)
                         ? cm_apply(cx, &cm_op_embedding_bag, &in[f], 1, &bag_params)
                         : NULL;
        cm_ids_release(cx, bag_params.ids[0]);
        cm_ids_release(cx, bag_params.ids[1]);
    }
    return cm_apply(cx, &cm_op_concat, columns, n_in, &(cm_params){.i = {1}});
}

// clang-format off
const cm_op cm_op_embedding_fields = {.name = "embedding_fields",
    .args = "tables:T ids:I segments:S rows:I? mean:b=true",
    .doc = "embedding_bag for several fields at once, side by side: with F tables, segment (r - 1) F + f "
           "of ids is the bag of field f of row r, which table f is read for; rows names the rows "
           "wanted",
    .shape = embedding_fields_shape, .eval = embedding_fields_eval,
    .expand = embedding_fields_expand, .fast_vjp = embedding_fields_fast_vjp,
    .saves = CM_SAVE_ALL_IN, .flags = CM_CONTIGUOUS | CM_LIST};
// clang-format on
