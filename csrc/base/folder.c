/* folder.c - see folder.h. */
#include "base/folder.h"
#include "base/file.h"
#include "base/sys.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TRIES 100 /* while others let go, and take their file away */

/* Opens and locks the file; -1 if that fails, with EWOULDBLOCK where another holds it, and ENOENT
 * where it was taken away meanwhile, so that it is to be tried again. */
static int lock_file(const char *name)
{
    int handle = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (handle < 0)
        return -1;
    if (flock(handle, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(handle);
        errno = EWOULDBLOCK;
        return -1;
    }
    /* Who held it may have taken it away since it was opened. */
    if (cm_file_leads_to(name, handle))
        return handle;
    close(handle);
    errno = ENOENT;
    return -1;
}

bool cm_folder_hold(cm_ctx *cx, cm_folder *folder, const char *path)
{
    size_t bytes = strlen(path) + sizeof "/" CM_FOLDER_LOCK;
    *folder = (cm_folder){.lock = cm_alloc(cx, bytes), .handle = -1};
    if (!folder->lock)
        return false;
    memcpy(folder->lock, path, strlen(path));
    memcpy(folder->lock + strlen(path), "/" CM_FOLDER_LOCK, sizeof "/" CM_FOLDER_LOCK);
    bool good = true;
    errno = ENOENT;
    for (int i = 0; good && folder->handle < 0 && errno == ENOENT && i < TRIES; i++) {
        folder->made = folder->made || !cm_sys_exists(path);
        good = cm_sys_mkdir(cx, path);
        folder->handle = good ? lock_file(folder->lock) : -1;
    }
    bool busy = good && folder->handle < 0 && errno == EWOULDBLOCK;
    if (good && folder->handle < 0)
        good = busy ? cm_refuse(cx, CM_ERR_IO, "%s is in use: another run writes into it", path)
                    : cm_sys_failed(cx, "write into", path);
    if (!good) {
        cm_free(cx, folder->lock);
        *folder = (cm_folder){.handle = -1, .busy = busy};
    }
    return good;
}

void cm_folder_release(cm_ctx *cx, cm_folder *folder)
{
    if (!folder->lock)
        return;
    /* While it is held: afterwards it may be another's. */
    unlink(folder->lock);
    close(folder->handle);
    *strrchr(folder->lock, '/') = '\0';
    if (folder->made)
        rmdir(folder->lock); /* which the system refuses if anything is in it */
    cm_free(cx, folder->lock);
    *folder = (cm_folder){.handle = -1};
}
