/* waker.h - wakes the channel loop from other threads, at once or by a moment, with as few eventfd writes as can be. */
#ifndef MAYFLY_EXECUTOR_WAKER_H
#define MAYFLY_EXECUTOR_WAKER_H

#include <pthread.h>

#include <mayfly/base.h>

struct mf_waker {
    int fd;                /* An eventfd; readable means: look again. Set once. */
    pthread_mutex_t mutex; /* Guards all below. A leaf: nothing else is locked under it. */
    bool is_awake;         /* The loop is between _begin and _sleep: it will look again anyway. */
    uint64_t wakes_at_ns;  /* When the loop wakes (asleep), or what was asked since _begin (awake). */
};

/* [main] Before the jail. -errno. */
MF_MUST_CHECK int mf_waker_init(struct mf_waker *waker);
void mf_waker_done(struct mf_waker *waker);
/* [any] The loop looks again at |deadline_ns| at the latest; 0: now. */
void mf_waker_by(struct mf_waker *waker, uint64_t deadline_ns);
/* [loop] From here on a call of _by needs no system call. */
void mf_waker_begin(struct mf_waker *waker);
/* [loop] |deadline_ns| is what the loop knows of itself; returns when it must wake. */
MF_MUST_CHECK uint64_t mf_waker_sleep(struct mf_waker *waker, uint64_t deadline_ns);
/* [loop] Makes the eventfd unreadable again. */
void mf_waker_clear(struct mf_waker *waker);

#endif
