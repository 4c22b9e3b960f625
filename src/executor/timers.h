/* timers.h - one run's setTimeout timers. Pure: the owner locks, and says what the time is. */
#ifndef MAYFLY_EXECUTOR_TIMERS_H
#define MAYFLY_EXECUTOR_TIMERS_H

#include "notice.h"
#include "heap.h"

struct mf_timer {
    struct mf_heap_node node; /* In the heap until it is due. */
    struct mf_notice event;   /* In the run's queue from then on. */
    uint32_t id;
};

struct mf_timers {
    struct mf_heap heap;
    struct mf_map *by_id; /* NULL before the first timer. */
};

void mf_timers_init(struct mf_timers *timers);
void mf_timers_done(struct mf_timers *timers); /* Frees every timer; takes them out of the run's queue. */
/* A timer of that id that exists already is set anew. MF_E_TOO_MANY, MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf_timers_set(struct mf_timers *timers, uint32_t id, uint64_t due_ns);
void mf_timers_clear(struct mf_timers *timers, uint32_t id);
/* MF_DEADLINE_NEVER when none is set. */
uint64_t mf_timers_next_ns(const struct mf_timers *timers);
/* Moves what is due to the end of |events|. */
void mf_timers_expire(struct mf_timers *timers, uint64_t now_ns, struct mf_list *events);
/* How many are set or due. */
size_t mf_timers_count(const struct mf_timers *timers);

#endif
