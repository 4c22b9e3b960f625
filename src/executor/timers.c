/* timers.c - see timers.h. */
#include "timers.h"

void mf_timers_init(struct mf_timers *timers)
{
    mf_heap_init(&timers->heap, MF_RUN_TIMERS_MAX);
    timers->by_id = NULL;
}

void mf_timers_done(struct mf_timers *timers)
{
    size_t cursor = 0;
    struct mf_timer *timer;

    while (timers->by_id != NULL && (timer = mf_map_next(timers->by_id, &cursor)) != NULL) {
        mf_list_remove(&timer->event.list);
        mf_free(timer);
    }
    mf_map_free(timers->by_id);
    timers->by_id = NULL;
    mf_heap_done(&timers->heap);
}

int mf_timers_set(struct mf_timers *timers, uint32_t id, uint64_t due_ns)
{
    struct mf_timer *timer;
    int error;

    mf_timers_clear(timers, id);
    if (timers->by_id == NULL) {
        timers->by_id = mf_map_new(MF_RUN_TIMERS_MAX);
    }
    timer = mf_try_alloc(sizeof(*timer));
    if (timer == NULL) {
        return MF_E_NO_MEMORY;
    }
    timer->id = id;
    mf_heap_node_init(&timer->node);
    mf_notice_init(&timer->event, MF_SOURCE_TIMER);
    error = mf_map_put(timers->by_id, id, timer);
    if (error < 0) {
        mf_free(timer);
        return error;
    }
    error = mf_heap_push(&timers->heap, &timer->node, due_ns);
    if (error < 0) {
        mf_map_take(timers->by_id, id);
        mf_free(timer);
    }
    return error;
}

void mf_timers_clear(struct mf_timers *timers, uint32_t id)
{
    struct mf_timer *timer = timers->by_id == NULL ? NULL : mf_map_take(timers->by_id, id);

    if (timer != NULL) {
        mf_heap_remove(&timers->heap, &timer->node);
        mf_list_remove(&timer->event.list);
        mf_free(timer);
    }
}

uint64_t mf_timers_next_ns(const struct mf_timers *timers)
{
    const struct mf_heap_node *node = mf_heap_peek(&timers->heap);

    return node == NULL ? MF_DEADLINE_NEVER : node->key;
}

void mf_timers_expire(struct mf_timers *timers, uint64_t now_ns, struct mf_list *events)
{
    struct mf_heap_node *node;

    while ((node = mf_heap_peek(&timers->heap)) != NULL && node->key <= now_ns) {
        struct mf_timer *timer = MF_CONTAINER_OF(node, struct mf_timer, node);
        mf_heap_remove(&timers->heap, node);
        mf_notice_queue(&timer->event, events);
    }
}

size_t mf_timers_count(const struct mf_timers *timers)
{
    return timers->by_id == NULL ? 0 : mf_map_count(timers->by_id);
}
