#include "record.h"

#define JSON_GROWTH 6             /* A byte becomes at most \u00xx. */
#define LINE_FRAME_BYTES 96       /* {"level":"error","timestamp":...,"message":""}, */
#define EXCEPTION_FRAME_BYTES 256 /* The same for an exception. */

static const char *const level_names[] = {"debug", "info", "log", "warn", "error"};

void mf__record_init(struct mf__record *record, uint64_t log_bytes, uint64_t body_bytes_max)
{
    memset(record, 0, sizeof *record);
    mf_buf_init(&record->logs,
                (size_t)log_bytes * JSON_GROWTH + (size_t)MF_RUN_LOG_LINES_MAX * LINE_FRAME_BYTES);
    mf_buf_init(&record->exceptions,
                (size_t)MF_RUN_EXCEPTIONS_MAX *
                    ((size_t)MF_RUN_TEXT_BYTES_MAX * 3 * JSON_GROWTH + EXCEPTION_FRAME_BYTES));
    mf_buf_init(&record->headers, MF_HEADERS_ENCODED_BYTES_MAX);
    mf_buf_init(&record->body, body_bytes_max);
    mf_buf_init(&record->requests, MF_UPSTREAM_RECORDS_BYTES_MAX);
    mf_buf_init(&record->tool_calls, MF_TRACE_TOOL_CALLS_BYTES_MAX);
}

void mf__record_done(struct mf__record *record)
{
    mf_buf_done(&record->logs);
    mf_buf_done(&record->exceptions);
    mf_buf_done(&record->headers);
    mf_buf_done(&record->body);
    mf_buf_done(&record->requests);
    mf_buf_done(&record->tool_calls);
}

/* ,"name":"text" or nothing when |text| is empty. */
static int append_text(struct mf_buf *out, const char *name, struct mf_slice text)
{
    int rc;

    if (text.size == 0) {
        return 0;
    }
    rc = mf_buf_printf(out, ",\"%s\":", name);
    return rc < 0 ? rc : mf_buf_append_json_string(out, text);
}

static int append_log(struct mf_buf *out, const struct mf_msg_log *log)
{
    int rc =
        mf_buf_printf(out, "%s{\"level\":\"%s\",\"timestamp\":%llu,\"message\":", out->size == 0 ? "" : ",",
                      level_names[log->method], (unsigned long long)log->unix_ms);
    if (rc == 0) {
        rc = mf_buf_append_json_string(out, log->text);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

const char *mf__log_level_name(uint8_t method)
{
    return method < MF_COUNT_OF(level_names) ? level_names[method] : NULL;
}

void mf__record_log(struct mf__record *record, const struct mf_msg_log *log)
{
    size_t before = record->logs.size;

    if (log->method >= MF_COUNT_OF(level_names)) {
        return;
    }
    if (append_log(&record->logs, log) < 0) {
        record->logs.size = before; /* Never half a line. */
    }
}

static int append_exception(struct mf_buf *out, const struct mf_msg_exception *exception)
{
    int rc = mf_buf_printf(out, "%s{\"timestamp\":%llu", out->size == 0 ? "" : ",",
                           (unsigned long long)exception->unix_ms);
    if (rc == 0) {
        rc = append_text(out, "name", exception->name);
    }
    if (rc == 0) {
        rc = append_text(out, "message", exception->message);
    }
    if (rc == 0) {
        rc = append_text(out, "stack", exception->stack);
    }
    if (rc == 0) {
        rc = append_text(out, "module", exception->module);
    }
    if (rc == 0 && exception->line > 0) {
        rc = mf_buf_printf(out, ",\"line\":%u,\"column\":%u", exception->line, exception->column);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

void mf__record_exception(struct mf__record *record, const struct mf_msg_exception *exception)
{
    size_t before = record->exceptions.size;

    if (append_exception(&record->exceptions, exception) < 0) {
        record->exceptions.size = before;
    }
}

int mf__record_response(struct mf__record *record, const struct mf_msg_response *response)
{
    record->status = response->status;
    return mf_buf_append_slice(&record->headers, response->headers);
}

const char *mf__outcome_name(int error)
{
    switch (error) {
    case 0:
        return "ok";
    case MF_E_LIMIT_CPU:
        return "exceededCpu";
    case MF_E_LIMIT_MEMORY:
        return "exceededMemory";
    case MF_E_LIMIT_WALL:
        return "exceededWallTime";
    case MF_E_CANCELED:
        return "canceled";
    case MF_E_EXECUTION_PAUSED:
        return "paused";
    case MF_E_EXECUTION_DIVERGED:
        return "diverged";
    case MF_E_WORKSPACE_CONFLICT:
        return "conflict";
    case MF_E_EXCEPTION:
    case MF_E_STARTUP:
    case MF_E_SYNTAX:
    case MF_E_HANG:
    case MF_E_LIMIT_RESPONSE:
    case MF_E_LIMIT_SUBREQUESTS:
    case MF_E_LIMIT_CALLS:
    case MF_E_CALL_TOO_LARGE:
    case MF_E_OUTBOUND_BLOCKED:
    case MF_E_FS_ENOSPC:
        return "exception";
    default:
        return "internalError";
    }
}

static double to_ms(uint64_t ns)
{
    return (double)ns / (double)MF_NS_PER_MS;
}

static int append_requests(const struct mf__record *record, struct mf_buf *out)
{
    int rc = mf_buf_append_cstr(out, ",\"subrequests\":[");

    if (rc == 0) {
        rc = mf_buf_append_slice(out, mf_buf_peek(&record->requests));
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, "]");
    }
    if (rc == 0 && record->requests_left_out > 0) {
        rc = mf_buf_printf(out, ",\"subrequestsLeftOut\":%u", record->requests_left_out);
    }
    return rc;
}

int mf__record_write_usage(const struct mf__record *record,
                           const struct mf_run_result *result,
                           struct mf_buf *out)
{
    int rc = mf_buf_printf(out,
                           ",\"usage\":{\"cpuMs\":%.3f,\"wallMs\":%.3f,\"hostWaitMs\":%.3f,\"queueMs\":%.3f,"
                           "\"memoryPeakBytes\":%llu,\"subrequests\":%u,\"bytesIn\":%llu,\"bytesOut\":%llu",
                           to_ms(result->cpu_ns), to_ms(result->wall_ns), to_ms(result->host_wait_ns),
                           to_ms(result->queue_ns), (unsigned long long)result->memory_peak_bytes,
                           record->has_outbound ? record->subrequests : result->subrequests,
                           (unsigned long long)record->bytes_in, (unsigned long long)record->bytes_out);
    if (rc == 0 && record->has_calls) {
        rc = mf_buf_printf(out, ",\"calls\":%u", result->calls);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, "}");
    }
    if (rc == 0 && record->has_outbound) {
        rc = append_requests(record, out);
    }
    if (rc == 0 && result->logs_dropped > 0) {
        rc = mf_buf_printf(out, ",\"logsDropped\":%u", result->logs_dropped);
    }
    if (rc == 0 && result->exceptions_dropped > 0) {
        rc = mf_buf_printf(out, ",\"exceptionsDropped\":%u", result->exceptions_dropped);
    }
    return rc;
}

int mf__record_write_members(const struct mf__record *record,
                             const struct mf_run_result *result,
                             struct mf_buf *out)
{
    int rc = record->trace_id[0] == '\0' ? 0 : mf_buf_printf(out, ",\"traceId\":\"%s\"", record->trace_id);

    if (rc == 0) {
        rc = mf_buf_printf(out, ",\"outcome\":\"%s\",\"logs\":[", mf__outcome_name(result->error));
    }
    if (rc == 0) {
        rc = mf_buf_append_slice(out, mf_buf_peek(&record->logs));
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, "],\"exceptions\":[");
    }
    if (rc == 0) {
        rc = mf_buf_append_slice(out, mf_buf_peek(&record->exceptions));
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, "]");
    }
    return rc < 0 ? rc : mf__record_write_usage(record, result, out);
}

/* A header's bytes are Latin-1; JSON wants UTF-8. */
static int append_latin1(struct mf_buf *out, struct mf_slice text)
{
    struct mf_buf utf8;
    int rc = 0;

    mf_buf_init(&utf8, text.size * 2);
    for (size_t i = 0; rc == 0 && i < text.size; i++) {
        uint8_t c = text.data[i];
        uint8_t pair[2] = {(uint8_t)(0xc0 | (c >> 6)), (uint8_t)(0x80 | (c & 0x3f))};
        rc = c < 0x80 ? mf_buf_append(&utf8, &c, 1) : mf_buf_append(&utf8, pair, 2);
    }
    if (rc == 0) {
        rc = mf_buf_append_json_string(out, mf_buf_peek(&utf8));
    }
    mf_buf_done(&utf8);
    return rc;
}

static int append_headers(struct mf_buf *out, struct mf_slice headers)
{
    struct mf_header header;
    size_t cursor = 0;
    const char *comma = "";
    int rc = 0;

    while (rc == 0 && mf_headers_next(headers, &cursor, &header) > 0) {
        rc = mf_buf_printf(out, "%s[", comma);
        if (rc == 0) {
            rc = append_latin1(out, header.name);
        }
        if (rc == 0) {
            rc = mf_buf_append_cstr(out, ",");
        }
        if (rc == 0) {
            rc = append_latin1(out, header.value);
        }
        if (rc == 0) {
            rc = mf_buf_append_cstr(out, "]");
        }
        comma = ",";
    }
    return rc;
}

static int append_body(struct mf_buf *out, struct mf_slice body)
{
    int rc;

    if (mf_slice_is_utf8(body)) {
        rc = mf_buf_append_cstr(out, "\"body\":");
        return rc < 0 ? rc : mf_buf_append_json_string(out, body);
    }
    rc = mf_buf_append_cstr(out, "\"bodyBase64\":\"");
    if (rc == 0) {
        rc = mf_buf_append_base64(out, body);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "\"");
}

static int append_response(const struct mf__record *record, struct mf_buf *out)
{
    int rc;

    if (record->status == 0) {
        return mf_buf_append_cstr(out, ",\"response\":null");
    }
    rc = mf_buf_printf(out, ",\"response\":{\"status\":%d,\"headers\":[", record->status);
    if (rc == 0) {
        rc = append_headers(out, mf_buf_peek(&record->headers));
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, "],");
    }
    if (rc == 0) {
        rc = append_body(out, mf_buf_peek(&record->body));
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

static int append_error(const struct mf_run_result *result, struct mf_buf *out)
{
    struct mf_slice text = result->text;
    int rc;

    if (result->error == 0) {
        return 0;
    }
    if (text.size == 0) {
        text = mf_slice_of_cstr(mf_error_message(result->error));
    }
    rc = mf_buf_printf(out, ",\"error\":{\"code\":\"%s\"", mf_error_code(result->error));
    if (rc == 0) {
        rc = append_text(out, "message", text);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

int mf__record_write_envelope(const struct mf__record *record,
                              const char *id,
                              const struct mf_run_result *result,
                              struct mf_buf *out)
{
    int rc = mf_buf_printf(out, "{\"id\":\"%s\"", id);

    if (rc == 0) {
        rc = mf__record_write_members(record, result, out);
    }
    if (rc == 0) {
        rc = append_error(result, out);
    }
    if (rc == 0) {
        rc = append_response(record, out);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}\n");
}

size_t mf__record_bytes_max(const struct mf__record *record)
{
    return 4096 + record->logs.size + record->exceptions.size + record->requests.size +
           (record->headers.size + record->body.size) * JSON_GROWTH + (size_t)MF_HEADERS_COUNT_MAX * 8 +
           (size_t)MF_RUN_TEXT_BYTES_MAX * JSON_GROWTH;
}
