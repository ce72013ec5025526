/* embedding_steps.h - what the parts of the op embedding_steps share: its kernels
 * (embedding_steps.c) and its definition in other ops (embedding_defined.c). */
#ifndef CM_EMBEDDING_STEPS_H
#define CM_EMBEDDING_STEPS_H

#include "ops/embedding_layer.h"
#include "ops/op.h"

/* Inputs, and ids. */
enum { VALUES, LABELS, SHARES, FIRST, FIRST_BIAS, WEIGHT, BIAS, LAST, RATES, INPUTS };
enum { PLACES, BAGS, PAIRS, TASKS };

/* Units of the two layers, columns of all fields, steps, the most rows of a task. */
typedef struct cm_embedding_sizes {
    int64_t h, u, d, steps, longest;
    cm_activation act;
    cm_embedding_layer layer;
} cm_embedding_sizes;

/* Those of an application; with the rates of the inputs if `rates`. */
cm_embedding_sizes cm_embedding_sizes_of(cm_tensor *const *in, const cm_params *p, bool rates);

/* How many numbers of the result behind the embeddings are a task's. */
int64_t cm_embedding_shared_size(const cm_embedding_sizes *s);

/* The parts of the op; see op.h. */
bool cm_embedding_steps_shape(cm_call *c);
/* likewise */
cm_tensor *cm_embedding_steps_expand(cm_ctx *cx, cm_tensor *const *in, int n_in,
                                     const cm_params *p);

#endif
