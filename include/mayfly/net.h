/* mayfly/net.h - the HTTP/1.1 server: listeners (TCP, unix socket, TLS, inherited), connections, exchanges, WebSockets.
 *
 * Use:      mf_server_open, mf_server_listen for each address, mf_server_drain on SIGTERM, mf_server_close.
 *           Each request is one exchange: on_request -> read the body -> respond, write, end.
 *           One exchange at a time on a connection; a pipelined request begins when the one before it is answered.
 *           An exchange may become a WebSocket: mf_exchange_upgrade -> on_message, mf_socket_send, mf_socket_close.
 * Threads:  [loop] everything. A callback never comes from inside a call of these: what a call sets off comes later.
 *           The one exception is on_abort or on_close from inside mf_server_close.
 * Owns:     an exchange is the server's; it is valid from on_request until mf_exchange_end (or _reply, _destroy) was
 *           called or on_abort returned. No callback comes after that.
 *           A WebSocket is the server's; it is valid from mf_exchange_upgrade until mf_socket_close was called or on_close
 *           returned.
 * Limits:   MF_HTTP_*, MF_WEBSOCKET_*.
 * Fails:    malformed or late clients are answered (problem+json, the error's status) and closed inside the room.
 *           on_abort: MF_E_CANCELED, the client is gone; MF_E_HTTP_*, its body is malformed, too large or late (and was
 *           answered, if no answer had begun); MF_E_CLOSED, mf_server_close. A client that closed only its sending side
 *           is gone when nothing was sent to it for MF_HTTP_HALF_CLOSE_MS.
 *           A WebSocket that breaks RFC 6455 gets a Close frame with the code for it, then on_close.
 *           SIGPIPE is ignored in the process from mf_server_open on.
 * Not here: routes, JSON (api). Bytes of HTTP: http.h; of WebSockets: websocket.h.
 *
 * Sources: RFC 9110, RFC 9112, RFC 6455.
 */
#ifndef MAYFLY_NET_H
#define MAYFLY_NET_H

#include <uv.h>

#include <mayfly/base.h>
#include <mayfly/http.h>

struct mf_server;
struct mf_exchange;
struct mf_socket;

/* What is known when on_request is called; valid as long as the exchange. */
struct mf_request {
    struct mf_slice method;  /* "POST" */
    struct mf_slice target;  /* As it was sent: "/v1/run?x=1". */
    struct mf_slice path;    /* Up to "?"; not decoded. */
    struct mf_slice query;   /* Behind "?", or empty. */
    struct mf_slice headers; /* A header list (http.h), names in lower case. */
    bool has_body;
    int64_t body_bytes; /* Content-Length, or -1 when chunked. */
    bool is_unix;       /* Came over a unix socket. */
    bool is_tls;
    struct mf_arena *arena; /* Ends with the exchange. */
};

/* The value of a header, its first if there are several; data is NULL when absent. |name| in lower case. */
struct mf_slice mf_request_header(const struct mf_request *request, const char *name);

/* NULL where a handler does not care: the body is dropped then. */
struct mf_exchange_events {
    /* A piece of the body, not before _read. The bytes are borrowed. */
    void (*on_body)(struct mf_exchange *exchange, void *user, struct mf_slice bytes);
    void (*on_body_end)(struct mf_exchange *exchange, void *user);
    /* After a write that answered "full": there is room again. */
    void (*on_drain)(struct mf_exchange *exchange, void *user);
    /* The client is gone or broke the protocol (|error|); the exchange ends with this call. */
    void (*on_abort)(struct mf_exchange *exchange, void *user, int error);
};

/* How an exchange ended. */
struct mf_exchange_over {
    int status;         /* 0: nothing was answered. */
    int error;          /* Below 0: the client went, or was cut off, before the end. */
    uint64_t bytes_out; /* Of the body. */
    uint64_t took_ns;
};

/* Listens in on an exchange, beside its handler. None may call a function of the exchange. */
struct mf_exchange_tap {
    void (*on_body)(void *user, struct mf_slice bytes);
    void (*on_body_end)(void *user); /* All of the request was read. */
    void (*on_head)(void *user, int status, struct mf_slice headers);
    void (*on_write)(void *user, struct mf_slice bytes);
    /* The last one, before on_abort. |is_whole|: the handler gave all of the answer, whether the client has it or not. */
    void (*on_over)(void *user, bool is_whole);
};

struct mf_server_options {
    void (*on_request)(void *user, struct mf_exchange *exchange);
    /* May be NULL. Its last event, for an access log: the request is still there; nothing may be done with it any more. */
    void (*on_over)(void *user, const struct mf_exchange *exchange, const struct mf_exchange_over *over);
    void *user; /* All numbers below are above 0, else MF_E_INVALID; but body_bytes_max. */
    uint64_t body_bytes_max;
    /* What a body to |path| (not decoded) may have instead; NULL: no path is different. */
    uint64_t (*body_bytes_max_of)(void *user, struct mf_slice path);
    uint32_t connections_max;
    uint32_t header_timeout_ms;
    uint32_t body_timeout_ms;
    uint32_t idle_timeout_ms;
    uint32_t write_timeout_ms;
    uint32_t socket_ping_ms; /* 0: MF_WEBSOCKET_PING_MS. */
};

MF_MUST_CHECK int mf_server_open(uv_loop_t *loop,
                                 const struct mf_server_options *options,
                                 MF_OWN struct mf_server **ret_server);

struct mf_listen {
    const char *host;          /* TCP: an IP address; NULL for a unix socket or an inherited one. */
    uint16_t port;             /* 0: any; see *ret_port. */
    const char *unix_path;     /* Or NULL. A stale socket is replaced; a live one is MF_E_EXISTS. */
    uint32_t unix_mode;        /* Permissions of the socket, 0 for 0600. */
    int inherited_fd;          /* Socket activation, or -1. */
    const char *tls_cert_path; /* PEM chain; NULL for plain. */
    const char *tls_key_path;  /* PEM. */
};

/* |ret_port| may be NULL. |ret_why| (MF_LOG_LINE_BYTES_MAX) has a sentence on error. */
MF_MUST_CHECK int
mf_server_listen(struct mf_server *server, const struct mf_listen *listen, uint16_t *ret_port, char *ret_why);
/* Takes the numbers of |options| in, for what begins from now on; deadlines that run already are brought forward if need be. */
void mf_server_configure(struct mf_server *server, const struct mf_server_options *options);

struct mf_server_tls {
    const char *cert_path; /* NULL: the listener is plain. */
    const char *key_path;
};

/* Reads certificates and keys anew: one row for each mf_server_listen, in their order. New connections get them; all of them or, on
 * error, none, and |ret_why| (MF_LOG_LINE_BYTES_MAX) has a sentence. */
MF_MUST_CHECK int
mf_server_renew_tls(struct mf_server *server, const struct mf_server_tls *files, size_t count, char *ret_why);
/* The same without a server: can it be used? */
MF_MUST_CHECK int mf_server_check_tls(const struct mf_server_tls *files, char *ret_why);
/* Once. Takes no new connection, closes those that have been idle for MF_HTTP_DRAIN_IDLE_MS (a request may be on its way on
 * the others), answers "Connection: close", tells WebSockets (on_draining); calls back when the last one is gone. */
void mf_server_drain(struct mf_server *server, void (*on_drained)(void *user), void *user);
/* Closes all at once (on_drained does not come any more); |on_closed| may be NULL. The server is freed before it is called. */
void mf_server_close(MF_OWN struct mf_server *server, void (*on_closed)(void *user), void *user);
uint32_t mf_server_connections(const struct mf_server *server);

const struct mf_request *mf_exchange_request(const struct mf_exchange *exchange);
/* MF_EXCHANGE_MARK_BYTES for whoever serves it, as aligned as a pointer; all zero at first, valid as long as the exchange. */
void *mf_exchange_mark(const struct mf_exchange *exchange);
/* Who is told from now on. Call it in on_request, before anything else. */
void mf_exchange_listen(struct mf_exchange *exchange, const struct mf_exchange_events *events, void *user);
/* Once, in on_request, before anything else. */
void mf_exchange_tap(struct mf_exchange *exchange, const struct mf_exchange_tap *tap, void *user);
/* The |user| of its tap; NULL: it has none. */
void *mf_exchange_tap_user(const struct mf_exchange *exchange);
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
MF_MUST_CHECK int
mf_exchange_respond(struct mf_exchange *exchange, int status, struct mf_slice headers, int64_t body_bytes);
/* Copies |bytes|, or sends them at once. *ret_full true: wait for on_drain. MF_E_TOO_LARGE: more than body_bytes, nothing of
 * it is sent. MF_E_CANCELED: the client is gone; on_abort comes, unless the exchange is ended before it. */
MF_MUST_CHECK int mf_exchange_write(struct mf_exchange *exchange, struct mf_slice bytes, bool *ret_full);
/* Done, after _respond; when less than body_bytes was written, the connection is cut. What is left of the request's body is
 * read and dropped up to a limit, or the connection is closed. */
void mf_exchange_end(struct mf_exchange *exchange);
/* Respond, write and end in one. A header or status that is not valid becomes a 500. */
void mf_exchange_reply(struct mf_exchange *exchange,
                       int status,
                       struct mf_slice headers,
                       struct mf_slice body);
/* The response cannot be completed: the connection is cut, so that the client sees it. */
void mf_exchange_destroy(struct mf_exchange *exchange);

/* ---- WebSockets ------------------------------------------------------------------------------ */

struct mf_socket_events {
    /* A whole message; the bytes are borrowed. Text is valid UTF-8. */
    void (*on_message)(struct mf_socket *socket, void *user, bool is_text, struct mf_slice bytes);
    /* After a send that answered "full": there is room again. */
    void (*on_drain)(struct mf_socket *socket, void *user);
    /* The server drains: finish what is under way and close with MF_WEBSOCKET_GOING_AWAY. NULL: it is closed at once. */
    void (*on_draining)(struct mf_socket *socket, void *user);
    /* It ends with this call. |code| (websocket.h): the client's, or MF_WEBSOCKET_NO_CODE, or MF_WEBSOCKET_LOST when it is
     * gone without a word; what we closed with when it broke the protocol or the server drains. */
    void (*on_close)(struct mf_socket *socket, void *user, int code);
};

struct mf_socket_options {
    const struct mf_socket_events *events;
    void *user;
    const char *protocol;     /* A subprotocol that the client asked for, which is spoken here; or NULL. */
    size_t message_bytes_max; /* A larger message closes it with MF_WEBSOCKET_TOO_BIG. */
    size_t
        queue_bytes_max; /* With more of what was sent waiting it is cut; at most half of MF_HTTP_QUEUE_BYTES_MAX. */
};

/* The exchange is over in any case: it became a WebSocket, or was answered with the error's problem (MF_E_WEBSOCKET_UPGRADE:
 * the client did not ask for one; _HANDSHAKE; MF_E_DRAINING). Origin and authority are the caller's to check before. */
MF_MUST_CHECK int mf_exchange_upgrade(struct mf_exchange *exchange,
                                      const struct mf_socket_options *options,
                                      struct mf_socket **ret_socket);
/* One message, copied or sent at once. *ret_full true: wait for on_drain. Any error: the client is gone, or is cut because more
 * waits than queue_bytes_max; on_close comes, unless the socket is closed before it. One message always fits behind nothing. */
MF_MUST_CHECK int
mf_socket_send(struct mf_socket *socket, bool is_text, struct mf_slice bytes, bool *ret_full);
/* Of what was sent, what waits for the client to take it. */
size_t mf_socket_queued(const struct mf_socket *socket);
/* Backpressure: no on_message until _resume, and pings are not answered either; TCP makes the client wait. */
void mf_socket_pause(struct mf_socket *socket);
void mf_socket_resume(struct mf_socket *socket);
/* Nothing of what waits is sent any more; on_close comes. */
void mf_socket_cut(struct mf_socket *socket);
/* Done: what was sent is delivered, then the Close frame; the client has MF_WEBSOCKET_CLOSE_MS for its own. |code| may be
 * sent, |reason| is UTF-8 and cut to 123 bytes. */
void mf_socket_close(struct mf_socket *socket, int code, const char *reason);

#endif
