/* process.c - see process.h. */
#ifdef __linux__
#    define _GNU_SOURCE /* sched_getaffinity */
#    include <sched.h>
#    include <sys/prctl.h>
#endif
#include "base/locale.h"
#include "base/process.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* Where the child's standard streams lead; an error number. */
static int redirect(posix_spawn_file_actions_t *actions, const char *log)
{
    int code = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (code == 0)
        code = posix_spawn_file_actions_addopen(actions, 1, log ? log : "/dev/null",
                                                O_WRONLY | O_CREAT | O_TRUNC, 0666);
    return code == 0 ? posix_spawn_file_actions_adddup2(actions, 1, 2) : code;
}

bool cm_process_start(cm_ctx *cx, cm_process *process, char *const *words, const char *log)
{
    posix_spawn_file_actions_t actions;
    pid_t id = 0;
    *process = (cm_process){0, CM_PROCESS_KILLED, 0};
    int code = posix_spawn_file_actions_init(&actions);
    if (code != 0)
        return cm_refuse(cx, CM_ERR_IO, "cannot start %s: %s", words[0], cm_system_reason(code));
    code = redirect(&actions, log);
    if (code == 0)
        code = posix_spawnp(&id, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0)
        return cm_refuse(cx, CM_ERR_IO, "cannot start %s, with its output in %s: %s", words[0],
                         log ? log : "/dev/null", cm_system_reason(code));
    *process = (cm_process){(int)id, CM_PROCESS_RUNNING, 0};
    return true;
}

static int connect_filter(posix_spawn_file_actions_t *actions, int input, int output)
{
    int code = posix_spawn_file_actions_adddup2(actions, input, 0);
    if (code == 0)
        code = posix_spawn_file_actions_adddup2(actions, output, 1);
    return code == 0 ? posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0)
                     : code;
}

int cm_process_filter(cm_process *process, char *const *words, int input, int *output)
{
    posix_spawn_file_actions_t actions;
    pid_t id = 0;
    int ends[2];
    *process = (cm_process){0, CM_PROCESS_KILLED, 0};
    if (pipe(ends) != 0)
        return errno;
    /* A child of another thread that starts just now may inherit the ends: the reader then waits
     * for that child too, which ends as well. */
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    int code = posix_spawn_file_actions_init(&actions);
    if (code == 0) {
        code = connect_filter(&actions, input, ends[1]);
        if (code == 0)
            code = posix_spawnp(&id, words[0], &actions, NULL, words, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    close(ends[1]);
    if (code != 0) {
        close(ends[0]);
        return code;
    }
    *output = ends[0];
    *process = (cm_process){(int)id, CM_PROCESS_RUNNING, 0};
    return 0;
}

static void look(cm_process *process, int how)
{
    int status = 0;
    pid_t got = 0;
    if (process->id == 0)
        return;
    do
        got = waitpid(process->id, &status, how);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return;
    process->id = 0;
    /* Where the host ignores SIGCHLD, nobody knows how a child ended. */
    process->state = got > 0 && WIFEXITED(status) ? CM_PROCESS_EXITED : CM_PROCESS_KILLED;
    process->code = got < 0 ? 0 : WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

void cm_process_look(cm_process *process)
{
    look(process, WNOHANG);
}

void cm_process_wait(cm_process *process)
{
    look(process, 0);
}

void cm_process_end(cm_process *process)
{
    look(process, WNOHANG); /* where SIGCHLD is ignored its number may be another's by now */
    if (process->id != 0)
        kill(process->id, SIGKILL);
    look(process, 0);
}

int cm_process_self(void)
{
    return (int)getpid();
}

bool cm_process_follow(cm_ctx *cx, int parent)
{
#ifdef __linux__
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return cm_refuse(cx, CM_ERR_IO, "cannot follow the parent process: %s",
                         cm_system_reason(errno));
#endif
    if (getppid() != parent)
        return cm_refuse(cx, CM_ERR_IO, "the parent process %d has ended", parent);
    return true;
}

int cm_process_processors(void)
{
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
#endif
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int)count : 1;
}

void cm_process_sleep(double seconds)
{
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&time, NULL);
}
