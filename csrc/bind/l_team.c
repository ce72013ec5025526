/* l_team.c - teams: threads that compute the gradient of a batch in shards.
 *
 * Between calls no thread runs, and the caller may touch the states of the threads (team.h). During
 * a call each state belongs to its thread alone; what the threads share then is the sum of
 * optim/shards.h and the caller's parameters, which nobody changes.
 *
 * @classmod cmml.ShardTeam */
#include "bind/cmL.h"
#include "bind/state.h"
#include "bind/team.h"
#include <string.h>

#define CML_TEAM CML_NAME("ShardTeam")
#define MOST     64 /* threads */

/* Calls the function at `step` for each shard of a member, every n-th of the list at `list`. What
 * it gives besides the loss is put into a table, by shard, which is left on the stack. */
static void run_shards(lua_State *L, cmL_member *m, int step, int list)
{
    cmL_team *t = m->team;
    lua_newtable(L);
    for (lua_Integer s = m->index; s < t->n_shards; s += t->n) {
        lua_pushvalue(L, step);
        lua_rawgeti(L, list, s + 1);
        lua_call(L, 1, 2);
        if (!lua_isnumber(L, -2))
            luaL_error(L, "team: the loss of a shard must be a number, not %s",
                       luaL_typename(L, -2));
        t->losses[s] = lua_tonumber(L, -2);
        lua_rawseti(L, -3, s + 1);
        lua_pop(L, 1);
        if (!*m->optim)
            luaL_error(L, "team: the optimiser was freed meanwhile");
        if (!cm_shards_add(&t->shards, s, *m->optim))
            return;
    }
}

/* (list) in the state of a thread. */
static int run_thread(lua_State *L)
{
    cmL_member *m = cmL_member_of(L);
    cm_optim_set_values(*m->optim, m->team->values->data);
    cmL_member_push_step(m);
    run_shards(L, m, 2, 1);
    return 1;
}

/* (team, list, step) in the caller's state. */
static int run_caller(lua_State *L)
{
    cmL_team *t = lua_touserdata(L, 1);
    run_shards(L, &t->members[0], 3, 2);
    return 1;
}

static void *work(void *argument)
{
    cmL_member *m = argument;
    if (lua_pcall(m->L, 1, 1, 0) != LUA_OK) {
        cmL_member_note_error(m);
        cm_shards_fail(&m->team->shards);
    }
    return NULL;
}

/* Starts a thread on the list that lies in its state. */
static void start(cmL_member *m)
{
    m->started = cmL_thread_start(&m->thread, work, m);
    if (!m->started) {
        strcpy(m->error, "the system cannot start more threads");
        cm_shards_fail(&m->team->shards);
    }
}

static void join(cmL_team *t)
{
    for (int i = 1; i < t->n; i++) {
        if (t->members[i].started)
            pthread_join(t->members[i].thread, NULL);
        t->members[i].started = false;
    }
}

static void stop(cmL_team *t)
{
    cm_shards_fail(&t->shards);
    join(t);
}

/* The process ends while they work. */
static void stop_all(void *innermost)
{
    for (cmL_team *t = innermost; t; t = t->outer)
        stop(t);
}

static void close_team(cm_ctx *cx, cmL_team *t)
{
    if (t->working) { /* the caller's state is being closed from within */
        (void)cmL_exit_guard_set(t->guard, stop_all, NULL);
        stop(t);
        cm_storage_release(cx, t->values);
        t->working = false;
    }
    t->open = false;
    for (int i = 1; i < t->n; i++)
        cmL_member_close(&t->members[i]);
    cm_shards_close(cx, &t->shards);
}

static cmL_team *check_team(lua_State *L)
{
    cmL_team *t = luaL_checkudata(L, 1, CML_TEAM);
    if (!t->open)
        luaL_argerror(L, 1, "released: the team was closed before");
    return t;
}

/*** Threads that compute the gradient of a batch in shards. The function that a thread calls for a
 * shard computes its loss, adds the gradients to the thread's optimiser, and returns the loss, and
 * a plain value where there is something to tell.
 * @function shard_team
 * @tparam integer threads the caller's among them: 1 to 64
 * @tparam function step what the caller's thread calls for a shard
 * @tparam Optimizer optimizer the caller's
 * @tparam table setup plain data, of which each other thread gets a copy: path and cpath (for
 * `package`) and module, whose function `start` is called with the copy and returns step and
 * Optimizer of that thread; its parameters must have the same shapes in the same order
 * @treturn ShardTeam to be closed */
static int l_shard_team(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_Integer n = luaL_checkinteger(L, 1);
    luaL_argcheck(L, n >= 1 && n <= MOST, 1, "from 1 to 64 threads");
    luaL_checktype(L, 2, LUA_TFUNCTION);
    cm_optim **optim = luaL_checkudata(L, 3, CML_OPTIM);
    luaL_argcheck(L, *optim, 3, "released: the optimiser was freed before");
    luaL_checktype(L, 4, LUA_TTABLE);
    lua_settop(L, 4);
    if (n > 1 && !cmL_team_may_have_threads())
        luaL_error(L, "team: this program cannot make further Lua states (it was linked without "
                      "luaL_newstate or the standard libraries): use one thread");
    (void)cm_blas_threads(); /* decided before there are several threads */
    cmL_state *state = lua_touserdata(L, lua_upvalueindex(1));
    if (n > 1 && !state->guard)
        state->guard = cmL_exit_guard_new();
    size_t bytes = sizeof(cmL_team) + (size_t)n * sizeof(cmL_member);
    cmL_team *t = lua_newuserdatauv(L, bytes, 2);
    memset(t, 0, bytes);
    t->n = (int)n;
    t->guard = state->guard;
    luaL_setmetatable(L, CML_TEAM);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, 5, 1);
    lua_pushvalue(L, 3);
    lua_setiuservalue(L, 5, 2);
    t->members[0] = (cmL_member){.team = t, .optim = optim};
    if (!cm_shards_open(cx, &t->shards, (*optim)->count))
        return cmL_raise(L, cx, "team");
    for (int i = 1; i < t->n; i++) {
        t->members[i] = (cmL_member){.team = t, .index = i};
        if (!cmL_member_open(L, 4, &t->members[i])) {
            close_team(cx, t);
            luaL_error(L, "team: thread %d cannot start: %s", i + 1, t->members[i].error);
        }
    }
    t->open = true;
    return 1;
}

/* Hands the list at `list` to the threads that have shards in it. */
static void distribute(lua_State *L, cmL_team *t, int list)
{
    for (int i = 1; i < t->n; i++)
        t->members[i].error[0] = '\0';
    for (int i = 1; i < t->n && i < t->n_shards; i++) {
        cmL_member *m = &t->members[i];
        lua_settop(m->L, 0);
        lua_pushcfunction(m->L, run_thread);
        if (!cmL_member_send(L, list, m))
            luaL_error(L, "team: thread %d: %s", i + 1, m->error);
    }
}

/* Raises what failed first in the order of the threads, the error of the caller's on top of the
 * stack; no gradient is left anywhere. */
static int fail(lua_State *L, cmL_team *t, int status)
{
    for (int i = 0; i < t->n; i++)
        if (*t->members[i].optim)
            cm_optim_clear(*t->members[i].optim);
    if (status != LUA_OK)
        return lua_error(L);
    int i = 1;
    while (i < t->n - 1 && t->members[i].error[0] == '\0')
        i++;
    return luaL_error(L, "team: thread %d: %s", i + 1, t->members[i].error);
}

/*** Adds the gradients of all shards to the optimiser of the caller, in the order of the shards,
 * whichever thread computes them. If a shard fails, so does the whole, and the gradients are zero.
 * @function ShardTeam:backward
 * @tparam table shards list of plain values, one a shard: what step is called with
 * @treturn table losses
 * @treturn table what step gave besides, by the number of the shard */
static int t_backward(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cmL_team *t = check_team(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    if (t->working)
        luaL_error(L, "team: a step must not call backward of its own team");
    lua_Integer n = (lua_Integer)cmL_check_length(L, 2);
    luaL_argcheck(L, n >= 1, 2, "a list of at least one shard was expected");
    lua_settop(L, 2);
    double *losses = lua_newuserdatauv(L, (size_t)n * sizeof *losses, 0);
    if (!*t->members[0].optim)
        luaL_error(L, "team: the optimiser was freed before");
    if (!cm_optim_owns(cx, *t->members[0].optim))
        return cmL_raise(L, cx, "team");
    t->n_shards = n;
    t->losses = losses;
    distribute(L, t, 2);
    lua_pushcfunction(L, run_caller);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_getiuservalue(L, 1, 1);
    t->values = (*t->members[0].optim)->value_block; /* a step might free the optimiser */
    cm_storage_retain(t->values);
    cm_shards_begin(&t->shards);
    t->working = true;
    t->outer = cmL_exit_guard_set(t->guard, stop_all, t);
    for (int i = 1; i < t->n && i < n; i++)
        start(&t->members[i]);
    int status = lua_pcall(L, 3, 1, 0);
    if (status != LUA_OK)
        cm_shards_fail(&t->shards);
    join(t);
    (void)cmL_exit_guard_set(t->guard, stop_all, t->outer);
    t->working = false;
    cm_storage_release(cx, t->values);
    if (t->shards.failed)
        return fail(L, t, status);
    for (int i = 1; i < t->n && i < n; i++)
        cmL_member_gather(L, &t->members[i]);
    cm_shards_finish(&t->shards, *t->members[0].optim);
    lua_createtable(L, (int)n, 0);
    for (lua_Integer s = 0; s < n; s++) {
        lua_pushnumber(L, losses[s]);
        lua_rawseti(L, -2, s + 1);
    }
    lua_insert(L, -2);
    return 2;
}

static int t_gc(lua_State *L)
{
    close_team(cmL_ctx(L), luaL_checkudata(L, 1, CML_TEAM));
    return 0;
}

/*** Ends a team and closes the states of its threads; a second time it does nothing.
 * @function ShardTeam:close */
static int t_close(lua_State *L)
{
    cmL_team *t = luaL_checkudata(L, 1, CML_TEAM);
    if (t->working)
        luaL_error(L, "team: a step must not close its own team");
    return cmL_may_free(L) ? t_gc(L) : 0;
}

static const luaL_Reg functions[] = {{"shard_team", l_shard_team}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", t_gc}, {"__close", t_close}, {NULL, NULL}};
static const luaL_Reg methods[] = {{"backward", t_backward}, {"close", t_close}, {NULL, NULL}};

void cmL_open_team(lua_State *L)
{
    cmL_class(L, CML_TEAM, meta, methods);
    cmL_register(L, functions);
}
