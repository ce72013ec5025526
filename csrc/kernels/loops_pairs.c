/* loops_pairs.c - products of all pairs of a few rows, for which laying them out as BLAS or tiles
 * want them takes longer than the products. Compiled once for each instruction set. */
#include "kernels/loops_isa.h"
#include <string.h>

#if defined(__AVX512F__)
#    define VECTOR_BYTES 64
#    define ROWS         4
#elif defined(__AVX__)
#    define VECTOR_BYTES 32
#    define ROWS         2
#else
#    define VECTOR_BYTES 16
#    define ROWS         2
#endif
#define VECTOR (VECTOR_BYTES / (int)sizeof(cm_real))
#define OTHERS 4

typedef cm_real vec __attribute__((vector_size(VECTOR_BYTES)));
typedef cm_real loose_vec
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(cm_real)), may_alias));

#if !CM_REAL_IS_DOUBLE && (defined(__clang__) || __GNUC__ >= 12)
typedef float quad __attribute__((vector_size(16)));

/* The elements of a vector added up in four lanes. */
static inline quad quarter(vec x)
{
    quad part[VECTOR / 4], sum;
    memcpy(part, &x, sizeof x);
    sum = part[0];
    for (int i = 1; i < VECTOR / 4; i++)
        sum += part[i];
    return sum;
}

/* o[i] = the sum of the elements of x[i]. */
static inline void sums_of(const vec x[OTHERS], cm_real o[OTHERS])
{
    quad a = quarter(x[0]), b = quarter(x[1]), c = quarter(x[2]), d = quarter(x[3]);
    quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5) + __builtin_shufflevector(a, b, 2, 6, 3, 7);
    quad cd = __builtin_shufflevector(c, d, 0, 4, 1, 5) + __builtin_shufflevector(c, d, 2, 6, 3, 7);
    quad sum =
        __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    memcpy(o, &sum, sizeof sum);
}
#else
static inline void sums_of(const vec x[OTHERS], cm_real o[OTHERS])
{
    for (int i = 0; i < OTHERS; i++) {
        o[i] = x[i][0];
        for (int j = 1; j < VECTOR; j++)
            o[i] += x[i][j];
    }
}
#endif

/* The products of `rows` rows of x and up to OTHERS rows of y; `rows` is a constant where this is
 * called. Each is one sum in an order that does not depend on how many there are. */
static inline __attribute__((always_inline)) void block(const int rows, int others, int64_t width,
                                                        const cm_real *x, const cm_real *y,
                                                        cm_real offset, cm_real scale, cm_real *o,
                                                        int64_t step)
{
    vec sums[ROWS][OTHERS] = {{{0}}};
    const cm_real *other[OTHERS];
    for (int j = 0; j < OTHERS; j++)
        other[j] = y + CM_MIN(j, others - 1) * width;
    int64_t i = 0;
    for (; i + VECTOR <= width; i += VECTOR) {
        vec own[ROWS];
        for (int r = 0; r < rows; r++)
            own[r] = *(const loose_vec *)(x + r * width + i);
        for (int j = 0; j < OTHERS; j++) {
            vec theirs = *(const loose_vec *)(other[j] + i);
            for (int r = 0; r < rows; r++)
                sums[r][j] += own[r] * theirs;
        }
    }
    for (int r = 0; r < rows; r++) {
        cm_real total[OTHERS];
        sums_of(sums[r], total);
        for (int j = 0; j < others; j++) {
            for (int64_t k = i; k < width; k++)
                total[j] += x[r * width + k] * other[j][k];
            o[r * step + j] = (total[j] + offset) * scale;
        }
    }
}

static inline __attribute__((always_inline)) void
all_others(const int rows, int64_t m, int64_t width, const cm_real *x, const cm_real *y,
           cm_real offset, cm_real scale, cm_real *o, int64_t step)
{
    for (int64_t j = 0; j < m; j += OTHERS)
        block(rows, (int)CM_MIN(m - j, OTHERS), width, x, y + j * width, offset, scale, o + j,
              step);
}

void KERNEL(pair_products)(int64_t n, int64_t m, int64_t width, const cm_real *x, const cm_real *y,
                           cm_real offset, cm_real scale, cm_real *o, int64_t step)
{
    for (; n >= ROWS; n -= ROWS, x += ROWS * width, o += ROWS * step)
        all_others(ROWS, m, width, x, y, offset, scale, o, step);
    if (ROWS > 2 && n >= 2) {
        all_others(2, m, width, x, y, offset, scale, o, step);
        n -= 2, x += 2 * width, o += 2 * step;
    }
    if (n > 0)
        all_others(1, m, width, x, y, offset, scale, o, step);
}
