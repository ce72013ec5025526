/* program.h - a list of calls to be made one after the other: a frozen graph, or the part of one
 * that is run at a time.
 *
 * Programs come from files and are not trusted: a call is an op or a function by name, its
 * arguments are of the kinds that the descriptor declares, and it reads only what stands before it;
 * whether shapes go together and ids have rows the op checks when it runs, as for a script. */
#ifndef CM_PROGRAM_H
#define CM_PROGRAM_H

#include "io/json.h"
#include "predict/function.h"

/* What a value is: 't' a tensor, 'I' ids, 'S' segments. */
typedef char cm_kind;

/* The kinds of the values that every program of a graph may read: weights and lists. */
typedef struct cm_constants {
    const cm_kind *kinds;
    uint32_t count;
} cm_constants;

typedef struct cm_program cm_program;

/* The program in the object at `at`; `what` names it in messages. Never changed, so that threads
 * may share it; freed with cm_program_free. NULL after a refusal. */
cm_program *cm_program_read(cm_ctx *cx, const cm_json *doc, uint32_t at,
                            const cm_constants *constants, const char *what) CM_MUST_CHECK;

/* Frees it; NULL is fine. */
void cm_program_free(cm_ctx *cx, cm_program *program);

/* A value that goes in or out: its name, owned by the program, and its kind. */
typedef struct cm_port {
    const char *name;
    cm_kind kind;
} cm_port;

/* What it reads, `count` of them, in order. */
const cm_port *cm_program_inputs(const cm_program *program, uint32_t *count);
/* What it gives. */
const cm_port *cm_program_outputs(const cm_program *program, uint32_t *count);

/* Runs it in a context without an open scope: constants and inputs are borrowed, of `outputs` the
 * caller gets a reference each. A value is released when the last call that reads it has run. False
 * after a refusal, which names the call; then there are no outputs, and what the run made is
 * released. */
bool cm_program_run(cm_ctx *cx, const cm_program *program, const cm_value *constants,
                    const cm_value *inputs, cm_value *outputs) CM_MUST_CHECK;

#endif
