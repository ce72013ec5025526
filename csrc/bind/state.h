/* state.h - what the library keeps for one Lua state: a userdata, upvalue of every function. */
#ifndef CML_STATE_H
#define CML_STATE_H

#include "bind/cmL.h"
#include "bind/threads.h"

#define CML_STATE CML_NAME("state") /* where the registry keeps it */

typedef struct cmL_state {
    cm_ctx cx;
    size_t paced;             /* cx.mem.total at the last step of the collector */
    size_t full;              /* the same at the last full one, */
    size_t floor;             /* and cx.mem.live after it */
    const void *tensor_class; /* the metatable of tensors: its address, */
    int tensor_class_ref;     /* and where the registry keeps it */
    bool stress;              /* collect at every call: environment CMML_GC_STRESS=1, for tests */
    cmL_exit_guard *guard;    /* of the threads of teams; made with the first of them */
} cmL_state;

#endif
