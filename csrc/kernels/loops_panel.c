/* loops_panel.c - products with a matrix stored in panels (panels.h). Compiled once for each
 * instruction set. A tile of a few rows and two vectors of columns is summed in registers; each
 * element is one sum in the order of k, so a row's result does not depend on the others. */
#include "kernels/loops_isa.h"
#include "kernels/panels.h"
#include <string.h>

#if defined(__AVX512F__)
#    define VECTOR_BYTES 64
#    define ROWS         8
#elif defined(__AVX__)
#    define VECTOR_BYTES 32
#    define ROWS         4
#else
#    define VECTOR_BYTES 16
#    define ROWS         4
#endif
#define VECTOR (VECTOR_BYTES / (int)sizeof(cm_real))

/* Contiguous elements without an alignment. */
typedef cm_real vec __attribute__((vector_size(VECTOR_BYTES)));
typedef cm_real loose_vec
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(cm_real)), may_alias));

#define EACH(row) row(0) row(1) row(2) row(3) row(4) row(5) row(6) row(7)
#define START(r)  vec left##r = {0}, right##r = {0};
#define ADD(r)                          \
    if (r < rows) {                     \
        left##r += a[r * lda] * left;   \
        right##r += a[r * lda] * right; \
    }
#define STORE(r)                                  \
    if (r < rows) {                               \
        put(c + r * ldc, left##r, add);           \
        put(c + r * ldc + VECTOR, right##r, add); \
    }

static inline void put(cm_real *o, vec sums, bool add)
{
    if (add)
        sums += *(const loose_vec *)o;
    *(loose_vec *)o = sums;
}

/* c [rows, 2 VECTOR] (+)= a [rows, k] times columns of a panel. `rows` is a constant where this is
 * called. */
static inline __attribute__((always_inline)) void tile(const int rows, int64_t k, const cm_real *a,
                                                       int64_t lda, const cm_real *panel, bool add,
                                                       cm_real *c, int64_t ldc)
{
    EACH(START)
    for (int64_t j = 0; j < k; j++, a++, panel += CM_PANEL) {
        vec left = *(const loose_vec *)panel, right = *(const loose_vec *)(panel + VECTOR);
        EACH(ADD)
    }
    EACH(STORE)
}

/* The same for all columns of a panel. */
static inline __attribute__((always_inline)) void rows_times(const int rows, int64_t k,
                                                             const cm_real *a, int64_t lda,
                                                             const cm_real *panel, bool add,
                                                             cm_real *c, int64_t ldc)
{
    for (int64_t i = 0; i < CM_PANEL; i += 2 * VECTOR)
        tile(rows, k, a, lda, panel + i, add, c + i, ldc);
}

static void some_rows(int64_t rows, int64_t k, const cm_real *a, int64_t lda, const cm_real *panel,
                      bool add, cm_real *c, int64_t ldc)
{
    for (; rows >= ROWS; rows -= ROWS, a += ROWS * lda, c += ROWS * ldc)
        rows_times(ROWS, k, a, lda, panel, add, c, ldc);
    for (; rows >= 4; rows -= 4, a += 4 * lda, c += 4 * ldc)
        rows_times(4, k, a, lda, panel, add, c, ldc);
    for (; rows >= 2; rows -= 2, a += 2 * lda, c += 2 * ldc)
        rows_times(2, k, a, lda, panel, add, c, ldc);
    if (rows > 0)
        rows_times(1, k, a, lda, panel, add, c, ldc);
}

/* The last panel, of which only `columns` are used. */
static void some_columns(int64_t rows, int64_t columns, int64_t k, const cm_real *a, int64_t lda,
                         const cm_real *panel, bool add, cm_real *c, int64_t ldc)
{
    cm_real whole[ROWS * CM_PANEL];
    for (int64_t r = 0; r < rows; r += ROWS) {
        int64_t some = CM_MIN(rows - r, ROWS);
        some_rows(some, k, a + r * lda, lda, panel, false, whole, CM_PANEL);
        for (int64_t i = 0; i < some; i++)
            for (int64_t j = 0; j < columns; j++) {
                cm_real *o = c + (r + i) * ldc + j;
                *o = (add ? *o : 0) + whole[i * CM_PANEL + j];
            }
    }
}

void KERNEL(panel_product)(int64_t m, int64_t n, int64_t k, const cm_real *a, int64_t lda,
                           const cm_real *panels, bool add, cm_real *c, int64_t ldc)
{
    int64_t j = 0;
    for (; j + CM_PANEL <= n; j += CM_PANEL, panels += k * CM_PANEL)
        some_rows(m, k, a, lda, panels, add, c + j, ldc);
    if (j < n)
        some_columns(m, n - j, k, a, lda, panels, add, c + j, ldc);
}
