/* panels.c - laying out a matrix in panels. */
#include "kernels/panels.h"
#include "kernels/kernels.h"
#include <string.h>

enum {
    LAID_OUT = 1 << 17, /* numbers of a matrix that stay in cache while they are laid out */
    BLOCK = 16,         /* rows that are laid out while their cache lines are hot */
    BESIDE = 96         /* rows that are multiplied with all panels while they are in cache */
};

bool cm_panels_worthwhile(int64_t m, int64_t n, int64_t k)
{
    return m >= 32 && n >= CM_PANEL / 2 && k >= 8 && k <= 512 && n * k <= LAID_OUT &&
           cm_blas_threads() == 1;
}

int64_t cm_panels_size(int64_t n, int64_t k)
{
    return (n + CM_PANEL - 1) / CM_PANEL * CM_PANEL * k;
}

void cm_panels_fill(int64_t n, int64_t k, cm_matrix b, cm_real *panels)
{
    for (int64_t j = 0; j < n; j += CM_PANEL, panels += k * CM_PANEL) {
        int64_t columns = CM_MIN(n - j, CM_PANEL);
        if (columns < CM_PANEL)
            memset(panels, 0, (size_t)(k * CM_PANEL) * sizeof *panels);
        for (int64_t first = 0; first < k; first += BLOCK)
            for (int64_t i = 0; i < columns; i++) {
                const cm_real *column = b.data + (j + i) * b.column;
                for (int64_t r = first; r < CM_MIN(first + BLOCK, k); r++)
                    panels[r * CM_PANEL + i] = column[r * b.row];
            }
    }
}

void cm_panels_product(cm_ctx *cx, int64_t m, int64_t n, int64_t k, const cm_real *a, int64_t lda,
                       const cm_real *panels, bool add, cm_real *c, int64_t ldc)
{
    cx->counters.flops += 2 * (uint64_t)m * (uint64_t)n * (uint64_t)k;
    const cm_kernels *kernels = cm_kernels_of(cx);
    for (int64_t i = 0; i < m; i += BESIDE)
        kernels->panel_product(CM_MIN(m - i, BESIDE), n, k, a + i * lda, lda, panels, add,
                               c + i * ldc, ldc);
}
