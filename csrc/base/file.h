/* file.h - files that are written whole or not at all.
 *
 * Failures of the outside world are recorded as CM_ERR_IO with the path and the system's reason. */
#ifndef CM_FILE_H
#define CM_FILE_H

#include "base/mem.h"

/* Whether the name still leads to the open file. */
bool cm_file_leads_to(const char *name, int handle);

/* A file being written beside its final place, which it takes only when it is complete. */
typedef struct cm_file {
    const char *path; /* the caller's, until the file is closed */
    char *target;     /* what it leads to: the path itself, unless that is a symbolic link */
    char *temporary;
    int handle;
} cm_file;

/* Begins a file that is to be (or to replace) `path`, in an existing folder. What a process left
 * there that was killed while it wrote the same file is removed. Of a symbolic link at the path
 * the file is replaced that it leads to, which need not exist yet; folders, devices, pipes, and
 * links to them, are refused. On success the file must be given to cm_file_commit or
 * cm_file_abandon; on failure there is nothing to close. */
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
bool cm_file_replace(cm_ctx *cx, const char *path, const void *data, size_t size) CM_MUST_CHECK;

#endif
