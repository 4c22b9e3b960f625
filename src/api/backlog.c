#include "backlog.h"

static struct mf__frame *frame_of(struct mf_list *link)
{
    return MF_CONTAINER_OF(link, struct mf__frame, link);
}

void mf__backlog_init(struct mf__backlog *backlog)
{
    memset(backlog, 0, sizeof *backlog);
    mf_list_init(&backlog->frames);
    backlog->unsent = &backlog->frames;
}

static void drop_first(struct mf__backlog *backlog)
{
    struct mf__frame *frame = frame_of(mf_list_pop_front(&backlog->frames));

    backlog->bytes -= frame->size;
    mf_free(frame);
}

void mf__backlog_done(struct mf__backlog *backlog)
{
    while (!mf_list_is_empty(&backlog->frames)) {
        drop_first(backlog);
    }
}

int mf__backlog_add(struct mf__backlog *backlog, struct mf_slice text)
{
    struct mf__frame *frame = mf_try_alloc(sizeof *frame + text.size);

    if (frame == NULL) {
        return MF_E_NO_MEMORY;
    }
    frame->seq = ++backlog->last_seq;
    frame->size = text.size;
    memcpy(frame->bytes, text.data, text.size);
    mf_list_push_back(&backlog->frames, &frame->link);
    if (backlog->unsent == &backlog->frames) {
        backlog->unsent = &frame->link;
    }
    backlog->bytes += text.size;
    backlog->unsent_bytes += text.size;
    return 0;
}

const struct mf__frame *mf__backlog_next(const struct mf__backlog *backlog)
{
    return backlog->unsent == &backlog->frames ? NULL : frame_of(backlog->unsent);
}

void mf__backlog_sent(struct mf__backlog *backlog, size_t bytes_max)
{
    const struct mf__frame *frame = mf__backlog_next(backlog);

    MF_ASSERT(frame != NULL);
    backlog->unsent = backlog->unsent->next;
    backlog->unsent_bytes -= frame->size;
    while (backlog->bytes - backlog->unsent_bytes > bytes_max) {
        drop_first(backlog);
    }
}

int mf__backlog_rewind(struct mf__backlog *backlog, uint64_t seq)
{
    uint64_t first =
        mf_list_is_empty(&backlog->frames) ? backlog->last_seq + 1 : frame_of(backlog->frames.next)->seq;

    if (seq > backlog->last_seq || seq + 1 < first) {
        return MF_E_EXECUTION_FRAMES;
    }
    backlog->unsent = &backlog->frames;
    backlog->unsent_bytes = 0;
    MF_LIST_FOR_EACH(link, &backlog->frames)
    {
        const struct mf__frame *frame = frame_of(link);
        if (frame->seq > seq) {
            backlog->unsent = backlog->unsent == &backlog->frames ? link : backlog->unsent;
            backlog->unsent_bytes += frame->size;
        }
    }
    return 0;
}
