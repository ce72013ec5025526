/* op.c - applying an op: shape, allocation, kernel, record. */
#include "ops/op.h"
#include "kernels/blas.h"

const cm_op *const cm_op_table[] = {
#define CM_OP(name) &cm_op_##name,
#include "ops/ops.def"
    NULL};

static bool inputs_present(cm_tensor *const *in, int n_in)
{
    for (int i = 0; i < n_in; i++)
        if (!in[i])
            return false;
    return true;
}

static bool blas_can_read(const cm_tensor *x)
{
    int last = x->shape.ndim - 1;
    return cm_matrix_fits(x->shape.dims[last - 1], x->shape.dims[last], x->strides[last - 1],
                          x->strides[last]);
}

/* What the kernel reads: the inputs, or contiguous copies; the record keeps the originals. */
static bool prepare(cm_ctx *cx, const cm_op *op, cm_tensor *const *in, int n_in, cm_tensor **ready)
{
    for (int i = 0; i < n_in; i++) {
        bool copy =
            (op->flags & CM_CONTIGUOUS) || ((op->flags & CM_MATRIX) && !blas_can_read(in[i]));
        ready[i] = copy ? cm_contiguous(cx, in[i]) : in[i];
        if (!ready[i])
            return false;
    }
    return true;
}

/* What the derivative of this application reads. */
static unsigned saves_of(const cm_op *op, cm_tensor *const *in)
{
    if (!(op->flags & CM_PRODUCT))
        return op->saves;
    return (in[1]->node ? CM_SAVE_IN(0) : 0) | (in[0]->node ? CM_SAVE_IN(1) : 0);
}

/* A tensor of `size` numbers, contents undefined. */
static cm_tensor *room(cm_ctx *cx, int64_t size)
{
    cm_shape shape = cm_shape_1d(size);
    return cm_tensor_new(cx, &shape);
}

static cm_tensor *compute(cm_ctx *cx, const cm_op *op, cm_tensor *const *in, int n_in,
                          const cm_params *p)
{
    static const cm_params none;
    cm_tensor *ready[CM_MAX_INPUTS], *kept = NULL, *out;
    cm_call call = {.cx = cx, .op = op, .n_in = n_in, .in = in, .p = p ? *p : none};
    bool record = !(op->flags & CM_NONDIFF) && cm_records(cx, in, n_in);
    call.p.kept = NULL;
    if (!op->shape(&call))
        return NULL;
    if (op->view) {
        out = op->view(&call);
    } else {
        if (!prepare(cx, op, in, n_in, ready))
            return NULL;
        call.in = ready;
        if (call.work_size > 0) {
            cm_tensor *work = room(cx, call.work_size);
            if (!work)
                return NULL;
            call.work = cm_data(work);
        }
        if (call.keep_size > 0 && record) {
            kept = room(cx, call.keep_size);
            if (!kept)
                return NULL;
            call.kept = cm_data(kept);
        }
        out = call.out = cm_tensor_new(cx, &call.out_shape);
        if (out)
            op->eval(&call);
    }
    if (!out || !record)
        return out;
    if (!cm_record(cx, op, saves_of(op, in), in, n_in, &call.p, out))
        return NULL;
    if (kept) {
        cm_retain(kept);
        out->node->p.kept = kept;
    }
    return out;
}

cm_tensor *cm_apply_expanded(cm_ctx *cx, const cm_op *op, cm_tensor *const *in, int n_in,
                             const cm_params *p)
{
    static const cm_params none;
    cm_call call = {.cx = cx, .op = op, .n_in = n_in, .in = in, .p = p ? *p : none};
    if (op->shape && !op->shape(&call)) /* the definition of a fused op relies on its checks */
        return NULL;
    return op->expand(cx, in, n_in, &call.p);
}

cm_tensor *cm_apply(cm_ctx *cx, const cm_op *op, cm_tensor *const *in, int n_in, const cm_params *p)
{
    if (!inputs_present(in, n_in))
        return NULL;
    cx->counters.ops++;
    size_t mark = cm_scope_begin(cx);
    cm_tensor *out = op->eval || op->view ? compute(cx, op, in, n_in, p)
                                          : cm_apply_expanded(cx, op, in, n_in, p);
    return cm_scope_end_keep(cx, mark, out);
}

bool cm_shape_rule_same(cm_call *c)
{
    c->out_shape = c->in[0]->shape;
    return true;
}

bool cm_shape_rule_broadcast(cm_call *c)
{
    return cm_shape_broadcast(c->cx, &c->in[0]->shape, &c->in[1]->shape, &c->out_shape);
}

bool cm_shape_rule_reduce(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape;
    int dim = (int)c->p.i[0];
    bool keep = c->p.i[1] != 0;
    c->out_shape = (cm_shape){.ndim = 0};
    for (int d = 0; d < x->ndim; d++) {
        bool gone = dim < 0 || d == dim;
        if (!gone || keep)
            c->out_shape.dims[c->out_shape.ndim++] = gone ? 1 : x->dims[d];
    }
    return true;
}

cm_tensor *cm_vjp_target(cm_vjp *v, int i)
{
    if (v->into && v->into[i])
        return v->into[i];
    return cm_tensor_full(v->cx, &v->edges[i].shape, 0);
}

cm_tensor *cm_act_gradient(cm_vjp *v, cm_activation act)
{
    if (act == CM_ACT_IDENTITY)
        return v->g;
    cm_tensor *d = cm_tensor_new(v->cx, &v->g->shape);
    if (d)
        cm_kernels_of(v->cx)->act_grad(d->count, cm_data(d), cm_data(v->g), cm_data(v->out), act);
    return d;
}

bool cm_vjp_product(cm_vjp *v, int64_t m, int64_t n, int64_t k, const cm_real *a, cm_matrix b,
                    cm_real *c)
{
    if (!cm_panels_worthwhile(m, n, k)) {
        cm_gemm(v->cx, m, n, k, (cm_matrix){a, k, 1}, b, 0, c, n);
        return true;
    }
    cm_shape size = cm_shape_1d(cm_panels_size(n, k));
    cm_tensor *panels = cm_tensor_new(v->cx, &size);
    if (!panels)
        return false;
    cm_panels_fill(n, k, b, cm_data(panels));
    cm_panels_product(v->cx, m, n, k, a, k, cm_data(panels), false, c, n);
    return true;
}

cm_around cm_around_dim(const cm_shape *shape, int dim)
{
    if (dim < 0)
        return (cm_around){1, cm_shape_size(shape), 1};
    cm_around a = {1, shape->dims[dim], 1};
    for (int d = 0; d < shape->ndim; d++) {
        if (d < dim)
            a.outer *= shape->dims[d];
        else if (d > dim)
            a.inner *= shape->dims[d];
    }
    return a;
}

bool cm_need_dims(cm_call *c, const cm_tensor *t, int ndim, const char *what)
{
    char text[CM_SHAPE_TEXT];
    if (t->shape.ndim == ndim)
        return true;
    return cm_refuse(c->cx, CM_ERR_SHAPE, "%s must have %d dims, not shape %s", what, ndim,
                     cm_shape_text(&t->shape, text));
}

bool cm_need_ids(cm_ctx *cx, const cm_ids *ids, int64_t rows, bool unknown, const char *what)
{
    if (ids->count == 0)
        return true;
    if (ids->least < 0 && !unknown)
        return cm_refuse(cx, CM_ERR_INDEX, "%s contains 0 (unknown), which has no row here", what);
    if (ids->limit > rows)
        return cm_refuse(cx, CM_ERR_INDEX, "%s contains %d, but there are only %lld rows", what,
                         ids->limit, (long long)rows);
    return true;
}

bool cm_need_cover(cm_ctx *cx, const cm_shape *x, const cm_ids *segments)
{
    char text[CM_SHAPE_TEXT];
    if (x->ndim >= 1 && x->dims[0] == cm_segments_rows(segments))
        return true;
    return cm_refuse(cx, CM_ERR_SHAPE, "the segments cover %lld rows, but x has shape %s",
                     (long long)cm_segments_rows(segments), cm_shape_text(x, text));
}
