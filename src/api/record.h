/* record.h - what is known of one run: its logs, exceptions, response and usage; written as the envelope or as members of
 * a problem. */
#ifndef MAYFLY_API_RECORD_H
#define MAYFLY_API_RECORD_H

#include <mayfly/base.h>
#include <mayfly/pool.h>
#include <mayfly/trace.h>
#include <mayfly/wire.h>

struct mf__record {
    char trace_id[MF_TRACE_ID_CHARS + 1]; /* "" before it began. */
    struct mf_buf logs;       /* JSON objects with commas between. */
    struct mf_buf exceptions; /* The same. */
    struct mf_buf headers;    /* The response's header list. */
    struct mf_buf body;       /* The response's body, when it is held. */
    int status;               /* 0 before the response came. */
    uint64_t bytes_in;        /* The request's body. */
    uint64_t bytes_out;       /* The response's body. */
    bool has_calls;           /* Calls of tools count. */
    bool has_outbound;        /* It had one: these three count. */
    uint64_t egress_bytes;    /* Of all fetches. */
    uint32_t subrequests;     /* Hops of redirects included. */
    struct mf_buf requests;   /* What became of each, JSON objects with commas between. */
    uint32_t requests_left_out;
    struct mf_buf tool_calls; /* What became of each: the same. */
    uint32_t tool_calls_left_out;
};

/* |log_bytes| is what the run may log. */
void mf__record_init(struct mf__record *record, uint64_t log_bytes, uint64_t body_bytes_max);
void mf__record_done(struct mf__record *record);

/* What does not fit is dropped; the executor counts what it dropped itself. */
void mf__record_log(struct mf__record *record, const struct mf_msg_log *log);
void mf__record_exception(struct mf__record *record, const struct mf_msg_exception *exception);
MF_MUST_CHECK int mf__record_response(struct mf__record *record, const struct mf_msg_response *response);

/* "log", "warn", ...; NULL: there is no such method. */
const char *mf__log_level_name(uint8_t method);

/* Cloudflare's name for how a run ended: "ok", "exception", "exceededCpu", ... */
const char *mf__outcome_name(int error);

/* The whole envelope. |result| of the run |id|. */
MF_MUST_CHECK int mf__record_write_envelope(const struct mf__record *record,
                                            const char *id,
                                            const struct mf_run_result *result,
                                            struct mf_buf *out);
/* ,"usage":{...} and what goes with it: subrequests, what was dropped. */
MF_MUST_CHECK int mf__record_write_usage(const struct mf__record *record,
                                         const struct mf_run_result *result,
                                         struct mf_buf *out);
/* ,"outcome":...,"logs":[...],"exceptions":[...],"usage":{...} for a problem. */
MF_MUST_CHECK int mf__record_write_members(const struct mf__record *record,
                                           const struct mf_run_result *result,
                                           struct mf_buf *out);
/* Room that either may need. */
size_t mf__record_bytes_max(const struct mf__record *record);

#endif
