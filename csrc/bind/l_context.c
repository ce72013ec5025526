/* l_context.c - contexts of predictors in Lua. What is called again and again makes no garbage:
 * results go into tables of the caller.
 *
 * @module cmml.core */
#include "bind/predict.h"
#include <string.h>

/*** What is known of one person, by rows of the catalogue: what `cmml.predictor` wraps.
 * @type RunnerContext */

cm_context *cmL_check_runner_context(lua_State *L, int arg)
{
    cm_context **box = luaL_checkudata(L, arg, CML_CONTEXT);
    luaL_argcheck(L, *box, arg, "the context was closed");
    luaL_argcheck(L, !cm_context_predictor(*box)->orphaned, arg,
                  "the predictor of the context was closed");
    return *box;
}

/*** Gives the memory back.
 * @function RunnerContext:close */
static int context_gc(lua_State *L)
{
    cm_context **box = luaL_checkudata(L, 1, CML_CONTEXT), *c = *box;
    *box = NULL;
    if (!c)
        return 0;
    cm_predictor *p = cm_context_predictor(c);
    cm_context_free(c);
    if (cm_predictor_is_over(p))
        cm_predictor_free(p);
    return 0;
}

/*** Another context that knows the same.
 * @function RunnerContext:fork
 * @treturn RunnerContext */
static int context_fork(lua_State *L)
{
    cm_context *c = cmL_check_runner_context(L, 1);
    lua_getiuservalue(L, 1, 1);
    cm_context **box = cmL_push_context(L, lua_gettop(L));
    *box = cm_context_fork(c);
    return *box ? 1 : cmL_raise_runner(L, cm_context_predictor(c), "fork");
}

/*** Takes an interaction; of an item that is there already it replaces the label.
 * @function RunnerContext:observe
 * @tparam integer item its row
 * @tparam number label */
static int context_observe(lua_State *L)
{
    cm_context *c = cmL_check_runner_context(L, 1);
    lua_Integer row = luaL_checkinteger(L, 2);
    int32_t item = cmL_row_of(row), n_items = cm_context_predictor(c)->model->n_items;
    if (item < 0 || item >= n_items)
        return luaL_error(L, "observe: %I is no row of the catalogue of %d", row, (int)n_items);
    if (!cm_context_observe(c, item, luaL_checknumber(L, 3)))
        return cmL_raise_runner(L, cm_context_predictor(c), "observe");
    return 0;
}

/*** Forgets an item.
 * @function RunnerContext:forget
 * @tparam integer item its row
 * @treturn boolean whether it was there */
static int context_forget(lua_State *L)
{
    lua_pushboolean(
        L, cm_context_forget(cmL_check_runner_context(L, 1), cmL_row_of(luaL_checkinteger(L, 2))));
    return 1;
}

/*** Forgets all.
 * @function RunnerContext:clear */
static int context_clear(lua_State *L)
{
    cm_context_clear(cmL_check_runner_context(L, 1));
    return 0;
}

/*** The interactions of a context.
 * @function RunnerContext:support
 * @tparam table items takes their rows
 * @tparam table labels takes their labels
 * @treturn integer how many there are */
static int context_support(lua_State *L)
{
    const int32_t *items;
    const cm_real *labels;
    int32_t n = cm_context_support(cmL_check_runner_context(L, 1), &items, &labels);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    for (int32_t i = 0; i < n; i++) {
        lua_pushinteger(L, (lua_Integer)items[i] + 1);
        lua_rawseti(L, 2, i + 1);
        lua_pushnumber(L, (lua_Number)labels[i]);
        lua_rawseti(L, 3, i + 1);
    }
    lua_pushinteger(L, n);
    return 1;
}

/*** Scores of items.
 * @function RunnerContext:score
 * @tparam integer part 1, or 2 of a model with lists
 * @tparam table items rows
 * @tparam table out takes the scores, in order
 * @treturn table out */
static int context_score(lua_State *L)
{
    cm_context *c = cmL_check_runner_context(L, 1);
    const cm_predictor *p = cm_context_predictor(c);
    uint32_t part = cmL_check_part(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    luaL_checktype(L, 4, LUA_TTABLE);
    int64_t at = 0;
    int32_t n;
    do { /* of no items it adapts */
        n = cmL_read_rows(L, 3, at, p, "score");
        if ((n > 0 || at == 0) && !cm_context_score(c, part, p->rows, (size_t)n, p->scores))
            return cmL_raise_runner(L, p, "score");
        for (int32_t i = 0; i < n; i++) {
            lua_pushnumber(L, (lua_Number)p->scores[i]);
            lua_rawseti(L, 4, at + i + 1);
        }
        at += n;
    } while (n > 0);
    lua_settop(L, 4);
    return 1;
}

/*** The items with the highest scores.
 * @function RunnerContext:recommend
 * @tparam integer part
 * @tparam integer n how many
 * @tparam table items takes their rows, best first
 * @tparam table scores takes their scores
 * @tparam[opt] table exclude rows that are not to be listed, at most as many as there are items
 * @tparam[opt] userdata choice
 * @tparam[opt=false] boolean with_support whether items of the support may be listed
 * @tparam[opt] number budget seconds; default: as many as it takes
 * @tparam[opt=0] integer candidates how many items are chosen by estimates to be scored; 0: all
 * @treturn integer|nil how many there are; nil: not all items were scored yet, call again */
static int context_recommend(lua_State *L)
{
    cm_context *c = cmL_check_runner_context(L, 1);
    const cm_predictor *p = cm_context_predictor(c);
    lua_settop(L, 10);
    luaL_checktype(L, 4, LUA_TTABLE);
    luaL_checktype(L, 5, LUA_TTABLE);
    cm_request request = {.part = cmL_check_part(L, 2),
                          .n = cmL_check_count(L, 3),
                          .candidates = lua_isnil(L, 10) ? 0 : cmL_check_count(L, 10)};
    double budget = luaL_optnumber(L, 9, 1e300);
    cmL_read_request(L, 6, p, &request);
    int32_t found;
    bool done;
    if (!cm_context_recommend(c, &request, budget, p->lists, p->listed, &found, &done))
        return cmL_raise_runner(L, p, "recommend");
    if (!done)
        return 0;
    cmL_write_list(L, 4, 5, 0, p->lists, p->listed, found);
    lua_pushinteger(L, found);
    return 1;
}

/*** The context as a short text.
 * @function RunnerContext:save
 * @treturn string */
static int context_save(lua_State *L)
{
    cm_context *c = cmL_check_runner_context(L, 1);
    size_t room = cm_context_text_bytes(c), used;
    luaL_Buffer buffer;
    char *text = luaL_buffinitsize(L, &buffer, room);
    if (!cm_context_save(c, text, room, &used))
        return cmL_raise_runner(L, cm_context_predictor(c), "save");
    luaL_pushresultsize(&buffer, used);
    return 1;
}

/*** Takes what `save` gave with the same model.
 * @function RunnerContext:restore
 * @tparam string text
 * @treturn true|nil
 * @treturn string message where the text is damaged, or of another model or version */
static int context_restore(lua_State *L)
{
    cm_context *c = cmL_check_runner_context(L, 1);
    size_t len;
    const char *text = cmL_check_text(L, 2, &len);
    if (!cm_context_restore(c, text, len)) {
        lua_pushnil(L);
        lua_pushstring(L, cm_error_text(&cm_context_predictor(c)->cx));
        return 2;
    }
    lua_pushboolean(L, true);
    return 1;
}

static const luaL_Reg meta[] = {{"__gc", context_gc}, {"__close", context_gc}, {NULL, NULL}};
static const luaL_Reg methods[] = {{"observe", context_observe},
                                   {"forget", context_forget},
                                   {"clear", context_clear},
                                   {"support", context_support},
                                   {"fork", context_fork},
                                   {"score", context_score},
                                   {"recommend", context_recommend},
                                   {"save", context_save},
                                   {"restore", context_restore},
                                   {"close", context_gc},
                                   {NULL, NULL}};

void cmL_open_context(lua_State *L)
{
    cmL_class(L, CML_CONTEXT, meta, methods);
}
