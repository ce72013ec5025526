/* input.c - see input.h. */
#include "base/input.h"
#include "base/locale.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 30) /* bytes of one read: some systems refuse 2 GiB */

static bool failed(cm_ctx *cx, const char *what, const char *path)
{
    int code = errno;
    return cm_refuse(cx, CM_ERR_IO, "cannot %s %s: %s", what, path, cm_system_reason(code));
}

/* What is not read. */
static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode)    ? "a folder"
           : S_ISFIFO(mode) ? "a pipe, where a file is needed"
           : S_ISREG(mode)  ? "too large"
                            : "neither a file nor a pipe";
}

bool cm_input_open(cm_ctx *cx, cm_input *input, const char *path, bool pipes)
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
    input->size = input->regular ? (uint64_t)info.st_size : 0;
    if ((input->regular && input->size < SIZE_MAX - 2) || (input->silent && pipes))
        return true;
    cm_input_close(input);
    return cm_refuse(cx, CM_ERR_IO, "cannot read %s: it is %s", path, kind_of(info.st_mode));
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
                         input->path, words[0], cm_system_reason(code));
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
        ssize_t n = read(input->handle, buffer, CM_MIN(size, PIECE));
        if (n > 0) {
            input->silent = false;
            *got = (size_t)n;
            return true;
        }
        /* A pipe that has no writer yet reads as one that has ended; one that has a writer may be
         * silent for long. */
        bool waits = n == 0 ? input->silent : errno == EAGAIN || errno == EWOULDBLOCK;
        input->silent = n == 0 && input->silent;
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

static bool became_shorter(cm_ctx *cx, const cm_input *input)
{
    return cm_refuse(cx, CM_ERR_IO, "cannot read %s: it became shorter meanwhile", input->path);
}

bool cm_input_fill(cm_ctx *cx, cm_input *input, void *buffer, size_t size)
{
    char *at = buffer;
    for (size_t got; size > 0; at += got, size -= got) {
        if (!cm_input_read(cx, input, at, size, &got))
            return false;
        if (got == 0)
            return became_shorter(cx, input);
    }
    return true;
}

bool cm_input_at(cm_ctx *cx, const cm_input *input, uint64_t offset, void *buffer, size_t size)
{
    for (char *at = buffer; size > 0;) {
        ssize_t n = pread(input->handle, at, CM_MIN(size, PIECE), (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(cx, "read", input->path);
        if (n == 0)
            return became_shorter(cx, input);
        at += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return true;
}

/* How many bytes a pipe may give. */
static size_t most_of_a_pipe(void)
{
#ifdef _SC_PHYS_PAGES
    long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
    if (pages > 0 && bytes > 0)
        return (size_t)pages / 2 * (size_t)bytes;
#endif
    return (size_t)1 << 31;
}

/* All of an open input; NULL after a failure. */
static char *read_all(cm_ctx *cx, cm_input *input, size_t *size)
{
    /* One byte for the zero, one so that the end is seen without growing. */
    size_t capacity = (input->regular ? (size_t)input->size : 4096) + 2, used = 0, got;
    size_t most = input->regular ? SIZE_MAX : most_of_a_pipe();
    char *block = cm_alloc(cx, capacity);
    while (block && cm_input_read(cx, input, block + used, capacity - used - 1, &got)) {
        used += got;
        if (got == 0) {
            block[used] = '\0';
            *size = used;
            return block;
        }
        if (used > most) {
            cm_refuse(cx, CM_ERR_IO, "cannot read %s: the pipe gives more than %zu MB", input->path,
                      most >> 20);
            break;
        }
        void *grown = block;
        if (used + 1 == capacity && !cm_grow(cx, &grown, &capacity, capacity + 1, 1))
            break;
        block = grown;
    }
    cm_free(cx, block);
    return NULL;
}

char *cm_input_all(cm_ctx *cx, const char *path, bool pipes, size_t *size)
{
    cm_input input;
    if (!cm_input_open(cx, &input, path, pipes))
        return NULL;
    char *block = read_all(cx, &input, size);
    cm_input_close(&input);
    return block;
}

void cm_input_close(cm_input *input)
{
    if (input->handle >= 0)
        close(input->handle);
    input->handle = -1;
    cm_process_end(&input->child);
}
