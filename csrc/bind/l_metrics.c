/* l_metrics.c - metrics in Lua.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "metrics/ranking.h"
#include "metrics/rating.h"

#define MAX_CUTOFFS 1000

/* The arguments 1 to 4 of both kinds of metrics. */
typedef struct input {
    cm_tensor *score, *label;
    cm_ids *segments;
    int64_t tasks, n_k;
    int32_t *k;
} input;

/* Checks them; leaves the userdata that holds the cutoffs on the stack. */
static input check_input(lua_State *L)
{
    input in = {.score = cmL_check_tensor(L, 1),
                .label = cmL_check_tensor(L, 2),
                .segments = cmL_check_segments(L, 3)};
    luaL_checktype(L, 4, LUA_TTABLE);
    in.tasks = cm_segments_groups(in.segments);
    in.n_k = cmL_check_length(L, 4);
    luaL_argcheck(L, in.n_k <= MAX_CUTOFFS, 4, "too many cutoffs: at most 1000 are supported");
    luaL_argcheck(L, in.score->shape.ndim == 1 && in.score->count == cm_segments_rows(in.segments),
                  1, "one score per row of the segments was expected");
    luaL_argcheck(L, cm_shape_equal(&in.score->shape, &in.label->shape), 2,
                  "one label per score was expected");
    in.k = lua_newuserdatauv(L, (size_t)CM_MAX(in.n_k, 1) * sizeof *in.k, 0);
    for (int64_t j = 0; j < in.n_k; j++) {
        lua_rawgeti(L, 4, j + 1);
        int whole;
        lua_Integer cutoff = lua_tointegerx(L, -1, &whole);
        luaL_argcheck(L, whole && cutoff >= 1 && cutoff <= INT32_MAX, 4,
                      "cutoffs must be whole numbers, at least 1");
        in.k[j] = (int32_t)cutoff;
        lua_pop(L, 1);
    }
    return in;
}

/* Room for `columns` values per task, held by a userdata on the stack. */
static double *new_columns(lua_State *L, const input *in, int64_t columns)
{
    return lua_newuserdatauv(L, (size_t)CM_MAX(in->tasks * columns, 1) * sizeof(double), 0);
}

static void push_column(lua_State *L, const double *values, int64_t n, int64_t stride)
{
    lua_createtable(L, (int)n, 0);
    for (int64_t i = 0; i < n; i++) {
        lua_pushnumber(L, values[i * stride]);
        lua_rawseti(L, -2, i + 1);
    }
}

/*** Metrics of predicted ratings, for each task; NaN where undefined.
 * @function rating_metrics
 * @tparam Tensor score [rows]
 * @tparam Tensor label [rows], true ratings
 * @tparam Segments segments one per task
 * @tparam table cutoffs the k of ndcg_exp@k
 * @treturn table mae, rmse: a list with one value per task; ndcg_exp: such a list for each cutoff
 */
static int l_rating_metrics(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    input in = check_input(L);
    int64_t tasks = in.tasks, n_k = in.n_k;
    double *values = new_columns(L, &in, 2 + n_k);
    double *mae = values, *rmse = mae + tasks, *ndcg = rmse + tasks;
    size_t mark = cm_scope_begin(cx);
    cm_tensor *s = cm_contiguous(cx, in.score), *y = cm_contiguous(cx, in.label);
    bool ok = s && y &&
              cm_rating_metrics(cx, cm_data(s), cm_data(y), in.segments->values, tasks, in.k, n_k,
                                mae, rmse, ndcg);
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

static const char *const at_names[CM_RANKING_AT] = {
    [CM_RECALL] = "recall", [CM_PRECISION] = "precision", [CM_HIT] = "hit",
    [CM_NDCG] = "ndcg",     [CM_NDCG_EXP] = "ndcg_exp",   [CM_MRR] = "mrr",
    [CM_MAP] = "map"};
static const char *const whole_names[CM_RANKING_WHOLE] = {[CM_RECIPROCAL_RANK] = "reciprocal_rank",
                                                          [CM_AVERAGE_PRECISION] =
                                                              "average_precision",
                                                          [CM_AUC] = "auc"};

/*** Metrics of ranked lists, for each task; NaN where undefined.
 * @function ranking_metrics
 * @tparam Tensor score [rows]
 * @tparam Tensor label [rows], relevant above 0
 * @tparam Segments segments one per task
 * @tparam table cutoffs the k of recall@k
 * @treturn table recall, precision, hit, ndcg, ndcg_exp, mrr, map: for each cutoff a list with one
 * value per task
 * @treturn table reciprocal_rank, average_precision, auc: such a list */
static int l_ranking_metrics(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    input in = check_input(L);
    double *at = new_columns(L, &in, CM_RANKING_AT * in.n_k);
    double *whole = new_columns(L, &in, CM_RANKING_WHOLE);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *s = cm_contiguous(cx, in.score), *y = cm_contiguous(cx, in.label);
    bool ok = s && y &&
              cm_ranking_metrics(cx, cm_data(s), cm_data(y), in.segments->values, in.tasks, in.k,
                                 in.n_k, at, whole);
    cm_scope_end(cx, mark);
    if (!ok)
        return cmL_raise(L, cx, "ranking_metrics");
    lua_createtable(L, 0, CM_RANKING_AT);
    for (int m = 0; m < CM_RANKING_AT; m++) {
        lua_createtable(L, (int)in.n_k, 0);
        for (int64_t j = 0; j < in.n_k; j++) {
            push_column(L, at + (m * in.n_k + j) * in.tasks, in.tasks, 1);
            lua_rawseti(L, -2, j + 1);
        }
        lua_setfield(L, -2, at_names[m]);
    }
    lua_createtable(L, 0, CM_RANKING_WHOLE);
    for (int m = 0; m < CM_RANKING_WHOLE; m++) {
        push_column(L, whole + m * in.tasks, in.tasks, 1);
        lua_setfield(L, -2, whole_names[m]);
    }
    return 2;
}

static const luaL_Reg functions[] = {
    {"rating_metrics", l_rating_metrics}, {"ranking_metrics", l_ranking_metrics}, {NULL, NULL}};

void cmL_open_metrics(lua_State *L)
{
    cmL_register(L, functions);
}
