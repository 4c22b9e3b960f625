/* mayfly/net.h - the HTTP/1.1 server: listeners (TCP, unix socket, TLS, inherited), connections, exchanges.
 *
 * Use:      mf_server_open, mf_server_listen for each address, mf_server_drain on SIGTERM, mf_server_close.
 *           Each request is one exchange: on_request -> read the body -> respond, write, end.
 *           One exchange at a time on a connection; a pipelined request begins when the one before it is answered.
 * Threads:  [loop] everything. A callback never comes from inside a call of these: what a call sets off comes later.
 *           The one exception is on_abort from inside mf_server_close.
 * Owns:     an exchange is the server's; it is valid from on_request until mf_exchange_end (or _reply, _destroy) was
 *           called or on_abort returned. No callback comes after that.
 * Limits:   MF_HTTP_*.
 * Fails:    malformed or late clients are answered (problem+json, the error's status) and closed inside the room.
 *           on_abort: MF_E_CANCELED, the client is gone; MF_E_HTTP_*, its body is malformed, too large or late (and was
 *           answered, if no answer had begun); MF_E_CLOSED, mf_server_close. A client that closed only its sending side
 *           is gone when nothing was sent to it for MF_HTTP_HALF_CLOSE_MS.
 *           SIGPIPE is ignored in the process from mf_server_open on.
 * Not here: routes, JSON (api). Bytes of HTTP: http.h.
 *
 * Sources: RFC 9110, RFC 9112.
 */
#ifndef MAYFLY_NET_H
#define MAYFLY_NET_H

#include <uv.h>

#include <mayfly/base.h>
#include <mayfly/http.h>

struct mf_server;
struct mf_exchange;

/* What is known when on_request is called; valid as long as the exchange. */
struct mf_request {
    struct mf_slice method;  /* "POST" */
    struct mf_slice target;  /* As it was sent: "/v1/run?x=1". */
    struct mf_slice path;    /* Up to "?"; not decoded. */
    struct mf_slice query;   /* Behind "?", or empty. */
    struct mf_slice headers; /* A header list (http.h), names in lower case. */
    bool has_body;
    int64_t body_bytes;      /* Content-Length, or -1 when chunked. */
    bool is_unix;            /* Came over a unix socket. */
    bool is_tls;
    struct mf_arena *arena;  /* Ends with the exchange. */
};

/* The value of a header, its first if there are several; data is NULL when absent. |name| in lower case. */
struct mf_slice mf_request_header(const struct mf_request *request, const char *name);

struct mf_exchange_events {
    /* A piece of the body, not before _read. The bytes are borrowed. */
    void (*on_body)(struct mf_exchange *exchange, void *user, struct mf_slice bytes);
    void (*on_body_end)(struct mf_exchange *exchange, void *user);
    /* After a write that answered "full": there is room again. */
    void (*on_drain)(struct mf_exchange *exchange, void *user);
    /* The client is gone or broke the protocol (|error|); the exchange ends with this call. */
    void (*on_abort)(struct mf_exchange *exchange, void *user, int error);
};

struct mf_server_options {
    void (*on_request)(void *user, struct mf_exchange *exchange);
    void *user; /* All numbers below are above 0, else MF_E_INVALID; but body_bytes_max. */
    uint64_t body_bytes_max;
    /* What a body to |path| (not decoded) may have instead; NULL: no path is different. */
    uint64_t (*body_bytes_max_of)(void *user, struct mf_slice path);
    uint32_t connections_max;
    uint32_t header_timeout_ms;
    uint32_t body_timeout_ms;
    uint32_t idle_timeout_ms;
    uint32_t write_timeout_ms;
};

MF_MUST_CHECK int
mf_server_open(uv_loop_t *loop, const struct mf_server_options *options, MF_OWN struct mf_server **ret_server);

struct mf_listen {
    const char *host;      /* TCP: an IP address; NULL for a unix socket or an inherited one. */
    uint16_t port;         /* 0: any; see *ret_port. */
    const char *unix_path; /* Or NULL. A stale socket is replaced; a live one is MF_E_EXISTS. */
    uint32_t unix_mode;    /* Permissions of the socket, 0 for 0600. */
    int inherited_fd;      /* Socket activation, or -1. */
    const char *tls_cert_path; /* PEM chain; NULL for plain. */
    const char *tls_key_path;  /* PEM. */
};

/* |ret_port| may be NULL. |ret_why| (MF_LOG_LINE_BYTES_MAX) has a sentence on error. */
MF_MUST_CHECK int
mf_server_listen(struct mf_server *server, const struct mf_listen *listen, uint16_t *ret_port, char *ret_why);
/* Once. Takes no new connection, closes idle ones, answers "Connection: close"; calls back when the last one is gone. */
void mf_server_drain(struct mf_server *server, void (*on_drained)(void *user), void *user);
/* Closes all at once (on_drained does not come any more); |on_closed| may be NULL. The server is freed before it is called. */
void mf_server_close(MF_OWN struct mf_server *server, void (*on_closed)(void *user), void *user);
uint32_t mf_server_connections(const struct mf_server *server);

const struct mf_request *mf_exchange_request(const struct mf_exchange *exchange);
/* Who is told from now on. Call it in on_request, before anything else. */
void mf_exchange_listen(struct mf_exchange *exchange, const struct mf_exchange_events *events, void *user);
/* Its body holds a secret: what was read of it is wiped as soon as it was handed over, and so is what nobody takes. Call it
 * in on_request. */
void mf_exchange_wipe_body(struct mf_exchange *exchange);
/* The body may come: |on_body| ... |on_body_end| (also at once when there is none). Sends 100 Continue if it was asked. */
void mf_exchange_read(struct mf_exchange *exchange);
/* Backpressure: no on_body until _resume; the client's TCP window does the rest. */
void mf_exchange_pause(struct mf_exchange *exchange);
void mf_exchange_resume(struct mf_exchange *exchange);

/* The response's head, once. |headers| is a header list without content-length, transfer-encoding, connection and date: those
 * are the server's. |body_bytes|: exact, or -1 for chunked (HTTP/1.0: until close). HEAD, 204 and 304 send no body. */
MF_MUST_CHECK int mf_exchange_respond(struct mf_exchange *exchange,
                                      int status,
                                      struct mf_slice headers,
                                      int64_t body_bytes);
/* Copies |bytes|, or sends them at once. *ret_full true: wait for on_drain. MF_E_TOO_LARGE: more than body_bytes, nothing of
 * it is sent. MF_E_CANCELED: the client is gone; on_abort comes, unless the exchange is ended before it. */
MF_MUST_CHECK int mf_exchange_write(struct mf_exchange *exchange, struct mf_slice bytes, bool *ret_full);
/* Done, after _respond; when less than body_bytes was written, the connection is cut. What is left of the request's body is
 * read and dropped up to a limit, or the connection is closed. */
void mf_exchange_end(struct mf_exchange *exchange);
/* Respond, write and end in one. A header or status that is not valid becomes a 500. */
void mf_exchange_reply(struct mf_exchange *exchange, int status, struct mf_slice headers, struct mf_slice body);
/* The response cannot be completed: the connection is cut, so that the client sees it. */
void mf_exchange_destroy(struct mf_exchange *exchange);

#endif
