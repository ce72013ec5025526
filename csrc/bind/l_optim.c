/* l_optim.c - optimisers in Lua.
 *
 * @classmod cmml.Optimizer */
#include "bind/cmL.h"
#include "optim/optim.h"
#include <math.h>

#define MAX_STEPS (INT64_C(1) << 53) /* a step's number is a double in Adam */

static cm_optim *check_optim(lua_State *L)
{
    cm_optim **box = luaL_checkudata(L, 1, CML_OPTIM);
    if (!*box)
        luaL_argerror(L, 1, "released: the optimiser was freed before");
    return *box;
}

/*** An optimiser of parameters, which it moves into one block of memory.
 * @function optimizer
 * @tparam table params list of leaf tensors
 * @tparam[opt=2] integer moments per element: `adam` needs 2, `sgd` with momentum 1
 * @treturn Optimizer */
static int l_optimizer(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    int n = (int)cmL_check_length(L, 1);
    lua_Integer moments = luaL_optinteger(L, 2, CM_MAX_MOMENTS);
    luaL_argcheck(L, moments >= 0 && moments <= CM_MAX_MOMENTS, 2, "0, 1 or 2 was expected");
    cm_tensor **params = lua_newuserdatauv(L, (size_t)CM_MAX(n, 1) * sizeof *params, 0);
    cm_optim **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = NULL;
    luaL_setmetatable(L, CML_OPTIM);
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, 1, i + 1);
        params[i] = cmL_test_tensor(L, -1);
        luaL_argcheck(L, params[i], 1, "a list of tensors was expected");
        lua_pop(L, 1);
    }
    *box = cm_optim_new(cx, params, n, (int)moments);
    return *box ? 1 : cmL_raise(L, cx, "optimizer");
}

/*** Adds the gradients of a loss to the gradient block, and releases its graph.
 * @function Optimizer:backward
 * @tparam Tensor loss a scalar
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

/*** The 2-norm of all gradients together, summed in double precision.
 * @function Optimizer:norm
 * @treturn number */
static int o_norm(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_pushnumber(L, cm_optim_norm(cx, check_optim(L)));
    return 1;
}

/* The number of groups: the options are a list of tables, or one table for all parameters. */
static int count_groups(lua_State *L, bool *list)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    *list = lua_rawgeti(L, 2, 1) == LUA_TTABLE;
    lua_pop(L, 1);
    return *list ? (int)cmL_check_length(L, 2) : 1;
}

/* The table of group j, left on the stack, and its number of parameters. */
static int open_group(lua_State *L, bool list, int j)
{
    if (!list) {
        lua_pushvalue(L, 2);
        return 0;
    }
    luaL_argcheck(L, lua_rawgeti(L, 2, j + 1) == LUA_TTABLE, 2, "a list of groups was expected");
    int64_t n = cmL_field_integer(L, -1, "parameters", -1);
    luaL_argcheck(L, n >= 0 && n <= INT32_MAX, 2, "each group needs a number of parameters");
    return (int)n;
}

/*** One step of Adam with the gradient block, which is zero afterwards.
 * @function Optimizer:adam
 * @tparam table options lr, beta1, beta2, eps, weight_decay, clip (entries of the gradient are
 * limited to [-clip, clip]), decoupled (AdamW), sparse (rows without gradient are skipped); or a
 * list of such tables, each with `parameters`, the number of parameters in its group, in order
 * @tparam[opt=1] number scale factor applied to the gradient first
 * @treturn Optimizer itself */
static int o_adam(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    bool list;
    int n = count_groups(L, &list);
    double scale = luaL_optnumber(L, 3, 1);
    /* Reading the options may run a metamethod, so the optimiser is looked up after them. */
    cm_adam_group *groups = lua_newuserdatauv(L, (size_t)n * sizeof *groups, 0);
    for (int j = 0; j < n; j++) {
        groups[j].n = open_group(L, list, j);
        groups[j].lr = cmL_field_number(L, -1, "lr", 1e-3);
        groups[j].beta1 = cmL_field_number(L, -1, "beta1", 0.9);
        groups[j].beta2 = cmL_field_number(L, -1, "beta2", 0.999);
        groups[j].eps = cmL_field_number(L, -1, "eps", 1e-8);
        groups[j].weight_decay = cmL_field_number(L, -1, "weight_decay", 0);
        groups[j].clip = cmL_field_number(L, -1, "clip", HUGE_VAL);
        groups[j].decoupled = cmL_field_bool(L, -1, "decoupled", false);
        groups[j].sparse = cmL_field_bool(L, -1, "sparse", false);
        lua_pop(L, 1);
    }
    cm_optim *optim = check_optim(L);
    if (!list)
        groups[0].n = optim->n;
    if (!cm_optim_adam(cx, optim, groups, n, scale))
        return cmL_raise(L, cx, "adam");
    lua_settop(L, 1);
    return 1;
}

/*** One step of gradient descent with the gradient block, which is zero afterwards.
 * @function Optimizer:sgd
 * @tparam table options lr, momentum, nesterov, weight_decay, clip; or a list of such tables with
 * `parameters`, as for `adam`
 * @tparam[opt=1] number scale factor applied to the gradient first
 * @treturn Optimizer itself */
static int o_sgd(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    bool list;
    int n = count_groups(L, &list);
    double scale = luaL_optnumber(L, 3, 1);
    cm_sgd_group *groups = lua_newuserdatauv(L, (size_t)n * sizeof *groups, 0);
    for (int j = 0; j < n; j++) {
        groups[j].n = open_group(L, list, j);
        groups[j].lr = cmL_field_number(L, -1, "lr", 1e-2);
        groups[j].momentum = cmL_field_number(L, -1, "momentum", 0);
        groups[j].weight_decay = cmL_field_number(L, -1, "weight_decay", 0);
        groups[j].clip = cmL_field_number(L, -1, "clip", HUGE_VAL);
        groups[j].nesterov = cmL_field_bool(L, -1, "nesterov", false);
        lua_pop(L, 1);
    }
    cm_optim *optim = check_optim(L);
    if (!list)
        groups[0].n = optim->n;
    if (!cm_optim_sgd(cx, optim, groups, n, scale))
        return cmL_raise(L, cx, "sgd");
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

/*** The moments of each parameter, as views into their blocks.
 * @function Optimizer:moments
 * @treturn ?table first moments, if the optimiser keeps any
 * @treturn ?table second moments, if it keeps two */
static int o_moments(lua_State *L)
{
    cm_optim *optim = check_optim(L);
    for (int k = 0; k < optim->n_moments; k++)
        push_list(L, optim->moments[k], optim->n);
    return optim->n_moments;
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
        luaL_argcheck(L, steps >= 0 && steps <= MAX_STEPS, 2, "from 0 to 2^53 was expected");
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

/*** Frees the memory of gradients and moments now; the parameters stay valid.
 * @function Optimizer:free */
static int o_free(lua_State *L)
{
    return cmL_may_free(L) ? o_gc(L) : 0;
}

static const luaL_Reg functions[] = {{"optimizer", l_optimizer}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", o_gc}, {"__close", o_free}, {NULL, NULL}};
static const luaL_Reg methods[] = {{"backward", o_backward},   {"norm", o_norm},
                                   {"adam", o_adam},           {"sgd", o_sgd},
                                   {"gradients", o_gradients}, {"moments", o_moments},
                                   {"steps", o_steps},         {"clear", o_clear},
                                   {"free", o_free},           {NULL, NULL}};

void cmL_open_optim(lua_State *L)
{
    cmL_class(L, CML_OPTIM, meta, methods);
    cmL_register(L, functions);
}
