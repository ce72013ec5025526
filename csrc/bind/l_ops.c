/* l_ops.c - all ops: each is a Lua function, a tensor method and (where it has one) a metamethod,
 * from its descriptor alone. */
#include "bind/signature.h"
#include "bind/trace.h"
#include <string.h>

static int apply(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    const cmL_signature *signature = lua_touserdata(L, lua_upvalueindex(2));
    cmL_inputs in;
    cmL_signature_read(L, signature, &in);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    for (int i = 0; i < in.n; i++)
        if (!in.tensor[i])
            in.tensor[i] = cm_tensor_full(cx, &(cm_shape){.ndim = 0}, in.number[i]);
    cm_tensor *out = cm_apply(cx, signature->op, in.tensor, in.n, &in.p);
    return cmL_finish(L, cx, mark, box, out, signature->op->name);
}

/* Upvalues: context, signature. */
static int l_apply(lua_State *L)
{
    const cmL_signature *signature = lua_touserdata(L, lua_upvalueindex(2));
    return cmL_call(L, apply, signature->op->name);
}

static void push_op(lua_State *L, const cm_op *op)
{
    cmL_signature *signature = lua_newuserdatauv(L, sizeof *signature, 0);
    if (!cmL_signature_parse(signature, op))
        luaL_error(L, "op %s: its args \"%s\" cannot be read", op->name, op->args);
    lua_pushvalue(L, -2); /* context */
    lua_insert(L, -2);
    lua_pushcclosure(L, l_apply, 2);
}

/* The form of an op, as tests and documentation name it. */
static const char *form_of(const cm_op *op)
{
    if (!op->eval && !op->view)
        return "composite";
    return op->expand ? "fused" : "primitive";
}

/*** All ops.
 * @function ops
 * @treturn table by name: signature, args (in the language of `signature.h`), meta (the metamethod
 * that it is, if any), doc, form ("primitive", "composite", "fused"), differentiable, nondiff (has
 * no gradient by definition) */
static int l_ops(lua_State *L)
{
    lua_newtable(L);
    for (const cm_op *const *at = cm_op_table; *at; at++) {
        const cm_op *op = *at;
        cmL_signature signature;
        lua_createtable(L, 0, 7);
        if (cmL_signature_parse(&signature, op)) {
            cmL_signature_push(L, &signature);
            lua_setfield(L, -2, "signature");
        }
        lua_pushstring(L, op->args);
        lua_setfield(L, -2, "args");
        lua_pushstring(L, op->meta); /* nil for NULL */
        lua_setfield(L, -2, "meta");
        lua_pushstring(L, op->doc);
        lua_setfield(L, -2, "doc");
        lua_pushstring(L, form_of(op));
        lua_setfield(L, -2, "form");
        lua_pushboolean(L, op->vjp || op->expand);
        lua_setfield(L, -2, "differentiable");
        lua_pushboolean(L, (op->flags & CM_NONDIFF) != 0);
        lua_setfield(L, -2, "nondiff");
        lua_setfield(L, -2, op->name);
    }
    return 1;
}

/* testing.apply_expanded(name, ...): applies a composite or fused op to its arguments by its
 * definition in other ops, whatever kernels it has, to check fused ops. */
static int l_apply_expanded(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    const char *name = cmL_check_text(L, 1, NULL);
    const cm_op *const *at = cm_op_table;
    while (*at && strcmp((*at)->name, name) != 0)
        at++;
    cmL_signature signature;
    if (!*at || !(*at)->expand || !cmL_signature_parse(&signature, *at))
        return luaL_error(L, "apply_expanded: no composite or fused op is called %s", name);
    lua_remove(L, 1);
    cmL_inputs in;
    cmL_signature_read(L, &signature, &in);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    return cmL_finish(L, cx, mark, box, cm_apply_expanded(cx, *at, in.tensor, in.n, &in.p),
                      (*at)->name);
}

static const luaL_Reg functions[] = {{"ops", l_ops}, {NULL, NULL}};
static const luaL_Reg testing[] = {{"apply_expanded", l_apply_expanded}, {NULL, NULL}};

void cmL_open_ops(lua_State *L)
{
    luaL_getmetatable(L, CML_TENSOR);
    lua_getfield(L, -1, "methods");
    lua_pushvalue(L, -3); /* module, context, metatable, methods, context */
    for (const cm_op *const *at = cm_op_table; *at; at++) {
        push_op(L, *at);
        lua_pushvalue(L, -1);
        lua_setfield(L, -7, (*at)->name);
        if ((*at)->meta) {
            lua_pushvalue(L, -1);
            lua_setfield(L, -5, (*at)->meta);
        }
        lua_setfield(L, -3, (*at)->name);
    }
    lua_pop(L, 1);
    lua_pushnil(L);
    lua_setfield(L, -3, "methods"); /* out of reach of scripts from here on */
    lua_pop(L, 2);
    cmL_register(L, functions);
    cmL_register_testing(L, testing);
}
