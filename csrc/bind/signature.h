/* signature.h - the small language in which an op descriptor declares its arguments.
 *
 * "x:t dim:d? keep:b?" is a list of name:kind, with ? for optional or =default behind. Kinds:
 *
 *     t  tensor (optional ones come last)      T  list of tensors
 *     n  tensor or number                      x  number
 *     i  whole number                          r  row, 1-based in Lua
 *     b  boolean                               d  dim of the first tensor, 1-based or negative
 *     s  shape, a list of sizes                p  list of dims, 1-based
 *     a  activation by name                    I  ids      S  segments
 *
 * Numbers go to cm_params.x, whole numbers, rows, dims, booleans and activations to .i, ids and
 * segments to .ids, each in the order of the list. The argument checks, the errors with the
 * argument's number and name, and the signature in the help come from it. */
#ifndef CML_SIGNATURE_H
#define CML_SIGNATURE_H

#include "bind/cmL.h"

#define CML_MAX_ARGS 16

typedef struct cmL_arg {
    char name[16];
    char kind;
    bool optional, has_default;
    double fallback;
} cmL_arg;

typedef struct cmL_signature {
    const cm_op *op;
    int count;
    cmL_arg args[CML_MAX_ARGS];
} cmL_signature;

/* The inputs of one call: tensors by pointer (anchored on the Lua stack), numbers still to be
 * boxed. */
typedef struct cmL_inputs {
    int n;
    cm_tensor *tensor[CM_MAX_INPUTS]; /* NULL: a number, below */
    double number[CM_MAX_INPUTS];
    cm_params p;
} cmL_inputs;

/* Parses op->args. False for a faulty descriptor, which is a bug. */
bool cmL_signature_parse(cmL_signature *signature, const cm_op *op);

/* Checks the arguments from stack index 1 on; raises at the first invalid one. */
void cmL_signature_read(lua_State *L, const cmL_signature *signature, cmL_inputs *inputs);

/* Pushes "name(x, dim?, keep?)" for help. */
void cmL_signature_push(lua_State *L, const cmL_signature *signature);

#endif
