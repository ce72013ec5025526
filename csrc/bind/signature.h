/* signature.h - the arguments that an op declares (ops/signature.h), read from the Lua stack: their
 * checks, the errors with the argument's number and name, and the signature in the help. */
#ifndef CML_SIGNATURE_H
#define CML_SIGNATURE_H

#include "bind/cmL.h"
#include "ops/signature.h"

typedef struct cmL_signature {
    const cm_op *op;
    cm_signature of;
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
