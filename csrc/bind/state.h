/* state.h - what the library keeps for one Lua state: a userdata, upvalue of every function. */
#ifndef CML_STATE_H
#define CML_STATE_H

#include "bind/cmL.h"
#include "bind/threads.h"

#define CML_STATE CML_NAME("state") /* where the registry keeps it */

typedef void cmL_release(cm_ctx *cx, void *held);

/* What a userdata of Lua is that holds a tensor, ids, segments or times. `held` comes first: all
 * that only reads it sees a pointer to a pointer. */
typedef struct cmL_box {
    void *held; /* NULL: nothing, or nothing any more */
    cmL_release *release;
    struct cmL_box *next, **from; /* in the list of an arena; from NULL: in none */
} cmL_box;

/* The boxes that a running call of tidy made so far. */
typedef struct cmL_arena {
    cmL_box *first;
    struct cmL_arena *outer;
} cmL_arena;

/* Moves a box to the list of an arena; NULL: to none. */
void cmL_box_move(cmL_box *box, cmL_arena *to);

/* Empties a box, which holds one reference, and takes it out of its list. */
void cmL_box_release(cm_ctx *cx, void *box);

typedef struct cmL_state {
    cm_ctx cx;
    cmL_arena *arena;         /* of the innermost call of tidy; NULL: none is running */
    size_t paced;             /* cx.mem.total at the last step of the collector */
    size_t full;              /* the same at the last full one, */
    size_t floor;             /* and cx.mem.live after it */
    const void *tensor_class; /* the metatable of tensors: its address, */
    int tensor_class_ref;     /* and where the registry keeps it */
    bool stress;              /* collect at every call: environment CMML_GC_STRESS=1, for tests */
    int told;  /* where the registry keeps the table of the running trace; LUA_NOREF: none runs */
    int depth; /* of the call that it is in */
    cmL_exit_guard *guard; /* of the threads of teams; made with the first of them */
} cmL_state;

#endif
