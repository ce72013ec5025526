/* config.h - what every file of the core agrees on: the number type, the limits, the attributes. */
#ifndef CM_CONFIG_H
#define CM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CM_VERSION "0.1.0"

/* The core is compiled twice from the same sources: float32 for use, float64 for checking
 * gradients. */
#ifdef CM_DOUBLE
typedef double cm_real;
#    define CM_REAL_NAME      "float64"
#    define CM_REAL_IS_DOUBLE 1
#    define CM_M(fn)          fn /* the libm function of cm_real: CM_M(exp) is exp or expf */
#else
typedef float cm_real;
#    define CM_REAL_NAME      "float32"
#    define CM_REAL_IS_DOUBLE 0
#    define CM_M(fn)          fn##f
#endif

#define CM_MAX_DIMS     6                    /* dimensions of a tensor */
#define CM_MAX_ELEMENTS ((int64_t)INT32_MAX) /* elements of a tensor: BLAS counts with 32 bits */
#define CM_MAX_INPUTS   64                   /* tensors that one op may take (concat) */
#define CM_ALIGN        64 /* bytes: a cache line, and the widest vector register */

#if defined(__GNUC__)
#    define CM_PRINTF(text, first) __attribute__((format(printf, text, first)))
#    define CM_EXPORT              __attribute__((visibility("default")))
#    define CM_MUST_CHECK          __attribute__((warn_unused_result))
#    define CM_PREFETCH(address)   __builtin_prefetch(address)
/* For what would push too much out of the nearest cache. */
#    define CM_PREFETCH_FAR(address) __builtin_prefetch(address, 0, 2)
#else
#    define CM_PRINTF(text, first)
#    define CM_EXPORT
#    define CM_MUST_CHECK
#    define CM_PREFETCH(address)     ((void)(address))
#    define CM_PREFETCH_FAR(address) ((void)(address))
#endif

#define CM_MIN(a, b) ((a) < (b) ? (a) : (b))
#define CM_MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
