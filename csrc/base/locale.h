/* locale.h - text that a machine reads back is the same in every locale.
 *
 * A host may have called setlocale: then printf and strtod have another decimal point, letters are
 * lowered otherwise and texts are ordered otherwise. What the core formats and parses, it formats
 * and parses between cm_locale_plain and cm_locale_restore. */
#ifndef CM_LOCALE_H
#define CM_LOCALE_H

#include "base/config.h"

typedef struct cm_locale {
    void *previous, *plain;
} cm_locale;

/* From here on this thread, and no other, works in the locale "C", whatever the host has chosen or
 * chooses meanwhile. Costs some 30 ns. What it returns is for cm_locale_restore. */
cm_locale cm_locale_plain(void);

/* Gives the thread back what it had. Pairs may be nested. */
void cm_locale_restore(cm_locale locale);

/* The system's words for an error number (errno), in English; valid until the next call. */
const char *cm_system_reason(int code);

#endif
