/* l_analysis.c - analysis of points in Lua: principal axes, clusters, t-SNE.
 *
 * @module cmml.core */
#include "analysis/eigen.h"
#include "analysis/kmeans.h"
#include "analysis/tsne.h"
#include "bind/cmL.h"

static void push_numbers(lua_State *L, const double *values, int64_t n)
{
    lua_createtable(L, (int)n, 0);
    for (int64_t i = 0; i < n; i++) {
        lua_pushnumber(L, values[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

/*** The principal axes of points: unit eigenvectors of their covariance, each with its entry of
 * largest magnitude positive. Computed in double precision.
 * @function principal_axes
 * @tparam Tensor x [points, width], contiguous
 * @tparam integer count number of axes
 * @treturn Tensor [count, width]; zeros for an axis without variance
 * @treturn table means of the columns
 * @treturn table variances along all min(points, width) axes, in descending order */
static int l_principal_axes(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_Integer count = luaL_checkinteger(L, 2);
    cm_tensor *x = cmL_check_tensor(L, 1);
    luaL_argcheck(L, x->shape.ndim == 2, 1, "a matrix [points, width] was expected");
    int64_t width = x->shape.dims[1], size = CM_MIN(x->shape.dims[0], width);
    double *mean = lua_newuserdatauv(L, (size_t)(width + size + 1) * sizeof *mean, 0);
    cm_tensor **box = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cmL_finish(L, cx, mark, box, cm_principal_axes(cx, x, count, mean, mean + width),
               "principal_axes");
    push_numbers(L, mean, width);
    push_numbers(L, mean + width, size);
    return 3;
}

/*** The eigenvectors of a symmetric matrix, each with its entry of largest magnitude positive.
 * Computed in double precision; what lies above the diagonal is not read.
 * @function eigenvectors
 * @tparam Tensor x [n, n], contiguous, at most 4096 rows
 * @treturn Tensor [n, n] unit eigenvectors in the rows
 * @treturn Tensor [n] their eigenvalues, in descending order */
static int l_eigenvectors(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_tensor *x = cmL_check_tensor(L, 1), *found = NULL;
    cm_tensor **vectors = cmL_push_tensor(L), **values = cmL_push_tensor(L);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *made = cm_eigenvectors(cx, x, &found);
    if (made)
        cm_retain(*vectors = made);
    cmL_finish(L, cx, mark, values, made ? found : NULL, "eigenvectors");
    return 2;
}

/*** Clusters of points by k-means with one k-means++ initialisation.
 * @function kmeans_once
 * @tparam Tensor x [points, width], contiguous
 * @tparam integer k number of clusters
 * @tparam table options iterations (maximum, default 300), seed (default 1), restart (distinguishes
 * initialisations of one seed, default 0)
 * @treturn Ids [points] the cluster of each, numbered by their first points
 * @treturn Tensor centres [k, width]
 * @treturn number sum of the squared distances of points to their centres
 * @treturn integer number of iterations run */
static int l_kmeans_once(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    lua_Integer k = luaL_checkinteger(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    int64_t iterations = cmL_field_integer(L, 3, "iterations", 300);
    uint64_t seed = (uint64_t)cmL_field_integer(L, 3, "seed", 1);
    uint32_t restart = cmL_field_key(L, 3, "restart", 0);
    cm_ids **ids = cmL_push_ids(L);
    cm_tensor **centres = cmL_push_tensor(L), *x = cmL_check_tensor(L, 1);
    size_t mark = cm_scope_begin(cx);
    cm_clusters made = {0};
    bool ok = cm_kmeans(cx, x, k, iterations, seed, restart, &made);
    if (ok) {
        *ids = made.cluster;
        cm_retain(*centres = made.centres);
    }
    cm_scope_end(cx, mark);
    if (!ok)
        return cmL_raise(L, cx, "kmeans_once");
    lua_pushnumber(L, made.inertia);
    lua_pushinteger(L, made.iterations);
    return 4;
}

/*** Affinities of points for t-SNE.
 * @function tsne_affinities
 * @tparam Tensor x [points, width], contiguous; at most 10000 points
 * @tparam number perplexity effective number of neighbours of a point; at least 1, below the number
 * of points
 * @treturn Tensor [points, points], symmetric, with sum 1 */
static int l_tsne_affinities(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    double perplexity = luaL_checknumber(L, 2);
    cm_tensor **box = cmL_push_tensor(L), *x = cmL_check_tensor(L, 1);
    size_t mark = cm_scope_begin(cx);
    return cmL_finish(L, cx, mark, box, cm_tsne_affinities(cx, x, perplexity), "tsne_affinities");
}

static cm_tensor *copy_of(cm_ctx *cx, const cm_tensor *from)
{
    cm_tensor *copy = cm_tensor_new(cx, &from->shape);
    if (copy)
        cm_tensor_copy(copy, from);
    return copy;
}

/*** One step of t-SNE: gradient descent with momentum and a gain per element.
 * @function tsne_step
 * @tparam Tensor affinities [points, points] as tsne_affinities gives them
 * @tparam Tensor y [points, 1 to 3] positions
 * @tparam Tensor velocity [points, 1 to 3]; zeros at the start
 * @tparam Tensor gains [points, 1 to 3]; ones at the start
 * @tparam table options rate (learning rate, default 200), momentum (0.8), exaggeration of the
 * attraction (1), measure (whether to compute the divergence, which takes longer; default true)
 * @treturn Tensor updated y, with mean 0
 * @treturn Tensor velocity
 * @treturn Tensor gains
 * @treturn number Kullback-Leibler divergence before the step, without exaggeration; 0 if it is not
 * measured */
static int l_tsne_step(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    luaL_checktype(L, 5, LUA_TTABLE);
    cm_tsne_options options = {.rate = cmL_field_number(L, 5, "rate", 200),
                               .momentum = cmL_field_number(L, 5, "momentum", 0.8),
                               .exaggeration = cmL_field_number(L, 5, "exaggeration", 1),
                               .measure = cmL_field_bool(L, 5, "measure", true)};
    cm_tensor **boxes[3];
    for (int i = 0; i < 3; i++)
        boxes[i] = cmL_push_tensor(L);
    cm_tensor *p = cmL_check_tensor(L, 1), *y = cmL_check_tensor(L, 2);
    cm_tensor *velocity = cmL_check_tensor(L, 3), *gains = cmL_check_tensor(L, 4);
    double divergence = 0;
    size_t mark = cm_scope_begin(cx);
    cm_tsne_state state = {copy_of(cx, y), copy_of(cx, velocity), copy_of(cx, gains)};
    bool ok = state.y && state.velocity && state.gains &&
              cm_tsne_step(cx, p, &state, &options, &divergence);
    if (ok) {
        cm_retain(*boxes[0] = state.y);
        cm_retain(*boxes[1] = state.velocity);
        cm_retain(*boxes[2] = state.gains);
    }
    cm_scope_end(cx, mark);
    if (!ok)
        return cmL_raise(L, cx, "tsne_step");
    lua_pushnumber(L, divergence);
    return 4;
}

static const luaL_Reg functions[] = {
    {"principal_axes", l_principal_axes}, {"eigenvectors", l_eigenvectors},
    {"kmeans_once", l_kmeans_once},       {"tsne_affinities", l_tsne_affinities},
    {"tsne_step", l_tsne_step},           {NULL, NULL}};

void cmL_open_analysis(lua_State *L)
{
    cmL_register(L, functions);
}
