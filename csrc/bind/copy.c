/* copy.c - values of one Lua state copied into another.
 *
 * Errors are raised on `to`. Nothing is done on `from` that can raise there, for that would jump
 * past the functions that run on `to`: its tables are read raw, its strings are no numbers in
 * disguise, and room on its stack is asked for by lua_checkstack. */
#include "bind/cmL.h"
#include "bind/state.h"
#include <string.h>

#define DEEPEST 64

static void copy_value(lua_State *from, int index, lua_State *to, int depth);

static void *held(lua_State *L, int index, const char *class)
{
    void **box = luaL_testudata(L, index, class);
    return box ? *box : NULL;
}

static void copy_ids(const cm_ids *ids, lua_State *to, cm_ids **box)
{
    cm_ctx *cx = cmL_enter(to);
    *box = cm_ids_new(cx, ids->count);
    if (!*box) {
        cmL_raise(to, cx, "copy");
        return;
    }
    memcpy((*box)->values, ids->values, (size_t)ids->count * sizeof *ids->values);
    cm_ids_seal(*box);
}

static void copy_times(const cm_times *times, lua_State *to, cm_times **box)
{
    cm_ctx *cx = cmL_enter(to);
    *box = cm_times_new(cx, times->count);
    if (!*box) {
        cmL_raise(to, cx, "copy");
        return;
    }
    memcpy((*box)->values, times->values, (size_t)times->count * sizeof *times->values);
}

static void copy_tensor(const cm_tensor *tensor, lua_State *to)
{
    cm_ctx *cx = cmL_enter(to);
    cm_tensor **box = cmL_push_tensor(to);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *copy = cm_tensor_new(cx, &tensor->shape);
    if (copy)
        cm_tensor_copy(copy, tensor);
    (void)cmL_finish(to, cx, mark, box, copy, "copy");
}

static void copy_userdata(lua_State *from, int index, lua_State *to)
{
    const void *object;
    if ((object = cmL_test_tensor(from, index)))
        copy_tensor(object, to);
    else if ((object = held(from, index, CML_IDS)))
        copy_ids(object, to, cmL_push_ids(to));
    else if ((object = held(from, index, CML_SEGMENTS)))
        copy_ids(object, to, cmL_push_segments(to));
    else if ((object = held(from, index, CML_TIMES)))
        copy_times(object, to, cmL_push_times(to));
    else
        luaL_error(to, "copy: only Tensors, Ids, Segments and Times that were not released can be "
                       "copied to another thread, no other userdata");
}

static void copy_table(lua_State *from, int index, lua_State *to, int depth)
{
    if (depth == DEEPEST)
        luaL_error(to, "copy: tables nested more than %d deep", DEEPEST);
    if (!lua_checkstack(from, 3))
        luaL_error(to, "copy: out of memory");
    luaL_checkstack(to, 8, "copy");
    lua_newtable(to);
    for (lua_pushnil(from); lua_next(from, index); lua_pop(from, 1)) {
        copy_value(from, lua_gettop(from) - 1, to, depth);
        copy_value(from, lua_gettop(from), to, depth);
        lua_rawset(to, -3);
    }
}

static void copy_value(lua_State *from, int index, lua_State *to, int depth)
{
    size_t length;
    const char *text;
    switch (lua_type(from, index)) {
    case LUA_TNIL:
        lua_pushnil(to);
        break;
    case LUA_TBOOLEAN:
        lua_pushboolean(to, lua_toboolean(from, index));
        break;
    case LUA_TNUMBER:
        if (lua_isinteger(from, index))
            lua_pushinteger(to, lua_tointeger(from, index));
        else
            lua_pushnumber(to, lua_tonumber(from, index));
        break;
    case LUA_TSTRING:
        text = lua_tolstring(from, index, &length);
        lua_pushlstring(to, text, length);
        break;
    case LUA_TTABLE:
        copy_table(from, index, to, depth + 1);
        break;
    case LUA_TUSERDATA:
        copy_userdata(from, index, to);
        break;
    default:
        luaL_error(to, "copy: a %s cannot be copied to another thread",
                   lua_typename(from, lua_type(from, index)));
    }
}

void cmL_copy(lua_State *from, int index, lua_State *to)
{
    copy_value(from, lua_absindex(from, index), to, 0);
}
