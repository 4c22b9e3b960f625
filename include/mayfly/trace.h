/* mayfly/trace.h - what became of each run, for whoever looks: a record that is made once, when the run ends, kept for a while, and
 * written in the forms that people and programs want.
 *
 * Use:      mf_trace_context_from at the beginning of a run, mf_trace_request while its head is there; mf_trace_new at its end,
 *           mf_traces_add to keep it; mf_traces_find and mf_traces_newest to look; mf_trace_write_* to show.
 * Threads:  [loop] struct mf_traces. A record does not change: [any] reads it, references are counted across threads.
 * Owns:     a record is one piece of memory with all of its texts; whoever keeps it holds a reference.
 * Limits:   MF_TRACE_*, and the numbers of mf_traces_configure. What does not fit a record is cut at the end of its lists, and the
 *           record says so.
 * Fails:    MF_E_NO_MEMORY. A run whose record could not be made is counted and otherwise none the worse.
 * Not here: who may see what and HTTP (api), billing (ledger), numbers of all runs (meter).
 * Source:   https://www.w3.org/TR/trace-context/
 */
#ifndef MAYFLY_TRACE_H
#define MAYFLY_TRACE_H

#include <mayfly/base.h>

/* ---- W3C trace context -------------------------------------------------------------------------- */

#define MF_TRACE_ID_BYTES 16
#define MF_SPAN_ID_BYTES 8
#define MF_TRACE_ID_CHARS 32
#define MF_SPAN_ID_CHARS 16
#define MF_TRACEPARENT_CHARS 55

/* Where a run stands: its own span in a trace that is the caller's, or its own. */
struct mf_trace_context {
    uint8_t trace_id[MF_TRACE_ID_BYTES]; /* All zero: there is no context yet. */
    uint8_t span_id[MF_SPAN_ID_BYTES];
    uint8_t parent_id[MF_SPAN_ID_BYTES]; /* All zero: it is the first span of its trace. */
    bool is_sampled;
    uint16_t state_size;
    char state[MF_TRACE_STATE_BYTES_MAX]; /* tracestate, as the caller sent it. */
};

/* A new span below the one that the headers |traceparent| and |tracestate| name. Whatever is not to the letter as the standard says
 * counts for nothing, and the trace begins here; data NULL: there is no such header. */
void mf_trace_context_from(struct mf_slice traceparent,
                           struct mf_slice tracestate,
                           struct mf_trace_context *ret_context);
/* A new span below |parent|. */
void mf_trace_context_child(const struct mf_trace_context *parent, struct mf_trace_context *ret_context);
/* Another span below the parent of |context|; without one, another trace. */
void mf_trace_context_sibling(const struct mf_trace_context *context, struct mf_trace_context *ret_context);
bool mf_trace_context_is_set(const struct mf_trace_context *context);
/* Lower-case hexadecimal and a NUL. */
void mf_trace_hex(const uint8_t *bytes, size_t size, char *ret_text);

/* ---- one record ------------------------------------------------------------------------------------ */

enum mf_trace_kind {
    MF_TRACE_RUN,
    MF_TRACE_WORKER,
    MF_TRACE_EXECUTION,
    MF_TRACE_MCP,
    MF_TRACE_INTERCEPTOR,
    MF_TRACE_TAIL,
    MF_TRACE_KINDS_COUNT,
};
/* "run" */
const char *mf_trace_kind_name(enum mf_trace_kind kind);

/* The request that a run answers as it may be shown: two JSON texts, "method":..,"url":.. and an object of headers. What looks like
 * a credential is not in them. |headers|: name NUL value NUL; data NULL: none. *ret_is_cut: not all of it fits. */
MF_MUST_CHECK int mf_trace_request(struct mf_slice method,
                                   struct mf_slice url,
                                   struct mf_slice headers,
                                   struct mf_buf *ret_line,
                                   struct mf_buf *ret_headers,
                                   bool *ret_is_cut);

/* What a record is made from; everything is borrowed for the call. Lists are JSON objects with commas between. */
struct mf_trace_run {
    const char *id;
    enum mf_trace_kind kind;
    const struct mf_trace_context *context;
    struct mf_slice tenant;
    struct mf_slice worker; /* Empty: code that came with its request. */
    uint64_t version;       /* Of the worker; 0: not known. */
    struct mf_slice hash;   /* SHA-256 of a worker's code in hexadecimal. */
    struct mf_slice entrypoint;
    const char *outcome;    /* "ok": one of a few, which lives for ever, as */
    const char *error_code; /* this one; NULL: none. */
    struct mf_slice error_text;
    uint64_t began_unix_ms;
    uint64_t ended_unix_ms;
    struct mf_slice request_line; /* mf_trace_request; empty: it answered none. */
    struct mf_slice request_headers;
    bool is_request_cut;
    int status; /* 0: it never answered. */
    uint64_t cpu_ns;
    uint64_t wall_ns;
    uint64_t wait_ns; /* Before it began, for a place; then |queue_ns| for an executor. */
    uint64_t queue_ns;
    uint64_t host_wait_ns;
    uint64_t memory_peak_bytes;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint32_t subrequests;
    uint32_t calls;
    struct mf_slice logs;
    struct mf_slice exceptions;
    struct mf_slice requests;
    struct mf_slice tool_calls;
    uint32_t logs_dropped;
    uint32_t exceptions_dropped;
    uint32_t requests_left_out;
    uint32_t tool_calls_left_out;
};

struct mf_trace;

/* At most |bytes_max| of it. NULL: no memory. */
MF_OWN struct mf_trace *mf_trace_new(const struct mf_trace_run *run, size_t bytes_max);
struct mf_trace *mf_trace_ref(struct mf_trace *trace);
void mf_trace_unref(MF_OWN struct mf_trace *trace); /* NULL is fine. */
/* What it was made from; valid as long as it is. */
const struct mf_trace_run *mf_trace_run_of(const struct mf_trace *trace);
bool mf_trace_is_cut(const struct mf_trace *trace);

/* The forms of docs/observability.md, each one JSON object. |out| has room for mf_trace_write_bytes_max. */
size_t mf_trace_write_bytes_max(const struct mf_trace *trace);
MF_MUST_CHECK int mf_trace_write_whole(const struct mf_trace *trace, struct mf_buf *out);
MF_MUST_CHECK int mf_trace_write_row(const struct mf_trace *trace, struct mf_buf *out);
/* Cloudflare's TraceItem and some more. Source: https://developers.cloudflare.com/workers/runtime-apis/handlers/tail/ */
MF_MUST_CHECK int mf_trace_write_item(const struct mf_trace *trace, struct mf_buf *out);

struct mf_trace_filter {
    struct mf_slice worker;  /* Of this worker; empty: any, and so are the others. */
    struct mf_slice outcome; /* "failed": anything but ok and canceled. */
    struct mf_slice kind;
    struct mf_slice tenant; /* data NULL: any. */
    struct mf_slice
        search; /* In the texts of its logs and exceptions or in its URL, as JSON escapes them; without the quotes. */
    uint64_t since_unix_ms; /* It ended then or later. */
};
bool mf_trace_matches(const struct mf_trace *trace, const struct mf_trace_filter *filter);

/* ---- those that are kept ------------------------------------------------------------------------------ */

struct mf_traces;

struct mf_traces_limits {
    size_t count_max; /* 0: none is kept. */
    size_t bytes_max;
    uint64_t age_ms_max;
};

struct mf_traces_state {
    size_t count;
    size_t bytes;
    uint64_t added;
    uint64_t dropped; /* Made room for others before their time. */
    uint64_t lost;    /* For which there was no memory. */
};

MF_OWN struct mf_traces *mf_traces_new(const struct mf_traces_limits *limits);
void mf_traces_free(MF_OWN struct mf_traces *traces); /* NULL is fine. */
void mf_traces_configure(struct mf_traces *traces, const struct mf_traces_limits *limits);
/* Takes a reference. NULL: one was lost. */
void mf_traces_add(struct mf_traces *traces, struct mf_trace *trace);
/* Those that are too old go first. NULL: there is none, or no longer. */
struct mf_trace *mf_traces_find(struct mf_traces *traces, struct mf_slice id, uint64_t now_unix_ms);
/* The newest whose number is below |before|, and the one that was added before |trace|; NULL: there is none. */
struct mf_trace *mf_traces_newest(struct mf_traces *traces, uint64_t before);
struct mf_trace *mf_traces_older(struct mf_traces *traces, const struct mf_trace *trace);
/* In the order in which they were added, from 1. */
uint64_t mf_trace_number(const struct mf_trace *trace);
void mf_traces_expire(struct mf_traces *traces, uint64_t now_unix_ms);
void mf_traces_state(const struct mf_traces *traces, struct mf_traces_state *ret_state);

#endif
