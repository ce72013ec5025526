/* signature.h - the small language in which a descriptor declares the arguments of an op.
 *
 * "x:t dim:d? keep:b?" is a list of name:kind, with ? for optional or =default behind. Kinds:
 *
 *     t  tensor (optional ones come last)      T  list of tensors
 *     n  tensor or number                      x  number
 *     i  whole number                          r  row, 1-based outside of the core
 *     b  boolean                               d  dim of the first tensor, 1-based or negative
 *     s  shape, a list of sizes                p  list of dims, 1-based
 *     a  activation by name                    I  ids      S  segments
 *     M  sparse matrix                         w  text that changes no result
 *
 * Numbers go to cm_params.x, whole numbers, rows, dims, booleans and activations to .i, ids and
 * segments to .ids, each in the order of the list. M and w are of functions that are no ops
 * (predict/function.h). */
#ifndef CM_SIGNATURE_H
#define CM_SIGNATURE_H

#include "kernels/kernels.h"

#define CM_MAX_ARGS 16

typedef struct cm_arg {
    char name[16];
    char kind;
    bool optional, has_default;
    double fallback;
} cm_arg;

typedef struct cm_signature {
    int count;
    cm_arg args[CM_MAX_ARGS];
} cm_signature;

/* Parses the arguments of a descriptor. False for a faulty one, which is a bug. */
bool cm_signature_parse(cm_signature *signature, const char *args);

/* The activations by name, in the order of cm_activation, NULL at the end. */
extern const char *const cm_activation_names[];

#endif
