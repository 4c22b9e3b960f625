/* outbox.h - frames to the daemon: one queue with a maximum, written by whichever thread has something to say.
 *
 * Use:      out = mf_outbox_lock(&outbox, MF_OUTBOX_MAY); mf_encode_log(out, ...); mf_outbox_unlock(&outbox).
 * Threads:  [any] all but _init, _done. A V8 thread writes its answer to the channel itself: no hop over the loop.
 *
 * While the loop has promised to look within MF_CHANNEL_CORK_NS, frames gather ("corked"), so that a run's response, its
 * body and its DONE leave in one write; the turn that made them flushes when it ends.
 */
#ifndef MAYFLY_EXECUTOR_OUTBOX_H
#define MAYFLY_EXECUTOR_OUTBOX_H

#include <pthread.h>

#include <mayfly/wire.h>

#include "waker.h"

enum mf_outbox_class {
    MF_OUTBOX_MAY, /* What may wait or be dropped when the daemon does not read: refused past half of the maximum. */
    MF_OUTBOX_MUST, /* What ends a run: refused never; past the whole maximum the channel is broken. */
};

struct mf_outbox {
    int fd;
    struct mf_waker *waker;
    pthread_mutex_t mutex; /* Guards all below. Under it only the waker's is locked. */
    struct mf_buf buf;     /* Frames; the first |written| bytes are gone already. */
    size_t written;
    bool is_corked;  /* The loop will flush soon. */
    bool is_blocked; /* The kernel takes no more; the loop waits for POLLOUT. */
    bool is_broken;  /* The daemon is gone, or does not read: the loop ends the process. */
    bool is_starved; /* Somebody was refused: tell them when there is room (mf_outbox_take_room). */
};

void mf_outbox_init(struct mf_outbox *outbox, int fd, struct mf_waker *waker);
void mf_outbox_done(struct mf_outbox *outbox);

/* The buffer to encode into, locked; NULL and not locked: no room for that class now. */
MF_MUST_CHECK struct mf_buf *mf_outbox_lock(struct mf_outbox *outbox, enum mf_outbox_class class);
/* Writes, unless corked. */
void mf_outbox_unlock(struct mf_outbox *outbox);
/* Writes what there is, corked or not. */
void mf_outbox_flush(struct mf_outbox *outbox);

/* [loop] Flushes first. */
void mf_outbox_cork(struct mf_outbox *outbox, bool is_corked);
/* [loop] Whether POLLOUT is wanted; MF_E_CLOSED when broken. */
MF_MUST_CHECK int mf_outbox_wants(struct mf_outbox *outbox, bool *ret_pollout);
/* [loop] True once after frames were refused and there is room again. */
MF_MUST_CHECK bool mf_outbox_take_room(struct mf_outbox *outbox);
/* [loop] Nothing waits to be written. */
MF_MUST_CHECK bool mf_outbox_is_empty(struct mf_outbox *outbox);

#endif
