#include "server.h"

#include <signal.h>
#include <stdio.h>

#include "connection.h"

/* There may be places for connections that wait. */
static void resume_listeners(struct mf_server *server)
{
    MF_LIST_FOR_EACH(item, &server->listeners)
    {
        if (server->connection_count >= server->options.connections_max) {
            return;
        }
        mf__listener_resume(MF_CONTAINER_OF(item, struct mf__listener, link));
    }
}

static void on_due(struct mf__timeout *timeout, enum mf__phase phase)
{
    mf__connection_on_timeout(timeout, phase);
}

/* Each marked connection once; what is marked meanwhile comes in the next iteration, so that none starves the others. */
static void take_turns(uv_idle_t *idle)
{
    struct mf_server *server = MF_CONTAINER_OF(idle, struct mf_server, turner);
    struct mf_list now;
    struct mf_list *item;

    mf_list_init(&now);
    while ((item = mf_list_pop_front(&server->dirty)) != NULL) {
        mf_list_push_back(&now, item);
    }
    while ((item = mf_list_pop_front(&now)) != NULL) {
        mf__connection_turn(MF_CONTAINER_OF(item, struct mf__connection, dirty_link), mf_slice_of(NULL, 0));
    }
    if (mf_list_is_empty(&server->dirty) && server->state != MF__SERVER_CLOSING) {
        mf_ignore(uv_idle_stop(idle)); /* It cannot fail. */
    }
    mf__server_settle(server);
}

void mf__server_mark(struct mf_server *server, struct mf_list *dirty_link)
{
    if (mf_list_is_empty(&server->dirty) && server->state != MF__SERVER_CLOSING) {
        mf_ignore(uv_idle_start(&server->turner, take_turns)); /* It cannot fail. */
    }
    mf_list_push_back(&server->dirty, dirty_link);
}

void mf_server_configure(struct mf_server *server, const struct mf_server_options *options)
{
    server->options.body_bytes_max = options->body_bytes_max;
    server->options.connections_max = options->connections_max;
    if (server->state != MF__SERVER_OPEN) {
        return; /* What drains has its own deadlines. */
    }
    mf__timeouts_change(&server->timeouts, MF__PHASE_IDLE, options->idle_timeout_ms);
    mf__timeouts_change(&server->timeouts, MF__PHASE_HEAD, options->header_timeout_ms);
    mf__timeouts_change(&server->timeouts, MF__PHASE_BODY, options->body_timeout_ms);
    mf__timeouts_change(&server->timeouts, MF__PHASE_MESSAGE, options->body_timeout_ms);
    mf__timeouts_change(&server->timeouts, MF__PHASE_WRITE, options->write_timeout_ms);
    resume_listeners(server);
}

int mf_server_open(uv_loop_t *loop, const struct mf_server_options *options, struct mf_server **ret_server)
{
    if (options->on_request == NULL || options->connections_max == 0 || options->header_timeout_ms == 0 ||
        options->body_timeout_ms == 0 || options->idle_timeout_ms == 0 || options->write_timeout_ms == 0) {
        return MF_E_INVALID;
    }
    struct mf_server *server = mf_new(sizeof(*server));
    server->loop = loop;
    server->options = *options;
    mf_list_init(&server->connections);
    mf_list_init(&server->dirty);
    mf_list_init(&server->listeners);
    mf_ignore(uv_idle_init(loop, &server->turner)); /* It cannot fail. */
    mf__timeouts_open(&server->timeouts, loop, on_due);
    server->timeouts.ms[MF__PHASE_TLS] = MF_HTTP_TLS_TIMEOUT_MS;
    server->timeouts.ms[MF__PHASE_IDLE] = options->idle_timeout_ms;
    server->timeouts.ms[MF__PHASE_HEAD] = options->header_timeout_ms;
    server->timeouts.ms[MF__PHASE_BODY] = options->body_timeout_ms;
    server->timeouts.ms[MF__PHASE_HALF_CLOSE] = MF_HTTP_HALF_CLOSE_MS;
    server->timeouts.ms[MF__PHASE_LINGER] = MF_HTTP_LINGER_MS;
    server->timeouts.ms[MF__PHASE_PING] =
        options->socket_ping_ms > 0 ? options->socket_ping_ms : MF_WEBSOCKET_PING_MS;
    server->timeouts.ms[MF__PHASE_PONG] = server->timeouts.ms[MF__PHASE_PING];
    server->timeouts.ms[MF__PHASE_MESSAGE] = options->body_timeout_ms;
    server->timeouts.ms[MF__PHASE_CLOSE] = MF_WEBSOCKET_CLOSE_MS;
    server->timeouts.ms[MF__PHASE_WRITE] = options->write_timeout_ms;
    server->handles = 2;
    /* libuv writes with write(2): a client that is gone must be an error, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    *ret_server = server;
    return 0;
}

int mf_server_check_tls(const struct mf_server_tls *files, char *ret_why)
{
    struct mf__tls_context *context = NULL;
    int error = mf__tls_context_open(files->cert_path, files->key_path, &context, ret_why);

    mf__tls_context_free(context);
    return error;
}

/* New contexts for the rows that have files; the others stay NULL. */
static int open_contexts(const struct mf_server_tls *files,
                         size_t count,
                         struct mf__tls_context **ret_contexts,
                         char *ret_why)
{
    for (size_t i = 0; i < count; i++) {
        int error = files[i].cert_path == NULL ? 0
                                               : mf__tls_context_open(files[i].cert_path, files[i].key_path,
                                                                      &ret_contexts[i], ret_why);
        if (error < 0) {
            return error;
        }
    }
    return 0;
}

/* Connections that are there keep the context that they began with: OpenSSL counts its references. */
int mf_server_renew_tls(struct mf_server *server,
                        const struct mf_server_tls *files,
                        size_t count,
                        char *ret_why)
{
    struct mf__tls_context *contexts[MF_HTTP_LISTENERS_MAX] = {NULL};
    size_t at = 0;

    if (server->state != MF__SERVER_OPEN || count != server->listener_count) {
        (void)snprintf(ret_why, MF_LOG_LINE_BYTES_MAX, "there are other listeners now");
        return MF_E_INVALID;
    }
    int error = open_contexts(files, count, contexts, ret_why);
    MF_LIST_FOR_EACH(item, &server->listeners)
    {
        struct mf__listener *listener = MF_CONTAINER_OF(item, struct mf__listener, link);
        if (error == 0 && listener->tls != NULL && contexts[at] != NULL) {
            struct mf__tls_context *before = listener->tls;
            listener->tls = contexts[at];
            contexts[at] = before;
        }
        mf__tls_context_free(contexts[at++]);
    }
    return error;
}

static void close_listeners(struct mf_server *server)
{
    MF_LIST_FOR_EACH(item, &server->listeners)
    {
        mf__listener_close(MF_CONTAINER_OF(item, struct mf__listener, link));
    }
}

void mf_server_drain(struct mf_server *server, void (*on_drained)(void *user), void *user)
{
    MF_ASSERT(server->state == MF__SERVER_OPEN);
    server->state = MF__SERVER_DRAINING;
    server->on_drained = on_drained;
    server->drained_user = user;
    close_listeners(server);
    MF_LIST_FOR_EACH(item, &server->connections)
    {
        struct mf__connection *connection = MF_CONTAINER_OF(item, struct mf__connection, link);
        if (connection->state == MF__SOCKET) {
            mf__connection_mark(connection); /* Its turn tells it. */
        }
    }
    /* A request may be on its way to us on a connection that was just opened or used; one more is answered on it. */
    mf__timeouts_shorten(&server->timeouts, MF__PHASE_IDLE, MF_HTTP_DRAIN_IDLE_MS);
    mf_ignore(uv_idle_start(&server->turner, take_turns)); /* Settles, even if there was nothing to close. */
}

static void own_handle_closed(uv_handle_t *handle)
{
    struct mf_server *server = handle->data;

    server->handles--;
    mf__server_settle(server);
}

void mf_server_close(struct mf_server *server, void (*on_closed)(void *user), void *user)
{
    MF_ASSERT(server->state != MF__SERVER_CLOSING);
    server->state = MF__SERVER_CLOSING;
    server->on_drained = NULL;
    server->on_closed = on_closed;
    server->closed_user = user;
    close_listeners(server);
    MF_LIST_FOR_EACH(item, &server->connections)
    {
        mf__connection_close(MF_CONTAINER_OF(item, struct mf__connection, link), MF_E_CLOSED);
    }
    server->turner.data = server;
    server->timeouts.timer.data = server;
    uv_close((uv_handle_t *)&server->turner, own_handle_closed);
    mf__timeouts_close(&server->timeouts, own_handle_closed);
}

uint32_t mf_server_connections(const struct mf_server *server)
{
    return server->connection_count;
}

void mf__server_settle(struct mf_server *server)
{
    bool is_empty = server->connection_count == 0 && server->listener_count == 0;
    void (*callback)(void *user) = NULL;
    void *user = NULL;

    switch (server->state) {
    case MF__SERVER_OPEN:
        resume_listeners(server);
        break;
    case MF__SERVER_DRAINING:
        if (is_empty && server->on_drained != NULL) {
            callback = server->on_drained;
            user = server->drained_user;
            server->on_drained = NULL;
        }
        break;
    case MF__SERVER_CLOSING:
        if (is_empty && server->handles == 0) {
            callback = server->on_closed;
            user = server->closed_user;
            mf_free(server);
        }
        break;
    }
    if (callback != NULL) {
        callback(user);
    }
}
