#include "connection.h"

#include <poll.h>

#include <mayfly/websocket.h>

/* ---- the state machine ------------------------------------------------------------------------ */

#define TO(state) (1u << (state))

/* The drawing of connection.h as a table: where each state may go. */
static const unsigned may_move[] = {
    [MF__HANDSHAKE] = TO(MF__IDLE) | TO(MF__CLOSED),
    [MF__IDLE] = TO(MF__HEAD) | TO(MF__FLUSH) | TO(MF__CLOSED),
    [MF__HEAD] = TO(MF__ACTIVE) | TO(MF__FLUSH) | TO(MF__CLOSED),
    [MF__ACTIVE] = TO(MF__IDLE) | TO(MF__DISCARD) | TO(MF__SOCKET) | TO(MF__FLUSH) | TO(MF__CLOSED),
    [MF__SOCKET] = TO(MF__FLUSH) | TO(MF__CLOSED),
    [MF__DISCARD] = TO(MF__IDLE) | TO(MF__FLUSH) | TO(MF__CLOSED),
    [MF__FLUSH] = TO(MF__LINGER) | TO(MF__CLOSED),
    [MF__LINGER] = TO(MF__CLOSED),
    [MF__CLOSED] = 0,
};

void mf__connection_move(struct mf__connection *connection, enum mf__connection_state state)
{
    MF_ASSERT((may_move[connection->state] & TO(state)) != 0);
    connection->state = state;
}

/* What must be true between turns. */
static void check(const struct mf__connection *connection)
{
    bool is_closed = connection->state == MF__CLOSED;

    MF_ASSERT(connection->exchange.is_live == (connection->state == MF__ACTIVE));
    MF_ASSERT(connection->state != MF__SOCKET || connection->socket != NULL);
    MF_ASSERT(connection->state != MF__HANDSHAKE || connection->tls != NULL);
    MF_ASSERT(connection->state != MF__IDLE || mf_http_parser_is_idle(connection->parser));
    MF_ASSERT(connection->state != MF__DISCARD || !connection->is_message_over);
    MF_ASSERT(is_closed || connection->is_writing == (connection->flight.size > 0));
    MF_ASSERT(!is_closed || (connection->timeout_in.phase == MF__PHASE_COUNT && !connection->is_dirty));
    MF_ASSERT(connection->in.size <= MF_HTTP_INPUT_BYTES_MAX);
}

/* ---- the end ---------------------------------------------------------------------------------- */

/* Whatever of a secret's request is not used from here on: the bytes that came, of which |in| has a copy if it needs one, and
 * what lies behind the end of |in|. Both are this room's own memory, lent out as const. */
static void wipe_used(struct mf__connection *connection, struct mf_slice bytes)
{
    struct mf_buf *in = &connection->in;

    if (connection->exchange.is_wiped) {
        mf_wipe((void *)(uintptr_t)bytes.data, bytes.size);
        if (in->data != NULL) {
            mf_wipe(in->data + in->size, in->capacity - in->size);
        }
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct mf__connection *connection = MF_CONTAINER_OF(handle, struct mf__connection, uv.handle);
    struct mf_server *server = connection->server;

    mf_list_remove(&connection->link);
    server->connection_count--;
    mf__tls_free(connection->tls);
    mf_http_parser_free(connection->parser);
    mf__socket_free(connection->socket);
    mf_buf_reset(&connection->in);
    wipe_used(connection, mf_slice_of(NULL, 0));
    mf_buf_done(&connection->in);
    mf_buf_done(&connection->out);
    mf_buf_done(&connection->flight);
    mf_free(connection);
    mf__server_settle(server);
}

static void leave(struct mf__connection *connection)
{
    mf__connection_move(connection, MF__CLOSED);
    mf__timeout_disarm(&connection->timeout_in);
    mf__timeout_disarm(&connection->timeout_out);
    mf_list_remove(&connection->dirty_link);
    connection->is_dirty = false;
}

void mf__connection_close(struct mf__connection *connection, int error)
{
    if (connection->state == MF__CLOSED) {
        return;
    }
    leave(connection);
    uv_close(&connection->uv.handle, on_closed);
    mf__exchange_finish(connection, error < 0 ? error : MF_E_CANCELED);
    mf__socket_finish(connection, MF_WEBSOCKET_LOST);
}

void mf__connection_cut(struct mf__connection *connection, bool wants_reset)
{
    MF_ASSERT(!connection->exchange.is_live);
    leave(connection);
    if (!wants_reset || connection->is_unix || uv_tcp_close_reset(&connection->uv.tcp, on_closed) < 0) {
        uv_close(&connection->uv.handle, on_closed);
    }
}

void mf__connection_refuse(struct mf__connection *connection, int error)
{
    bool has_answered = connection->state == MF__DISCARD;
    bool has_begun = connection->state == MF__ACTIVE && connection->exchange.has_responded;

    mf_log(MF_LOG_DEBUG, error, NULL, "a request was refused");
    if (has_begun) {
        mf__connection_close(connection, error); /* Half an answer, and nothing may be put behind it. */
        return;
    }
    mf__connection_move(connection, MF__FLUSH);
    mf__exchange_finish(connection, error);
    if (connection->state != MF__FLUSH) {
        return; /* The handler closed the server. */
    }
    if (!has_answered) {
        mf__exchange_refuse(connection, error);
    }
    connection->needs_linger = true;
    connection->drop_bytes = 0;
    mf__connection_mark(connection);
}

void mf__connection_answered(struct mf__connection *connection)
{
    if (!connection->is_kept) { /* Said in the head. Whoever was told otherwise may be sending, also while the server drains. */
        connection->needs_linger = !connection->is_message_over;
        connection->drop_bytes = 0;
        mf__connection_move(connection, MF__FLUSH);
    } else if (!connection->is_message_over) {
        connection->drop_bytes = 0;
        mf__connection_move(connection, MF__DISCARD);
    } else {
        mf__connection_move(connection, MF__IDLE);
    }
    mf__connection_mark(connection);
}

/* ---- a turn: what came ------------------------------------------------------------------------ */

static void drop(struct mf__connection *connection, size_t bytes)
{
    bool was_socket = connection->socket != NULL;

    connection->drop_bytes += bytes;
    if (connection->drop_bytes > (was_socket ? MF_WEBSOCKET_DISCARD_BYTES_MAX : MF_HTTP_DISCARD_BYTES_MAX)) {
        mf__connection_close(connection, MF_E_CANCELED);
    }
}

static void keep(struct mf__connection *connection, struct mf_slice rest)
{
    struct mf_buf *in = &connection->in;
    /* A buffer that grows leaves a copy behind. */
    size_t room = connection->exchange.is_wiped ? in->bytes_max - in->size : rest.size;

    if (rest.size > 0 && (mf_buf_reserve(in, room) < 0 || mf_buf_append_slice(in, rest) < 0)) {
        mf__connection_close(connection, MF_E_NO_MEMORY);
    }
}

/* Parses from where the bytes lie; only what is not used up is copied. */
static void take_plain(struct mf__connection *connection, struct mf_slice bytes)
{
    if (connection->state == MF__FLUSH || connection->state == MF__LINGER) {
        drop(connection, bytes.size);
        return;
    }
    if (connection->in.size > 0) {
        keep(connection, bytes);
        if (connection->state == MF__CLOSED) {
            return;
        }
        size_t used = mf__input_process(connection, mf_buf_peek(&connection->in));
        mf_buf_consume(&connection->in, used);
    } else {
        size_t used = mf__input_process(connection, bytes);
        if (used < bytes.size && connection->state != MF__CLOSED) {
            keep(connection, mf_slice_of(bytes.data + used, bytes.size - used));
        }
    }
    if (connection->state == MF__FLUSH) { /* Requests behind the last answer are never read. */
        connection->needs_linger = connection->needs_linger || connection->in.size > 0;
        mf_buf_reset(&connection->in);
    }
}

static void take(struct mf__connection *connection, struct mf_slice bytes)
{
    take_plain(connection, bytes);
    wipe_used(connection, bytes);
}

static void end_of_input(struct mf__connection *connection)
{
    connection->is_eof = true;
    connection->is_reading = false;
    mf_ignore(uv_read_stop(&connection->uv.stream)); /* It cannot fail. */
}

static bool shake_hands(struct mf__connection *connection)
{
    int result = mf__tls_handshake(connection->tls);

    if (result > 0) {
        mf__connection_move(connection, MF__IDLE);
        return true;
    }
    if (result < 0) {
        mf__output_flush(connection); /* The alert says why. */
        mf__connection_close(connection, result);
    }
    return false;
}

static void take_cipher(struct mf__connection *connection, struct mf_slice cipher)
{
    struct mf_server *server = connection->server;
    int size = 0;

    if (cipher.size > 0 && mf__tls_receive(connection->tls, cipher) < 0) {
        mf__connection_close(connection, MF_E_NO_MEMORY);
        return;
    }
    if (connection->state == MF__HANDSHAKE && !shake_hands(connection)) {
        return;
    }
    bool has_more = true;
    while (has_more && connection->state != MF__CLOSED) {
        size = cipher.size == 0
                   ? 0
                   : mf__tls_read(connection->tls, server->plain_bytes, sizeof(server->plain_bytes));
        has_more = size > 0;
        take(connection, mf_slice_of(server->plain_bytes, has_more ? (size_t)size : 0));
    }
    if (size == MF_E_CLOSED && connection->state != MF__CLOSED) {
        end_of_input(connection);
    } else if (size < 0) {
        mf__output_flush(connection);
        mf__connection_close(connection, MF_E_CANCELED);
    }
}

/* ---- a turn: what follows from it --------------------------------------------------------------- */

/* The client sends no more. Nobody can tell a client that only closed its sending side (socat, nc -N) from one that is gone
 * before something is sent to it, which the second answers with a reset. nginx and Go take both as gone at once. Here
 * HALF_CLOSE gives a moment, and goes on as long as an answer flows; a client that is gone does not keep its run. */
static void settle_eof(struct mf__connection *connection)
{
    bool has_nothing = connection->in.size == 0;

    switch (connection->state) {
    case MF__HANDSHAKE:
    case MF__DISCARD:
    case MF__LINGER:
        mf__connection_close(connection, MF_E_CANCELED);
        break;
    case MF__IDLE:
    case MF__HEAD:
        if (has_nothing && mf__output_queued(connection) > 0) {
            connection->needs_linger = false;
            mf__connection_move(connection, MF__FLUSH);
        } else if (has_nothing) {
            mf__connection_close(connection, MF_E_CANCELED);
        }
        break;
    case MF__ACTIVE:
        if (has_nothing && !connection->is_message_over) {
            mf__connection_close(connection, MF_E_CANCELED); /* The body will never be whole. */
        }
        break;
    case MF__SOCKET:
        if (has_nothing) {
            mf__connection_close(connection, MF_E_CANCELED); /* A WebSocket has no half. */
        }
        break;
    case MF__FLUSH:
    case MF__CLOSED:
        break;
    }
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    (void)shutdown;
    (void)status; /* Whether it worked, LINGER ends the same way. */
}

/* The last answer is written: close our side, and the connection, as soon as that cannot lose the answer. */
static void settle_flush(struct mf__connection *connection)
{
    if (connection->state != MF__FLUSH || connection->failed < 0) {
        return;
    }
    if (connection->tls != NULL && !connection->has_ended_tls && connection->out.size == 0) {
        connection->has_ended_tls = true;
        mf__tls_end(connection->tls);
        mf__output_flush(connection);
    }
    if (mf__output_queued(connection) > 0 || connection->is_writing) {
        return;
    }
    if (connection->is_eof || !connection->needs_linger) {
        mf__connection_close(connection, MF_E_CANCELED);
        return;
    }
    mf__connection_move(connection, MF__LINGER);
    if (uv_shutdown(&connection->shutdown, &connection->uv.stream, on_shutdown) < 0) {
        mf__connection_close(connection, MF_E_CANCELED);
    }
}

static void tell_drained(struct mf__connection *connection)
{
    struct mf_exchange *exchange = &connection->exchange;

    if (exchange->is_live && exchange->wants_drain && connection->failed == 0 &&
        mf__output_queued(connection) <= MF_HTTP_WRITE_BYTES_MAX / 2) {
        exchange->wants_drain = false;
        if (exchange->events->on_drain != NULL) {
            exchange->events->on_drain(exchange, exchange->user);
        }
    }
}

static void alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct mf__connection *connection = MF_CONTAINER_OF(handle, struct mf__connection, uv.handle);

    (void)suggested;
    buf->base = (char *)connection->server->read_bytes;
    buf->len = sizeof(connection->server->read_bytes);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct mf__connection *connection = MF_CONTAINER_OF(stream, struct mf__connection, uv.stream);

    if (size == 0) {
        return; /* EAGAIN. */
    }
    if (size == UV_EOF) {
        end_of_input(connection);
        mf__connection_turn(connection, mf_slice_of(NULL, 0));
    } else if (size < 0) {
        mf__connection_close(connection, MF_E_CANCELED); /* Reset: it is gone for certain. */
    } else {
        mf__connection_turn(connection, mf_slice_of(buf->base, (size_t)size));
    }
}

/* Reads on while an answer is being made, to see the client leave; up to a limit, then TCP makes it wait. */
static void set_reading(struct mf__connection *connection)
{
    bool wants = !connection->is_eof && connection->in.size < MF_HTTP_PIPELINE_BYTES_MAX;

    if (wants && !connection->is_reading) {
        int error = uv_read_start(&connection->uv.stream, alloc, on_read);
        if (error < 0) {
            mf__connection_close(connection, MF_E_CANCELED);
            return;
        }
    } else if (!wants && connection->is_reading) {
        mf_ignore(uv_read_stop(&connection->uv.stream)); /* It cannot fail. */
    }
    connection->is_reading = wants;
}

/* MF__PHASE_COUNT: nothing is waited for, or only the handler. */
static enum mf__phase phase_of(const struct mf__connection *connection)
{
    const struct mf_exchange *exchange = &connection->exchange;

    switch (connection->state) {
    case MF__HANDSHAKE:
        return MF__PHASE_TLS;
    case MF__IDLE:
        return MF__PHASE_IDLE;
    case MF__HEAD:
        return MF__PHASE_HEAD;
    case MF__ACTIVE:
        if (!connection->is_reading) {
            return MF__PHASE_HALF_CLOSE;
        }
        return exchange->is_reading && !exchange->is_paused && !connection->is_message_over ? MF__PHASE_BODY
                                                                                            : MF__PHASE_COUNT;
    case MF__SOCKET:
        return connection->is_reading ? mf__socket_phase(connection) : MF__PHASE_HALF_CLOSE;
    case MF__DISCARD:
        return MF__PHASE_BODY;
    case MF__LINGER:
        return MF__PHASE_LINGER;
    case MF__FLUSH:
    case MF__CLOSED:
        break;
    }
    return MF__PHASE_COUNT;
}

static void set_timeout(struct mf__connection *connection)
{
    enum mf__phase phase = phase_of(connection);

    if (phase == MF__PHASE_COUNT) {
        mf__timeout_disarm(&connection->timeout_in);
    } else if (phase != connection->timeout_in.phase ||
               (connection->has_progress &&
                (phase == MF__PHASE_BODY || phase == MF__PHASE_PING || phase == MF__PHASE_MESSAGE))) {
        mf__timeout_arm(&connection->server->timeouts, &connection->timeout_in, phase);
        connection->sent_was = connection->sent_bytes;
    }
    connection->has_progress = false;
}

static void trim_idle(struct mf__connection *connection)
{
    if (connection->state == MF__IDLE && connection->in.size == 0) {
        if (connection->in.capacity > MF_HTTP_KEPT_BYTES_MAX) {
            mf_buf_done(&connection->in);
            mf_buf_init(&connection->in, MF_HTTP_INPUT_BYTES_MAX);
        }
        mf_http_parser_trim(connection->parser);
    }
}

/* Requests that waited for the queue to shrink. */
static void go_on(struct mf__connection *connection)
{
    if ((connection->state == MF__IDLE || connection->state == MF__HEAD) && connection->in.size > 0 &&
        mf__output_queued(connection) <= MF_HTTP_WRITE_BYTES_MAX) {
        mf__connection_mark(connection);
    }
}

static void settle(struct mf__connection *connection)
{
    mf__output_flush(connection);
    tell_drained(connection);
    mf__socket_settle(connection);
    go_on(connection);
    if (connection->is_eof) {
        settle_eof(connection);
    }
    settle_flush(connection);
    if (connection->failed < 0) {
        mf__connection_close(connection, connection->failed);
    }
    if (connection->state != MF__CLOSED) {
        set_reading(connection);
    }
    if (connection->state != MF__CLOSED) {
        set_timeout(connection);
        trim_idle(connection);
    }
}

void mf__connection_turn(struct mf__connection *connection, struct mf_slice bytes)
{
    if (connection->state == MF__CLOSED) {
        return;
    }
    MF_ASSERT(!connection->is_in_turn);
    connection->is_in_turn = true;
    mf_list_remove(&connection->dirty_link);
    if (connection->tls != NULL) {
        take_cipher(connection, bytes);
    } else {
        take(connection, bytes);
    }
    connection->is_dirty = false; /* What was marked until here is done below. */
    if (connection->state != MF__CLOSED) {
        settle(connection);
    }
    check(connection);
    connection->is_in_turn = false;
    if (connection->is_dirty) {
        connection->is_dirty = false;
        mf__connection_mark(connection);
    }
}

/* ---- what happens to it ------------------------------------------------------------------------- */

static void write_due(struct mf__connection *connection)
{
    size_t queue = uv_stream_get_write_queue_size(&connection->uv.stream);

    if (queue < connection->write_queue_was) { /* Slow, but not stuck. */
        connection->write_queue_was = queue;
        mf__timeout_arm(&connection->server->timeouts, &connection->timeout_out, MF__PHASE_WRITE);
        return;
    }
    mf__connection_close(connection, MF_E_CANCELED);
}

/* Also behind bytes that are not read because too many are waiting already. While the handler rests amid a body, only a reset
 * counts: the client may have sent all of it and wait. */
static bool has_left(const struct mf__connection *connection)
{
    struct pollfd look = {.events = connection->is_message_over ? POLLRDHUP : 0};

    return uv_fileno(&connection->uv.handle, &look.fd) == 0 && poll(&look, 1, 0) > 0;
}

static void half_close_due(struct mf__connection *connection)
{
    if (!connection->is_writing && connection->sent_bytes == connection->sent_was && has_left(connection)) {
        mf__connection_close(connection, MF_E_CANCELED);
        return;
    }
    connection->sent_was = connection->sent_bytes;
    mf__timeout_arm(&connection->server->timeouts, &connection->timeout_in, MF__PHASE_HALF_CLOSE);
}

void mf__connection_on_timeout(struct mf__timeout *timeout, enum mf__phase phase)
{
    struct mf__connection *connection;

    if (phase == MF__PHASE_WRITE) {
        write_due(MF_CONTAINER_OF(timeout, struct mf__connection, timeout_out));
        return;
    }
    connection = MF_CONTAINER_OF(timeout, struct mf__connection, timeout_in);
    if (connection->state == MF__SOCKET && phase != MF__PHASE_HALF_CLOSE) {
        mf__socket_on_timeout(connection, phase);
    } else if (phase == MF__PHASE_HEAD || (phase == MF__PHASE_BODY && connection->state == MF__ACTIVE)) {
        mf__connection_refuse(connection, MF_E_HTTP_TIMEOUT);
    } else if (phase == MF__PHASE_HALF_CLOSE) {
        half_close_due(connection);
    } else {
        mf__connection_close(connection, MF_E_CANCELED);
    }
}

/* ---- the beginning ------------------------------------------------------------------------------ */

static struct mf__connection *connection_new(struct mf__listener *listener)
{
    struct mf__connection *connection = mf_new(sizeof(*connection));

    connection->server = listener->server;
    connection->is_unix = listener->is_unix;
    /* Where paths differ, each exchange has a maximum of its own. */
    connection->parser = mf_http_parser_new(listener->server->options.body_bytes_max_of != NULL
                                                ? INT64_MAX
                                                : listener->server->options.body_bytes_max);
    connection->state = listener->tls != NULL ? MF__HANDSHAKE : MF__IDLE;
    mf_list_init(&connection->dirty_link);
    mf__timeout_init(&connection->timeout_in);
    mf__timeout_init(&connection->timeout_out);
    mf_buf_init(&connection->in, MF_HTTP_INPUT_BYTES_MAX);
    mf_buf_init(&connection->out, MF_HTTP_QUEUE_BYTES_MAX);
    mf_buf_init(&connection->flight, MF_HTTP_QUEUE_BYTES_MAX);
    mf_list_push_back(&listener->server->connections, &connection->link);
    listener->server->connection_count++;
    return connection;
}

static int connection_start(struct mf__connection *connection, struct mf__listener *listener)
{
    int error = uv_accept(&listener->uv.stream, &connection->uv.stream);

    if (error >= 0 && !connection->is_unix) {
        error = uv_tcp_nodelay(&connection->uv.tcp, 1);
    }
    if (error >= 0 && listener->tls != NULL) {
        error = mf__tls_open(listener->tls, &connection->tls);
    }
    return error;
}

void mf__connection_accept(struct mf__listener *listener)
{
    struct mf__connection *connection = connection_new(listener);
    uv_loop_t *loop = listener->server->loop;

    /* Neither can fail: no socket is opened yet. */
    mf_ignore(connection->is_unix ? uv_pipe_init(loop, &connection->uv.pipe, 0)
                                  : uv_tcp_init(loop, &connection->uv.tcp));
    int error = connection_start(connection, listener);
    if (error < 0) {
        mf_log(MF_LOG_WARN, error, NULL, "a connection could not be taken");
        mf__connection_close(connection, error);
        return;
    }
    mf__connection_turn(connection, mf_slice_of(NULL, 0));
}

void mf__connection_mark(struct mf__connection *connection)
{
    if (connection->state == MF__CLOSED || connection->is_dirty) {
        return;
    }
    connection->is_dirty = true;
    if (!connection->is_in_turn) {
        mf__server_mark(connection->server, &connection->dirty_link);
    }
}
