/* Heads of answers, line by line: what is HTTP passes, what two parsers could read in two ways does not. */
#include "answer.h"
#include "check.h"

#include <mayfly/http.h>

/* Feeds lines until one says something. */
static int feed(struct mf__answer *answer, const char *const *lines, size_t count)
{
    int rc = 0;
    mf__answer_init(answer);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = mf__answer_line(answer, mf_slice_of_cstr(lines[i]));
    }
    return rc;
}

#define FEED(answer, ...)                                                                                    \
    feed(answer, (const char *const[]){__VA_ARGS__},                                                         \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void heads_are_read(void)
{
    struct mf__answer answer;
    MF_CHECK_INT(FEED(&answer, "HTTP/1.1 200 Very OK\r\n", "Content-Type:  text/plain \r\n", "X-A: 1\n",
                      "x-a: 2\r\n", "Connection: close\r\n", "Keep-Alive: timeout=5\r\n",
                      "Content-Length: 7\r\n", "empty:\r\n", "\r\n"),
                 1);
    MF_CHECK_INT(answer.status, 200);
    MF_CHECK(answer.is_complete && answer.is_length_known && !answer.is_chunked);
    MF_CHECK_INT(answer.body_bytes, 7);
    MF_CHECK_TEXT(mf_buf_peek(&answer.reason), "Very OK");
    struct mf_slice headers = mf_buf_peek(&answer.headers);
    MF_CHECK_TEXT(mf_http_headers_get(headers, "content-type"), "text/plain");
    MF_CHECK_TEXT(mf_http_headers_get(headers, "empty"), "");
    MF_CHECK(mf_http_headers_get(headers, "connection").data == NULL);
    MF_CHECK(mf_http_headers_get(headers, "keep-alive").data == NULL);
    MF_CHECK_TEXT(mf_http_headers_get(headers, "content-length"), "7");
    /* Trailers come through the same door and are dropped, whatever they say. */
    MF_CHECK_INT(mf__answer_line(&answer, mf_slice_of_cstr("x-trailer: no\r\n")), 0);
    MF_CHECK_INT(mf__answer_line(&answer, mf_slice_of_cstr("\x01 no header\r\n")), 0);
    MF_CHECK_INT(answer.headers.size, headers.size);
    mf__answer_done(&answer);
}

/* As feed, of a request for a WebSocket. */
static int feed_switch(struct mf__answer *answer, const char *status, const char *upgrade, const char *more)
{
    mf__answer_init(answer);
    answer->may_switch = true;
    int rc = mf__answer_line(answer, mf_slice_of_cstr(status));
    rc = rc < 0 ? rc : mf__answer_line(answer, mf_slice_of_cstr(upgrade));
    rc = rc < 0 ? rc : mf__answer_line(answer, mf_slice_of_cstr(more));
    return rc < 0 ? rc : mf__answer_line(answer, mf_slice_of_cstr("\r\n"));
}

static void protocols_are_switched_for_who_asked(void)
{
    static const struct {
        const char *status;
        const char *upgrade;
        const char *more;
        int rc;
    } cases[] = {
        {"HTTP/1.1 101 Switching\r\n", "Upgrade: WebSocket\r\n", "Sec-WebSocket-Accept: x\r\n", 1},
        {"HTTP/1.1 101 Switching\r\n", "x: y\r\n", "a: b\r\n", MF_E_UPSTREAM_RESPONSE},
        {"HTTP/1.1 101 Switching\r\n", "Upgrade: h2c\r\n", "a: b\r\n", MF_E_UPSTREAM_RESPONSE},
        {"HTTP/1.1 101 Switching\r\n", "Upgrade: websocket\r\n", "Content-Length: 5\r\n",
         MF_E_UPSTREAM_RESPONSE},
        {"HTTP/1.1 101 Switching\r\n", "Upgrade: websocket\r\n", "Transfer-Encoding: chunked\r\n",
         MF_E_UPSTREAM_RESPONSE},
        {"HTTP/2 101 \r\n", "Upgrade: websocket\r\n", "a: b\r\n", MF_E_UPSTREAM_RESPONSE},
        {"HTTP/1.1 403 No\r\n", "Upgrade: websocket\r\n", "a: b\r\n", 1},
        {"HTTP/1.1 103 Hints\r\n", "Upgrade: websocket\r\n", "a: b\r\n", 0},
    };

    for (size_t i = 0; i < MF_COUNT_OF(cases); i++) {
        struct mf__answer answer;
        MF_CHECK_INT(feed_switch(&answer, cases[i].status, cases[i].upgrade, cases[i].more), cases[i].rc);
        if (cases[i].rc == 1) {
            MF_CHECK(answer.is_complete);
            MF_CHECK(mf_http_headers_get(mf_buf_peek(&answer.headers), "upgrade").data == NULL);
        }
        mf__answer_done(&answer);
    }
}

static void versions_and_statuses(void)
{
    struct mf__answer answer;
    MF_CHECK_INT(FEED(&answer, "HTTP/2 404 \r\n", "a: b\r\n", "\r\n"), 1);
    MF_CHECK_INT(answer.status, 404);
    mf__answer_done(&answer);
    MF_CHECK_INT(FEED(&answer, "HTTP/1.0 999\r\n", "\r\n"), 1);
    MF_CHECK_INT(answer.status, 999);
    mf__answer_done(&answer);
    MF_CHECK_INT(FEED(&answer, "HTTP/1.1 103 Early Hints\r\n", "link: x\r\n", "\r\n",
                      "HTTP/1.1 100 Continue\r\n", "\r\n", "HTTP/1.1 204 \r\n", "\r\n"),
                 1);
    MF_CHECK_INT(answer.status, 204);
    MF_CHECK(mf_http_headers_get(mf_buf_peek(&answer.headers), "link").data == NULL);
    mf__answer_done(&answer);
}

static void nonsense_is_refused(void)
{
    static const char *const cases[][5] = {
        {"HTTP/1.1 20 OK\r\n"},
        {"HTTP/1.1 2000 OK\r\n"},
        {"HTTP/1.1 2x0 OK\r\n"},
        {"HTTP/1.1200 OK\r\n"},
        {"HTTP/0.9 200 OK\r\n"},
        {"HTTP/1.1 099 OK\r\n"},
        {"ICY 200 OK\r\n"},
        {"\r\n"},
        {"HTTP/1.1 101 Switching\r\n"},
        {"HTTP/1.1 200 O\001K\r\n"},
        {"HTTP/1.1 200 OK\r\n", "no colon\r\n"},
        {"HTTP/1.1 200 OK\r\n", ": no name\r\n"},
        {"HTTP/1.1 200 OK\r\n", "a b: c\r\n"},
        {"HTTP/1.1 200 OK\r\n", "a : c\r\n"},
        {"HTTP/1.1 200 OK\r\n", "a: b\r\n", " folded: line\r\n"},
        {"HTTP/1.1 200 OK\r\n", "a: b\r\n", "\tfolded\r\n"},
        {"HTTP/1.1 200 OK\r\n", "a: b\rc\r\n"},
        {"HTTP/1.1 200 OK\r\n", "a: \001\r\n"},
        {"HTTP/1.1 200 OK\r\n", "content-length: 5\r\n", "content-length: 5\r\n"},
        {"HTTP/1.1 200 OK\r\n", "content-length: 5, 5\r\n"},
        {"HTTP/1.1 200 OK\r\n", "content-length: +5\r\n"},
        {"HTTP/1.1 200 OK\r\n", "content-length: 0x5\r\n"},
        {"HTTP/1.1 200 OK\r\n", "content-length: -1\r\n"},
        {"HTTP/1.1 200 OK\r\n", "content-length: 99999999999999999999\r\n"},
        {"HTTP/1.1 200 OK\r\n", "content-length:\r\n"},
        {"HTTP/1.1 200 OK\r\n", "content-length: 5\r\n", "transfer-encoding: chunked\r\n", "\r\n"},
        {"HTTP/1.1 200 OK\r\n", "transfer-encoding: chunked\r\n", "content-length: 5\r\n", "\r\n"},
        {"HTTP/1.1 200 OK\r\n", "transfer-encoding: chunked\r\n", "transfer-encoding: chunked\r\n"},
        {"HTTP/1.1 200 OK\r\n", "transfer-encoding: gzip, chunked\r\n"},
        {"HTTP/1.1 200 OK\r\n", "transfer-encoding: xchunked\r\n"},
        {"HTTP/2 200 \r\n", "transfer-encoding: chunked\r\n"},
    };
    for (size_t i = 0; i < MF_COUNT_OF(cases); i++) {
        struct mf__answer answer;
        size_t count = 0;
        while (count < 5 && cases[i][count] != NULL) {
            count++;
        }
        int rc = feed(&answer, cases[i], count);
        if (rc != MF_E_UPSTREAM_RESPONSE) {
            fprintf(stderr, "case %zu: %d\n", i, rc);
        }
        MF_CHECK_INT(rc, MF_E_UPSTREAM_RESPONSE);
        mf__answer_done(&answer);
    }
}

static void floods_end(void)
{
    struct mf__answer answer;
    static char line[MF_HTTP_HEADER_BYTES_MAX + 16];
    int rc = FEED(&answer, "HTTP/1.1 200 OK\r\n");
    size_t count = 0;
    while (rc == 0) {
        rc = mf__answer_line(&answer, mf_slice_of_cstr("a: b\r\n"));
        count++;
    }
    MF_CHECK_INT(rc, MF_E_UPSTREAM_HEADERS);
    MF_CHECK_INT(count, MF_HEADERS_COUNT_MAX + 1);
    mf__answer_done(&answer);
    MF_CHECK_INT(FEED(&answer, "HTTP/1.1 200 OK\r\n"), 0);
    memset(line, 'x', sizeof line - 1);
    line[1] = ':';
    MF_CHECK_INT(mf__answer_line(&answer, mf_slice_of_cstr(line)), MF_E_UPSTREAM_HEADERS);
    mf__answer_done(&answer);
    mf__answer_init(&answer);
    for (count = 0, rc = 0; rc == 0; count++) {
        rc = mf__answer_line(&answer, mf_slice_of_cstr("HTTP/1.1 102 Processing\r\n"));
        rc = rc < 0 ? rc : mf__answer_line(&answer, mf_slice_of_cstr("\r\n"));
    }
    MF_CHECK_INT(rc, MF_E_UPSTREAM_HEADERS);
    MF_CHECK_INT(count, MF_UPSTREAM_INFORMATIONAL_MAX + 1);
    mf__answer_done(&answer);
}

int main(void)
{
    MF_RUN(heads_are_read);
    MF_RUN(protocols_are_switched_for_who_asked);
    MF_RUN(versions_and_statuses);
    MF_RUN(nonsense_is_refused);
    MF_RUN(floods_end);
    return 0;
}
