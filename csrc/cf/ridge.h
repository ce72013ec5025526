/* ridge.h - ridge regression of ragged groups in closed form: the step of alternating least squares
 * for each user and item, and how a new user is folded in. */
#ifndef CM_RIDGE_H
#define CM_RIDGE_H

#include "tensor/ids.h"
#include "tensor/tensor.h"

/* For each group the weights w [width] that minimise
 *
 *    sum over its rows r of (targets[r] - w . features[rows[r]])^2 + sum_j ridge[j] w[j]^2
 *
 * as a tensor [groups, width] of the open scope. features [n, width], targets [rows] and ridge
 * [width] are contiguous; an unknown row (-1) has zero features, and a group without rows zero
 * weights. rows may be NULL: the features are those of the targets, in order. ridge may be a
 * symmetric positive semidefinite matrix R [width, width]: the penalty is w' R w then. The normal
 * equations are summed in the core's precision and solved in double. Refused where a [width, width]
 * table is too large, and where there is no unique solution; any ridge above 0 ensures one, unless
 * it is lost in rounding: the message asks to raise what `named` says. */
cm_tensor *cm_segment_ridge(cm_ctx *cx, const cm_tensor *features, const cm_ids *rows,
                            const cm_tensor *targets, const cm_ids *segments,
                            const cm_tensor *ridge, const char *named) CM_MUST_CHECK;

/* Work space for the equations of one group after another. */
typedef struct cm_ridge_work {
    int64_t width;
    cm_real *packed;  /* [longest group, width]: its rows of the features */
    cm_real *gram;    /* [width, width]: packed' packed */
    double *factor;   /* [width, width]: the Cholesky factor of gram + ridge, upper triangle */
    double *solution; /* [width] */
} cm_ridge_work;

/* Work space for groups of these segments, into *w; to be given to cm_ridge_close, also after a
 * failure. Refused where a [width, width] table is too large. */
bool cm_ridge_open(cm_ctx *cx, cm_ridge_work *w, int64_t width,
                   const cm_ids *segments) CM_MUST_CHECK;

/* Frees the work space. */
void cm_ridge_close(cm_ctx *cx, cm_ridge_work *w);

/* What weights are penalised by: values [width] one by one, or, if `whole`, w' R w with R [width,
 * width]. */
typedef struct cm_ridge_penalty {
    const cm_real *values;
    bool whole;
} cm_ridge_penalty;

/* The weights of one group of n rows, at most as many as the longest, into w->solution, with the
 * packed rows and the factor of its equations beside them; see cm_segment_ridge. rows: those of
 * `features`; NULL: the first n. False, without a message, where there is no unique solution. */
bool cm_ridge_group(cm_ctx *cx, const cm_ridge_work *w, const cm_real *features,
                    const int32_t *rows, int64_t n, const cm_real *targets,
                    cm_ridge_penalty ridge) CM_MUST_CHECK;

/* What the equations of a ridge regression add up from the rows of each group: [groups, width,
 * width + 1], X'X and behind each of its rows an element of X'y. Sums of rows that come later may
 * be added to it. Arguments as of cm_segment_ridge. */
cm_tensor *cm_ridge_sums(cm_ctx *cx, const cm_tensor *features, const cm_ids *rows,
                         const cm_tensor *targets, const cm_ids *segments) CM_MUST_CHECK;

/* The weights [groups, width] from such sums, as cm_segment_ridge gives them. */
cm_tensor *cm_ridge_of_sums(cm_ctx *cx, const cm_tensor *sums, const cm_tensor *ridge,
                            const char *named) CM_MUST_CHECK;

#endif
