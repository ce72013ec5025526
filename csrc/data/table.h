/* table.h - reads delimited files (ratings, users, items) into columns.
 *
 * A file is read whole and is not trusted. Messages name the file, the line, the number and the
 * name of the column, and quote what was found. */
#ifndef CM_TABLE_H
#define CM_TABLE_H

#include "data/vocab.h"

#define CM_DELIMITER_BYTES 8

typedef enum cm_column_kind {
    CM_COLUMN_SKIP,
    CM_COLUMN_TEXT,   /* the field as it is, numbered by a vocabulary */
    CM_COLUMN_LIST,   /* texts between separators, spaces around them dropped, each numbered */
    CM_COLUMN_NUMBER, /* a decimal number that fits cm_real; spaces around it dropped, as below */
    CM_COLUMN_INTEGER /* an int32 */
} cm_column_kind;

typedef enum cm_table_header {
    CM_HEADER_NONE, /* the first line is data; column i of the declaration is field i */
    CM_HEADER_SKIP, /* the first line is passed over; columns by position */
    CM_HEADER_NAMES /* columns are found by their names in the first line */
} cm_table_header;

/* A column as declared by the caller. */
typedef struct cm_column_spec {
    const char *name; /* for finding it and for messages; NULL is allowed by position */
    cm_column_kind kind;
    const char *separator; /* of a list */
    cm_vocab *vocab;       /* numbers texts: continued here; NULL: a new one is made */
    bool lookup;           /* do not add to the vocabulary: unknown texts become -1 */
    bool known;            /* with lookup: unknown texts are refused */
    bool unique;           /* texts that the vocabulary has already are refused */
} cm_column_spec;

typedef struct cm_table_options {
    const char *delimiter; /* 1 to CM_DELIMITER_BYTES bytes */
    bool quotes;           /* RFC 4180: fields in double quotes may hold anything, quotes doubled */
    bool latin1;           /* the file is latin-1, not UTF-8 */
    bool exact;            /* every line has as many fields as are declared (or in the header), else
                              it may have more than are needed */
    cm_table_header header;
} cm_table_options;

typedef struct cm_column {
    cm_column_kind kind;
    cm_vocab *vocab;   /* text, list */
    int32_t *ids;      /* text: [rows]; list: [offsets[rows]] */
    int32_t *offsets;  /* list: [rows + 1] */
    double *numbers;   /* number: [rows] */
    int32_t *integers; /* integer: [rows] */
    size_t capacity;   /* of ids, in a list */
} cm_column;

typedef struct cm_table {
    int64_t rows; /* at most INT32_MAX */
    int n_columns;
    cm_column *columns; /* as declared; those skipped are empty */
    size_t capacity;    /* rows that fit */
} cm_table;

/* Reads a file; free with cm_table_free. Lines end with LF or CRLF, empty ones are passed over, a
 * byte order mark too. On failure NULL, and vocabularies given by the caller are as they were.
 * Needs memory in proportion to the file times the number of columns. */
cm_table *cm_table_read(cm_ctx *cx, const char *path, const cm_table_options *options,
                        const cm_column_spec *columns, int n_columns) CM_MUST_CHECK;

/* The same for the bytes of a file, called `what` in messages. The block (of cm_alloc) is freed. */
cm_table *cm_table_parse(cm_ctx *cx, char *bytes, size_t size, const char *what,
                         const cm_table_options *options, const cm_column_spec *columns,
                         int n_columns) CM_MUST_CHECK;

/* Frees a table and its references to vocabularies; NULL is fine. */
void cm_table_free(cm_ctx *cx, cm_table *table);

#endif
