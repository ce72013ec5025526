/* l_optim.c - optimisers in Lua.
 *
 * @classmod cmml.Optimizer */
#include "bind/cmL.h"
#include <math.h>

#define CML_OPTIM CML_NAME("Optimizer")

static cm_optim *check_optim(lua_State *L)
{
    cm_optim **box = luaL_checkudata(L, 1, CML_OPTIM);
    if (!*box)
        luaL_argerror(L, 1, "released: the optimiser was freed before");
    return *box;
}

/*** An optimiser of parameters, whose numbers it moves into one block.
 * @function optimizer
 * @tparam table params list of leaf tensors
 * @treturn Optimizer */
static int l_optimizer(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    int n = (int)cmL_check_length(L, 1);
    cm_tensor **params = lua_newuserdatauv(L, (size_t)CM_MAX(n, 1) * sizeof *params, 0);
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, 1, i + 1);
        params[i] = cmL_test_tensor(L, -1);
        luaL_argcheck(L, params[i], 1, "a list of tensors was expected");
        lua_pop(L, 1);
    }
    cm_optim **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = NULL;
    luaL_setmetatable(L, CML_OPTIM);
    *box = cm_optim_new(cx, params, n);
    return *box ? 1 : cmL_raise(L, cx, "optimizer");
}

/*** Adds the gradients of a loss to the gradient block, and uses up its graph.
 * @function Optimizer:backward
 * @tparam Tensor loss a single number
 * @treturn Optimizer itself */
static int o_backward(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_optim *optim = check_optim(L);
    if (!cm_optim_backward(cx, optim, cmL_check_tensor(L, 2)))
        return cmL_raise(L, cx, "backward");
    lua_settop(L, 1);
    return 1;
}

/*** One step of Adam from the gradient block, which is zero afterwards.
 * @function Optimizer:adam
 * @tparam table options lr, beta1, beta2, eps, weight_decay, clip (entries of the gradient are
 * limited to [-clip, clip]), decoupled (AdamW)
 * @treturn Optimizer itself */
static int o_adam(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    /* Reading the options may run a metamethod, so the optimiser is looked up after them. */
    cm_adam_options options = {.lr = cmL_field_number(L, 2, "lr", 1e-3),
                               .beta1 = cmL_field_number(L, 2, "beta1", 0.9),
                               .beta2 = cmL_field_number(L, 2, "beta2", 0.999),
                               .eps = cmL_field_number(L, 2, "eps", 1e-8),
                               .weight_decay = cmL_field_number(L, 2, "weight_decay", 0),
                               .clip = cmL_field_number(L, 2, "clip", HUGE_VAL),
                               .decoupled = cmL_field_bool(L, 2, "decoupled", false)};
    if (!cm_optim_adam(cx, check_optim(L), &options))
        return cmL_raise(L, cx, "adam");
    lua_settop(L, 1);
    return 1;
}

static int push_list(lua_State *L, cm_tensor *const *list, int n)
{
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        cm_tensor **box = cmL_push_tensor(L);
        *box = list[i];
        cm_retain(list[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/*** The gradient of each parameter, as views into the block: writing to them changes it.
 * @function Optimizer:gradients
 * @treturn table list of tensors */
static int o_gradients(lua_State *L)
{
    cm_optim *optim = check_optim(L);
    return push_list(L, optim->grads, optim->n);
}

/*** The two moments of each parameter, as views into their blocks.
 * @function Optimizer:moments
 * @treturn table first moments
 * @treturn table second moments */
static int o_moments(lua_State *L)
{
    cm_optim *optim = check_optim(L);
    push_list(L, optim->first, optim->n);
    push_list(L, optim->second, optim->n);
    return 2;
}

/*** Steps taken; sets them when given (resuming).
 * @function Optimizer:steps
 * @tparam[opt] integer steps
 * @treturn integer */
static int o_steps(lua_State *L)
{
    cm_optim *optim = check_optim(L);
    if (!lua_isnoneornil(L, 2)) {
        lua_Integer steps = luaL_checkinteger(L, 2);
        luaL_argcheck(L, steps >= 0, 2, "not negative");
        optim->steps = steps;
    }
    lua_pushinteger(L, optim->steps);
    return 1;
}

/*** Clears the gradient block.
 * @function Optimizer:clear
 * @treturn Optimizer itself */
static int o_clear(lua_State *L)
{
    cm_optim_clear(check_optim(L));
    lua_settop(L, 1);
    return 1;
}

static int o_gc(lua_State *L)
{
    cm_optim **box = luaL_checkudata(L, 1, CML_OPTIM);
    cm_optim *held = *box;
    *box = NULL;
    cm_optim_free(cmL_ctx(L), held);
    return 0;
}

static int o_free(lua_State *L)
{
    return cmL_may_free(L) ? o_gc(L) : 0;
}

static const luaL_Reg functions[] = {{"optimizer", l_optimizer}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", o_gc}, {"__close", o_free}, {NULL, NULL}};
static const luaL_Reg methods[] = {{"backward", o_backward},   {"adam", o_adam},
                                   {"gradients", o_gradients}, {"moments", o_moments},
                                   {"steps", o_steps},         {"clear", o_clear},
                                   {"free", o_free},           {NULL, NULL}};

void cmL_open_optim(lua_State *L)
{
    cmL_class(L, CML_OPTIM, meta, methods);
    cmL_register(L, functions);
}
