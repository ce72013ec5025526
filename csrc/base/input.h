/* input.h - the bytes of a file, of a pipe, or of a program that unpacks a file, a piece at a time.
 * POSIX stays in input.c.
 *
 * Failures of the outside world are recorded as CM_ERR_IO with the path and the system's reason. */
#ifndef CM_INPUT_H
#define CM_INPUT_H

#include "base/process.h"
#include <stddef.h>

/* Seconds that a pipe is waited for whose other end nobody has opened. */
#define CM_INPUT_WAIT 10

typedef struct cm_input {
    const char *path;    /* the caller's */
    const char *program; /* that unpacks the file; NULL: the bytes are its own */
    int handle;          /* -1: closed */
    bool regular;        /* a file that can be read again from its beginning, */
    uint64_t size;       /* and its bytes when it was opened; else 0 */
    bool silent;         /* a pipe that has given nothing yet */
    cm_process child;
} cm_input;

/* Opens a file or, with `pipes`, a pipe. Folders and devices are refused (an input that is the
 * terminal or a pipe by the name /dev/stdin is one of the two). On failure there is nothing to
 * close. */
bool cm_input_open(cm_ctx *cx, cm_input *input, const char *path, bool pipes) CM_MUST_CHECK;

/* From now on the bytes are what a program writes that reads the file from its beginning: words as
 * for cm_process_start. Refused for a pipe, and where the program is not installed. */
bool cm_input_unpack(cm_ctx *cx, cm_input *input, char *const *words) CM_MUST_CHECK;

/* Reads up to `size` bytes (at least 1 unless the end was reached) and says how many they are. At
 * the end a program that failed is an error, so that no part of a file is taken for the whole. */
bool cm_input_read(cm_ctx *cx, cm_input *input, void *buffer, size_t size,
                   size_t *got) CM_MUST_CHECK;

/* Reads exactly `size` bytes; refused if there are fewer. */
bool cm_input_fill(cm_ctx *cx, cm_input *input, void *buffer, size_t size) CM_MUST_CHECK;

/* Reads exactly `size` bytes of a regular file from `offset` on, wherever others were read; refused
 * if there are fewer. */
bool cm_input_at(cm_ctx *cx, const cm_input *input, uint64_t offset, void *buffer,
                 size_t size) CM_MUST_CHECK;

/* The whole of a file or, with `pipes`, a pipe, as a block of cm_alloc that the caller owns, its
 * bytes in *size; one more byte, a zero, follows them. A pipe may give no more than half of the
 * memory of the machine. */
char *cm_input_all(cm_ctx *cx, const char *path, bool pipes, size_t *size) CM_MUST_CHECK;

/* Closes the input and ends its program; one that is closed stays so. */
void cm_input_close(cm_input *input);

#endif
