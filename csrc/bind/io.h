/* io.h - what the parts of the binding for input and output share. */
#ifndef CML_IO_H
#define CML_IO_H

#include "bind/cmL.h"
#include "data/vocab.h"

#define CML_VOCAB CML_NAME("Vocab")

/* Something of the core held by a userdata while Lua values, which may raise, are made from it. */
typedef struct cmL_hold {
    void *held;
    void (*release)(cm_ctx *cx, void *held);
} cmL_hold;

/* Pushes an empty hold; fill `held`. */
cmL_hold *cmL_push_hold(lua_State *L, void (*release)(cm_ctx *cx, void *held));

/* Releases what is held now instead of at the next collection. */
void cmL_hold_free(cm_ctx *cx, cmL_hold *hold);

/* For a failed call of the core: pushes nil and the message for a failure outside (a file, its
 * contents, a limit), raises for a mistake of the caller or a lack of memory. */
int cmL_io_fail(lua_State *L, cm_ctx *cx, const char *what);

/* The path at `arg`: a string without zeros. */
const char *cmL_check_path(lua_State *L, int arg);

/* Pushes a field of the table at `index` (absolute) past its metatable, so that the table anchors
 * it, and returns its type. */
int cmL_raw_field(lua_State *L, int index, const char *name);

/* Pushes an empty box of a vocabulary. */
cm_vocab **cmL_push_vocab(lua_State *L);

/* The vocabulary in the box at `arg`; raises if there is none. */
cm_vocab *cmL_check_vocab(lua_State *L, int arg);

#endif
