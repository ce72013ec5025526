/* l_rng.c - random samples and the streams of the random generator in Lua.
 *
 * @module cmml.core */
#include "base/rng.h"
#include "bind/cmL.h"

/*** A random sample without replacement of the numbers 1 to n, in random order.
 * @function choose
 * @tparam integer n
 * @tparam integer take sample size; n gives a permutation
 * @tparam table key seed, epoch, stream: the same key gives the same choice
 * @treturn Ids */
static int l_choose(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_Integer n = luaL_checkinteger(L, 1), take = luaL_checkinteger(L, 2);
    luaL_argcheck(L, n >= 0 && n < INT32_MAX, 1, "not negative and below 2^31");
    luaL_argcheck(L, take >= 0 && take <= n, 2, "between 0 and n");
    luaL_checktype(L, 3, LUA_TTABLE);
    cm_rng rng = cm_rng_keyed(
        (uint64_t)cmL_field_integer(L, 3, "seed", 0), cmL_field_key(L, 3, "epoch", 0), 0,
        (cm_rng_stream)cmL_field_within(L, 3, "stream", CM_STREAM_USER, 0, INT_MAX));
    cm_ids **box = cmL_push_ids(L);
    int32_t *all = lua_newuserdatauv(L, (size_t)CM_MAX(n, 1) * sizeof *all, 0);
    for (lua_Integer i = 0; i < n; i++)
        all[i] = (int32_t)i;
    cm_rng_choose(&rng, all, (int32_t)n, (int32_t)take);
    *box = cm_ids_new(cx, take);
    if (!*box)
        return cmL_raise(L, cx, "choose");
    for (lua_Integer i = 0; i < take; i++)
        (*box)->values[i] = all[i];
    cm_ids_seal(*box);
    lua_pop(L, 1);
    return 1;
}

static const luaL_Reg functions[] = {{"choose", l_choose}, {NULL, NULL}};

/*** Numbers of the streams of the random generator: user, init, split, cap, draw, order, labels,
 * dropout, pairs, samples, held_out, scenario, judges, clusters, short, latent, source, inner,
 * candidates, replaced.
 * @tfield table streams by name */
static const char *const stream_names[] = {
    "user",    "init",   "split",   "cap",      "draw",       "order",   "labels",
    "dropout", "pairs",  "samples", "held_out", "scenario",   "judges",  "clusters",
    "short",   "latent", "source",  "inner",    "candidates", "replaced"};
_Static_assert(sizeof stream_names / sizeof *stream_names == CM_STREAM_LAST + 1,
               "every stream has a name");

void cmL_open_rng(lua_State *L)
{
    cmL_register(L, functions);
    lua_newtable(L); /* streams of the random generator, by name */
    for (int s = 0; s <= CM_STREAM_LAST; s++) {
        lua_pushinteger(L, s);
        lua_setfield(L, -2, stream_names[s]);
    }
    lua_setfield(L, -3, "streams");
}
