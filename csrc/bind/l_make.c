/* l_make.c - making tensors in Lua.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include <string.h>

/* --- reading nested tables ------------------------------------------------------------------- */

/* The shape of the nested table at `arg`, from its first entries. */
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

/* Raises unless the nested table on top of the stack is rectangular: before memory is allocated for
 * the shape that its first rows suggest. */
static void check_rows(lua_State *L, const cm_shape *shape, int dim)
{
    if (dim == shape->ndim)
        return;
    if (!lua_istable(L, -1) || (int64_t)lua_rawlen(L, -1) != shape->dims[dim])
        luaL_error(L, "tensor: rows differ in size: a row of %I was expected in dim %d",
                   (lua_Integer)shape->dims[dim], dim + 1);
    for (int64_t i = 1; dim + 1 < shape->ndim && i <= shape->dims[dim]; i++) {
        lua_rawgeti(L, -1, i);
        check_rows(L, shape, dim + 1);
        lua_pop(L, 1);
    }
}

/* Copies the nested table on top of the stack, whose rows were checked. */
static cm_real *copy_table(lua_State *L, const cm_shape *shape, int dim, cm_real *at)
{
    if (dim == shape->ndim) {
        int number;
        *at = (cm_real)lua_tonumberx(L, -1, &number);
        if (!number || lua_type(L, -1) != LUA_TNUMBER)
            luaL_error(L, "tensor: a number was expected, not %s", luaL_typename(L, -1));
        return at + 1;
    }
    for (int64_t i = 1; i <= shape->dims[dim]; i++) {
        lua_rawgeti(L, -1, i);
        at = copy_table(L, shape, dim + 1, at);
        lua_pop(L, 1);
    }
    return at;
}

/*** A tensor from a number, or from nested lists of equal length. Raises if lists differ in length,
 * are nested deeper than six, or hold anything but numbers.
 * @function tensor
 * @tparam number|table values {{1, 2}, {3, 4}} gives shape 2x2
 * @treturn Tensor of the shape of the lists; untracked */
static int l_tensor(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    if (!lua_istable(L, 1))
        luaL_checknumber(L, 1);
    cm_shape shape = shape_of_table(L, 1);
    cm_tensor **box = cmL_push_tensor(L);
    lua_pushvalue(L, 1); /* from here on no finaliser can change the rows */
    check_rows(L, &shape, 0);
    lua_pop(L, 1);
    size_t mark = cm_scope_begin(cx);
    cmL_finish(L, cx, mark, box, cm_tensor_new(cx, &shape), "tensor");
    lua_pushvalue(L, 1);
    copy_table(L, &shape, 0, cm_data(*box));
    lua_pop(L, 1);
    return 1;
}

/*** A tensor of one value.
 * @function full
 * @tparam table shape {2, 3}; {} for a scalar
 * @tparam number value of every element
 * @treturn Tensor of that shape; untracked */
static int l_full(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_shape shape = cmL_check_shape(L, 1, 0);
    double value = luaL_checknumber(L, 2);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    return cmL_finish(L, cx, mark, box, cm_tensor_full(cx, &shape, value), "full");
}

/* What a key says: the fields seed, epoch, task, stream of a table. */
typedef struct random_key {
    uint64_t seed;
    uint32_t epoch, task;
    cm_rng_stream stream;
} random_key;

static random_key check_key(lua_State *L, int arg)
{
    random_key key = {.stream = CM_STREAM_USER};
    if (lua_isnoneornil(L, arg))
        return key;
    luaL_checktype(L, arg, LUA_TTABLE);
    key.seed = (uint64_t)cmL_field_integer(L, arg, "seed", 0);
    key.epoch = cmL_field_key(L, arg, "epoch", 0);
    key.task = cmL_field_key(L, arg, "task", 0);
    key.stream = (cm_rng_stream)cmL_field_within(L, arg, "stream", CM_STREAM_USER, 0, INT_MAX);
    return key;
}

/* The field tasks of a key, which stays on the stack: the task of each row of a shape. NULL if
 * there is none. */
static const cm_ids *check_tasks(lua_State *L, int arg, const cm_shape *shape, const char *what)
{
    if (!lua_istable(L, arg))
        return NULL;
    lua_getfield(L, arg, "tasks");
    if (lua_isnil(L, -1))
        return NULL;
    const cm_ids *tasks = cmL_check_field(L, arg, "tasks", CML_IDS);
    if (shape->ndim == 0)
        luaL_error(L, "%s: key: a scalar has no rows for tasks; give task", what);
    if (tasks->count != shape->dims[0])
        luaL_error(L, "%s: key: tasks must name a task for each of the %I rows, but has %I", what,
                   (lua_Integer)shape->dims[0], (lua_Integer)tasks->count);
    return tasks;
}

static int random_tensor(lua_State *L, bool normal, const char *what)
{
    cm_ctx *cx = cmL_enter(L);
    lua_settop(L, 4);
    cm_shape shape = cmL_check_shape(L, 1, 0);
    double a = luaL_optnumber(L, 2, 0), b = luaL_optnumber(L, 3, 1);
    random_key key = check_key(L, 4);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cmL_finish(L, cx, mark, box, cm_tensor_new(cx, &shape), what);
    const cm_ids *tasks = check_tasks(L, 4, &shape, what);
    cm_real *x = cm_data(*box);
    int64_t rows = tasks ? tasks->count : 1, width = (*box)->count / CM_MAX(rows, 1);
    for (int64_t row = 0; row < rows; row++) {
        uint32_t task = tasks ? (uint32_t)tasks->values[row] + 1 : key.task;
        cm_rng rng = cm_rng_keyed(key.seed, key.epoch, task, key.stream);
        for (int64_t i = row * width; i < (row + 1) * width; i++)
            x[i] = (cm_real)(normal ? a + b * cm_rng_normal(&rng)
                                    : a + (b - a) * cm_rng_uniform(&rng));
    }
    lua_settop(L, 5);
    return 1;
}

/*** Independent uniform random numbers.
 * @function uniform
 * @tparam table shape {2, 3}; {} for a scalar
 * @tparam[opt=0] number low lower bound
 * @tparam[opt=1] number high upper bound, excluded
 * @tparam[opt] table key seed, epoch, task, stream: the same key gives the same numbers. With tasks
 * (Ids, one for each row of the first dim) instead of task every row is drawn for a task of its
 * own, whatever rows stand beside it
 * @treturn Tensor */
static int l_uniform(lua_State *L)
{
    return random_tensor(L, false, "uniform");
}

/*** Independent normal random numbers.
 * @function normal
 * @tparam table shape {2, 3}; {} for a scalar
 * @tparam[opt=0] number mean of the distribution
 * @tparam[opt=1] number deviation standard deviation
 * @tparam[opt] table key as for uniform
 * @treturn Tensor */
static int l_normal(lua_State *L)
{
    return random_tensor(L, true, "normal");
}

/*** A tensor from raw bytes in the byte order of this machine and the type of the core, as
 * Tensor:tobytes gives them.
 * @function from_bytes
 * @tparam table shape {2, 3}; {} for a scalar
 * @tparam string bytes in row-major order; raises unless their number fits the shape
 * @treturn Tensor of that shape; untracked */
static int l_from_bytes(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_shape shape = cmL_check_shape(L, 1, 0);
    size_t size;
    const char *bytes = cmL_check_text(L, 2, &size);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cmL_finish(L, cx, mark, box, cm_tensor_new(cx, &shape), "from_bytes");
    if (size != (size_t)(*box)->count * sizeof(cm_real))
        return luaL_error(L, "from_bytes: %I bytes for %I numbers", (lua_Integer)size,
                          (lua_Integer)(*box)->count);
    memcpy(cm_data(*box), bytes, size);
    return 1;
}

static const luaL_Reg functions[] = {{"tensor", l_tensor},         {"full", l_full},
                                     {"uniform", l_uniform},       {"normal", l_normal},
                                     {"from_bytes", l_from_bytes}, {NULL, NULL}};

void cmL_open_make(lua_State *L)
{
    cmL_register(L, functions);
}
