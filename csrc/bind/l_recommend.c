/* l_recommend.c - what lists of predictors are asked for and given by in Lua, and lists of several
 * people.
 *
 * @module cmml.core */
#include "bind/predict.h"
#include <string.h>

uint32_t cmL_check_part(lua_State *L, int arg)
{
    lua_Integer part = luaL_checkinteger(L, arg);
    return part < 1 || part > CM_MOST_PARTS ? CM_MOST_PARTS : (uint32_t)part - 1;
}

int32_t cmL_check_count(lua_State *L, int arg)
{
    lua_Integer n = luaL_checkinteger(L, arg);
    return (int32_t)CM_MIN(CM_MAX(n, INT32_MIN), INT32_MAX);
}

static const uint8_t *check_choice(lua_State *L, int arg, const cm_predictor *p)
{
    int32_t n_items;
    if (lua_isnoneornil(L, arg))
        return NULL;
    const uint8_t *allowed = luaL_checkudata(L, arg, CML_CHOICE);
    memcpy(&n_items, allowed, sizeof n_items);
    luaL_argcheck(L, n_items == p->model->n_items, arg, "a choice of this model was expected");
    return allowed + sizeof n_items;
}

void cmL_read_request(lua_State *L, int at, const cm_predictor *p, cm_request *request)
{
    request->allowed = check_choice(L, at + 1, p);
    request->with_support = lua_toboolean(L, at + 2);
    if (lua_isnoneornil(L, at))
        return;
    luaL_checktype(L, at, LUA_TTABLE);
    if (cmL_check_length(L, at) > p->room)
        luaL_error(L, "recommend: exclude has more than %d entries", (int)p->room);
    request->exclude = p->rows;
    request->n_exclude = (size_t)cmL_read_rows(L, at, 0, p, "recommend: exclude");
}

void cmL_write_list(lua_State *L, int items, int scores, lua_Integer from, const int32_t *rows,
                    const cm_real *of, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        lua_pushinteger(L, (lua_Integer)rows[i] + 1);
        lua_rawseti(L, items, from + i + 1);
        lua_pushnumber(L, (lua_Number)of[i]);
        lua_rawseti(L, scores, from + i + 1);
    }
}

/* Takes contexts of the table at `arg` into the group of the predictor, from entry `first` on. */
static void read_group(lua_State *L, int arg, lua_Integer first, int32_t n, cm_predictor *p)
{
    for (int32_t i = 0; i < n; i++) {
        lua_rawgeti(L, arg, first + i + 1);
        cm_context **box = luaL_testudata(L, -1, CML_CONTEXT);
        const char *fault = !box                              ? "is no context"
                            : !*box                           ? "was closed"
                            : cm_context_predictor(*box) != p ? "is of another predictor"
                                                              : NULL;
        if (fault)
            luaL_error(L, "recommend: context %I %s", first + i + 1, fault);
        p->group[i] = *box;
        lua_pop(L, 1);
    }
}

/*** The items with the highest scores for several people, as many at once as the limit `users`.
 * @function Runner:recommend
 * @tparam integer part
 * @tparam table contexts list of RunnerContext of this predictor
 * @tparam integer n how many items each
 * @tparam table items takes their rows, best first: those of person i from entry (i - 1) n + 1 on
 * @tparam table scores takes their scores
 * @tparam table found takes how many items each list has
 * @tparam[opt] table exclude rows that are not to be listed
 * @tparam[opt] userdata choice
 * @tparam[opt=false] boolean with_support
 * @tparam[opt=0] integer candidates */
int cmL_runner_recommend(lua_State *L)
{
    cm_predictor *p = cmL_check_runner(L, 1);
    lua_settop(L, 11);
    for (int arg = 3; arg <= 7; arg++)
        if (arg != 4)
            luaL_checktype(L, arg, LUA_TTABLE);
    cm_request request = {.part = cmL_check_part(L, 2),
                          .n = cmL_check_count(L, 4),
                          .candidates = lua_isnil(L, 11) ? 0 : cmL_check_count(L, 11)};
    int64_t people = cmL_check_length(L, 3);
    cmL_read_request(L, 8, p, &request);
    for (int64_t at = 0; at < people; at += p->limits.users) {
        int32_t n = (int32_t)CM_MIN(people - at, p->limits.users);
        read_group(L, 3, at, n, p);
        if (!cm_group_recommend(p, n, &request, p->lists, p->listed, p->counts))
            return cmL_raise_runner(L, p, "recommend");
        for (int32_t i = 0; i < n; i++) {
            int64_t from = (int64_t)i * request.n;
            cmL_write_list(L, 5, 6, at * request.n + from, p->lists + from, p->listed + from,
                           p->counts[i]);
            lua_pushinteger(L, p->counts[i]);
            lua_rawseti(L, 7, at + i + 1);
        }
    }
    return 0;
}
