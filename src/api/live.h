/* live.h - what every run of the api has in common, whoever waits for its answer: the pool's run, its record, its fetches.
 *
 * Use:      embed it; mf__live_init; |depth| when it is not 0; mf__live_start with events of the owner's and MF__LIVE_EVENTS
 *           among them, its |user| is the struct mf__live; in on_done mf__live_settle or mf__live_over; mf__live_done.
 * Threads:  [loop] */
#ifndef MAYFLY_API_LIVE_H
#define MAYFLY_API_LIVE_H

#include "call.h"
#include "fetches.h"
#include "internal.h"
#include "record.h"

struct mf__live {
    struct mf_api *api;
    struct mf_run *run; /* NULL before mf__live_start and after mf__live_over. */
    char id[MF_ID_BYTES_MAX];
    char tenant[MF_STORE_TENANT_BYTES_MAX + 1]; /* Of the call, */
    char worker[MF_STORE_NAME_BYTES_MAX + 1];   /* likewise. */
    bool has_code_cache;                        /* Likewise. */
    char hash[MF_LEDGER_HASH_BYTES_MAX + 1];
    uint64_t began_unix_ms;
    bool is_accounted; /* The ledger has counted it. */
    enum mf_trace_kind kind;
    struct mf_trace_context trace;
    uint64_t version;  /* Of the worker. */
    uint64_t asked_ns; /* mf__live_init. */
    uint64_t began_ns;
    char entrypoint[MF_TRACE_ENTRYPOINT_BYTES_MAX + 1];
    struct mf_buf request_line; /* mf_trace_request. */
    struct mf_buf request_headers;
    bool is_request_cut;
    struct mf_buf tails; /* Of the call. */
    unsigned
        depth; /* 0: a client's; else an interceptor's, so many deep. Its pool's domain, and its place among fetches. */
    struct mf__record record;
    struct mf__fetches fetches;
    struct mf__file_run *files; /* NULL: it has no workspaces. */
    /* While it settles. */
    struct mf_run_result ending;
    struct mf_buf ending_text;
    void (*settled)(struct mf__live *live, const struct mf_run_result *result);
};

/* |body_bytes_max|: what the record may hold of the response's body. */
void mf__live_init(struct mf__live *live,
                   struct mf_api *api,
                   const char *id,
                   const struct mf__call *call,
                   uint64_t body_bytes_max);
void mf__live_done(struct mf__live *live);
/* Gives |call| to the pool, its parts move. |events| lives as long as the run. What mf_pool_run says: nothing was started. */
MF_MUST_CHECK int
mf__live_start(struct mf__live *live, struct mf__call *call, const struct mf_run_events *events);
/* Its run ends here: nothing more is said of its fetches; what it did to files as a transaction happens when it went well. |settled| gets
 * the result, an error now when that could not be: in this call, or later. */
void mf__live_settle(struct mf__live *live,
                     const struct mf_run_result *result,
                     void (*settled)(struct mf__live *live, const struct mf_run_result *result));
/* The same for a run without workspaces. */
void mf__live_over(struct mf__live *live);
/* Nobody waits for it any more. */
void mf__live_cancel(struct mf__live *live);

/* Handlers for the owner's struct mf_run_events. */
#define MF__LIVE_EVENTS                                                                                      \
    .on_log = mf__live_on_log, .on_exception = mf__live_on_exception, .on_fetch = mf__live_on_fetch,         \
    .on_fetch_abort = mf__live_on_fetch_drop, .on_fetch_body = mf__live_on_fetch_body,                       \
    .on_fetch_body_end = mf__live_on_fetch_body_end, .on_fetch_credit = mf__live_on_fetch_credit,            \
    .on_fetch_stop = mf__live_on_fetch_drop, .on_files = mf__live_on_files

void mf__live_on_log(struct mf_run *run, void *user, const struct mf_msg_log *log);
void mf__live_on_exception(struct mf_run *run, void *user, const struct mf_msg_exception *exception);
void mf__live_on_fetch(struct mf_run *run, void *user, const struct mf_msg_fetch *fetch);
void mf__live_on_fetch_drop(struct mf_run *run, void *user, uint32_t fetch);
void mf__live_on_fetch_body(struct mf_run *run, void *user, uint32_t fetch, struct mf_slice bytes);
void mf__live_on_fetch_body_end(struct mf_run *run, void *user, uint32_t fetch, int error);
void mf__live_on_fetch_credit(struct mf_run *run, void *user, uint32_t fetch);
void mf__live_on_files(struct mf_run *run, void *user, const struct mf_msg_files *message);

#endif
