/* output.c - bytes to the client. Small pieces gather in |out| until the end of the turn and leave in one system call; what
 * the kernel does not take goes to libuv in |flight|, and |out| gathers behind it. */
#include "connection.h"

static void buf_trim(struct mf_buf *buf)
{
    size_t bytes_max = buf->bytes_max;

    mf_buf_reset(buf);
    if (buf->capacity > MF_HTTP_KEPT_BYTES_MAX) {
        mf_buf_done(buf);
        mf_buf_init(buf, bytes_max);
    }
}

/* The handler learns it in the next turn, never inside its own call. */
static void fail(struct mf__connection *connection)
{
    connection->failed = MF_E_CANCELED;
    mf__connection_mark(connection);
}

size_t mf__output_queued(const struct mf__connection *connection)
{
    return connection->out.size +
           (connection->is_writing ? uv_stream_get_write_queue_size(&connection->uv.stream) : 0);
}

int mf__output_append(struct mf__connection *connection, struct mf_slice bytes)
{
    if (connection->failed < 0) {
        return connection->failed;
    }
    int error = mf_buf_append_slice(&connection->out, bytes);
    if (error >= 0) {
        mf__connection_mark(connection);
    }
    return error;
}

static void on_written(uv_write_t *write, int status)
{
    struct mf__connection *connection = MF_CONTAINER_OF(write, struct mf__connection, write);

    connection->is_writing = false;
    buf_trim(&connection->flight);
    if (connection->state == MF__CLOSED) {
        return;
    }
    mf__timeout_disarm(&connection->timeout_out);
    if (status < 0) {
        fail(connection);
        return;
    }
    mf__connection_turn(connection, mf_slice_of(NULL, 0));
}

/* Gives |flight| from |at| to libuv. */
static void fly(struct mf__connection *connection, size_t at)
{
    struct mf_buf *flight = &connection->flight;
    uv_buf_t bytes = {.base = (char *)flight->data + at, .len = flight->size - at};
    int error = uv_write(&connection->write, &connection->uv.stream, &bytes, 1, on_written);

    if (error < 0) {
        buf_trim(flight);
        fail(connection);
        return;
    }
    connection->is_writing = true;
    connection->write_queue_was = uv_stream_get_write_queue_size(&connection->uv.stream);
    mf__timeout_arm(&connection->server->timeouts, &connection->timeout_out, MF__PHASE_WRITE);
}

/* How many bytes the kernel took; below zero: failed. */
static int try_write(struct mf__connection *connection, const uv_buf_t *bufs, unsigned count)
{
    int written = uv_try_write(&connection->uv.stream, bufs, count);

    if (written == UV_EAGAIN) {
        return 0;
    }
    if (written < 0) {
        fail(connection);
        return written;
    }
    connection->sent_bytes += (uint64_t)written;
    return written;
}

static void flush_plain(struct mf__connection *connection)
{
    struct mf_buf *out = &connection->out;
    uv_buf_t bytes = {.base = (char *)out->data, .len = out->size};
    int written = try_write(connection, &bytes, 1);

    if (written < 0 || (size_t)written == out->size) {
        buf_trim(out);
        return;
    }
    struct mf_buf swap = connection->flight;
    connection->flight = *out;
    *out = swap;
    fly(connection, (size_t)written);
}

/* True when the kernel took all of it, so that more may follow. */
static bool send_cipher(struct mf__connection *connection)
{
    struct mf_slice cipher = mf__tls_peek_cipher(connection->tls);
    bool is_all_gone = true;

    if (cipher.size > 0) {
        uv_buf_t bytes = {.base = (char *)(uintptr_t)cipher.data, .len = cipher.size};
        int written = try_write(connection, &bytes, 1);
        is_all_gone = written >= 0 && (size_t)written == cipher.size;
        if (written >= 0 && !is_all_gone) {
            struct mf_slice rest = mf_slice_of(cipher.data + written, cipher.size - (size_t)written);
            if (mf_buf_append_slice(&connection->flight, rest) < 0) {
                fail(connection);
            } else {
                fly(connection, 0);
            }
        }
        mf__tls_drop_cipher(connection->tls);
    }
    return is_all_gone;
}

static void flush_tls(struct mf__connection *connection)
{
    struct mf_slice out = mf_buf_peek(&connection->out);
    size_t at = 0;

    while (send_cipher(connection) && at < out.size) {
        size_t piece =
            out.size - at < MF_HTTP_TLS_PIECE_BYTES_MAX ? out.size - at : MF_HTTP_TLS_PIECE_BYTES_MAX;
        if (mf__tls_write(connection->tls, mf_slice_of(out.data + at, piece)) < 0) {
            fail(connection);
            return;
        }
        at += piece;
    }
    if (at == out.size) {
        buf_trim(&connection->out);
    } else {
        mf_buf_consume(&connection->out, at);
    }
}

void mf__output_flush(struct mf__connection *connection)
{
    if (connection->is_writing || connection->failed < 0 || connection->state == MF__CLOSED) {
        return;
    }
    if (connection->tls != NULL) {
        flush_tls(connection);
    } else if (connection->out.size > 0) {
        flush_plain(connection);
    }
}

static int
append_all(struct mf__connection *connection, const struct mf_slice *pieces, size_t count, size_t skip)
{
    for (size_t i = 0; i < count; i++) {
        size_t skipped = skip < pieces[i].size ? skip : pieces[i].size;
        skip -= skipped;
        int error = mf_buf_append(&connection->out, pieces[i].data + skipped, pieces[i].size - skipped);
        if (error < 0) {
            return error;
        }
    }
    mf__connection_mark(connection);
    return 0;
}

#define PIECES_MAX 3 /* A chunk: its head, its bytes, its CRLF. */

static int send_pieces(struct mf__connection *connection, const struct mf_slice *pieces, size_t count)
{
    uv_buf_t bufs[1 + PIECES_MAX];
    unsigned bufs_count = 0;

    MF_ASSERT(count <= PIECES_MAX);
    if (connection->failed < 0) {
        return connection->failed;
    }
    if (connection->tls != NULL || connection->is_writing) {
        return append_all(connection, pieces, count, 0);
    }
    if (connection->out.size > 0) {
        bufs[bufs_count++] = (uv_buf_t){.base = (char *)connection->out.data, .len = connection->out.size};
    }
    for (size_t i = 0; i < count; i++) {
        bufs[bufs_count++] = (uv_buf_t){.base = (char *)(uintptr_t)pieces[i].data, .len = pieces[i].size};
    }
    int written = try_write(connection, bufs, bufs_count);
    if (written < 0) {
        return connection->failed;
    }
    size_t skip = (size_t)written;
    size_t old = skip < connection->out.size ? skip : connection->out.size;
    mf_buf_consume(&connection->out, old);
    return append_all(connection, pieces, count, skip - old);
}

int mf__output_write(struct mf__connection *connection, const struct mf_slice *pieces, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++) {
        size += pieces[i].size;
    }
    if (size > MF_HTTP_COPY_BYTES_MAX) {
        return send_pieces(connection, pieces, count);
    }
    for (size_t i = 0; i < count; i++) {
        int error = mf__output_append(connection, pieces[i]);
        if (error < 0) {
            return error;
        }
    }
    return 0;
}
