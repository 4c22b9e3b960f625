/* deadlines.h - which run is due next: a binary heap of the runs' deadlines, each of which knows its place.
 * One timer of the loop serves all of them; setting, changing and dropping one costs log n and no system call. */
#ifndef MAYFLY_POOL_DEADLINES_H
#define MAYFLY_POOL_DEADLINES_H

#include <mayfly/base.h>

/* Part of its owner; zeroed: not set. */
struct deadline {
    uint64_t at_ns;
    size_t place; /* In the heap, counted from 1; 0: not in it. */
};

struct deadlines {
    struct deadline **heap; /* [0] is the first to be due. */
    size_t count;
    size_t capacity;
};

void mf__deadlines_done(struct deadlines *deadlines);
/* Sets or changes it. MF_E_NO_MEMORY only when it was not set. */
MF_MUST_CHECK int mf__deadlines_set(struct deadlines *deadlines, struct deadline *deadline, uint64_t at_ns);
void mf__deadlines_drop(struct deadlines *deadlines, struct deadline *deadline); /* Not set: fine. */
/* The first, or NULL. */
struct deadline *mf__deadlines_peek(const struct deadlines *deadlines);

#endif
