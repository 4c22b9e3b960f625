/* alarms.c - see alarms.h. */
#include "alarms.h"

void mf_alarms_init(struct mf_alarms *alarms, struct mf_waker *waker)
{
    alarms->waker = waker;
    mf_heap_init(&alarms->heap, MF_EXECUTOR_RUNS_MAX);
    MF_ASSERT(pthread_mutex_init(&alarms->mutex, NULL) == 0);
}

void mf_alarms_done(struct mf_alarms *alarms)
{
    mf_heap_done(&alarms->heap);
    pthread_mutex_destroy(&alarms->mutex);
}

void mf_alarm_init(struct mf_alarm *alarm)
{
    mf_heap_node_init(&alarm->node);
}

void mf_alarm_set(struct mf_alarms *alarms, struct mf_alarm *alarm, uint64_t due_ns)
{
    pthread_mutex_lock(&alarms->mutex);
    if (due_ns == MF_DEADLINE_NEVER) {
        mf_heap_remove(&alarms->heap, &alarm->node);
    } else if (alarm->node.index == MF_HEAP_NOWHERE || alarm->node.key != due_ns) {
        mf_heap_remove(&alarms->heap, &alarm->node);
        /* One entry a run, and no more runs than entries: it fits. The heap's own memory is a few pages. */
        MF_ASSERT(mf_heap_push(&alarms->heap, &alarm->node, due_ns) == 0);
    }
    pthread_mutex_unlock(&alarms->mutex);
    if (due_ns != MF_DEADLINE_NEVER) {
        mf_waker_by(alarms->waker, due_ns);
    }
}

struct mf_alarm *mf_alarms_take(struct mf_alarms *alarms,
                                uint64_t now_ns,
                                void (*keep)(struct mf_alarm *alarm),
                                uint64_t *ret_next_ns)
{
    struct mf_heap_node *node;
    struct mf_alarm *alarm = NULL;

    pthread_mutex_lock(&alarms->mutex);
    node = mf_heap_peek(&alarms->heap);
    if (node != NULL && node->key <= now_ns) {
        mf_heap_remove(&alarms->heap, node);
        alarm = MF_CONTAINER_OF(node, struct mf_alarm, node);
        keep(alarm);
    } else {
        *ret_next_ns = node == NULL ? MF_DEADLINE_NEVER : node->key;
    }
    pthread_mutex_unlock(&alarms->mutex);
    return alarm;
}
