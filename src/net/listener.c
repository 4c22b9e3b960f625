/* listener.c - addresses that take connections: TCP, unix sockets, sockets that somebody else opened. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "connection.h"
#include "server.h"

static int explain(char *ret_why, int error, const char *what, const char *where)
{
    snprintf(ret_why, MF_LOG_LINE_BYTES_MAX, "%s %s: %s", what, where, uv_strerror(error));
    return error;
}

static int explain_address(char *ret_why, int error, const char *what, const struct mf_listen *listen)
{
    bool is_v6 = strchr(listen->host, ':') != NULL;

    snprintf(ret_why, MF_LOG_LINE_BYTES_MAX, is_v6 ? "%s [%s]:%u: %s" : "%s %s:%u: %s", what, listen->host,
             (unsigned)listen->port, uv_strerror(error));
    return error;
}

/* ---- connections that wait ------------------------------------------------------------------- */

/* An idle connection makes place for a new one; without any the new one waits, and behind it the kernel's queue. */
static bool make_place(struct mf_server *server)
{
    if (server->connection_count < server->options.connections_max) {
        return true;
    }
    struct mf__timeout *oldest = mf__timeouts_oldest(&server->timeouts, MF__PHASE_IDLE);
    if (oldest != NULL) {
        mf__connection_close(MF_CONTAINER_OF(oldest, struct mf__connection, timeout_in), MF_E_OVERLOADED);
    }
    return false; /* When it is closed, mf__server_settle comes here again. */
}

void mf__listener_resume(struct mf__listener *listener)
{
    if (!listener->is_waiting || listener->is_closing || !make_place(listener->server)) {
        return;
    }
    listener->is_waiting = false;
    mf__connection_accept(listener);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct mf__listener *listener = MF_CONTAINER_OF(stream, struct mf__listener, uv.stream);

    if (status < 0) {
        /* EMFILE too: libuv has then dropped the connection with its spare descriptor. */
        mf_log(MF_LOG_WARN, status, NULL, "a connection could not be accepted");
        return;
    }
    listener->is_waiting = true;
    mf__listener_resume(listener);
}

/* ---- closing --------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    struct mf__listener *listener = MF_CONTAINER_OF(handle, struct mf__listener, uv.handle);
    struct mf_server *server = listener->server;

    mf_list_remove(&listener->link);
    server->listener_count--;
    mf__tls_context_free(listener->tls);
    mf_free(listener->unix_path);
    mf_free(listener);
    mf__server_settle(server);
}

/* Another daemon may have put its own socket there. */
static void unlink_own(const struct mf__listener *listener)
{
    struct stat now;

    if (listener->unix_path != NULL && lstat(listener->unix_path, &now) == 0 &&
        (uint64_t)now.st_dev == listener->unix_dev && (uint64_t)now.st_ino == listener->unix_ino) {
        unlink(listener->unix_path);
    }
}

void mf__listener_close(struct mf__listener *listener)
{
    if (listener->is_closing) {
        return;
    }
    listener->is_closing = true;
    unlink_own(listener);
    uv_close(&listener->uv.handle, on_closed);
}

/* ---- opening: TCP ----------------------------------------------------------------------------- */

static int open_tcp(struct mf__listener *listener, const struct mf_listen *listen, char *ret_why)
{
    struct sockaddr_storage address = {0};
    int error = uv_ip4_addr(listen->host, listen->port, (struct sockaddr_in *)&address);

    if (error < 0) {
        error = uv_ip6_addr(listen->host, listen->port, (struct sockaddr_in6 *)&address);
    }
    if (error < 0) {
        return explain(ret_why, error, "no IP address:", listen->host);
    }
    error = uv_tcp_bind(&listener->uv.tcp, (const struct sockaddr *)&address, 0);
    return error < 0 ? explain_address(ret_why, error, "cannot bind", listen) : 0;
}

static void read_port(const struct mf__listener *listener, uint16_t *ret_port)
{
    struct sockaddr_storage address = {0};
    int size = sizeof(address);

    if (ret_port == NULL || listener->is_unix ||
        uv_tcp_getsockname(&listener->uv.tcp, (struct sockaddr *)&address, &size) < 0) {
        return;
    }
    if (address.ss_family == AF_INET6) {
        *ret_port = ntohs(((const struct sockaddr_in6 *)&address)->sin6_port);
    } else {
        *ret_port = ntohs(((const struct sockaddr_in *)&address)->sin_port);
    }
}

/* ---- opening: unix socket --------------------------------------------------------------------- */

/* What a daemon left behind when it was killed refuses connections; it may be removed. A live one may not. */
static int remove_stale(const struct sockaddr_un *address, char *ret_why)
{
    const char *path = address->sun_path;
    struct stat found;

    if (lstat(path, &found) < 0) {
        return errno == ENOENT ? 0 : explain(ret_why, -errno, "cannot look at", path);
    }
    if (!S_ISSOCK(found.st_mode)) {
        snprintf(ret_why, MF_LOG_LINE_BYTES_MAX, "%s exists and is no socket", path);
        return MF_E_EXISTS;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return explain(ret_why, -errno, "cannot open a socket for", path);
    }
    int result = connect(fd, (const struct sockaddr *)address, sizeof(*address));
    int error = result < 0 ? errno : 0;
    close(fd);
    if (error == ECONNREFUSED) {
        return unlink(path) == 0 || errno == ENOENT ? 0 : explain(ret_why, -errno, "cannot remove", path);
    }
    snprintf(ret_why, MF_LOG_LINE_BYTES_MAX, "another process listens on %s", path);
    return MF_E_EXISTS;
}

/* The socket is born with its permissions: Linux takes them from the descriptor, so there is no moment in which others may
 * connect. chmod afterwards adds what the umask took. */
static int bind_unix(int fd, const struct sockaddr_un *address, uint32_t mode, char *ret_why)
{
    if (fchmod(fd, mode) < 0 || bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
        return explain(ret_why, -errno, "cannot bind", address->sun_path);
    }
    return chmod(address->sun_path, mode) < 0 ? explain(ret_why, -errno, "cannot chmod", address->sun_path)
                                              : 0;
}

static int open_unix(struct mf__listener *listener, const struct mf_listen *listen, char *ret_why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat made;

    if (strlen(listen->unix_path) >= sizeof(address.sun_path)) {
        return explain(ret_why, UV_ENAMETOOLONG, "cannot bind", listen->unix_path);
    }
    memcpy(address.sun_path, listen->unix_path, strlen(listen->unix_path) + 1);
    int error = remove_stale(&address, ret_why);
    if (error < 0) {
        return error;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return explain(ret_why, -errno, "cannot open a socket for", listen->unix_path);
    }
    error = bind_unix(fd, &address, listen->unix_mode != 0 ? listen->unix_mode : 0600, ret_why);
    if (error >= 0) {
        error = uv_pipe_open(&listener->uv.pipe, fd);
    }
    if (error < 0) {
        close(fd);
        return error;
    }
    if (lstat(listen->unix_path, &made) == 0) {
        listener->unix_path = mf_new(strlen(listen->unix_path) + 1);
        memcpy(listener->unix_path, listen->unix_path, strlen(listen->unix_path));
        listener->unix_dev = (uint64_t)made.st_dev;
        listener->unix_ino = (uint64_t)made.st_ino;
    }
    return 0;
}

/* ---- opening: inherited ----------------------------------------------------------------------- */

static int open_inherited(struct mf__listener *listener, const struct mf_listen *listen, char *ret_why)
{
    int error = listener->is_unix ? uv_pipe_open(&listener->uv.pipe, listen->inherited_fd)
                                  : uv_tcp_open(&listener->uv.tcp, listen->inherited_fd);
    return error < 0 ? explain(ret_why, error, "cannot use", "the inherited socket") : 0;
}

/* AF_UNIX or AF_INET, AF_INET6 of a listening stream socket; below zero: it is none. */
static int inherited_family(int fd, char *ret_why)
{
    int is_listening = 0;
    int type = 0;
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(is_listening);
    socklen_t type_size = sizeof(type);
    socklen_t address_size = sizeof(address);

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &address_size) < 0) {
        return explain(ret_why, -errno, "cannot use", "the inherited descriptor");
    }
    if (!is_listening || type != SOCK_STREAM) {
        snprintf(ret_why, MF_LOG_LINE_BYTES_MAX, "the inherited descriptor %d is no listening stream socket",
                 fd);
        return MF_E_INVALID;
    }
    return address.ss_family;
}

/* ---- opening ---------------------------------------------------------------------------------- */

static int listener_init(struct mf__listener *listener, const struct mf_listen *listen, char *ret_why)
{
    uv_loop_t *loop = listener->server->loop;

    listener->is_unix = listen->unix_path != NULL;
    if (listen->inherited_fd >= 0) {
        int family = inherited_family(listen->inherited_fd, ret_why);
        if (family < 0) {
            return family;
        }
        listener->is_unix = family == AF_UNIX;
    }
    int error =
        listener->is_unix ? uv_pipe_init(loop, &listener->uv.pipe, 0) : uv_tcp_init(loop, &listener->uv.tcp);
    return error < 0 ? explain(ret_why, error, "cannot open", "a socket") : 0;
}

static int listener_start(struct mf__listener *listener, const struct mf_listen *listen, char *ret_why)
{
    int error;

    if (listen->inherited_fd >= 0) {
        error = open_inherited(listener, listen, ret_why);
    } else if (listener->is_unix) {
        error = open_unix(listener, listen, ret_why);
    } else {
        error = open_tcp(listener, listen, ret_why);
    }
    if (error >= 0) {
        error = uv_listen(&listener->uv.stream, MF_HTTP_BACKLOG, on_connection);
        if (error < 0 && listen->host == NULL) {
            return explain(ret_why, error, "cannot listen on", "the socket");
        }
        if (error < 0) {
            return explain_address(ret_why, error, "cannot listen on", listen);
        }
    }
    return error;
}

int mf_server_listen(struct mf_server *server,
                     const struct mf_listen *listen,
                     uint16_t *ret_port,
                     char *ret_why)
{
    struct mf__tls_context *tls = NULL;

    if (server->state != MF__SERVER_OPEN || server->listener_count >= MF_HTTP_LISTENERS_MAX ||
        (listen->inherited_fd < 0 && listen->unix_path == NULL && listen->host == NULL)) {
        snprintf(ret_why, MF_LOG_LINE_BYTES_MAX, "there is no address, or there are too many");
        return MF_E_INVALID;
    }
    if (listen->tls_cert_path != NULL || listen->tls_key_path != NULL) {
        int error = mf__tls_context_open(listen->tls_cert_path, listen->tls_key_path, &tls, ret_why);
        if (error < 0) {
            return error;
        }
    }
    struct mf__listener *listener = mf_new(sizeof(*listener));
    listener->server = server;
    listener->tls = tls;
    int error = listener_init(listener, listen, ret_why);
    if (error < 0) {
        mf__tls_context_free(tls);
        mf_free(listener);
        return error;
    }
    mf_list_push_back(&server->listeners, &listener->link); /* In their order: mf_server_renew_tls. */
    server->listener_count++;
    error = listener_start(listener, listen, ret_why);
    if (error < 0) {
        mf__listener_close(listener);
        return error;
    }
    read_port(listener, ret_port);
    return 0;
}
