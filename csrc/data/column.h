/* column.h - columns of a table: how the text of a field becomes a number of a vocabulary, a value,
 * a time. Used by table.c. */
#ifndef CM_COLUMN_H
#define CM_COLUMN_H

#include "data/vocab.h"

typedef enum cm_column_kind {
    CM_COLUMN_SKIP,
    CM_COLUMN_TEXT,    /* the field as it is, numbered by a vocabulary */
    CM_COLUMN_LIST,    /* texts between separators, spaces around them dropped, each numbered */
    CM_COLUMN_NUMBER,  /* a decimal number that fits cm_real; spaces around it dropped, as below */
    CM_COLUMN_INTEGER, /* an int32 */
    CM_COLUMN_TIME     /* an int64, or a date (and time) of ISO 8601, which become seconds */
} cm_column_kind;

/* A column as declared by the caller. */
typedef struct cm_column_spec {
    const char *name; /* for finding it and for messages; NULL is allowed by position */
    cm_column_kind kind;
    int at;                /* its field, from 1; 0: its place among the columns */
    const char *separator; /* of a list */
    cm_vocab *vocab;       /* numbers texts: continued here; NULL: a new one is made */
    bool lookup;           /* do not add to the vocabulary: unknown texts become -1 */
    bool known;            /* with lookup: unknown texts are refused */
    bool unique;           /* texts that the vocabulary has already are refused */
    bool is_id;            /* texts are raw ids: see cm_id_text */
    bool missing;          /* of a number: an empty field is not a number (NaN), not refused */
    bool rest;             /* of a list: its entries are this field and all behind it */
    bool comma;            /* of a number: a comma stands before the decimals */
} cm_column_spec;

typedef struct cm_column {
    cm_column_kind kind;
    cm_vocab *vocab;   /* text, list */
    int32_t *ids;      /* text: [rows]; list: [offsets[rows]] */
    int32_t *offsets;  /* list: [rows + 1] */
    cm_real *numbers;  /* number: [rows] */
    int32_t *integers; /* integer: [rows] */
    int64_t *times;    /* time: [rows] */
    size_t capacity;   /* of ids, in a list */
    cm_text culprit;   /* text, list: what the last fault was found in */
} cm_column;

/* What was wrong with a text: NULL if nothing was, CM_COLUMN_BROKEN if an error was recorded. */
typedef const char *cm_column_fault;
extern const char CM_COLUMN_BROKEN[], CM_COLUMN_NO_NUMBER[];

/* Prepares an empty column. */
bool cm_column_begin(cm_ctx *cx, cm_column *column, const cm_column_spec *spec) CM_MUST_CHECK;

/* Makes room for that many rows. */
bool cm_column_resize(cm_ctx *cx, cm_column *column, size_t rows) CM_MUST_CHECK;

/* Sets the row from the text of its field. */
cm_column_fault cm_column_set(cm_ctx *cx, cm_column *column, const cm_column_spec *spec,
                              int64_t row, cm_text text) CM_MUST_CHECK;

/* Sets the row of a number column. */
cm_column_fault cm_column_set_number(cm_column *column, int64_t row, double value) CM_MUST_CHECK;

/* Begins the list of a row, which the list of the row before must have ended. */
void cm_column_begin_list(cm_column *column, int64_t row);

/* Adds an entry to the list of a row; empty ones are passed over. */
cm_column_fault cm_column_add(cm_ctx *cx, cm_column *column, const cm_column_spec *spec,
                              int64_t row, cm_text entry) CM_MUST_CHECK;

/* Frees what a column holds. */
void cm_column_end(cm_ctx *cx, cm_column *column);

#endif
