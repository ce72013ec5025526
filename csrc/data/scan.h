/* scan.h - cuts the text of a delimited file into lines and fields; used by table.c. */
#ifndef CM_SCAN_H
#define CM_SCAN_H

#include "io/text.h"

typedef struct cm_field {
    cm_text text;
    int64_t line; /* where it begins, from 1 */
    bool quoted;
    bool marked; /* quoted, with quotes within: to be cleaned once the line is whole */
} cm_field;

typedef struct cm_scan {
    cm_ctx *cx;
    const char *what; /* the file, for messages */
    char *at, *end;   /* what is still to be read; quoted fields are unquoted in place */
    bool final;       /* nothing follows behind `end` */
    const char *bad;  /* the first byte that is not valid UTF-8, `end` if there is none */
    const char *delimiter;
    size_t width;             /* of the delimiter */
    bool quotes, escapes;     /* a quote within quotes is doubled, or also has a \ before it */
    bool trims;               /* spaces and tabs around fields are cut, but not within quotes */
    int64_t line;             /* of `at`, from 1 */
    const char *const *names; /* of the first n_names fields, for messages; a name may be NULL */
    size_t n_names;
    cm_field *fields; /* of the line that was read */
    size_t n_fields, capacity;
} cm_scan;

typedef enum cm_scan_state {
    CM_SCAN_LINE, /* a line was read: its fields are in the scan */
    CM_SCAN_MORE, /* the text ends within the line: nothing was read; again with more text */
    CM_SCAN_END,  /* there is no further line */
    CM_SCAN_BAD /* refused: bad UTF-8, a quote that is never closed, text behind a closing quote */
} cm_scan_state;

/* Fails with the file, the line and the column (`index` from 0) of a field, quoting `text`. */
bool cm_scan_fail(const cm_scan *scan, int64_t line, size_t index, cm_text text, const char *fault);

/* Reads the next line that is not empty. */
cm_scan_state cm_scan_line(cm_scan *scan);

/* Reads the next line that is not empty as one field, whatever is in it. */
cm_scan_state cm_scan_whole_line(cm_scan *scan);

#endif
