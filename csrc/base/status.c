/* status.c - the error slot of a context. */
#include "base/status.h"
#include "base/ctx.h"
#include "base/locale.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void record(cm_ctx *cx, cm_status code, const char *format, va_list args)
{
    if (cx->error_code != CM_ERR_OK)
        return;
    cx->error_code = code;
    cm_locale locale = cm_locale_plain();
    vsnprintf(cx->error_text, sizeof cx->error_text, format, args);
    cm_locale_restore(locale);
}

void *cm_fail(cm_ctx *cx, cm_status code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    record(cx, code, format, args);
    va_end(args);
    return NULL;
}

bool cm_refuse(cm_ctx *cx, cm_status code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    record(cx, code, format, args);
    va_end(args);
    return false;
}

void cm_error_within(cm_ctx *cx, const char *where)
{
    char text[sizeof cx->error_text];
    memcpy(text, cx->error_text, sizeof text);
    cm_locale locale = cm_locale_plain();
    snprintf(cx->error_text, sizeof cx->error_text, "%s: %s", where, text);
    cm_locale_restore(locale);
}

void cm_error_recode(cm_ctx *cx, cm_status code)
{
    cx->error_code = code;
}

cm_status cm_error_code(const cm_ctx *cx)
{
    return cx->error_code;
}

const char *cm_error_text(const cm_ctx *cx)
{
    return cx->error_code == CM_ERR_OK ? "" : cx->error_text;
}

void cm_error_clear(cm_ctx *cx)
{
    cx->error_code = CM_ERR_OK;
    cx->error_text[0] = '\0';
}
