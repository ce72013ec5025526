/* sys.c - see sys.h. */
#include "base/sys.h"
#include "base/locale.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

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

bool cm_sys_failed(cm_ctx *cx, const char *what, const char *path)
{
    int code = errno;
    return cm_refuse(cx, CM_ERR_IO, "cannot %s %s: %s", what, path, cm_system_reason(code));
}

bool cm_sys_file_id(const char *path, cm_file_id *id)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    *id = (cm_file_id){(uint64_t)info.st_dev, (uint64_t)info.st_ino, (uint64_t)info.st_size,
                       (int64_t)info.st_mtim.tv_sec, (int64_t)info.st_mtim.tv_nsec};
    return true;
}

bool cm_file_id_equal(const cm_file_id *a, const cm_file_id *b)
{
    return a->device == b->device && a->file == b->file && a->size == b->size &&
           a->seconds == b->seconds && a->nanoseconds == b->nanoseconds;
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
    return cm_sys_failed(cx, "make folder", path);
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

char *cm_sys_names(cm_ctx *cx, const char *path, size_t *size)
{
    DIR *folder = opendir(path);
    void *names = NULL;
    size_t capacity = 0, used = 0;
    bool good = folder || cm_sys_failed(cx, "read the folder", path);
    good = good && cm_grow(cx, &names, &capacity, 1, 1);
    while (good) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry) {
            good = errno == 0 || cm_sys_failed(cx, "read the folder", path);
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        size_t more = strlen(entry->d_name) + 1;
        good = cm_grow(cx, &names, &capacity, used + more, 1);
        if (good)
            memcpy((char *)names + used, entry->d_name, more);
        used += more;
    }
    if (folder)
        closedir(folder);
    if (!good)
        cm_free(cx, names);
    *size = used;
    return good ? names : NULL;
}

bool cm_sys_remove(cm_ctx *cx, const char *path)
{
    return unlink(path) == 0 || cm_sys_failed(cx, "remove", path);
}
