/* sparse.c - see sparse.h. */
#include "bind/sparse.h"

static cm_sparse check(lua_State *L, int arg, bool (*is_good)(const cm_sparse *))
{
    luaL_checktype(L, arg, LUA_TTABLE);
    cm_sparse matrix = {cmL_check_field(L, arg, "rows", CML_SEGMENTS),
                        cmL_check_field(L, arg, "columns", CML_IDS),
                        cmL_check_field(L, arg, "weights", CML_TENSOR)};
    luaL_argcheck(L, is_good(&matrix), arg, "a matrix as core.sparse makes it was expected");
    return matrix;
}

cm_sparse cmL_check_sparse(lua_State *L, int arg)
{
    return check(L, arg, cm_sparse_is_valid);
}

cm_sparse cmL_check_factor(lua_State *L, int arg)
{
    return check(L, arg, cm_sparse_fits);
}

cmL_sparse_boxes cmL_push_sparse(lua_State *L)
{
    cmL_sparse_boxes boxes;
    lua_createtable(L, 0, 3);
    boxes.rows = cmL_push_segments(L);
    lua_setfield(L, -2, "rows");
    boxes.columns = cmL_push_ids(L);
    lua_setfield(L, -2, "columns");
    boxes.weights = cmL_push_tensor(L);
    lua_setfield(L, -2, "weights");
    return boxes;
}

void cmL_finish_sparse(lua_State *L, cm_ctx *cx, size_t mark, const cmL_sparse_boxes *boxes,
                       bool ok, const cm_sparse *made, const char *what)
{
    if (ok) {
        *boxes->rows = made->rows;
        *boxes->columns = made->columns;
        cm_retain(*boxes->weights = made->weights);
    }
    cm_scope_end(cx, mark);
    if (!ok)
        cmL_raise(L, cx, what);
}
