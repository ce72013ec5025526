/* kernels_select.c - which of the compiled tables of kernels.c this processor can run. */
#include "tensor/kernels.h"

extern const cm_kernels cm_kernels_base;
#ifdef CM_HAVE_X86
extern const cm_kernels cm_kernels_avx2, cm_kernels_avx512;
#endif

const cm_kernels *cm_kernels_best(void)
{
#ifdef CM_HAVE_X86
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
        return &cm_kernels_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &cm_kernels_avx2;
#endif
    return &cm_kernels_base;
}
