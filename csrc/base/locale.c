/* locale.c - see locale.h. */
#include "base/locale.h"
#include <locale.h>
#include <string.h>

cm_locale cm_locale_plain(void)
{
    /* The C libraries of Linux have this one as a constant, so that nothing is allocated here;
     * where one allocates and fails, uselocale(0) changes nothing. */
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return (cm_locale){.previous = (void *)uselocale(plain), .plain = (void *)plain};
}

void cm_locale_restore(cm_locale locale)
{
    uselocale((locale_t)locale.previous);
    if (locale.plain)
        freelocale((locale_t)locale.plain);
}

const char *cm_system_reason(int code)
{
    cm_locale locale = cm_locale_plain();
    const char *reason = strerror(code);
    cm_locale_restore(locale);
    return reason;
}
