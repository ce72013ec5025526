/* kernels.c - which of the compiled tables of loops.c this processor can run. */
#include "kernels/kernels.h"
#include <string.h>

extern const cm_kernels cm_kernels_base;
#ifdef CM_HAVE_X86
extern const cm_kernels cm_kernels_avx2, cm_kernels_avx512;
#endif

const cm_kernels *cm_kernels_named(const char *name)
{
#ifdef CM_HAVE_X86
    if ((!name || strcmp(name, "avx512") == 0) && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw"))
        return &cm_kernels_avx512;
    if ((!name || strcmp(name, "avx2") == 0) && __builtin_cpu_supports("avx2") &&
        __builtin_cpu_supports("fma"))
        return &cm_kernels_avx2;
#endif
    return !name || strcmp(name, "base") == 0 ? &cm_kernels_base : NULL;
}
