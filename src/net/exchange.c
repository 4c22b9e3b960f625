/* exchange.c - what a handler may do with a request: net.h's mf_exchange_*. */
#include <stdio.h>

#include "connection.h"

struct mf_slice mf_request_header(const struct mf_request *request, const char *name)
{
    return mf_http_headers_get(request->headers, name);
}

const struct mf_request *mf_exchange_request(const struct mf_exchange *exchange)
{
    return &exchange->request;
}

void *mf_exchange_mark(const struct mf_exchange *exchange)
{
    return (void *)exchange->mark; /* It is not ours to read or change. */
}

/* ---- life ------------------------------------------------------------------------------------ */

static const struct mf_exchange_events no_events;

void mf__exchange_begin(struct mf__connection *connection)
{
    const struct mf_http_request *head = mf_http_parser_request(connection->parser);
    const struct mf_server_options *options = &connection->server->options;
    struct mf_exchange *exchange = &connection->exchange;

    connection->is_message_over = false;
    connection->is_continue_owed = head->expects_continue;
    connection->is_kept = head->keep_alive;
    connection->has_progress = true;
    memset(exchange, 0, sizeof(*exchange));
    exchange->is_live = true;
    exchange->began_ns = mf_clock_now_ns();
    exchange->events = &no_events;
    exchange->body_bytes_max = options->body_bytes_max_of != NULL
                                   ? options->body_bytes_max_of(options->user, head->path)
                                   : UINT64_MAX; /* The parser has it. */
    exchange->request = (struct mf_request){.method = head->method,
                                            .target = head->target,
                                            .path = head->path,
                                            .query = head->query,
                                            .headers = head->headers,
                                            .has_body = head->has_body,
                                            .body_bytes = head->body_bytes,
                                            .is_unix = connection->is_unix,
                                            .is_tls = connection->tls != NULL,
                                            .arena = mf_arena_new(MF_HTTP_ARENA_BYTES_MAX)};
}

static void tell_over(const struct mf__connection *connection, int error)
{
    const struct mf_server_options *options = &connection->server->options;
    const struct mf_exchange *exchange = &connection->exchange;

    if (options->on_over != NULL) {
        struct mf_exchange_over over = {.status = exchange->status,
                                        .error = error,
                                        .bytes_out = exchange->bytes_out,
                                        .took_ns = mf_clock_now_ns() - exchange->began_ns};
        options->on_over(options->user, exchange, &over);
    }
}

void mf__exchange_finish(struct mf__connection *connection, int error)
{
    struct mf_exchange *exchange = &connection->exchange;

    if (!exchange->is_live) {
        return;
    }
    exchange->is_live = false;
    if (exchange->tap != NULL) {
        exchange->tap->on_over(exchange->tap_user, exchange->is_whole);
        exchange->tap = NULL;
    }
    if (error < 0 && exchange->events->on_abort != NULL) {
        exchange->events->on_abort(exchange, exchange->user, error);
    }
    tell_over(connection, error);
    mf_arena_free(exchange->request.arena);
    exchange->request.arena = NULL;
}

void mf_exchange_listen(struct mf_exchange *exchange, const struct mf_exchange_events *events, void *user)
{
    MF_ASSERT(exchange->is_live);
    exchange->events = events;
    exchange->user = user;
}

void mf_exchange_tap(struct mf_exchange *exchange, const struct mf_exchange_tap *tap, void *user)
{
    MF_ASSERT(exchange->is_live && !exchange->is_reading && exchange->tap == NULL);
    exchange->tap = tap;
    exchange->tap_user = user;
}

void *mf_exchange_tap_user(const struct mf_exchange *exchange)
{
    return exchange->tap_user;
}

/* ---- the request's body ---------------------------------------------------------------------- */

void mf_exchange_read(struct mf_exchange *exchange)
{
    struct mf__connection *connection = mf__connection_of(exchange);

    MF_ASSERT(exchange->is_live);
    exchange->is_reading = true;
    if (connection->is_continue_owed && !exchange->has_responded) {
        connection->is_continue_owed = false;
        mf_ignore(
            mf__output_append(connection, mf_slice_of_cstr(MF_HTTP_CONTINUE))); /* The client then waits. */
    }
    mf__connection_mark(connection);
}

void mf_exchange_wipe_body(struct mf_exchange *exchange)
{
    MF_ASSERT(exchange->is_live && !exchange->is_reading);
    exchange->is_wiped = true;
}

void mf_exchange_pause(struct mf_exchange *exchange)
{
    MF_ASSERT(exchange->is_live);
    exchange->is_paused = true;
}

void mf_exchange_resume(struct mf_exchange *exchange)
{
    struct mf__connection *connection = mf__connection_of(exchange);

    MF_ASSERT(exchange->is_live);
    if (exchange->is_paused) {
        exchange->is_paused = false;
        connection->has_progress = true; /* The client waited for us: its time begins now. */
        mf__connection_mark(connection);
    }
}

/* ---- the response ---------------------------------------------------------------------------- */

/* Whether the next request can be read: this one must end where it says, and soon. */
static bool may_keep(const struct mf__connection *connection)
{
    const struct mf_request *request = &connection->exchange.request;

    if (!connection->is_kept || connection->server->state != MF__SERVER_OPEN ||
        connection->is_continue_owed) {
        return false; /* Owed: nobody knows whether the body will come. */
    }
    return connection->is_message_over || request->body_bytes <= MF_HTTP_DISCARD_BYTES_MAX;
}

static int
write_head(struct mf__connection *connection, int status, struct mf_slice headers, int64_t body_bytes)
{
    const struct mf_http_request *request = mf_http_parser_request(connection->parser);
    struct mf_http_response response = {.status = status,
                                        .headers = headers,
                                        .body_bytes = body_bytes,
                                        .request_minor = request->minor,
                                        .is_head = request->is_head,
                                        .keep_alive = may_keep(connection)};
    struct mf_slice date = mf_http_date_at(&connection->server->date, mf_clock_unix_ms());
    int framing = mf_http_write_head(&connection->out, &response, date);

    if (framing >= 0) {
        connection->is_kept = response.keep_alive;
    }
    return framing;
}

int mf_exchange_respond(struct mf_exchange *exchange, int status, struct mf_slice headers, int64_t body_bytes)
{
    struct mf__connection *connection = mf__connection_of(exchange);

    MF_ASSERT(exchange->is_live && !exchange->has_responded);
    if (exchange->tap != NULL) {
        exchange->tap->on_head(exchange->tap_user, status, headers);
    }
    if (connection->failed < 0) {
        return connection->failed;
    }
    int framing = write_head(connection, status, headers, body_bytes);
    if (framing < 0) {
        return framing;
    }
    exchange->has_responded = true;
    exchange->status = status;
    exchange->framing = (enum mf_http_framing)framing;
    exchange->body_left = body_bytes;
    mf__connection_mark(connection);
    return 0;
}

static int write_chunk(struct mf__connection *connection, struct mf_slice bytes)
{
    char head[MF_HTTP_CHUNK_HEAD_BYTES];
    const struct mf_slice pieces[] = {mf_slice_of(head, mf_http_chunk_head(head, bytes.size)), bytes,
                                      mf_slice_of_cstr("\r\n")};

    return mf__output_write(connection, pieces, MF_COUNT_OF(pieces));
}

static int write_body(struct mf_exchange *exchange, struct mf_slice bytes)
{
    struct mf__connection *connection = mf__connection_of(exchange);

    if (exchange->tap != NULL && bytes.size > 0) {
        exchange->tap->on_write(exchange->tap_user, bytes);
    }
    if (connection->failed < 0) {
        return connection->failed;
    }
    if (bytes.size == 0 || exchange->framing == MF_HTTP_FRAMING_NONE) {
        return 0;
    }
    exchange->bytes_out += bytes.size;
    if (exchange->framing == MF_HTTP_FRAMING_CHUNKED) {
        return write_chunk(connection, bytes);
    }
    if (exchange->framing == MF_HTTP_FRAMING_LENGTH) {
        if (bytes.size > (uint64_t)exchange->body_left) {
            return MF_E_TOO_LARGE; /* It would be read as the next response. */
        }
        exchange->body_left -= (int64_t)bytes.size;
    }
    return mf__output_write(connection, &bytes, 1);
}

int mf_exchange_write(struct mf_exchange *exchange, struct mf_slice bytes, bool *ret_full)
{
    MF_ASSERT(exchange->is_live && exchange->has_responded);
    int error = write_body(exchange, bytes);
    if (error < 0) {
        return error;
    }
    *ret_full = mf__output_queued(mf__connection_of(exchange)) > MF_HTTP_WRITE_BYTES_MAX;
    exchange->wants_drain = exchange->wants_drain || *ret_full;
    return 0;
}

void mf_exchange_end(struct mf_exchange *exchange)
{
    struct mf__connection *connection = mf__connection_of(exchange);
    int error = connection->failed;

    MF_ASSERT(exchange->is_live && exchange->has_responded);
    if (exchange->framing == MF_HTTP_FRAMING_LENGTH && exchange->body_left > 0) {
        error = MF_E_CLOSED; /* The client waits for more: it must see that this is not all. */
    }
    exchange->is_whole = exchange->framing != MF_HTTP_FRAMING_LENGTH || exchange->body_left == 0;
    if (error >= 0 && exchange->framing == MF_HTTP_FRAMING_CHUNKED) {
        error = mf__output_append(connection, mf_slice_of_cstr(MF_HTTP_LAST_CHUNK));
    }
    if (error < 0) {
        mf_exchange_destroy(exchange);
        return;
    }
    mf__exchange_finish(connection, 0);
    mf__connection_answered(connection);
}

void mf_exchange_reply(struct mf_exchange *exchange,
                       int status,
                       struct mf_slice headers,
                       struct mf_slice body)
{
    struct mf__connection *connection = mf__connection_of(exchange);
    int error = mf_exchange_respond(exchange, status, headers, (int64_t)body.size);

    if (error == MF_E_INVALID) {
        mf_log(MF_LOG_ERROR, error, NULL, "a response with a bad status or header was not sent");
        mf__exchange_finish(connection, 0);
        mf__connection_refuse(connection, MF_E_INTERNAL);
        return;
    }
    if (error >= 0) {
        error = write_body(exchange, body);
    } else if (exchange->tap != NULL) {
        exchange->tap->on_write(exchange->tap_user,
                                body); /* The client is gone; what it would have had is known. */
    }
    exchange->is_whole = true;
    if (error < 0) {
        mf_exchange_destroy(exchange);
    } else {
        mf_exchange_end(exchange);
    }
}

void mf_exchange_destroy(struct mf_exchange *exchange)
{
    struct mf__connection *connection = mf__connection_of(exchange);
    bool ends_with_close = exchange->has_responded && exchange->framing == MF_HTTP_FRAMING_CLOSE;

    MF_ASSERT(exchange->is_live);
    mf__exchange_finish(connection, 0);
    mf__output_flush(connection);
    mf__connection_cut(connection, ends_with_close);
}

/* ---- the server's own answers ---------------------------------------------------------------- */

#define PROBLEM_BYTES_MAX 512 /* The longest row of errors.h and what stands around it. */

void mf__exchange_refuse(struct mf__connection *connection, int error)
{
    static const char headers[] =
        "content-type\0application/problem+json\0sec-websocket-version\00013"; /* The second: 426 only. */
    bool wants_upgrade = error == MF_E_WEBSOCKET_UPGRADE;
    size_t headers_size = wants_upgrade ? sizeof(headers) : sizeof("content-type\0application/problem+json");
    char text[PROBLEM_BYTES_MAX];
    int status = mf_error_status(error);
    int size = snprintf(text, sizeof(text),
                        "{\"type\":\"urn:mayfly:error:%s\",\"status\":%d,\"code\":\"%s\",\"title\":\"%s\"}\n",
                        mf_error_code(error), status, mf_error_code(error), mf_error_message(error));
    MF_ASSERT(size > 0 && (size_t)size < sizeof(text));
    struct mf_http_response response = {.status = status,
                                        .headers = mf_slice_of(headers, headers_size),
                                        .body_bytes = size,
                                        .upgrade = wants_upgrade ? "websocket" : NULL,
                                        .request_minor = 1};
    struct mf_slice date = mf_http_date_at(&connection->server->date, mf_clock_unix_ms());
    if (mf_http_write_head(&connection->out, &response, date) < 0 ||
        mf__output_append(connection, mf_slice_of(text, (size_t)size)) < 0) {
        connection->failed = MF_E_NO_MEMORY; /* The next turn closes it. */
    }
}
