/* input.c - the request's side of a connection: from bytes to the handler's calls. */
#include "connection.h"

static bool feed(struct mf__connection *connection, struct mf_slice *bytes, struct mf_http_event *ret_event)
{
    int error = mf_http_parser_feed(connection->parser, *bytes, ret_event);

    if (error < 0) {
        mf__connection_refuse(connection, error);
        return false;
    }
    *bytes = mf_slice_of(bytes->data + ret_event->consumed, bytes->size - ret_event->consumed);
    return true;
}

/* A request without a body ends with its head; the parser says so when it is asked once more. */
static bool begin(struct mf__connection *connection)
{
    struct mf_http_event event;
    struct mf_slice nothing = mf_slice_of(NULL, 0);

    mf__connection_move(connection, MF__ACTIVE);
    mf__exchange_begin(connection);
    if (connection->exchange.request.body_bytes > 0 &&
        (uint64_t)connection->exchange.request.body_bytes > connection->exchange.body_bytes_max) {
        mf__connection_refuse(connection, MF_E_HTTP_BODY);
        return false;
    }
    if (!connection->exchange.request.has_body) {
        if (!feed(connection, &nothing, &event)) {
            return false;
        }
        MF_ASSERT(event.kind == MF_HTTP_END);
        connection->is_message_over = true;
    }
    connection->server->options.on_request(connection->server->options.user, &connection->exchange);
    return true;
}

/* IDLE, HEAD. True: go on. */
static bool step_head(struct mf__connection *connection, struct mf_slice *bytes)
{
    struct mf_http_event event;

    /* A client that does not read its answers gets no new ones. */
    if (bytes->size == 0 || mf__output_queued(connection) > MF_HTTP_WRITE_BYTES_MAX) {
        return false;
    }
    if (!feed(connection, bytes, &event)) {
        return false;
    }
    if (connection->state == MF__IDLE && !mf_http_parser_is_idle(connection->parser)) {
        mf__connection_move(connection, MF__HEAD);
    }
    return event.kind == MF_HTTP_HEAD && begin(connection);
}

static void tell_body(struct mf__connection *connection, struct mf_slice body)
{
    struct mf_exchange *exchange = &connection->exchange;

    connection->has_progress = true;
    connection->is_continue_owed = false;
    if (connection->state == MF__ACTIVE) {
        exchange->body_bytes += body.size;
        if (exchange->body_bytes > exchange->body_bytes_max) {
            mf__connection_refuse(connection, MF_E_HTTP_BODY);
            return;
        }
        if (exchange->tap != NULL) {
            exchange->tap->on_body(exchange->tap_user, body);
        }
        if (exchange->events->on_body != NULL) {
            exchange->events->on_body(exchange, exchange->user, body);
        }
        return;
    }
    connection->drop_bytes += body.size;
    if (connection->drop_bytes > MF_HTTP_DISCARD_BYTES_MAX) {
        connection->needs_linger = true;
        connection->drop_bytes = 0;
        mf__connection_move(connection, MF__FLUSH);
    }
}

/* The body, for the handler (ACTIVE) or for nobody (DISCARD). */
static bool step_body(struct mf__connection *connection, struct mf_slice *bytes)
{
    struct mf_http_event event;

    if (!feed(connection, bytes, &event)) {
        return false;
    }
    switch (event.kind) {
    case MF_HTTP_BODY:
        tell_body(connection, event.body);
        return true;
    case MF_HTTP_END:
        connection->is_message_over = true;
        if (connection->state == MF__DISCARD) {
            mf__connection_move(connection, MF__IDLE);
        }
        return true;
    case MF_HTTP_MORE:
    case MF_HTTP_HEAD:
        break;
    }
    return false;
}

static bool step_active(struct mf__connection *connection, struct mf_slice *bytes)
{
    struct mf_exchange *exchange = &connection->exchange;

    if (!exchange->is_reading || exchange->is_paused) {
        return false;
    }
    if (!connection->is_message_over) {
        return step_body(connection, bytes);
    }
    if (exchange->is_end_told) {
        return false;
    }
    exchange->is_end_told = true;
    if (exchange->tap != NULL) {
        exchange->tap->on_body_end(exchange->tap_user);
    }
    if (exchange->events->on_body_end != NULL) {
        exchange->events->on_body_end(exchange, exchange->user);
    }
    return true;
}

static bool step(struct mf__connection *connection, struct mf_slice *bytes)
{
    switch (connection->state) {
    case MF__IDLE:
    case MF__HEAD:
        return step_head(connection, bytes);
    case MF__ACTIVE:
        return step_active(connection, bytes);
    case MF__DISCARD:
        return step_body(connection, bytes);
    case MF__SOCKET:
        return mf__socket_step(connection, bytes);
    case MF__HANDSHAKE:
    case MF__FLUSH:
    case MF__LINGER:
    case MF__CLOSED:
        break;
    }
    return false;
}

size_t mf__input_process(struct mf__connection *connection, struct mf_slice bytes)
{
    struct mf_slice rest = bytes;

    /* Each step uses bytes up or changes the state towards waiting. */
    while (step(connection, &rest)) {
    }
    return bytes.size - rest.size;
}
