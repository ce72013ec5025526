/* box.c - boxes: userdata that hold one reference to something of the core. */
#include "bind/state.h"

void cmL_box_move(cmL_box *box, cmL_arena *to)
{
    if (box->from) {
        *box->from = box->next;
        if (box->next)
            box->next->from = box->from;
    }
    box->from = to ? &to->first : NULL;
    box->next = to ? to->first : NULL;
    if (box->next)
        box->next->from = &box->next;
    if (to)
        to->first = box;
}

void cmL_box_release(cm_ctx *cx, void *at)
{
    cmL_box *box = at;
    void *held = box->held;
    box->held = NULL;
    cmL_box_move(box, NULL);
    if (held)
        box->release(cx, held);
}

static void release_tensor(cm_ctx *cx, void *held)
{
    cm_release(cx, held);
}

static void release_ids(cm_ctx *cx, void *held)
{
    cm_ids_release(cx, held);
}

static void release_times(cm_ctx *cx, void *held)
{
    cm_times_release(cx, held);
}

/* Whether a finaliser is running: what it makes belongs to no call that it happened to interrupt.
 */
static bool in_finaliser(lua_State *L)
{
#if LUA_VERSION_RELEASE_NUM >= 50404
    return lua_gc(L, LUA_GCISRUNNING) < 0;
#else
    (void)L;
    return false;
#endif
}

/* An empty box without a metatable. */
static cmL_box *push_box(lua_State *L, cmL_release *release)
{
    const cmL_state *state = lua_touserdata(L, lua_upvalueindex(1));
    cmL_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = (cmL_box){.release = release};
    if (state->arena && !in_finaliser(L))
        cmL_box_move(box, state->arena);
    return box;
}

/* A box of the class of that name. */
static void *push_of_class(lua_State *L, cmL_release *release, const char *name)
{
    cmL_box *box = push_box(L, release);
    luaL_setmetatable(L, name);
    return &box->held;
}

cm_tensor **cmL_push_tensor(lua_State *L)
{
    const cmL_state *state = lua_touserdata(L, lua_upvalueindex(1));
    void *box = push_box(L, release_tensor);
    lua_rawgeti(L, LUA_REGISTRYINDEX, state->tensor_class_ref);
    lua_setmetatable(L, -2);
    return box;
}

cm_ids **cmL_push_ids(lua_State *L)
{
    return push_of_class(L, release_ids, CML_IDS);
}

cm_ids **cmL_push_segments(lua_State *L)
{
    return push_of_class(L, release_ids, CML_SEGMENTS);
}

cm_times **cmL_push_times(lua_State *L)
{
    return push_of_class(L, release_times, CML_TIMES);
}

cm_tensor *cmL_check_contiguous(lua_State *L, int arg)
{
    cm_tensor *tensor = cmL_check_tensor(L, arg);
    luaL_argcheck(L, cm_is_contiguous(tensor), arg, "a contiguous tensor was expected");
    return tensor;
}
