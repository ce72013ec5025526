/* l_safetensors.c - .safetensors files in Lua.
 *
 * @module cmml.core */
#include "bind/io.h"
#include "io/safetensors.h"
#include <string.h>

static void free_archive(cm_ctx *cx, void *held)
{
    cm_archive_close(cx, held);
}

/* Pushes a tensor; false with the error recorded. */
static bool push_real(lua_State *L, cm_ctx *cx, const cm_archive *archive,
                      const cm_archive_entry *entry)
{
    cm_tensor **box = cmL_push_tensor(L);
    cm_shape shape = cm_shape_of(entry->ndim, entry->shape);
    size_t mark = cm_scope_begin(cx);
    cm_tensor *tensor = cm_tensor_new(cx, &shape);
    bool good = tensor && cm_archive_copy_real(cx, archive, entry, cm_data(tensor));
    if (good) {
        cm_retain(tensor);
        *box = tensor;
    }
    cm_scope_end(cx, mark);
    return good;
}

/* Pushes bytes as a text, integers as a list; false with the error recorded. */
static bool push_plain(lua_State *L, cm_ctx *cx, const cm_archive *archive,
                       const cm_archive_entry *entry)
{
    char *numbers = lua_newuserdatauv(L, CM_MAX(entry->bytes, 1), 0);
    if (!cm_archive_copy(cx, archive, entry, numbers))
        return false;
    if (entry->dtype == CM_U8) {
        lua_pushlstring(L, numbers, entry->bytes);
        lua_remove(L, -2);
        return true;
    }
    lua_createtable(L, (int)CM_MIN(entry->count, INT32_MAX), 0);
    for (int64_t i = 0; i < entry->count; i++) {
        const void *at = numbers + (size_t)i * cm_dtype_bytes(entry->dtype);
        lua_pushinteger(L, entry->dtype == CM_I32 ? *(const int32_t *)at : *(const int64_t *)at);
        lua_rawseti(L, -2, i + 1);
    }
    lua_remove(L, -2);
    return true;
}

static bool push_entry(lua_State *L, cm_ctx *cx, const cm_archive *archive,
                       const cm_archive_entry *entry)
{
    lua_createtable(L, 0, 4);
    lua_pushlstring(L, entry->name.text, entry->name.len);
    lua_setfield(L, -2, "name");
    lua_pushlstring(L, entry->dtype_name.text, entry->dtype_name.len);
    lua_setfield(L, -2, "dtype");
    lua_createtable(L, entry->ndim, 0);
    for (int d = 0; d < entry->ndim; d++) {
        lua_pushinteger(L, entry->shape[d]);
        lua_rawseti(L, -2, d + 1);
    }
    lua_setfield(L, -2, "shape");
    if (entry->dtype == CM_OTHER)
        return true;
    bool real = entry->dtype <= CM_BF16;
    if (!(real ? push_real : push_plain)(L, cx, archive, entry))
        return false;
    lua_setfield(L, -2, "value");
    return true;
}

static void push_metadata(lua_State *L, const cm_archive *archive)
{
    lua_newtable(L);
    for (size_t i = 0; i < cm_archive_meta_count(archive); i++) {
        cm_text key, text;
        cm_archive_meta_at(archive, i, &key, &text);
        lua_pushlstring(L, key.text, key.len);
        lua_pushlstring(L, text.text, text.len);
        lua_rawset(L, -3);
    }
}

/*** Reads a .safetensors file, checked whole before anything of it is used.
 * @function read_archive
 * @tparam string path
 * @treturn table|nil tensors: a list, in the order of the file's header, of tables with name,
 * dtype, shape and value (a Tensor for F32, F64, F16 and BF16, a flat list of integers for I32 and
 * I64, a string for U8); skipped: a list of tables with name, dtype and shape of what has another
 * dtype and is not read; metadata: texts by key
 * @treturn string message on failure */
static int l_read_archive(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    const char *path = cmL_check_path(L, 1);
    cmL_hold *hold = cmL_push_hold(L, free_archive);
    cm_archive *archive = hold->held = cm_archive_open(cx, path);
    if (!archive)
        return cmL_io_fail(L, cx, "read_archive");
    size_t n = cm_archive_count(archive);
    lua_createtable(L, 0, 3);
    lua_createtable(L, (int)n, 0);
    lua_newtable(L);
    for (size_t i = 0; i < n; i++) {
        const cm_archive_entry *entry = cm_archive_at(archive, i);
        if (!push_entry(L, cx, archive, entry)) {
            cmL_hold_free(cx, hold);
            return cmL_io_fail(L, cx, "read_archive");
        }
        int list = entry->dtype == CM_OTHER ? -2 : -3;
        lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
    }
    lua_setfield(L, -3, "skipped");
    lua_setfield(L, -2, "tensors");
    push_metadata(L, archive);
    lua_setfield(L, -2, "metadata");
    cmL_hold_free(cx, hold);
    return 1;
}

/* Pushes the name of a tensor for messages. */
static const char *shown_name(lua_State *L, const cm_archive_item *item)
{
    return cmL_shown_text(L, item->name.text, item->name.len);
}

/* Copies the integers of the table on top of the stack into a userdata that replaces it there. */
static void check_integers(lua_State *L, cm_archive_item *item)
{
    size_t n = (size_t)cmL_check_length(L, -1), width = cm_dtype_bytes(item->dtype);
    char *copy = lua_newuserdatauv(L, CM_MAX(n, 1) * width, 0);
    for (size_t i = 0; i < n; i++) {
        int whole;
        lua_rawgeti(L, -2, (lua_Integer)i + 1);
        int64_t wide = lua_tointegerx(L, -1, &whole);
        int32_t narrow = (int32_t)wide;
        if (!whole || (item->dtype == CM_I32 && narrow != wide)) {
            const char *entry = cmL_shown(L, -1);
            luaL_error(L, "write_archive: entry %I of tensor %s is %s, not an integer of %s",
                       (lua_Integer)i + 1, shown_name(L, item), entry, cm_dtype_name(item->dtype));
        }
        memcpy(copy + i * width, item->dtype == CM_I32 ? (void *)&narrow : (void *)&wide, width);
        lua_pop(L, 1);
    }
    lua_replace(L, -2);
    item->ndim = 1;
    item->shape[0] = (int64_t)n;
    item->data = copy;
}

/* Fills an item from the entry table on top of the stack. A tensor is stored in *tensor, since it
 * may need to be copied; what holds other data is pushed. */
static void check_item(lua_State *L, cm_archive_item *item, cm_tensor **tensor)
{
    int entry = lua_gettop(L);
    *tensor = NULL;
    if (!lua_istable(L, entry) || cmL_raw_field(L, entry, "name") != LUA_TSTRING)
        luaL_error(L, "write_archive: an entry must be a table with a name");
    item->name.text = lua_tolstring(L, -1, &item->name.len);
    item->dtype = CM_I64;
    int type = cmL_raw_field(L, entry, "dtype");
    if (type != LUA_TNIL) {
        /* No metamethod: it could free what earlier entries hold. */
        const char *dtype = type == LUA_TSTRING ? lua_tostring(L, -1) : lua_typename(L, type);
        if (strcmp(dtype, "I32") == 0)
            item->dtype = CM_I32;
        else if (strcmp(dtype, "I64") != 0)
            luaL_error(L,
                       "write_archive: dtype %s of tensor %s: a list of integers may have one, "
                       "I32 or I64",
                       cmL_shown_text(L, dtype, strlen(dtype)), shown_name(L, item));
    }
    lua_settop(L, entry);
    cmL_raw_field(L, entry, "value");
    size_t len;
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        item->data = lua_tolstring(L, -1, &len);
        item->dtype = CM_U8;
        item->ndim = 1;
        item->shape[0] = (int64_t)len;
        break;
    case LUA_TTABLE:
        check_integers(L, item);
        break;
    default:
        *tensor = cmL_test_tensor(L, -1);
        if (!*tensor)
            luaL_error(L,
                       "write_archive: the value of tensor %s is %s, not a Tensor, a list of "
                       "integers or a string",
                       shown_name(L, item), luaL_typename(L, -1));
        item->dtype = CM_REAL_IS_DOUBLE ? CM_F64 : CM_F32;
        item->ndim = (*tensor)->shape.ndim;
        memcpy(item->shape, (*tensor)->shape.dims, sizeof item->shape);
    }
}

/* Reads the metadata table at `arg` into a userdata, which is pushed behind a copy of the table: a
 * finaliser may change the original at any time. */
static cm_archive_meta *check_metadata(lua_State *L, int arg, size_t *n)
{
    *n = 0;
    if (lua_isnoneornil(L, arg))
        return NULL;
    luaL_checktype(L, arg, LUA_TTABLE);
    lua_newtable(L);
    int copy = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, arg); (*n)++) {
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            luaL_argerror(L, arg, "metadata must map strings to strings");
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, copy);
    }
    cm_archive_meta *meta = lua_newuserdatauv(L, CM_MAX(*n, 1) * sizeof *meta, 0), *at = meta;
    for (lua_pushnil(L); lua_next(L, copy); lua_pop(L, 1), at++) {
        at->key.text = lua_tolstring(L, -2, &at->key.len);
        at->text.text = lua_tolstring(L, -1, &at->text.len);
    }
    return meta;
}

/*** Writes a .safetensors file completely, or leaves the file at the path unchanged.
 * @function write_archive
 * @tparam string path in an existing folder
 * @tparam table entries list of tables with name and value: a Tensor, a list of integers (written
 * as I64, or I32 with dtype = "I32"), or a string (U8)
 * @tparam[opt] table metadata texts by key
 * @treturn true|nil
 * @treturn string message on failure */
static int l_write_archive(lua_State *L)
{
    cm_ctx *cx = cmL_enter(L);
    const char *path = cmL_check_path(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 3);
    size_t n = lua_rawlen(L, 2), n_meta;
    luaL_argcheck(L, n <= CM_ARCHIVE_ENTRIES, 2, "too many entries");
    cm_archive_meta *meta = check_metadata(L, 3, &n_meta);
    cm_archive_item *items = lua_newuserdatauv(L, (n + 1) * sizeof *items, 0);
    cm_tensor **tensors = lua_newuserdatauv(L, (n + 1) * sizeof(cm_tensor *), 0);
    memset(items, 0, (n + 1) * sizeof *items);
    lua_createtable(L, (int)n, 0);
    int anchors = lua_gettop(L);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        check_item(L, &items[i], &tensors[i]);
        lua_rawseti(L, anchors, (lua_Integer)i + 1);
        lua_settop(L, anchors);
    }
    /* From here to the end of the scope nothing of Lua is called. */
    size_t mark = cm_scope_begin(cx);
    bool good = true;
    for (size_t i = 0; good && i < n; i++) {
        if (!tensors[i])
            continue;
        cm_tensor *whole = cm_contiguous(cx, tensors[i]);
        good = whole != NULL;
        items[i].data = good ? cm_data(whole) : NULL;
    }
    good = good && cm_archive_write(cx, path, items, n, meta, n_meta);
    cm_scope_end(cx, mark);
    if (!good)
        return cmL_io_fail(L, cx, "write_archive");
    lua_pushboolean(L, 1);
    return 1;
}

static const luaL_Reg functions[] = {
    {"read_archive", l_read_archive}, {"write_archive", l_write_archive}, {NULL, NULL}};

void cmL_open_safetensors(lua_State *L)
{
    cmL_register(L, functions);
}
