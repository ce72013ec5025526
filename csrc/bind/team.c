/* team.c - see team.h. */
#include "bind/team.h"
#include "bind/cmL.h"
#include <lualib.h>
#include <string.h>

/* A host may have been linked without the functions that make further states: then only teams are
 * missing. */
#pragma weak luaL_newstate
#if LUA_VERSION_NUM >= 505
#    pragma weak luaL_openselectedlibs
#    define OPEN_LIBRARIES luaL_openselectedlibs /* behind the macro luaL_openlibs */
#else
#    pragma weak luaL_openlibs
#    define OPEN_LIBRARIES luaL_openlibs
#endif

/* Keys of the registry of a thread's state. */
static const char step_key, optimizer_key, receive_key;

bool cmL_team_may_have_threads(void)
{
    return luaL_newstate && OPEN_LIBRARIES;
}

cmL_member *cmL_member_of(lua_State *L)
{
    return *(cmL_member **)lua_getextraspace(L);
}

void cmL_member_note_error(cmL_member *m)
{
    bool text = lua_type(m->L, -1) == LUA_TSTRING; /* turning others into text could raise */
    const char *what = text ? lua_tostring(m->L, -1) : "the error is not a string";
    size_t length = strlen(what), most = sizeof m->error - 1;
    memcpy(m->error, what, CM_MIN(length, most));
    m->error[CM_MIN(length, most)] = '\0';
    lua_settop(m->L, 0);
}

/* A copy of the value that is handed over. */
static int receive(lua_State *L)
{
    cmL_member *m = cmL_member_of(L);
    cmL_copy(m->from, m->from_index, L);
    return 1;
}

/* Makes the state of a thread ready for work: see `shard_team`. */
static int prepare(lua_State *L)
{
    cmL_member *m = cmL_member_of(L);
    luaL_openlibs(L);
    /* This very core, wherever the state would look for one. */
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, cmL_open_core);
    lua_setfield(L, -2, CM_REAL_IS_DOUBLE ? "cmml.core64" : "cmml.core");
    lua_pushcfunction(L, cmL_open_core);
    lua_call(L, 0, 0);
    lua_getfield(L, LUA_REGISTRYINDEX, CML_STATE);
    lua_pushcclosure(L, receive, 1);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &receive_key);
    lua_call(L, 0, 1);
    int setup = lua_gettop(L);
    lua_getglobal(L, "package");
    for (int i = 0; i < 2; i++) {
        const char *name = i == 0 ? "path" : "cpath";
        lua_getfield(L, setup, name);
        lua_setfield(L, -2, name);
    }
    lua_getglobal(L, "require");
    lua_getfield(L, setup, "module");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "start");
    lua_pushvalue(L, setup);
    lua_call(L, 1, 2);
    m->optim = luaL_checkudata(L, -1, CML_OPTIM);
    if (!*m->optim || !cm_optim_same_layout(*m->optim, *m->team->members[0].optim))
        luaL_error(L, "the model made there has other parameters than its original");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &optimizer_key);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &step_key);
    return 0;
}

/* Calls a function (on top of the stack of a thread's state) that takes the value at `index`. */
static bool hand_over(lua_State *L, int index, cmL_member *m, int results)
{
    m->from = L;
    m->from_index = index;
    int top = lua_gettop(L);
    bool good = lua_pcall(m->L, 0, results, 0) == LUA_OK;
    lua_settop(L, top);
    m->from = NULL;
    if (!good)
        cmL_member_note_error(m);
    return good;
}

bool cmL_member_open(lua_State *L, int index, cmL_member *m)
{
    m->L = luaL_newstate();
    if (!m->L) {
        strcpy(m->error, "out of memory for its Lua state");
        return false;
    }
    *(cmL_member **)lua_getextraspace(m->L) = m;
    lua_pushcfunction(m->L, prepare);
    return hand_over(L, index, m, 0);
}

void cmL_member_close(cmL_member *m)
{
    lua_State *L = m->L;
    m->L = NULL;
    if (L)
        lua_close(L);
}

void cmL_member_push_step(cmL_member *m)
{
    lua_rawgetp(m->L, LUA_REGISTRYINDEX, &step_key);
}

bool cmL_member_send(lua_State *L, int index, cmL_member *m)
{
    lua_rawgetp(m->L, LUA_REGISTRYINDEX, &receive_key);
    return hand_over(L, index, m, 1);
}

void cmL_member_gather(lua_State *L, cmL_member *m)
{
    int told = lua_gettop(L);
    cmL_copy(m->L, 1, L);
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, told);
    }
    lua_settop(L, told);
}
