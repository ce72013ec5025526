/* ctx.c - opening and closing a context. */
#include "base/ctx.h"
#include <string.h>

void cm_ctx_open(cm_ctx *cx)
{
    memset(cx, 0, sizeof *cx);
    cx->mem.fail_in = -1;
    cx->grad_enabled = true;
}

void cm_ctx_open_arena(cm_ctx *cx, void *arena, size_t bytes, const struct cm_kernels *kernels)
{
    cm_ctx_open(cx);
    cx->grad_enabled = false;
    cx->mem.arena = arena;
    cx->mem.arena_bytes = bytes;
    cx->kernels = kernels;
}

void cm_ctx_close(cm_ctx *cx)
{
    cm_free(cx, cx->scope);
    cx->scope = NULL;
    cx->scope_len = cx->scope_cap = 0;
    cx->closed = true;
    cm_mem_trim(cx);
}

bool cm_grad_enable(cm_ctx *cx, bool on)
{
    bool was = cx->grad_enabled;
    cx->grad_enabled = on;
    return was;
}
