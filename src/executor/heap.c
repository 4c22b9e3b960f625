/* heap.c - see heap.h. */
#include "heap.h"

#define CAPACITY_FIRST 8u

void mf_heap_init(struct mf_heap *heap, size_t count_max)
{
    *heap = (struct mf_heap){.count_max = count_max};
}

void mf_heap_done(struct mf_heap *heap)
{
    mf_free(heap->nodes);
    heap->nodes = NULL;
    heap->count = 0;
}

void mf_heap_node_init(struct mf_heap_node *node)
{
    node->index = MF_HEAP_NOWHERE;
}

static bool is_before(const struct mf_heap_node *a, const struct mf_heap_node *b)
{
    return a->key < b->key || (a->key == b->key && a->sequence < b->sequence);
}

static void place(struct mf_heap *heap, struct mf_heap_node *node, size_t index)
{
    heap->nodes[index] = node;
    node->index = index;
}

static void sift_up(struct mf_heap *heap, struct mf_heap_node *node)
{
    size_t index = node->index;

    while (index > 0 && is_before(node, heap->nodes[(index - 1) / 2])) {
        place(heap, heap->nodes[(index - 1) / 2], index);
        index = (index - 1) / 2;
    }
    place(heap, node, index);
}

static void sift_down(struct mf_heap *heap, struct mf_heap_node *node)
{
    size_t index = node->index;

    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= heap->count) {
            break;
        }
        if (child + 1 < heap->count && is_before(heap->nodes[child + 1], heap->nodes[child])) {
            child++;
        }
        if (!is_before(heap->nodes[child], node)) {
            break;
        }
        place(heap, heap->nodes[child], index);
        index = child;
    }
    place(heap, node, index);
}

static int grow(struct mf_heap *heap)
{
    size_t capacity = heap->capacity > 0 ? heap->capacity * 2 : CAPACITY_FIRST;
    struct mf_heap_node **nodes = mf_try_realloc(heap->nodes, capacity * sizeof(*nodes));

    if (nodes == NULL) {
        return MF_E_NO_MEMORY;
    }
    heap->nodes = nodes;
    heap->capacity = capacity;
    return 0;
}

int mf_heap_push(struct mf_heap *heap, struct mf_heap_node *node, uint64_t key)
{
    MF_ASSERT(node->index == MF_HEAP_NOWHERE);
    if (heap->count >= heap->count_max) {
        return MF_E_TOO_MANY;
    }
    if (heap->count == heap->capacity) {
        int error = grow(heap);
        if (error < 0) {
            return error;
        }
    }
    node->key = key;
    node->sequence = heap->sequence++;
    place(heap, node, heap->count++);
    sift_up(heap, node);
    return 0;
}

struct mf_heap_node *mf_heap_peek(const struct mf_heap *heap)
{
    return heap->count > 0 ? heap->nodes[0] : NULL;
}

void mf_heap_remove(struct mf_heap *heap, struct mf_heap_node *node)
{
    size_t index = node->index;
    struct mf_heap_node *last;

    if (index == MF_HEAP_NOWHERE) {
        return;
    }
    MF_ASSERT(index < heap->count && heap->nodes[index] == node);
    node->index = MF_HEAP_NOWHERE;
    last = heap->nodes[--heap->count];
    if (last == node) {
        return;
    }
    place(heap, last, index);
    sift_up(heap, last);
    sift_down(heap, last);
}
