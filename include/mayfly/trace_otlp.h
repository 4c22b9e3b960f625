/* mayfly/trace_otlp.h - records of runs on their way to a collector of OpenTelemetry: OTLP over HTTP, as JSON.
 *
 * Use:      mf_otlp_open; mf_otlp_add for each record; mf_otlp_close.
 * Threads:  [loop] everything here; what is sent is written and sent on a thread of its own, which blocks as it likes. The two writers
 *           are pure: any.
 * Owns:     records that wait hold a reference. Headers, which are credentials, are wiped at the end.
 * Limits:   MF_OTLP_*. What finds the queue full is dropped and counted: no run ever waits for a collector.
 * Fails:    a collector that is away or busy (429, 502, 503, 504) is asked again, as long as MF_OTLP_TRIES_MAX and its Retry-After say;
 *           any other answer drops the batch, with a line in the log.
 * Source:   https://opentelemetry.io/docs/specs/otlp/#otlphttp and opentelemetry-proto's JSON mapping: ids in hexadecimal, enums as
 *           numbers, 64-bit numbers as strings.
 */
#ifndef MAYFLY_TRACE_OTLP_H
#define MAYFLY_TRACE_OTLP_H

#include <mayfly/trace.h>

struct mf_otlp;

#define MF_OTLP_WHY_BYTES_MAX 512

struct mf_otlp_options {
    const char *url;          /* "http://127.0.0.1:4318": /v1/traces and /v1/logs are added. */
    const char *headers_path; /* A file of lines "Name: value"; NULL: none. */
    bool is_logged;           /* Logs are sent as well. */
};

struct mf_otlp_state {
    uint64_t sent;     /* Runs that a collector took. */
    uint64_t dropped;  /* For which the queue had no room, or that no collector took in time. */
    uint64_t rejected; /* Spans and lines that a collector said it did not want. */
    uint64_t retries;
    size_t queued;
};

/* Blocks: reads the file. MF_E_CONFIG and a sentence in |ret_why|, which has nothing of a header's value. */
MF_MUST_CHECK int
mf_otlp_open(const struct mf_otlp_options *options, MF_OWN struct mf_otlp **ret_otlp, char *ret_why);
/* Could it be opened? The same errors. */
MF_MUST_CHECK int mf_otlp_check(const struct mf_otlp_options *options, char *ret_why);
/* From the next request on. */
void mf_otlp_set_logged(struct mf_otlp *otlp, bool is_logged);
/* Takes a reference, or drops it. */
void mf_otlp_add(struct mf_otlp *otlp, struct mf_trace *trace);
void mf_otlp_state(struct mf_otlp *otlp, struct mf_otlp_state *ret_state);
/* What waits is sent, for at most MF_OTLP_CLOSE_MS: it blocks so long. NULL is fine. */
void mf_otlp_close(MF_OWN struct mf_otlp *otlp);

/* The bodies of one request for |traces|. *ret_count is how many spans or lines are in it: with 0 nothing need be sent. */
MF_MUST_CHECK int
mf_otlp_write_spans(struct mf_trace *const *traces, size_t count, struct mf_buf *out, size_t *ret_count);
MF_MUST_CHECK int
mf_otlp_write_logs(struct mf_trace *const *traces, size_t count, struct mf_buf *out, size_t *ret_count);

#endif
