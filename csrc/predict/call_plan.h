/* call_plan.h - programs as they are run: what program_read.c makes and program.c runs. */
#ifndef CM_CALL_PLAN_H
#define CM_CALL_PLAN_H

#include "ops/op.h"
#include "predict/program.h"

enum {
    CM_MOST_VALUES = 1 << 16,
    CM_MOST_SIZES = 16, /* arguments of one call that are sizes */
    CM_NAME_BYTES = 48
};

/* A number of a call that follows from a size of a value. */
typedef struct cm_size_of {
    int32_t value;
    int16_t dim;
    int16_t slot;        /* of the whole numbers, or behind them of the shape */
    int64_t times, plus; /* the number is so many times the size, and so much */
} cm_size_of;

/* A call, as it is made: places of values in the table of a run, constants below 0. */
typedef struct cm_call_plan {
    const cm_op *op; /* or NULL, and the function */
    const cm_function *function;
    int32_t *tensors; /* [n_tensors] */
    int32_t lists[CM_FUNCTION_SLOTS];
    int64_t i[CM_FUNCTION_SLOTS];
    double x[CM_FUNCTION_SLOTS];
    cm_shape shape;
    cm_size_of sizes[CM_MOST_SIZES];
    uint8_t n_tensors, n_lists, n_i, n_x, n_sizes, gives;
    uint16_t dims; /* bits: which whole numbers are dims of the first tensor, as written */
    int32_t first; /* the number of the first value that it gives */
    int32_t *done; /* [n_done] values that no later call reads */
    int32_t n_done;
} cm_call_plan;

struct cm_program {
    cm_port *inputs, *outputs;
    int32_t *given; /* [n_outputs] the values that go out */
    cm_call_plan *calls;
    cm_kind *kinds; /* [n_values] */
    uint32_t n_inputs, n_outputs, n_calls, n_values;
    double *numbers; /* [n_numbers] in place of tensors */
    uint32_t n_numbers;
    char *names;
};

/* Where values stand that are left out, and numbers that are tensors: far from all others. */
enum { CM_LEFT_OUT = INT32_MIN, CM_NUMBERS = INT32_MAX / 2 };

#endif
