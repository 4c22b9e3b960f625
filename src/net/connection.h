/* connection.h - one connection and the one exchange that it may have at a time.
 *
 *                 +-----------+  handshake done
 *   accepted,TLS  | HANDSHAKE |----------------+
 *                 +-----------+                v
 *   accepted ------------------------------> IDLE <-----------------------------+
 *                                              | a byte of a request            |
 *                                              v                                |
 *                         malformed, late    HEAD                               | the rest is read
 *            +---------------------------------|                                |
 *            |                                 v head complete: on_request      |
 *            |    broke off              +-- ACTIVE --- answered, kept -------->+
 *            |<--------------------------|     | answered, kept,                |
 *            |   SOCKET <-- upgraded ----|     | body not read                  |
 *            v     v closed, broken      |     |                                |
 *          FLUSH <-+ answered, not kept -+     v                                |
 *            | ^----------------------------- DISCARD --------------------------+
 *            |        too much to drop
 *            v sent; the client may be sending
 *          LINGER ---> CLOSED <--- from every state: gone, failed, timed out, closed by us
 *
 * The last answer is sent from FLUSH; in it and in LINGER what the client sends is dropped. Everything happens in
 * mf__connection_turn, which reads, calls the handler, writes and sets the timers; what a handler calls only marks the
 * connection, whose turn then comes before the loop waits again. So no handler is called from inside a call of its own.
 */
#ifndef MAYFLY_NET_CONNECTION_H
#define MAYFLY_NET_CONNECTION_H

#include <mayfly/net.h>

#include "server.h"

struct mf__tls;

enum mf__connection_state {
    MF__HANDSHAKE,
    MF__IDLE,
    MF__HEAD,
    MF__ACTIVE,
    MF__SOCKET,
    MF__DISCARD,
    MF__FLUSH,
    MF__LINGER,
    MF__CLOSED,
};

struct mf_exchange {
    struct mf_request request;
    _Alignas(void *) uint8_t mark[MF_EXCHANGE_MARK_BYTES];
    const struct mf_exchange_events *events; /* NULL: nobody listens. */
    void *user;
    const struct mf_exchange_tap *tap; /* Or NULL. */
    void *tap_user;
    bool is_whole;           /* All of the answer was given. */
    uint64_t body_bytes;     /* Of the request, that were told. */
    uint64_t body_bytes_max; /* 413 past it. */
    uint64_t began_ns;
    uint64_t bytes_out; /* Of the response's body. */
    int status;         /* 0 before it. */
    int64_t body_left;  /* FRAMING_LENGTH: what is still to be written. */
    enum mf_http_framing framing;
    bool is_live; /* The handler has it. */
    bool is_reading;
    bool is_paused;
    bool is_wiped; /* Its body, once it was handed over. */
    bool is_end_told;
    bool has_responded;
    bool wants_drain;
};

struct mf__connection {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    struct mf_list link;
    struct mf_list dirty_link;
    struct mf_server *server;
    struct mf__tls *tls; /* NULL: plain. */
    struct mf_http_parser *parser;
    struct mf_socket *socket; /* From SOCKET on; else NULL. */
    struct mf__timeout timeout_in;
    struct mf__timeout timeout_out;
    enum mf__connection_state state;
    int failed; /* Below 0: the peer cannot be written to; the next turn ends it. */
    bool is_unix;
    bool is_in_turn;
    bool is_dirty;
    bool is_reading;        /* libuv reads. */
    bool is_eof;            /* The client sends no more. */
    bool is_message_over;   /* The request of ACTIVE, DISCARD has arrived whole. */
    bool is_continue_owed;  /* The client waits for "100 Continue". */
    bool is_kept;           /* Goes on after this exchange. */
    bool has_progress;      /* A piece of the body, or of a message, came in this turn. */
    bool is_writing;        /* |flight| is libuv's. */
    bool needs_linger;      /* In FLUSH: the client may still be sending. */
    bool has_ended_tls;     /* close_notify was written. */
    uint64_t drop_bytes;    /* In DISCARD, FLUSH and LINGER. */
    size_t write_queue_was; /* When timeout_out was armed. */
    uint64_t sent_bytes;    /* The kernel took them. */
    uint64_t sent_was;      /* When timeout_in was armed. */
    struct mf_buf in;       /* Read, not parsed yet. */
    struct mf_buf out;      /* Written, not given to libuv yet; plain text with TLS too. */
    struct mf_buf flight;   /* What libuv writes. */
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct mf_exchange exchange;
};

/* ---- connection.c ---- */

/* Takes the connection that waits at |listener|. */
void mf__connection_accept(struct mf__listener *listener);
/* |bytes| came, or none: the turn is due for another reason. */
void mf__connection_turn(struct mf__connection *connection, struct mf_slice bytes);
/* The turn comes before the loop waits again. */
void mf__connection_mark(struct mf__connection *connection);
void mf__connection_move(struct mf__connection *connection, enum mf__connection_state state);
/* At once. An exchange under way is aborted with |error|. */
void mf__connection_close(struct mf__connection *connection, int error);
/* At once, without a word to anyone; with a reset where the end alone would look like success. */
void mf__connection_cut(struct mf__connection *connection, bool wants_reset);
/* Answers |error| if no answer has begun, aborts the exchange and closes behind it. */
void mf__connection_refuse(struct mf__connection *connection, int error);
/* The exchange was ended by its handler; the response is complete in |out|. */
void mf__connection_answered(struct mf__connection *connection);
void mf__connection_on_timeout(struct mf__timeout *timeout, enum mf__phase phase);

/* ---- input.c: the request's side ---- */

/* Parses what is there and calls the handler; the bytes that may be used up. */
size_t mf__input_process(struct mf__connection *connection, struct mf_slice bytes);

/* ---- exchange.c ---- */

void mf__exchange_begin(struct mf__connection *connection);
/* Frees what it holds; on_abort when |error| is below 0. */
void mf__exchange_finish(struct mf__connection *connection, int error);
/* The answer to a broken request, into |out|. */
void mf__exchange_refuse(struct mf__connection *connection, int error);

static inline struct mf__connection *mf__connection_of(const struct mf_exchange *exchange)
{
    return MF_CONTAINER_OF(exchange, struct mf__connection, exchange);
}

/* ---- socket.c: after an upgrade; handshake.c: before it ---- */

/* Takes frames and calls the owner. True: go on. */
bool mf__socket_step(struct mf__connection *connection, struct mf_slice *bytes);
/* What the turn owes: an answer to a ping, on_drain, on_draining. */
void mf__socket_settle(struct mf__connection *connection);
/* What is waited for; MF__PHASE_COUNT: nothing, or only the owner. */
enum mf__phase mf__socket_phase(const struct mf__connection *connection);
void mf__socket_on_timeout(struct mf__connection *connection, enum mf__phase phase);
/* on_close, unless it was called or the owner closed it. */
void mf__socket_finish(struct mf__connection *connection, int code);
void mf__socket_free(struct mf_socket *socket); /* NULL is fine. */
/* Is it a request for a WebSocket? Then the 101 is written into |out|. |protocol| may be NULL. */
MF_MUST_CHECK int
mf__handshake(const struct mf_http_request *request, const char *protocol, struct mf_buf *out);

/* ---- output.c: bytes to the client ---- */

size_t mf__output_queued(const struct mf__connection *connection);
/* Copies; sent at the end of the turn with what else there is. */
MF_MUST_CHECK int mf__output_append(struct mf__connection *connection, struct mf_slice bytes);
/* Large: sent from where it lies if that is possible, what is left is copied. At most 3 pieces. */
MF_MUST_CHECK int
mf__output_write(struct mf__connection *connection, const struct mf_slice *pieces, size_t count);
void mf__output_flush(struct mf__connection *connection);

/* ---- tls.c ---- */

MF_MUST_CHECK int mf__tls_context_open(const char *cert_path,
                                       const char *key_path,
                                       struct mf__tls_context **ret_context,
                                       char *ret_why);
void mf__tls_context_free(struct mf__tls_context *context);
MF_MUST_CHECK int mf__tls_open(struct mf__tls_context *context, struct mf__tls **ret_tls);
void mf__tls_free(struct mf__tls *tls);
/* Takes what came from the network. */
MF_MUST_CHECK int mf__tls_receive(struct mf__tls *tls, struct mf_slice cipher);
/* 1: done; 0: more is needed; below 0: failed, and an alert may be waiting. */
MF_MUST_CHECK int mf__tls_handshake(struct mf__tls *tls);
/* How many plain bytes; 0: none now; MF_E_CLOSED: the peer ended it in order; other errors. */
MF_MUST_CHECK int mf__tls_read(struct mf__tls *tls, uint8_t *plain, size_t size);
MF_MUST_CHECK int mf__tls_write(struct mf__tls *tls, struct mf_slice plain);
/* close_notify. */
void mf__tls_end(struct mf__tls *tls);
/* What is to be sent; valid until the next call. */
struct mf_slice mf__tls_peek_cipher(struct mf__tls *tls);
void mf__tls_drop_cipher(struct mf__tls *tls);

#endif
