/* joined.c - an affine map of rows concatenated from smaller tables.
 *
 * W [x1 | x2 | ..] is the sum of W1 x1, W2 x2, ..: where a part repeats the rows of a small table
 * (a user's vector on every row of the user's task), its contribution is computed once per row of
 * the table. The result is the same up to rounding, for a fraction of the work. */
#include "kernels/blas.h"
#include "ops/ops.h"
#include <string.h>

/* One part: a table [n, width], and which of its rows every row of the result reads. */
typedef struct part {
    const cm_tensor *table;
    const cm_ids *ids; /* NULL: all rows in order */
    int64_t n, width, column;
} part;

typedef struct joined {
    int count, weight; /* parts; the place of the weight among the inputs */
    part parts[CM_PARAM_SLOTS];
    int64_t rows, width, out;
    bool bias;
} joined;

/* Inputs: the parts, weight [out, sum of widths], bias [out] or none; i = activation. */
static bool read_joined(cm_ctx *cx, cm_tensor *const *in, int n_in, const cm_params *p, joined *j)
{
    static const char *const names[CM_PARAM_SLOTS] = {"ids1", "ids2", "ids3", "ids4"};
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    *j = (joined){.bias = in[n_in - 1]->shape.ndim == 1};
    j->count = j->weight = n_in - 1 - j->bias;
    if (j->count < 1 || j->count > CM_PARAM_SLOTS)
        return cm_refuse(cx, CM_ERR_LIMIT, "%d parts; from 1 to %d are supported", j->count,
                         CM_PARAM_SLOTS);
    for (int k = j->count; k < CM_PARAM_SLOTS; k++)
        if (p->ids[k])
            return cm_refuse(cx, CM_ERR_ARGUMENT,
                             "%s was given for part %d, but the last part is %d", names[k], k + 1,
                             j->count);
    for (int k = 0; k < j->count; k++) {
        const cm_shape *x = &in[k]->shape;
        const cm_ids *ids = p->ids[k];
        if (x->ndim != 2)
            return cm_refuse(cx, CM_ERR_SHAPE, "part %d must have 2 dims, not shape %s", k + 1,
                             cm_shape_text(x, a));
        j->parts[k] = (part){in[k], ids, x->dims[0], x->dims[1], j->width};
        j->width += x->dims[1];
        int64_t rows = ids ? ids->count : x->dims[0];
        if (k > 0 && rows != j->rows)
            return cm_refuse(cx, CM_ERR_SHAPE, "part %d gives %lld rows, part 1 gives %lld", k + 1,
                             (long long)rows, (long long)j->rows);
        j->rows = rows;
        if (ids && !cm_need_ids(cx, ids, x->dims[0], false, names[k]))
            return false;
    }
    const cm_shape *w = &in[j->weight]->shape;
    if (w->ndim != 2 || w->dims[1] != j->width)
        return cm_refuse(
            cx, CM_ERR_SHAPE,
            "the widths of the parts sum to %lld, which does not fit weight %s: it must "
            "be [out, %lld]",
            (long long)j->width, cm_shape_text(w, a), (long long)j->width);
    j->out = w->dims[0];
    if (j->bias && in[n_in - 1]->shape.dims[0] != j->out)
        return cm_refuse(cx, CM_ERR_SHAPE, "bias %s does not fit weight %s",
                         cm_shape_text(&in[n_in - 1]->shape, a), cm_shape_text(w, b));
    return true;
}

/* Room for the weight of part k in panels; 0 where BLAS is to multiply. */
static int64_t panels_size(const joined *j, int k)
{
    const part *x = &j->parts[k];
    return cm_panels_worthwhile(x->n, j->out, x->width) ? cm_panels_size(j->out, x->width) : 0;
}

/* y [n, out] = or += the product of part k with its columns of the weight; `work` has room for
 * panels_size. */
static void multiply(cm_ctx *cx, const joined *j, int k, const cm_real *weight, bool add,
                     cm_real *work, cm_real *y)
{
    const part *x = &j->parts[k];
    cm_matrix map = {weight + x->column, 1, j->width};
    if (panels_size(j, k) > 0) {
        cm_panels_fill(j->out, x->width, map, work);
        cm_panels_product(cx, x->n, j->out, x->width, cm_data(x->table), x->width, work, add, y,
                          j->out);
    } else {
        cm_gemm(cx, x->n, j->out, x->width, (cm_matrix){cm_data(x->table), x->width, 1}, map, add,
                y, j->out);
    }
}

static bool joined_linear_shape(cm_call *c)
{
    joined j;
    int64_t count;
    if (!read_joined(c->cx, c->in, c->n_in, &c->p, &j))
        return false;
    for (int k = 0; k < j.count; k++) {
        cm_shape share = cm_shape_2d(j.parts[k].n, j.out);
        if (!cm_shape_count(c->cx, &share, &count))
            return false;
        if (j.parts[k].ids)
            c->work_size = CM_MAX(c->work_size, count + panels_size(&j, k));
        else
            c->work_size = CM_MAX(c->work_size, panels_size(&j, k));
    }
    c->out_shape = cm_shape_2d(j.rows, j.out);
    return cm_shape_count(c->cx, &c->out_shape, &count);
}

static void joined_linear_eval(cm_call *c)
{
    const cm_kernels *kernels = cm_kernels_of(c->cx);
    joined j;
    (void)read_joined(c->cx, c->in, c->n_in, &c->p, &j);
    const cm_real *w = cm_data(c->in[j.weight]);
    cm_real *y = cm_data(c->out);
    for (int k = 0; k < j.count; k++) {
        const part *x = &j.parts[k];
        cm_real *share = c->work + panels_size(&j, k);
        multiply(c->cx, &j, k, w, !x->ids && k > 0, c->work, x->ids ? share : y);
        if (!x->ids)
            continue;
        if (k == 0)
            memset(y, 0, (size_t)c->out->count * sizeof *y);
        kernels->gather_add(j.rows, j.out, y, share, x->ids->values);
    }
    kernels->bias_act(j.rows, j.out, y, j.bias ? cm_data(c->in[c->n_in - 1]) : NULL,
                      (cm_activation)c->p.i[0]);
}

static cm_tensor *joined_linear_expand(cm_ctx *cx, cm_tensor *const *in, int n_in,
                                       const cm_params *p)
{
    cm_tensor *columns[CM_PARAM_SLOTS];
    joined j;
    if (!read_joined(cx, in, n_in, p, &j))
        return NULL;
    for (int k = 0; k < j.count; k++)
        columns[k] = p->ids[k] ? cm_gather_rows(cx, in[k], p->ids[k]) : in[k];
    cm_tensor *x = cm_apply(cx, &cm_op_concat, columns, j.count, &(cm_params){.i = {1}});
    cm_tensor *const map[] = {x, in[j.weight], j.bias ? in[n_in - 1] : NULL};
    return cm_apply(cx, &cm_op_linear, map, 2 + j.bias, &(cm_params){.i = {p->i[0]}});
}

/* The gradient of a part's contribution [n, out]: that of the rows, or their sums. */
static const cm_real *gather_back(cm_ctx *cx, const part *x, const joined *j, const cm_tensor *d)
{
    if (!x->ids)
        return cm_data(d);
    cm_shape shape = cm_shape_2d(x->n, j->out);
    cm_tensor *sums = cm_tensor_full(cx, &shape, 0);
    if (!sums)
        return NULL;
    cm_kernels_of(cx)->scatter_add(j->rows, j->out, cm_data(sums), x->ids->values, 1, cm_data(d),
                                   j->out);
    return cm_data(sums);
}

static void joined_linear_fast_vjp(cm_vjp *v)
{
    cm_ctx *cx = v->cx;
    joined j;
    (void)read_joined(cx, v->in, v->n_in, v->p, &j);
    cm_tensor *weight = v->in[j.weight], *d = cm_act_gradient(v, (cm_activation)v->p->i[0]);
    bool to_weight = v->need[j.weight];
    if (!d || (to_weight && !(v->gin[j.weight] = cm_vjp_target(v, j.weight))))
        return;
    for (int k = 0; k < j.count; k++) {
        const part *x = &j.parts[k];
        if (!v->need[k] && !to_weight)
            continue;
        const cm_real *share = gather_back(cx, x, &j, d);
        if (!share || (v->need[k] && !(v->gin[k] = cm_tensor_new(cx, &x->table->shape))))
            return;
        if (to_weight)
            cm_gemm(cx, j.out, x->width, x->n, (cm_matrix){share, 1, j.out},
                    (cm_matrix){cm_data(x->table), x->width, 1}, 1,
                    cm_data(v->gin[j.weight]) + x->column, j.width);
        if (v->need[k] && !cm_vjp_product(v, x->n, x->width, j.out, share,
                                          (cm_matrix){cm_data(weight) + x->column, j.width, 1},
                                          cm_data(v->gin[k])))
            return;
    }
    if (j.bias && v->need[v->n_in - 1]) {
        cm_tensor *sum = v->gin[v->n_in - 1] = cm_vjp_target(v, v->n_in - 1);
        if (sum)
            cm_kernels_of(cx)->add_rows(j.rows, j.out, cm_data(sum), cm_data(d));
    }
}

// clang-format off
const cm_op cm_op_joined_linear = {.name = "joined_linear",
    .args = "parts:T weight:t bias:t? activation:a? ids1:I? ids2:I? ids3:I? ids4:I?",
    .doc = "activation(x weight^T + bias) of rows x that are joined from up to 4 parts, each a "
           "tensor [rows, width], or with ids a table [n, width] whose rows they name: parts that "
           "repeat are multiplied once",
    .shape = joined_linear_shape, .eval = joined_linear_eval, .expand = joined_linear_expand,
    .fast_vjp = joined_linear_fast_vjp, .saves = CM_SAVE_ALL_IN | CM_SAVE_OUT,
    .flags = CM_CONTIGUOUS | CM_LIST};
// clang-format on
