/* alarms.h - which run has a timer due when: one entry a run, for the loop thread to sleep by. */
#ifndef MAYFLY_EXECUTOR_ALARMS_H
#define MAYFLY_EXECUTOR_ALARMS_H

#include <pthread.h>

#include "heap.h"
#include "waker.h"

struct mf_alarm {
    struct mf_heap_node node;
};

struct mf_alarms {
    struct mf_waker *waker;
    pthread_mutex_t mutex; /* Guards |heap| and the alarms in it. Under it |keep| may lock a leaf. */
    struct mf_heap heap;
};

void mf_alarms_init(struct mf_alarms *alarms, struct mf_waker *waker);
void mf_alarms_done(struct mf_alarms *alarms);
void mf_alarm_init(struct mf_alarm *alarm);
/* [any] Rings at |due_ns|, and not at what was set before; MF_DEADLINE_NEVER: not at all. */
void mf_alarm_set(struct mf_alarms *alarms, struct mf_alarm *alarm, uint64_t due_ns);
/* [loop] Takes one alarm that is due, or NULL and when the next is. |keep| is called with it while nobody can end it:
 * there the loop takes its reference. */
struct mf_alarm *mf_alarms_take(struct mf_alarms *alarms,
                                uint64_t now_ns,
                                void (*keep)(struct mf_alarm *alarm),
                                uint64_t *ret_next_ns);

#endif
