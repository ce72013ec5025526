/* scan.h - cuts the text of a delimited file into lines and fields; used by table.c. */
#ifndef CM_SCAN_H
#define CM_SCAN_H

#include "io/text.h"

typedef struct cm_field {
    cm_text text;
    int64_t line; /* where it begins, from 1 */
} cm_field;

typedef struct cm_scan {
    cm_ctx *cx;
    const char *what; /* the file, for messages */
    char *at, *end;   /* what is still to be read; quoted fields are unquoted in place */
    const char *bad;  /* the first byte that is not valid UTF-8, `end` if there is none */
    const char *delimiter;
    size_t width; /* of the delimiter */
    bool quotes;
    int64_t line;             /* of `at`, from 1 */
    const char *const *names; /* of the first n_names fields, for messages; a name may be NULL */
    size_t n_names;
} cm_scan;

/* Fails with the file, the line and the column (`index` from 0) of a field, quoting `text`. */
bool cm_scan_fail(const cm_scan *scan, int64_t line, size_t index, cm_text text, const char *fault);

/* Passes over empty lines. False at the end of the text. */
bool cm_scan_begin(cm_scan *scan);

/* Reads the next field of a line, the index-th from 0, and sets whether more follow it there.
 * Refused: bad UTF-8, a quote that is never closed, text behind a closing quote. */
bool cm_scan_field(cm_scan *scan, size_t index, cm_field *field, bool *more);

#endif
