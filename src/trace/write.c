/* write.c - a record in the forms that are shown: whole, as a row of a list, as a trace item. */
#include "internal.h"

#include <time.h>

#define FRAME_BYTES 4096 /* All names and numbers of any form, and the ids. */
#define JSON_GROWTH 6    /* A byte becomes at most \u00xx. */

size_t mf_trace_write_bytes_max(const struct mf_trace *trace)
{
    const struct mf_trace_run *run = &trace->run;
    size_t texts = run->tenant.size + run->worker.size + run->entrypoint.size + run->error_text.size;

    /* An item's logs have two brackets more each. */
    return FRAME_BYTES + trace->bytes + texts * JSON_GROWTH + run->logs.size;
}

/* ---- parts ----------------------------------------------------------------------------------------- */

static double to_ms(uint64_t ns)
{
    return (double)ns / (double)MF_NS_PER_MS;
}

/* ,"name":"text" or ,"name":null */
static int append_text(struct mf_buf *out, const char *name, struct mf_slice text)
{
    int rc = mf_buf_printf(out, ",\"%s\":", name);

    if (rc < 0) {
        return rc;
    }
    return text.size == 0 ? mf_buf_append_cstr(out, "null") : mf_buf_append_json_string(out, text);
}

static int append_hash(struct mf_buf *out, struct mf_slice hash)
{
    return hash.size == 0 ? mf_buf_append_cstr(out, "null")
                          : mf_buf_printf(out, "\"sha256:%.*s\"", (int)hash.size, (const char *)hash.data);
}

static int append_time(struct mf_buf *out, const char *name, uint64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;
    char text[32];

    if (gmtime_r(&seconds, &tm) == NULL || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
        return mf_buf_printf(out, ",\"%s\":null", name);
    }
    return mf_buf_printf(out, ",\"%s\":\"%s.%03uZ\"", name, text, (unsigned)(unix_ms % 1000));
}

static int append_ids(struct mf_buf *out, const struct mf_trace_context *context)
{
    static const uint8_t none[MF_SPAN_ID_BYTES];
    char trace_id[MF_TRACE_ID_CHARS + 1];
    char span_id[MF_SPAN_ID_CHARS + 1];
    int rc;

    mf_trace_hex(context->trace_id, MF_TRACE_ID_BYTES, trace_id);
    mf_trace_hex(context->span_id, MF_SPAN_ID_BYTES, span_id);
    rc = mf_buf_printf(out, ",\"traceId\":\"%s\",\"spanId\":\"%s\",\"parentSpanId\":", trace_id, span_id);
    if (rc < 0 || memcmp(context->parent_id, none, sizeof none) == 0) {
        return rc < 0 ? rc : mf_buf_append_cstr(out, "null");
    }
    mf_trace_hex(context->parent_id, MF_SPAN_ID_BYTES, span_id);
    return mf_buf_printf(out, "\"%s\"", span_id);
}

static int append_usage(struct mf_buf *out, const struct mf_trace_run *run)
{
    return mf_buf_printf(out,
                         ",\"usage\":{\"cpuMs\":%.3f,\"wallMs\":%.3f,\"hostWaitMs\":%.3f,\"queueMs\":%.3f,"
                         "\"memoryPeakBytes\":%llu,"
                         "\"subrequests\":%u,\"bytesIn\":%llu,\"bytesOut\":%llu,\"calls\":%u}",
                         to_ms(run->cpu_ns), to_ms(run->wall_ns), to_ms(run->host_wait_ns),
                         to_ms(run->queue_ns), (unsigned long long)run->memory_peak_bytes, run->subrequests,
                         (unsigned long long)run->bytes_in, (unsigned long long)run->bytes_out, run->calls);
}

static int append_list(struct mf_buf *out, const char *name, struct mf_slice list)
{
    int rc = mf_buf_printf(out, ",\"%s\":[", name);

    rc = rc < 0 ? rc : mf_buf_append_slice(out, list);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "]");
}

static int append_lists(struct mf_buf *out, const struct mf_trace_run *run)
{
    int rc = append_list(out, "subrequests", run->requests);

    return rc < 0 ? rc : append_list(out, "toolCalls", run->tool_calls);
}

static int append_left_out(struct mf_buf *out, const struct mf_trace *trace)
{
    const struct mf_trace_run *run = &trace->run;

    return mf_buf_printf(out,
                         ",\"logsDropped\":%u,\"exceptionsDropped\":%u,\"subrequestsLeftOut\":%u,"
                         "\"toolCallsLeftOut\":%u,\"truncated\":%s",
                         run->logs_dropped, run->exceptions_dropped, run->requests_left_out,
                         run->tool_calls_left_out, trace->is_cut ? "true" : "false");
}

/* ,"request":{...} or ,"request":null */
static int append_request(struct mf_buf *out, const struct mf_trace_run *run, const char *more)
{
    int rc;

    if (run->request_line.size == 0) {
        return mf_buf_append_cstr(out, ",\"request\":null");
    }
    rc = mf_buf_append_cstr(out, ",\"request\":{");
    rc = rc < 0 ? rc : mf_buf_append_slice(out, run->request_line);
    if (rc == 0 && more != NULL) {
        rc = mf_buf_append_cstr(out, ",\"headers\":");
        rc = rc < 0                          ? rc
             : run->request_headers.size > 0 ? mf_buf_append_slice(out, run->request_headers)
                                             : mf_buf_append_cstr(out, "{}");
        rc = rc < 0 ? rc : mf_buf_append_cstr(out, more);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

static int append_response(struct mf_buf *out, const struct mf_trace_run *run)
{
    return run->status == 0 ? mf_buf_append_cstr(out, ",\"response\":null")
                            : mf_buf_printf(out, ",\"response\":{\"status\":%d}", run->status);
}

/* ---- whole, and a row ---------------------------------------------------------------------------------- */

static int append_worker(struct mf_buf *out, const struct mf_trace_run *run)
{
    int rc = append_text(out, "worker", run->worker);

    rc = rc < 0              ? rc
         : run->version == 0 ? mf_buf_append_cstr(out, ",\"version\":null")
                             : mf_buf_printf(out, ",\"version\":%llu", (unsigned long long)run->version);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"codeHash\":");
    rc = rc < 0 ? rc : append_hash(out, run->hash);
    return rc < 0 ? rc : append_text(out, "entrypoint", run->entrypoint);
}

static int append_outcome(struct mf_buf *out, const struct mf_trace_run *run)
{
    int rc = mf_buf_printf(out, ",\"outcome\":\"%s\"", run->outcome);

    if (rc < 0 || run->error_code == NULL) {
        return rc;
    }
    rc = mf_buf_printf(out, ",\"error\":{\"code\":\"%s\"", run->error_code);
    rc = rc < 0 ? rc : append_text(out, "message", run->error_text);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

/* What both have. */
static int append_head(struct mf_buf *out, const struct mf_trace_run *run)
{
    int rc = mf_buf_printf(out, "{\"id\":\"%s\",\"kind\":\"%s\"", run->id, mf_trace_kind_name(run->kind));

    rc = rc < 0 ? rc : append_text(out, "tenant", run->tenant);
    rc = rc < 0 ? rc : append_worker(out, run);
    rc = rc < 0 ? rc : append_outcome(out, run);
    rc = rc < 0 ? rc : append_time(out, "startedAt", run->began_unix_ms);
    rc = rc < 0 ? rc : append_time(out, "endedAt", run->ended_unix_ms);
    rc = rc < 0 ? rc : append_ids(out, run->context);
    rc = rc < 0 ? rc : append_response(out, run);
    return rc < 0 ? rc : append_usage(out, run);
}

int mf_trace_write_whole(const struct mf_trace *trace, struct mf_buf *out)
{
    const struct mf_trace_run *run = &trace->run;
    int rc = append_head(out, run);

    rc = rc < 0 ? rc : append_request(out, run, "");
    rc = rc < 0 ? rc : append_list(out, "logs", run->logs);
    rc = rc < 0 ? rc : append_list(out, "exceptions", run->exceptions);
    rc = rc < 0 ? rc : append_lists(out, run);
    rc = rc < 0 ? rc : append_left_out(out, trace);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

int mf_trace_write_row(const struct mf_trace *trace, struct mf_buf *out)
{
    const struct mf_trace_run *run = &trace->run;
    int rc = append_head(out, run);

    rc = rc < 0 ? rc : append_request(out, run, NULL);
    if (rc == 0) {
        rc = mf_buf_printf(out, ",\"logCount\":%u,\"exceptionCount\":%u,\"subrequestCount\":%u",
                           mf__list_count(run->logs), mf__list_count(run->exceptions),
                           mf__list_count(run->requests));
    }
    rc = rc < 0 ? rc : append_left_out(out, trace);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

/* ---- a trace item ------------------------------------------------------------------------------------------ */

/* Cloudflare has a line's arguments in a list; here they are one text. */
static int append_item_logs(struct mf_buf *out, struct mf_slice logs)
{
    struct mf_slice object;
    size_t cursor = 0;
    int rc = mf_buf_append_cstr(out, ",\"logs\":[");

    while (rc == 0 && (object = mf__list_next(logs, &cursor)).data != NULL) {
        struct mf_slice message = mf__member_of(object, "message");
        struct mf_slice before = mf_slice_of(object.data, (size_t)(message.data - object.data));
        rc = mf_buf_append_cstr(out, object.data == logs.data ? "" : ",");
        rc = rc < 0 ? rc : mf_buf_append_slice(out, before);
        rc = rc < 0 ? rc : mf_buf_append_cstr(out, "[");
        rc = rc < 0 ? rc : mf_buf_append_slice(out, message);
        rc = rc < 0 ? rc : mf_buf_append_cstr(out, "]}");
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "]");
}

static int append_event(struct mf_buf *out, const struct mf_trace_run *run)
{
    struct mf_buf parts;
    int rc;

    if (run->request_line.size == 0) {
        return mf_buf_append_cstr(out, ",\"event\":null");
    }
    /* The two members, the first without its comma. */
    mf_buf_init(&parts, FRAME_BYTES + run->request_line.size + run->request_headers.size);
    rc = append_request(&parts, run, ",\"cf\":{}");
    rc = rc < 0 ? rc : append_response(&parts, run);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"event\":{");
    rc = rc < 0 ? rc : mf_buf_append(out, parts.data + 1, parts.size - 1);
    mf_buf_done(&parts);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

static int append_version(struct mf_buf *out, const struct mf_trace_run *run)
{
    int rc = mf_buf_append_cstr(out, ",\"scriptVersion\":");

    if (rc < 0 || run->hash.size == 0) {
        return rc < 0 ? rc : mf_buf_append_cstr(out, "null");
    }
    rc = mf_buf_append_cstr(out, "{\"id\":");
    rc = rc < 0 ? rc : append_hash(out, run->hash);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

int mf_trace_write_item(const struct mf_trace *trace, struct mf_buf *out)
{
    const struct mf_trace_run *run = &trace->run;
    int rc = mf_buf_printf(out, "{\"id\":\"%s\",\"kind\":\"%s\"", run->id, mf_trace_kind_name(run->kind));

    rc = rc < 0 ? rc : append_text(out, "tenant", run->tenant);
    rc = rc < 0 ? rc : append_text(out, "scriptName", run->worker);
    rc = rc < 0 ? rc : append_version(out, run);
    rc = rc < 0 ? rc : append_text(out, "entrypoint", run->entrypoint);
    rc = rc < 0 ? rc : append_outcome(out, run);
    if (rc == 0) {
        rc = mf_buf_printf(out, ",\"eventTimestamp\":%llu", (unsigned long long)run->began_unix_ms);
    }
    rc = rc < 0 ? rc : append_event(out, run);
    rc = rc < 0 ? rc : append_item_logs(out, run->logs);
    rc = rc < 0 ? rc : append_list(out, "exceptions", run->exceptions);
    if (rc == 0) {
        rc = mf_buf_printf(out,
                           ",\"diagnosticsChannelEvents\":[],\"executionModel\":\"stateless\","
                           "\"cpuTime\":%.3f,\"wallTime\":%.3f",
                           to_ms(run->cpu_ns), to_ms(run->wall_ns));
    }
    rc = rc < 0 ? rc : append_ids(out, run->context);
    rc = rc < 0 ? rc : append_usage(out, run);
    rc = rc < 0 ? rc : append_lists(out, run);
    rc = rc < 0 ? rc : append_left_out(out, trace);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}
