/* deadlines.c - the heap. */
#include "deadlines.h"

#define HEAP_FIRST 64

static void put(struct deadlines *deadlines, size_t index, struct deadline *deadline)
{
    deadlines->heap[index] = deadline;
    deadline->place = index + 1;
}

static void sift_up(struct deadlines *deadlines, size_t index)
{
    struct deadline *deadline = deadlines->heap[index];
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (deadlines->heap[parent]->at_ns <= deadline->at_ns) {
            break;
        }
        put(deadlines, index, deadlines->heap[parent]);
        index = parent;
    }
    put(deadlines, index, deadline);
}

static void sift_down(struct deadlines *deadlines, size_t index)
{
    struct deadline *deadline = deadlines->heap[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= deadlines->count) {
            break;
        }
        if (child + 1 < deadlines->count &&
            deadlines->heap[child + 1]->at_ns < deadlines->heap[child]->at_ns) {
            child++;
        }
        if (deadline->at_ns <= deadlines->heap[child]->at_ns) {
            break;
        }
        put(deadlines, index, deadlines->heap[child]);
        index = child;
    }
    put(deadlines, index, deadline);
}

static int grow(struct deadlines *deadlines)
{
    if (deadlines->count < deadlines->capacity) {
        return 0;
    }
    size_t capacity = deadlines->capacity ? 2 * deadlines->capacity : HEAP_FIRST;
    struct deadline **heap = mf_try_alloc(capacity * sizeof(struct deadline *));
    if (!heap) {
        return MF_E_NO_MEMORY;
    }
    if (deadlines->count > 0) {
        memcpy(heap, deadlines->heap, deadlines->count * sizeof(struct deadline *));
    }
    mf_free(deadlines->heap);
    deadlines->heap = heap;
    deadlines->capacity = capacity;
    return 0;
}

void mf__deadlines_done(struct deadlines *deadlines)
{
    MF_ASSERT(deadlines->count == 0);
    mf_free(deadlines->heap);
    memset(deadlines, 0, sizeof *deadlines);
}

int mf__deadlines_set(struct deadlines *deadlines, struct deadline *deadline, uint64_t at_ns)
{
    if (deadline->place == 0) {
        int error = grow(deadlines);
        if (error < 0) {
            return error;
        }
        deadline->at_ns = at_ns;
        put(deadlines, deadlines->count++, deadline);
    }
    deadline->at_ns = at_ns;
    sift_up(deadlines, deadline->place - 1);
    sift_down(deadlines, deadline->place - 1);
    return 0;
}

void mf__deadlines_drop(struct deadlines *deadlines, struct deadline *deadline)
{
    if (deadline->place == 0) {
        return;
    }
    size_t index = deadline->place - 1;
    struct deadline *last = deadlines->heap[--deadlines->count];
    deadline->place = 0;
    if (last != deadline) {
        put(deadlines, index, last);
        sift_up(deadlines, index);
        sift_down(deadlines, last->place - 1);
    }
}

struct deadline *mf__deadlines_peek(const struct deadlines *deadlines)
{
    return deadlines->count > 0 ? deadlines->heap[0] : NULL;
}
