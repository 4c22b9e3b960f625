/* test_server.c - mf-test-server: the net room with small handlers, for server.test.mjs and for wrk.
 *
 * mf-test-server [--unix PATH] [--fd N] [--tls CERT KEY] [--KEY VALUE ...]; prints one line of JSON with its addresses when
 * it listens, another when SIGTERM has drained it. Keys: connections, header-ms, body-ms, idle-ms, write-ms, ping-ms,
 * body-bytes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <mayfly/net.h>
#include <mayfly/websocket.h>

static uv_loop_t *loop;
static struct mf_server *server;
static uv_signal_t sigterm;
static struct {
    uint64_t requests;
    uint64_t aborts;
    int last_abort;
    int last_close; /* Of a WebSocket. */
    unsigned sockets;
} stats;

/* ---- a job: one exchange ---------------------------------------------------------------------- */

struct job {
    struct mf_exchange *exchange; /* NULL: it is gone. */
    struct mf_socket *socket;
    uint64_t bytes; /* Counted or left. */
    uint32_t sum;
    uint32_t ms;
    bool is_timer_open;
    uv_timer_t timer;
    void (*on_timer)(struct job *job);
};

static struct job *job_new(struct mf_exchange *exchange)
{
    struct job *job = mf_new(sizeof(*job));
    job->exchange = exchange;
    return job;
}

static void timer_closed(uv_handle_t *handle)
{
    mf_free(handle->data);
}

static void job_free(struct job *job)
{
    if (job->is_timer_open) {
        uv_close((uv_handle_t *)&job->timer, timer_closed);
    } else {
        mf_free(job);
    }
}

static void timer_due(uv_timer_t *timer)
{
    struct job *job = timer->data;
    job->on_timer(job);
}

static void job_wait(struct job *job, uint32_t ms, void (*on_timer)(struct job *job))
{
    job->on_timer = on_timer;
    if (!job->is_timer_open) {
        job->is_timer_open = true;
        job->timer.data = job;
        uv_timer_init(loop, &job->timer);
    }
    uv_timer_start(&job->timer, timer_due, ms, 0);
}

static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    (void)exchange;
    stats.aborts++;
    stats.last_abort = error;
    job_free(user);
}

static void on_nothing(struct mf_exchange *exchange, void *user)
{
    (void)exchange;
    (void)user;
}

static void on_no_body(struct mf_exchange *exchange, void *user, struct mf_slice bytes)
{
    (void)exchange;
    (void)user;
    (void)bytes;
}

static uint64_t query_number(const struct mf_request *request, const char *name, uint64_t otherwise)
{
    char text[256];
    char key[64];
    snprintf(text, sizeof(text), "&%.*s", (int)request->query.size, (const char *)request->query.data);
    snprintf(key, sizeof(key), "&%s=", name);
    const char *found = strstr(text, key);
    return found == NULL ? otherwise : strtoull(found + strlen(key), NULL, 10);
}

static const char text_headers[] = "content-type\0text/plain";
static struct mf_slice text_type(void)
{
    return mf_slice_of(text_headers, sizeof(text_headers));
}

static void reply_text(struct mf_exchange *exchange, int status, const char *text)
{
    mf_exchange_reply(exchange, status, text_type(), mf_slice_of_cstr(text));
}

static void finish(struct job *job, int status, const char *text)
{
    reply_text(job->exchange, status, text);
    job_free(job);
}

/* ---- /echo: both ways at once ----------------------------------------------------------------- */

static void echo_body(struct mf_exchange *exchange, void *user, struct mf_slice bytes)
{
    bool is_full = false;
    (void)user;
    if (mf_exchange_write(exchange, bytes, &is_full) == 0 && is_full) {
        mf_exchange_pause(exchange);
    }
}

static void echo_end(struct mf_exchange *exchange, void *user)
{
    job_free(user);
    mf_exchange_end(exchange);
}

static void echo_drain(struct mf_exchange *exchange, void *user)
{
    (void)user;
    mf_exchange_resume(exchange);
}

static void echo(struct mf_exchange *exchange)
{
    static const struct mf_exchange_events events = {echo_body, echo_end, echo_drain, on_abort};
    mf_exchange_listen(exchange, &events, job_new(exchange));
    mf_exchange_read(exchange);
    mf_ignore(mf_exchange_respond(exchange, 200, text_type(), mf_exchange_request(exchange)->body_bytes));
}

/* ---- /collect?ms=: counts the body, resting between its pieces -------------------------------- */

static void collect_rested(struct job *job)
{
    mf_exchange_resume(job->exchange);
}

static void collect_body(struct mf_exchange *exchange, void *user, struct mf_slice bytes)
{
    struct job *job = user;
    job->bytes += bytes.size;
    for (size_t i = 0; i < bytes.size; i++) {
        job->sum = job->sum * 31 + bytes.data[i];
    }
    if (job->ms > 0) {
        mf_exchange_pause(exchange);
        job_wait(job, job->ms, collect_rested);
    }
}

static void collect_end(struct mf_exchange *exchange, void *user)
{
    struct job *job = user;
    char text[128];
    (void)exchange;
    snprintf(text, sizeof(text), "{\"bytes\":%" PRIu64 ",\"sum\":%" PRIu32 "}", job->bytes, job->sum);
    finish(job, 200, text);
}

static const struct mf_exchange_events collect_events = {collect_body, collect_end, on_nothing, on_abort};

static void collect(struct mf_exchange *exchange)
{
    struct job *job = job_new(exchange);
    job->ms = (uint32_t)query_number(mf_exchange_request(exchange), "ms", 0);
    mf_exchange_listen(exchange, &collect_events, job);
    mf_exchange_read(exchange);
}

/* ---- /late?ms=: reads the body only then ------------------------------------------------------ */

static void late_due(struct job *job)
{
    mf_exchange_read(job->exchange);
}

static void late(struct mf_exchange *exchange)
{
    struct job *job = job_new(exchange);
    mf_exchange_listen(exchange, &collect_events, job);
    job_wait(job, (uint32_t)query_number(mf_exchange_request(exchange), "after", 100), late_due);
}

/* ---- /big?bytes=&length=1: as fast as the client reads ----------------------------------------- */

static void big_more(struct mf_exchange *exchange, void *user)
{
    static uint8_t block[65536];
    struct job *job = user;
    bool is_full = false;

    memset(block, 'x', sizeof(block));
    while (job->bytes > 0 && !is_full) {
        size_t size = job->bytes < sizeof(block) ? (size_t)job->bytes : sizeof(block);
        if (mf_exchange_write(exchange, mf_slice_of(block, size), &is_full) < 0) {
            return; /* on_abort comes. */
        }
        job->bytes -= size;
    }
    if (job->bytes == 0) {
        job_free(job);
        mf_exchange_end(exchange);
    }
}

static void big(struct mf_exchange *exchange)
{
    static const struct mf_exchange_events events = {on_no_body, on_nothing, big_more, on_abort};
    struct job *job = job_new(exchange);
    job->bytes = query_number(mf_exchange_request(exchange), "bytes", 1000000);
    bool tells = query_number(mf_exchange_request(exchange), "length", 0) == 1;
    mf_exchange_listen(exchange, &events, job);
    mf_ignore(mf_exchange_respond(exchange, 200, text_type(), tells ? (int64_t)job->bytes : -1));
    big_more(exchange, job);
}

/* ---- /stall?ms=: the loop itself is held up ----------------------------------------------------- */

static void stall(struct mf_exchange *exchange)
{
    uint64_t ms = query_number(mf_exchange_request(exchange), "ms", 100);
    struct timespec time = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&time, NULL);
    reply_text(exchange, 200, "stalled\n");
}

/* ---- /wait?ms=, /never ------------------------------------------------------------------------- */

static const struct mf_exchange_events wait_events = {on_no_body, on_nothing, on_nothing, on_abort};

static void waited(struct job *job)
{
    char text[64];
    snprintf(text, sizeof(text), "waited %" PRIu32 "\n", job->ms);
    finish(job, 200, text);
}

static void wait_a_while(struct mf_exchange *exchange)
{
    struct job *job = job_new(exchange);
    job->ms = (uint32_t)query_number(mf_exchange_request(exchange), "ms", 100);
    mf_exchange_listen(exchange, &wait_events, job);
    job_wait(job, job->ms, waited);
}

static void never(struct mf_exchange *exchange)
{
    mf_exchange_listen(exchange, &wait_events, job_new(exchange));
}

/* /begin: a head and a piece, then nothing. */
static void begin(struct mf_exchange *exchange)
{
    bool is_full;
    mf_exchange_listen(exchange, &wait_events, job_new(exchange));
    mf_ignore(mf_exchange_respond(exchange, 200, text_type(), -1));
    mf_ignore(mf_exchange_write(exchange, mf_slice_of_cstr("begun"), &is_full));
}

/* ---- answers that are wrong on purpose ---------------------------------------------------------- */

static void cut(struct mf_exchange *exchange)
{
    bool is_full;
    mf_ignore(mf_exchange_respond(exchange, 200, text_type(), -1));
    mf_ignore(mf_exchange_write(exchange, mf_slice_of_cstr("some"), &is_full));
    mf_exchange_destroy(exchange);
}

static void too_short(struct mf_exchange *exchange)
{
    bool is_full;
    mf_ignore(mf_exchange_respond(exchange, 200, text_type(), 10));
    mf_ignore(mf_exchange_write(exchange, mf_slice_of_cstr("12345"), &is_full));
    mf_exchange_end(exchange);
}

static void too_long(struct mf_exchange *exchange)
{
    bool is_full;
    mf_ignore(mf_exchange_respond(exchange, 200, text_type(), 5));
    MF_ASSERT(mf_exchange_write(exchange, mf_slice_of_cstr("1234567890"), &is_full) == MF_E_TOO_LARGE);
    mf_ignore(mf_exchange_write(exchange, mf_slice_of_cstr("12345"), &is_full));
    mf_exchange_end(exchange);
}

static void inject(struct mf_exchange *exchange)
{
    static const char headers[] = "x\0a\r\nx-injected: yes\0";
    mf_exchange_reply(exchange, 200, mf_slice_of(headers, sizeof(headers) - 1), mf_slice_of_cstr("body"));
}

static void hop(struct mf_exchange *exchange)
{
    static const char headers[] =
        "connection\0close\0content-length\0001\0transfer-encoding\0chunked\0x-a\0b";
    mf_exchange_reply(exchange, 200, mf_slice_of(headers, sizeof(headers)), mf_slice_of_cstr("body"));
}

static void status(struct mf_exchange *exchange)
{
    int code = (int)query_number(mf_exchange_request(exchange), "code", 200);
    mf_exchange_reply(exchange, code, text_type(), mf_slice_of_cstr("body"));
}

/* ---- /socket?max=: an echo that knows some words; /socket-late: it says when the server drains --------- */

static void socket_more(struct mf_socket *socket, void *user)
{
    static uint8_t block[65536];
    struct job *job = user;
    bool is_full = false;

    while (job->bytes > 0 && !is_full) {
        size_t size = job->bytes < sizeof(block) ? (size_t)job->bytes : sizeof(block);
        if (mf_socket_send(socket, false, mf_slice_of(block, size), &is_full) < 0) {
            return; /* on_close comes. */
        }
        job->bytes -= size;
        MF_ASSERT(mf_socket_queued(socket) <= MF_HTTP_WRITE_BYTES_MAX + 2 * sizeof(block));
    }
}

static void socket_close(struct job *job, int code, const char *reason)
{
    mf_socket_close(job->socket, code, reason);
    stats.sockets--;
    job_free(job);
}

static void socket_rested(struct job *job)
{
    mf_socket_resume(job->socket);
}

/* "close 4001 why", "flood 1000000", "push 9" (never mind who takes it), "pause 50". */
static void socket_message(struct mf_socket *socket, void *user, bool is_text, struct mf_slice bytes)
{
    struct job *job = user;
    char text[200];
    char reason[200] = "";
    unsigned number;
    bool is_full;

    snprintf(text, sizeof(text), "%.*s", bytes.size < 199 ? (int)bytes.size : 199, (const char *)bytes.data);
    if (is_text && sscanf(text, "close %u %199s", &number, reason) >= 1) {
        socket_close(job, (int)number, reason);
    } else if (is_text && sscanf(text, "flood %u", &number) == 1) {
        job->bytes = number;
        socket_more(socket, job);
    } else if (is_text && sscanf(text, "push %u", &number) == 1) {
        while (number-- > 0 && mf_socket_send(socket, true, bytes, &is_full) == 0) {
        }
    } else if (is_text && sscanf(text, "pause %u", &number) == 1) {
        mf_socket_pause(socket);
        job_wait(job, number, socket_rested);
    } else if (mf_socket_send(socket, is_text, bytes, &is_full) < 0) {
        return; /* on_close comes. */
    }
}

static void socket_draining(struct mf_socket *socket, void *user)
{
    bool is_full;

    (void)user;
    mf_ignore(mf_socket_send(socket, true, mf_slice_of_cstr("draining"), &is_full));
}

static void socket_closed(struct mf_socket *socket, void *user, int code)
{
    (void)socket;
    stats.last_close = code;
    stats.sockets--;
    job_free(user);
}

static void upgrade(struct mf_exchange *exchange, const struct mf_socket_events *events)
{
    struct job *job = job_new(exchange);
    struct mf_socket_options options = {.events = events, .user = job};

    options.queue_bytes_max = query_number(mf_exchange_request(exchange), "queue", 1 << 26);
    options.message_bytes_max = query_number(mf_exchange_request(exchange), "max", 1 << 24);
    stats.sockets++;
    if (mf_exchange_upgrade(exchange, &options, &job->socket) < 0) {
        stats.sockets--;
        job_free(job);
    }
}

static void socket_echo(struct mf_exchange *exchange)
{
    static const struct mf_socket_events events = {socket_message, socket_more, NULL, socket_closed};
    upgrade(exchange, &events);
}

static void socket_late(struct mf_exchange *exchange)
{
    static const struct mf_socket_events events = {socket_message, socket_more, socket_draining,
                                                   socket_closed};
    upgrade(exchange, &events);
}

/* /socket-slow: becomes one only when somebody has thought about it. */
static void socket_slow_due(struct job *job)
{
    struct mf_exchange *exchange = job->exchange;

    socket_echo(exchange);
    job_free(job);
}

static void socket_slow(struct mf_exchange *exchange)
{
    struct job *job = job_new(exchange);

    mf_exchange_listen(exchange, &wait_events, job);
    job_wait(job, 50, socket_slow_due);
}

/* ---- /info, /stats ----------------------------------------------------------------------------- */

static int write_info(const struct mf_request *request, struct mf_buf *out)
{
    struct mf_http_header header;
    size_t cursor = 0;
    int error = mf_buf_append_cstr(out, "{\"method\":");
    error |= mf_buf_append_json_string(out, request->method);
    error |= mf_buf_append_cstr(out, ",\"target\":");
    error |= mf_buf_append_json_string(out, request->target);
    error |= mf_buf_append_cstr(out, ",\"path\":");
    error |= mf_buf_append_json_string(out, request->path);
    error |= mf_buf_append_cstr(out, ",\"query\":");
    error |= mf_buf_append_json_string(out, request->query);
    error |= mf_buf_printf(out, ",\"unix\":%d,\"tls\":%d,\"headers\":[", request->is_unix, request->is_tls);
    for (unsigned i = 0; mf_http_headers_next(request->headers, &cursor, &header) == 1; i++) {
        error |= mf_buf_append_cstr(out, i > 0 ? ",[" : "[");
        error |= mf_buf_append_json_string(out, header.name);
        error |= mf_buf_append_cstr(out, ",");
        error |= mf_buf_append_json_string(out, header.value);
        error |= mf_buf_append_cstr(out, "]");
    }
    return error | mf_buf_append_cstr(out, "]}");
}

static void info(struct mf_exchange *exchange)
{
    struct mf_buf out;
    mf_buf_init(&out, 1048576);
    MF_ASSERT(write_info(mf_exchange_request(exchange), &out) == 0);
    mf_exchange_reply(exchange, 200, text_type(), mf_buf_peek(&out));
    mf_buf_done(&out);
}

static size_t rss_kb(void)
{
    size_t rss = 0;
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            rss = strtoul(line + 6, NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return rss;
}

static void write_stats(char *text, size_t size)
{
    snprintf(text, size,
             "{\"requests\":%" PRIu64 ",\"aborts\":%" PRIu64
             ",\"lastAbort\":\"%s\",\"lastClose\":%d,\"sockets\":%u,\"connections\":%u,\"rssKb\":%zu}",
             stats.requests, stats.aborts, stats.last_abort < 0 ? mf_error_code(stats.last_abort) : "",
             stats.last_close, stats.sockets, mf_server_connections(server), rss_kb());
}

static void show_stats(struct mf_exchange *exchange)
{
    char text[256];
    write_stats(text, sizeof(text));
    reply_text(exchange, 200, text);
}

static void hello(struct mf_exchange *exchange)
{
    reply_text(exchange, 200, "hello\n");
}

/* Refuses without reading. */
static void early(struct mf_exchange *exchange)
{
    reply_text(exchange, 403, "no\n");
}

static const struct {
    const char *path;
    void (*handle)(struct mf_exchange *exchange);
} routes[] = {
    {"/hello", hello},
    {"/echo", echo},
    {"/collect", collect},
    {"/late", late},
    {"/big", big},
    {"/stall", stall},
    {"/wait", wait_a_while},
    {"/never", never},
    {"/begin", begin},
    {"/cut", cut},
    {"/short", too_short},
    {"/long", too_long},
    {"/hop", hop},
    {"/inject", inject},
    {"/status", status},
    {"/info", info},
    {"/stats", show_stats},
    {"/early", early},
    {"/socket", socket_echo},
    {"/socket-late", socket_late},
    {"/socket-slow", socket_slow},
};

static void on_request(void *user, struct mf_exchange *exchange)
{
    (void)user;
    stats.requests++;
    for (size_t i = 0; i < MF_COUNT_OF(routes); i++) {
        if (mf_slice_equal_cstr(mf_exchange_request(exchange)->path, routes[i].path)) {
            routes[i].handle(exchange);
            return;
        }
    }
    reply_text(exchange, 404, "no such route\n");
}

/* ---- main -------------------------------------------------------------------------------------- */

static void on_closed(void *user)
{
    (void)user;
    uv_close((uv_handle_t *)&sigterm, NULL);
}

static void on_drained(void *user)
{
    char text[256];
    (void)user;
    write_stats(text, sizeof(text));
    printf("%s\n", text);
    fflush(stdout);
    mf_server_close(server, on_closed, NULL);
}

/* The first drains, the second closes at once. */
static void on_sigterm(uv_signal_t *handle, int number)
{
    static bool is_draining;
    (void)handle;
    (void)number;
    if (is_draining) {
        mf_server_close(server, on_closed, NULL);
        return;
    }
    is_draining = true;
    mf_server_drain(server, on_drained, NULL);
}

static uint16_t listen_on(struct mf_listen *listen)
{
    char why[MF_LOG_LINE_BYTES_MAX] = "";
    uint16_t port = 0;
    int error = mf_server_listen(server, listen, &port, why);
    if (error < 0) {
        fprintf(stderr, "%s (%s)\n", why, mf_error_code(error));
        exit(1);
    }
    return port;
}

static void set_option(struct mf_server_options *options, const char *name, const char *value)
{
    uint32_t number = (uint32_t)strtoul(value, NULL, 10);
    if (strcmp(name, "--connections") == 0) {
        options->connections_max = number;
    } else if (strcmp(name, "--header-ms") == 0) {
        options->header_timeout_ms = number;
    } else if (strcmp(name, "--body-ms") == 0) {
        options->body_timeout_ms = number;
    } else if (strcmp(name, "--idle-ms") == 0) {
        options->idle_timeout_ms = number;
    } else if (strcmp(name, "--write-ms") == 0) {
        options->write_timeout_ms = number;
    } else if (strcmp(name, "--ping-ms") == 0) {
        options->socket_ping_ms = number;
    } else if (strcmp(name, "--body-bytes") == 0) {
        options->body_bytes_max = number;
    } else {
        fprintf(stderr, "%s?\n", name);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct mf_server_options options = {.on_request = on_request,
                                        .body_bytes_max = MF_HTTP_BODY_BYTES_MAX,
                                        .connections_max = MF_HTTP_CONNECTIONS_MAX,
                                        .header_timeout_ms = MF_HTTP_HEADER_TIMEOUT_MS,
                                        .body_timeout_ms = MF_HTTP_BODY_TIMEOUT_MS,
                                        .idle_timeout_ms = MF_HTTP_IDLE_TIMEOUT_MS,
                                        .write_timeout_ms = MF_HTTP_WRITE_TIMEOUT_MS};
    struct mf_listen tcp = {.host = "127.0.0.1", .inherited_fd = -1};
    struct mf_listen tls = {.host = "127.0.0.1", .inherited_fd = -1};
    struct mf_listen local = {.inherited_fd = -1};
    struct mf_listen inherited = {.inherited_fd = -1};

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--unix") == 0) {
            local.unix_path = argv[i + 1];
        } else if (strcmp(argv[i], "--fd") == 0) {
            inherited.inherited_fd = atoi(argv[i + 1]);
        } else if (strcmp(argv[i], "--port") == 0) {
            tcp.port = (uint16_t)atoi(argv[i + 1]);
        } else if (strcmp(argv[i], "--tls") == 0 && i + 2 < argc) {
            tls.tls_cert_path = argv[i + 1];
            tls.tls_key_path = argv[i + 2];
            i++;
        } else {
            set_option(&options, argv[i], argv[i + 1]);
        }
    }
    mf_log_init("mf-test-server", MF_LOG_INFO);
    loop = uv_default_loop();
    MF_ASSERT(mf_server_open(loop, &options, &server) == 0);
    if (local.unix_path != NULL) {
        listen_on(&local);
    }
    if (inherited.inherited_fd >= 0) {
        listen_on(&inherited);
    }
    uint16_t tls_port = tls.tls_cert_path != NULL ? listen_on(&tls) : 0;
    uint16_t tcp_port = listen_on(&tcp);
    uv_signal_init(loop, &sigterm);
    uv_signal_start(&sigterm, on_sigterm, SIGTERM);
    printf("{\"tcp\":%u,\"tls\":%u}\n", tcp_port, tls_port);
    fflush(stdout);
    uv_run(loop, UV_RUN_DEFAULT);
    MF_ASSERT(uv_loop_close(loop) == 0); /* Nothing was forgotten. */
    return 0;
}
