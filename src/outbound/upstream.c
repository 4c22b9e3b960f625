#include "upstream.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "transfer.h"

/* One descriptor that libcurl wants to be told about. */
struct poll {
    uv_poll_t handle;
    struct mf__partition *partition;
    curl_socket_t fd;
};

/* One that a partition has open. */
struct socket_item {
    struct mf_list link;
    int fd;
    uint16_t local_port; /* 0: not known yet. */
};

static void handle_closed(struct mf__upstreams *upstreams)
{
    void (*on_closed)(void *user) = upstreams->on_closed;
    void *user = upstreams->user;

    if (--upstreams->handles > 0 || !upstreams->is_closing) {
        return;
    }
    X509_STORE_free(upstreams->trusted);
    mf_free(upstreams);
    curl_global_cleanup();
    if (on_closed != NULL) {
        on_closed(user);
    }
}

/* ---- what libcurl has to say ------------------------------------------------------------------- */

static void read_messages(struct mf__partition *partition)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(partition->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            struct mf__transfer *transfer = NULL;
            CURLcode code = message->data.result;
            (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
            mf__transfer_finished(transfer, code);
        }
    }
}

static void act(struct mf__partition *partition, curl_socket_t fd, int events)
{
    int running;
    CURLMcode code = curl_multi_socket_action(partition->multi, fd, events, &running);

    MF_ASSERT(code == CURLM_OK || code == CURLM_OUT_OF_MEMORY || code == CURLM_BAD_SOCKET);
    read_messages(partition);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct poll *poll = MF_CONTAINER_OF(handle, struct poll, handle);
    int flags = 0;

    if (status < 0) {
        flags = CURL_CSELECT_ERR;
    }
    if (events & UV_READABLE) {
        flags |= CURL_CSELECT_IN;
    }
    if (events & UV_WRITABLE) {
        flags |= CURL_CSELECT_OUT;
    }
    act(poll->partition, poll->fd, flags);
}

static void poll_closed(uv_handle_t *handle)
{
    struct poll *poll = MF_CONTAINER_OF((uv_poll_t *)handle, struct poll, handle);
    struct mf__upstreams *upstreams = handle->data;

    mf_free(poll);
    handle_closed(upstreams);
}

static int watch(struct mf__partition *partition, curl_socket_t fd, int what, struct poll *poll)
{
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);

    if (poll == NULL) {
        poll = mf_try_alloc(sizeof *poll);
        if (poll == NULL || uv_poll_init_socket(partition->upstreams->loop, &poll->handle, fd) < 0) {
            mf_free(poll);
            return -1;
        }
        poll->partition = partition;
        poll->fd = fd;
        poll->handle.data = partition->upstreams;
        partition->upstreams->handles++;
        (void)curl_multi_assign(partition->multi, fd, poll);
    }
    return uv_poll_start(&poll->handle, events, on_poll) < 0 ? -1 : 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *of_socket)
{
    struct mf__partition *partition = user;
    struct poll *poll = of_socket;
    struct mf__transfer *transfer = NULL;

    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
    if (transfer != NULL && (what & CURL_POLL_IN) == 0) {
        mf__transfer_unread(transfer);
    }
    if (what != CURL_POLL_REMOVE) {
        return watch(partition, fd, what, poll);
    }
    if (poll != NULL) {
        (void)curl_multi_assign(partition->multi, fd, NULL);
        (void)uv_poll_stop(&poll->handle); /* Now: the descriptor is closed next. */
        uv_close((uv_handle_t *)&poll->handle, poll_closed);
    }
    return 0;
}

static void timer_due(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long delay_ms, void *user)
{
    struct mf__partition *partition = user;

    (void)multi;
    if (partition->is_closing) {
        return 0;
    }
    if (delay_ms < 0) {
        (void)uv_timer_stop(&partition->timer);
    } else {
        (void)uv_timer_start(&partition->timer, timer_due, (uint64_t)delay_ms, 0);
    }
    return 0;
}

/* ---- sockets ------------------------------------------------------------------------------------- */

bool mf__partition_opened(struct mf__partition *partition, int fd)
{
    struct socket_item *item = mf_try_alloc(sizeof *item);

    if (item == NULL) {
        return false;
    }
    item->fd = fd;
    mf_list_push_front(&partition->sockets, &item->link);
    partition->upstreams->sockets++;
    return true;
}

void mf__partition_closed(struct mf__partition *partition, int fd)
{
    MF_LIST_FOR_EACH(link, &partition->sockets)
    {
        struct socket_item *item = MF_CONTAINER_OF(link, struct socket_item, link);
        if (item->fd == fd) {
            mf_list_remove(link);
            mf_free(item);
            partition->upstreams->sockets--;
            return;
        }
    }
    MF_ASSERT(false); /* A socket that nobody opened. */
}

static uint16_t port_of(const struct sockaddr_storage *address)
{
    return ntohs(address->ss_family == AF_INET6
                     ? ((const struct sockaddr_in6 *)(const void *)address)->sin6_port
                     : ((const struct sockaddr_in *)(const void *)address)->sin_port);
}

static uint16_t local_port_of(int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof address;

    return getsockname(fd, (struct sockaddr *)&address, &size) < 0 ? 0 : port_of(&address);
}

static bool is_peer(int fd, const char *peer, uint16_t peer_port, struct sockaddr_storage *ret_peer)
{
    socklen_t size = sizeof *ret_peer;
    char text[64] = "";

    if (getpeername(fd, (struct sockaddr *)ret_peer, &size) < 0 || port_of(ret_peer) != peer_port) {
        return false;
    }
    return uv_ip_name((const struct sockaddr *)ret_peer, text, sizeof text) == 0 && strcmp(text, peer) == 0;
}

bool mf__partition_peer(struct mf__partition *partition,
                        uint16_t local_port,
                        const char *peer,
                        uint16_t peer_port,
                        struct sockaddr_storage *ret_peer)
{
    MF_LIST_FOR_EACH(link, &partition->sockets)
    {
        struct socket_item *item = MF_CONTAINER_OF(link, struct socket_item, link);
        if (item->local_port == 0) {
            item->local_port = local_port_of(item->fd);
        }
        /* Two connections to different peers may share a local port. */
        if (item->local_port == local_port && local_port != 0 &&
            is_peer(item->fd, peer, peer_port, ret_peer)) {
            return true;
        }
    }
    return false;
}

/* ---- partitions ---------------------------------------------------------------------------------- */

static void partition_closed(uv_handle_t *handle)
{
    struct mf__partition *partition = handle->data;
    struct mf__upstreams *upstreams = partition->upstreams;

    mf_buf_done(&partition->name);
    mf_free(partition);
    handle_closed(upstreams);
}

/* Its waiting connections are closed with it. */
static void close_partition(struct mf__partition *partition)
{
    MF_ASSERT(partition->transfers == 0);
    mf_list_remove(&partition->link);
    partition->upstreams->partitions_count--;
    partition->is_closing = true;
    (void)curl_multi_cleanup(partition->multi);
    partition->multi = NULL;
    uv_close((uv_handle_t *)&partition->timer, partition_closed);
}

static struct mf__partition *oldest_idle(struct mf__upstreams *upstreams)
{
    MF_LIST_FOR_EACH(link, &upstreams->partitions)
    {
        struct mf__partition *partition = MF_CONTAINER_OF(link, struct mf__partition, link);
        if (partition->transfers == 0) {
            return partition;
        }
    }
    return NULL;
}

/* Partitions that nobody has used for the longest time go, until both numbers are in bounds or all are in use. */
static void trim(struct mf__upstreams *upstreams, size_t partitions_max)
{
    struct mf__partition *idle;

    while ((upstreams->partitions_count > partitions_max ||
            upstreams->sockets > upstreams->transfers + MF_UPSTREAM_IDLE_CONNECTIONS_MAX) &&
           (idle = oldest_idle(upstreams)) != NULL) {
        close_partition(idle);
    }
}

static struct mf__partition *find(struct mf__upstreams *upstreams, struct mf_slice name, uint64_t hash)
{
    MF_LIST_FOR_EACH(link, &upstreams->partitions)
    {
        struct mf__partition *partition = MF_CONTAINER_OF(link, struct mf__partition, link);
        if (partition->hash == hash && mf_slice_equal(mf_buf_peek(&partition->name), name)) {
            return partition;
        }
    }
    return NULL;
}

static bool set_up(struct mf__partition *partition)
{
    CURLM *multi = partition->multi;

    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, partition) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_TIMERDATA, partition) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)MF_UPSTREAM_PARTITION_CONNECTIONS_MAX) ==
               CURLM_OK;
}

static struct mf__partition *make(struct mf__upstreams *upstreams, struct mf_slice name, uint64_t hash)
{
    struct mf__partition *partition = mf_try_alloc(sizeof *partition);
    CURLM *multi = partition == NULL ? NULL : curl_multi_init();

    if (multi == NULL) {
        mf_free(partition);
        return NULL;
    }
    partition->upstreams = upstreams;
    partition->hash = hash;
    partition->multi = multi;
    mf_list_init(&partition->sockets);
    mf_buf_init(&partition->name, name.size + 1);
    if (mf_buf_append_slice(&partition->name, name) < 0 || !set_up(partition)) {
        (void)curl_multi_cleanup(multi);
        mf_buf_done(&partition->name);
        mf_free(partition);
        return NULL;
    }
    (void)uv_timer_init(upstreams->loop, &partition->timer);
    partition->timer.data = partition;
    upstreams->handles++;
    upstreams->partitions_count++;
    mf_list_push_back(&upstreams->partitions, &partition->link);
    return partition;
}

struct mf__partition *mf__upstreams_partition(struct mf__upstreams *upstreams, struct mf_slice name)
{
    uint64_t hash = mf_hash(name);
    struct mf__partition *partition = find(upstreams, name, hash);

    if (partition == NULL) {
        trim(upstreams, MF_UPSTREAM_PARTITIONS_MAX - 1);
        partition = make(upstreams, name, hash);
    }
    return partition;
}

void mf__partition_enter(struct mf__partition *partition)
{
    struct mf_list *link = &partition->link;

    partition->transfers++;
    partition->upstreams->transfers++;
    mf_list_remove(link);
    mf_list_push_back(&partition->upstreams->partitions, link);
}

void mf__partition_leave(struct mf__partition *partition)
{
    struct mf__upstreams *upstreams = partition->upstreams;

    partition->transfers--;
    upstreams->transfers--;
    trim(upstreams, MF_UPSTREAM_PARTITIONS_MAX);
}

/* ---- all of them ---------------------------------------------------------------------------------- */

static void turn_due(uv_timer_t *timer)
{
    struct mf__upstreams *upstreams = timer->data;
    struct mf_list now;
    struct mf_list *due;

    /* Those of now: what is scheduled meanwhile waits for the next one, so that others get their turn. */
    mf_list_init(&now);
    while ((due = mf_list_pop_front(&upstreams->due)) != NULL) {
        mf_list_push_back(&now, due);
    }
    while ((due = mf_list_pop_front(&now)) != NULL) {
        mf__transfer_turn(mf__transfer_of_due(due));
    }
}

void mf__upstreams_schedule(struct mf__upstreams *upstreams)
{
    if (!uv_is_active((uv_handle_t *)&upstreams->turn)) {
        int rc = uv_timer_start(&upstreams->turn, turn_due, 0, 0);
        MF_ASSERT(rc == 0); /* Fails only while the handle closes, and then there are no transfers. */
    }
}

static int trust(X509_STORE *store, const char *path, char *ret_why)
{
    if (X509_STORE_set_default_paths(store) != 1) {
        (void)snprintf(ret_why, MF_UPSTREAM_WHY_BYTES_MAX,
                       "the system's certificate authorities cannot be loaded");
        return MF_E_CONFIG;
    }
    if (path != NULL && X509_STORE_load_file(store, path) != 1) {
        char text[128];
        ERR_error_string_n(ERR_get_error(), text, sizeof text);
        (void)snprintf(ret_why, MF_UPSTREAM_WHY_BYTES_MAX, "/outbound/caFile: %s: %s", path, text);
        ERR_clear_error();
        return MF_E_CONFIG;
    }
    ERR_clear_error();
    return 0;
}

int mf__upstreams_open(uv_loop_t *loop,
                       const char *ca_path,
                       MF_OWN struct mf__upstreams **ret_upstreams,
                       char *ret_why)
{
    struct mf__upstreams *upstreams = mf_new(sizeof *upstreams);
    int rc = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : MF_E_INTERNAL;

    MF_ASSERT(rc == 0); /* No memory at the very start. */
    upstreams->trusted = X509_STORE_new();
    MF_ASSERT(upstreams->trusted != NULL);
    rc = trust(upstreams->trusted, ca_path, ret_why);
    if (rc < 0) {
        X509_STORE_free(upstreams->trusted);
        mf_free(upstreams);
        curl_global_cleanup();
        return rc;
    }
    upstreams->loop = loop;
    mf_list_init(&upstreams->partitions);
    mf_list_init(&upstreams->due);
    (void)uv_timer_init(loop, &upstreams->turn);
    upstreams->turn.data = upstreams;
    upstreams->handles = 1;
    *ret_upstreams = upstreams;
    return 0;
}

static void turn_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

void mf__upstreams_close(MF_OWN struct mf__upstreams *upstreams, void (*on_closed)(void *user), void *user)
{
    struct mf_list *due;

    /* Canceled ones are only to be taken down. */
    while ((due = mf_list_pop_front(&upstreams->due)) != NULL) {
        mf__transfer_turn(mf__transfer_of_due(due));
    }
    MF_ASSERT(upstreams->transfers == 0);
    upstreams->is_closing = true;
    upstreams->on_closed = on_closed;
    upstreams->user = user;
    while (!mf_list_is_empty(&upstreams->partitions)) {
        close_partition(MF_CONTAINER_OF(upstreams->partitions.next, struct mf__partition, link));
    }
    uv_close((uv_handle_t *)&upstreams->turn, turn_closed);
}
