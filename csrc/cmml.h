/* cmml.h - the computing core, for the binding and for hosts written in C; files (base/sys.h, io/,
 * data/table.h, data/vocab.h) are included one by one. */
#ifndef CMML_H
#define CMML_H

#include "analysis/eigen.h"
#include "analysis/kmeans.h"
#include "analysis/tsne.h"
#include "autograd/grad.h"
#include "base/config.h"
#include "base/ctx.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/status.h"
#include "cf/als.h"
#include "cf/bpr.h"
#include "kernels/blas.h"
#include "kernels/kernels.h"
#include "metrics/bootstrap.h"
#include "metrics/ranking.h"
#include "metrics/rating.h"
#include "ops/op.h"
#include "ops/ops.h"
#include "ops/rank.h"
#include "optim/optim.h"
#include "tasks/interactions.h"
#include "tensor/ids.h"
#include "tensor/node.h"
#include "tensor/print.h"
#include "tensor/tensor.h"

#endif
