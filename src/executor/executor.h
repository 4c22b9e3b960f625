/* executor.h - the process's one of everything, and what a session asks of it.
 *
 * Threads: [loop] the channel, timers, growing the pool. [isolate] V8 threads, in turns and chores. [watchdog].
 *
 * Locks, from the outside in. Whoever holds one takes only those that stand to its right in the same line:
 *   strip.mutex > watchdog.mutex
 *   session.mutex > alarms.mutex > runs.mutex
 *   session.mutex > threads.mutex > waker.mutex
 *   session.mutex > executor.mutex > outbox.mutex > waker.mutex
 *   executor.mutex > standby.mutex
 * strip_cache.mutex and chores.mutex are alone. Every atomic that there is stands in the tests: here all that threads share has a mutex.
 */
#ifndef MAYFLY_EXECUTOR_EXECUTOR_H
#define MAYFLY_EXECUTOR_EXECUTOR_H

#include "alarms.h"
#include "chores.h"
#include "options.h"
#include "outbox.h"
#include "runs.h"
#include "standby.h"
#include "strip.h"
#include "threads.h"
#include "watchdog.h"

struct mf_guest;
struct mf_session;

struct mf_executor {
    const struct mf_executor_options *options;
    struct mf_waker waker;
    struct mf_outbox outbox;
    struct mf_alarms alarms;
    struct mf_threads threads;
    struct mf_chores chores;
    struct mf_watchdog watchdog;
    struct mf_standby standby;
    struct mf_strip strip;
    struct mf_runs runs;
    pthread_mutex_t mutex;  /* Guards all below. */
    struct mf_list retired; /* Guests to free. */
    size_t retired_count;
    uint32_t standby_told;   /* The last STATUS said this. */
    bool is_condemned;       /* V8 is broken for some run: no new one, end when the others are done. */
    bool is_draining;        /* The daemon said so. */
    uint64_t gives_up_at_ns; /* Condemned: ends at this moment in any case. */
};

/* The one executor of this process: V8's out-of-memory handler has no other way to it. */
extern struct mf_executor mf_the_executor;

/* Starts watchdog and threads; |fd| is the channel, non-blocking. -errno. */
MF_MUST_CHECK int
mf_executor_start(struct mf_executor *executor, const struct mf_executor_options *options, int fd);
/* [any] Threads begin to make standby isolates. After READY: no STATUS may come before it. */
void mf_executor_warm(struct mf_executor *executor);
/* For tests: waits for what runs, frees what is left. */
void mf_executor_stop(struct mf_executor *executor);

/* [any] STATUS condemned goes out at once. */
void mf_executor_condemn(struct mf_executor *executor);
/* [loop] */
void mf_executor_drain(struct mf_executor *executor);
/* [any] May a new run begin? 0, MF_E_DRAINING (condemned, too: the daemon's START crossed our STATUS), MF_E_OVERLOADED. */
MF_MUST_CHECK int mf_executor_takes_runs(struct mf_executor *executor);
/* [loop] True: nothing is left to do, or it is time to give up. Else when to ask again. */
MF_MUST_CHECK bool mf_executor_is_over(struct mf_executor *executor, uint64_t now_ns, uint64_t *ret_again_ns);
/* [any] The guest is freed in some thread's spare time; by the caller [isolate] when too many wait. */
void mf_executor_retire(struct mf_executor *executor, MF_OWN struct mf_guest *guest);
/* [isolate] Frees one guest, when |count_min| or more wait. */
MF_MUST_CHECK bool mf_executor_free_retired(struct mf_executor *executor, size_t count_min);
/* [any] Writes all frames; a STATUS rides with them when it is news. */
void mf_executor_flush(struct mf_executor *executor);

#endif
