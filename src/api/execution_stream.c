#include "execution_stream.h"

#include "observe.h"
#include "serve.h"

struct stream {
    struct mf_api *api;
    struct mf_exchange *exchange;
    struct mf__execution *execution;
    bool is_lines; /* Else the one frame is the whole answer. */
    bool has_head;
    char id[MF_ID_BYTES_MAX];
};

static int append_header(struct mf_buf *headers, const char *name, const char *value)
{
    return mf_headers_append(headers, mf_slice_of_cstr(name), mf_slice_of_cstr(value));
}

/* Caches and proxies that would keep lines back are told not to. */
static int head(struct stream *stream, int64_t bytes)
{
    struct mf_buf headers;
    int rc;

    mf_buf_init(&headers, 512);
    rc = append_header(&headers, "content-type",
                       stream->is_lines ? "application/x-ndjson" : "application/json");
    rc = rc < 0 ? rc : append_header(&headers, "mayfly-execution-id", stream->id);
    rc = rc < 0 ? rc : append_header(&headers, "cache-control", "no-store");
    rc = rc < 0 ? rc : append_header(&headers, "x-accel-buffering", "no");
    rc = rc < 0 ? rc : mf_exchange_respond(stream->exchange, 200, mf_buf_peek(&headers), bytes);
    mf_buf_done(&headers);
    stream->has_head = rc == 0;
    return rc;
}

/* ---- what the execution says ------------------------------------------------------------------------------ */

static bool on_frame(void *user, struct mf_slice frame)
{
    struct stream *stream = user;
    bool is_full = false;
    bool is_line_full = false;
    int rc = stream->has_head ? 0 : head(stream, stream->is_lines ? -1 : (int64_t)frame.size + 1);

    rc = rc < 0 ? rc : mf_exchange_write(stream->exchange, frame, &is_full);
    rc = rc < 0 ? rc : mf_exchange_write(stream->exchange, mf_slice_of_cstr("\n"), &is_line_full);
    /* What could not be written: the client is gone, and on_abort follows. */
    return rc == 0 && !is_full && !is_line_full;
}

static void on_end(void *user, int error)
{
    struct stream *stream = user;
    struct mf_exchange *exchange = stream->exchange;
    struct mf_api *api = stream->api;
    char id[MF_ID_BYTES_MAX];

    memcpy(id, stream->id, sizeof id);
    bool has_head = stream->has_head;
    mf_free(stream);
    if (has_head) {
        mf_exchange_end(exchange);
    } else {
        mf__serve_refuse(api, exchange, id, error == 0 ? MF_E_INTERNAL : error, NULL);
    }
}

static const struct mf__sink sink = {.on_frame = on_frame, .on_end = on_end};

/* ---- what the exchange says --------------------------------------------------------------------------------- */

static void on_drain(struct mf_exchange *exchange, void *user)
{
    struct stream *stream = user;

    (void)exchange;
    mf__execution_drained(stream->execution);
}

static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct stream *stream = user;
    struct mf__execution *execution = stream->execution;

    (void)exchange;
    (void)error;
    mf_free(stream);
    mf__execution_detach(execution);
}

static const struct mf_exchange_events events = {.on_drain = on_drain, .on_abort = on_abort};

static struct stream *new_stream(struct mf_api *api, struct mf_exchange *exchange, bool is_lines)
{
    struct stream *stream = mf_new(sizeof *stream);

    stream->api = api;
    stream->exchange = exchange;
    stream->is_lines = is_lines;
    mf_exchange_listen(exchange, &events, stream);
    return stream;
}

void mf__execution_stream(struct mf_api *api,
                          struct mf_exchange *exchange,
                          struct mf__program *program,
                          uint64_t bytes_held)
{
    struct stream *stream = new_stream(api, exchange, program->call.may_call);
    struct mf__execution *execution;
    struct mf_trace_context trace;

    mf__observe_context(exchange, &trace);
    program->call.trace = trace;
    execution = mf__execution_new(api, program, bytes_held, &sink, stream);

    stream->execution = execution;
    memcpy(stream->id, mf__execution_id(execution), sizeof stream->id);
    mf__caller_note_run(exchange, stream->id, &trace);
    mf__execution_begin(execution);
}

void mf__execution_restream(struct mf_api *api,
                            struct mf_exchange *exchange,
                            struct mf__execution *execution,
                            uint64_t seq)
{
    struct stream *stream = new_stream(api, exchange, true);
    int rc = mf__execution_attach(execution, seq, &sink, stream);

    stream->execution = execution;
    memcpy(stream->id, mf__execution_id(execution), sizeof stream->id);
    rc = rc < 0 ? rc : head(stream, -1);
    if (rc < 0) {
        mf_free(stream);
        mf__problem_reply_error(exchange, rc);
        return;
    }
    mf__execution_drained(execution);
}
