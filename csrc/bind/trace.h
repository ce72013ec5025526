/* trace.h - calls of the core as they happen, so that a forward pass can be written down as a
 * graph.
 *
 * While a trace runs, its function is told of every call of a function of the core that returns:
 * the name, the arguments and the results. */
#ifndef CML_TRACE_H
#define CML_TRACE_H

#include "bind/cmL.h"

/* Replaces the context and, above it, a name by a closure that runs `f` with the context as its
 * first upvalue; a trace tells of its calls by that name. */
void cmL_push_traced(lua_State *L, lua_CFunction f);

/* Runs a function for the call that is running, told by that name; returns the number of its
 * results. Its arguments are all that is on the stack. */
int cmL_call(lua_State *L, lua_CFunction f, const char *name);

/* Tracing itself, l_trace.c. */
void cmL_open_trace(lua_State *L);

#endif
