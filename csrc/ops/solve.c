/* solve.c - the normal equations of ridge regression, a system for each ragged group. */
#include "kernels/blas.h"
#include "kernels/cholesky.h"
#include "ops/ops.h"
#include <math.h>
#include <string.h>

/* x [rows, width], b [groups, width], ridge [width]; ids = segments */
static bool ridge_solve_shape(cm_call *c)
{
    const cm_shape *x = &c->in[0]->shape, *b = &c->in[1]->shape, *r = &c->in[2]->shape;
    char tx[CM_SHAPE_TEXT], tb[CM_SHAPE_TEXT], tr[CM_SHAPE_TEXT];
    int64_t groups = cm_segments_groups(c->p.ids[0]), square;
    if (x->ndim != 2 || b->ndim != 2 || r->ndim != 1 || b->dims[1] != x->dims[1] ||
        r->dims[0] != x->dims[1])
        return cm_refuse(c->cx, CM_ERR_SHAPE,
                         "x %s, b %s and ridge %s do not fit: they must be [rows, width], "
                         "[segments, width] and [width]",
                         cm_shape_text(x, tx), cm_shape_text(b, tb), cm_shape_text(r, tr));
    if (b->dims[0] != groups)
        return cm_refuse(c->cx, CM_ERR_SHAPE, "b %s holds %lld right-hand sides for %lld segments",
                         cm_shape_text(b, tb), (long long)b->dims[0], (long long)groups);
    cm_shape gram = cm_shape_2d(x->dims[1], x->dims[1]);
    if (!cm_need_cover(c->cx, x, c->p.ids[0]) || !cm_shape_count(c->cx, &gram, &square))
        return false;
    c->out_shape = *b;
    /* The factor and a right-hand side in double precision, and the matrix that is factorised. */
    int64_t reals = (int64_t)(sizeof(double) / sizeof(cm_real));
    c->work_size = (square + x->dims[1]) * reals + square;
    return true;
}

static void ridge_solve_eval(cm_call *c)
{
    const cm_real *x = cm_data(c->in[0]), *b = cm_data(c->in[1]), *ridge = cm_data(c->in[2]);
    const cm_ids *segments = c->p.ids[0];
    int64_t n = c->in[0]->shape.dims[1];
    double *factor = (double *)c->work, *side = factor + n * n;
    cm_real *gram = (cm_real *)(side + n);
    for (int64_t g = 0; n > 0 && g < c->out_shape.dims[0]; g++) {
        const cm_real *rows = x + segments->values[g] * n;
        cm_matrix by_row = {rows, n, 1}, by_column = {rows, 1, n};
        cm_gemm(c->cx, n, n, cm_segment_length(segments, g), by_column, by_row, 0, gram, n);
        for (int64_t i = 0; i < n * n; i++)
            factor[i] = (double)gram[i];
        for (int64_t i = 0; i < n; i++) {
            factor[i * n + i] += (double)ridge[i];
            side[i] = (double)b[g * n + i];
        }
        bool ok = cm_cholesky(c->cx, factor, n);
        if (ok)
            cm_cholesky_solve(c->cx, factor, n, side);
        for (int64_t i = 0; i < n; i++)
            cm_data(c->out)[g * n + i] = ok ? (cm_real)side[i] : (cm_real)NAN;
    }
}

/* With u the solution and v that of the same equations for g: the gradient of b is v, and that of
 * X'X + ridge is -v u', which reaches X from both sides. */
static void ridge_solve_vjp(cm_vjp *v)
{
    cm_ctx *cx = v->cx;
    cm_ids *segments = v->p->ids[0];
    cm_tensor *const in[] = {v->in[0], v->g, v->in[2]};
    cm_tensor *side = cm_apply(cx, &cm_op_ridge_solve, in, 3, v->p);
    if (v->need[1])
        v->gin[1] = side;
    if (v->need[0]) {
        cm_tensor *a = cm_segment_expand(cx, side, segments);
        cm_tensor *b = cm_segment_expand(cx, v->out, segments);
        cm_tensor *xa = cm_sum(cx, cm_mul(cx, v->in[0], a), 1, true);
        cm_tensor *xb = cm_sum(cx, cm_mul(cx, v->in[0], b), 1, true);
        v->gin[0] = cm_neg(cx, cm_add(cx, cm_mul(cx, xa, b), cm_mul(cx, xb, a)));
    }
    if (v->need[2])
        v->gin[2] = cm_neg(cx, cm_sum(cx, cm_mul(cx, side, v->out), 0, false));
}

// clang-format off
const cm_op cm_op_ridge_solve = {.name = "ridge_solve", .args = "x:t b:t ridge:t segments:S",
    .doc = "the solution u of (X^T X + diag(ridge)) u = b for each segment, whose rows of x are X: x "
           "[rows, width], b [segments, width] and ridge [width], above 0, give [segments, width]; "
           "solved in double, NaN without a unique solution",
    .shape = ridge_solve_shape, .eval = ridge_solve_eval, .vjp = ridge_solve_vjp,
    .saves = CM_SAVE_IN(0) | CM_SAVE_IN(2) | CM_SAVE_OUT, .flags = CM_CONTIGUOUS};
// clang-format on
