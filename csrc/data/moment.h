/* moment.h - reads when something happened. */
#ifndef CM_MOMENT_H
#define CM_MOMENT_H

#include "io/text.h"

/* A time: a whole number, also written as 978300760.0 or 8.8125e8 and then of at most 2^53 (in
 * whatever unit it is), kept as it is; or a date of ISO 8601 (2014-01-09), with a time behind a T
 * or blank (20:45, 20:45:11, fractions of a second dropped) and an offset (Z, +01:00; none is UTC),
 * as seconds since 1970. False if the text is none of these. */
bool cm_moment_parse(cm_text text, int64_t *out);

#endif
