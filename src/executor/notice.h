/* notice.h - something that the script is to be told. Events live inside the timer, stream or fetch they speak of, so that
 * queueing one never allocates and can never fail, and a run's queue is bounded by what the run has open. */
#ifndef MAYFLY_EXECUTOR_NOTICE_H
#define MAYFLY_EXECUTOR_NOTICE_H

#include <mayfly/base.h>

enum mf_notice_source {
    MF_SOURCE_START,    /* struct mf_session: the bundle is whole. */
    MF_SOURCE_TIMER,    /* struct mf_timer */
    MF_SOURCE_INCOMING, /* struct mf_incoming: bytes, the end, an error. */
    MF_SOURCE_OUTGOING, /* struct mf_outgoing: room, or the receiver has left. */
    MF_SOURCE_FETCH,    /* struct mf_fetch: a head, or a failure. */
    MF_SOURCE_FILES,    /* struct mf_file_op: the answer. */
};

struct mf_notice {
    struct mf_list list; /* In the run's queue, or alone. */
    enum mf_notice_source source;
};

static inline void mf_notice_init(struct mf_notice *event, enum mf_notice_source source)
{
    mf_list_init(&event->list);
    event->source = source;
}

static inline bool mf_notice_is_queued(const struct mf_notice *event)
{
    return !mf_list_is_empty(&event->list);
}

/* To the end of |queue|, unless it is in it. */
static inline void mf_notice_queue(struct mf_notice *event, struct mf_list *queue)
{
    if (!mf_notice_is_queued(event)) {
        mf_list_push_back(queue, &event->list);
    }
}

#endif
