/* loops_small.c - matrix products small enough that BLAS spends much of its time laying out its
 * operands. Compiled once for each instruction set. A tile of a few rows and two vectors of columns
 * is summed in registers; each element is one sum in the order of k, so that it does not depend on
 * how large the product is. */
#include "kernels/loops_isa.h"
#include <string.h>

#if defined(__AVX512F__)
#    define VECTOR_BYTES 64
#    define ROWS         12
#elif defined(__AVX__)
#    define VECTOR_BYTES 32
#    define ROWS         6
#else
#    define VECTOR_BYTES 16
#    define ROWS         6
#endif
#define VECTOR (VECTOR_BYTES / (int)sizeof(cm_real))
#define TILE   (2 * VECTOR)
/* Rows of a tile that lie further apart, all of them together, fall on the same lines of the cache.
 */
#define FAR (16384 / (int)sizeof(cm_real))

/* Contiguous elements without an alignment. */
typedef cm_real vec __attribute__((vector_size(VECTOR_BYTES)));
typedef cm_real loose_vec
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(cm_real)), may_alias));

#define EACH(row) \
    row(0) row(1) row(2) row(3) row(4) row(5) row(6) row(7) row(8) row(9) row(10) row(11)
#define START(r) vec left##r = {0}, right##r = {0};
#define ADD(r)                               \
    if (r < rows) {                          \
        left##r += a[r * step] * left;       \
        if (wide)                            \
            right##r += a[r * step] * right; \
    }
#define STORE(r)                                            \
    if (r < rows) {                                         \
        put(c, left##r, beta, plus);                        \
        if (wide)                                           \
            put(c + VECTOR, right##r, beta, plus + VECTOR); \
        c += ldc, plus += ldc;                              \
    }

static inline void put(cm_real *o, vec sums, cm_real beta, const cm_real *plus)
{
    if (beta != 0)
        sums += beta * *(const loose_vec *)plus;
    *(loose_vec *)o = sums;
}

/* c [rows, TILE] (or half as wide) = a times b [k, TILE], whose rows lie ldb apart, + beta plus,
 * which lies as c does; element (r, j) of a lies at r * step + j * next. `rows` and `wide` are
 * constants where this is called. */
static inline __attribute__((always_inline)) void tile(const int rows, const bool wide, int64_t k,
                                                       const cm_real *a, int64_t step, int64_t next,
                                                       const cm_real *b, int64_t ldb, cm_real beta,
                                                       const cm_real *plus, cm_real *c, int64_t ldc)
{
    EACH(START)
    for (int64_t j = 0; j < k; j++, a += next, b += ldb) {
        vec left = *(const loose_vec *)b, right = {0};
        if (wide)
            right = *(const loose_vec *)(b + VECTOR);
        EACH(ADD)
    }
    EACH(STORE)
}

#define SOME(some)                                                                      \
    for (; m >= some; m -= some, a += some * step, plus += some * ldc, c += some * ldc) \
        tile(some, wide, k, a, step, next, b, ldb, beta, plus, c, ldc);

/* The same for any number of rows. */
static inline __attribute__((always_inline)) void
rows_of_tiles(const bool wide, int64_t m, int64_t k, const cm_real *a, int64_t step, int64_t next,
              const cm_real *b, int64_t ldb, cm_real beta, const cm_real *plus, cm_real *c,
              int64_t ldc)
{
    SOME(ROWS)
    SOME(4)
    SOME(2)
    SOME(1)
}

/* Columns of b, as many as a tile has or half as many. */
static void columns_of(bool wide, int64_t m, int64_t k, const cm_real *a, int64_t step,
                       int64_t next, const cm_real *b, int64_t ldb, cm_real beta,
                       const cm_real *plus, cm_real *c, int64_t ldc)
{
    if (wide)
        rows_of_tiles(true, m, k, a, step, next, b, ldb, beta, plus, c, ldc);
    else
        rows_of_tiles(false, m, k, a, step, next, b, ldb, beta, plus, c, ldc);
}

/* Short loops over registers, which gcc leaves as loops over memory. */
#ifdef __clang__
#    define UNROLLED
#else
#    define UNROLLED _Pragma("GCC unroll 8")
#endif

#if defined(__AVX__) && !CM_REAL_IS_DOUBLE && (defined(__clang__) || __GNUC__ >= 12)
#    define BLOCK 8
typedef float eight __attribute__((vector_size(32)));
typedef float loose_eight __attribute__((vector_size(32), aligned(4), may_alias));
#    define MIX(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#    define LOW(x, y)      MIX(x, y, 0, 8, 1, 9, 4, 12, 5, 13)
#    define HIGH(x, y)     MIX(x, y, 2, 10, 3, 11, 6, 14, 7, 15)
#    define FIRST(x, y)    MIX(x, y, 0, 1, 8, 9, 4, 5, 12, 13)
#    define SECOND(x, y)   MIX(x, y, 2, 3, 10, 11, 6, 7, 14, 15)
#    define FRONT(x, y)    MIX(x, y, 0, 1, 2, 3, 8, 9, 10, 11)
#    define BACK(x, y)     MIX(x, y, 4, 5, 6, 7, 12, 13, 14, 15)

/* o [8, 8] (rows TILE apart) = x [8, 8] (rows `step` apart) turned. */
static inline void turn_block(const cm_real *x, int64_t step, cm_real *o)
{
    eight r[8], s[8];
    UNROLLED
    for (int i = 0; i < 8; i++)
        r[i] = *(const loose_eight *)(x + i * step);
    UNROLLED
    for (int i = 0; i < 4; i++) {
        s[2 * i] = LOW(r[2 * i], r[2 * i + 1]);
        s[2 * i + 1] = HIGH(r[2 * i], r[2 * i + 1]);
    }
    UNROLLED
    for (int i = 0; i < 2; i++) {
        r[4 * i] = FIRST(s[4 * i], s[4 * i + 2]);
        r[4 * i + 1] = SECOND(s[4 * i], s[4 * i + 2]);
        r[4 * i + 2] = FIRST(s[4 * i + 1], s[4 * i + 3]);
        r[4 * i + 3] = SECOND(s[4 * i + 1], s[4 * i + 3]);
    }
    UNROLLED
    for (int i = 0; i < 4; i++) {
        *(loose_eight *)(o + i * TILE) = FRONT(r[i], r[i + 4]);
        *(loose_eight *)(o + (i + 4) * TILE) = BACK(r[i], r[i + 4]);
    }
}
#else
#    define BLOCK 4
static inline void turn_block(const cm_real *x, int64_t step, cm_real *o)
{
    UNROLLED
    for (int i = 0; i < BLOCK; i++) {
        UNROLLED
        for (int j = 0; j < BLOCK; j++)
            o[j * TILE + i] = x[i * step + j];
    }
}
#endif

/* o [k, TILE] = the rows of x [columns, k] (rows `step` apart) turned; zeros behind them. */
static void turn(int64_t columns, int64_t k, const cm_real *x, int64_t step, cm_real *o)
{
    if (columns % VECTOR != 0)
        memset(o, 0, (size_t)(k * TILE) * sizeof *o);
    int64_t whole = k - k % BLOCK, i = 0;
    for (; i + BLOCK <= columns; i += BLOCK)
        for (int64_t j = 0; j < whole; j += BLOCK)
            turn_block(x + i * step + j, step, o + j * TILE + i);
    for (int64_t c = 0; c < columns; c++)
        for (int64_t j = c < i ? whole : 0; j < k; j++)
            o[j * TILE + c] = x[c * step + j];
}

/* o [k, TILE] = columns of b [k, columns] (rows ldb apart), zeros behind them. */
static void copy(int64_t columns, int64_t k, const cm_real *b, int64_t ldb, cm_real *o)
{
    for (int64_t j = 0; j < k; j++)
        for (int64_t i = 0; i < TILE; i++)
            o[j * TILE + i] = i < columns ? b[j * ldb + i] : 0;
}

/* The last columns, fewer than vectors have, from a whole tile. */
static void few_columns(int64_t columns, int64_t m, int64_t k, const cm_real *a, int64_t step,
                        int64_t next, const cm_real *b, cm_real beta, const cm_real *plus,
                        cm_real *c, int64_t ldc)
{
    cm_real some[ROWS * TILE];
    for (int64_t r = 0; r < m; r += ROWS) {
        int64_t rows = CM_MIN(m - r, ROWS);
        columns_of(columns > VECTOR, rows, k, a + r * step, step, next, b, TILE, 0, some, some,
                   TILE);
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < columns; j++) {
                int64_t at = (r + i) * ldc + j;
                c[at] = (beta != 0 ? beta * plus[at] : 0) + some[i * TILE + j];
            }
    }
}

void KERNEL(small_product)(int64_t m, int64_t n, int64_t k, const cm_real *a, int64_t step,
                           int64_t next, const cm_real *b, int64_t row, int64_t column,
                           cm_real beta, const cm_real *plus, cm_real *c, int64_t ldc)
{
    cm_real laid[CM_SMALL_DEPTH * TILE];
    _Static_assert(sizeof laid <= 32768, "it lies on the stack, of threads too");
    for (int64_t j = 0; j < n; j += TILE) {
        int64_t columns = CM_MIN(n - j, TILE);
        bool fits = columns == TILE || columns == VECTOR;
        const cm_real *part = b + j * column;
        int64_t ldb = row;
        if (column != 1) {
            turn(columns, k, part, column, laid);
            part = laid, ldb = TILE;
        } else if (!fits || (k * row > FAR && m > 2 * ROWS)) {
            copy(columns, k, part, row, laid);
            part = laid, ldb = TILE;
        }
        if (fits)
            columns_of(columns == TILE, m, k, a, step, next, part, ldb, beta, plus + j, c + j, ldc);
        else
            few_columns(columns, m, k, a, step, next, part, beta, plus + j, c + j, ldc);
    }
}
