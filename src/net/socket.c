/* socket.c - an exchange that became a WebSocket: frames to the owner's calls, pings, the order of closing.
 *
 *   OPEN ----- we close: a Close frame is sent -----> CLOSING
 *     |                                                  | the client's comes, or is late (MF_WEBSOCKET_CLOSE_MS)
 *     | the client's Close frame comes: it is answered   |
 *     | it breaks the protocol: it is told so            v
 *     +------------------------------------------------> the connection's FLUSH: nothing is read any more
 *
 * The server closes the connection first (RFC 6455 7.1.1), and lingers, so that a client that is still sending sees the Close
 * frame and no reset.
 */
#include <mayfly/websocket.h>

#include "connection.h"

struct mf_socket {
    struct mf__connection *connection;
    struct mf_websocket_reader *reader;
    const struct mf_socket_events *events;
    void *user;
    size_t queue_bytes_max;
    uint64_t bytes_was; /* Of messages, at the last progress. */
    bool is_live;       /* The owner has it. */
    bool is_closing;    /* We sent a Close frame: nothing may follow it. */
    bool is_paused;
    bool is_asked;      /* A ping was sent, and nothing came since. */
    bool is_drain_told; /* on_draining. */
    bool wants_drain;   /* on_drain. */
    bool owes_pong;
    uint8_t pong_size;
    uint8_t pong[MF_WEBSOCKET_CONTROL_BYTES];
};

/* ---- frames to the client ---------------------------------------------------------------------- */

static int send_frame(struct mf_socket *socket, enum mf_websocket_opcode opcode, struct mf_slice payload)
{
    uint8_t head[MF_WEBSOCKET_HEAD_BYTES];
    const struct mf_slice pieces[] = {mf_slice_of(head, mf_websocket_head(head, opcode, payload.size)),
                                      payload};

    return mf__output_write(socket->connection, pieces, MF_COUNT_OF(pieces));
}

/* What cannot be queued ends the connection in its next turn. */
static void send_control(struct mf_socket *socket, enum mf_websocket_opcode opcode, struct mf_slice payload)
{
    if (send_frame(socket, opcode, payload) < 0) {
        socket->connection->failed = MF_E_CANCELED;
        mf__connection_mark(socket->connection);
    }
}

static void send_close(struct mf_socket *socket, int code, struct mf_slice reason)
{
    uint8_t frame[2 + MF_WEBSOCKET_CONTROL_BYTES];
    size_t size = mf_websocket_close_frame(frame, code, reason);

    socket->is_closing = true;
    if (mf__output_append(socket->connection, mf_slice_of(frame, size)) < 0) {
        socket->connection->failed = MF_E_CANCELED;
    }
    mf__connection_mark(socket->connection);
}

/* ---- the end ----------------------------------------------------------------------------------- */

void mf__socket_finish(struct mf__connection *connection, int code)
{
    struct mf_socket *socket = connection->socket;

    if (socket != NULL && socket->is_live) {
        socket->is_live = false;
        socket->events->on_close(socket, socket->user, code);
    }
}

/* Both sides have said all they had to say, or one of them cannot. */
static void leave(struct mf_socket *socket, int code)
{
    struct mf__connection *connection = socket->connection;

    connection->needs_linger = true;
    connection->drop_bytes = 0;
    mf__connection_move(connection, MF__FLUSH);
    mf__connection_mark(connection);
    mf__socket_finish(connection, code);
}

static void fail(struct mf_socket *socket, int code, const char *reason)
{
    if (!socket->is_closing) {
        send_close(socket, code, mf_slice_of_cstr(reason));
    }
    leave(socket, code);
}

void mf_socket_close(struct mf_socket *socket, int code, const char *reason)
{
    MF_ASSERT(socket->is_live && mf_websocket_code_is_sendable(code));
    socket->is_live = false;
    socket->is_paused = false; /* The client's Close frame may lie behind what nobody wants any more. */
    if (!socket->is_closing) {
        send_close(socket, code, mf_slice_of_cstr(reason));
    }
}

void mf__socket_free(struct mf_socket *socket)
{
    if (socket != NULL) {
        mf_websocket_reader_free(socket->reader);
        mf_free(socket);
    }
}

/* ---- frames of the client ----------------------------------------------------------------------- */

/* Only the last ping must be answered (5.5.3), so pings of a client that does not read cost nothing. */
static void answer_ping(struct mf_socket *socket)
{
    if (socket->owes_pong && !socket->is_closing &&
        mf__output_queued(socket->connection) <= MF_HTTP_WRITE_BYTES_MAX) {
        socket->owes_pong = false;
        send_control(socket, MF_WEBSOCKET_OPCODE_PONG, mf_slice_of(socket->pong, socket->pong_size));
    }
}

static void take_ping(struct mf_socket *socket, struct mf_slice payload)
{
    socket->owes_pong = true;
    socket->pong_size = (uint8_t)payload.size;
    if (payload.size > 0) {
        memcpy(socket->pong, payload.data, payload.size);
    }
    answer_ping(socket);
}

static void take_close(struct mf_socket *socket, int code)
{
    if (!socket->is_closing) {
        send_close(socket, code, mf_slice_of(NULL, 0));
    }
    leave(socket, code);
}

static void take_event(struct mf_socket *socket, const struct mf_websocket_event *event)
{
    switch (event->kind) {
    case MF_WEBSOCKET_TEXT:
    case MF_WEBSOCKET_BINARY:
        if (socket->is_live) {
            socket->events->on_message(socket, socket->user, event->kind == MF_WEBSOCKET_TEXT,
                                       event->payload);
        }
        break;
    case MF_WEBSOCKET_PING:
        take_ping(socket, event->payload);
        break;
    case MF_WEBSOCKET_CLOSE:
        take_close(socket, event->code);
        break;
    case MF_WEBSOCKET_PONG:
    case MF_WEBSOCKET_MORE:
        break;
    }
}

/* The client is there; does it also get on with what it has begun? A control frame amid a message is no progress of it. */
static void note_progress(struct mf_socket *socket, size_t consumed)
{
    uint64_t bytes = mf_websocket_reader_bytes(socket->reader);

    if (consumed == 0) {
        return;
    }
    socket->is_asked = false;
    if (mf_websocket_reader_is_idle(socket->reader) ||
        bytes - socket->bytes_was >= MF_WEBSOCKET_PROGRESS_BYTES) {
        socket->bytes_was = bytes;
        socket->connection->has_progress = true;
    }
}

bool mf__socket_step(struct mf__connection *connection, struct mf_slice *bytes)
{
    struct mf_socket *socket = connection->socket;
    struct mf_websocket_event event;

    if (socket->is_paused) {
        return false;
    }
    int error = mf_websocket_reader_feed(socket->reader, *bytes, &event);
    if (error < 0) {
        mf_log(MF_LOG_DEBUG, error, NULL, "a WebSocket was refused");
        fail(socket, mf_websocket_code_of(error), mf_error_message(error));
        return false;
    }
    *bytes = mf_slice_of(bytes->data + event.consumed, bytes->size - event.consumed);
    note_progress(socket, event.consumed);
    take_event(socket, &event);
    return event.kind != MF_WEBSOCKET_MORE;
}

/* ---- what a turn owes ---------------------------------------------------------------------------- */

static void tell_draining(struct mf_socket *socket)
{
    if (!socket->is_live || socket->is_drain_told || socket->connection->server->state == MF__SERVER_OPEN) {
        return;
    }
    socket->is_drain_told = true;
    if (socket->events->on_draining != NULL) {
        socket->events->on_draining(socket, socket->user);
        return;
    }
    socket->is_paused = false;
    send_close(socket, MF_WEBSOCKET_GOING_AWAY, mf_slice_of(NULL, 0));
    mf__socket_finish(socket->connection, MF_WEBSOCKET_GOING_AWAY);
}

void mf__socket_settle(struct mf__connection *connection)
{
    struct mf_socket *socket = connection->socket;

    if (connection->state != MF__SOCKET || connection->failed < 0) {
        return;
    }
    answer_ping(socket);
    if (socket->is_live && socket->wants_drain &&
        mf__output_queued(connection) <= MF_HTTP_WRITE_BYTES_MAX / 2) {
        socket->wants_drain = false;
        socket->events->on_drain(socket, socket->user);
    }
    tell_draining(socket);
}

enum mf__phase mf__socket_phase(const struct mf__connection *connection)
{
    const struct mf_socket *socket = connection->socket;

    if (socket->is_closing) { /* Until the Close frame is out, only the write's own timeout counts. */
        return mf__output_queued(connection) > 0 ? MF__PHASE_COUNT : MF__PHASE_CLOSE;
    }
    if (socket->is_paused) {
        return MF__PHASE_COUNT;
    }
    if (!mf_websocket_reader_is_idle(socket->reader)) {
        return MF__PHASE_MESSAGE;
    }
    return socket->is_asked ? MF__PHASE_PONG : MF__PHASE_PING;
}

void mf__socket_on_timeout(struct mf__connection *connection, enum mf__phase phase)
{
    struct mf_socket *socket = connection->socket;

    if (phase == MF__PHASE_PING) {
        socket->is_asked = true;
        send_control(socket, MF_WEBSOCKET_OPCODE_PING, mf_slice_of(NULL, 0));
    } else if (phase == MF__PHASE_MESSAGE) {
        fail(socket, MF_WEBSOCKET_POLICY, "The message did not arrive in time.");
    } else {
        mf__connection_close(connection, MF_E_CANCELED);
    }
}

/* ---- the owner's calls ----------------------------------------------------------------------------- */

static struct mf_socket *socket_new(struct mf__connection *connection,
                                    const struct mf_socket_options *options)
{
    struct mf_socket *socket = mf_new(sizeof(*socket));

    socket->connection = connection;
    socket->reader = mf_websocket_reader_new(options->message_bytes_max);
    socket->events = options->events;
    socket->user = options->user;
    socket->queue_bytes_max = options->queue_bytes_max;
    socket->is_live = true;
    return socket;
}

int mf_exchange_upgrade(struct mf_exchange *exchange,
                        const struct mf_socket_options *options,
                        struct mf_socket **ret_socket)
{
    struct mf__connection *connection = mf__connection_of(exchange);

    MF_ASSERT(exchange->is_live && !exchange->has_responded);
    MF_ASSERT(options->queue_bytes_max <= MF_HTTP_QUEUE_BYTES_MAX / 2);
    int error = connection->server->state == MF__SERVER_OPEN ? 0 : MF_E_DRAINING;
    if (error >= 0) {
        error =
            mf__handshake(mf_http_parser_request(connection->parser), options->protocol, &connection->out);
    }
    connection->exchange.status = error < 0 ? mf_error_status(error) : 101;
    mf__exchange_finish(connection, 0);
    if (error < 0) {
        mf__connection_refuse(connection, error);
        return error;
    }
    mf_http_parser_trim(connection->parser);
    connection->socket = socket_new(connection, options);
    mf__connection_move(connection, MF__SOCKET);
    mf__connection_mark(connection);
    *ret_socket = connection->socket;
    return 0;
}

static bool fits(const struct mf_socket *socket, size_t queued, size_t size)
{
    return queued <= socket->queue_bytes_max && size <= socket->queue_bytes_max - queued;
}

int mf_socket_send(struct mf_socket *socket, bool is_text, struct mf_slice bytes, bool *ret_full)
{
    struct mf__connection *connection = socket->connection;
    size_t queued = mf__output_queued(connection);
    int error = connection->failed;

    MF_ASSERT(socket->is_live);
    if (error >= 0 && queued > 0 && !fits(socket, queued, bytes.size)) {
        error = MF_E_TOO_LARGE;
    }
    if (error >= 0) {
        error = send_frame(socket, is_text ? MF_WEBSOCKET_OPCODE_TEXT : MF_WEBSOCKET_OPCODE_BINARY, bytes);
    }
    if (error < 0) { /* Half of it may be sent: nothing can follow. */
        mf_socket_cut(socket);
        return error;
    }
    *ret_full = mf_socket_queued(socket) > MF_HTTP_WRITE_BYTES_MAX;
    socket->wants_drain = socket->wants_drain || *ret_full;
    return 0;
}

void mf_socket_cut(struct mf_socket *socket)
{
    MF_ASSERT(socket->is_live);
    socket->connection->failed = MF_E_CANCELED;
    mf__connection_mark(socket->connection);
}

size_t mf_socket_queued(const struct mf_socket *socket)
{
    return mf__output_queued(socket->connection);
}

void mf_socket_pause(struct mf_socket *socket)
{
    MF_ASSERT(socket->is_live);
    socket->is_paused = true;
}

void mf_socket_resume(struct mf_socket *socket)
{
    MF_ASSERT(socket->is_live);
    if (socket->is_paused) {
        socket->is_paused = false;
        socket->connection->has_progress = true; /* The client waited for us: its time begins now. */
        mf__connection_mark(socket->connection);
    }
}
