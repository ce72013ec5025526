/* sys.h - what the core asks of the operating system: time, the terminal, reading files. POSIX
 * stays in base: here, in file.c, folder.c and process.c.
 *
 * Failures of the outside world are recorded as CM_ERR_IO with the path and the system's reason. */
#ifndef CM_SYS_H
#define CM_SYS_H

#include "base/mem.h"

/* Records that something cannot be done with a path, and the reason in errno; false. */
bool cm_sys_failed(cm_ctx *cx, const char *what, const char *path);

/* Seconds of a monotonic clock; only differences are meaningful. */
double cm_sys_clock(void);

/* The width in columns of the terminal behind a standard stream (0 input, 1 output, 2 errors), 80
 * if it does not say; 0 when the stream is not a terminal. */
int cm_sys_terminal(int stream);

/* Makes a folder and the folders above it; one that is there already is fine. */
bool cm_sys_mkdir(cm_ctx *cx, const char *path) CM_MUST_CHECK;

/* Whether the path exists. */
bool cm_sys_exists(const char *path);

/* The names of what a folder has, in no order, a 0 behind each; "." and ".." are left out. *size is
 * the number of bytes. The caller frees the block; NULL where that is no folder or cannot be read.
 */
char *cm_sys_names(cm_ctx *cx, const char *path, size_t *size) CM_MUST_CHECK;

/* What tells a file from another one, and from what it was before it was written to. */
typedef struct cm_file_id {
    uint64_t device, file, size;
    int64_t seconds, nanoseconds; /* of the last change */
} cm_file_id;

/* That of the file at a path; false if there is none. */
bool cm_sys_file_id(const char *path, cm_file_id *id);

/* Whether two are of the same file, unchanged. */
bool cm_file_id_equal(const cm_file_id *a, const cm_file_id *b);

/* Removes a file; false if there is none. */
bool cm_sys_remove(cm_ctx *cx, const char *path) CM_MUST_CHECK;

#endif
