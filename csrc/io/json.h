/* json.h - reads JSON (RFC 8259, strictly) from sources that are not trusted.
 *
 * A document is one array of values in the order of the text, each followed by what it holds, and
 * one block of characters. A value is named by its place in the array; the outermost is 0. An
 * object holds its members as key, value, key, value:
 *
 *     uint32_t at = cm_json_first(object);
 *     for (uint32_t i = 0; i < cm_json_count(doc, object); i++, at = cm_json_after(doc, at + 1))
 *         ... key at `at`, value at `at + 1`
 *
 * and an array its elements:
 *
 *     uint32_t at = cm_json_first(array);
 *     for (uint32_t i = 0; i < cm_json_count(doc, array); i++, at = cm_json_after(doc, at))
 *         ... element at `at` */
#ifndef CM_JSON_H
#define CM_JSON_H

#include "io/text.h"

#define CM_JSON_DEPTH 64 /* arrays and objects within each other */

typedef enum cm_json_type {
    CM_JSON_NULL,
    CM_JSON_BOOLEAN,
    CM_JSON_NUMBER,
    CM_JSON_STRING,
    CM_JSON_ARRAY,
    CM_JSON_OBJECT
} cm_json_type;

typedef struct cm_json cm_json;

/* Parses len bytes, at most `limit` of them; `what` names the source in messages. The document owns
 * copies of all it needs and is freed with cm_json_free. Refused with line and column: anything
 * that is not JSON, bad UTF-8, unpaired surrogates, a key given twice in an object, numbers beyond
 * the range of double, nesting deeper than CM_JSON_DEPTH. */
cm_json *cm_json_parse(cm_ctx *cx, const char *text, size_t len, size_t limit,
                       const char *what) CM_MUST_CHECK;

/* Frees a document; NULL is fine. */
void cm_json_free(cm_ctx *cx, cm_json *doc);

/* What the value is; most functions below are for values of one type alone. */
cm_json_type cm_json_type_of(const cm_json *doc, uint32_t at);

/* Of a boolean. */
bool cm_json_truth(const cm_json *doc, uint32_t at);

/* Of a number: the nearest double. */
double cm_json_number(const cm_json *doc, uint32_t at);

/* The exact value of a number that is written as an integer (no point, no exponent) and fits; false
 * for any other value, numbers or not. */
bool cm_json_integer(const cm_json *doc, uint32_t at, int64_t *out);

/* Of a string or key: its characters (may hold zeros; a zero follows them), owned by the document.
 */
cm_text cm_json_text(const cm_json *doc, uint32_t at);

/* Of an array or object: its elements or members. */
uint32_t cm_json_count(const cm_json *doc, uint32_t at);

/* Of an array or object with a count above 0: its first element or key. */
uint32_t cm_json_first(uint32_t at);

/* The place behind a value and all that it holds: where its next sibling is, if there is one. */
uint32_t cm_json_after(const cm_json *doc, uint32_t at);

/* Of an object: the value of a key, 0 if there is no such key. Looks through all members. */
uint32_t cm_json_find(const cm_json *doc, uint32_t object, const char *key);

#endif
