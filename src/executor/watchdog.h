/* watchdog.h - its own thread; ends a turn whose CPU is used up, and says so when even that does not end it.
 *
 * A turn is watched by the CPU clock of the thread that runs it. The watchdog sleeps until the earliest moment at which a
 * budget can be used up (CPU time never runs faster than the wall clock), so that it wakes once for many short turns.
 *
 *   watched --budget used--> terminated (mf_isolate_terminate) --MF_RUN_CPU_GRACE_MS of CPU more--> stuck (on_stuck)
 */
#ifndef MAYFLY_EXECUTOR_WATCHDOG_H
#define MAYFLY_EXECUTOR_WATCHDOG_H

#include <pthread.h>
#include <time.h>

#include <mayfly/engine.h>

/* One turn. Lives on the stack of the thread that runs it; guarded by the watchdog's mutex between _begin and _end. */
struct mf_watch {
    struct mf_list list;
    struct mf_isolate *isolate;
    void *subject;            /* For on_stuck. */
    clockid_t clock;          /* CPU time of the thread. */
    uint64_t cpu_deadline_ns; /* By that clock. */
    bool is_terminated;
    bool is_stuck;
};

struct mf_watchdog {
    /* [watchdog] Native code does not end: the turn has used |cpu_ns| past its begin. Called without the mutex; _end of that
     * turn waits until it returns. */
    void (*on_stuck)(void *subject, uint64_t cpu_over_ns);
    pthread_t thread;
    pthread_mutex_t mutex; /* Guards all below. Under it mf_isolate_terminate is called, and nothing else. */
    pthread_cond_t changed;
    struct mf_list watches;
    struct mf_watch *reporting; /* on_stuck is called for it just now. */
    uint64_t wakes_at_ns;
    bool is_stopping;
};

/* Starts the thread. -errno. */
MF_MUST_CHECK int mf_watchdog_start(struct mf_watchdog *watchdog,
                                    void (*on_stuck)(void *subject, uint64_t cpu_over_ns));
void mf_watchdog_stop(struct mf_watchdog *watchdog);

/* [isolate] The calling thread may use |cpu_ns| from here on; then |isolate| is terminated with MF_E_LIMIT_CPU. */
void mf_watchdog_begin(struct mf_watchdog *watchdog,
                       struct mf_watch *watch,
                       struct mf_isolate *isolate,
                       uint64_t cpu_ns,
                       void *subject);
void mf_watchdog_end(struct mf_watchdog *watchdog, struct mf_watch *watch);

#endif
