/* signature.c - see signature.h. */
#include "ops/signature.h"
#include "base/locale.h"
#include <stdlib.h>
#include <string.h>

const char *const cm_activation_names[] = {"identity", "relu", "leaky_relu",
                                           "sigmoid",  "tanh", NULL};

/* The default at `at`, which stands behind a =; gives what follows it. */
static const char *read_default(cm_arg *arg, const char *at)
{
    arg->optional = arg->has_default = true;
    if (strncmp(at, "true", 4) == 0) {
        arg->fallback = 1;
        return at + 4;
    }
    char *end;
    cm_locale locale = cm_locale_plain();
    arg->fallback = strtod(at, &end); /* "inf" is one, too */
    cm_locale_restore(locale);
    return end;
}

bool cm_signature_parse(cm_signature *signature, const char *args)
{
    *signature = (cm_signature){.count = 0};
    for (const char *at = args; *at;) {
        const char *colon = strchr(at, ':');
        if (!colon || signature->count == CM_MAX_ARGS ||
            (size_t)(colon - at) >= sizeof signature->args->name)
            return false;
        cm_arg *arg = &signature->args[signature->count++];
        memcpy(arg->name, at, (size_t)(colon - at));
        arg->kind = colon[1];
        at = colon + 2;
        if (*at == '?') {
            arg->optional = true;
            at++;
        } else if (*at == '=') {
            at = read_default(arg, at + 1);
        }
        while (*at == ' ')
            at++;
    }
    return true;
}
