/* input.c - see input.h. */
#include "base/input.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool failed(cm_ctx *cx, const char *what, const char *path)
{
    int code = errno;
    return cm_refuse(cx, CM_ERR_IO, "cannot %s %s: %s", what, path, strerror(code));
}

bool cm_input_open(cm_ctx *cx, cm_input *input, const char *path)
{
    struct stat info;
    *input = (cm_input){.path = path, .handle = -1};
    /* Without O_NONBLOCK a pipe that nobody writes to would be waited for here, for ever. */
    int handle = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (handle < 0)
        return failed(cx, "open", path);
    input->handle = handle;
    if (fstat(handle, &info) != 0) {
        failed(cx, "look at", path);
        cm_input_close(input);
        return false;
    }
    input->regular = S_ISREG(info.st_mode);
    input->silent = S_ISFIFO(info.st_mode);
    if (input->regular || input->silent)
        return true;
    cm_input_close(input);
    return cm_refuse(cx, CM_ERR_IO, "cannot read %s: it is %s", path,
                     S_ISDIR(info.st_mode) ? "a folder" : "neither a file nor a pipe");
}

bool cm_input_unpack(cm_ctx *cx, cm_input *input, char *const *words)
{
    int output = -1;
    if (!input->regular)
        return cm_refuse(cx, CM_ERR_IO,
                         "%s is packed by %s, and a pipe: unpack it on the way (%s -dc)",
                         input->path, words[0], words[0]);
    if (lseek(input->handle, 0, SEEK_SET) < 0)
        return failed(cx, "read", input->path);
    int code = cm_process_filter(&input->child, words, input->handle, &output);
    if (code != 0)
        return cm_refuse(cx, CM_ERR_IO,
                         "%s is packed by %s, which cannot be started (%s): install it, or unpack "
                         "the file",
                         input->path, words[0], strerror(code));
    close(input->handle);
    input->handle = output;
    input->program = words[0];
    return true;
}

/* Waits until a pipe has bytes, or an end. */
static bool await(cm_ctx *cx, cm_input *input)
{
    struct pollfd entry = {.fd = input->handle, .events = POLLIN};
    int ready;
    do
        ready = poll(&entry, 1, input->silent ? CM_INPUT_WAIT * 1000 : -1);
    while (ready < 0 && errno == EINTR);
    if (ready < 0)
        return failed(cx, "read", input->path);
    if (ready == 0)
        return cm_refuse(cx, CM_ERR_IO, "%s is a pipe that nobody has written to for %d seconds",
                         input->path, CM_INPUT_WAIT);
    input->silent = false;
    return true;
}

/* How the program ended, once all that it wrote was read. */
static bool check_end(cm_ctx *cx, cm_input *input)
{
    if (!input->program)
        return true;
    cm_process_wait(&input->child);
    if (input->child.state == CM_PROCESS_EXITED && input->child.code == 0)
        return true;
    return cm_refuse(cx, CM_ERR_FORMAT,
                     "%s cannot be unpacked: %s ended with %s %d; is the file whole?", input->path,
                     input->program, input->child.state == CM_PROCESS_EXITED ? "status" : "signal",
                     input->child.code);
}

bool cm_input_read(cm_ctx *cx, cm_input *input, void *buffer, size_t size, size_t *got)
{
    for (;;) {
        ssize_t n = read(input->handle, buffer, size);
        if (n > 0) {
            input->silent = false;
            *got = (size_t)n;
            return true;
        }
        /* A pipe that has no writer yet reads as one that has ended. */
        bool waits = n == 0 ? input->silent : errno == EAGAIN || errno == EWOULDBLOCK;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && !waits)
            return failed(cx, "read", input->path);
        *got = 0;
        if (!waits)
            return check_end(cx, input);
        if (!await(cx, input))
            return false;
    }
}

void cm_input_close(cm_input *input)
{
    if (input->handle >= 0)
        close(input->handle);
    input->handle = -1;
    cm_process_end(&input->child);
}
