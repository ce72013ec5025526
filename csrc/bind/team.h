/* team.h - the members of a team, each with a Lua state of its own.
 *
 * Each thread but the caller's has a Lua state, and with it a context, of its own. Nothing here may
 * be called while the threads run, but for what a thread asks about its own member. */
#ifndef CML_TEAM_H
#define CML_TEAM_H

#include "bind/state.h"
#include "bind/threads.h"
#include "optim/shards.h"

typedef struct cmL_team cmL_team;

typedef struct cmL_member {
    cmL_team *team;
    int index;        /* 0: the caller's thread */
    lua_State *L;     /* its own; NULL for the caller's */
    cm_optim **optim; /* the box, which its state anchors */
    lua_State *from;  /* while a value is handed over: where from, */
    int from_index;   /* and where it lies there */
    pthread_t thread;
    bool started;
    char error[CM_ERROR_BYTES]; /* error of its last work; "" if it did not fail */
} cmL_member;

struct cmL_team {
    int n;
    bool open, working;
    cmL_team *outer;       /* while it works: the team whose step asked it to, or NULL */
    cmL_exit_guard *guard; /* of the caller's Lua state */
    cm_shards shards;
    cm_storage *values;   /* the caller's parameters, retained while threads read them */
    lua_Integer n_shards; /* of the batch at hand */
    double *losses;       /* of those */
    cmL_member members[];
};

/* Whether this program can make further Lua states: a host may have been linked without. */
bool cmL_team_may_have_threads(void);

/* Makes the Lua state of a member, and what it runs, from the setup at `index` of L (see
 * `shard_team`). False, with the reason in m->error, if that fails. */
bool cmL_member_open(lua_State *L, int index, cmL_member *m) CM_MUST_CHECK;

/* Closes its state; a member without one is fine. */
void cmL_member_close(cmL_member *m);

/* The member of a thread's state. */
cmL_member *cmL_member_of(lua_State *L);

/* Pushes the function that a member calls for a shard onto its stack. */
void cmL_member_push_step(cmL_member *m);

/* Pushes a copy of the value at `index` of L onto a member's stack. False, with the reason in
 * m->error and an empty stack, if it cannot be copied. */
bool cmL_member_send(lua_State *L, int index, cmL_member *m) CM_MUST_CHECK;

/* Puts copies of the entries of the table that lies at the bottom of a member's stack into the one
 * on top of that of L. Raises on L what cannot be copied. */
void cmL_member_gather(lua_State *L, cmL_member *m);

/* Takes the error on top of a member's stack into m->error, and clears the stack. */
void cmL_member_note_error(cmL_member *m);

#endif
