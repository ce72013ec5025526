/* loops_attention.c - softmax of rows of which the first keys alone are allowed, for attention
 * within segments. Compiled once for each instruction set; see kernels.h for what each does.
 *
 * Most rows are shorter than two vectors, so whole vectors are computed, and what is not allowed is
 * chosen away: what stands there may be anything. */
#include "kernels/loops_math.h"
#include "kernels/loops_sums.h"
#include <string.h>

_Static_assert(LANES == CM_KEY_LANES, "rows of keys are whole lanes");

static inline int64_t allowed_of(const cm_allowed *a, int64_t row)
{
    return a->causal ? CM_MIN(a->first + row + 1, a->keys) : a->keys;
}

/* The allowed keys in whole lanes; behind them all is set to zero. */
static inline int64_t wide_of(int64_t allowed, int64_t step, cm_real *x)
{
    int64_t wide = CM_MIN((allowed + LANES - 1) / LANES * LANES, step);
    memset(x + wide, 0, (size_t)(step - wide) * sizeof *x);
    return wide;
}

void KERNEL(attend)(int64_t rows, int64_t step, cm_real *x, cm_real scale, const cm_allowed *by)
{
    for (int64_t r = 0; r < rows; r++, x += step) {
        int64_t allowed = allowed_of(by, r), wide = wide_of(allowed, step, x);
        if (allowed <= 0)
            continue;
        cm_real most[LANES], lane[LANES] = {0}, first = scale * x[0];
        for (int j = 0; j < LANES; j++)
            most[j] = first;
        for (int64_t i = 0; i < wide; i += LANES)
            for (int j = 0; j < LANES; j++) {
                cm_real v = i + j < allowed ? scale * x[i + j] : first;
                most[j] = v > most[j] || v != v ? v : most[j]; /* keeps NaN */
                x[i + j] = v;
            }
        for (int j = 1; j < LANES; j++)
            most[0] = most[j] > most[0] || most[j] != most[j] ? most[j] : most[0];
        for (int64_t i = 0; i < wide; i += LANES)
            for (int j = 0; j < LANES; j++) {
                cm_real e = real_exp(x[i + j] - most[0]);
                x[i + j] = i + j < allowed ? e : 0;
                lane[j] += x[i + j];
            }
        cm_real total = fold(lane);
        for (int64_t i = 0; i < wide; i++)
            x[i] /= total;
    }
}

void KERNEL(attend_back)(int64_t rows, int64_t step, cm_real *g, const cm_real *p, cm_real scale,
                         const cm_allowed *by)
{
    for (int64_t r = 0; r < rows; r++, g += step, p += step) {
        int64_t allowed = allowed_of(by, r), wide = wide_of(CM_MAX(allowed, 0), step, g);
        cm_real lane[LANES] = {0};
        for (int64_t i = 0; i < wide; i += LANES)
            for (int j = 0; j < LANES; j++) {
                g[i + j] = i + j < allowed ? g[i + j] : 0;
                lane[j] += g[i + j] * p[i + j];
            }
        cm_real total = fold(lane);
        for (int64_t i = 0; i < wide; i++)
            g[i] = scale * p[i] * (g[i] - total);
    }
}

void KERNEL(drop_weights)(int64_t n, cm_real *restrict p, cm_real *restrict left)
{
    for (int64_t i = 0; i < n; i++) {
        cm_real mask = left[i], weight = p[i];
        left[i] = weight * mask;
        p[i] = mask > 0 ? weight : -weight;
    }
}

void KERNEL(undrop_weights)(int64_t n, const cm_real *restrict kept, cm_real share,
                            cm_real *restrict p, cm_real *restrict left)
{
    for (int64_t i = 0; i < n; i++) {
        cm_real weight = kept[i];
        p[i] = CM_M(fabs)(weight);
        left[i] = weight > 0 ? share * weight : 0;
    }
}

void KERNEL(drop_weights_back)(int64_t n, const cm_real *restrict kept, cm_real share,
                               cm_real *restrict g)
{
    for (int64_t i = 0; i < n; i++)
        g[i] = kept[i] > 0 ? share * g[i] : 0;
}
