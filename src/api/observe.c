#include "observe.h"

#include <mayfly/wire.h>

#include "tail.h"
#include "tail_run.h"

struct mf_traces_limits mf__observe_limits(const struct mf_config *config)
{
    return (struct mf_traces_limits){.count_max = config->trace_count_max,
                                     .bytes_max = config->trace_bytes_max,
                                     .age_ms_max = (uint64_t)config->trace_age_s * 1000};
}

/* ---- the trace that it belongs to ---------------------------------------------------------------------- */

void mf__observe_context(const struct mf_exchange *exchange, struct mf_trace_context *ret_context)
{
    struct mf_slice headers = mf_exchange_request(exchange)->headers;
    struct mf_slice parent = mf_slice_of(NULL, 0);
    struct mf_buf state;
    struct mf_header header;
    size_t cursor = 0;
    unsigned parents = 0;
    int rc = 0;

    mf_buf_init(&state, MF_TRACE_STATE_BYTES_MAX);
    while (mf_headers_next(headers, &cursor, &header) > 0) {
        if (mf_slice_equal_cstr(header.name, "traceparent")) {
            parent = header.value;
            parents++;
        } else if (rc == 0 && mf_slice_equal_cstr(header.name, "tracestate")) {
            rc = state.size == 0 ? 0 : mf_buf_append_cstr(&state, ",");
            rc = rc < 0 ? rc : mf_buf_append_slice(&state, header.value);
        }
    }
    if (parents > 1) { /* Whose is it? */
        parent = mf_slice_of(NULL, 0);
    }
    mf_trace_context_from(parent, rc < 0 ? mf_slice_of(NULL, 0) : mf_buf_peek(&state), ret_context);
    mf_buf_done(&state);
}

/* ---- the beginning ---------------------------------------------------------------------------------------- */

/* The request and the entrypoint stand in the call's bundle, behind its code. */
static int keep_request(struct mf__live *live, const struct mf__call *call)
{
    struct mf_slice method = mf_slice_of(NULL, 0);
    struct mf_slice url = mf_slice_of(NULL, 0);
    struct mf_slice headers = mf_slice_of(NULL, 0);
    struct mf_part part;
    size_t cursor = 0;

    while (mf_bundle_next(mf_buf_peek(&call->bundle), &cursor, &part) > 0) {
        if (part.kind == MF_PART_METHOD) {
            method = part.body;
        } else if (part.kind == MF_PART_URL) {
            url = part.body;
        } else if (part.kind == MF_PART_HEADERS) {
            headers = part.body;
        } else if (part.kind == MF_PART_ENTRYPOINT && part.body.size < sizeof live->entrypoint) {
            memcpy(live->entrypoint, part.body.data, part.body.size);
        }
    }
    /* Neither a program nor a tail answers one: what stands in its bundle is ours. */
    bool has_none = url.data == NULL || call->kind == MF_TRACE_EXECUTION || call->kind == MF_TRACE_MCP ||
                    call->kind == MF_TRACE_TAIL;

    return has_none ? 0
                    : mf_trace_request(method, url, headers, &live->request_line, &live->request_headers,
                                       &live->is_request_cut);
}

void mf__observe_begun(struct mf__live *live, const struct mf__call *call)
{
    live->kind = call->kind;
    live->version = call->worker_version;
    live->began_ns = mf_clock_now_ns();
    live->trace = call->trace;
    if (call->tails.size > 0 && call->kind != MF_TRACE_TAIL) { /* What a tail does is no news for another. */
        mf_buf_init(&live->tails, call->tails.size);
        mf_ignore(mf_buf_append_slice(&live->tails, mf_buf_peek(&call->tails)));
    }
    if (!mf_trace_context_is_set(&live->trace)) {
        mf_trace_context_from(mf_slice_of(NULL, 0), mf_slice_of(NULL, 0), &live->trace);
    }
    mf_trace_hex(live->trace.trace_id, MF_TRACE_ID_BYTES, live->record.trace_id);
    if (keep_request(live, call) < 0) {
        mf_buf_reset(&live->request_line); /* The run is none the worse. */
    }
}

/* ---- the end ------------------------------------------------------------------------------------------------ */

static struct mf_trace *make_trace(const struct mf__live *live, const struct mf_run_result *result)
{
    const struct mf__record *record = &live->record;
    struct mf_slice text = result->text.size > 0 || result->error == 0
                               ? result->text
                               : mf_slice_of_cstr(mf_error_message(result->error));
    const struct mf_trace_run run = {
        .id = live->id,
        .kind = live->kind,
        .context = &live->trace,
        .tenant = mf_slice_of_cstr(live->tenant),
        .worker = mf_slice_of_cstr(live->worker),
        .version = live->version,
        .hash = mf_slice_of_cstr(live->hash),
        .entrypoint = mf_slice_of_cstr(live->entrypoint),
        .outcome = mf__outcome_name(result->error),
        .error_code = result->error == 0 ? NULL : mf_error_code(result->error),
        .error_text = text,
        .began_unix_ms = live->began_unix_ms,
        .ended_unix_ms = mf_clock_unix_ms(),
        .request_line = mf_buf_peek(&live->request_line),
        .request_headers = mf_buf_peek(&live->request_headers),
        .is_request_cut = live->is_request_cut,
        .status = record->status,
        .cpu_ns = result->cpu_ns,
        .wall_ns = result->wall_ns,
        .wait_ns = live->began_ns - live->asked_ns,
        .queue_ns = result->queue_ns,
        .host_wait_ns = result->host_wait_ns,
        .memory_peak_bytes = result->memory_peak_bytes,
        .bytes_in = record->bytes_in,
        .bytes_out = record->bytes_out,
        .subrequests = record->has_outbound ? record->subrequests : result->subrequests,
        .calls = result->calls,
        .logs = mf_buf_peek(&record->logs),
        .exceptions = mf_buf_peek(&record->exceptions),
        .requests = mf_buf_peek(&record->requests),
        .tool_calls = mf_buf_peek(&record->tool_calls),
        .logs_dropped = result->logs_dropped,
        .exceptions_dropped = result->exceptions_dropped,
        .requests_left_out = record->requests_left_out,
        .tool_calls_left_out = record->tool_calls_left_out,
    };

    return mf_trace_new(&run, live->api->config->trace_record_bytes_max);
}

void mf__observe_ended(struct mf__live *live, const struct mf_run_result *result)
{
    struct mf_api *api = live->api;
    struct mf_trace *trace = make_trace(live, result);

    mf_traces_add(api->traces, trace);
    if (trace != NULL && api->otlp != NULL) {
        mf_otlp_add(api->otlp, trace);
    }
    if (trace != NULL) {
        mf__tails_tell(api->tails, trace);
        mf__tail_runs_add(api->tail_runs, trace, live->tenant, mf_buf_peek(&live->tails));
        mf_trace_unref(trace);
    }
}
