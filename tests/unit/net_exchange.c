/* What net.h promises a handler: which calls come, in which order, never from inside a call of its own, none after the end.
 * The client is a thread with a blocking socket. */
#include <mayfly/net.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

#define LOG_BYTES_MAX 4096
#define H "HTTP/1.1\r\nHost: a\r\n"

static uv_loop_t loop;
static struct mf_server *server;
static uint16_t port;
static char events[LOG_BYTES_MAX]; /* What the handler saw. */
static bool is_in_call;            /* The handler is inside a function of net.h. */
static struct mf_exchange *held;   /* For what happens later. */
static uv_timer_t later;

static void note(const char *event)
{
    MF_CHECK(!is_in_call);
    MF_CHECK(strlen(events) + strlen(event) + 2 < sizeof(events));
    strcat(events, event);
    strcat(events, " ");
}

#define CALL(call)                                                                                           \
    do {                                                                                                     \
        is_in_call = true;                                                                                   \
        call;                                                                                                \
        is_in_call = false;                                                                                  \
    } while (0)

/* ---- the client ------------------------------------------------------------------------------ */

struct script {
    const char *text;
    bool resets; /* Goes away without reading. */
    char answer[65536];
};

static void *client_main(void *data)
{
    struct script *script = data;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    size_t size = 0;
    ssize_t got;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    MF_CHECK(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    MF_CHECK(send(fd, script->text, strlen(script->text), MSG_NOSIGNAL) == (ssize_t)strlen(script->text));
    if (script->resets) {
        struct linger now = {.l_onoff = 1, .l_linger = 0};
        char byte;
        MF_CHECK(recv(fd, &byte, 1, 0) == 1); /* The exchange is under way. */
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    } else {
        while (size < sizeof(script->answer) - 1 &&
               (got = recv(fd, script->answer + size, sizeof(script->answer) - 1 - size, 0)) > 0) {
            size += (size_t)got;
        }
    }
    close(fd);
    return NULL;
}

static void on_closed(void *user)
{
    (void)user;
    uv_close((uv_handle_t *)&later, NULL);
}

static void on_drained(void *user)
{
    (void)user;
    MF_CHECK_INT(mf_server_connections(server), 0);
    mf_server_close(server, on_closed, NULL);
}

/* Runs one client against |on_request|, then drains. */
static void run(struct script *script, void (*on_request)(void *user, struct mf_exchange *exchange))
{
    struct mf_server_options options = {.on_request = on_request,
                                        .body_bytes_max = 1000,
                                        .connections_max = 10,
                                        .header_timeout_ms = 5000,
                                        .body_timeout_ms = 5000,
                                        .idle_timeout_ms = 5000,
                                        .write_timeout_ms = 5000};
    struct mf_listen listen = {.host = "127.0.0.1", .inherited_fd = -1};
    char why[MF_LOG_LINE_BYTES_MAX];
    pthread_t client;

    events[0] = '\0';
    MF_CHECK(uv_loop_init(&loop) == 0);
    uv_timer_init(&loop, &later);
    MF_CHECK(mf_server_open(&loop, &options, &server) == 0);
    MF_CHECK(mf_server_listen(server, &listen, &port, why) == 0);
    MF_CHECK(pthread_create(&client, NULL, client_main, script) == 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    MF_CHECK(pthread_join(client, NULL) == 0);
    MF_CHECK(uv_loop_close(&loop) == 0);
}

static void drain(void)
{
    CALL(mf_server_drain(server, on_drained, NULL));
}

static void expect(const struct script *script, const char *expected_events, const char *expected_end)
{
    size_t size = strlen(script->answer);
    MF_CHECK_TEXT(mf_slice_of_cstr(events), expected_events);
    MF_CHECK(size >= strlen(expected_end));
    MF_CHECK_TEXT(mf_slice_of_cstr(script->answer + size - strlen(expected_end)), expected_end);
}

/* ---- handlers -------------------------------------------------------------------------------- */

static void log_body(struct mf_exchange *exchange, void *user, struct mf_slice bytes)
{
    (void)exchange;
    (void)user;
    MF_CHECK(bytes.size > 0);
    note("body");
}

static void log_end(struct mf_exchange *exchange, void *user)
{
    (void)user;
    note("end");
    CALL(mf_exchange_reply(exchange, 200, mf_slice_of(NULL, 0), mf_slice_of_cstr("done")));
    drain();
}

static void log_drain(struct mf_exchange *exchange, void *user)
{
    (void)exchange;
    (void)user;
    note("drain");
}

static void log_abort(struct mf_exchange *exchange, void *user, int error)
{
    (void)user;
    note("abort");
    MF_CHECK(mf_exchange_request(exchange)->arena != NULL); /* Still valid. */
    note(mf_error_code(error));
    drain();
}

static const struct mf_exchange_events log_events = {log_body, log_end, log_drain, log_abort};

static void read_at_once(void *user, struct mf_exchange *exchange)
{
    (void)user;
    note("request");
    CALL(mf_exchange_listen(exchange, &log_events, NULL));
    CALL(mf_exchange_read(exchange));
    note("returned");
}

static void body_comes_after_the_call(void)
{
    struct script script = {.text = "POST / " H "Content-Length: 3\r\n\r\nabc"};
    run(&script, read_at_once);
    expect(&script, "request returned body end ", "\r\n\r\ndone");
    struct script none = {.text = "GET / " H "\r\n"};
    run(&none, read_at_once);
    expect(&none, "request returned end ", "\r\n\r\ndone");
}

static void broken_body_is_one_abort(void)
{
    struct script script = {.text = "POST / " H "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\nx"};
    run(&script, read_at_once);
    MF_CHECK_TEXT(mf_slice_of_cstr(events), "request returned body abort http.malformed ");
    MF_CHECK(strncmp(script.answer, "HTTP/1.1 400 ", 13) == 0);
}

/* A reply from inside on_body: nothing more comes of this exchange. */
static void reply_in_body(struct mf_exchange *exchange, void *user, struct mf_slice bytes)
{
    (void)user;
    (void)bytes;
    note("body");
    CALL(mf_exchange_reply(exchange, 413, mf_slice_of(NULL, 0), mf_slice_of_cstr("enough")));
    drain();
}

static void read_a_little(void *user, struct mf_exchange *exchange)
{
    static const struct mf_exchange_events some_events = {reply_in_body, log_end, log_drain, log_abort};
    (void)user;
    note("request");
    CALL(mf_exchange_listen(exchange, &some_events, NULL));
    CALL(mf_exchange_read(exchange));
}

static void no_event_after_the_reply(void)
{
    struct script script = {.text = "POST / " H
                                    "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"};
    run(&script, read_a_little);
    expect(&script, "request body ", "\r\n\r\nenough");
}

/* Paused before the first byte; later resumed. */
static void resume_later(uv_timer_t *timer)
{
    (void)timer;
    note("timer");
    CALL(mf_exchange_resume(held));
    note("resumed");
}

static void pause_first(void *user, struct mf_exchange *exchange)
{
    read_at_once(user, exchange);
    CALL(mf_exchange_pause(exchange));
    held = exchange;
    uv_timer_start(&later, resume_later, 20, 0);
}

static void paused_means_nothing_comes(void)
{
    struct script script = {.text = "POST / " H "Content-Length: 3\r\n\r\nabc"};
    run(&script, pause_first);
    expect(&script, "request returned timer resumed body end ", "\r\n\r\ndone");
}

/* The client goes while the handler waits. */
static void begin_and_wait(void *user, struct mf_exchange *exchange)
{
    bool is_full;
    (void)user;
    note("request");
    CALL(mf_exchange_listen(exchange, &log_events, NULL));
    CALL(MF_CHECK(mf_exchange_respond(exchange, 200, mf_slice_of(NULL, 0), -1) == 0));
    CALL(MF_CHECK(mf_exchange_write(exchange, mf_slice_of_cstr("x"), &is_full) == 0));
    MF_CHECK(!is_full);
}

static void a_reset_is_one_abort(void)
{
    struct script script = {.text = "GET / " H "\r\n", .resets = true};
    run(&script, begin_and_wait);
    MF_CHECK_TEXT(mf_slice_of_cstr(events), "request abort canceled ");
}

/* Two requests in one packet: the second is not begun before the first is answered. */
static void answer_first(uv_timer_t *timer)
{
    (void)timer;
    note("timer");
    CALL(mf_exchange_reply(held, 200, mf_slice_of(NULL, 0), mf_slice_of_cstr("first")));
    note("replied");
}

static void one_at_a_time(void *user, struct mf_exchange *exchange)
{
    (void)user;
    note("request");
    if (mf_slice_equal_cstr(mf_exchange_request(exchange)->path, "/1")) {
        held = exchange;
        uv_timer_start(&later, answer_first, 20, 0);
    } else {
        CALL(mf_exchange_reply(exchange, 200, mf_slice_of(NULL, 0), mf_slice_of_cstr("second")));
        drain();
    }
}

static void pipelined_requests_wait(void)
{
    struct script script = {.text = "GET /1 " H "\r\nGET /2 " H "\r\n"};
    run(&script, one_at_a_time);
    expect(&script, "request timer replied request ", "\r\n\r\nsecond");
    MF_CHECK(strstr(script.answer, "\r\n\r\nfirst") != NULL);
}

/* The arena ends with the exchange, and what was deferred to it runs. */
static void arena_ended(void *data)
{
    (void)data;
    strcat(events, "arena ");
}

static void use_arena(void *user, struct mf_exchange *exchange)
{
    (void)user;
    note("request");
    MF_CHECK(mf_arena_defer(mf_exchange_request(exchange)->arena, arena_ended, NULL) == 0);
    CALL(mf_exchange_reply(exchange, 200, mf_slice_of(NULL, 0), mf_slice_of_cstr("done")));
    note("replied");
    drain();
}

static void the_arena_ends_with_the_exchange(void)
{
    struct script script = {.text = "GET / " H "\r\n"};
    run(&script, use_arena);
    expect(&script, "request arena replied ", "\r\n\r\ndone");
}

/* The connection is in the middle of its turn then. */
static void close_in_handler(void *user, struct mf_exchange *exchange)
{
    (void)user;
    note("request");
    mf_exchange_reply(exchange, 200, mf_slice_of(NULL, 0), mf_slice_of_cstr("done"));
    mf_server_close(server, on_closed, NULL);
}

static void the_server_may_be_closed_in_a_handler(void)
{
    struct script script = {.text = "GET / " H "\r\n"};
    run(&script, close_in_handler);
    MF_CHECK_TEXT(mf_slice_of_cstr(events), "request ");
}

static void options_are_checked(void)
{
    struct mf_server_options options = {.on_request = read_at_once, .connections_max = 1};
    MF_CHECK(uv_loop_init(&loop) == 0);
    MF_CHECK_INT(mf_server_open(&loop, &options, &server),
                 MF_E_INVALID); /* A timeout of 0 would be at once. */
    MF_CHECK(uv_loop_close(&loop) == 0);
}

int main(void)
{
    MF_RUN(body_comes_after_the_call);
    MF_RUN(broken_body_is_one_abort);
    MF_RUN(no_event_after_the_reply);
    MF_RUN(paused_means_nothing_comes);
    MF_RUN(a_reset_is_one_abort);
    MF_RUN(pipelined_requests_wait);
    MF_RUN(the_arena_ends_with_the_exchange);
    MF_RUN(the_server_may_be_closed_in_a_handler);
    MF_RUN(options_are_checked);
    return 0;
}
