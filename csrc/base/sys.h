/* sys.h - what the core asks of the operating system: time, the terminal, files. POSIX stays in
 * sys.c.
 *
 * Failures of the outside world are recorded as CM_ERR_IO with the path and the system's reason. */
#ifndef CM_SYS_H
#define CM_SYS_H

#include "base/mem.h"

/* Seconds of a monotonic clock; only differences are meaningful. */
double cm_sys_clock(void);

/* The width in columns of the terminal behind a standard stream (0 input, 1 output, 2 errors), 80
 * if it does not say; 0 when the stream is not a terminal. */
int cm_sys_terminal(int stream);

/* Makes a folder and the folders above it; one that is there already is fine. */
bool cm_sys_mkdir(cm_ctx *cx, const char *path) CM_MUST_CHECK;

/* Whether the path exists. */
bool cm_sys_exists(const char *path);

/* Removes a file; false if there is none. */
bool cm_sys_remove(cm_ctx *cx, const char *path) CM_MUST_CHECK;

/* The whole of a file (or pipe) as a block of cm_alloc that the caller owns, its bytes in *size;
 * one more byte, a zero, follows them. Folders and devices are refused. */
char *cm_sys_read(cm_ctx *cx, const char *path, size_t *size) CM_MUST_CHECK;

/* A file being written beside its final place, which it takes only when it is complete. */
typedef struct cm_file {
    const char *path; /* the caller's, until the file is closed */
    char *temporary;
    int handle;
} cm_file;

/* Begins a file that is to be (or to replace) `path`, in an existing folder. What a process left
 * there that was killed while it wrote the same file is removed. A symbolic link at the
 * path is replaced, not followed; a folder or device there is refused. On success the file must be
 * given to cm_file_commit or cm_file_abandon; on failure there is nothing to close. */
bool cm_file_begin(cm_ctx *cx, cm_file *file, const char *path) CM_MUST_CHECK;

/* Appends bytes. After a failure only cm_file_abandon makes sense. */
bool cm_file_write(cm_ctx *cx, cm_file *file, const void *data, size_t size) CM_MUST_CHECK;

/* Brings the file to the disk and into its place, in one step: whatever happens, what stands at the
 * path is the old file or the new one, whole. On failure the temporary file is removed, and the old
 * one stays - unless the folder alone could not be synced, when the new one is in place already. */
bool cm_file_commit(cm_ctx *cx, cm_file *file) CM_MUST_CHECK;

/* Removes the temporary file; what stood at the path stays. */
void cm_file_abandon(cm_ctx *cx, cm_file *file);

/* All of the above for contents that are at hand: writes a whole file, or leaves the old one. */
bool cm_sys_write(cm_ctx *cx, const char *path, const void *data, size_t size) CM_MUST_CHECK;

#endif
