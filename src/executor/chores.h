/* chores.h - threads for work that nobody waits for: making standby isolates, disposing of used ones.
 *
 * They are not the threads that run turns (threads.h): a turn that becomes ready never finds its thread in a chore. They are as
 * important to the kernel as those: a chore may hold a lock that a turn needs, and a thread that is made to wait for the rest
 * (by niceness, by a long time slice) makes the turn wait with it, tenths of a second on a busy machine.
 */
#ifndef MAYFLY_EXECUTOR_CHORES_H
#define MAYFLY_EXECUTOR_CHORES_H

#include <pthread.h>

#include <mayfly/base.h>

struct mf_chores_options {
    size_t count; /* Threads. */
    size_t stack_bytes;
    void *user;
    bool (*on_chore)(void *user); /* Does one piece; false: there was nothing to do. */
    void (*on_rest)(void *user);  /* There was nothing to do for |rest_ms|; once, until there was. */
    uint32_t rest_ms;
};

struct mf_chores {
    struct mf_chores_options options;
    pthread_mutex_t mutex; /* Guards all below. */
    pthread_cond_t wake;
    pthread_cond_t ended; /* A thread has ended; for _stop. */
    size_t count;         /* Threads that live and are not lost. */
    size_t count_idle;
    bool has_work;   /* Somebody said so, and nobody has found none since. */
    bool has_rested; /* on_rest was called since. */
    bool is_stopping;
};

/* Starts the threads. -errno. */
MF_MUST_CHECK int mf_chores_start(struct mf_chores *chores, const struct mf_chores_options *options);
/* Waits until all threads but the lost ones have ended. For tests. */
void mf_chores_stop(struct mf_chores *chores);
/* [any] There is something to do. */
void mf_chores_kick(struct mf_chores *chores);
/* [any] The calling thread will never come back from its chore (out of memory): another takes its place. Nothing for a
 * thread that is none of these. */
void mf_chores_lose_current(struct mf_chores *chores);

#endif
