/* vocab.h - a two-way map between texts (raw ids of users, items, genres as in the data) and the
 * numbers 0, 1, 2, ... in order of first appearance. Reference-counted. */
#ifndef CM_VOCAB_H
#define CM_VOCAB_H

#include "io/text.h"

typedef struct cm_vocab cm_vocab;

/* The rule of raw ids, for files and calls alike: a text, compared exactly, without the blanks
 * (spaces, tabs, ends of lines) around it. *id is a part of `raw`. Refused if nothing is left. */
bool cm_id_text(cm_ctx *cx, cm_text raw, cm_text *id) CM_MUST_CHECK;

/* Whether a number may stand for an id, as the text of a whole number: floats do where they are
 * whole and at most 2^53, from where on not every whole number is one. */
bool cm_id_number(double number);

/* An empty vocabulary with one reference. */
cm_vocab *cm_vocab_new(cm_ctx *cx) CM_MUST_CHECK;

/* Adds a reference. */
void cm_vocab_retain(cm_vocab *vocab);

/* Drops a reference; the last one frees the vocabulary. NULL is fine. */
void cm_vocab_release(cm_ctx *cx, cm_vocab *vocab);

/* The number of texts. */
int32_t cm_vocab_count(const cm_vocab *vocab);

/* The number of a text, which is added if it is new (it must be valid UTF-8 then). -1 when that
 * fails: the vocabulary is as it was. */
int32_t cm_vocab_add(cm_ctx *cx, cm_vocab *vocab, cm_text text) CM_MUST_CHECK;

/* The number of a text, -1 if it is unknown. */
int32_t cm_vocab_find(const cm_vocab *vocab, cm_text text);

/* The text of a number in [0, count). Valid until the next text is added. */
cm_text cm_vocab_text(const cm_vocab *vocab, int32_t id);

/* Forgets all texts but the first `count`. */
void cm_vocab_truncate(cm_vocab *vocab, int32_t count);

/* The whole vocabulary as two blocks, for a file: the characters of all texts one after the other
 * (*n_bytes of them), and count + 1 offsets: text i is bytes offsets[i] to offsets[i + 1]. Both
 * belong to the vocabulary and are valid until the next text is added. */
void cm_vocab_export(const cm_vocab *vocab, const char **bytes, size_t *n_bytes,
                     const int64_t **offsets);

/* A vocabulary from copies of such blocks, n_offsets = count + 1, which are not trusted: refused
 * are offsets that do not ascend from 0 to n_bytes, texts that are not valid UTF-8 or given twice.
 */
cm_vocab *cm_vocab_import(cm_ctx *cx, const char *bytes, size_t n_bytes, const int64_t *offsets,
                          size_t n_offsets) CM_MUST_CHECK;

#endif
