/* kmeans.h - clusters of points by k-means. */
#ifndef CM_KMEANS_H
#define CM_KMEANS_H

#include "base/rng.h"
#include "tensor/ids.h"
#include "tensor/tensor.h"

typedef struct cm_clusters {
    cm_ids *cluster;    /* [points]: the cluster of each, numbered by their first points */
    cm_tensor *centres; /* [k, width] */
    double inertia;     /* sum of the squared distances of points to their centres */
    int64_t iterations;
} cm_clusters;

/* Clusters initialised by k-means++ (Arthur and Vassilvitskii, SODA 2007; draws depend on seed and
 * `restart` alone) and refined until no point changes its cluster, for at most `iterations`
 * iterations. A cluster that loses all points takes the one farthest from its centre. x is
 * contiguous [points, width], finite, with at least k distinct points. *out is new: ids with one
 * reference for the caller, the tensor of the open scope. */
bool cm_kmeans(cm_ctx *cx, const cm_tensor *x, int64_t k, int64_t iterations, uint64_t seed,
               uint32_t restart, cm_clusters *out) CM_MUST_CHECK;

#endif
