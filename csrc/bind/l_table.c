/* l_table.c - files of records in Lua: what they look like, and their columns.
 *
 * @module cmml.core */
#include "bind/io.h"
#include "data/table.h"
#include <string.h>

#define CML_SOURCE CML_NAME("Source")

static const char *const kinds[] = {"skip", "text", "list", "number", "integer", "time", NULL};
static const char *const encodings[] = {"auto", "utf-8", "latin-1", "utf-16", NULL};

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
    return luaL_error(L, "read_table: %s cannot be \"%s\"", name,
                      cmL_shown_text(L, text, strlen(text)));
}

static cm_table_options check_options(lua_State *L, int index)
{
    static const char *const headers[] = {"none", "skip", "names", NULL};
    cm_table_options o = {.delimiter = field_string(L, index, "delimiter", ",")};
    o.quotes = field_bool(L, index, "quotes", strcmp(o.delimiter, ",") == 0);
    o.escapes = field_bool(L, index, "escapes", false);
    o.trims = field_bool(L, index, "trim", false);
    o.json = field_bool(L, index, "json", false);
    o.encoding = (cm_encoding)field_option(L, index, "encoding", "utf-8", encodings);
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
                             .unique = field_bool(L, spec, "unique", false),
                             .is_id = field_bool(L, spec, "id", false),
                             .missing = field_bool(L, spec, "missing", false),
                             .rest = field_bool(L, spec, "rest", false),
                             .comma = field_bool(L, spec, "comma", false),
                             .at = (int)cmL_field_within(L, spec, "at", 0, 0, INT_MAX)};
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
    if (good && rows > 0)
        memcpy(cm_data(tensor), column->numbers, (size_t)rows * sizeof(cm_real));
    if (good) {
        cm_retain(tensor);
        *box = tensor;
    }
    cm_scope_end(cx, mark);
    lua_setfield(L, -2, "values");
    return good;
}

static bool set_times(lua_State *L, cm_ctx *cx, const cm_column *column, int64_t rows)
{
    cm_times **box = cmL_push_times(L);
    cm_times *times = *box = cm_times_new(cx, rows);
    lua_setfield(L, -2, "values");
    if (times && rows > 0)
        memcpy(times->values, column->times, (size_t)rows * sizeof *times->values);
    return times != NULL;
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
    case CM_COLUMN_TIME:
        return set_times(L, cx, column, rows);
    case CM_COLUMN_SKIP:
        break;
    }
    return true;
}

static cm_source **check_source(lua_State *L, int arg)
{
    cm_source **box = luaL_checkudata(L, arg, CML_SOURCE);
    luaL_argcheck(L, *box != NULL, arg, "closed before");
    return box;
}

static int source_gc(lua_State *L)
{
    cm_source **box = luaL_checkudata(L, 1, CML_SOURCE);
    cm_source *source = *box;
    *box = NULL;
    cm_source_close(cmL_ctx(L), source);
    return 0;
}

/*** Opens a file of records to be looked at and then read by `read_table`.
 *
 * Files packed by gzip, zstd, xz or bzip2 are unpacked on the way by the program of that name.
 * @function open_table
 * @tparam string path of a file or pipe
 * @tparam[opt="auto"] string encoding "auto" (by a mark, else UTF-16 where every second byte is
 * zero, else the first byte that is not ASCII decides between UTF-8 and latin-1), "utf-8",
 * "latin-1" or "utf-16"
 * @treturn Source|nil
 * @treturn string message on failure */
static int l_open_table(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    const char *path = cmL_check_path(L, 1);
    cm_encoding encoding = (cm_encoding)luaL_checkoption(L, 2, "auto", encodings);
    cm_source **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = NULL;
    luaL_setmetatable(L, CML_SOURCE);
    *box = cm_source_open(cx, path, encoding);
    return *box ? 1 : cmL_io_fail(L, cx, "open_table");
}

/*** The beginning of the text, which stays to be read.
 * @function Source:head
 * @tparam[opt=65536] integer bytes that are wanted at least, where there are as many
 * @treturn string|nil text in UTF-8, cut between characters
 * @treturn boolean|string whether that is all of it; a message on failure */
static int l_source_head(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_source *s = *check_source(L, 1);
    lua_Integer wanted = luaL_optinteger(L, 2, 65536);
    luaL_argcheck(L, wanted >= 0 && wanted <= (lua_Integer)(CM_SOURCE_LINE / 2), 2,
                  "a number of bytes up to 32 MiB was expected");
    while (s->end - s->start < (size_t)wanted && !s->at_end)
        if (!cm_source_fill(cx, s))
            return cmL_io_fail(L, cx, "Source:head");
    lua_pushlstring(L, s->text + s->start, s->end - s->start);
    lua_pushboolean(L, s->at_end && s->end == s->used);
    return 2;
}

/*** What the file is, as far as it was read.
 * @function Source:info
 * @treturn table encoding ("ASCII", "UTF-8", "latin-1", "UTF-16"), guessed (whether that was
 * guessed), packing (the program that unpacks it, or nil) */
static int l_source_info(lua_State *L)
{
    cmL_enter(L);
    const cm_source *s = *check_source(L, 1);
    lua_createtable(L, 0, 3);
    lua_pushstring(L, cm_encoding_name(s->encoding));
    lua_setfield(L, -2, "encoding");
    lua_pushboolean(L, s->guessed);
    lua_setfield(L, -2, "guessed");
    lua_pushstring(L, s->packing);
    lua_setfield(L, -2, "packing");
    return 1;
}

/*** Closes the file; one that is closed stays so.
 * @function Source:close */

/*** Reads a file of records into columns. Empty lines are passed over; lines end with LF or CRLF.
 *
 * Options: `delimiter` (1 to 8 bytes, default ","), `quotes` (RFC 4180; default only for ","),
 * `escapes` (with quotes: a quote within them may also have a \ before it), `trim` (blanks around
 * fields are cut, but not within quotes), `encoding` (as for `open_table`; default "utf-8"; a
 * Source has its own), `json` (true: the file has a JSON object a line, columns are found by their
 * names as keys, and what is missing or null is empty; the other options do not count), `header`
 * ("none", the default; "skip" passes over the first line; "names" finds the columns by it),
 * `exact` (every line has as many fields as are declared, or in the header; default true),
 * `columns`: a list of tables with `name`, `kind`, `separator` (of a list), `vocab` (a Vocab to
 * extend; default a new one), `lookup` (true: nothing is added to it, unknown texts become 0),
 * `known` (true: nothing is added to it, an unknown text is an error), `unique` (true: a text that
 * its vocabulary has already is an error), `id` (true: raw ids, blanks around them are cut and an
 * empty text is an error), `at` (the number of its field; default: its place in the list),
 * `missing` (of a number: an empty field is NaN), `comma` (of a number: a comma stands before the
 * decimals), `rest` (of a list, true: its entries are this field and all behind it).
 *
 * Kinds and their results: "text" (the default): `ids` and `vocab`; "list" (texts between
 * separators): `ids`, `segments` and `vocab`; "number" (finite): `values`, a Tensor; "integer" (32
 * bits): `values`, a list; "time" (a whole number, or a date of ISO 8601 as seconds since 1970):
 * `values`, Times; "skip": nothing.
 * @function read_table
 * @tparam string|Source path a Source is read to its end
 * @tparam table options
 * @treturn table|nil rows: their number; columns: by name, or by position if unnamed
 * @treturn string message on failure: file, line, column, and the text found there */
static int l_read_table(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    cm_source **source = lua_type(L, 1) == LUA_TUSERDATA ? check_source(L, 1) : NULL;
    const char *path = source ? NULL : cmL_check_path(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_newtable(L);
    cm_table_options options = check_options(L, 2);
    if (cmL_raw_field(L, 2, "columns") != LUA_TTABLE)
        return luaL_error(L, "read_table: columns must be a list of tables");
    int n;
    cm_column_spec *specs = check_columns(L, 4, &n);
    cmL_hold *hold = cmL_push_hold(L, free_table);
    cm_table *table = hold->held = source ? cm_table_of(cx, *source, &options, specs, n)
                                          : cm_table_read(cx, path, &options, specs, n);
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
        cm_column_end(cx, &table->columns[c]); /* so that two copies exist of one column only */
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "columns");
    cmL_hold_free(cx, hold);
    return 1;
}

static const luaL_Reg functions[] = {
    {"read_table", l_read_table}, {"open_table", l_open_table}, {NULL, NULL}};

static const luaL_Reg source_meta[] = {{"__gc", source_gc}, {"__close", source_gc}, {NULL, NULL}};

static const luaL_Reg source_methods[] = {
    {"head", l_source_head}, {"info", l_source_info}, {"close", source_gc}, {NULL, NULL}};

void cmL_open_table(lua_State *L)
{
    cmL_class(L, CML_SOURCE, source_meta, source_methods);
    cmL_register(L, functions);
}
