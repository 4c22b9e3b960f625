/* mayfly/outbound.h - fetch() to the world: each request is judged by the run's policy, gets its credentials here, outside of the
 * sandbox, goes out over checked addresses only, and what comes back is searched for the credentials.
 *
 * Use:      mf_egress_open at start; mf_egress_listener for each address that the daemon itself listens on. For a run with a
 *           policy mf_egress_run_new, then mf_egress_fetch and the others as the worker speaks; mf_egress_run_free with the run.
 * Threads:  [loop] everything.
 * Owns:     a run of egress is its owner's; it holds a reference to the policy. Slices in events are borrowed for the call.
 * Limits:   MF_UPSTREAM_*, and what config.h has of outbound. Memory for a fetch is bounded whatever an upstream sends: about
 *           a window each way.
 * Fails:    on_fail or on_abort, with a sentence for the worker that names the host and nothing of rules or secrets.
 *           Events come inside mf_egress_body, _body_end and _credit of the same fetch, and in no other function.
 * Not here: policies (outbound_policy.h), secrets (vault), frames (pool), how a worker answers in an upstream's place (api).
 */
#ifndef MAYFLY_OUTBOUND_H
#define MAYFLY_OUTBOUND_H

#include <sys/socket.h>

#include <uv.h>

#include <mayfly/base.h>
#include <mayfly/config.h>
#include <mayfly/outbound_policy.h>
#include <mayfly/vault.h>

struct mf_egress;
struct mf_egress_run;

/* ---- all of it ------------------------------------------------------------------------------------ */

#define MF_EGRESS_WHY_BYTES_MAX 512

/* |vault| may be NULL: there are no secrets. Both outlive the egress. MF_E_CONFIG and |ret_why|. */
MF_MUST_CHECK int mf_egress_open(uv_loop_t *loop,
                                 const struct mf_config *config,
                                 struct mf_vault *vault,
                                 MF_OWN struct mf_egress **ret_egress,
                                 char *ret_why);
/* Takes new numbers in: times, and how much at once. Authorities and DNS servers stay as they were. */
void mf_egress_configure(struct mf_egress *egress, const struct mf_config *config);
/* No run is left. */
void mf_egress_close(MF_OWN struct mf_egress *egress, void (*on_closed)(void *user), void *user);
/* The daemon listens there: no request may ever go to it. */
void mf_egress_listener(struct mf_egress *egress, const struct sockaddr *address);

/* ---- workers that answer in an upstream's place ------------------------------------------------------ */

/* The head of an answer, from an upstream or an interceptor. */
struct mf_egress_answer {
    int status;              /* 200 to 999. */
    struct mf_slice reason;  /* Or empty. */
    struct mf_slice headers; /* name NUL value NUL, names in lower case; those of the connection left out. */
    bool has_body;
    bool is_length_known;
    uint64_t body_bytes; /* As it was declared. */
};

/* One request in the hands of an interceptor. */
struct mf_intercept;

struct mf_intercept_spec {
    const char *run;        /* Whose request it is, for the log. */
    unsigned depth;         /* Of the interceptor: 1 for the requests of a run that a client asked for. */
    struct mf_slice tenant; /* Of the run and of the worker. */
    struct mf_slice worker; /* Its name. All slices are borrowed for the call. */
    struct mf_slice method;
    struct mf_slice url;
    struct mf_slice headers; /* name NUL value NUL; none of the connection's. */
    bool has_body;
    struct mf_slice
        traceparent; /* Of the request, whatever its headers say; empty: it belongs to no trace. */
    struct mf_slice tracestate;
};

/* on_read may come inside feed, no other inside a function of the interceptor. Each function may be called inside an event. */
struct mf_intercept_events {
    void (*on_head)(void *user, const struct mf_egress_answer *head);
    /* All of |bytes| is taken. False: no more until resume. */
    bool (*on_body)(void *user, struct mf_slice bytes);
    /* Up to |size| bytes of the request's body to |space|. 0 with *ret_is_end false: feed comes when there are more.
     * MF_E_*: the body broke off. */
    int64_t (*on_read)(void *user, uint8_t *space, size_t size, bool *ret_is_end);
    /* The last one. |error| 0: the answer is whole. */
    void (*on_done)(void *user, int error);
};

struct mf_intercept_state {
    bool is_answered;  /* on_head came. */
    bool is_held;      /* It waits for resume, or for feed before on_head. */
    uint64_t moved_ns; /* When the last byte went or came. */
};

struct mf_interceptor {
    /* MF_E_*: nothing was started. |user| is the interceptor's. */
    int (*start)(void *user,
                 const struct mf_intercept_spec *spec,
                 const struct mf_intercept_events *events,
                 void *events_user,
                 struct mf_intercept **ret_intercept);
    /* Nobody wants the answer; no event follows. Not after on_done. */
    void (*cancel)(MF_OWN struct mf_intercept *intercept);
    void (*resume)(struct mf_intercept *intercept);
    void (*feed)(struct mf_intercept *intercept);
    void (*state)(const struct mf_intercept *intercept, struct mf_intercept_state *ret_state);
};

/* Without one, every request that a rule hands over fails. |interceptor| outlives the egress. */
void mf_egress_set_interceptor(struct mf_egress *egress,
                               const struct mf_interceptor *interceptor,
                               void *user);

/* ---- what it did --------------------------------------------------------------------------------------- */

struct mf_egress_state {
    uint32_t active;      /* Requests that have a connection or an interceptor, or are getting one. */
    uint32_t queued;      /* That wait for a place. */
    uint32_t connections; /* Open sockets, those kept for the next request included. */
    uint64_t total;       /* Requests that were sent or refused; each hop of a redirect is one. */
    uint64_t refused;     /* By policy, address or secret. */
    uint64_t failed;      /* By the upstream or the network. */
    uint64_t injected;    /* That went out with a credential. */
    uint64_t intercepted; /* That were handed to a worker. */
    uint64_t redactions;  /* Credentials that were taken out of answers. */
    uint64_t bytes_sent;
    uint64_t bytes_received;
};
void mf_egress_state(const struct mf_egress *egress, struct mf_egress_state *ret_state);

/* ---- a run's ---------------------------------------------------------------------------------------- */

struct mf_egress_head {
    uint32_t fetch;
    uint16_t status;
    bool has_body;
    bool is_redirected;
    struct mf_slice reason;
    struct mf_slice url;
    struct mf_slice headers; /* name NUL value NUL, repeated. */
};

struct mf_egress_events {
    /* The answer, or why there is none. */
    void (*on_head)(void *user, const struct mf_egress_head *head);
    void (*on_fail)(void *user, uint32_t fetch, int error, struct mf_slice text);
    /* How many of |bytes| were taken; when less than all, mf_egress_credit says when to go on. */
    size_t (*on_body)(void *user, uint32_t fetch, struct mf_slice bytes);
    void (*on_body_end)(void *user, uint32_t fetch);
    void (*on_body_abort)(void *user, uint32_t fetch, int error, struct mf_slice text);
    /* |bytes| of mf_egress_body went on. */
    void (*on_request_consumed)(void *user, uint32_t fetch, size_t bytes);
    /* The rest of the request's body is not wanted. */
    void (*on_request_stop)(void *user, uint32_t fetch);
};

/* The trace that a run belongs to: its requests are spans of it, and upstreams are told so. */
struct mf_egress_trace {
    const char *id; /* 32 hexadecimal digits, copied; NULL: there is none. */
    bool is_sampled;
    struct mf_slice state; /* tracestate, copied. */
    uint64_t began_ns;     /* When the run began, by mf_clock_now_ns. */
};

struct mf_egress_spec {
    const char *id;         /* The run's, for the log; copied. */
    struct mf_slice tenant; /* Copied. */
    struct mf_policy *policy;
    uint32_t subrequests; /* Fetches and hops of redirects together. */
    unsigned depth; /* 0: a run that a client asked for; else an interceptor's. Below MF_POOL_DOMAINS_MAX. */
    struct mf_egress_trace trace;
};

/* |events| lives as long as the run. */
MF_OWN struct mf_egress_run *mf_egress_run_new(struct mf_egress *egress,
                                               const struct mf_egress_spec *spec,
                                               const struct mf_egress_events *events,
                                               void *user);
/* Ends what is under way; no event follows, and nothing new begins. */
void mf_egress_run_end(struct mf_egress_run *run);
/* Ends it too. NULL is fine. */
void mf_egress_run_free(MF_OWN struct mf_egress_run *run);

enum mf_egress_redirect { MF_EGRESS_FOLLOW, MF_EGRESS_MANUAL, MF_EGRESS_ERROR };

struct mf_egress_request {
    uint32_t fetch; /* Its number, which no other fetch of the run has or had. */
    enum mf_egress_redirect redirect;
    struct mf_slice method;
    struct mf_slice url;
    struct mf_slice headers; /* name NUL value NUL, repeated. */
    bool has_body;           /* Its bytes follow with mf_egress_body. */
    uint64_t body_bytes;     /* UINT64_MAX: not known. */
};

void mf_egress_fetch(struct mf_egress_run *run, const struct mf_egress_request *request);
/* The next bytes of the request's body: at most MF_STREAM_WINDOW_BYTES that were not consumed. */
void mf_egress_body(struct mf_egress_run *run, uint32_t fetch, struct mf_slice bytes);
/* |error| 0: it is whole. */
void mf_egress_body_end(struct mf_egress_run *run, uint32_t fetch, int error);
/* on_body may take more. */
void mf_egress_credit(struct mf_egress_run *run, uint32_t fetch);
/* The worker wants no more of the answer, or nothing of the fetch at all: no event of it follows. */
void mf_egress_drop(struct mf_egress_run *run, uint32_t fetch);

/* Requests so far, hops included. */
uint32_t mf_egress_run_count(const struct mf_egress_run *run);
/* What they have sent and got, without heads. */
uint64_t mf_egress_run_bytes(const struct mf_egress_run *run);
/* What became of each, as JSON objects with commas between; *ret_left_out are not in it. */
struct mf_slice mf_egress_run_records(const struct mf_egress_run *run, uint32_t *ret_left_out);

#endif
