/* l_tensor.c - tensors in Lua: reading, changing and releasing them. l_make.c makes them.
 *
 * @classmod cmml.Tensor */
#include "bind/cmL.h"
#include "bind/state.h"
#include "kernels/kernels.h"
#include <string.h>

/*** A multidimensional array: float32, or float64 in `cmml.double`; up to six dims. Every op is a
 * method, `+ - * / ^` and unary minus are ops, `#t` is the size of the first dim.
 * @type Tensor
 * @tfield {integer,...} shape sizes of the dims, a fresh table; {} for a scalar
 * @tfield integer ndim number of dims
 * @tfield integer count number of elements
 * @tfield string dtype "float32" or "float64"
 * @tfield boolean tracked whether gradients can flow to it
 * @tfield integer version how often its numbers were changed in place */

/*** The value of a tensor with one element.
 * @function Tensor:item
 * @treturn number raises unless there is exactly one */
static int t_item(lua_State *L)
{
    cm_tensor *t = cmL_check_tensor(L, 1);
    if (t->count != 1) {
        char text[CM_SHAPE_TEXT];
        return luaL_error(L, "item: the tensor has shape %s, but must have exactly one element",
                          cm_shape_text(&t->shape, text));
    }
    lua_pushnumber(L, (lua_Number)*cm_data(t));
    return 1;
}

static void push_table(lua_State *L, const cm_tensor *t, int dim, int64_t at)
{
    if (dim == t->shape.ndim) {
        lua_pushnumber(L, (lua_Number)cm_data(t)[at]);
        return;
    }
    lua_createtable(L, (int)t->shape.dims[dim], 0);
    for (int64_t i = 0; i < t->shape.dims[dim]; i++) {
        push_table(L, t, dim + 1, at + i * t->strides[dim]);
        lua_rawseti(L, -2, i + 1);
    }
}

/*** The elements as nested lists (a number for a tensor without dims).
 * @function Tensor:totable
 * @treturn table|number */
static int t_totable(lua_State *L)
{
    luaL_checkstack(L, CM_MAX_DIMS + 4, "nested too deeply");
    push_table(L, cmL_check_tensor(L, 1), 0, 0);
    return 1;
}

/*** An untracked, contiguous copy.
 * @function Tensor:clone
 * @treturn Tensor of the same shape */
static int t_clone(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *t = cmL_check_tensor(L, 1);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *copy = cm_tensor_new(cx, &t->shape);
    if (copy)
        cm_tensor_copy(copy, t);
    return cmL_finish(L, cx, mark, box, copy, "clone");
}

/*** The same elements as a constant: gradients stop here.
 * @function Tensor:detach
 * @treturn Tensor of the same shape, sharing the memory */
static int t_detach(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *t = cmL_check_tensor(L, 1);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    return cmL_finish(L, cx, mark, box, cm_tensor_detach(cx, t), "detach");
}

/* In-place changes are refused where they would invalidate a recorded computation. */
static cm_tensor *check_writable(lua_State *L, cm_ctx *cx, const char *what)
{
    cm_tensor *t = cmL_check_tensor(L, 1);
    if (t->node && (t->node->op || cx->grad_enabled))
        luaL_error(L, "%s: the tensor is tracked: change it inside no_grad, or a clone of it",
                   what);
    for (int d = 0; d < t->shape.ndim; d++)
        if (t->strides[d] == 0 && t->shape.dims[d] > 1)
            luaL_error(L, "%s: the tensor repeats its elements (expand): change a clone of it",
                       what);
    return t;
}

/*** Copies the elements of another tensor, with broadcasting. Untracked tensors and leaves inside
 * no_grad only.
 * @function Tensor:copy_
 * @tparam Tensor from of a shape that broadcasts to this one
 * @treturn Tensor itself */
static int t_copy(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *to = check_writable(L, cx, "copy_"), *from = cmL_check_tensor(L, 2);
    char a[CM_SHAPE_TEXT], b[CM_SHAPE_TEXT];
    if (!cm_shape_expands(&from->shape, &to->shape))
        return luaL_error(L, "copy_: shape %s does not fit into %s", cm_shape_text(&from->shape, a),
                          cm_shape_text(&to->shape, b));
    size_t mark = cm_scope_begin(cx);
    /* Views of one storage may overlap: then the source is copied first. */
    cm_tensor *source = from;
    if (from->storage == to->storage) {
        source = cm_tensor_new(cx, &from->shape);
        if (source)
            cm_tensor_copy(source, from);
    }
    if (source)
        cm_tensor_copy(to, source);
    cm_scope_end(cx, mark);
    if (!source)
        return cmL_raise(L, cx, "copy_");
    lua_settop(L, 1);
    return 1;
}

/*** Makes a tensor a leaf: results computed from it can be differentiated with respect to it.
 * @function Tensor:track
 * @treturn Tensor itself */
static int t_track(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    if (!cm_track(cx, cmL_check_tensor(L, 1)))
        return cmL_raise(L, cx, "track");
    lua_settop(L, 1);
    return 1;
}

/*** The elements in row-major order as raw bytes, in the byte order of this machine and the type of
 * the core.
 * @function Tensor:tobytes
 * @treturn string */
static int t_tobytes(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *t = cmL_check_tensor(L, 1);
    luaL_Buffer buffer;
    size_t size = (size_t)t->count * sizeof(cm_real);
    char *bytes = luaL_buffinitsize(L, &buffer, size);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *whole = cm_contiguous(cx, t);
    if (whole)
        memcpy(bytes, cm_data(whole), size);
    cm_scope_end(cx, mark);
    if (!whole)
        return cmL_raise(L, cx, "tobytes");
    luaL_pushresultsize(&buffer, size);
    return 1;
}

/*** Whether all elements are finite.
 * @function Tensor:isfinite
 * @treturn boolean */
static int t_isfinite(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *t = cmL_check_tensor(L, 1);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *whole = cm_contiguous(cx, t);
    bool finite = whole && cm_kernels_of(cx)->all_finite(whole->count, cm_data(whole));
    cm_scope_end(cx, mark);
    if (!whole)
        return cmL_raise(L, cx, "isfinite");
    lua_pushboolean(L, finite);
    return 1;
}

static int t_gc(lua_State *L)
{
    cmL_box_release(cmL_ctx(L), luaL_checkudata(L, 1, CML_TENSOR));
    return 0;
}

/*** Frees the memory now instead of at the next collection; the tensor cannot be used again. Within
 * a finaliser (__gc of another object) it does nothing.
 * @function Tensor:free */
static int t_free(lua_State *L)
{
    return cmL_may_free(L) ? t_gc(L) : 0;
}

static int t_tostring(lua_State *L)
{
    cm_tensor **box = luaL_checkudata(L, 1, CML_TENSOR);
    char text[CM_PRINT_BYTES];
    if (!*box) {
        lua_pushliteral(L, "[cmml.Tensor released]");
        return 1;
    }
    cm_tensor_text(*box, text);
    lua_pushstring(L, text);
    return 1;
}

static int t_len(lua_State *L)
{
    cm_tensor *t = cmL_check_tensor(L, 1);
    if (t->shape.ndim == 0)
        return luaL_error(L, "a scalar has no length");
    lua_pushinteger(L, t->shape.dims[0]);
    return 1;
}

/* Fields: shape (a fresh table), ndim, count, dtype, tracked, version; all else are methods. */
static int t_index(lua_State *L)
{
    cm_tensor **box = luaL_checkudata(L, 1, CML_TENSOR);
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL)
        return 1;
    cm_tensor *t = *box ? *box : cmL_check_tensor(L, 1);
    if (strcmp(key, "shape") == 0) {
        lua_createtable(L, t->shape.ndim, 0);
        for (int d = 0; d < t->shape.ndim; d++) {
            lua_pushinteger(L, t->shape.dims[d]);
            lua_rawseti(L, -2, d + 1);
        }
    } else if (strcmp(key, "ndim") == 0) {
        lua_pushinteger(L, t->shape.ndim);
    } else if (strcmp(key, "count") == 0) {
        lua_pushinteger(L, t->count);
    } else if (strcmp(key, "dtype") == 0) {
        lua_pushliteral(L, CM_REAL_NAME);
    } else if (strcmp(key, "tracked") == 0) {
        lua_pushboolean(L, t->node != NULL);
    } else if (strcmp(key, "version") == 0) {
        lua_pushinteger(L, t->storage->version);
    } else {
        return luaL_error(L, "a tensor has no field or method %s", cmL_shown(L, 2));
    }
    return 1;
}

static const luaL_Reg meta[] = {{"__gc", t_gc},
                                {"__close", t_free},
                                {"__tostring", t_tostring},
                                {"__len", t_len},
                                {NULL, NULL}};
static const luaL_Reg methods[] = {{"item", t_item},       {"totable", t_totable},
                                   {"clone", t_clone},     {"detach", t_detach},
                                   {"copy_", t_copy},      {"track", t_track},
                                   {"tobytes", t_tobytes}, {"isfinite", t_isfinite},
                                   {"free", t_free},       {NULL, NULL}};

void cmL_open_tensor(lua_State *L)
{
    cmL_class(L, CML_TENSOR, meta, NULL);
    luaL_getmetatable(L, CML_TENSOR);
    cmL_state *state = lua_touserdata(L, -2);
    state->tensor_class = lua_topointer(L, -1);
    lua_pushvalue(L, -1);
    state->tensor_class_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L); /* the methods; the ops join them (l_ops.c) */
    lua_pushvalue(L, -3);
    cmL_register_methods(L, methods, CML_TENSOR);
    lua_pushvalue(L, -2);
    lua_setfield(L, -4, "methods");
    lua_pushvalue(L, -1);
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, t_index, 2);
    lua_setfield(L, -4, "__index");
    lua_pop(L, 3);
    cmL_open_make(L);
}
