/* heap.h - a binary heap of intrusive nodes, least key first, first in first out among equals. */
#ifndef MAYFLY_EXECUTOR_HEAP_H
#define MAYFLY_EXECUTOR_HEAP_H

#include <mayfly/base.h>

#define MF_HEAP_NOWHERE SIZE_MAX

struct mf_heap_node {
    uint64_t key;
    uint64_t sequence;
    size_t index; /* MF_HEAP_NOWHERE: in no heap. */
};

struct mf_heap {
    struct mf_heap_node **nodes;
    size_t count;
    size_t capacity;
    size_t count_max;
    uint64_t sequence;
};

void mf_heap_init(struct mf_heap *heap, size_t count_max);
void mf_heap_done(struct mf_heap *heap); /* The nodes are the caller's. */
void mf_heap_node_init(struct mf_heap_node *node);
/* MF_E_TOO_MANY, MF_E_NO_MEMORY. The node is in no heap. */
MF_MUST_CHECK int mf_heap_push(struct mf_heap *heap, struct mf_heap_node *node, uint64_t key);
struct mf_heap_node *mf_heap_peek(const struct mf_heap *heap); /* NULL when empty. */
/* Nothing happens when it is in no heap. */
void mf_heap_remove(struct mf_heap *heap, struct mf_heap_node *node);

#endif
