/* signature.c - see signature.h. */
#include "bind/signature.h"

bool cmL_signature_parse(cmL_signature *signature, const cm_op *op)
{
    signature->op = op;
    return cm_signature_parse(&signature->of, op->args);
}

static void add_tensor(lua_State *L, cmL_inputs *in, int arg, cm_tensor *tensor)
{
    luaL_argcheck(L, in->n < CM_MAX_INPUTS, arg, "too many tensors: at most 64");
    in->tensor[in->n++] = tensor;
}

static void read_list(lua_State *L, cmL_inputs *in, int arg)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    lua_Integer n = (lua_Integer)lua_rawlen(L, arg);
    luaL_argcheck(L, n > 0, arg, "a list of at least one tensor was expected");
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, arg, i);
        cm_tensor *tensor = cmL_test_tensor(L, -1);
        if (!tensor) {
            const char *text =
                lua_pushfstring(L, "entry %I is %s, not a tensor", i, cmL_kind(L, -1));
            luaL_argerror(L, arg, text);
        }
        add_tensor(L, in, arg, tensor);
        lua_pop(L, 1); /* the list anchors it */
    }
}

/* The dims that a `d` argument refers to: those of the first tensor. */
static int first_ndim(const cmL_inputs *in)
{
    return in->n > 0 && in->tensor[0] ? in->tensor[0]->shape.ndim : 0;
}

static void read_integer(lua_State *L, const cm_arg *arg, int index, const cmL_inputs *in,
                         int64_t *out)
{
    bool absent = lua_isnoneornil(L, index);
    switch (arg->kind) {
    case 'b':
        *out = absent ? arg->fallback != 0 : lua_toboolean(L, index);
        break;
    case 'a':
        *out = cmL_check_activation(L, index);
        break;
    case 'd':
        if (absent && arg->optional && !arg->has_default) {
            *out = -1;
            break;
        }
        if (absent && arg->has_default)
            lua_pushinteger(L, (lua_Integer)arg->fallback);
        else
            lua_pushvalue(L, index);
        lua_replace(L, index);
        *out = cmL_check_dim(L, index, first_ndim(in));
        break;
    default: /* 'i', 'r' */
        *out = absent && arg->optional ? (int64_t)arg->fallback : luaL_checkinteger(L, index);
        if (arg->kind == 'r')
            *out = CM_MAX(*out, 0) - 1; /* rows below 1 are refused by the op */
    }
}

void cmL_signature_read(lua_State *L, const cmL_signature *signature, cmL_inputs *in)
{
    int ints = 0, reals = 0, lists = 0;
    *in = (cmL_inputs){.n = 0};
    lua_settop(L, signature->of.count);
    for (int k = 0; k < signature->of.count; k++) {
        const cm_arg *arg = &signature->of.args[k];
        int index = k + 1;
        bool absent = lua_isnil(L, index);
        switch (arg->kind) {
        case 'T':
            read_list(L, in, index);
            break;
        case 't':
            if (!absent || !arg->optional)
                add_tensor(L, in, index, cmL_check_tensor(L, index));
            break;
        case 'n':
            if (lua_type(L, index) == LUA_TNUMBER) {
                in->number[in->n] = lua_tonumber(L, index);
                add_tensor(L, in, index, NULL);
            } else {
                add_tensor(L, in, index, cmL_check_tensor(L, index));
            }
            break;
        case 'x':
            in->p.x[reals++] = absent && arg->optional ? arg->fallback : luaL_checknumber(L, index);
            break;
        case 's':
            in->p.shape = cmL_check_shape(L, index, 0);
            break;
        case 'p':
            in->p.shape = cmL_check_shape(L, index, 1);
            break;
        case 'I':
            in->p.ids[lists++] = absent && arg->optional ? NULL : cmL_check_ids(L, index);
            break;
        case 'S':
            in->p.ids[lists++] = absent && arg->optional ? NULL : cmL_check_segments(L, index);
            break;
        default:
            read_integer(L, arg, index, in, &in->p.i[ints++]);
        }
    }
}

void cmL_signature_push(lua_State *L, const cmL_signature *signature)
{
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    luaL_addstring(&text, signature->op->name);
    luaL_addchar(&text, '(');
    for (int k = 0; k < signature->of.count; k++) {
        if (k > 0)
            luaL_addstring(&text, ", ");
        luaL_addstring(&text, signature->of.args[k].name);
        if (signature->of.args[k].optional)
            luaL_addchar(&text, '?');
    }
    luaL_addchar(&text, ')');
    luaL_pushresult(&text);
}
