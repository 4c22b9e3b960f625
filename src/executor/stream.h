/* stream.h - one body of a run, coming in or going out: window, queued bytes, and the event that speaks of it.
 *
 * Pure: the session locks, sends what is said here, and delivers the events.
 *
 * In:   daemon --STREAM_DATA--> buf (at most a window) --body_pull, event--> script; consumed bytes become credit.
 * Out:  script --body_write--> as much as the window allows at once, the rest pending (one write's worth) until credit.
 */
#ifndef MAYFLY_EXECUTOR_STREAM_H
#define MAYFLY_EXECUTOR_STREAM_H

#include <mayfly/wire.h>

#include "notice.h"

struct mf_incoming {
    uint32_t id;
    bool is_open;      /* It exists. */
    bool is_pulled;    /* The script waits for an event. */
    bool is_ended;     /* STREAM_END or STREAM_ABORT came. */
    bool is_cancelled; /* The script wants no more: what still comes is dropped. */
    bool is_told;      /* The script knows of the end. */
    bool is_copied;    /* Its bytes go on without the script (copy.c), which hears of the end only. */
    int error;         /* With STREAM_ABORT. */
    struct mf_window window;
    struct mf_buf buf;
    struct mf_buf error_text;
    struct mf_notice event;
};

void mf_incoming_init(struct mf_incoming *in, uint32_t id, bool is_open);
void mf_incoming_done(struct mf_incoming *in); /* Takes its event out of the queue. */
/* From the daemon. MF_E_WIRE: it is wrong. MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf_incoming_data(struct mf_incoming *in, struct mf_slice bytes);
MF_MUST_CHECK int mf_incoming_end(struct mf_incoming *in, int error, struct mf_slice text);
/* From the script. MF_E_INVALID: not open, or pulled already. */
MF_MUST_CHECK int mf_incoming_pull(struct mf_incoming *in);
/* True: the daemon is to be told with STREAM_STOP. */
MF_MUST_CHECK bool mf_incoming_cancel(struct mf_incoming *in);
/* There is something to tell a script that waits. */
MF_MUST_CHECK bool mf_incoming_is_ready(const struct mf_incoming *in);
/* The script waits for something that the daemon can still send. */
MF_MUST_CHECK bool mf_incoming_is_awaited(const struct mf_incoming *in);
/* All of it is here, and nobody has asked for any: moves it out, and the script knows of the end. False: not so. */
MF_MUST_CHECK bool mf_incoming_take_whole(struct mf_incoming *in, MF_OWN struct mf_buf *ret_bytes);
/* Answers the pull with the bytes that are there; moves them out. Returns the credit to grant, 0 for none. */
MF_MUST_CHECK uint32_t mf_incoming_take(struct mf_incoming *in, MF_OWN struct mf_buf *ret_bytes);

struct mf_outgoing {
    uint32_t id;
    bool is_open;    /* The script may write. */
    bool is_ended;   /* The script has ended it; |pending| may still wait. */
    bool is_closed;  /* The last frame of it was sent. */
    bool is_stopped; /* The daemon wants no more. */
    bool is_full;    /* The script was told to wait for room. */
    bool has_room;   /* To be told: there is room. */
    bool has_stop;   /* To be told: stopped. */
    struct mf_window window;
    struct mf_buf pending;
    size_t pending_sent; /* Bytes at its front that went. */
    uint64_t bytes_total;
    uint64_t bytes_left; /* That may still be written; MF_BODY_BYTES_UNKNOWN: any. */
    struct mf_notice event;
};

void mf_outgoing_init(struct mf_outgoing *out, uint32_t id, bool is_open);
void mf_outgoing_done(struct mf_outgoing *out);
/* What may go now of what waits, in a piece; empty: nothing waits, or there is no credit. Then _sent. */
MF_MUST_CHECK struct mf_slice mf_outgoing_sendable(const struct mf_outgoing *out);
void mf_outgoing_sent(struct mf_outgoing *out, size_t bytes);
MF_MUST_CHECK size_t mf_outgoing_pending(const struct mf_outgoing *out);
/* Drops what waits. */
void mf_outgoing_drop(struct mf_outgoing *out);

#endif
