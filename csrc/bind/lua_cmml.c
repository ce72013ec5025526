/* lua_cmml.c - the core as a Lua module: makes the context and opens every part.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "bind/state.h"
#include "bind/trace.h"
#include <stdlib.h>
#include <string.h>

static int state_gc(lua_State *L)
{
    cmL_state *state = lua_touserdata(L, 1);
    if (!state->cx.closed) {
        cm_tensor_shutdown(&state->cx);
        cm_ctx_close(&state->cx);
    }
    return 0;
}

/*** Memory of the core.
 * @function memory
 * @tparam[opt=false] boolean reset whether the peak counts from now on
 * @treturn table live, peak (the most that was live at once), cached (bytes), blocks, total (bytes
 * ever allocated), as they were before the call */
static int l_memory(lua_State *L)
{
    cm_mem *mem = &cmL_ctx(L)->mem;
    lua_createtable(L, 0, 5);
    const struct {
        const char *name;
        size_t value;
    } fields[] = {{"live", mem->live},
                  {"peak", mem->peak},
                  {"cached", mem->cached},
                  {"blocks", mem->blocks},
                  {"total", mem->total}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        lua_pushinteger(L, (lua_Integer)fields[i].value);
        lua_setfield(L, -2, fields[i].name);
    }
    if (lua_toboolean(L, 1))
        mem->peak = mem->live;
    return 1;
}

/* testing.fail_allocation_after(n): makes the allocation after the next n fail; without n all
 * succeed again. */
static int l_fail_allocation_after(lua_State *L)
{
    cmL_ctx(L)->mem.fail_in = luaL_optinteger(L, 1, -1);
    return 0;
}

/*** Returns memory kept for reuse to the system.
 * @function trim */
static int l_trim(lua_State *L)
{
    cm_storage_trim(cmL_enter(L));
    return 0;
}

/* testing.counters(): the work done so far, a table with flops (of matrix products, 2 m n k each)
 * and ops (applied). */
static int l_counters(lua_State *L)
{
    const cm_counters *counters = &cmL_ctx(L)->counters;
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, (lua_Integer)counters->flops);
    lua_setfield(L, -2, "flops");
    lua_pushinteger(L, (lua_Integer)counters->ops);
    lua_setfield(L, -2, "ops");
    return 1;
}

/*** Number of threads that OpenBLAS uses; a setting of the whole process, 1 by default.
 * @function threads
 * @tparam[opt] integer n sets it
 * @treturn integer the current number */
static int l_threads(lua_State *L)
{
    if (!lua_isnoneornil(L, 1)) {
        lua_Integer n = luaL_checkinteger(L, 1);
        luaL_argcheck(L, n >= 1 && n <= 1024, 1, "between 1 and 1024 threads");
        cm_blas_set_threads((int)n);
    }
    lua_pushinteger(L, cm_blas_threads());
    return 1;
}

/*** The instruction set of the inner loops: by default the best that the processor supports.
 * Results of different sets differ in their last digits.
 * @function kernels
 * @tparam[opt] string name sets it: `base`, `avx2` or `avx512`; an error if the processor or the
 * build does not support it
 * @treturn string the current one */
static int l_kernels(lua_State *L)
{
    cm_ctx *cx = cmL_ctx(L);
    if (!lua_isnoneornil(L, 1)) {
        const cm_kernels *kernels = cm_kernels_named(cmL_check_text(L, 1, NULL));
        luaL_argcheck(L, kernels, 1,
                      "this processor or build has no such kernels; choose base, avx2 or avx512");
        cx->kernels = kernels;
    }
    lua_pushstring(L, cm_kernels_of(cx)->name);
    return 1;
}

#if defined(__clang__)
#    define BUILT_BY "clang " __clang_version__
#elif defined(__GNUC__)
#    define BUILT_BY "gcc " __VERSION__
#else
#    define BUILT_BY "a C compiler"
#endif
#ifndef CM_BUILD_FLAGS
#    define CM_BUILD_FLAGS ""
#endif

/*** Properties of this build.
 * @function info
 * @treturn table version, dtype, blas, kernels (instruction set), max_dims, build (compiler and
 * its flags) */
static int l_info(lua_State *L)
{
    cm_ctx *cx = cmL_ctx(L);
    lua_createtable(L, 0, 6);
    lua_pushliteral(L, BUILT_BY " " CM_BUILD_FLAGS);
    lua_setfield(L, -2, "build");
    lua_pushliteral(L, CM_VERSION);
    lua_setfield(L, -2, "version");
    lua_pushliteral(L, CM_REAL_NAME);
    lua_setfield(L, -2, "dtype");
    lua_pushstring(L, cm_blas_name());
    lua_setfield(L, -2, "blas");
    lua_pushstring(L, cm_kernels_of(cx)->name);
    lua_setfield(L, -2, "kernels");
    lua_pushinteger(L, CM_MAX_DIMS);
    lua_setfield(L, -2, "max_dims");
    return 1;
}

static const luaL_Reg functions[] = {{"memory", l_memory},   {"trim", l_trim},
                                     {"threads", l_threads}, {"kernels", l_kernels},
                                     {"info", l_info},       {NULL, NULL}};
static const luaL_Reg testing[] = {
    {"fail_allocation_after", l_fail_allocation_after}, {"counters", l_counters}, {NULL, NULL}};

int cmL_open_core(lua_State *L)
{
    /* Compiled for another Lua, its numbers and structures are others. */
    luaL_checkversion(L);
    /* Once per Lua state, even if package.loaded is cleared: a second context would take over the
     * metatables, and with them the tensors, of the first. */
    if (lua_getfield(L, LUA_REGISTRYINDEX, CML_NAME("core")) == LUA_TTABLE)
        return 1;
    lua_pop(L, 1);
    lua_newtable(L);
    cmL_state *state = lua_newuserdatauv(L, sizeof *state, 0);
    memset(state, 0, sizeof *state);
    state->told = LUA_NOREF;
    cm_ctx_open(&state->cx);
    const char *stress = getenv("CMML_GC_STRESS");
    state->stress = stress && strcmp(stress, "1") == 0;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, state_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, CML_STATE);
    cmL_register(L, functions);
    cmL_register_testing(L, testing);
    cmL_open_tensor(L);
    cmL_open_ids(L);
    cmL_open_task_bags(L);
    cmL_open_times(L);
    cmL_open_rank(L);
    cmL_open_ops(L);
    cmL_open_grad(L);
    cmL_open_tidy(L);
    cmL_open_trace(L);
    cmL_open_optim(L);
    cmL_open_team(L);
    cmL_open_rng(L);
    cmL_open_interactions(L);
    cmL_open_lists(L);
    cmL_open_pairs(L);
    cmL_open_scenarios(L);
    cmL_open_paired(L);
    cmL_open_source_items(L);
    cmL_open_support_query(L);
    cmL_open_sequences(L);
    cmL_open_ranking_rows(L);
    cmL_open_cf(L);
    cmL_open_ridge(L);
    cmL_open_item_weights(L);
    cmL_open_segments(L);
    cmL_open_groups(L);
    cmL_open_analysis(L);
    cmL_open_metrics(L);
    cmL_open_bootstrap(L);
    cmL_open_io(L);
    cmL_open_sys(L);
    cmL_open_json(L);
    cmL_open_locale(L);
    cmL_open_process(L);
    cmL_open_vocab(L);
    cmL_open_safetensors(L);
    cmL_open_table(L);
    cmL_open_predict(L);
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, CML_NAME("core"));
    return 1;
}

#if CM_REAL_IS_DOUBLE
CM_EXPORT int luaopen_cmml_core64(lua_State *L);
CM_EXPORT int luaopen_cmml_core64(lua_State *L)
{
    return cmL_open_core(L);
}
#else
CM_EXPORT int luaopen_cmml_core(lua_State *L);
CM_EXPORT int luaopen_cmml_core(lua_State *L)
{
    return cmL_open_core(L);
}
#endif
