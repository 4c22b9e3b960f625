/* The response writer: framing, the server's own headers, and what a hostile executor may try. */
#include <mayfly/http.h>

#include "check.h"

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static struct mf_buf out;

static int write_head(struct mf_http_response response, const char *const *pairs)
{
    struct mf_buf headers;

    mf_buf_init(&headers, 65536);
    for (size_t i = 0; pairs[i] != NULL; i++) {
        MF_CHECK(mf_buf_append(&headers, pairs[i], strlen(pairs[i]) + 1) == 0);
    }
    response.headers = mf_buf_peek(&headers);
    mf_buf_reset(&out);
    int framing = mf_http_write_head(&out, &response, mf_slice_of_cstr(DATE));
    mf_buf_done(&headers);
    return framing;
}

static const char *const none[] = {NULL};

static struct mf_http_response response_of(int status, int64_t body_bytes)
{
    struct mf_http_response response = {
        .status = status, .body_bytes = body_bytes, .request_minor = 1, .keep_alive = true};
    return response;
}

static void framings(void)
{
    struct mf_http_response response = response_of(200, 5);
    static const char *const type[] = {"content-type", "text/plain", NULL};

    MF_CHECK_INT(write_head(response, type), MF_HTTP_FRAMING_LENGTH);
    MF_CHECK_TEXT(mf_buf_peek(&out), "HTTP/1.1 200 OK\r\ndate: " DATE
                                     "\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\n");
    MF_CHECK_INT(write_head(response_of(404, -1), none), MF_HTTP_FRAMING_CHUNKED);
    MF_CHECK_TEXT(mf_buf_peek(&out),
                  "HTTP/1.1 404 Not Found\r\ndate: " DATE "\r\ntransfer-encoding: chunked\r\n\r\n");
    MF_CHECK_INT(write_head(response_of(204, -1), none), MF_HTTP_FRAMING_NONE);
    MF_CHECK_TEXT(mf_buf_peek(&out), "HTTP/1.1 204 No Content\r\ndate: " DATE "\r\n\r\n");
    MF_CHECK_INT(write_head(response_of(304, 0), none), MF_HTTP_FRAMING_NONE);
    MF_CHECK_TEXT(mf_buf_peek(&out), "HTTP/1.1 304 Not Modified\r\ndate: " DATE "\r\n\r\n");
    MF_CHECK_INT(write_head(response_of(299, 0), none), MF_HTTP_FRAMING_LENGTH);
    MF_CHECK_TEXT(mf_buf_peek(&out), "HTTP/1.1 299 Unknown\r\ndate: " DATE "\r\ncontent-length: 0\r\n\r\n");
}

static void connections(void)
{
    struct mf_http_response response = response_of(200, -1);

    response.request_minor = 0;
    MF_CHECK_INT(write_head(response, none), MF_HTTP_FRAMING_CLOSE);
    MF_CHECK_TEXT(mf_buf_peek(&out), "HTTP/1.1 200 OK\r\ndate: " DATE "\r\nconnection: close\r\n\r\n");
    response.body_bytes = 1;
    MF_CHECK_INT(write_head(response, none), MF_HTTP_FRAMING_LENGTH);
    MF_CHECK_TEXT(mf_buf_peek(&out),
                  "HTTP/1.1 200 OK\r\ndate: " DATE "\r\ncontent-length: 1\r\nconnection: keep-alive\r\n\r\n");
    response.request_minor = 1;
    response.keep_alive = false;
    MF_CHECK_INT(write_head(response, none), MF_HTTP_FRAMING_LENGTH);
    MF_CHECK_TEXT(mf_buf_peek(&out),
                  "HTTP/1.1 200 OK\r\ndate: " DATE "\r\ncontent-length: 1\r\nconnection: close\r\n\r\n");
}

static void heads(void)
{
    struct mf_http_response response = response_of(200, 7);
    static const char *const length[] = {"content-length", "42", "content-length", "43", NULL};
    static const char *const odd[] = {"content-length", "4x", NULL};

    response.is_head = true;
    MF_CHECK_INT(write_head(response, length), MF_HTTP_FRAMING_NONE);
    MF_CHECK_TEXT(mf_buf_peek(&out), "HTTP/1.1 200 OK\r\ndate: " DATE "\r\ncontent-length: 7\r\n\r\n");
    response.body_bytes = -1;
    MF_CHECK_INT(write_head(response, length), MF_HTTP_FRAMING_NONE);
    MF_CHECK_TEXT(mf_buf_peek(&out), "HTTP/1.1 200 OK\r\ndate: " DATE "\r\ncontent-length: 42\r\n\r\n");
    MF_CHECK_INT(write_head(response, odd), MF_HTTP_FRAMING_NONE);
    MF_CHECK_TEXT(mf_buf_peek(&out), "HTTP/1.1 200 OK\r\ndate: " DATE "\r\n\r\n");
    response.is_head = false;
    response.body_bytes = 3;
    MF_CHECK_INT(write_head(response, length), MF_HTTP_FRAMING_LENGTH);
    MF_CHECK_TEXT(mf_buf_peek(&out), "HTTP/1.1 200 OK\r\ndate: " DATE "\r\ncontent-length: 3\r\n\r\n");
}

static void server_headers_are_dropped(void)
{
    static const char *const pairs[] = {"Connection",
                                        "close, x",
                                        "transfer-ENCODING",
                                        "chunked",
                                        "keep-alive",
                                        "timeout=5",
                                        "upgrade",
                                        "h2c",
                                        "trailer",
                                        "x",
                                        "te",
                                        "trailers",
                                        "proxy-authenticate",
                                        "Basic",
                                        "Proxy-Connection",
                                        "keep-alive",
                                        "date",
                                        "now",
                                        "content-length",
                                        "1",
                                        "set-cookie",
                                        "a=1",
                                        "set-cookie",
                                        "b=2",
                                        "proxy",
                                        "stays",
                                        NULL};

    MF_CHECK_INT(write_head(response_of(200, 0), pairs), MF_HTTP_FRAMING_LENGTH);
    MF_CHECK_TEXT(mf_buf_peek(&out), "HTTP/1.1 200 OK\r\ndate: " DATE
                                     "\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nproxy: stays\r\n"
                                     "content-length: 0\r\n\r\n");
}

static void hostile_lists(void)
{
    static const char *const bad[][3] = {
        {"a", "b\r\nX-Injected: 1", NULL},
        {"a", "b\nc", NULL},
        {"a", "b\r", NULL},
        {"a\r\nb", "c", NULL},
        {"a:b", "c", NULL},
        {"a b", "c", NULL},
        {"", "c", NULL},
        {"a", "\x01", NULL},
        {"a", "\x7f", NULL},
        {"a", " b", NULL},
        {"a", "b ", NULL},
        {"connection\r", "x", NULL},
    };

    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        MF_CHECK_INT(write_head(response_of(200, 0), bad[i]), MF_E_INVALID);
        MF_CHECK_INT(out.size, 0); /* Nothing of it was written. */
    }
    struct mf_http_response response = response_of(200, 0);
    response.headers = mf_slice_of("a\0b", 3); /* No NUL at the end. */
    MF_CHECK_INT(mf_http_write_head(&out, &response, mf_slice_of_cstr(DATE)), MF_E_INVALID);
    response.headers = mf_slice_of("a\0", 2); /* A name alone. */
    MF_CHECK_INT(mf_http_write_head(&out, &response, mf_slice_of_cstr(DATE)), MF_E_INVALID);
}

static void statuses(void)
{
    static const int bad[] = {-1, 0, 99, 100, 101, 103, 199, 600, 999, 1000, 100000};

    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        MF_CHECK_INT(write_head(response_of(bad[i], 0), none), MF_E_INVALID);
    }
    MF_CHECK_INT(write_head(response_of(599, 0), none), MF_HTTP_FRAMING_LENGTH);
}

static void too_large(void)
{
    static const char *const pairs[] = {"a", "0123456789012345678901234567890123456789", NULL};
    struct mf_buf small = out;

    mf_buf_init(&out, 60);
    MF_CHECK_INT(write_head(response_of(200, 0), pairs), MF_E_TOO_LARGE);
    MF_CHECK_INT(out.size, 0);
    mf_buf_done(&out);
    out = small;
}

static void chunk_heads(void)
{
    char text[MF_HTTP_CHUNK_HEAD_BYTES];

    MF_CHECK_TEXT(mf_slice_of(text, mf_http_chunk_head(text, 1)), "1\r\n");
    MF_CHECK_TEXT(mf_slice_of(text, mf_http_chunk_head(text, 16)), "10\r\n");
    MF_CHECK_TEXT(mf_slice_of(text, mf_http_chunk_head(text, 0xabcdef)), "abcdef\r\n");
    MF_CHECK_TEXT(mf_slice_of(text, mf_http_chunk_head(text, SIZE_MAX)), "ffffffffffffffff\r\n");
}

static void dates(void)
{
    struct mf_http_date date = {0};

    MF_CHECK_TEXT(mf_http_date_at(&date, 0), "Thu, 01 Jan 1970 00:00:00 GMT");
    MF_CHECK_TEXT(mf_http_date_at(&date, UINT64_C(784111777123)), DATE);
    MF_CHECK_TEXT(mf_http_date_at(&date, UINT64_C(784111777999)), DATE);
    MF_CHECK_TEXT(mf_http_date_at(&date, UINT64_C(784111778000)), "Sun, 06 Nov 1994 08:49:38 GMT");
    MF_CHECK_TEXT(mf_http_date_at(&date, UINT64_C(1709164800000)), "Thu, 29 Feb 2024 00:00:00 GMT");
}

int main(void)
{
    mf_buf_init(&out, 65536);
    MF_RUN(framings);
    MF_RUN(connections);
    MF_RUN(heads);
    MF_RUN(server_headers_are_dropped);
    MF_RUN(hostile_lists);
    MF_RUN(statuses);
    MF_RUN(too_large);
    MF_RUN(chunk_heads);
    MF_RUN(dates);
    mf_buf_done(&out);
    return 0;
}
