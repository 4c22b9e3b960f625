#include "transfer.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <mayfly/http.h>

#include "answer.h"
#include "websocket.h"

struct mf__transfer {
    struct mf_list due; /* In upstreams->due, or alone. */
    struct mf__partition *partition;
    const struct mf__transfer_events *events;
    void *user;
    CURL *easy;
    struct curl_slist *headers;
    struct curl_slist *resolved;
    struct sockaddr_storage *addresses;
    size_t addresses_count;
    struct mf__answer answer;
    enum mf__phase phase;
    uint64_t phase_ns;
    uint64_t moved_ns;
    uint64_t body_left; /* Of the answer, when its length is known. */
    bool is_head;       /* The method is HEAD. */
    bool is_websocket;  /* Asked for. */
    bool is_switched;   /* And there. */
    struct mf__websocket_key key;
    bool has_upload;
    bool is_upload_over; /* Its last byte was given to libcurl. */
    bool is_held;        /* The owner has no room. */
    bool is_held_inside; /* And libcurl was told so. */
    bool is_starved;     /* libcurl waits for bytes of the request's body. */
    bool is_canceled;
    bool is_finished;
    int error; /* Ours, which libcurl only knows as "aborted". */
};

struct mf__transfer *mf__transfer_of_due(struct mf_list *due)
{
    return MF_CONTAINER_OF(due, struct mf__transfer, due);
}

static void make_due(struct mf__transfer *transfer)
{
    if (mf_list_is_empty(&transfer->due)) {
        mf_list_push_back(&transfer->partition->upstreams->due, &transfer->due);
    }
    mf__upstreams_schedule(transfer->partition->upstreams);
}

static void set_phase(struct mf__transfer *transfer, enum mf__phase phase)
{
    transfer->phase = phase;
    transfer->phase_ns = mf_clock_now_ns();
    transfer->moved_ns = transfer->phase_ns;
}

/* ---- connections go to checked addresses only ----------------------------------------------------- */

static bool same_address(const struct sockaddr *a, const struct sockaddr *b)
{
    if (a->sa_family != b->sa_family) {
        return false;
    }
    if (a->sa_family == AF_INET) {
        const struct sockaddr_in *x = (const struct sockaddr_in *)(const void *)a;
        const struct sockaddr_in *y = (const struct sockaddr_in *)(const void *)b;
        return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
    }
    const struct sockaddr_in6 *x = (const struct sockaddr_in6 *)(const void *)a;
    const struct sockaddr_in6 *y = (const struct sockaddr_in6 *)(const void *)b;
    return a->sa_family == AF_INET6 && x->sin6_port == y->sin6_port &&
           memcmp(&x->sin6_addr, &y->sin6_addr, sizeof x->sin6_addr) == 0;
}

static bool is_checked(const struct mf__transfer *transfer, const struct sockaddr *address)
{
    for (size_t i = 0; i < transfer->addresses_count; i++) {
        if (same_address(address, (const struct sockaddr *)&transfer->addresses[i])) {
            return transfer->events->may_use(transfer->user, address);
        }
    }
    return false;
}

static curl_socket_t on_open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct mf__transfer *transfer = user;

    if (transfer->is_canceled || purpose != CURLSOCKTYPE_IPCXN || !is_checked(transfer, &address->addr)) {
        transfer->error = transfer->is_canceled ? MF_E_CANCELED : MF_E_UPSTREAM_ADDRESS;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
    if (fd >= 0 && !mf__partition_opened(transfer->partition, fd)) {
        (void)close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

/* The connection may outlive the transfer that opened it, but not its partition. */
static int on_close_socket(void *user, curl_socket_t fd)
{
    mf__partition_closed(user, fd);
    return close(fd);
}

/* A connection is there, new or used before: its peer, as the kernel knows it, is judged by the rules of this request. */
static int on_connected(void *user, char *peer, char *local, int peer_port, int local_port)
{
    struct mf__transfer *transfer = user;
    struct sockaddr_storage address;

    (void)local;
    if (transfer->is_canceled) {
        return CURL_PREREQFUNC_ABORT;
    }
    if (!mf__partition_peer(transfer->partition, (uint16_t)local_port, peer, (uint16_t)peer_port, &address) ||
        !transfer->events->may_use(transfer->user, (struct sockaddr *)&address)) {
        transfer->error = MF_E_UPSTREAM_ADDRESS;
        return CURL_PREREQFUNC_ABORT;
    }
    set_phase(transfer, MF__PHASE_WAIT);
    return CURL_PREREQFUNC_OK;
}

/* The handshake begins. */
static CURLcode on_tls(CURL *easy, void *context, void *user)
{
    struct mf__transfer *transfer = user;

    (void)easy;
    SSL_CTX_set1_cert_store(context, transfer->partition->upstreams->trusted);
    set_phase(transfer, MF__PHASE_TLS);
    return CURLE_OK;
}

/* ---- the answer ------------------------------------------------------------------------------------- */

/* All of the answer is there, but libcurl would go on to send the rest of a request that nobody reads any more. */
static void note_received(struct mf__transfer *transfer, size_t size)
{
    transfer->body_left -= size;
    if (transfer->body_left == 0 && transfer->has_upload && !transfer->is_upload_over &&
        !transfer->is_canceled) {
        transfer->is_finished = true;
        make_due(transfer);
    }
}

/* The request's body may go now, or never. */
static void let_upload_go(struct mf__transfer *transfer)
{
    transfer->is_switched = transfer->answer.status == 101;
    if (transfer->is_starved) {
        transfer->is_starved = false;
        make_due(transfer);
    }
}

static void tell_head(struct mf__transfer *transfer)
{
    const struct mf__answer *answer = &transfer->answer;
    struct mf_egress_answer head = {.status = answer->status,
                                    .reason = mf_buf_peek(&answer->reason),
                                    .headers = mf_buf_peek(&answer->headers),
                                    .is_length_known = answer->is_length_known,
                                    .body_bytes = answer->body_bytes};

    head.has_body = !transfer->is_head && head.status != 204 && head.status != 205 && head.status != 304;
    transfer->body_left = head.has_body && head.is_length_known ? head.body_bytes : 0;
    set_phase(transfer, MF__PHASE_BODY);
    transfer->events->on_head(transfer->user, &head);
    if (transfer->is_websocket && !transfer->is_canceled) {
        let_upload_go(transfer);
    }
    if (!head.has_body || (head.is_length_known && head.body_bytes == 0)) {
        note_received(transfer, 0);
    }
}

static size_t on_header(char *data, size_t size, size_t count, void *user)
{
    struct mf__transfer *transfer = user;
    int rc;

    if (transfer->is_canceled) {
        return 0;
    }
    /* Not counted as progress: a head that comes a byte at a time must be there in time. */
    rc = mf__answer_line(&transfer->answer, mf_slice_of(data, size * count));
    if (rc == 1 && transfer->answer.status == 101 &&
        !mf__websocket_accepts(&transfer->key, mf_buf_peek(&transfer->answer.headers))) {
        rc = MF_E_UPSTREAM_RESPONSE;
    }
    if (rc < 0) {
        transfer->error = rc;
        return 0;
    }
    if (rc == 1) {
        tell_head(transfer);
    }
    return transfer->is_canceled ? 0 : size * count;
}

static size_t on_write(char *data, size_t size, size_t count, void *user)
{
    struct mf__transfer *transfer = user;
    struct mf_slice bytes = mf_slice_of(data, size * count);

    if (transfer->is_canceled || transfer->is_finished) {
        return 0;
    }
    if (transfer->is_held) {
        transfer->is_held_inside = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    transfer->moved_ns = mf_clock_now_ns();
    if (!transfer->events->on_body(transfer->user, bytes)) {
        transfer->is_held = true;
    }
    if (transfer->is_canceled) {
        return 0;
    }
    if (transfer->answer.is_length_known && bytes.size <= transfer->body_left) {
        note_received(transfer, bytes.size);
    }
    return bytes.size;
}

/* ---- the request's body -------------------------------------------------------------------------------- */

static size_t on_read(char *space, size_t size, size_t count, void *user)
{
    struct mf__transfer *transfer = user;
    bool is_end = false;
    int64_t got;

    if (transfer->is_canceled) {
        return CURL_READFUNC_ABORT;
    }
    if (transfer->is_websocket && !transfer->is_switched) {
        is_end = transfer->answer.is_complete;
        got = 0;
    } else {
        got = transfer->events->on_read(transfer->user, (uint8_t *)space, size * count, &is_end);
    }
    if (got < 0) {
        transfer->error = (int)got;
        return CURL_READFUNC_ABORT;
    }
    transfer->is_upload_over = is_end;
    if (got == 0 && !is_end) {
        transfer->is_starved = true;
        return CURL_READFUNC_PAUSE;
    }
    transfer->moved_ns = mf_clock_now_ns();
    return (size_t)got;
}

/* A connection that had waited was closed under the request: libcurl tries once more on a new one. */
static int on_seek(void *user, curl_off_t offset, int origin)
{
    struct mf__transfer *transfer = user;

    if (transfer->is_canceled || offset != 0 || origin != SEEK_SET) {
        return CURL_SEEKFUNC_FAIL;
    }
    transfer->is_upload_over = false;
    return transfer->events->on_rewind(transfer->user) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

/* ---- the end --------------------------------------------------------------------------------------------- */

static int error_of(CURLcode code)
{
    switch ((int)code) {
    case CURLE_OK:
        return 0;
    case CURLE_OUT_OF_MEMORY:
        return MF_E_NO_MEMORY;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return MF_E_UPSTREAM_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return MF_E_UPSTREAM_TLS;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_BAD_CONTENT_ENCODING:
        return MF_E_UPSTREAM_RESPONSE;
    case CURLE_OPERATION_TIMEDOUT:
        return MF_E_UPSTREAM_TIMEOUT;
    default:
        return MF_E_UPSTREAM_CLOSED;
    }
}

void mf__transfer_finished(struct mf__transfer *transfer, CURLcode code)
{
    int error = code == CURLE_OK ? 0 : transfer->error < 0 ? transfer->error : error_of(code);

    if (transfer->is_finished && transfer->error == 0) {
        return; /* It was cut off by us, whole. */
    }
    if (error == 0 && !transfer->answer.is_complete) {
        error = MF_E_UPSTREAM_RESPONSE;
    }
    transfer->error = error;
    transfer->is_finished = true;
    make_due(transfer);
}

static void take_down(struct mf__transfer *transfer)
{
    struct mf__partition *partition = transfer->partition;

    mf_list_remove(&transfer->due);
    if (transfer->easy != NULL) {
        (void)curl_multi_remove_handle(partition->multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
    }
    for (struct curl_slist *header = transfer->headers; header != NULL; header = header->next) {
        mf_wipe(header->data, strlen(header->data)); /* It may be a credential. */
    }
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->resolved);
    mf_free(transfer->addresses);
    mf__answer_done(&transfer->answer);
    mf_free(transfer);
    mf__partition_leave(partition);
}

static void go_on(struct mf__transfer *transfer)
{
    int mask = (transfer->is_held && transfer->is_held_inside ? CURLPAUSE_RECV : CURLPAUSE_CONT) |
               (transfer->is_starved ? CURLPAUSE_SEND : CURLPAUSE_CONT);
    CURLcode code;

    transfer->is_held_inside = transfer->is_held && transfer->is_held_inside;
    code = curl_easy_pause(transfer->easy, mask);
    if (code != CURLE_OK && !transfer->is_finished) {
        mf__transfer_finished(transfer, code);
    }
}

/* A WebSocket's server has closed: as long as the worker says nothing, libcurl has something to send, and would not say so.
 * While it was told to read nothing, it means nothing. */
void mf__transfer_unread(struct mf__transfer *transfer)
{
    bool is_paused = transfer->is_held || transfer->is_held_inside;

    if (transfer->is_switched && !is_paused && !transfer->is_finished && !transfer->is_canceled) {
        transfer->is_finished = true;
        make_due(transfer);
    }
}

void mf__transfer_turn(struct mf__transfer *transfer)
{
    if (transfer->is_canceled) {
        take_down(transfer);
    } else if (transfer->is_finished) {
        const struct mf__transfer_events *events = transfer->events;
        void *user = transfer->user;
        int error = transfer->error;
        take_down(transfer);
        events->on_done(user, error);
    } else {
        go_on(transfer);
    }
}

/* ---- the beginning ---------------------------------------------------------------------------------------- */

static bool add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer == NULL) {
        return false;
    }
    *list = longer;
    return true;
}

/* "name: value", or "name;" for an empty value, which is how libcurl wants it. */
static int add_header(struct mf__transfer *transfer, const struct mf_http_header *header)
{
    struct mf_buf line;
    int rc;

    mf_buf_init(&line, MF_HTTP_HEADER_BYTES_MAX + 4);
    rc = mf_buf_append_slice(&line, header->name);
    if (rc == 0) {
        rc = mf_buf_append_cstr(&line, header->value.size == 0 ? ";" : ": ");
    }
    if (rc == 0) {
        rc = mf_buf_append_slice(&line, header->value);
    }
    if (rc == 0) {
        rc = mf_buf_append(&line, "", 1);
    }
    if (rc == 0 && !add_line(&transfer->headers, (const char *)line.data)) {
        rc = MF_E_NO_MEMORY;
    }
    mf_wipe(line.data, line.size); /* It may be a credential. */
    mf_buf_done(&line);
    return rc;
}

/* Without a coding of its own, what libcurl uploads goes out as it is. */
static int add_handshake(struct mf__transfer *transfer)
{
    char key[64];

    mf__websocket_key(&transfer->key);
    (void)snprintf(key, sizeof key, "Sec-WebSocket-Key: %s", transfer->key.text);
    bool is_added = add_line(&transfer->headers, "Connection: Upgrade") &&
                    add_line(&transfer->headers, "Upgrade: websocket") &&
                    add_line(&transfer->headers, "Sec-WebSocket-Version: 13") &&
                    add_line(&transfer->headers, key) && add_line(&transfer->headers, "Transfer-Encoding:");
    return is_added ? 0 : MF_E_NO_MEMORY;
}

/* What libcurl would add by itself is taken out by a name without a value. */
static int add_headers(struct mf__transfer *transfer, const struct mf__transfer_spec *spec)
{
    static const char *const unwanted[] = {"Accept:", "Expect:", "Content-Type:", "User-Agent:"};
    static const char *const names[] = {"accept", "expect", "content-type", "user-agent"};
    struct mf_http_header header;
    size_t cursor = 0;
    int rc = 0;

    while (rc == 0 && mf_http_headers_next(spec->headers, &cursor, &header) == 1) {
        bool is_left_out = spec->is_websocket && mf__websocket_is_ours(header.name);
        rc = is_left_out ? 0 : add_header(transfer, &header);
    }
    if (rc == 0 && spec->is_websocket) {
        rc = add_handshake(transfer);
    }
    for (size_t i = 0; rc == 0 && i < MF_COUNT_OF(unwanted); i++) {
        if (mf_http_headers_get(spec->headers, names[i]).data == NULL &&
            !add_line(&transfer->headers, unwanted[i])) {
            rc = MF_E_NO_MEMORY;
        }
    }
    /* Fetch: a method that usually has a body says that there is none. */
    bool is_bodily = strcmp(spec->method, "POST") == 0 || strcmp(spec->method, "PUT") == 0;
    if (rc == 0 && is_bodily && !spec->has_body && !add_line(&transfer->headers, "Content-Length: 0")) {
        rc = MF_E_NO_MEMORY;
    }
    return rc;
}

static int append_address(struct mf_buf *line, const struct sockaddr_storage *address)
{
    char text[64];
    bool is_v6 = address->ss_family == AF_INET6;
    int rc = is_v6 ? uv_ip6_name((const struct sockaddr_in6 *)(const void *)address, text, sizeof text)
                   : uv_ip4_name((const struct sockaddr_in *)(const void *)address, text, sizeof text);

    if (rc < 0) {
        return MF_E_INVALID;
    }
    return mf_buf_printf(line, "%s%s%s", is_v6 ? "[" : "", text, is_v6 ? "]" : "");
}

/* "+host:port:address,address": libcurl finds the name in its cache, for as long as it takes to connect, and asks nobody. */
static int add_resolved(struct mf__transfer *transfer, const struct mf__transfer_spec *spec)
{
    struct mf_buf line;
    int rc;

    if (spec->is_address) {
        return 0;
    }
    mf_buf_init(&line, 512 + (size_t)MF_UPSTREAM_ADDRESSES_MAX * 48);
    rc = mf_buf_printf(&line, "+%s:%u:", spec->host, spec->port);
    for (size_t i = 0; rc == 0 && i < spec->addresses_count; i++) {
        rc = i == 0 ? 0 : mf_buf_append_cstr(&line, ",");
        if (rc == 0) {
            rc = append_address(&line, &spec->addresses[i]);
        }
    }
    if (rc == 0) {
        rc = mf_buf_append(&line, "", 1);
    }
    if (rc == 0 && !add_line(&transfer->resolved, (const char *)line.data)) {
        rc = MF_E_NO_MEMORY;
    }
    mf_buf_done(&line);
    return rc;
}

/* Every option that matters, set even where it is the default: an upgrade of libcurl must not change what is spoken. */
static CURLcode set_protocol(struct mf__transfer *transfer, const struct mf__transfer_spec *spec)
{
    CURL *easy = transfer->easy;
    CURLcode code = CURLE_OK;

#define SET(option, value) code = code == CURLE_OK ? curl_easy_setopt(easy, option, value) : code
    SET(CURLOPT_URL, spec->url);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_NONE);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_HTTP_VERSION, (long)(spec->is_websocket ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
    SET(CURLOPT_FORBID_REUSE, spec->is_websocket ? 1L : 0L);
    SET(CURLOPT_FRESH_CONNECT, spec->is_websocket ? 1L : 0L);
    SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    SET(CURLOPT_HTTP_TRANSFER_DECODING, 1L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_CAINFO, NULL);
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_SSL_CTX_FUNCTION, on_tls);
    SET(CURLOPT_SSL_CTX_DATA, transfer);
    SET(CURLOPT_RESOLVE, transfer->resolved);
    SET(CURLOPT_DNS_CACHE_TIMEOUT, 60L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_BUFFERSIZE, (long)MF_UPSTREAM_READ_BYTES);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)MF_CONFIG_TIMEOUT_MS_MAX);
    return code;
}

static CURLcode set_request(struct mf__transfer *transfer, const struct mf__transfer_spec *spec)
{
    CURL *easy = transfer->easy;
    CURLcode code = CURLE_OK;

    SET(CURLOPT_HTTPHEADER, transfer->headers);
    if (transfer->is_head) {
        SET(CURLOPT_NOBODY, 1L);
    }
    if (spec->has_body) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_READFUNCTION, on_read);
        SET(CURLOPT_READDATA, transfer);
        SET(CURLOPT_SEEKFUNCTION, on_seek);
        SET(CURLOPT_SEEKDATA, transfer);
        SET(CURLOPT_INFILESIZE_LARGE,
            spec->body_bytes == UINT64_MAX ? (curl_off_t)-1 : (curl_off_t)spec->body_bytes);
    }
    SET(CURLOPT_CUSTOMREQUEST, spec->method);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, on_write);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    SET(CURLOPT_OPENSOCKETDATA, transfer);
    SET(CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    SET(CURLOPT_CLOSESOCKETDATA, transfer->partition);
    SET(CURLOPT_PREREQFUNCTION, on_connected);
    SET(CURLOPT_PREREQDATA, transfer);
    SET(CURLOPT_PRIVATE, transfer);
#undef SET
    return code;
}

static int set_up(struct mf__transfer *transfer, const struct mf__transfer_spec *spec)
{
    int rc = 0;

    transfer->addresses = mf_try_alloc(spec->addresses_count * sizeof *spec->addresses);
    transfer->easy = curl_easy_init();
    if (transfer->addresses == NULL || transfer->easy == NULL) {
        return MF_E_NO_MEMORY;
    }
    memcpy(transfer->addresses, spec->addresses, spec->addresses_count * sizeof *spec->addresses);
    transfer->addresses_count = spec->addresses_count;
    rc = add_headers(transfer, spec);
    if (rc == 0) {
        rc = add_resolved(transfer, spec);
    }
    if (rc == 0 && (set_protocol(transfer, spec) != CURLE_OK || set_request(transfer, spec) != CURLE_OK)) {
        rc = MF_E_NO_MEMORY;
    }
    return rc;
}

int mf__transfer_start(struct mf__upstreams *upstreams,
                       const struct mf__transfer_spec *spec,
                       const struct mf__transfer_events *events,
                       void *user,
                       struct mf__transfer **ret_transfer)
{
    struct mf__partition *partition = mf__upstreams_partition(upstreams, spec->partition);
    struct mf__transfer *transfer = partition == NULL ? NULL : mf_try_alloc(sizeof *transfer);
    int rc;

    if (transfer == NULL) {
        return partition == NULL ? MF_E_AGAIN : MF_E_NO_MEMORY;
    }
    mf_list_init(&transfer->due);
    mf__answer_init(&transfer->answer);
    transfer->partition = partition;
    transfer->events = events;
    transfer->user = user;
    transfer->is_head = strcmp(spec->method, "HEAD") == 0;
    transfer->has_upload = spec->has_body;
    transfer->is_websocket = spec->is_websocket;
    transfer->answer.may_switch = spec->is_websocket;
    mf__partition_enter(partition);
    rc = set_up(transfer, spec);
    set_phase(transfer, MF__PHASE_CONNECT);
    if (rc == 0 && curl_multi_add_handle(partition->multi, transfer->easy) != CURLM_OK) {
        rc = MF_E_NO_MEMORY;
    }
    if (rc < 0) {
        take_down(transfer);
        return rc;
    }
    *ret_transfer = transfer;
    return 0;
}

void mf__transfer_cancel(MF_OWN struct mf__transfer *transfer)
{
    transfer->is_canceled = true;
    make_due(transfer);
}

void mf__transfer_resume(struct mf__transfer *transfer)
{
    if (transfer->is_held) {
        transfer->is_held = false;
        transfer->moved_ns = mf_clock_now_ns(); /* The wait was not the upstream's. */
        make_due(transfer);
    }
}

void mf__transfer_feed(struct mf__transfer *transfer)
{
    if (transfer->is_starved) {
        transfer->is_starved = false;
        transfer->moved_ns = mf_clock_now_ns();
        make_due(transfer);
    }
}

enum mf__phase mf__transfer_phase(const struct mf__transfer *transfer)
{
    return transfer->phase;
}

uint64_t mf__transfer_phase_ns(const struct mf__transfer *transfer)
{
    return transfer->phase_ns;
}

uint64_t mf__transfer_moved_ns(const struct mf__transfer *transfer)
{
    return transfer->moved_ns;
}

bool mf__transfer_is_held(const struct mf__transfer *transfer)
{
    return transfer->is_held ||
           (transfer->is_starved && transfer->phase != MF__PHASE_BODY && !transfer->is_websocket);
}
