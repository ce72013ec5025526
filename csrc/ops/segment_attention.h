/* segment_attention.h - what the kernels of segment_attention and its definition share. */
#ifndef CM_SEGMENT_ATTENTION_H
#define CM_SEGMENT_ATTENTION_H

#include "ops/dropout.h"

/* in = {q, k, v, features or none}; ids = segments, lengths or NULL; i = heads, causal, and the key
 * of the dropout; x = factor of the features' products, rate of the dropout. */
enum { CM_Q, CM_K, CM_V, CM_FEATURES };

typedef struct cm_attention_layout {
    const cm_ids *segments, *lengths;
    int64_t heads, dk, dv, width; /* dk, dv: of a head; width: of the features, 0 without */
    bool causal;
    cm_real scale; /* of a product of q and k */
    cm_real bias;  /* of a product of features, which is then scaled likewise */
    cm_dropout drop;
} cm_attention_layout;

/* From the inputs or, in a derivative, the edges. The heads must be at least 1. */
cm_attention_layout cm_attention_layout_of(const cm_edge *edges, cm_tensor *const *in, int n_in,
                                           const cm_params *p);

/* The definition: padded, with the op attention_weights. */
cm_tensor *cm_segment_attention_expand(cm_ctx *cx, cm_tensor *const *in, int n_in,
                                       const cm_params *p);

#endif
