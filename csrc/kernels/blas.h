/* blas.h - the matrix product; the only interface to OpenBLAS. */
#ifndef CM_BLAS_H
#define CM_BLAS_H

#include "base/ctx.h"

/* A matrix as BLAS sees it: element (i, j) at data[i * row + j * column], one of the two steps 1.
 */
typedef struct cm_matrix {
    const cm_real *data;
    int64_t row, column;
} cm_matrix;

/* Whether BLAS can read a [rows, columns] matrix with these steps without a copy. */
bool cm_matrix_fits(int64_t rows, int64_t columns, int64_t row, int64_t column);

/* c [m, n] (row-major, row stride ldc) = a [m, k] * b [k, n] + beta * c. Counts 2 m n k flops. */
void cm_gemm(cm_ctx *cx, int64_t m, int64_t n, int64_t k, cm_matrix a, cm_matrix b, cm_real beta,
             cm_real *c, int64_t ldc);

/* c [m, n] = a [m, k] * b [k, n] + plus [m, n], which may be c: what takes the place of a copy that
 * is added to. Rows of both lie n apart. */
void cm_gemm_onto(cm_ctx *cx, int64_t m, int64_t n, int64_t k, cm_matrix a, cm_matrix b,
                  const cm_real *plus, cm_real *c);

/* The same of matrices in double precision, in both cores. */
typedef struct cm_matrix64 {
    const double *data;
    int64_t row, column;
} cm_matrix64;

/* cm_gemm in double precision, in both cores: for what sums in single precision would lose. */
void cm_gemm64(cm_ctx *cx, int64_t m, int64_t n, int64_t k, cm_matrix64 a, cm_matrix64 b,
               double beta, double *c, int64_t ldc);

/* How many threads BLAS uses. The setting belongs to the process, not to the context: OpenBLAS has
 * only one. It is set to 1 at the first product unless OPENBLAS_NUM_THREADS or cm_blas_set_threads
 * said otherwise. */
int cm_blas_threads(void);
/* Sets it; 1 or more. */
void cm_blas_set_threads(int threads);

/* "OpenBLAS 0.3.21 ... SkylakeX": the linked version and the kernels it chose. */
const char *cm_blas_name(void);

#endif
