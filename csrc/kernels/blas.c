/* blas.c - the only file that includes <cblas.h>. */
#include "kernels/blas.h"
#include "kernels/kernels.h"
#include <cblas.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if CM_REAL_IS_DOUBLE
#    define GEMM cblas_dgemm
#else
#    define GEMM cblas_sgemm
#endif

/* OpenBLAS keeps one thread count for the whole process, so whether it was set is state of the
 * process too. */
static atomic_int threads_decided;
enum { UNDECIDED, DECIDING, DECIDED };

/* No product of any thread may begin before the count is set: it determines the order of sums. */
static void decide_threads(void)
{
    int was = UNDECIDED;
    if (atomic_load(&threads_decided) == DECIDED)
        return;
    if (atomic_compare_exchange_strong(&threads_decided, &was, DECIDING)) {
        if (!getenv("OPENBLAS_NUM_THREADS"))
            openblas_set_num_threads(1);
        atomic_store(&threads_decided, DECIDED);
    }
    while (atomic_load(&threads_decided) != DECIDED)
        ; /* another thread is setting it */
}

int cm_blas_threads(void)
{
    decide_threads();
    return openblas_get_num_threads();
}

void cm_blas_set_threads(int threads)
{
    decide_threads();
    openblas_set_num_threads(threads);
}

const char *cm_blas_name(void)
{
    return openblas_get_config();
}

bool cm_matrix_fits(int64_t rows, int64_t columns, int64_t row, int64_t column)
{
    if (column == 1 || columns <= 1)
        return row >= CM_MAX(columns, 1) || rows <= 1;
    if (row == 1 || rows <= 1)
        return column >= CM_MAX(rows, 1);
    return false;
}

/* Rows for which a large matrix is not laid out anew. */
#define FEW_ROWS 64

/* The transpose flag and leading dimension of a [rows, columns] matrix with these steps. */
static CBLAS_TRANSPOSE layout(int64_t row, int64_t column, int64_t rows, int64_t columns, int *ld)
{
    bool plain = (column == 1 || columns <= 1) && (row >= CM_MAX(columns, 1) || rows <= 1);
    int64_t lead =
        plain ? (rows <= 1 ? CM_MAX(columns, 1) : row) : (columns <= 1 ? CM_MAX(rows, 1) : column);
    *ld = (int)lead;
    return plain ? CblasNoTrans : CblasTrans;
}

/* A product of either precision: REAL is its numbers, PRODUCT the function of BLAS; SCOPE may be
 * static. */
#define DEFINE_GEMM(SCOPE, NAME, MATRIX, REAL, PRODUCT)                                           \
    SCOPE void NAME(cm_ctx *cx, int64_t m, int64_t n, int64_t k, MATRIX a, MATRIX b, REAL beta,   \
                    REAL *c, int64_t ldc)                                                         \
    {                                                                                             \
        if (m == 0 || n == 0)                                                                     \
            return;                                                                               \
        if (k == 0) { /* an empty sum: BLAS may leave c as it was */                              \
            for (int64_t i = 0; i < m; i++)                                                       \
                for (int64_t j = 0; j < n; j++)                                                   \
                    c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];                       \
            return;                                                                               \
        }                                                                                         \
        decide_threads();                                                                         \
        cx->counters.flops += 2 * (uint64_t)m * (uint64_t)n * (uint64_t)k;                        \
        int lda, ldb;                                                                             \
        CBLAS_TRANSPOSE ta = layout(a.row, a.column, m, k, &lda);                                 \
        CBLAS_TRANSPOSE tb = layout(b.row, b.column, k, n, &ldb);                                 \
        PRODUCT(CblasRowMajor, ta, tb, (int)m, (int)n, (int)k, 1, a.data, lda, b.data, ldb, beta, \
                c, (int)ldc);                                                                     \
    }

DEFINE_GEMM(static, large_product, cm_matrix, cm_real, GEMM)
DEFINE_GEMM(, cm_gemm64, cm_matrix64, double, cblas_dgemm)

/* Whether a product is so small, or of so few rows, that BLAS, which lays out both factors in each
 * call, is slower than the kernel that reads them as they lie. Threads of BLAS are worth more,
 * beyond some size. */
static bool is_small(int64_t m, int64_t n, int64_t k)
{
    double size = (double)m * (double)n * (double)k;
    return cm_blas_threads() == 1 ? m <= FEW_ROWS || size <= 1 << 24 : size <= 1 << 17;
}

static void small_product(cm_ctx *cx, int64_t m, int64_t n, int64_t k, cm_matrix a, cm_matrix b,
                          cm_real beta, const cm_real *plus, cm_real *c, int64_t ldc)
{
    cx->counters.flops += 2 * (uint64_t)m * (uint64_t)n * (uint64_t)k;
    for (int64_t at = 0; at < k; at += CM_SMALL_DEPTH)
        cm_kernels_of(cx)->small_product(m, n, CM_MIN(k - at, CM_SMALL_DEPTH),
                                         a.data + at * a.column, a.row, a.column,
                                         b.data + at * b.row, b.row, n == 1 ? 1 : b.column,
                                         at == 0 ? beta : 1, at == 0 ? plus : c, c, ldc);
}

void cm_gemm(cm_ctx *cx, int64_t m, int64_t n, int64_t k, cm_matrix a, cm_matrix b, cm_real beta,
             cm_real *c, int64_t ldc)
{
    if (m > 0 && n > 0 && k > 0 && is_small(m, n, k))
        small_product(cx, m, n, k, a, b, beta, c, c, ldc);
    else
        large_product(cx, m, n, k, a, b, beta, c, ldc);
}

void cm_gemm_onto(cm_ctx *cx, int64_t m, int64_t n, int64_t k, cm_matrix a, cm_matrix b,
                  const cm_real *plus, cm_real *c)
{
    if (m > 0 && n > 0 && k > 0 && is_small(m, n, k)) {
        small_product(cx, m, n, k, a, b, 1, plus, c, n);
        return;
    }
    if (plus != c)
        memcpy(c, plus, (size_t)(m * n) * sizeof *c);
    large_product(cx, m, n, k, a, b, 1, c, n);
}
