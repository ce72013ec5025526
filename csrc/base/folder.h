/* folder.h - folders that one process at a time may write into.
 *
 * Failures of the outside world are recorded as CM_ERR_IO with the path and the system's reason. */
#ifndef CM_FOLDER_H
#define CM_FOLDER_H

#include "base/mem.h"

/* The name of the file in a folder that is locked while the folder is held. */
#define CM_FOLDER_LOCK ".lock"

/* A folder that is held. */
typedef struct cm_folder {
    char *lock; /* the path of the locked file; NULL: nothing is held */
    int handle;
    bool made; /* whether holding it made it */
    bool busy; /* of a failure: somebody else holds it */
} cm_folder;

/* Holds a folder, which is made if it is not there, with the folders above it. Refused while
 * somebody else holds it: another process, or this one by another cm_folder. The system ends the
 * hold with the process, however that ends; the file that a killed process leaves refuses nobody.
 * Where files cannot be locked (some network file systems), nothing is refused. */
bool cm_folder_hold(cm_ctx *cx, cm_folder *folder, const char *path) CM_MUST_CHECK;

/* Lets go. A folder that was made for this and is empty is removed. */
void cm_folder_release(cm_ctx *cx, cm_folder *folder);

#endif
