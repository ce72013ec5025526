/* io.c - see io.h. */
#include "bind/io.h"
#include <string.h>

#define CML_HOLD CML_NAME("Hold")

cmL_hold *cmL_push_hold(lua_State *L, void (*release)(cm_ctx *cx, void *held))
{
    cmL_hold *hold = lua_newuserdatauv(L, sizeof *hold, 0);
    *hold = (cmL_hold){.held = NULL, .release = release};
    luaL_setmetatable(L, CML_HOLD);
    return hold;
}

void cmL_hold_free(cm_ctx *cx, cmL_hold *hold)
{
    void *held = hold->held;
    hold->held = NULL;
    if (held)
        hold->release(cx, held);
}

static int hold_gc(lua_State *L)
{
    cmL_hold_free(cmL_ctx(L), luaL_checkudata(L, 1, CML_HOLD));
    return 0;
}

int cmL_io_fail(lua_State *L, cm_ctx *cx, const char *what)
{
    switch (cm_error_code(cx)) {
    case CM_ERR_IO:
    case CM_ERR_FORMAT:
    case CM_ERR_LIMIT:
    case CM_ERR_NUMBER:
        return cmL_fail(L, cx);
    default:
        return cmL_raise(L, cx, what);
    }
}

const char *cmL_check_path(lua_State *L, int arg)
{
    size_t len;
    const char *path = cmL_check_text(L, arg, &len);
    luaL_argcheck(L, len > 0 && strlen(path) == len, arg,
                  "a path was expected: not empty, without zero bytes");
    return path;
}

int cmL_raw_field(lua_State *L, int index, const char *name)
{
    lua_pushstring(L, name);
    return lua_rawget(L, index);
}

static const luaL_Reg hold_meta[] = {{"__gc", hold_gc}, {NULL, NULL}};

void cmL_open_io(lua_State *L)
{
    cmL_class(L, CML_HOLD, hold_meta, NULL);
}
