/* dtype.h - the types of the numbers in files: their names, and from their bytes to numbers. */
#ifndef CM_DTYPE_H
#define CM_DTYPE_H

#include "io/text.h"

/* CM_OTHER: a dtype of the standard, or of a later one, whose numbers are not read. */
typedef enum cm_dtype {
    CM_F32,
    CM_F64,
    CM_F16,
    CM_BF16,
    CM_I32,
    CM_I64,
    CM_U8,
    CM_OTHER,
    CM_DTYPES
} cm_dtype;

/* "F32" and the like. */
const char *cm_dtype_name(cm_dtype dtype);

/* Bytes of one number; 0 of CM_OTHER. */
size_t cm_dtype_bytes(cm_dtype dtype);

/* The dtype of a name of the standard; CM_OTHER if it is none of those that are read. */
cm_dtype cm_dtype_find(cm_text name);

/* A number of a floating-point dtype from its bytes in the order of this machine, at any address.
 */
double cm_dtype_number(cm_dtype dtype, const void *at);

/* Turns numbers of `width` bytes each from little-endian to the byte order of this machine, or
 * back, in place. */
void cm_dtype_swap(void *numbers, size_t bytes, size_t width);

#endif
