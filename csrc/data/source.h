/* source.h - the text of a file, whatever it is packed by and encoded in: a window of UTF-8 that
 * moves over it, so that a file of any size takes the memory of its longest line.
 *
 * Understood: files packed by gzip, zstd, xz or bzip2 (by their own programs); UTF-8 with and
 * without a byte order mark, UTF-16 of both orders, latin-1. Where the encoding is to be guessed: a
 * mark decides; else every second byte being zero means UTF-16; else the first byte that is not
 * ASCII decides between UTF-8 and latin-1. */
#ifndef CM_SOURCE_H
#define CM_SOURCE_H

#include "base/input.h"
#include "io/text.h"

#define CM_SOURCE_LINE                                                        \
    ((size_t)64 << 20) /* bytes: a line (or quoted record) of more is refused \
                        */

typedef enum cm_encoding {
    CM_ENCODING_AUTO, /* to be guessed */
    CM_ENCODING_UTF8,
    CM_ENCODING_LATIN1,
    CM_ENCODING_UTF16LE,
    CM_ENCODING_UTF16BE
} cm_encoding;

typedef struct cm_source {
    const char *what;     /* the path, or what stands for it in messages; the source's own */
    const char *packing;  /* the program that unpacks it, NULL if it is not packed */
    cm_encoding encoding; /* AUTO as long as all was ASCII */
    bool guessed;         /* the encoding was */
    bool at_end;          /* no text follows the window */
    /* The window: text[start, end) is to be read, text[end, used) not whole characters yet. */
    char *text;
    size_t start, end, used, capacity;
    size_t bad; /* the first byte that is not valid UTF-8, SIZE_MAX if there is none */
    char *raw;  /* bytes before they were decoded; NULL for UTF-8 */
    size_t raw_used, raw_capacity;
    cm_input input; /* handle -1: all is in memory */
} cm_source;

/* Opens a file and reads its beginning. Refused besides what cm_input_open refuses: zip archives.
 */
cm_source *cm_source_open(cm_ctx *cx, const char *path, cm_encoding encoding) CM_MUST_CHECK;

/* A source of bytes at hand (a block of cm_alloc, which it takes over and frees on failure, too).
 */
cm_source *cm_source_of(cm_ctx *cx, char *bytes, size_t size, const char *what,
                        cm_encoding encoding) CM_MUST_CHECK;

/* Reads on: what was read (before `start`) is given up, and the window grows at its end. Sets
 * at_end where nothing follows. Pointers into the window become invalid. */
bool cm_source_fill(cm_ctx *cx, cm_source *source) CM_MUST_CHECK;

/* The name of an encoding. */
const char *cm_encoding_name(cm_encoding encoding);

/* Closes and frees; NULL is fine. */
void cm_source_close(cm_ctx *cx, cm_source *source);

#endif
