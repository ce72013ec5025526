/* text.h - bytes of unknown origin: is it UTF-8, is it a number, and how is it shown in a message?
 */
#ifndef CM_TEXT_H
#define CM_TEXT_H

#include "base/mem.h"

/* A piece of text owned by something else; not ended by a zero, may hold zeros. */
typedef struct cm_text {
    const char *text;
    size_t len;
} cm_text;

/* How many bytes from the start are whole, valid UTF-8 characters (RFC 3629): n if all are. */
size_t cm_utf8_span(const char *text, size_t n);

/* The UTF-8 of a character into out, and how many bytes it took. */
size_t cm_utf8_encode(uint32_t character, char out[4]);

/* A latin-1 text as UTF-8, *size in and out in bytes: the same block when all is ASCII, else a new
 * one of cm_alloc, and the old one is freed. NULL when memory is short (the old one is freed too).
 */
char *cm_text_from_latin1(cm_ctx *cx, char *text, size_t *size) CM_MUST_CHECK;

#define CM_QUOTE_BYTES 96

/* The text in double quotes as JSON would have it, cut short with "..." when it does not fit, into
 * a buffer of CM_QUOTE_BYTES, which is returned. For messages. */
const char *cm_text_quote(cm_text text, char buffer[CM_QUOTE_BYTES]);

/* The text without the spaces and tabs around it. */
cm_text cm_text_trim(cm_text text);

typedef enum cm_number_kind {
    CM_NUMBER_GOOD,
    CM_NUMBER_BAD,  /* not a decimal number, or more than 500 characters */
    CM_NUMBER_LARGE /* beyond the range of double */
} cm_number_kind;

/* Reads a decimal number (sign, digits, fraction, exponent; nothing around it), correctly rounded,
 * whatever the locale. "nan", "inf" and hexadecimals are bad. */
cm_number_kind cm_number_parse(cm_text text, double *out);

#define CM_NUMBER_BYTES 40

/* Writes a number as printf's %g does in locale "C", whatever the locale is, and returns how many
 * characters it took; a zero follows. With digits = 0 as few of them are written as read back as
 * the same number: 15, or 17 where those are not enough. */
size_t cm_number_write(double value, int digits, char out[CM_NUMBER_BYTES]);

/* Reads an integer (sign, digits); false if it is not one or does not fit. */
bool cm_integer_parse(cm_text text, int64_t *out);

/* Orders two texts by their bytes. */
int cm_text_compare(cm_text a, cm_text b);

/* Sorts the numbers in `order` by less(context, a, b). Heap sort: needs no memory and never
 * degrades, whatever a hostile file holds. Not stable. */
void cm_sort(uint32_t *order, size_t n, bool (*less)(const void *context, uint32_t a, uint32_t b),
             const void *context);

/* Fills order[n] with the numbers of the texts, sorted by their bytes. Returns a text that occurs
 * twice, NULL if all differ. */
const cm_text *cm_text_sort(const cm_text *texts, uint32_t *order, size_t n);

#endif
