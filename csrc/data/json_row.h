/* json_row.h - rows of a table from lines that hold a JSON object each. Used by table.c. */
#ifndef CM_JSON_ROW_H
#define CM_JSON_ROW_H

#include "data/column.h"

/* Sets a row of all columns from the members of the object in `text`; what a column's name is no
 * key of, or null, is empty. Whole numbers are texts as they are written in decimal; other numbers
 * are refused as ids. A list is an array (of arrays: their entries), or a text with separators.
 * Messages begin with `what` and the line. */
bool cm_json_row(cm_ctx *cx, cm_column *columns, const cm_column_spec *specs, int n_columns,
                 int64_t row, cm_text text, const char *what, int64_t line) CM_MUST_CHECK;

#endif
