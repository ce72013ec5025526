/* l_vocab.c - vocabularies in Lua: texts to ids 1, 2, 3, ... and back.
 *
 * Ids are texts, compared exactly after the blanks around them are cut, and numbers stand for the
 * text of a whole number: 25, 25.0, "25" and " 25" are one id. Refused are empty ids, and floats
 * that are not whole or beyond 2^53. (The rule is that of csrc/data/vocab.h, for files too.)
 *
 * @classmod cmml.Vocab */
#include "bind/io.h"

cm_vocab **cmL_push_vocab(lua_State *L)
{
    cm_vocab **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = NULL;
    luaL_setmetatable(L, CML_VOCAB);
    return box;
}

cm_vocab *cmL_check_vocab(lua_State *L, int arg)
{
    cm_vocab **box = luaL_checkudata(L, arg, CML_VOCAB);
    if (!*box)
        luaL_argerror(L, arg, "released: it was freed or closed before");
    return *box;
}

/* The text of the id at `index` (absolute), to which it is converted there; `name` is for errors.
 */
static cm_text check_text(lua_State *L, int index, const char *name)
{
    cm_text raw = {NULL, 0};
    if (lua_type(L, index) == LUA_TNUMBER) {
        if (!lua_isinteger(L, index) && !cm_id_number(lua_tonumber(L, index)))
            luaL_error(L,
                       "%s: %s is not an id: numbers must be whole, and floats at most 2^53; give "
                       "others as text",
                       name, cmL_shown(L, index));
        lua_pushinteger(L, lua_tointeger(L, index));
        lua_replace(L, index);
    } else if (lua_type(L, index) != LUA_TSTRING) {
        luaL_error(L, "%s: an id must be a string or a number, not %s", name,
                   luaL_typename(L, index));
    }
    raw.text = lua_tolstring(L, index, &raw.len);
    return raw;
}

/* The number of the id at `index`, -1 if it is unknown. */
static int32_t find_id(lua_State *L, cm_ctx *cx, const cm_vocab *vocab, int index, const char *name)
{
    cm_text id, raw = check_text(L, index, name);
    int32_t number = cm_vocab_find(vocab, raw); /* files from before the rule may have any text */
    if (number < 0 && !cm_id_text(cx, raw, &id))
        cmL_raise(L, cx, name);
    return number < 0 && id.len < raw.len ? cm_vocab_find(vocab, id) : number;
}

/* Copies the offsets in the table at `arg` into a userdata, which is pushed. */
static int64_t *check_offsets(lua_State *L, int arg, size_t *n)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    *n = (size_t)cmL_check_length(L, arg);
    int64_t *offsets = lua_newuserdatauv(L, (*n + 1) * sizeof *offsets, 0);
    for (size_t i = 0; i < *n; i++) {
        int whole;
        lua_rawgeti(L, arg, (lua_Integer)i + 1);
        offsets[i] = lua_tointegerx(L, -1, &whole);
        if (!whole)
            luaL_argerror(L, arg, "a list of whole numbers was expected");
        lua_pop(L, 1);
    }
    return offsets;
}

/*** An empty vocabulary, or one from the results of Vocab:export.
 * @function vocab
 * @tparam[opt] string bytes of all texts, one after the other
 * @tparam[opt] table offsets start of each text, counted from 0, and the end of the last
 * @treturn Vocab|nil
 * @treturn string message, if bytes and offsets do not make a vocabulary */
static int l_vocab(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    bool empty = lua_isnoneornil(L, 1);
    size_t n_bytes = 0, n_offsets = 0;
    const char *bytes = empty ? NULL : cmL_check_text(L, 1, &n_bytes);
    int64_t *offsets = empty ? NULL : check_offsets(L, 2, &n_offsets);
    cm_vocab **box = cmL_push_vocab(L);
    *box = empty ? cm_vocab_new(cx) : cm_vocab_import(cx, bytes, n_bytes, offsets, n_offsets);
    if (*box)
        return 1;
    /* Texts that are not UTF-8 are an argument error when added, a bad file when imported. */
    return cm_error_code(cx) == CM_ERR_NO_MEMORY ? cmL_raise(L, cx, "vocab") : cmL_fail(L, cx);
}

/*** The number of an id.
 * @function Vocab:id
 * @tparam string|number id
 * @treturn integer|nil from 1; nil if it is unknown */
static int v_id(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_vocab *vocab = cmL_check_vocab(L, 1);
    int32_t id = find_id(L, cx, vocab, 2, "id");
    if (id < 0)
        lua_pushnil(L);
    else
        lua_pushinteger(L, (lua_Integer)id + 1);
    return 1;
}

/*** The numbers of several ids; 0 for unknown ones.
 * @function Vocab:ids
 * @tparam table ids list of strings or numbers
 * @treturn Ids */
static int v_ids(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_vocab *vocab = cmL_check_vocab(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_Integer n = (lua_Integer)lua_rawlen(L, 2);
    lua_settop(L, 2);
    cm_ids **box = cmL_push_ids(L);
    *box = cm_ids_new(cx, n);
    if (!*box)
        return cmL_raise(L, cx, "ids");
    for (lua_Integer i = 0; i < n; i++) {
        lua_rawgeti(L, 2, i + 1);
        (*box)->values[i] = find_id(L, cx, vocab, 4, "ids");
        lua_pop(L, 1);
    }
    cm_ids_seal(*box);
    return 1;
}

/*** The number of an id, which is added if it is new.
 * @function Vocab:add
 * @tparam string|number id valid UTF-8
 * @treturn integer from 1 */
static int v_add(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_vocab *vocab = cmL_check_vocab(L, 1);
    cm_text text = check_text(L, 2, "add");
    int32_t id = cm_id_text(cx, text, &text) ? cm_vocab_add(cx, vocab, text) : -1;
    if (id < 0)
        return cmL_raise(L, cx, "add");
    lua_pushinteger(L, (lua_Integer)id + 1);
    return 1;
}

/*** The id of a number, as text.
 * @function Vocab:text
 * @tparam integer number from 1 to #vocab
 * @treturn string */
static int v_text(lua_State *L)
{
    cm_vocab *vocab = cmL_check_vocab(L, 1);
    lua_Integer id = luaL_checkinteger(L, 2);
    if (id < 1 || id > cm_vocab_count(vocab))
        return luaL_error(L, "text: id %I of a vocabulary of %d", id, cm_vocab_count(vocab));
    cm_text text = cm_vocab_text(vocab, (int32_t)(id - 1));
    lua_pushlstring(L, text.text, text.len);
    return 1;
}

/*** The whole vocabulary as data for a file.
 * @function Vocab:export
 * @treturn string bytes of all texts, one after the other
 * @treturn table offsets, one more than texts: text i is bytes offsets[i] + 1 to offsets[i + 1] */
static int v_export(lua_State *L)
{
    cm_vocab *vocab = cmL_check_vocab(L, 1);
    const char *bytes;
    size_t n_bytes;
    const int64_t *offsets;
    cm_vocab_export(vocab, &bytes, &n_bytes, &offsets);
    lua_pushlstring(L, bytes, n_bytes);
    /* One more than the largest vocabulary passes int; the table then begins smaller. */
    lua_createtable(L, cm_vocab_count(vocab), 0);
    for (lua_Integer i = 0; i <= cm_vocab_count(vocab); i++) {
        lua_pushinteger(L, offsets[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 2;
}

static int v_len(lua_State *L)
{
    lua_pushinteger(L, cm_vocab_count(cmL_check_vocab(L, 1)));
    return 1;
}

static int v_tostring(lua_State *L)
{
    cm_vocab **box = luaL_checkudata(L, 1, CML_VOCAB);
    if (*box)
        lua_pushfstring(L, "[cmml.Vocab of %d]", cm_vocab_count(*box));
    else
        lua_pushliteral(L, "[cmml.Vocab released]");
    return 1;
}

static int v_gc(lua_State *L)
{
    cm_vocab **box = luaL_checkudata(L, 1, CML_VOCAB);
    cm_vocab *held = *box;
    *box = NULL;
    cm_vocab_release(cmL_ctx(L), held);
    return 0;
}

static int v_close(lua_State *L)
{
    return cmL_may_free(L) ? v_gc(L) : 0;
}

static const luaL_Reg functions[] = {{"vocab", l_vocab}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", v_gc},
                                {"__close", v_close},
                                {"__len", v_len},
                                {"__tostring", v_tostring},
                                {NULL, NULL}};
static const luaL_Reg methods[] = {{"id", v_id},     {"ids", v_ids},       {"add", v_add},
                                   {"text", v_text}, {"export", v_export}, {NULL, NULL}};

void cmL_open_vocab(lua_State *L)
{
    cmL_class(L, CML_VOCAB, meta, methods);
    cmL_register(L, functions);
}
