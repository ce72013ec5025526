/* threads.h - starting threads, and ending them before the process does.
 *
 * A script may call os.exit while threads of its own compute. The libraries' destructors would then
 * take away what those threads are using. */
#ifndef CML_THREADS_H
#define CML_THREADS_H

#include <pthread.h>
#include <stdbool.h>

/* Starts a thread with the stack size of a main thread; signals are handled by the caller. False if
 * the system refuses. */
bool cmL_thread_start(pthread_t *thread, void *(*work)(void *argument), void *argument);

typedef struct cmL_exit_guard {
    void (*stop)(void *what); /* ends the threads; called by `caller` alone */
    void *what;               /* NULL: nothing runs */
    pthread_t caller;
} cmL_exit_guard;

/* A guard that lives until the process ends; NULL if memory or the system has no room for it. */
cmL_exit_guard *cmL_exit_guard_new(void);

/* From here on `stop(what)` is called if the running thread ends the process; nothing is called if
 * `what` is NULL. Returns the previous `what`. A guard that is NULL is fine. */
void *cmL_exit_guard_set(cmL_exit_guard *guard, void (*stop)(void *what), void *what);

#endif
