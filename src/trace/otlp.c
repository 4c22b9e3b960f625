/* otlp.c - records as OTLP's JSON. One run is:
 *
 *   request ---------------------------------------------------   the span whose parent is the caller's
 *     wait -------   run ----------------------------------       until an executor began; from then on
 *                          GET ----------   execute_tool ----     each request to the outside, each call of a tool
 *
 * Source: opentelemetry-proto, opentelemetry/proto/trace/v1/trace.proto and logs/v1/logs.proto;
 * https://opentelemetry.io/docs/specs/semconv/ for the names of attributes. */
#include <stdio.h>
#include <stdlib.h>

#include <mayfly/trace_otlp.h>

#include "internal.h"

enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER = 2, SPAN_CLIENT = 3 };

#define STATUS_ERROR 2

/* What is being written. */
struct writer {
    struct mf_buf *out;
    const struct mf_trace_run *run;
    size_t count; /* Spans or lines so far, of all runs. */
    unsigned of_run;
    int rc;
    bool needs_comma; /* Before the next attribute. */
};

/* ---- JSON ------------------------------------------------------------------------------------------------ */

static void say(struct writer *writer, const char *format, ...) MF_PRINTF(2, 3);
static void say(struct writer *writer, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    MF_ASSERT(size >= 0 && (size_t)size < sizeof text); /* Names of ours, numbers and ids. */
    writer->rc = writer->rc < 0 ? writer->rc : mf_buf_append(writer->out, text, (size_t)size);
}

static void say_slice(struct writer *writer, struct mf_slice text)
{
    writer->rc = writer->rc < 0 ? writer->rc : mf_buf_append_slice(writer->out, text);
}

static void say_string(struct writer *writer, struct mf_slice text)
{
    writer->rc = writer->rc < 0 ? writer->rc : mf_buf_append_json_string(writer->out, text);
}

static void begin_attribute(struct writer *writer, const char *key)
{
    say(writer, "%s{\"key\":\"%s\",\"value\":{", writer->needs_comma ? "," : "", key);
    writer->needs_comma = true;
}

/* |json| is a JSON string, or data NULL: there is none. */
static void attribute_json(struct writer *writer, const char *key, struct mf_slice json)
{
    if (json.data != NULL && json.size > 2) {
        begin_attribute(writer, key);
        say(writer, "\"stringValue\":");
        say_slice(writer, json);
        say(writer, "}}");
    }
}

static void attribute_text(struct writer *writer, const char *key, struct mf_slice text)
{
    if (text.size > 0) {
        begin_attribute(writer, key);
        say(writer, "\"stringValue\":");
        say_string(writer, text);
        say(writer, "}}");
    }
}

static void attribute_number(struct writer *writer, const char *key, uint64_t number)
{
    begin_attribute(writer, key);
    say(writer, "\"intValue\":\"%llu\"}}", (unsigned long long)number);
}

static void attribute_ms(struct writer *writer, const char *key, uint64_t ns)
{
    begin_attribute(writer, key);
    say(writer, "\"doubleValue\":%.3f}}", (double)ns / (double)MF_NS_PER_MS);
}

/* A number of one of our own lists. */
static double number_of(struct mf_slice object, const char *name)
{
    struct mf_slice value = mf__member_of(object, name);
    char text[32];

    (void)snprintf(text, sizeof text, "%.*s", (int)(value.size < sizeof text ? value.size : 0),
                   (const char *)value.data);
    return strtod(text, NULL);
}

/* ---- a span ---------------------------------------------------------------------------------------------------- */

struct span {
    const char *id; /* MF_SPAN_ID_CHARS. */
    const char *parent;
    enum span_kind kind;
    uint64_t begin_ns; /* Since 1970. */
    uint64_t end_ns;
};

/* Up to its name, which the caller says. */
static void begin_span(struct writer *writer, const struct span *span)
{
    const struct mf_trace_context *context = writer->run->context;
    char trace_id[MF_TRACE_ID_CHARS + 1];

    mf_trace_hex(context->trace_id, MF_TRACE_ID_BYTES, trace_id);
    say(writer, "%s{\"traceId\":\"%s\",\"spanId\":\"%.16s\"", writer->count++ > 0 ? "," : "", trace_id,
        span->id);
    if (span->parent != NULL) {
        say(writer, ",\"parentSpanId\":\"%.16s\"", span->parent);
    }
    if (context->state_size > 0) {
        say(writer, ",\"traceState\":");
        say_string(writer, mf_slice_of(context->state, context->state_size));
    }
    say(writer,
        ",\"flags\":1,\"kind\":%d,\"startTimeUnixNano\":\"%llu\",\"endTimeUnixNano\":\"%llu\",\"name\":",
        (int)span->kind, (unsigned long long)span->begin_ns, (unsigned long long)span->end_ns);
    writer->of_run++;
}

static void begin_attributes(struct writer *writer)
{
    say(writer, ",\"attributes\":[");
    writer->needs_comma = false;
}

static void random_span(char ret_id[MF_SPAN_ID_CHARS + 1])
{
    uint8_t bytes[MF_SPAN_ID_BYTES];

    mf_random_bytes(bytes, sizeof bytes);
    mf_trace_hex(bytes, sizeof bytes, ret_id);
}

/* ---- a run's spans ------------------------------------------------------------------------------------------------ */

struct times {
    uint64_t asked_ns;
    uint64_t began_ns; /* The records' zero. */
    uint64_t ran_ns;
    uint64_t ended_ns;
};

static struct times times_of(const struct mf_trace_run *run)
{
    struct times times = {.began_ns = run->began_unix_ms * MF_NS_PER_MS};

    times.asked_ns = times.began_ns - (run->wait_ns < times.began_ns ? run->wait_ns : 0);
    times.ran_ns = times.began_ns + run->queue_ns;
    times.ended_ns = times.ran_ns + run->wall_ns;
    return times;
}

static void say_status(struct writer *writer)
{
    const struct mf_trace_run *run = writer->run;

    if (run->error_code != NULL) {
        say(writer, ",\"status\":{\"code\":%d,\"message\":", STATUS_ERROR);
        say_string(writer, run->error_text);
        say(writer, "}");
    }
}

/* "kind" or "kind worker". */
static void say_name(struct writer *writer)
{
    const struct mf_trace_run *run = writer->run;
    char name[MF_STORE_NAME_BYTES_MAX + 32];

    (void)snprintf(name, sizeof name, "%s%s%.*s", mf_trace_kind_name(run->kind),
                   run->worker.size > 0 ? " " : "", (int)run->worker.size, (const char *)run->worker.data);
    say_string(writer, mf_slice_of_cstr(name));
}

/* The request's line is the inside of an object. */
static struct mf_slice line_member(const struct mf_trace_run *run, struct mf_buf *scratch, const char *name)
{
    mf_buf_reset(scratch);
    if (run->request_line.size == 0 || mf_buf_append_cstr(scratch, "{") < 0 ||
        mf_buf_append_slice(scratch, run->request_line) < 0 || mf_buf_append_cstr(scratch, "}") < 0) {
        return mf_slice_of(NULL, 0);
    }
    return mf__member_of(mf_buf_peek(scratch), name);
}

static void say_request_attributes(struct writer *writer)
{
    const struct mf_trace_run *run = writer->run;
    struct mf_buf scratch;

    mf_buf_init(&scratch, run->request_line.size + 2);
    begin_attributes(writer);
    attribute_text(writer, "mayfly.run.id", mf_slice_of_cstr(run->id));
    attribute_text(writer, "mayfly.run.kind", mf_slice_of_cstr(mf_trace_kind_name(run->kind)));
    attribute_text(writer, "mayfly.outcome", mf_slice_of_cstr(run->outcome));
    attribute_text(writer, "mayfly.tenant", run->tenant);
    attribute_text(writer, "faas.name", run->worker);
    if (run->version > 0) {
        attribute_number(writer, "mayfly.worker.version", run->version);
    }
    attribute_text(writer, "mayfly.worker.sha256", run->hash);
    attribute_text(writer, "mayfly.worker.entrypoint", run->entrypoint);
    attribute_json(writer, "http.request.method", line_member(run, &scratch, "method"));
    attribute_json(writer, "url.full", line_member(run, &scratch, "url"));
    if (run->status > 0) {
        attribute_number(writer, "http.response.status_code", (uint64_t)run->status);
    }
    if (run->error_code != NULL) {
        attribute_text(writer, "error.type", mf_slice_of_cstr(run->error_code));
    }
    say(writer, "]");
    mf_buf_done(&scratch);
}

static void say_exceptions(struct writer *writer)
{
    struct mf_slice object;
    size_t cursor = 0;
    bool is_first = true;

    say(writer, ",\"events\":[");
    while ((object = mf__list_next(writer->run->exceptions, &cursor)).data != NULL) {
        say(writer, "%s{\"name\":\"exception\",\"timeUnixNano\":\"%.0f000000\"", is_first ? "" : ",",
            number_of(object, "timestamp"));
        begin_attributes(writer);
        attribute_json(writer, "exception.type", mf__member_of(object, "name"));
        attribute_json(writer, "exception.message", mf__member_of(object, "message"));
        attribute_json(writer, "exception.stacktrace", mf__member_of(object, "stack"));
        say(writer, "]}");
        is_first = false;
    }
    say(writer, "]");
}

static void say_run(struct writer *writer, const struct span *span)
{
    const struct mf_trace_run *run = writer->run;

    begin_span(writer, span);
    say(writer, "\"run\"");
    begin_attributes(writer);
    attribute_ms(writer, "mayfly.cpu_ms", run->cpu_ns);
    attribute_ms(writer, "mayfly.host_wait_ms", run->host_wait_ns);
    attribute_number(writer, "mayfly.memory_peak_bytes", run->memory_peak_bytes);
    attribute_number(writer, "mayfly.bytes_in", run->bytes_in);
    attribute_number(writer, "mayfly.bytes_out", run->bytes_out);
    say(writer, "]");
    say_exceptions(writer);
    say_status(writer);
    say(writer, "}");
}

/* Of an object of one of the two lists: when, and which span it is. False: it has no span. */
static bool part_span(const struct writer *writer,
                      struct mf_slice object,
                      const char *parent,
                      enum span_kind kind,
                      struct span *ret_span)
{
    struct mf_slice id = mf__member_of(object, "spanId");
    uint64_t zero_ns = writer->run->began_unix_ms * MF_NS_PER_MS;
    uint64_t begin_ns = (uint64_t)(number_of(object, "startMs") * (double)MF_NS_PER_MS);
    uint64_t took_ns = (uint64_t)(number_of(object, "ms") * (double)MF_NS_PER_MS);

    if (id.size != MF_SPAN_ID_CHARS + 2) {
        return false;
    }
    *ret_span = (struct span){.id = (const char *)id.data + 1,
                              .parent = parent,
                              .kind = kind,
                              .begin_ns = zero_ns + begin_ns,
                              .end_ns = zero_ns + begin_ns + took_ns};
    return true;
}

static void say_subrequest(struct writer *writer, struct mf_slice object, const struct span *span)
{
    struct mf_slice error = mf__member_of(object, "error");
    struct mf_slice decision = mf__member_of(object, "decision");

    begin_span(writer, span);
    say_slice(writer, mf__member_of(object, "method"));
    begin_attributes(writer);
    attribute_json(writer, "http.request.method", mf__member_of(object, "method"));
    attribute_json(writer, "server.address", mf__member_of(object, "host"));
    attribute_json(writer, "mayfly.decision", decision);
    if (number_of(object, "status") > 0) {
        attribute_number(writer, "http.response.status_code", (uint64_t)number_of(object, "status"));
    }
    attribute_json(writer, "error.type", error);
    say(writer, "]");
    if (error.data != NULL || number_of(object, "status") >= 400) {
        say(writer, ",\"status\":{\"code\":%d}", STATUS_ERROR);
    }
    say(writer, "}");
}

static void say_tool_call(struct writer *writer, struct mf_slice object, const struct span *span)
{
    struct mf_slice name = mf__member_of(object, "name");

    begin_span(writer, span);
    say(writer, "\"execute_tool ");
    say_slice(writer, mf_slice_of(name.data + 1, name.size - 1));
    begin_attributes(writer);
    attribute_text(writer, "gen_ai.operation.name", mf_slice_of_cstr("execute_tool"));
    attribute_json(writer, "gen_ai.tool.name", name);
    attribute_json(writer, "mayfly.tool.namespace", mf__member_of(object, "namespace"));
    attribute_json(writer, "mayfly.tool.outcome", mf__member_of(object, "outcome"));
    say(writer, "]}");
}

static void say_parts(struct writer *writer, struct mf_slice list, const char *parent, bool is_tools)
{
    struct mf_slice object;
    struct span span;
    size_t cursor = 0;

    while (writer->of_run < MF_OTLP_SPANS_MAX && (object = mf__list_next(list, &cursor)).data != NULL) {
        if (!part_span(writer, object, parent, is_tools ? SPAN_INTERNAL : SPAN_CLIENT, &span)) {
            continue;
        }
        if (is_tools) {
            say_tool_call(writer, object, &span);
        } else {
            say_subrequest(writer, object, &span);
        }
    }
}

static void say_spans(struct writer *writer)
{
    static const uint8_t none[MF_SPAN_ID_BYTES];
    const struct mf_trace_run *run = writer->run;
    struct times times = times_of(run);
    char parent_id[MF_SPAN_ID_CHARS + 1];
    char request_id[MF_SPAN_ID_CHARS + 1];
    char wait_id[MF_SPAN_ID_CHARS + 1];
    char run_id[MF_SPAN_ID_CHARS + 1];
    bool has_parent = memcmp(run->context->parent_id, none, sizeof none) != 0;
    struct span request = {request_id, has_parent ? parent_id : NULL, SPAN_SERVER, times.asked_ns,
                           times.ended_ns};
    struct span wait = {wait_id, request_id, SPAN_INTERNAL, times.asked_ns, times.ran_ns};
    struct span ran = {run_id, request_id, SPAN_INTERNAL, times.ran_ns, times.ended_ns};

    writer->of_run = 0;
    mf_trace_hex(run->context->parent_id, MF_SPAN_ID_BYTES, parent_id);
    mf_trace_hex(run->context->span_id, MF_SPAN_ID_BYTES, request_id);
    random_span(wait_id);
    random_span(run_id);
    begin_span(writer, &request);
    say_name(writer);
    say_request_attributes(writer);
    say_status(writer);
    say(writer, "}");
    begin_span(writer, &wait);
    say(writer, "\"wait\"}");
    say_run(writer, &ran);
    say_parts(writer, run->requests, run_id, false);
    say_parts(writer, run->tool_calls, run_id, true);
}

/* ---- a run's lines --------------------------------------------------------------------------------------------- */

static int severity_of(struct mf_slice level)
{
    static const struct {
        const char *level;
        int severity;
    } levels[] = {{"\"debug\"", 5}, {"\"info\"", 9}, {"\"log\"", 9}, {"\"warn\"", 13}, {"\"error\"", 17}};

    for (size_t i = 0; i < MF_COUNT_OF(levels); i++) {
        if (mf_slice_equal_cstr(level, levels[i].level)) {
            return levels[i].severity;
        }
    }
    return 0;
}

static void say_line(struct writer *writer, struct mf_slice object)
{
    const struct mf_trace_run *run = writer->run;
    struct mf_slice level = mf__member_of(object, "level");
    char trace_id[MF_TRACE_ID_CHARS + 1];
    char span_id[MF_SPAN_ID_CHARS + 1];

    mf_trace_hex(run->context->trace_id, MF_TRACE_ID_BYTES, trace_id);
    mf_trace_hex(run->context->span_id, MF_SPAN_ID_BYTES, span_id);
    say(writer,
        "%s{\"timeUnixNano\":\"%.0f000000\",\"observedTimeUnixNano\":\"%llu000000\",\"severityNumber\":%d,"
        "\"severityText\":",
        writer->count++ > 0 ? "," : "", number_of(object, "timestamp"),
        (unsigned long long)run->ended_unix_ms, severity_of(level));
    say_slice(writer, level);
    say(writer, ",\"body\":{\"stringValue\":");
    say_slice(writer, mf__member_of(object, "message"));
    say(writer, "}");
    begin_attributes(writer);
    attribute_text(writer, "mayfly.run.id", mf_slice_of_cstr(run->id));
    attribute_text(writer, "mayfly.tenant", run->tenant);
    attribute_text(writer, "faas.name", run->worker);
    say(writer, "],\"flags\":%d,\"traceId\":\"%s\",\"spanId\":\"%s\"}", run->context->is_sampled ? 1 : 0,
        trace_id, span_id);
}

static void say_lines(struct writer *writer)
{
    struct mf_slice object;
    size_t cursor = 0;

    while ((object = mf__list_next(writer->run->logs, &cursor)).data != NULL) {
        say_line(writer, object);
    }
}

/* ---- the door ----------------------------------------------------------------------------------------------------- */

static void say_head(struct writer *writer, const char *resources, const char *scopes)
{
    say(writer, "{\"%s\":[{\"resource\":{\"attributes\":[", resources);
    writer->needs_comma = false;
    attribute_text(writer, "service.name", mf_slice_of_cstr("mayfly"));
    attribute_text(writer, "service.version", mf_slice_of_cstr(MF_VERSION));
    say(writer, "]},\"%s\":[{\"scope\":{\"name\":\"mayfly\",\"version\":\"%s\"},", scopes, MF_VERSION);
}

int mf_otlp_write_spans(struct mf_trace *const *traces, size_t count, struct mf_buf *out, size_t *ret_count)
{
    struct writer writer = {.out = out};

    say_head(&writer, "resourceSpans", "scopeSpans");
    say(&writer, "\"spans\":[");
    for (size_t i = 0; i < count; i++) {
        writer.run = &traces[i]->run;
        if (writer.run->context->is_sampled) { /* Else the caller wants nobody to see it. */
            say_spans(&writer);
        }
    }
    say(&writer, "]}]}]}");
    *ret_count = writer.count;
    return writer.rc;
}

int mf_otlp_write_logs(struct mf_trace *const *traces, size_t count, struct mf_buf *out, size_t *ret_count)
{
    struct writer writer = {.out = out};

    say_head(&writer, "resourceLogs", "scopeLogs");
    say(&writer, "\"logRecords\":[");
    for (size_t i = 0; i < count; i++) {
        writer.run = &traces[i]->run;
        say_lines(&writer);
    }
    say(&writer, "]}]}]}");
    *ret_count = writer.count;
    return writer.rc;
}
