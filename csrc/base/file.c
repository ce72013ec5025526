/* file.c - see file.h. */
#include "base/file.h"
#include "base/sys.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES      100               /* of temporary files beside a path */
#define PIECE      ((size_t)1 << 30) /* bytes of one write: some systems refuse 2 GiB */
#define LINKS      40   /* symbolic links that are followed, as many as by the system */
#define LINK_BYTES 4096 /* of what a symbolic link says, at most */
#define LOOKS      8    /* at a file that others replace meanwhile */

bool cm_file_leads_to(const char *name, int handle)
{
    struct stat by_name, open_one;
    return lstat(name, &by_name) == 0 && fstat(handle, &open_one) == 0 &&
           by_name.st_dev == open_one.st_dev && by_name.st_ino == open_one.st_ino;
}

/* Removes a file that a process left when it was killed: one that nobody holds a lock on. */
static void remove_leftover(const char *name)
{
    int handle = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (handle < 0)
        return;
    if (flock(handle, LOCK_EX | LOCK_NB) == 0 && cm_file_leads_to(name, handle))
        unlink(name);
    close(handle);
}

/* A new, empty file of that name, locked while it is open; -1 if the name is taken (EEXIST) or it
 * cannot be made. */
static int create_locked(const char *name)
{
    int handle = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (handle < 0)
        return -1;
    /* Another process may have taken it for a leftover before it was locked. Where files cannot be
     * locked, nobody removes any. */
    bool locked = flock(handle, LOCK_EX | LOCK_NB) == 0;
    if (locked ? cm_file_leads_to(name, handle) : errno != EWOULDBLOCK)
        return handle;
    close(handle);
    errno = EEXIST;
    return -1;
}

/* Opens a temporary file beside the path. The names are few and used again, so that processes that
 * are killed while they write leave no more files than write at once. */
static int open_temporary(char *name, size_t bytes, const char *path)
{
    int handle = -1;
    for (int i = 0; i <= NAMES && handle < 0; i++) {
        /* The last one is for where files cannot be locked, and leftovers stay. */
        snprintf(name, bytes, "%s.tmp-%ld", path, i < NAMES ? (long)i : NAMES + (long)getpid());
        handle = create_locked(name);
        if (handle >= 0 || errno != EEXIST)
            return handle;
        remove_leftover(name);
        handle = create_locked(name);
    }
    return handle;
}

/* What a symbolic link at *at says, as a path of its own that replaces *at; false with the error
 * recorded. */
static bool follow_one(cm_ctx *cx, char **at, const char *path)
{
    char link[LINK_BYTES];
    ssize_t n = readlink(*at, link, sizeof link - 1);
    if (n < 0)
        return cm_sys_failed(cx, "follow", path);
    link[n] = '\0';
    const char *slash = link[0] == '/' ? NULL : strrchr(*at, '/');
    size_t folder = slash ? (size_t)(slash - *at) + 1 : 0;
    char *next = cm_alloc(cx, folder + (size_t)n + 1);
    if (!next)
        return false;
    memcpy(next, *at, folder);
    memcpy(next + folder, link, (size_t)n + 1);
    cm_free(cx, *at);
    *at = next;
    return true;
}

/* What kind of thing it is that no file may replace. */
static const char *kind_of(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a folder";
    return S_ISCHR(mode) || S_ISBLK(mode) ? "a device"
           : S_ISFIFO(mode)               ? "a pipe"
                                          : "no regular file";
}

/* Whether `at`, which the links of the path lead to, names the file in `old` that the path opens.
 * Links of /proc say names that may be no longer, or never were, those of what they lead to.
 * Another process may replace the file between two looks, so that a difference has to stay. */
static bool is_named(const char *path, const char *at, struct stat *old, bool *replaces)
{
    struct stat info;
    for (int look = 0; look < LOOKS && *replaces; look++) {
        if (lstat(at, &info) == 0 && info.st_dev == old->st_dev && info.st_ino == old->st_ino)
            return true;
        *replaces = stat(path, old) == 0;
    }
    return !*replaces;
}

/* Where the file is to be, of cm_alloc: the path, or what symbolic links there lead to. In `old` is
 * the file that it replaces, if there is one. NULL, with the error recorded, where no file may be.
 */
static char *find_target(cm_ctx *cx, const char *path, struct stat *old, bool *replaces)
{
    size_t bytes = strlen(path) + 1;
    char *at = cm_alloc(cx, bytes);
    struct stat info;
    if (!at)
        return NULL;
    memcpy(at, path, bytes);
    *replaces = stat(path, old) == 0;
    bool good =
        *replaces || errno == ENOENT || errno == ENOTDIR || cm_sys_failed(cx, "write", path);
    int links = 0;
    while (good && lstat(at, &info) == 0 && S_ISLNK(info.st_mode) && links++ < LINKS)
        good = follow_one(cx, &at, path);
    if (good && *replaces && !S_ISREG(old->st_mode))
        good = cm_refuse(cx, CM_ERR_IO, "cannot write %s: it %s %s", path,
                         links > 0 ? "leads to" : "is", kind_of(old->st_mode));
    else if (good && links > 0 && !is_named(path, at, old, replaces))
        good = cm_refuse(cx, CM_ERR_IO, "cannot write %s: it leads to an open file without a name",
                         path);
    if (good)
        return at;
    cm_free(cx, at);
    return NULL;
}

bool cm_file_begin(cm_ctx *cx, cm_file *file, const char *path)
{
    struct stat old;
    bool replaces = false;
    *file = (cm_file){.path = path, .handle = -1};
    file->target = find_target(cx, path, &old, &replaces);
    size_t bytes = file->target ? strlen(file->target) + 48 : 0;
    file->temporary = file->target ? cm_alloc(cx, bytes) : NULL;
    if (file->temporary) {
        file->handle = open_temporary(file->temporary, bytes, file->target);
        if (file->handle < 0)
            cm_sys_failed(cx, "write", path);
    }
    if (file->handle < 0) {
        cm_free(cx, file->temporary);
        cm_free(cx, file->target);
        return false;
    }
    /* The new file should be readable by whom the old one was; where that is refused, it is not
     * worth losing the file. */
    if (replaces && fchmod(file->handle, old.st_mode & 07777) != 0)
        errno = 0;
    return true;
}

bool cm_file_write(cm_ctx *cx, cm_file *file, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t put = write(file->handle, at, CM_MIN(size, PIECE));
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return cm_sys_failed(cx, "write", file->path);
        at += put;
        size -= (size_t)put;
    }
    return true;
}

/* A rename is on the disk only when its folder is. */
static bool sync_folder(cm_ctx *cx, cm_file *file)
{
    /* The temporary name is no longer needed and has room for the folder's: "x" becomes ".". */
    char *folder = file->temporary, *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder ? 1 : 0] = '\0';
    else
        strcpy(folder, ".");
    int handle = open(folder, O_RDONLY | O_CLOEXEC);
    if (handle < 0)
        return true; /* one may write into a folder that one may not read */
    bool synced = fsync(handle) == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP ||
                  cm_sys_failed(cx, "sync the folder of", file->path);
    close(handle);
    return synced;
}

bool cm_file_commit(cm_ctx *cx, cm_file *file)
{
    bool written = fsync(file->handle) == 0 || errno == EINVAL || errno == ENOTSUP;
    /* Only with close do some network file systems say that the disk is full. The lock is held for
     * as long as the file has its temporary name. */
    int code = errno, lock = fcntl(file->handle, F_DUPFD_CLOEXEC, 0);
    bool closed = close(file->handle) == 0;
    file->handle = lock;
    if (!written)
        errno = code;
    if (!written || !closed || rename(file->temporary, file->target) != 0) {
        cm_sys_failed(cx, "write", file->path);
        cm_file_abandon(cx, file);
        return false;
    }
    if (lock >= 0)
        close(lock);
    file->handle = -1;
    bool synced = sync_folder(cx, file);
    cm_free(cx, file->temporary);
    cm_free(cx, file->target);
    file->temporary = file->target = NULL;
    return synced;
}

void cm_file_abandon(cm_ctx *cx, cm_file *file)
{
    /* While the lock is held: afterwards the name may be another's. */
    if (file->temporary)
        unlink(file->temporary);
    if (file->handle >= 0)
        close(file->handle);
    cm_free(cx, file->temporary);
    cm_free(cx, file->target);
    *file = (cm_file){.handle = -1};
}

bool cm_file_replace(cm_ctx *cx, const char *path, const void *data, size_t size)
{
    cm_file file;
    if (!cm_file_begin(cx, &file, path))
        return false;
    if (!cm_file_write(cx, &file, data, size)) {
        cm_file_abandon(cx, &file);
        return false;
    }
    return cm_file_commit(cx, &file);
}
