/* loops_pairs.c - products of a few rows with rows that lie here and there, for which laying these
 * out as BLAS or tiles want them takes longer than the products. Compiled once for each instruction
 * set. */
#include "kernels/loops_isa.h"
#include <string.h>

#if defined(__AVX512F__)
#    define VECTOR_BYTES 64
#    define ROWS         6
#    define WIDE         4
#elif defined(__AVX__)
#    define VECTOR_BYTES 32
#    define ROWS         2
#    define WIDE         4
#else
#    define VECTOR_BYTES 16
#    define ROWS         2
#    define WIDE         4
#endif
#define VECTOR (VECTOR_BYTES / (int)sizeof(cm_real))
#define OTHERS 4

/* Short loops over registers, which gcc leaves as loops over memory. */
#ifdef __clang__
#    define UNROLLED
#else
#    define UNROLLED _Pragma("GCC unroll 8")
#endif

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

/* call(rows), with a constant: arrays of registers must not be indexed by a variable. */
#if ROWS == 6
#    define MANY_ROWS(call) \
    case 6:                 \
        call(6);            \
        break;              \
    case 5:                 \
        call(5);            \
        break;              \
    case 4:                 \
        call(4);            \
        break;              \
    case 3:                 \
        call(3);            \
        break;
#else
#    define MANY_ROWS(call)
#endif
#define SOME_ROWS(rows, call) \
    switch (rows) {           \
        MANY_ROWS(call)       \
    case 2:                   \
        call(2);              \
        break;                \
    default:                  \
        call(1);              \
    }

/* How many of n rows are taken next: of the fewest times that ROWS at most suffice for, all about
 * alike. */
static inline int64_t next_rows(int64_t n)
{
    int64_t times = (n + ROWS - 1) / ROWS;
    return (n + times - 1) / times;
}

/* The products of `rows` rows of x and up to OTHERS others. Each is one sum in an order that does
 * not depend on how many there are. */
static inline __attribute__((always_inline)) void block(const int rows, int others, int64_t width,
                                                        const cm_real *x, const cm_real *const *y,
                                                        cm_real offset, cm_real scale, cm_real *o,
                                                        int64_t step)
{
    vec sums[ROWS][OTHERS] = {{{0}}};
    const cm_real *other[OTHERS];
    UNROLLED
    for (int j = 0; j < OTHERS; j++)
        other[j] = y[CM_MIN(j, others - 1)];
    int64_t i = 0;
    for (; i + VECTOR <= width; i += VECTOR) {
        vec own[ROWS];
        UNROLLED
        for (int r = 0; r < rows; r++)
            own[r] = *(const loose_vec *)(x + r * width + i);
        UNROLLED
        for (int j = 0; j < OTHERS; j++) {
            vec theirs = *(const loose_vec *)(other[j] + i);
            UNROLLED
            for (int r = 0; r < rows; r++)
                sums[r][j] += own[r] * theirs;
        }
    }
    UNROLLED
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

#define BLOCKS(rows)                        \
    for (int64_t j = 0; j < m; j += OTHERS) \
    block(rows, (int)CM_MIN(m - j, OTHERS), width, x, y + j, offset, scale, o + j, step)

void KERNEL(pair_products)(int64_t n, int64_t m, int64_t width, const cm_real *x,
                           const cm_real *const *y, cm_real offset, cm_real scale, cm_real *o,
                           int64_t step)
{
    while (n > 0) {
        int64_t rows = next_rows(n);
        SOME_ROWS(rows, BLOCKS)
        n -= rows, x += rows * width, o += rows * step;
    }
}

/* o [rows, vectors] += w [rows, m] (rows `step` apart) times columns of the rows y. */
static inline __attribute__((always_inline)) void
columns(const int rows, const int vectors, int64_t m, int64_t width, const cm_real *w, int64_t step,
        const cm_real *const *y, int64_t at, cm_real *o)
{
    vec sums[ROWS][WIDE];
    UNROLLED
    for (int r = 0; r < rows; r++) {
        UNROLLED
        for (int i = 0; i < vectors; i++)
            sums[r][i] = *(const loose_vec *)(o + r * width + at + i * VECTOR);
    }
    for (int64_t j = 0; j < m; j++) {
        vec theirs[WIDE];
        UNROLLED
        for (int i = 0; i < vectors; i++)
            theirs[i] = *(const loose_vec *)(y[j] + at + i * VECTOR);
        UNROLLED
        for (int r = 0; r < rows; r++) {
            UNROLLED
            for (int i = 0; i < vectors; i++)
                sums[r][i] += w[r * step + j] * theirs[i];
        }
    }
    UNROLLED
    for (int r = 0; r < rows; r++) {
        UNROLLED
        for (int i = 0; i < vectors; i++)
            *(loose_vec *)(o + r * width + at + i * VECTOR) = sums[r][i];
    }
}

static inline __attribute__((always_inline)) void mix(const int rows, int64_t m, int64_t width,
                                                      const cm_real *w, int64_t step,
                                                      const cm_real *const *y, cm_real *o)
{
    int64_t at = 0;
    for (; at + WIDE * VECTOR <= width; at += WIDE * VECTOR)
        columns(rows, WIDE, m, width, w, step, y, at, o);
    for (; at + VECTOR <= width; at += VECTOR)
        columns(rows, 1, m, width, w, step, y, at, o);
    for (; at < width; at++)
        for (int r = 0; r < rows; r++)
            for (int64_t j = 0; j < m; j++)
                o[r * width + at] += w[r * step + j] * y[j][at];
}

#define MIX(rows) mix(rows, m, width, w, step, y, o)

void KERNEL(mix_rows)(int64_t n, int64_t m, int64_t width, const cm_real *w, int64_t step,
                      const cm_real *const *y, cm_real *o)
{
    while (n > 0) {
        int64_t rows = next_rows(n);
        SOME_ROWS(rows, MIX)
        n -= rows, w += rows * step, o += rows * width;
    }
}
