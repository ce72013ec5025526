/* l_metrics.c - metrics in Lua.
 *
 * @module cmml.core */
#include "bind/cmL.h"
#include "metrics/family.h"

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

static void push_column(lua_State *L, const double *values, int64_t n)
{
    lua_createtable(L, (int)n, 0);
    for (int64_t i = 0; i < n; i++) {
        lua_pushnumber(L, values[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

/* A table of lists by full name. */
static int measure(lua_State *L, const cm_metric_family *family, const char *where)
{
    cm_ctx *cx = cmL_enter(L);
    input in = check_input(L);
    double *at = new_columns(L, &in, family->n_at * in.n_k);
    double *whole = new_columns(L, &in, family->n_whole);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *s = cm_contiguous(cx, in.score), *y = cm_contiguous(cx, in.label);
    bool ok = s && y &&
              family->compute(cx, cm_data(s), cm_data(y), in.segments->values, in.tasks, in.k,
                              in.n_k, at, whole);
    cm_scope_end(cx, mark);
    if (!ok)
        return cmL_raise(L, cx, where);
    lua_createtable(L, 0, family->n_whole + (int)in.n_k * family->n_at);
    for (int m = 0; m < family->n_at; m++)
        for (int64_t j = 0; j < in.n_k; j++) {
            lua_pushfstring(L, "%s@%d", family->at[m].name, (int)in.k[j]);
            push_column(L, at + (m * in.n_k + j) * in.tasks, in.tasks);
            lua_rawset(L, -3);
        }
    for (int m = 0; m < family->n_whole; m++) {
        push_column(L, whole + m * in.tasks, in.tasks);
        lua_setfield(L, -2, family->whole[m].name);
    }
    return 1;
}

/*** Metrics of predicted ratings, for each task; NaN where one does not exist.
 * @function rating_metrics
 * @tparam Tensor score [rows]
 * @tparam Tensor label [rows], true ratings
 * @tparam Segments segments one per task
 * @tparam table cutoffs the k of ndcg_exp@k
 * @treturn table by full name, such as mae or ndcg_exp@3: a list with one value per task
 */
static int l_rating_metrics(lua_State *L)
{
    return measure(L, &cm_rating_metrics, "rating_metrics");
}

/*** Metrics of ranked lists, for each task; NaN where one does not exist.
 * @function ranking_metrics
 * @tparam Tensor score [rows]
 * @tparam Tensor label [rows], relevant above 0
 * @tparam Segments segments one per task
 * @tparam table cutoffs the k of recall@k
 * @treturn table by full name, such as auc or recall@20: a list with one value per task */
static int l_ranking_metrics(lua_State *L)
{
    return measure(L, &cm_ranking_metrics, "ranking_metrics");
}

/* Adds the names that may be asked for to the table on the top, and their directions to its field
 * better. */
static void push_names(lua_State *L, const char *field, const cm_metric *metrics, int n)
{
    lua_createtable(L, n, 0);
    for (int m = 0; m < n; m++) {
        if (metrics[m].elsewhere)
            continue;
        lua_pushstring(L, metrics[m].name);
        lua_rawseti(L, -2, luaL_len(L, -2) + 1);
    }
    lua_setfield(L, -2, field);
    lua_getfield(L, -1, "better");
    for (int m = 0; m < n; m++) {
        if (metrics[m].elsewhere)
            continue;
        lua_pushstring(L, metrics[m].lower_is_better ? "min" : "max");
        lua_setfield(L, -2, metrics[m].name);
    }
    lua_pop(L, 1);
}

/*** The families of metrics that the core computes, with the names that may be asked for: no two
 * families have the same one.
 * @function metric_families
 * @treturn table list of {name, names (of the whole list), at (of the first k), better ("min" or
 * "max" by name), relevance (whether rows are relevant or not, instead of rated)} */
static int l_metric_families(lua_State *L)
{
    lua_newtable(L);
    for (int i = 0; cm_metric_families[i]; i++) {
        const cm_metric_family *family = cm_metric_families[i];
        lua_createtable(L, 0, 5);
        lua_pushstring(L, family->name);
        lua_setfield(L, -2, "name");
        lua_pushboolean(L, family->relevance);
        lua_setfield(L, -2, "relevance");
        lua_newtable(L);
        lua_setfield(L, -2, "better");
        push_names(L, "names", family->whole, family->n_whole);
        push_names(L, "at", family->at, family->n_at);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static const luaL_Reg functions[] = {{"rating_metrics", l_rating_metrics},
                                     {"ranking_metrics", l_ranking_metrics},
                                     {"metric_families", l_metric_families},
                                     {NULL, NULL}};

void cmL_open_metrics(lua_State *L)
{
    cmL_register(L, functions);
}
