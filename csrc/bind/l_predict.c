/* l_predict.c - predictors and contexts in Lua. Items are rows of the catalogue from 1. What is
 * called again and again makes no garbage: results go into tables of the caller.
 *
 * @module cmml.core */
#include "bind/predict.h"
#include "predict/frozen_shared.h"
#include <string.h>

/* Raises what a call of a predictor refused. */
int cmL_raise_runner(lua_State *L, const cm_predictor *p, const char *what)
{
    return luaL_error(L, "%s: %s", what, cm_error_text(&p->cx));
}

cm_predictor *cmL_check_runner(lua_State *L, int arg)
{
    cm_predictor **box = luaL_checkudata(L, arg, CML_RUNNER);
    luaL_argcheck(L, *box, arg, "the predictor was closed");
    return *box;
}

/* A row from 0; -1 for what is none. */
int32_t cmL_row_of(lua_Integer row)
{
    return row < 1 || row > INT32_MAX ? -1 : (int32_t)row - 1;
}

static cm_limits check_limits(lua_State *L, int arg)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    return (cm_limits){(int32_t)cmL_field_within(L, arg, "support", 256, 0, INT32_MAX),
                       (int32_t)cmL_field_within(L, arg, "list", 100, 0, INT32_MAX),
                       (int32_t)cmL_field_within(L, arg, "block", 512, 0, INT32_MAX),
                       (size_t)cmL_field_within(L, arg, "memory", 1 << 30, 0, INT64_MAX),
                       (int32_t)cmL_field_within(L, arg, "candidates", 1000, 0, INT32_MAX),
                       (int32_t)cmL_field_within(L, arg, "users", 1, 0, INT32_MAX)};
}

/*** A predictor of a model file that has a frozen graph. Takes all memory that it will ever need. A
 * file that is open in this process already, and was not changed since, is not read again: weights
 * are shared, by other Lua states and threads, too.
 * @function open_predictor
 * @tparam string path
 * @tparam table limits support (interactions of a context, default 256), list (items of a list,
 * 100), block (items that are scored at once, 512), memory (bytes that runs may take, 2^30),
 * candidates (items that may be chosen to be scored, 1000), users (people whose lists may be made
 * at once, 1)
 * @treturn Runner|nil
 * @treturn string message where the file cannot be read or has no graph */
static int l_open_predictor(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    const char *path = cmL_check_text(L, 1, NULL);
    cm_limits limits = check_limits(L, 2);
    cm_predictor **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = NULL;
    luaL_setmetatable(L, CML_RUNNER);
    cm_frozen *model = cm_frozen_share(cx, path);
    *box = model ? cm_predictor_new(cx, model, &limits) : NULL;
    cm_frozen_release(model);
    return *box ? 1 : cmL_fail(L, cx);
}

/*** Another predictor of the same model, which both share.
 * @function Runner:again
 * @tparam table limits as of open_predictor
 * @treturn Runner */
static int predictor_again(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_predictor *p = cmL_check_runner(L, 1);
    cm_limits limits = check_limits(L, 2);
    cm_predictor **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = NULL;
    luaL_setmetatable(L, CML_RUNNER);
    *box = cm_predictor_new(cx, p->model, &limits);
    return *box ? 1 : cmL_raise(L, cx, "again");
}

/*** Gives the memory back, after that of its contexts.
 * @function Runner:close */
static int predictor_gc(lua_State *L)
{
    cm_predictor **box = luaL_checkudata(L, 1, CML_RUNNER), *p = *box;
    *box = NULL;
    if (!p)
        return 0;
    p->orphaned = true;
    if (cm_predictor_is_over(p))
        cm_predictor_free(p);
    return 0;
}

/*** What a predictor is: a table with bytes (that it took, beside the model), items (how many the
 * catalogue has), parts (1, or 2 of a model with lists), retrieves (whether it can choose
 * candidates), ordered (whether supports are sequences), support, list, block, candidates and users
 * (its limits).
 * @function Runner:facts
 * @treturn table */
static int predictor_facts(lua_State *L)
{
    const cm_predictor *p = cmL_check_runner(L, 1);
    const struct {
        const char *name;
        lua_Integer value;
    } facts[] = {{"bytes", (lua_Integer)cm_predictor_bytes(p)},
                 {"items", p->model->n_items},
                 {"parts", (lua_Integer)p->model->n_parts},
                 {"support", p->limits.support},
                 {"list", p->limits.list},
                 {"block", p->limits.block},
                 {"candidates", p->limits.candidates},
                 {"users", p->limits.users}};
    lua_createtable(L, 0, 10);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        lua_pushinteger(L, facts[i].value);
        lua_setfield(L, -2, facts[i].name);
    }
    lua_pushboolean(L, cm_frozen_retrieves(p->model));
    lua_setfield(L, -2, "retrieves");
    lua_pushboolean(L, p->model->is_ordered);
    lua_setfield(L, -2, "ordered");
    return 1;
}

/*** The row of an item by its raw id.
 * @function Runner:row
 * @tparam string|number id
 * @treturn integer|nil */
static int predictor_row(lua_State *L)
{
    const cm_predictor *p = cmL_check_runner(L, 1);
    cm_text id;
    id.text = cmL_check_text(L, 2, &id.len);
    int32_t row = cm_frozen_find(p->model, id);
    if (row < 0)
        return 0;
    lua_pushinteger(L, (lua_Integer)row + 1);
    return 1;
}

/*** The raw id of a row.
 * @function Runner:id
 * @tparam integer row
 * @treturn string */
static int predictor_id(lua_State *L)
{
    const cm_predictor *p = cmL_check_runner(L, 1);
    int32_t row = cmL_row_of(luaL_checkinteger(L, 2));
    luaL_argcheck(L, row >= 0 && row < p->model->n_items, 2, "a row of the catalogue was expected");
    cm_text id = cm_frozen_id(p->model, row);
    lua_pushlstring(L, id.text, id.len);
    return 1;
}

/*** Floating-point operations of the matrix products of the last run, 2 m n k each: for measuring.
 * @function Runner:flops
 * @treturn integer */
static int predictor_flops(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)cmL_check_runner(L, 1)->cx.counters.flops);
    return 1;
}

/*** How many predictors of this process share the model.
 * @function Runner:holders
 * @treturn integer */
static int predictor_holders(lua_State *L)
{
    lua_pushinteger(L, cm_frozen_holders(cmL_check_runner(L, 1)->model));
    return 1;
}

/* Pushes a box for a context of the predictor at `arg`, which it keeps alive. */
cm_context **cmL_push_context(lua_State *L, int arg)
{
    lua_pushvalue(L, arg);
    cm_context **box = lua_newuserdatauv(L, sizeof *box, 1);
    *box = NULL;
    luaL_setmetatable(L, CML_CONTEXT);
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, 1);
    return box;
}

/*** An empty context.
 * @function Runner:context
 * @treturn RunnerContext */
static int predictor_context(lua_State *L)
{
    cm_predictor *p = cmL_check_runner(L, 1);
    cm_context **box = cmL_push_context(L, 1);
    *box = cm_context_new(p);
    return *box ? 1 : cmL_raise_runner(L, p, "context");
}

int32_t cmL_read_rows(lua_State *L, int arg, int64_t first, const cm_predictor *p, const char *what)
{
    int64_t n = CM_MIN(cmL_check_length(L, arg) - first, p->room);
    for (int64_t i = 0; i < n; i++) {
        lua_rawgeti(L, arg, first + i + 1);
        p->rows[i] = cmL_row_of(lua_tointeger(L, -1)); /* 0 for what is no number */
        lua_pop(L, 1);
        if (p->rows[i] < 0 || p->rows[i] >= p->model->n_items)
            luaL_error(L, "%s: entry %I is no row of the catalogue of %d", what,
                       (lua_Integer)(first + i + 1), (int)p->model->n_items);
    }
    return (int32_t)n;
}

/*** A set of items, to choose from again and again.
 * @function Runner:choice
 * @tparam table items rows
 * @treturn userdata */
static int predictor_choice(lua_State *L)
{
    const cm_predictor *p = cmL_check_runner(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    int32_t n_items = p->model->n_items;
    uint8_t *allowed = lua_newuserdatauv(L, (size_t)n_items + 1 + sizeof n_items, 0);
    luaL_setmetatable(L, CML_CHOICE);
    memcpy(allowed, &n_items, sizeof n_items);
    allowed += sizeof n_items;
    memset(allowed, 0, (size_t)n_items + 1);
    int64_t at = 0;
    for (int32_t n; (n = cmL_read_rows(L, 2, at, p, "choice")) > 0; at += n)
        for (int32_t i = 0; i < n; i++)
            allowed[p->rows[i]] = 1;
    return 1;
}

static const luaL_Reg functions[] = {{"open_predictor", l_open_predictor}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", predictor_gc}, {"__close", predictor_gc}, {NULL, NULL}};
static const luaL_Reg methods[] = {{"again", predictor_again},
                                   {"facts", predictor_facts},
                                   {"row", predictor_row},
                                   {"id", predictor_id},
                                   {"context", predictor_context},
                                   {"choice", predictor_choice},
                                   {"flops", predictor_flops},
                                   {"recommend", cmL_runner_recommend},
                                   {"holders", predictor_holders},
                                   {"close", predictor_gc},
                                   {NULL, NULL}};
static const luaL_Reg choice_meta[] = {{NULL, NULL}};

void cmL_open_predict(lua_State *L)
{
    cmL_class(L, CML_RUNNER, meta, methods);
    cmL_class(L, CML_CHOICE, choice_meta, NULL);
    cmL_register(L, functions);
    cmL_open_context(L);
}
