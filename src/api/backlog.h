/* backlog.h - the frames of one execution in their order: those that its client has not taken, and some that it has, for one that
 * comes back. Pure. */
#ifndef MAYFLY_API_BACKLOG_H
#define MAYFLY_API_BACKLOG_H

#include <mayfly/base.h>

struct mf__backlog {
    struct mf_list frames;  /* struct mf__frame.link, the oldest first. */
    struct mf_list *unsent; /* The first that was not sent; &frames: none. */
    size_t bytes;           /* Of all, */
    size_t unsent_bytes;    /* and of those that were not sent. */
    uint64_t last_seq;
};

struct mf__frame {
    struct mf_list link;
    uint64_t seq;
    size_t size;
    uint8_t bytes[]; /* One line, without its end. */
};

void mf__backlog_init(struct mf__backlog *backlog);
void mf__backlog_done(struct mf__backlog *backlog);
/* The next frame, whose text has backlog->last_seq + 1 in it. MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf__backlog_add(struct mf__backlog *backlog, struct mf_slice text);
/* The first that was not sent; NULL: none. */
const struct mf__frame *mf__backlog_next(const struct mf__backlog *backlog);
/* That one was sent: it is kept as long as |bytes_max| allows. */
void mf__backlog_sent(struct mf__backlog *backlog, size_t bytes_max);
/* Everything behind |seq| is to be sent again. MF_E_EXECUTION_FRAMES: not all of it is here, or it was never said. */
MF_MUST_CHECK int mf__backlog_rewind(struct mf__backlog *backlog, uint64_t seq);

#endif
