/* cmL.c - the helpers of the binding. */
#include "bind/cmL.h"
#include "bind/state.h"
#include "bind/trace.h"
#include "io/text.h"
#include "ops/signature.h"
#include <string.h>

#define SHOWN ((size_t)80)       /* bytes of something given that a message repeats */
#define PACE  ((size_t)4 << 20)  /* bytes allocated between two steps of the collector */
#define SLACK ((size_t)32 << 20) /* live bytes above twice the floor that trigger a full one */
#define ROUND ((size_t)1 << 30)  /* bytes allocated after which a full one always comes */

cm_ctx *cmL_ctx(lua_State *L)
{
    return &((cmL_state *)lua_touserdata(L, lua_upvalueindex(1)))->cx;
}

/* The collector sees a box as a few bytes, whatever it holds. Every few megabytes it is given a
 * step. In generational mode (which lua5.4 itself starts in) a step collects the young alone, and a
 * box that was old before it died would wait for the Lua heap to double: so a full collection is
 * run when live bytes have doubled, and from time to time, lest such boxes accumulate in a long
 * training. */
static void keep_pace(lua_State *L, cmL_state *state)
{
    const cm_mem *mem = &state->cx.mem;
    size_t grown = mem->total - state->paced;
    if (!state->stress && grown <= PACE)
        return;
    if (lua_gc(L, LUA_GCISRUNNING) <=
        0) /* also within a finaliser; a step would run although the user stopped the collector */
        return;
    state->paced = mem->total;
    if (state->stress || mem->live > 2 * state->floor + SLACK || mem->total - state->full > ROUND) {
        lua_gc(L, LUA_GCCOLLECT);
        state->full = mem->total;
        state->floor = mem->live;
        return;
    }
#if LUA_VERSION_NUM >= 505
    lua_gc(L, LUA_GCSTEP, grown); /* bytes */
#else
    lua_gc(L, LUA_GCSTEP, (int)(grown >> 10)); /* kilobytes */
#endif
}

cm_ctx *cmL_enter(lua_State *L)
{
    cmL_state *state = lua_touserdata(L, lua_upvalueindex(1));
    if (state->cx.closed)
        luaL_error(L, "cmml: used after its Lua state began to close");
    keep_pace(L, state);
    cm_error_clear(&state->cx); /* one may be left if reporting it ran out of memory */
    return &state->cx;
}

/* Functions whose calls no trace shows: metamethods, of which finalisers may run at any time. */
static void register_untraced(lua_State *L, const luaL_Reg *functions)
{
    for (; functions->name; functions++) {
        lua_pushvalue(L, -1);
        lua_pushcclosure(L, functions->func, 1);
        lua_setfield(L, -3, functions->name);
    }
}

void cmL_register_methods(lua_State *L, const luaL_Reg *functions, const char *class)
{
    class = class ? strrchr(class, '.') + 1 : NULL;
    for (; functions->name; functions++) {
        lua_pushvalue(L, -1);
        if (class)
            lua_pushfstring(L, "%s:%s", class, functions->name);
        else
            lua_pushstring(L, functions->name);
        cmL_push_traced(L, functions->func);
        lua_setfield(L, -3, functions->name);
    }
}

void cmL_register(lua_State *L, const luaL_Reg *functions)
{
    cmL_register_methods(L, functions, NULL);
}

void cmL_register_testing(lua_State *L, const luaL_Reg *functions)
{
    luaL_getsubtable(L, -2, "testing");
    lua_pushvalue(L, -2); /* module, context, testing, context */
    cmL_register(L, functions);
    lua_pop(L, 2);
}

void cmL_class(lua_State *L, const char *name, const luaL_Reg *meta, const luaL_Reg *methods)
{
    luaL_newmetatable(L, name);
    lua_pushvalue(L, -2);
    register_untraced(L, meta);
    lua_createtable(L, 0, 1); /* what getmetatable gives: __gc is out of reach of scripts */
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_setfield(L, -3, "__metatable");
    if (methods) {
        lua_newtable(L);
        lua_pushvalue(L, -2);
        cmL_register_methods(L, methods, name);
        lua_pop(L, 1);
        lua_setfield(L, -3, "__index");
    }
    lua_pop(L, 2);
}

bool cmL_may_free(lua_State *L)
{
#if LUA_VERSION_RELEASE_NUM >= 50404
    return lua_gc(L, LUA_GCISRUNNING) >= 0;
#else
    return lua_gc(L, LUA_GCISRUNNING) == 1;
#endif
}

int64_t cmL_check_length(lua_State *L, int arg)
{
    lua_Unsigned n = lua_rawlen(L, arg);
    if (n > INT32_MAX)
        luaL_error(L, "a list of more than %d entries", INT32_MAX);
    return (int64_t)n;
}

int cmL_raise(lua_State *L, cm_ctx *cx, const char *what)
{
    lua_pushfstring(L, "%s: %s", what,
                    cm_error_code(cx) == CM_ERR_OK ? "failed for no recorded reason"
                                                   : cm_error_text(cx));
    cm_error_clear(cx);
    return luaL_error(L, "%s", lua_tostring(L, -1));
}

int cmL_fail(lua_State *L, cm_ctx *cx)
{
    lua_pushnil(L);
    lua_pushstring(L, cm_error_text(cx));
    cm_error_clear(cx);
    return 2;
}

/* The box at `index` if it is a tensor's. Most arguments are tensors, and looking up their class by
 * name would cost as much as a small op. */
static cm_tensor **tensor_box(lua_State *L, int index)
{
    const cmL_state *state = lua_touserdata(L, lua_upvalueindex(1));
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index))
        return NULL;
    bool is_tensor = lua_topointer(L, -1) == state->tensor_class;
    lua_pop(L, 1);
    return is_tensor ? lua_touserdata(L, index) : NULL;
}

const char *cmL_tolstring(lua_State *L, int index, size_t *len)
{
    if (lua_type(L, index) != LUA_TNUMBER || lua_isinteger(L, index))
        return luaL_tolstring(L, index, len);
    char text[CM_NUMBER_BYTES + 2];
    size_t used = cm_number_write(lua_tonumber(L, index), 14, text);
    if (strspn(text, "-0123456789") == used) /* looks like an integer, but is none */
        strcpy(text + used, ".0");
    lua_pushstring(L, text);
    return lua_tolstring(L, -1, len);
}

const char *cmL_check_text(lua_State *L, int arg, size_t *len)
{
    if (lua_type(L, arg) == LUA_TNUMBER) { /* the string takes its place */
        cmL_tolstring(L, arg, NULL);
        lua_replace(L, arg);
    }
    return luaL_checklstring(L, arg, len);
}

const char *cmL_shown_text(lua_State *L, const char *text, size_t len)
{
    size_t most = CM_MIN(len, SHOWN), whole = most;
    while (len > SHOWN && most > 0 && ((unsigned char)text[most] & 0xC0) == 0x80)
        most--; /* no letter is cut */
    if (most == 0)
        most = whole;
    luaL_Buffer shown;
    luaL_buffinit(L, &shown);
    for (size_t i = 0; i < most; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != 0x7F) {
            luaL_addchar(&shown, text[i]);
        } else {
            lua_pushfstring(L, "\\%d", c);
            luaL_addvalue(&shown);
        }
    }
    luaL_pushresult(&shown);
    if (len > SHOWN)
        lua_pushfstring(L, "%s.. (%I bytes)", lua_tostring(L, -1), (lua_Integer)len);
    return lua_tostring(L, -1);
}

const char *cmL_shown(lua_State *L, int index)
{
    size_t len;
    const char *text = cmL_tolstring(L, index, &len);
    return cmL_shown_text(L, text, len);
}

int cmL_check_option(lua_State *L, int arg, const char *fallback, const char *const names[])
{
    if (lua_isnoneornil(L, arg) || lua_type(L, arg) != LUA_TSTRING || lua_rawlen(L, arg) <= SHOWN)
        return luaL_checkoption(L, arg, fallback, names);
    const char *text = lua_pushfstring(L, "invalid option '%s'", cmL_shown(L, arg));
    return luaL_argerror(L, arg, text);
}

int cmL_finish(lua_State *L, cm_ctx *cx, size_t mark, cm_tensor **box, cm_tensor *result,
               const char *what)
{
    if (result)
        cm_retain(result);
    *box = result;
    cm_scope_end(cx, mark);
    return result ? 1 : cmL_raise(L, cx, what);
}

static void *check_box(lua_State *L, int arg, const char *name)
{
    void **box = luaL_checkudata(L, arg, name);
    if (!*box)
        luaL_argerror(L, arg, "released: it was freed or closed before");
    return *box;
}

cm_tensor *cmL_check_tensor(lua_State *L, int arg)
{
    cm_tensor **box = tensor_box(L, arg);
    return box && *box ? *box : check_box(L, arg, CML_TENSOR);
}

cm_ids *cmL_check_ids(lua_State *L, int arg)
{
    return check_box(L, arg, CML_IDS);
}

cm_ids *cmL_check_segments(lua_State *L, int arg)
{
    return check_box(L, arg, CML_SEGMENTS);
}

cm_times *cmL_check_times(lua_State *L, int arg)
{
    return check_box(L, arg, CML_TIMES);
}

cm_tensor *cmL_test_tensor(lua_State *L, int index)
{
    cm_tensor **box = tensor_box(L, index);
    return box ? *box : NULL;
}

const char *cmL_kind(lua_State *L, int index)
{
    cm_tensor **box = tensor_box(L, index);
    return box && !*box ? "one that was freed or closed" : luaL_typename(L, index);
}

cm_shape cmL_check_shape(lua_State *L, int arg, int64_t base)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    lua_Integer n = (lua_Integer)lua_rawlen(L, arg);
    luaL_argcheck(L, n <= CM_MAX_DIMS, arg, "too many dims: at most 6 are supported");
    cm_shape shape = {.ndim = (int)n};
    for (int d = 0; d < shape.ndim; d++) {
        int whole;
        lua_rawgeti(L, arg, d + 1);
        lua_Integer value = lua_tointegerx(L, -1, &whole);
        if (!whole)
            luaL_argerror(L, arg, "a list of whole numbers was expected");
        shape.dims[d] = value < INT64_MIN + base ? INT64_MIN : value - base;
        lua_pop(L, 1);
    }
    return shape;
}

int cmL_check_dim(lua_State *L, int arg, int ndim)
{
    lua_Integer dim = luaL_checkinteger(L, arg);
    lua_Integer from0 = dim < 0 ? dim + ndim : dim - 1;
    if (dim == 0 || from0 < 0 || from0 >= ndim) {
        const char *text = lua_pushfstring(L, "dim %I of a tensor with %d dims", dim, ndim);
        luaL_argerror(L, arg, text);
    }
    return (int)from0;
}

cm_activation cmL_check_activation(lua_State *L, int arg)
{
    return (cm_activation)cmL_check_option(L, arg, "identity", cm_activation_names);
}

/* Raises unless there is a table to look for a field in. */
static void check_table(lua_State *L, int index, const char *name)
{
    if (lua_istable(L, index))
        return;
    const char *text = lua_pushfstring(L, "a table with the field %s was expected, not %s", name,
                                       luaL_typename(L, index));
    if (index > 0)
        luaL_argerror(L, index, text);
    luaL_error(L, "%s", text);
}

void *cmL_check_field(lua_State *L, int index, const char *name, const char *class)
{
    check_table(L, index, name);
    lua_pushstring(L, name);
    lua_rawget(L, index);
    void **box = luaL_testudata(L, -1, class);
    if (!box || !*box) {
        const char *got = box ? "one that was freed or closed" : luaL_typename(L, -1);
        luaL_error(L, "the field %s must hold %s, not %s", name, class, got);
    }
    return *box;
}

int64_t cmL_field_integer(lua_State *L, int index, const char *name, int64_t fallback)
{
    int whole = 1;
    check_table(L, index, name);
    lua_getfield(L, index, name);
    int64_t value = lua_isnil(L, -1) ? fallback : lua_tointegerx(L, -1, &whole);
    if (!whole)
        luaL_error(L, "%s must be a whole number, not %s", name, cmL_shown(L, -1));
    lua_pop(L, 1);
    return value;
}

int64_t cmL_field_within(lua_State *L, int index, const char *name, int64_t fallback, int64_t from,
                         int64_t to)
{
    int64_t value = cmL_field_integer(L, index, name, fallback);
    if (value < from || value > to)
        luaL_error(L, "%s must be from %I to %I, not %I", name, (lua_Integer)from, (lua_Integer)to,
                   (lua_Integer)value);
    return value;
}

uint32_t cmL_field_key(lua_State *L, int index, const char *name, uint32_t fallback)
{
    return (uint32_t)cmL_field_within(L, index, name, fallback, 0, UINT32_MAX);
}

double cmL_field_number(lua_State *L, int index, const char *name, double fallback)
{
    int number = 1;
    check_table(L, index, name);
    lua_getfield(L, index, name);
    double value = lua_isnil(L, -1) ? fallback : lua_tonumberx(L, -1, &number);
    if (!number)
        luaL_error(L, "%s must be a number, not %s", name, cmL_shown(L, -1));
    lua_pop(L, 1);
    return value;
}

bool cmL_field_bool(lua_State *L, int index, const char *name, bool fallback)
{
    check_table(L, index, name);
    lua_getfield(L, index, name);
    bool value = lua_isnil(L, -1) ? fallback : lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

void cmL_read_ids(lua_State *L, cm_ctx *cx, int arg, cm_ids **box, const char *what)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    lua_Integer n = (lua_Integer)lua_rawlen(L, arg);
    cm_ids *ids = *box = cm_ids_new(cx, n);
    if (!ids) {
        cmL_raise(L, cx, what);
        return;
    }
    for (lua_Integer i = 0; i < n; i++) {
        int whole;
        lua_rawgeti(L, arg, i + 1);
        lua_Integer value = lua_tointegerx(L, -1, &whole);
        if (!whole || value < 0 || value > INT32_MAX)
            luaL_error(L, "%s: entry %I is %s, not a whole number from 0 to 2147483647", what,
                       i + 1, cmL_shown(L, -1));
        ids->values[i] = (int32_t)value - 1;
        lua_pop(L, 1);
    }
    cm_ids_seal(ids);
}
