/* l_table.c - delimited files in Lua.
 *
 * @module cmml.core */
#include "bind/io.h"
#include "data/table.h"
#include <string.h>

static const char *const kinds[] = {"skip", "text", "list", "number", "integer", NULL};

static void free_table(cm_ctx *cx, void *held)
{
    cm_table_free(cx, held);
}

/* The stack index of a table that anchors what C keeps of the options, which a finaliser may change
 * while columns are made. */
#define ANCHORS 3

static void anchor_top(lua_State *L)
{
    lua_pushvalue(L, -1);
    lua_rawseti(L, ANCHORS, (lua_Integer)lua_rawlen(L, ANCHORS) + 1);
}

/* The string in a field of the table at `index`; `fallback` if there is none. */
static const char *field_string(lua_State *L, int index, const char *name, const char *fallback)
{
    int type = cmL_raw_field(L, index, name);
    if (type != LUA_TNIL && type != LUA_TSTRING)
        luaL_error(L, "read_table: %s must be a string, not %s", name, lua_typename(L, type));
    const char *text = type == LUA_TNIL ? fallback : lua_tostring(L, -1);
    anchor_top(L);
    lua_pop(L, 1);
    return text;
}

static bool field_bool(lua_State *L, int index, const char *name, bool fallback)
{
    bool value = cmL_raw_field(L, index, name) == LUA_TNIL ? fallback : lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

static int field_option(lua_State *L, int index, const char *name, const char *fallback,
                        const char *const names[])
{
    const char *text = field_string(L, index, name, fallback);
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    return luaL_error(L, "read_table: %s cannot be \"%s\"", name, text);
}

static cm_table_options check_options(lua_State *L, int index)
{
    static const char *const headers[] = {"none", "skip", "names", NULL};
    static const char *const encodings[] = {"utf-8", "latin-1", NULL};
    cm_table_options o = {.delimiter = field_string(L, index, "delimiter", ",")};
    o.quotes = field_bool(L, index, "quotes", strcmp(o.delimiter, ",") == 0);
    o.latin1 = field_option(L, index, "encoding", "utf-8", encodings) == 1;
    o.exact = field_bool(L, index, "exact", true);
    o.header = (cm_table_header)field_option(L, index, "header", "none", headers);
    return o;
}

/* Reads the declarations in the table at `index` into a userdata, which is pushed. */
static cm_column_spec *check_columns(lua_State *L, int index, int *n)
{
    lua_Integer count = (lua_Integer)lua_rawlen(L, index);
    if (count < 1 || count > 100000)
        luaL_error(L, "read_table: columns must be a list of 1 to 100000 tables");
    cm_column_spec *specs = lua_newuserdatauv(L, (size_t)count * sizeof *specs, 0);
    for (int c = 0; c < (int)count; c++) {
        if (lua_rawgeti(L, index, c + 1) != LUA_TTABLE)
            luaL_error(L, "read_table: column %d is declared by %s, not a table", c + 1,
                       luaL_typename(L, -1));
        int spec = lua_gettop(L);
        specs[c] =
            (cm_column_spec){.name = field_string(L, spec, "name", NULL),
                             .kind = (cm_column_kind)field_option(L, spec, "kind", "text", kinds),
                             .separator = field_string(L, spec, "separator", NULL),
                             .lookup = field_bool(L, spec, "lookup", false),
                             .known = field_bool(L, spec, "known", false),
                             .unique = field_bool(L, spec, "unique", false)};
        specs[c].lookup = specs[c].lookup || specs[c].known;
        if (cmL_raw_field(L, spec, "vocab") != LUA_TNIL) {
            specs[c].vocab = cmL_check_vocab(L, -1);
            anchor_top(L);
        }
        lua_settop(L, spec - 1);
    }
    *n = (int)count;
    return specs;
}

/* Sets field `name` of the table on top to a list of ids; false with the error recorded. */
static bool set_ids(lua_State *L, cm_ctx *cx, const char *name, const int32_t *values, int64_t n,
                    bool segments)
{
    cm_ids **box = segments ? cmL_push_segments(L) : cmL_push_ids(L);
    cm_ids *ids = *box = cm_ids_new(cx, n);
    lua_setfield(L, -2, name);
    if (!ids)
        return false;
    if (n > 0)
        memcpy(ids->values, values, (size_t)n * sizeof *values);
    cm_ids_seal(ids);
    return true;
}

static bool set_numbers(lua_State *L, cm_ctx *cx, const cm_column *column, int64_t rows)
{
    cm_tensor **box = cmL_push_tensor(L);
    cm_shape shape = cm_shape_1d(rows);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *tensor = cm_tensor_new(cx, &shape);
    bool good = tensor != NULL;
    for (int64_t i = 0; good && i < rows; i++)
        cm_data(tensor)[i] = (cm_real)column->numbers[i];
    if (good) {
        cm_retain(tensor);
        *box = tensor;
    }
    cm_scope_end(cx, mark);
    lua_setfield(L, -2, "values");
    return good;
}

/* Pushes a column; false with the error recorded. */
static bool push_column(lua_State *L, cm_ctx *cx, const cm_column *column, int64_t rows)
{
    lua_createtable(L, 0, 4);
    lua_pushstring(L, kinds[column->kind]);
    lua_setfield(L, -2, "kind");
    if (column->vocab) {
        cm_vocab **box = cmL_push_vocab(L);
        *box = column->vocab;
        cm_vocab_retain(*box);
        lua_setfield(L, -2, "vocab");
    }
    switch (column->kind) {
    case CM_COLUMN_TEXT:
        return set_ids(L, cx, "ids", column->ids, rows, false);
    case CM_COLUMN_LIST:
        return set_ids(L, cx, "ids", column->ids, column->offsets[rows], false) &&
               set_ids(L, cx, "segments", column->offsets, rows + 1, true);
    case CM_COLUMN_NUMBER:
        return set_numbers(L, cx, column, rows);
    case CM_COLUMN_INTEGER:
        lua_createtable(L, (int)rows, 0);
        for (int64_t i = 0; i < rows; i++) {
            lua_pushinteger(L, column->integers[i]);
            lua_rawseti(L, -2, i + 1);
        }
        lua_setfield(L, -2, "values");
        break;
    case CM_COLUMN_SKIP:
        break;
    }
    return true;
}

/*** Reads a delimited file into columns. Empty lines are passed over; lines end with LF or CRLF.
 *
 * Options: `delimiter` (1 to 8 bytes, default ","), `quotes` (RFC 4180; default only for ","),
 * `encoding` ("utf-8", the default, or "latin-1"), `header` ("none", the default; "skip" passes
 * over the first line; "names" finds the columns by it), `exact` (every line has as many fields as
 * are declared, or in the header; default true), `columns`: a list of tables with `name`, `kind`,
 * `separator` (of a list), `vocab` (a Vocab to extend; default a new one), `lookup` (true: nothing
 * is added to it, unknown texts become 0), `known` (true: nothing is added to it, an unknown text
 * is an error) and `unique` (true: a text that its vocabulary has already is an error).
 *
 * Kinds and their results: "text" (the default): `ids` and `vocab`; "list" (texts between
 * separators): `ids`, `segments` and `vocab`; "number" (finite): `values`, a Tensor; "integer" (32
 * bits): `values`, a list; "skip": nothing.
 * @function read_table
 * @tparam string path
 * @tparam table options
 * @treturn table|nil rows: their number; columns: by name, or by position if unnamed
 * @treturn string message on failure: file, line, column, and the text found there */
static int l_read_table(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    const char *path = cmL_check_path(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_newtable(L);
    cm_table_options options = check_options(L, 2);
    if (cmL_raw_field(L, 2, "columns") != LUA_TTABLE)
        return luaL_error(L, "read_table: columns must be a list of tables");
    int n;
    cm_column_spec *specs = check_columns(L, 4, &n);
    cmL_hold *hold = cmL_push_hold(L, free_table);
    cm_table *table = hold->held = cm_table_read(cx, path, &options, specs, n);
    if (!table)
        return cmL_io_fail(L, cx, "read_table");
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, table->rows);
    lua_setfield(L, -2, "rows");
    lua_createtable(L, 0, n);
    for (int c = 0; c < n; c++) {
        if (specs[c].kind == CM_COLUMN_SKIP)
            continue;
        if (specs[c].name)
            lua_pushstring(L, specs[c].name);
        else
            lua_pushinteger(L, c + 1);
        if (!push_column(L, cx, &table->columns[c], table->rows)) {
            cmL_hold_free(cx, hold);
            return cmL_io_fail(L, cx, "read_table");
        }
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "columns");
    cmL_hold_free(cx, hold);
    return 1;
}

static const luaL_Reg functions[] = {{"read_table", l_read_table}, {NULL, NULL}};

void cmL_open_table(lua_State *L)
{
    cmL_register(L, functions);
}
