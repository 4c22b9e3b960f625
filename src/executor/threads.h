/* threads.h - the V8 threads: an elastic pool that runs turns.
 *
 * A ready turn is taken by any free thread, the one that was busy last first (its caches are warm). A thread counts as held
 * when its turn has used MF_EXECUTOR_TURN_HOG_MS of CPU or lasted MF_EXECUTOR_TURN_STALL_MS; when a ready turn has waited
 * MF_EXECUTOR_TURN_WAIT_MS and fewer than |base| threads are not held, another one starts, up to |max|. Threads above |base|
 * end after MF_EXECUTOR_THREAD_IDLE_MS without work. What nobody waits for is done elsewhere: chores.h.
 */
#ifndef MAYFLY_EXECUTOR_THREADS_H
#define MAYFLY_EXECUTOR_THREADS_H

#include <pthread.h>

#include "waker.h"

/* Inside whatever wants a thread. */
struct mf_turn {
    struct mf_list list; /* In the ready queue, or alone. */
    uint64_t ready_ns;
};

struct mf_threads_options {
    size_t base;
    size_t max;
    size_t stack_bytes;
    void *user;
    void (*on_turn)(void *user, struct mf_turn *turn);
};

struct mf_thread;

struct mf_threads {
    struct mf_threads_options options;
    struct mf_waker *waker;
    pthread_mutex_t
        mutex; /* Guards all below and every struct mf_thread. Under it only the waker's is locked. */
    pthread_cond_t ended; /* A thread has ended; for _stop. */
    struct mf_list ready; /* Turns. */
    struct mf_list idle;  /* Threads, the one that was busy last first. */
    struct mf_list busy;  /* Threads in a turn, the one that began first in front. */
    size_t count;         /* Threads that live and are not lost. */
    size_t count_lost;    /* Parked for good. */
    size_t count_held;    /* Turns that were submitted since _hold, and nobody was woken for. */
    bool is_holding;
    bool is_stopping;
};

/* Starts |base| threads. -errno. */
MF_MUST_CHECK int mf_threads_start(struct mf_threads *threads,
                                   struct mf_waker *waker,
                                   const struct mf_threads_options *options);
/* Waits until no turn is ready or under way and all threads but the lost ones have ended. For tests. */
void mf_threads_stop(struct mf_threads *threads);

/* [any] |turn| is in no queue. On one of these threads, at the end of a turn: it is its next one, if no other thread is free first. */
void mf_threads_submit(struct mf_threads *threads, struct mf_turn *turn);
/* [loop] Until _release turns are only queued: more may follow for each, and one wake is enough for all that came together. */
void mf_threads_hold(struct mf_threads *threads);
void mf_threads_release(struct mf_threads *threads);
/* [isolate] The calling thread will never come back from its turn (out of memory). Nothing for a thread that is none of these. */
void mf_threads_lose_current(struct mf_threads *threads);
/* [loop] Starts a thread when one is due; returns when to look again. */
MF_MUST_CHECK uint64_t mf_threads_tick(struct mf_threads *threads, uint64_t now_ns);

#endif
