/* l_tensor.c - tensors in Lua: making them, reading them, their life.
 *
 * @classmod cmml.Tensor */
#include "bind/cmL.h"
#include <math.h>
#include <string.h>

/* --- reading nested tables ------------------------------------------------------------------- */

/* The shape of a nested table on top of the stack, told by its first entries. */
static cm_shape shape_of_table(lua_State *L, int arg)
{
    cm_shape shape = {.ndim = 0};
    int top = lua_gettop(L);
    luaL_checkstack(L, CM_MAX_DIMS + 8, "nested too deeply");
    lua_pushvalue(L, arg);
    while (lua_istable(L, -1)) {
        luaL_argcheck(L, shape.ndim < CM_MAX_DIMS, arg, "nested deeper than 6 dims");
        shape.dims[shape.ndim++] = (int64_t)lua_rawlen(L, -1);
        if (shape.dims[shape.ndim - 1] == 0)
            break;
        lua_rawgeti(L, -1, 1);
    }
    lua_settop(L, top);
    return shape;
}

/* Copies the nested table on top of the stack; raises where it is not rectangular. */
static cm_real *copy_table(lua_State *L, const cm_shape *shape, int dim, cm_real *at)
{
    if (dim == shape->ndim) {
        int number;
        *at = (cm_real)lua_tonumberx(L, -1, &number);
        if (!number || lua_type(L, -1) != LUA_TNUMBER)
            luaL_error(L, "tensor: a number was expected, not %s", luaL_typename(L, -1));
        return at + 1;
    }
    if (!lua_istable(L, -1) || (int64_t)lua_rawlen(L, -1) != shape->dims[dim])
        luaL_error(L, "tensor: rows differ in size: a row of %I was expected in dim %d",
                   (lua_Integer)shape->dims[dim], dim + 1);
    for (int64_t i = 1; i <= shape->dims[dim]; i++) {
        lua_rawgeti(L, -1, i);
        at = copy_table(L, shape, dim + 1, at);
        lua_pop(L, 1);
    }
    return at;
}

/*** A tensor from numbers: a number, or nested lists of equal length.
 * @function tensor
 * @tparam number|table values {{1, 2}, {3, 4}} gives shape 2x2
 * @treturn Tensor */
static int l_tensor(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    if (!lua_istable(L, 1))
        luaL_checknumber(L, 1);
    cm_shape shape = shape_of_table(L, 1);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cmL_finish(L, cx, mark, box, cm_tensor_new(cx, &shape), "tensor");
    lua_pushvalue(L, 1);
    if ((*box)->count > 0)
        copy_table(L, &shape, 0, cm_data(*box));
    lua_pop(L, 1);
    return 1;
}

/*** A tensor of one value.
 * @function full
 * @tparam table shape {2, 3}; {} for a single number
 * @tparam number value
 * @treturn Tensor */
static int l_full(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_shape shape = cmL_check_shape(L, 1, 0);
    double value = luaL_checknumber(L, 2);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    return cmL_finish(L, cx, mark, box, cm_tensor_full(cx, &shape, value), "full");
}

/* options: seed, epoch, task, stream of the keyed generator */
static cm_rng check_rng(lua_State *L, int arg)
{
    if (lua_isnoneornil(L, arg))
        return cm_rng_keyed(0, 0, 0, CM_STREAM_USER);
    luaL_checktype(L, arg, LUA_TTABLE);
    return cm_rng_keyed((uint64_t)cmL_field_integer(L, arg, "seed", 0),
                        (uint32_t)cmL_field_integer(L, arg, "epoch", 0),
                        (uint32_t)cmL_field_integer(L, arg, "task", 0),
                        (cm_rng_stream)cmL_field_integer(L, arg, "stream", CM_STREAM_USER));
}

static int random_tensor(lua_State *L, bool normal, const char *what)
{
    cm_ctx *cx = cmL_enter(L);
    cm_shape shape = cmL_check_shape(L, 1, 0);
    double a = luaL_optnumber(L, 2, 0), b = luaL_optnumber(L, 3, 1);
    cm_rng rng = check_rng(L, 4);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cmL_finish(L, cx, mark, box, cm_tensor_new(cx, &shape), what);
    cm_real *x = cm_data(*box);
    for (int64_t i = 0; i < (*box)->count; i++)
        x[i] = (cm_real)(normal ? a + b * cm_rng_normal(&rng)
                                : a + (b - a) * cm_rng_uniform(&rng));
    return 1;
}

/*** Independent uniform numbers.
 * @function uniform
 * @tparam table shape
 * @tparam[opt=0] number low
 * @tparam[opt=1] number high
 * @tparam[opt] table key seed, epoch, task, stream: the same key gives the same numbers
 * @treturn Tensor */
static int l_uniform(lua_State *L)
{
    return random_tensor(L, false, "uniform");
}

/*** Independent normal numbers.
 * @function normal
 * @tparam table shape
 * @tparam[opt=0] number mean
 * @tparam[opt=1] number deviation
 * @tparam[opt] table key as for uniform
 * @treturn Tensor */
static int l_normal(lua_State *L)
{
    return random_tensor(L, true, "normal");
}

/*** A tensor from raw little-endian numbers of the core's own type.
 * @function from_bytes
 * @tparam table shape
 * @tparam string bytes
 * @treturn Tensor */
static int l_from_bytes(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_shape shape = cmL_check_shape(L, 1, 0);
    size_t size;
    const char *bytes = luaL_checklstring(L, 2, &size);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cmL_finish(L, cx, mark, box, cm_tensor_new(cx, &shape), "from_bytes");
    if (size != (size_t)(*box)->count * sizeof(cm_real))
        return luaL_error(L, "from_bytes: %I bytes for %I numbers", (lua_Integer)size,
                          (lua_Integer)(*box)->count);
    memcpy(cm_data(*box), bytes, size);
    return 1;
}

/* --- reading tensors ------------------------------------------------------------------------- */

/*** The only number of a tensor.
 * @function Tensor:item
 * @treturn number */
static int t_item(lua_State *L)
{
    cm_tensor *t = cmL_check_tensor(L, 1);
    if (t->count != 1) {
        char text[CM_SHAPE_TEXT];
        return luaL_error(L, "item: the tensor has shape %s, not a single number",
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

/*** The numbers as nested lists (a plain number for a tensor without dims).
 * @function Tensor:totable
 * @treturn table|number */
static int t_totable(lua_State *L)
{
    luaL_checkstack(L, CM_MAX_DIMS + 4, "nested too deeply");
    push_table(L, cmL_check_tensor(L, 1), 0, 0);
    return 1;
}

/*** A copy of its own, untracked and contiguous.
 * @function Tensor:clone
 * @treturn Tensor */
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

/*** The same numbers as a constant: gradients stop here.
 * @function Tensor:detach
 * @treturn Tensor */
static int t_detach(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *t = cmL_check_tensor(L, 1);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    return cmL_finish(L, cx, mark, box, cm_tensor_detach(cx, t), "detach");
}

/* In-place changes are refused where they would spoil a recorded computation. */
static cm_tensor *check_writable(lua_State *L, cm_ctx *cx, const char *what)
{
    cm_tensor *t = cmL_check_tensor(L, 1);
    if (t->node && (t->node->op || cx->grad_enabled))
        luaL_error(L, "%s: the tensor is tracked: change it inside no_grad, or a clone of it", what);
    for (int d = 0; d < t->shape.ndim; d++)
        if (t->strides[d] == 0 && t->shape.dims[d] > 1)
            luaL_error(L, "%s: the tensor repeats its numbers (expand): change a clone of it", what);
    return t;
}

/*** Sets all numbers from another tensor, which is broadcast. Untracked tensors and leaves inside
 * no_grad only.
 * @function Tensor:copy_
 * @tparam Tensor from
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
    /* Views of one storage may overlap: then the source is read out first. */
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

/*** Makes a tensor a leaf: what is computed from it can be differentiated with respect to it.
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

/*** The numbers as a string of raw little-endian numbers of the core's own type, row by row.
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

/*** Whether all numbers are finite.
 * @function Tensor:isfinite
 * @treturn boolean */
static int t_isfinite(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *t = cmL_check_tensor(L, 1);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *whole = cm_contiguous(cx, t);
    bool finite = whole != NULL;
    for (int64_t i = 0; finite && i < t->count; i++)
        finite = isfinite(cm_data(whole)[i]);
    cm_scope_end(cx, mark);
    if (!whole)
        return cmL_raise(L, cx, "isfinite");
    lua_pushboolean(L, finite);
    return 1;
}

/*** Gives the memory back now instead of at the next collection; the tensor cannot be used again.
 * @function Tensor:free */
static int t_free(lua_State *L)
{
    cm_tensor **box = luaL_checkudata(L, 1, CML_TENSOR);
    cm_tensor *held = *box;
    *box = NULL;
    cm_release(cmL_ctx(L), held);
    return 0;
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
        return luaL_error(L, "a single number has no length");
    lua_pushinteger(L, t->shape.dims[0]);
    return 1;
}

/* Fields: shape (a fresh table), ndim, count, dtype, tracked; all else are methods. */
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
    } else {
        return luaL_error(L, "a tensor has no field or method %s", luaL_tolstring(L, 2, NULL));
    }
    return 1;
}

static const luaL_Reg functions[] = {{"tensor", l_tensor},   {"full", l_full},
                                     {"uniform", l_uniform}, {"normal", l_normal},
                                     {"from_bytes", l_from_bytes}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", t_free},   {"__close", t_free}, {"__tostring", t_tostring},
                                {"__len", t_len},   {NULL, NULL}};
static const luaL_Reg methods[] = {{"item", t_item},       {"totable", t_totable},
                                   {"clone", t_clone},     {"detach", t_detach},
                                   {"copy_", t_copy},      {"track", t_track},
                                   {"tobytes", t_tobytes}, {"isfinite", t_isfinite},
                                   {"free", t_free},       {NULL, NULL}};

void cmL_open_tensor(lua_State *L)
{
    cmL_class(L, CML_TENSOR, meta, NULL);
    luaL_getmetatable(L, CML_TENSOR);
    lua_newtable(L); /* the methods; the ops join them (l_ops.c) */
    lua_pushvalue(L, -3);
    cmL_register(L, methods);
    lua_pushvalue(L, -2);
    lua_setfield(L, -4, "methods");
    lua_pushvalue(L, -1);
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, t_index, 2);
    lua_setfield(L, -4, "__index");
    lua_pop(L, 3);
    cmL_register(L, functions);
}
