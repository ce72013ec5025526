/* function.h - functions of the core that are no ops, as nodes of a frozen graph have them: lists
 * of ids and segments come about by them, and closed forms.
 *
 * A descriptor declares what a function takes in the language of ops/signature.h, and what it
 * gives: t for a tensor, I for ids, S for segments, one letter for each value. */
#ifndef CM_FUNCTION_H
#define CM_FUNCTION_H

#include "ops/signature.h"
#include "tensor/ids.h"
#include "tensor/tensor.h"

#define CM_FUNCTION_SLOTS 8 /* arguments of a sort */
#define CM_FUNCTION_GIVES 3

/* The arguments of one call, each sort in the order of the descriptor. A sparse matrix is a tensor
 * (its weights) and two lists (rows, columns). NULL where an optional one is left out. */
typedef struct cm_given {
    cm_tensor *tensors[CM_FUNCTION_SLOTS];
    cm_ids *lists[CM_FUNCTION_SLOTS];
    int64_t i[CM_FUNCTION_SLOTS];
    double x[CM_FUNCTION_SLOTS];
    cm_shape shape;
} cm_given;

/* One value of a graph. */
typedef union cm_value {
    void *any;
    cm_tensor *tensor;
    cm_ids *list; /* ids or segments */
} cm_value;

typedef struct cm_function {
    const char *name, *args, *gives;
    /* Fills gives: lists with one reference for the caller, tensors of the open scope. What is
     * given is not trusted. False after a refusal. */
    bool (*run)(cm_ctx *cx, const cm_given *given, cm_value *gives);
} cm_function;

/* The first function of that name, or the next one behind `before`, which takes arguments of other
 * kinds; NULL: there is none. */
const cm_function *cm_function_next(const char *name, const cm_function *before);

#endif
