/* timeout.h - a deadline for each phase of each connection, over one uv_timer.
 *
 * All deadlines of a phase are equally far away, so a list in the order of arming is sorted: arming and disarming are a few
 * pointer writes, and only the lists' heads are looked at.
 */
#ifndef MAYFLY_NET_TIMEOUT_H
#define MAYFLY_NET_TIMEOUT_H

#include <uv.h>

#include <mayfly/base.h>

enum mf__phase {
    MF__PHASE_TLS,        /* The handshake. */
    MF__PHASE_IDLE,       /* Between requests. */
    MF__PHASE_HEAD,       /* From a request's first byte to the end of its head. */
    MF__PHASE_BODY,       /* Until the next piece of a body that is waited for. */
    MF__PHASE_HALF_CLOSE, /* Nothing is read, so that the client may be gone unseen. */
    MF__PHASE_LINGER,     /* The last answer is out; the client may still be sending. */
    MF__PHASE_PING,       /* A WebSocket says nothing: it is asked. */
    MF__PHASE_PONG,       /* It was asked. */
    MF__PHASE_MESSAGE,    /* Until there is more of a message that has begun. */
    MF__PHASE_CLOSE,      /* Until the client's Close frame. */
    MF__PHASE_WRITE,      /* Until the client takes more of what waits for it. */
    MF__PHASE_COUNT
};

struct mf__timeout {
    struct mf_list link;
    uint64_t due_ms;
    enum mf__phase phase; /* MF__PHASE_COUNT: not armed. */
};

struct mf__timeouts {
    uv_timer_t timer;
    struct mf_list lists[MF__PHASE_COUNT];
    uint32_t ms[MF__PHASE_COUNT];
    uint64_t timer_due_ms; /* UINT64_MAX: the timer is stopped. */
    uint64_t judged_ms;    /* What was due then is judged when the timer fires next; 0: it looks first. */
    void (*on_due)(struct mf__timeout *timeout, enum mf__phase phase);
};

void mf__timeouts_open(struct mf__timeouts *timeouts,
                       uv_loop_t *loop,
                       void (*on_due)(struct mf__timeout *timeout, enum mf__phase phase));
/* |ms| from now on, and no later than that for what is armed already. */
void mf__timeouts_change(struct mf__timeouts *timeouts, enum mf__phase phase, uint32_t ms);
/* The same, but what is armed has |ms| from when it was armed. */
void mf__timeouts_shorten(struct mf__timeouts *timeouts, enum mf__phase phase, uint32_t ms);
/* Nothing is armed any more. */
void mf__timeouts_close(struct mf__timeouts *timeouts, uv_close_cb on_closed);
/* The one that was armed first, or NULL. */
struct mf__timeout *mf__timeouts_oldest(const struct mf__timeouts *timeouts, enum mf__phase phase);

void mf__timeout_init(struct mf__timeout *timeout);
/* Starts anew when it was armed. */
void mf__timeout_arm(struct mf__timeouts *timeouts, struct mf__timeout *timeout, enum mf__phase phase);
void mf__timeout_disarm(struct mf__timeout *timeout);

#endif
