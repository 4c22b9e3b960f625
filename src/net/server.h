/* server.h - what the files of this room share about a server and its listeners. */
#ifndef MAYFLY_NET_SERVER_H
#define MAYFLY_NET_SERVER_H

#include <mayfly/net.h>

#include "timeout.h"

struct mf__tls_context;

enum mf__server_state { MF__SERVER_OPEN, MF__SERVER_DRAINING, MF__SERVER_CLOSING };

struct mf_server {
    uv_loop_t *loop;
    struct mf_server_options options;
    enum mf__server_state state;
    struct mf_list connections;
    struct mf_list dirty;     /* Connections whose turn comes in this iteration of the loop. */
    struct mf_list listeners; /* Also those that are closing. */
    uint32_t connection_count;
    uint32_t listener_count;
    unsigned handles; /* Of the server's own that are not closed yet. */
    uv_idle_t turner; /* Runs while |dirty| has something; an idle handle also keeps poll from blocking. */
    struct mf__timeouts timeouts;
    struct mf_http_date date;
    void (*on_drained)(void *user);
    void *drained_user;
    void (*on_closed)(void *user);
    void *closed_user;
    uint8_t read_bytes[MF_HTTP_READ_BYTES_MAX];  /* One read at a time, so one for all. */
    uint8_t plain_bytes[MF_HTTP_READ_BYTES_MAX]; /* The same, decrypted. */
};

struct mf__listener {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    struct mf_list link;
    struct mf_server *server;
    struct mf__tls_context *tls; /* NULL: plain. */
    bool is_unix;
    bool is_waiting; /* A connection waits in libuv until there is a place for it. */
    bool is_closing;
    char *unix_path; /* Ours to unlink, if it is still the same file. */
    uint64_t unix_dev;
    uint64_t unix_ino;
};

/* There may be a place for one more connection. */
void mf__listener_resume(struct mf__listener *listener);
void mf__listener_close(struct mf__listener *listener);

/* Its turn comes before the loop waits again. */
void mf__server_mark(struct mf_server *server, struct mf_list *dirty_link);
/* A connection or a listener is gone. */
void mf__server_settle(struct mf_server *server);

#endif
