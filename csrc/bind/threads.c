/* threads.c - see threads.h. */
#define _DEFAULT_SOURCE /* on_exit */
#include "bind/threads.h"
#include "base/mem.h"
#include <signal.h>
#include <stdlib.h>

#define STACK ((size_t)8 << 20) /* bytes */

bool cmL_thread_start(pthread_t *thread, void *(*work)(void *argument), void *argument)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_setstacksize(&attributes, STACK);
    bool started = pthread_create(thread, &attributes, work, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

#ifdef __GLIBC__
static void leave(int status, void *argument)
{
    (void)status;
    cmL_exit_guard *guard = argument;
    if (guard->what && pthread_equal(guard->caller, pthread_self()))
        guard->stop(guard->what);
}
#endif

cmL_exit_guard *cmL_exit_guard_new(void)
{
#ifdef __GLIBC__
    cmL_exit_guard *guard = cm_alloc_forever(sizeof *guard);
    return guard && on_exit(leave, guard) == 0 ? guard : NULL;
#else
    return NULL;
#endif
}

void *cmL_exit_guard_set(cmL_exit_guard *guard, void (*stop)(void *what), void *what)
{
    if (!guard)
        return NULL;
    void *before = guard->what;
    guard->caller = pthread_self();
    guard->stop = stop;
    guard->what = what;
    return before;
}
