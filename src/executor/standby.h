/* standby.h - pristine isolates, made ahead in spare time, one for each run to come.
 *
 * Threads:  [any] all but _init, _done. An isolate that was taken belongs to the caller.
 */
#ifndef MAYFLY_EXECUTOR_STANDBY_H
#define MAYFLY_EXECUTOR_STANDBY_H

#include <pthread.h>

#include <mayfly/engine.h>

struct mf_standby {
    struct mf_isolate_options options; /* Set once. */
    pthread_mutex_t mutex;             /* Guards all below. A leaf. */
    struct mf_isolate *isolates[MF_EXECUTOR_STANDBY_MAX];
    size_t count;
    size_t count_making;
    size_t count_wanted;
    uint64_t retry_ns; /* Making one failed: not again before this. */
};

void mf_standby_init(struct mf_standby *standby, size_t count_wanted, uint64_t heap_bytes_max);
void mf_standby_done(struct mf_standby *standby); /* Frees the isolates. */
/* NULL: none is ready; make one. */
MF_MUST_CHECK struct mf_isolate *mf_standby_take(struct mf_standby *standby);
/* [isolate] Makes one, when one is missing. False: there was nothing to do. */
MF_MUST_CHECK bool mf_standby_refill(struct mf_standby *standby);
/* No more are made: the process is to end. */
void mf_standby_stop(struct mf_standby *standby);
MF_MUST_CHECK uint32_t mf_standby_count(struct mf_standby *standby);

#endif
