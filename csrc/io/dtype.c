/* dtype.c - see dtype.h. */
#include "io/dtype.h"
#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    size_t bytes;
} dtypes[CM_DTYPES] = {
    [CM_F32] = {"F32", 4}, [CM_F64] = {"F64", 8}, [CM_F16] = {"F16", 2}, [CM_BF16] = {"BF16", 2},
    [CM_I32] = {"I32", 4}, [CM_I64] = {"I64", 8}, [CM_U8] = {"U8", 1},   [CM_OTHER] = {"other", 0}};

const char *cm_dtype_name(cm_dtype dtype)
{
    return dtypes[dtype].name;
}

size_t cm_dtype_bytes(cm_dtype dtype)
{
    return dtypes[dtype].bytes;
}

cm_dtype cm_dtype_find(cm_text name)
{
    int i = 0;
    while (i < CM_OTHER &&
           (strlen(dtypes[i].name) != name.len || memcmp(dtypes[i].name, name.text, name.len) != 0))
        i++;
    return (cm_dtype)i;
}

static bool big_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 0;
}

/* The number of a binary16 (IEEE 754): sign, 5 bits of exponent, 10 of fraction. */
static double from_half(uint16_t bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double size = exponent == 31  ? (fraction ? (double)NAN : (double)INFINITY)
                  : exponent == 0 ? ldexp(fraction, -24)
                                  : ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 ? -size : size;
}

double cm_dtype_number(cm_dtype dtype, const void *at)
{
    float narrow = 0;
    double wide = 0;
    uint16_t half = 0;
    uint32_t bits;
    switch (dtype) {
    case CM_F64:
        memcpy(&wide, at, sizeof wide);
        return wide;
    case CM_F16:
        memcpy(&half, at, sizeof half);
        return from_half(half);
    case CM_BF16: /* the upper half of a binary32 */
        memcpy(&half, at, sizeof half);
        bits = (uint32_t)half << 16;
        memcpy(&narrow, &bits, sizeof narrow);
        return (double)narrow;
    default:
        memcpy(&narrow, at, sizeof narrow);
        return (double)narrow;
    }
}

void cm_dtype_swap(void *numbers, size_t bytes, size_t width)
{
    unsigned char *at = numbers;
    if (!big_endian())
        return;
    for (size_t i = 0; i < bytes; i += width)
        for (size_t k = 0; k < width / 2; k++) {
            unsigned char low = at[i + k];
            at[i + k] = at[i + width - 1 - k];
            at[i + width - 1 - k] = low;
        }
}
