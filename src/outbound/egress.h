/* egress.h - what the files that send share: all of it, a run's part, one fetch. */
#ifndef MAYFLY_OUTBOUND_EGRESS_H
#define MAYFLY_OUTBOUND_EGRESS_H

#include <mayfly/outbound.h>

#include "carrier.h"
#include "hop.h"
#include "pipe.h"
#include "resolve.h"
#include "token.h"
#include "upload.h"

/* ---- egress.c -------------------------------------------------------------------------------- */

struct mf__times {
    uint64_t resolve_ms;
    uint64_t connect_ms;
    uint64_t tls_ms;
    uint64_t wait_ms; /* For the first byte. */
    uint64_t idle_ms;
    uint64_t total_ms;
};

struct mf_egress {
    uv_loop_t *loop;
    struct mf_vault *vault;
    struct mf__upstreams *upstreams;
    struct mf__resolver *resolver;
    struct mf__tokens *tokens;
    const struct mf_interceptor *interceptor; /* Or NULL. */
    void *interceptor_user;
    struct mf__times times;
    bool is_trace_propagated;
    uint32_t run_max;     /* Requests of one run at once. */
    uint32_t active_max;  /* Of each depth. */
    uint64_t answer_max;  /* Bytes of one answer, as it comes, */
    uint64_t decoded_max; /* and as it is decoded. */
    struct sockaddr_storage listeners[MF_UPSTREAM_LISTENERS_MAX];
    size_t listeners_count;
    struct sockaddr_storage own[MF_UPSTREAM_INTERFACES_MAX];
    size_t own_count;
    uint64_t own_ns; /* When |own| was read. */
    /* By depth: an interceptor's requests never wait for a place that the request which it answers holds. */
    struct {
        struct mf_list waiting; /* struct mf_egress_run.waiting: has queued fetches and a place for one. */
        uint32_t active;
    } depths[MF_POOL_DOMAINS_MAX];
    uv_timer_t turn;
    unsigned runs;
    struct mf_egress_state state;
    uint64_t held; /* Bytes of heads and bodies of requests, all runs together. */
    bool is_closing;
    void (*on_closed)(void *user);
    void *user;
};

/* Whether a connection may go there. */
bool mf__egress_may_use(struct mf_egress *egress,
                        const struct mf__rule *rule,
                        const struct sockaddr *address);

void mf__set_port(struct sockaddr_storage *address, uint16_t port);
/* False: |host| is a name. */
bool mf__literal(const struct mf__host *host, struct sockaddr_storage *ret_address);

/* ---- run.c -------------------------------------------------------------------------------------- */

struct mf_egress_run {
    struct mf_egress *egress;
    struct mf_list waiting;
    const struct mf_egress_events *events;
    void *user;
    struct mf_policy *policy;
    char id[MF_ID_BYTES_MAX];
    struct mf_buf tenant;
    unsigned depth;
    uint32_t subrequests_max;
    uint32_t subrequests;
    uint64_t bytes;
    bool is_over;          /* It is being freed. */
    bool has_placeholders; /* Its policy lets some stand. */
    struct mf_list queued; /* struct mf__fetch.link, in their order. */
    struct mf_list active;
    unsigned active_count;
    uv_timer_t stall; /* Runs while all of |active| wait for the worker and others wait for them. */
    struct mf_buf records;
    uint32_t records_left_out;
    char trace_id[MF__TRACE_ID_CHARS + 1]; /* "": it belongs to no trace. */
    bool is_sampled;
    struct mf_buf trace_state;
    uint64_t began_ns;
};

/* The run may have a place for another, or nothing to do any more. */
void mf__run_look(struct mf_egress_run *run);
/* Begins the next of the queue, if there is one and a place. */
bool mf__run_begin_next(struct mf_egress_run *run);
/* The turn comes soon. */
void mf__egress_schedule(struct mf_egress *egress);
/* A place, taken and given back. */
void mf__egress_take(struct mf_egress_run *run);
void mf__egress_give_back(struct mf_egress_run *run);
/* One of its fetches waits for the worker, or no longer. */
void mf__run_look_for_stall(struct mf_egress_run *run);

/* ---- fetch.c --------------------------------------------------------------------------------------- */

/*   QUEUED --a place--> BODY_WAIT --known as far as needed--> TOKEN_WAIT --have them all--> RESOLVING --addresses are checked--+
 *                          ^                                                                                                 |
 *                          +------------------------- a redirect that is followed ------------------- SENDING <--------------+
 *                                                                                                       | the head
 *                                                                                                       v
 *                                                                       the end, from any state <--- ANSWERED
 */
enum mf__fetch_state {
    MF__FETCH_QUEUED,
    MF__FETCH_BODY_WAIT,
    MF__FETCH_TOKEN_WAIT,
    MF__FETCH_RESOLVING,
    MF__FETCH_SENDING,
    MF__FETCH_ANSWERED, /* The worker has the head. */
    MF__FETCH_OVER,     /* Nothing of it is heard any more; its timer is being closed. */
};

struct mf__fetch {
    struct mf_list link; /* run->queued or run->active. */
    struct mf_egress_run *run;
    enum mf__fetch_state state;
    uint32_t number;
    enum mf_egress_redirect redirect;
    char method[MF_OUTBOUND_METHOD_BYTES_MAX + 1];
    struct mf_buf url;     /* What the worker asked for, or a redirect led to. */
    struct mf_buf headers; /* The worker's, without what a redirect took away. */
    bool has_body;
    bool is_websocket; /* It asks for one: its body is what goes over the connection. */
    uint64_t body_bytes;
    struct mf__upload upload;
    uint64_t held;                     /* Its part of egress->held. */
    uint64_t upload_told;              /* Bytes that were told as consumed. */
    bool is_upload_open;               /* More of it may come. */
    char tail[MF_UPSTREAM_TAIL_BYTES]; /* The last bytes of it: a placeholder may be cut in two. */
    size_t tail_size;
    unsigned hops;
    struct mf__hop hop;
    struct mf__token_wait *token_wait;
    struct mf__lookup *lookup;
    struct mf__carrier carrier;
    struct mf__pipe pipe;
    struct mf_buf location; /* With |redirect_status|: where it leads. */
    int redirect_status;    /* 0: none is being followed. */
    uint64_t drained;       /* Bytes of a redirect's body, which nobody reads. */
    bool is_follow_due;     /* The timer means this. */
    bool is_bodiless;       /* The worker has all of the answer. */
    uv_timer_t timer;
    uint64_t since_ns;                   /* Of the state. */
    uint64_t hop_ns;                     /* When this hop began. */
    char span_id[MF__SPAN_ID_CHARS + 1]; /* This hop's. */
    uint64_t started_ns;
    enum mf__phase late; /* In which phase it was too late, for the sentence. */
    int status;          /* Of this hop's answer; 0: none. */
    uint64_t sent;       /* Of this hop's request's body. */
};

/* NULL: no memory. */
struct mf__fetch *mf__fetch_new(struct mf_egress_run *run, const struct mf_egress_request *request);
/* It has a place. */
void mf__fetch_begin(struct mf__fetch *fetch);
void mf__fetch_body(struct mf__fetch *fetch, struct mf_slice bytes);
void mf__fetch_body_end(struct mf__fetch *fetch, int error);
void mf__fetch_credit(struct mf__fetch *fetch);
/* Ends it without a word to the worker. */
void mf__fetch_drop(struct mf__fetch *fetch);
/* Ends it with one. */
void mf__fetch_fail(struct mf__fetch *fetch, int error);
/* The worker need not send the rest of the request's body. */
void mf__fetch_stop_upload(struct mf__fetch *fetch);
/* It waits for the worker: to send its body, or to read the answer. */
bool mf__fetch_is_stalled(const struct mf__fetch *fetch);
uint64_t mf__fetch_moved_ns(const struct mf__fetch *fetch);

/* ---- redirect.c --------------------------------------------------------------------------------------- */

/* Turns to |location|: the next hop's URL, method, headers and body. MF_E_UPSTREAM_REDIRECT, MF_E_OUTBOUND_URL, MF_E_TOO_LARGE. */
MF_MUST_CHECK int mf__redirect_turn(struct mf__fetch *fetch);

/* ---- head.c ------------------------------------------------------------------------------------------- */

/* Makes the pipe ready for the body, and the headers for the worker. */
MF_MUST_CHECK int
mf__head_open(struct mf__fetch *fetch, const struct mf_egress_answer *head, struct mf_buf *ret_headers);
/* |text| without credentials; appends. */
MF_MUST_CHECK int mf__head_redact(struct mf__fetch *fetch, struct mf_slice text, struct mf_buf *out);

/* ---- sentence.c ------------------------------------------------------------------------------------- */

/* What the worker is told; appends. */
MF_MUST_CHECK int mf__sentence(const struct mf__fetch *fetch, int error, struct mf_buf *out);

/* ---- audit.c ------------------------------------------------------------------------------------------ */

/* One record of the hop that ends: a log line, the counters, and one of the run's list. */
void mf__audit(struct mf__fetch *fetch, int error);

#endif
