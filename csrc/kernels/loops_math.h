/* loops_math.h - exp and related functions for the loops of the kernels.
 *
 * In float32 they are written here without branches or calls, so that a loop over them vectorises;
 * each stays within 2 units in the last place of the true value (spec/kernel_math_spec.lua). Where
 * the instruction set has a fused multiply-add it is asked for by name, and nothing else is left
 * for the compiler to contract: an element comes out the same in the body of a loop, in its tail,
 * and alone. In float64 they are the functions of the C library: there, accuracy matters most.
 *
 * Polynomials: Cephes (Moshier 1989); erf: as a power of e beyond 0.93 (Juffa). */
#ifndef CM_LOOPS_MATH_H
#define CM_LOOPS_MATH_H

#include "base/config.h"
#include <math.h>
#include <string.h>

/* a * b + c, rounded once where the instruction set can. */
static inline cm_real real_fma(cm_real a, cm_real b, cm_real c)
{
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    return CM_M(__builtin_fma)(a, b, c);
#else
    return a * b + c;
#endif
}

#if CM_REAL_IS_DOUBLE

static inline cm_real real_exp(cm_real x)
{
    return exp(x);
}

/* exp for |x| up to 87, in fewer steps. */
static inline cm_real real_exp_inside(cm_real x)
{
    return exp(x);
}

static inline cm_real real_log(cm_real x)
{
    return log(x);
}

/* log(1 + x) for x from 0 to 1. */
static inline cm_real real_log1p(cm_real x)
{
    return log1p(x);
}

static inline cm_real real_tanh(cm_real x)
{
    return tanh(x);
}

static inline cm_real real_erf(cm_real x)
{
    return erf(x);
}

#else

static inline int32_t bits_of(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float float_of(int32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 2^n for n from -126 to 127; undefined for other n, which only NaN leads to. */
static inline float power_of_2(int32_t n)
{
    return float_of((int32_t)((uint32_t)(n + 127) << 23));
}

/* ln 2 in two parts: multiples of the first, of 10 bits, are exact. */
static const float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;

static inline __attribute__((always_inline)) float real_exp(float x)
{
    /* Beyond these bounds the result is infinite or 0; NaN passes through. */
    x = x > 89 ? 89 : x;
    x = x < -104 ? -104 : x;
    /* x = n ln 2 + r: adding 1.5 * 2^23 rounds to a whole number, which then stands in the low
     * bits. */
    const float rounder = 12582912;
    float shifted = real_fma(x, 1.44269504089f, rounder), n = shifted - rounder;
    float high = real_fma(n, -ln2_high, x), low = n * -ln2_low;
    float r = real_fma(n, -ln2_low, high);
    float p = 1.9875691500e-4f;
    p = real_fma(p, r, 1.3981999507e-3f);
    p = real_fma(p, r, 8.3334519073e-3f);
    p = real_fma(p, r, 4.1665795894e-2f);
    p = real_fma(p, r, 1.6666665459e-1f);
    p = real_fma(p, r, 5.0000001201e-1f);
    /* 1 + high + the rest, including the rounding error of the first sum. */
    float sum = 1 + high, lost = high - (sum - 1);
    p = sum + (lost + real_fma(p, r * r, low));
    /* Times 2^n in two steps, since 2^-149 and 2^128 are needed but are not normal numbers. */
    int32_t whole = bits_of(shifted) - 0x4b400000, half = whole >> 1;
    return p * power_of_2(half) * power_of_2(whole - half);
}

/* exp for |x| up to 87, where neither end needs care, within 2 units in the last place, too. */
static inline float real_exp_inside(float x)
{
    const float rounder = 12582912;
    float shifted = real_fma(x, 1.44269504089f, rounder), n = shifted - rounder;
    float r = real_fma(n, -ln2_low, real_fma(n, -ln2_high, x)), p = 1.9875691500e-4f;
    p = real_fma(p, r, 1.3981999507e-3f);
    p = real_fma(p, r, 8.3334519073e-3f);
    p = real_fma(p, r, 4.1665795894e-2f);
    p = real_fma(p, r, 1.6666665459e-1f);
    p = real_fma(p, r, 5.0000001201e-1f);
    return real_fma(p, r * r, r + 1) * power_of_2(bits_of(shifted) - 0x4b400000);
}

/* log(1 + f) + n ln 2, for 1 + f from sqrt(1/2) to sqrt(2). */
static inline float log_near_1(float f, float n)
{
    float p = 7.0376836292e-2f, square = f * f;
    p = real_fma(p, f, -1.1514610310e-1f);
    p = real_fma(p, f, 1.1676998740e-1f);
    p = real_fma(p, f, -1.2420140846e-1f);
    p = real_fma(p, f, 1.4249322787e-1f);
    p = real_fma(p, f, -1.6668057665e-1f);
    p = real_fma(p, f, 2.0000714765e-1f);
    p = real_fma(p, f, -2.4999993993e-1f);
    p = real_fma(p, f, 3.3333331174e-1f);
    p = real_fma(n, ln2_low, p * f * square);
    return real_fma(n, ln2_high, f + real_fma(-0.5f, square, p));
}

static inline float real_log(float x)
{
    float lifted = x < 1.17549435e-38f ? x * 8388608 : x; /* subnormal numbers */
    float lift = x < 1.17549435e-38f ? -23.0f : 0.0f;
    const int32_t root_half = 0x3f3504f3;
    int32_t from = (int32_t)((uint32_t)bits_of(lifted) - (uint32_t)root_half); /* wraps below 0 */
    float y = log_near_1(float_of((from & 0x7fffff) + root_half) - 1, (float)(from >> 23) + lift);
    y = x < INFINITY ? y : x; /* keeps infinity and NaN */
    y = x < 0 ? NAN : y;
    return x == 0 ? -INFINITY : y;
}

static inline float real_log1p(float x)
{
    bool large = x > 0.41421356f;
    return log_near_1(large ? (x - 1) * 0.5f : x, large ? 1.0f : 0.0f);
}

static inline float real_tanh(float x)
{
    float size = fabsf(x), square = x * x, p = -5.70498872745e-3f;
    p = real_fma(p, square, 2.06390887954e-2f);
    p = real_fma(p, square, -5.37397155531e-2f);
    p = real_fma(p, square, 1.33314422036e-1f);
    p = real_fma(p, square, -3.33332819422e-1f);
    float near = real_fma(p * square, x, x), far = 1 - 2 / (real_exp(2 * size) + 1);
    return copysignf(size < 0.625f ? near : far, x); /* keeps -0 */
}

/* Loops of several functions vectorise where it is no call. */
static inline __attribute__((always_inline)) float real_erf(float x)
{
    float size = fabsf(x), square = x * x;
    float p = -5.96761703e-4f;
    p = real_fma(p, square, 4.99119423e-3f);
    p = real_fma(p, square, -2.67681349e-2f);
    p = real_fma(p, square, 1.12819925e-1f);
    p = real_fma(p, square, -3.76125336e-1f);
    p = real_fma(p, square, 1.28379166e-1f);
    float near = real_fma(p, x, x);
    float t = size > 4 ? 4 : size, t2 = t * t; /* 1 beyond */
    float q = real_fma(-1.72853470e-5f, t, 3.83197126e-4f);
    q = real_fma(q, t2, real_fma(-3.88396438e-3f, t, 2.42546219e-2f));
    q = real_fma(q, t, -1.06777877e-1f);
    q = real_fma(q, t, -6.34846687e-1f);
    q = real_fma(q, t, -1.28717512e-1f);
    q = real_fma(q, t, -t);
    float far = 1 - real_exp(q);
    return size < 0.927734375f ? near : copysignf(far, x);
}

#endif

static inline cm_real real_sigmoid(cm_real x)
{
    cm_real e = real_exp(-CM_M(fabs)(x)), below = 1 + e; /* of a negative number: never infinite */
    cm_real s = (x >= 0 ? 1 : e) / below;                /* not 1 - s, which loses all digits */
    /* Corrects the rounding error of the sum to first order: 1 - e / 2 is close enough to 1 /
     * below. */
    return real_fma(-s, (e - (below - 1)) * real_fma(e, (cm_real)-0.5, 1), s);
}

static inline cm_real real_softplus(cm_real x)
{
    return CM_MAX(x, 0) + real_log1p(real_exp(-CM_M(fabs)(x)));
}

#endif
