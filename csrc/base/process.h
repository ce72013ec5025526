/* process.h - processes of the system: starting, watching and ending children of this one.
 *
 * Failures of the outside world are recorded as CM_ERR_IO with the system's reason. */
#ifndef CM_PROCESS_H
#define CM_PROCESS_H

#include "base/status.h"

typedef enum cm_process_state {
    CM_PROCESS_RUNNING,
    CM_PROCESS_EXITED, /* with an exit code */
    CM_PROCESS_KILLED  /* by a signal */
} cm_process_state;

/* A child process; `id` is 0 once it was seen to have ended, so that nothing else is ever killed
 * or waited for in its place. */
typedef struct cm_process {
    int id;
    cm_process_state state;
    int code; /* exit code or signal */
} cm_process;

/* Starts a program, without a shell: words[0] is looked for along PATH unless it has a slash, and
 * a NULL follows the last word. The child reads nothing, and what it writes goes into the file
 * `log`, which is made anew (or into nothing if that is NULL); of open files it gets those that
 * were not to be closed on exec. */
bool cm_process_start(cm_ctx *cx, cm_process *process, char *const *words,
                      const char *log) CM_MUST_CHECK;

/* Starts a program that reads from the open file `input` and writes into a pipe, whose other end is
 * *output (the caller closes it); what it writes as errors goes into nothing. 0, or the system's
 * error number: nothing is recorded. */
int cm_process_filter(cm_process *process, char *const *words, int input,
                      int *output) CM_MUST_CHECK;

/* Checks, without waiting, whether the child has ended; its state is then in *process for good. */
void cm_process_look(cm_process *process);

/* Waits until the child has ended. */
void cm_process_wait(cm_process *process);

/* Ends the child at once and waits until it is gone; one that has ended stays as it was. */
void cm_process_end(cm_process *process);

/* The id of this process. */
int cm_process_self(void);

/* To be called by a child: from now on it ends when its parent does, for whatever reason (on Linux;
 * elsewhere nothing changes). `parent` is the parent's process id. False if the parent has ended
 * already. */
bool cm_process_follow(cm_ctx *cx, int parent) CM_MUST_CHECK;

/* Number of processors that may run this program, at least 1. */
int cm_process_processors(void);

/* Sleeps for that many seconds, or until a signal was handled. */
void cm_process_sleep(double seconds);

#endif
