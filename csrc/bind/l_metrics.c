/* l_metrics.c - metrics in Lua.
 *
 * @module cmml.core */
#include "bind/cmL.h"

static void push_column(lua_State *L, const double *values, int64_t n, int64_t stride)
{
    lua_createtable(L, (int)n, 0);
    for (int64_t i = 0; i < n; i++) {
        lua_pushnumber(L, values[i * stride]);
        lua_rawseti(L, -2, i + 1);
    }
}

/*** Metrics of predicted ratings, task by task; what does not exist is not a number (NaN).
 * @function rating_metrics
 * @tparam Tensor score [rows]
 * @tparam Tensor label [rows], true ratings
 * @tparam Segments segments one a task
 * @tparam table cutoffs the k of ndcg_exp@k
 * @treturn table mae, rmse: a list with one number a task; ndcg_exp: such a list for each cutoff */
static int l_rating_metrics(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *score = cmL_check_tensor(L, 1), *label = cmL_check_tensor(L, 2);
    cm_ids *segments = cmL_check_segments(L, 3);
    luaL_checktype(L, 4, LUA_TTABLE);
    int64_t tasks = cm_segments_groups(segments), n_k = cmL_check_length(L, 4);
    luaL_argcheck(L, score->shape.ndim == 1 && score->count == cm_segments_rows(segments), 1,
                  "one score for each row of the segments was expected");
    luaL_argcheck(L, cm_shape_equal(&score->shape, &label->shape), 2,
                  "one label for each score was expected");
    int32_t *k = lua_newuserdatauv(L, (size_t)CM_MAX(n_k, 1) * sizeof *k, 0);
    for (int64_t j = 0; j < n_k; j++) {
        lua_rawgeti(L, 4, j + 1);
        int whole;
        lua_Integer cutoff = lua_tointegerx(L, -1, &whole);
        luaL_argcheck(L, whole && cutoff >= 1 && cutoff <= INT32_MAX, 4,
                      "cutoffs must be whole numbers, at least 1");
        k[j] = (int32_t)cutoff;
        lua_pop(L, 1);
    }
    double *values =
        lua_newuserdatauv(L, (size_t)CM_MAX(tasks, 1) * (size_t)(2 + n_k) * sizeof *values, 0);
    double *mae = values, *rmse = mae + tasks, *ndcg = rmse + tasks;
    size_t mark = cm_scope_begin(cx);
    cm_tensor *s = cm_contiguous(cx, score), *y = cm_contiguous(cx, label);
    bool ok = s && y &&
              cm_rating_metrics(cx, cm_data(s), cm_data(y), segments->values, tasks, k, n_k, mae,
                                rmse, ndcg);
    cm_scope_end(cx, mark);
    if (!ok)
        return cmL_raise(L, cx, "rating_metrics");
    lua_createtable(L, 0, 3);
    push_column(L, mae, tasks, 1);
    lua_setfield(L, -2, "mae");
    push_column(L, rmse, tasks, 1);
    lua_setfield(L, -2, "rmse");
    lua_createtable(L, (int)n_k, 0);
    for (int64_t j = 0; j < n_k; j++) {
        push_column(L, ndcg + j, tasks, n_k);
        lua_rawseti(L, -2, j + 1);
    }
    lua_setfield(L, -2, "ndcg_exp");
    return 1;
}

static const luaL_Reg functions[] = {{"rating_metrics", l_rating_metrics}, {NULL, NULL}};

void cmL_open_metrics(lua_State *L)
{
    cmL_register(L, functions);
}
