/* sys.c - see sys.h. */
#include "base/sys.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define NAMES 100               /* of temporary files beside a path */
#define PIECE ((size_t)1 << 30) /* bytes of one read or write: some systems refuse 2 GiB */

double cm_sys_clock(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0.0;
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int cm_sys_terminal(int stream)
{
    if (!isatty(stream))
        return 0;
#ifdef TIOCGWINSZ
    struct winsize window;
    if (ioctl(stream, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
        return window.ws_col;
#endif
    return 80;
}

static bool failed(cm_ctx *cx, const char *what, const char *path)
{
    int code = errno;
    return cm_refuse(cx, CM_ERR_IO, "cannot %s %s: %s", what, path, strerror(code));
}

static char *duplicate(cm_ctx *cx, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = cm_alloc(cx, bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

static bool make_one(cm_ctx *cx, const char *path)
{
    struct stat info;
    if (mkdir(path, 0777) == 0)
        return true;
    int code = errno;
    /* On a read-only disk a folder that exists gives EROFS, so look before believing the error. */
    if (stat(path, &info) == 0) {
        if (S_ISDIR(info.st_mode))
            return true;
        code = ENOTDIR;
    }
    errno = code;
    return failed(cx, "make folder", path);
}

bool cm_sys_mkdir(cm_ctx *cx, const char *path)
{
    if (*path == '\0')
        return cm_refuse(cx, CM_ERR_IO, "cannot make a folder: its path is empty");
    char *part = duplicate(cx, path);
    if (!part)
        return false;
    bool made = true;
    for (char *slash = strchr(part + 1, '/'); made && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        made = make_one(cx, part);
        *slash = '/';
    }
    made = made && make_one(cx, part);
    cm_free(cx, part);
    return made;
}

bool cm_sys_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool cm_sys_remove(cm_ctx *cx, const char *path)
{
    return unlink(path) == 0 || failed(cx, "remove", path);
}

/* The rest of an open file, of which about `expected` bytes are said to exist. */
static char *read_all(cm_ctx *cx, int handle, const char *path, size_t expected, size_t *size)
{
    /* One byte for the zero, one so that the end is seen without growing. */
    size_t capacity = expected + 2, used = 0;
    char *block = cm_alloc(cx, capacity);
    while (block) {
        ssize_t got = read(handle, block + used, CM_MIN(capacity - used - 1, PIECE));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            failed(cx, "read", path);
            break;
        }
        used += (size_t)got;
        if (got == 0) {
            block[used] = '\0';
            *size = used;
            return block;
        }
        void *grown = block;
        if (used + 1 == capacity && !cm_grow(cx, &grown, &capacity, capacity + 1, 1))
            break;
        block = grown;
    }
    cm_free(cx, block);
    return NULL;
}

char *cm_sys_read(cm_ctx *cx, const char *path, size_t *size)
{
    struct stat info;
    int handle = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (handle < 0 || fstat(handle, &info) != 0) {
        failed(cx, handle < 0 ? "open" : "look at", path);
        if (handle >= 0)
            close(handle);
        return NULL;
    }
    char *block = NULL;
    if (S_ISREG(info.st_mode) && (uintmax_t)info.st_size < SIZE_MAX - 2)
        block = read_all(cx, handle, path, (size_t)info.st_size, size);
    else if (S_ISFIFO(info.st_mode))
        block = read_all(cx, handle, path, 4096, size);
    else
        cm_fail(cx, CM_ERR_IO, "cannot read %s: it is %s", path,
                S_ISDIR(info.st_mode) ? "a folder"
                                      : (S_ISREG(info.st_mode) ? "too large" : "not a file"));
    close(handle);
    return block;
}

/* Whether the name still leads to the open file. */
static bool leads_to(const char *name, int handle)
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
    if (flock(handle, LOCK_EX | LOCK_NB) == 0 && leads_to(name, handle))
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
    if (locked ? leads_to(name, handle) : errno != EWOULDBLOCK)
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

bool cm_file_begin(cm_ctx *cx, cm_file *file, const char *path)
{
    struct stat old;
    bool replaces = stat(path, &old) == 0;
    if (replaces && !S_ISREG(old.st_mode))
        return cm_refuse(cx, CM_ERR_IO, "cannot write %s: it is %s", path,
                         S_ISDIR(old.st_mode) ? "a folder" : "not a file");
    size_t bytes = strlen(path) + 48;
    *file = (cm_file){.path = path, .temporary = cm_alloc(cx, bytes), .handle = -1};
    if (!file->temporary)
        return false;
    file->handle = open_temporary(file->temporary, bytes, path);
    if (file->handle < 0) {
        failed(cx, "write", path);
        cm_free(cx, file->temporary);
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
            return failed(cx, "write", file->path);
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
                  failed(cx, "sync the folder of", file->path);
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
    if (!written || !closed || rename(file->temporary, file->path) != 0) {
        failed(cx, "write", file->path);
        cm_file_abandon(cx, file);
        return false;
    }
    if (lock >= 0)
        close(lock);
    file->handle = -1;
    bool synced = sync_folder(cx, file);
    cm_free(cx, file->temporary);
    file->temporary = NULL;
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
    *file = (cm_file){.path = NULL, .temporary = NULL, .handle = -1};
}

bool cm_sys_write(cm_ctx *cx, const char *path, const void *data, size_t size)
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
