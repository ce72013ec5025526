/* sparse.h - sparse matrices in Lua: a table with three fields: rows (segments, one a row), columns
 * (ids) and weights (tensor). */
#ifndef CML_SPARSE_H
#define CML_SPARSE_H

#include "bind/cmL.h"
#include "cf/sparse.h"

/* The matrix in the table at `arg`, whose boxes are left on the stack: to be called when the
 * options were read, which may run a metamethod. */
cm_sparse cmL_check_sparse(lua_State *L, int arg);

/* The same for a factor of a product, whose entries are not looked at: a product may be of a few
 * rows of a large matrix. */
cm_sparse cmL_check_factor(lua_State *L, int arg);

/* Boxes for a matrix in a new table. */
typedef struct cmL_sparse_boxes {
    cm_ids **rows, **columns;
    cm_tensor **weights;
} cmL_sparse_boxes;

/* Pushes a new table with empty boxes. */
cmL_sparse_boxes cmL_push_sparse(lua_State *L);

/* Ends the scope at `mark`, keeping the matrix in the boxes if `ok`, or raising. */
void cmL_finish_sparse(lua_State *L, cm_ctx *cx, size_t mark, const cmL_sparse_boxes *boxes,
                       bool ok, const cm_sparse *made, const char *what);

#endif
