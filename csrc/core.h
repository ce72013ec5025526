/* core.h - what every file of the binding needs of the core: contexts, tensors, ops and gradients.
 * What a single file binds it includes itself. No interface for hosts in C: it is not installed,
 * and the modules export nothing of it. */
#ifndef CM_CORE_H
#define CM_CORE_H

#include "autograd/grad.h"
#include "base/config.h"
#include "base/ctx.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/status.h"
#include "kernels/blas.h"
#include "kernels/kernels.h"
#include "ops/op.h"
#include "ops/ops.h"
#include "tensor/ids.h"
#include "tensor/node.h"
#include "tensor/print.h"
#include "tensor/tensor.h"
#include "tensor/times.h"

#endif
