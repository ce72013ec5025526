/* table.h - reads files of records (ratings, users, items) into columns: delimited text, or a JSON
 * object a line.
 *
 * A file is read in pieces (source.h) and is not trusted. Messages name the file, the line, the
 * number and the name of the column, and quote what was found. */
#ifndef CM_TABLE_H
#define CM_TABLE_H

#include "data/column.h"
#include "data/source.h"

#define CM_DELIMITER_BYTES 8

typedef enum cm_table_header {
    CM_HEADER_NONE, /* the first line is data; columns by position */
    CM_HEADER_SKIP, /* the first line is passed over; columns by position */
    CM_HEADER_NAMES /* columns are found by their names in the first line */
} cm_table_header;

typedef struct cm_table_options {
    const char *delimiter; /* 1 to CM_DELIMITER_BYTES bytes */
    bool quotes;           /* RFC 4180: fields in double quotes may hold anything, quotes doubled */
    bool escapes;          /* with quotes: a quote within them may also have a \ before it */
    bool trims;            /* spaces and tabs around fields are cut, but not within quotes */
    bool exact;            /* every line has as many fields as are declared (or in the header), else
                              it may have more than are needed */
    bool json;             /* an object a line: columns by key; none of the above counts */
    cm_encoding encoding;  /* of cm_table_read and cm_table_parse */
    cm_table_header header;
} cm_table_options;

typedef struct cm_table {
    int64_t rows; /* at most INT32_MAX */
    int n_columns;
    cm_column *columns; /* as declared; those skipped are empty */
    size_t capacity;    /* rows that fit */
} cm_table;

/* Reads all that is left of a source; free with cm_table_free. Lines end with LF or CRLF, empty
 * ones are passed over. On failure NULL, and vocabularies given by the caller are as they were. */
cm_table *cm_table_of(cm_ctx *cx, cm_source *source, const cm_table_options *options,
                      const cm_column_spec *columns, int n_columns) CM_MUST_CHECK;

/* The same for a file. */
cm_table *cm_table_read(cm_ctx *cx, const char *path, const cm_table_options *options,
                        const cm_column_spec *columns, int n_columns) CM_MUST_CHECK;

/* The same for the bytes of a file, called `what` in messages. The block (of cm_alloc) is freed. */
cm_table *cm_table_parse(cm_ctx *cx, char *bytes, size_t size, const char *what,
                         const cm_table_options *options, const cm_column_spec *columns,
                         int n_columns) CM_MUST_CHECK;

/* Frees a table and its references to vocabularies; NULL is fine. */
void cm_table_free(cm_ctx *cx, cm_table *table);

#endif
