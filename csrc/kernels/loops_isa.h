/* loops_isa.h - what the loops*.c files, compiled once for each instruction set, share. CM_ISA is
 * the name of the set; functions that one of these files provides to another carry it as a suffix.
 */
#ifndef CM_LOOPS_ISA_H
#define CM_LOOPS_ISA_H

#include "kernels/kernels.h"

#ifndef CM_ISA
#    define CM_ISA base
#endif
#define CM_PASTE_(a, b) a##b
#define CM_PASTE(a, b)  CM_PASTE_(a, b)
#define CM_TEXT_(a)     #a
#define CM_TEXT(a)      CM_TEXT_(a)
#define CM_ISA_NAME     CM_TEXT(CM_ISA)
#define KERNEL(name)    CM_PASTE(cm_##name##_, CM_ISA)

/* loops_attention.c; see kernels.h */
void KERNEL(attend)(int64_t rows, int64_t step, cm_real *x, cm_real scale, const cm_allowed *by);
/* likewise */
void KERNEL(attend_back)(int64_t rows, int64_t step, cm_real *g, const cm_real *p, cm_real scale,
                         const cm_allowed *by);
/* likewise */
void KERNEL(drop_weights)(int64_t n, cm_real *p, cm_real *left);
/* likewise */
void KERNEL(undrop_weights)(int64_t n, const cm_real *kept, cm_real share, cm_real *p,
                            cm_real *left);
/* likewise */
void KERNEL(drop_weights_back)(int64_t n, const cm_real *kept, cm_real share, cm_real *g);

/* loops_cell.c; see kernels.h */
cm_cell_step_fn KERNEL(gru_step), KERNEL(lstm_step);
/* likewise */
cm_cell_back_fn KERNEL(gru_back), KERNEL(lstm_back);

/* loops_meta.c; see kernels.h */
void KERNEL(meta_step)(const cm_meta_cell *cell, const cm_meta_block *block);
/* likewise */
void KERNEL(meta_back)(const cm_meta_cell *cell, const cm_meta_block *block,
                       const cm_meta_gradient *gradient);

/* loops_pairs.c; see kernels.h */
void KERNEL(pair_products)(int64_t n, int64_t m, int64_t width, const cm_real *x,
                           const cm_real *const *y, cm_real offset, cm_real scale, cm_real *o,
                           int64_t step);
/* likewise */
void KERNEL(mix_rows)(int64_t n, int64_t m, int64_t width, const cm_real *w, int64_t step,
                      const cm_real *const *y, cm_real *o);

/* loops_panel.c; see kernels.h */
void KERNEL(panel_product)(int64_t m, int64_t n, int64_t k, const cm_real *a, int64_t lda,
                           const cm_real *panels, bool add, cm_real *c, int64_t ldc);

/* loops_random.c; see kernels.h */
void KERNEL(random_mask)(int64_t n, cm_real *o, const cm_rng *rng, int64_t first, uint32_t last,
                         cm_real value);

/* loops_small.c; see kernels.h */
void KERNEL(small_product)(int64_t m, int64_t n, int64_t k, const cm_real *a, int64_t step,
                           int64_t next, const cm_real *b, int64_t row, int64_t column,
                           cm_real beta, const cm_real *plus, cm_real *c, int64_t ldc);

/* loops_solve.c; see cholesky.h */
bool KERNEL(cholesky)(double *a, int64_t n, double noise);
/* likewise */
void KERNEL(cholesky_solve)(const double *factor, int64_t n, double *b);

/* loops_softmax.c; see kernels.h */
cm_real KERNEL(max)(int64_t n, const cm_real *a);
/* likewise */
cm_real KERNEL(sum_exp)(int64_t n, const cm_real *a, cm_real shift);
/* likewise */
void KERNEL(exp_scaled)(int64_t n, cm_real *o, const cm_real *a, cm_real shift, cm_real scale);
/* likewise */
void KERNEL(softmax)(int64_t n, cm_real *o, const cm_real *a);
/* likewise */
void KERNEL(softmax_back)(int64_t n, cm_real *o, const cm_real *g, const cm_real *y);

#endif
