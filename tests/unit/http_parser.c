/* The request parser over good and bad requests, each fed whole, byte by byte, and cut at every point. */
#include <mayfly/http.h>

#include "check.h"

#define BODY_BYTES_MAX 1000
#define OUT_BYTES_MAX 4194304

/* ---- one run: all events as text ------------------------------------------------------------- */

static void describe_head(struct mf_buf *out, const struct mf_http_request *request)
{
    struct mf_http_header header;
    size_t cursor = 0;

    MF_CHECK(mf_buf_printf(out, "%.*s %.*s ?%.*s 1.%d%s%s %lld;", (int)request->method.size,
                           (const char *)request->method.data, (int)request->path.size,
                           (const char *)request->path.data, (int)request->query.size,
                           (const char *)request->query.data, request->minor,
                           request->keep_alive ? " keep" : " close",
                           request->expects_continue ? " expect" : "", (long long)request->body_bytes) == 0);
    MF_CHECK_INT(request->has_body, request->body_bytes != 0);
    while (mf_http_headers_next(request->headers, &cursor, &header) == 1) {
        MF_CHECK(mf_buf_append_slice(out, header.name) == 0 && mf_buf_append_cstr(out, "=") == 0);
        MF_CHECK(mf_buf_append_slice(out, header.value) == 0 && mf_buf_append_cstr(out, ";") == 0);
    }
    MF_CHECK_INT(cursor, request->headers.size);
}

/* Feeds one part until it is used up. */
static int feed_part(struct mf_http_parser *parser, struct mf_slice part, struct mf_buf *out, bool *in_body)
{
    for (;;) {
        struct mf_http_event event;
        /* Exactly as long as it is, so that a sanitizer sees a byte read past the end. */
        uint8_t *copy = malloc(part.size > 0 ? part.size : 1);
        MF_CHECK(copy != NULL);
        if (part.size > 0) {
            memcpy(copy, part.data, part.size);
        }
        int error = mf_http_parser_feed(parser, mf_slice_of(copy, part.size), &event);
        if (error < 0) {
            free(copy);
            return error;
        }
        MF_CHECK(event.consumed <= part.size);
        if (event.kind == MF_HTTP_HEAD) {
            MF_CHECK(mf_buf_append_cstr(out, "[") == 0);
            describe_head(out, mf_http_parser_request(parser));
            *in_body = true;
        } else if (event.kind == MF_HTTP_BODY) {
            MF_CHECK(*in_body && event.body.size > 0);
            MF_CHECK(event.body.data >= copy && event.body.data + event.body.size <= copy + event.consumed);
            MF_CHECK(mf_buf_append_slice(out, event.body) == 0);
        } else if (event.kind == MF_HTTP_END) {
            MF_CHECK(*in_body && mf_http_parser_is_idle(parser));
            *in_body = false;
            MF_CHECK(mf_buf_append_cstr(out, "]") == 0);
        }
        part = mf_slice_of(part.data + event.consumed, part.size - event.consumed);
        free(copy);
        if (event.kind == MF_HTTP_MORE) {
            MF_CHECK_INT(part.size, 0);
            return 0;
        }
    }
}

/* Cuts |text| at |cut|, or into single bytes (cut 0). */
static int parse(struct mf_slice text, size_t cut, struct mf_buf *out)
{
    struct mf_http_parser *parser = mf_http_parser_new(BODY_BYTES_MAX);
    size_t at = 0;
    bool in_body = false;
    int error = 0;

    MF_CHECK(mf_http_parser_is_idle(parser));
    mf_buf_reset(out);
    while (error == 0 && at < text.size) {
        size_t size = cut == 0 ? 1 : at == 0 ? cut : text.size - at;
        error = feed_part(parser, mf_slice_of(text.data + at, size), out, &in_body);
        at += size;
    }
    if (error < 0) { /* A parser that failed stays failed. */
        struct mf_http_event event;
        MF_CHECK_INT(mf_http_parser_feed(parser, mf_slice_of_cstr("GET / HTTP/1.1\r\n"), &event), error);
    }
    mf_http_parser_free(parser);
    return error;
}

static void expect_good(struct mf_slice text, const char *expected)
{
    struct mf_buf out;

    mf_buf_init(&out, OUT_BYTES_MAX);
    for (size_t cut = 0; cut <= text.size; cut++) {
        int error = parse(text, cut, &out);
        if (error != 0) {
            fprintf(stderr, "refused (%d), cut at %zu:\n%.*s\n", error, cut, (int)text.size,
                    (const char *)text.data);
            exit(1);
        }
        MF_CHECK_TEXT(mf_buf_peek(&out), expected);
    }
    mf_buf_done(&out);
}

static void expect_bad(struct mf_slice text, int expected)
{
    struct mf_buf out;

    mf_buf_init(&out, OUT_BYTES_MAX);
    for (size_t cut = 0; cut <= text.size; cut++) {
        int error = parse(text, cut, &out);
        if (error != expected) {
            fprintf(stderr, "%d (%s), expected %d, cut at %zu:\n%.*s\n", error,
                    error < 0 ? mf_error_code(error) : "taken", expected, cut, (int)text.size,
                    (const char *)text.data);
            exit(1);
        }
    }
    mf_buf_done(&out);
}

static void good(const char *text, const char *expected)
{
    expect_good(mf_slice_of_cstr(text), expected);
}

static void bad(const char *text)
{
    expect_bad(mf_slice_of_cstr(text), MF_E_HTTP_MALFORMED);
}

/* A literal with a NUL inside. */
#define bad_bytes(literal) expect_bad(mf_slice_of(literal, sizeof(literal) - 1), MF_E_HTTP_MALFORMED)

static void bad_as(const char *text, int error)
{
    expect_bad(mf_slice_of_cstr(text), error);
}

/* ---- good ------------------------------------------------------------------------------------ */

#define H "HTTP/1.1\r\nHost: a\r\n"

static void heads(void)
{
    good("GET / " H "\r\n", "[GET / ? 1.1 keep 0;host=a;]");
    good("\r\n\r\nGET / " H "\r\n", "[GET / ? 1.1 keep 0;host=a;]");
    good("GET /a/%2e?b=c?d&e " H "\r\n", "[GET /a/%2e ?b=c?d&e 1.1 keep 0;host=a;]");
    good("GET /? " H "\r\n", "[GET / ? 1.1 keep 0;host=a;]");
    good("DELETE //a " H "X-Mixed-CASE:\t v  w \t\r\n\r\n",
         "[DELETE //a ? 1.1 keep 0;host=a;x-mixed-case=v  w;]");
    good("GET / " H "Empty:\r\nEmpty2: \r\nZ: 1\r\n\r\n", "[GET / ? 1.1 keep 0;host=a;empty=;empty2=;z=1;]");
    good("GET / " H "A: 1\r\nA: 2\r\nB: \xff\xfe\r\n\r\n", "[GET / ? 1.1 keep 0;host=a;a=1;a=2;b=\xff\xfe;]");
    good("GET / HTTP/1.1\r\nHost: [::1]:8787\r\n\r\n", "[GET / ? 1.1 keep 0;host=[::1]:8787;]");
    good("GET / HTTP/1.1\r\nHost:\r\n\r\n", "[GET / ? 1.1 keep 0;host=;]");
}

static void connections(void)
{
    good("GET / " H "Connection: close\r\n\r\n", "[GET / ? 1.1 close 0;host=a;connection=close;]");
    good("GET / " H "Connection: x, Close\r\n\r\n", "[GET / ? 1.1 close 0;host=a;connection=x, Close;]");
    good("GET / HTTP/1.0\r\n\r\n", "[GET / ? 1.0 close 0;]");
    good("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "[GET / ? 1.0 keep 0;connection=Keep-Alive;]");
    good("GET / " H "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nGET /2 " H "\r\n",
         "[GET / ? 1.1 keep 0;host=a;connection=Upgrade;upgrade=websocket;][GET /2 ? 1.1 keep 0;host=a;]");
    good("POST / " H "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab",
         "[POST / ? 1.1 keep 2;host=a;connection=Upgrade;upgrade=h2c;content-length=2;ab]");
}

static void targets(void)
{
    good("OPTIONS * " H "\r\n", "[OPTIONS * ? 1.1 keep 0;host=a;]");
    good("GET http://a/b?c " H "\r\n", "[GET /b ?c 1.1 keep 0;host=a;]");
    good("GET HTTPS://A " H "\r\n", "[GET / ? 1.1 keep 0;host=a;]");
    good("GET http://a?q=/ " H "\r\n", "[GET / ?q=/ 1.1 keep 0;host=a;]");
    bad("GET http://b/ " H "\r\n");
    bad("GET http://a:80/ " H "\r\n");
    bad("GET http://u@a/ " H "\r\n");
    bad("GET http:/// " H "\r\n");
    bad("GET ftp://a/ " H "\r\n");
    bad("GET * " H "\r\n");
    bad("GET a:80 " H "\r\n");
    bad("GET /a#b " H "\r\n");
    bad("GET /a b " H "\r\n");
    bad("GET /\x80 " H "\r\n");
    bad("GET /\x01 " H "\r\n");
    bad("GET /\t " H "\r\n");
    bad_as("CONNECT a:443 " H "\r\n", MF_E_UNSUPPORTED);
}

static void bodies(void)
{
    good("POST / " H "Content-Length: 5\r\n\r\nhello", "[POST / ? 1.1 keep 5;host=a;content-length=5;hello]");
    good("POST / " H "Content-Length: 005 \r\n\r\n\r\n\r\n.",
         "[POST / ? 1.1 keep 5;host=a;content-length=005;\r\n\r\n.]");
    good("POST / " H "Content-Length: 0\r\n\r\n", "[POST / ? 1.1 keep 0;host=a;content-length=0;]");
    good("GET / " H "Content-Length: 1\r\n\r\nx", "[GET / ? 1.1 keep 1;host=a;content-length=1;x]");
    good("POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nab", "[POST / ? 1.0 close 2;content-length=2;ab]");
    good("POST / " H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0c\r\n \nhello\rworl\r\n0\r\n\r\n",
         "[POST / ? 1.1 keep -1;host=a;transfer-encoding=chunked;abc \nhello\rworl]");
    good("POST / " H
         "Transfer-Encoding: CHUNKED\r\n\r\nA;z=\"q\"\r\n0123456789\r\n00\r\nX-Trailer: x\r\nHost: b\r\n\r\n"
         "GET / " H "\r\n",
         "[POST / ? 1.1 keep -1;host=a;transfer-encoding=CHUNKED;0123456789][GET / ? 1.1 keep 0;host=a;]");
    good("POST / " H "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
         "[POST / ? 1.1 keep expect 1;host=a;expect=100-Continue;content-length=1;x]");
    good("GET / " H "Expect: 100-continue\r\n\r\n", "[GET / ? 1.1 keep 0;host=a;expect=100-continue;]");
    good("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
         "[POST / ? 1.0 close 1;expect=100-continue;content-length=1;x]");
}

static void pipelines(void)
{
    good("GET /1 " H "\r\nPOST /2 " H "Content-Length: 2\r\n\r\nabGET /3 " H "\r\n",
         "[GET /1 ? 1.1 keep 0;host=a;][POST /2 ? 1.1 keep 2;host=a;content-length=2;ab][GET /3 ? 1.1 keep "
         "0;host=a;]");
    good("GET / " H, ""); /* Not complete is not an error; it is net's to time it out. */
    good("POST / " H "Content-Length: 5\r\n\r\nhell", "[POST / ? 1.1 keep 5;host=a;content-length=5;hell");
}

/* ---- bad ------------------------------------------------------------------------------------- */

static void bad_lines(void)
{
    bad("GET / HTTP/1.1\nHost: a\n\n");
    bad("GET / HTTP/1.1\r\nHost: a\n\r\n");
    bad("GET / HTTP/1.1\r\nHost: a\r\n\n");
    bad("GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n");
    bad("GET / HTTP/1.1\r\rHost: a\r\n\r\n");
    bad("\nGET / " H "\r\n");
    bad("GET / " H "A: b\r\n c\r\n\r\n");
    bad("GET / " H "A: b\r\n\tc\r\n\r\n");
    bad("GET / HTTP/1.1\r\n Host: a\r\n\r\n");
    bad("GET / " H "A:\r\n b\r\n\r\n");
    bad("GET / " H "A : b\r\n\r\n");
    bad("GET / " H " A: b\r\n\r\n");
    bad("GET / " H ": b\r\n\r\n");
    bad("GET / " H "A\r\n\r\n");
    bad("GET / " H "A(: b\r\n\r\n");
    bad("GET / " H "\xc3\xa4: b\r\n\r\n");
    bad("GET / " H "A: b\x01\r\n\r\n");
    bad("GET / " H "A: b\x7f\r\n\r\n");
    bad(" GET / " H "\r\n");
    bad("GET\t/ " H "\r\n");
    bad("GET  / " H "\r\n");
    bad("GET /  " H "\r\n");
    bad("GET / HTTP/1.1 \r\nHost: a\r\n\r\n");
    bad("GET / HTTP/1.11\r\nHost: a\r\n\r\n");
    bad("SOURCE / ICE/1.0\r\nHost: a\r\n\r\n");
    bad("get / " H "\r\n");
    bad("NONSENSE / " H "\r\n");
    bad("\x16\x03\x01\x02"
        "a");
    bad_bytes("GET / HTTP/1.1\r\nHost: a\r\nA: b\0c\r\n\r\n");
    bad_bytes("GET / HTTP/1.1\r\nHost: a\r\nA\0: b\r\n\r\n");
    bad_bytes("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n");
}

static void bad_versions(void)
{
    bad_as("GET / HTTP/2.0\r\nHost: a\r\n\r\n", MF_E_HTTP_VERSION);
    bad_as("GET / HTTP/1.2\r\nHost: a\r\n\r\n", MF_E_HTTP_VERSION);
    bad_as("GET / HTTP/0.9\r\nHost: a\r\n\r\n", MF_E_HTTP_VERSION);
    bad_as("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", MF_E_HTTP_VERSION);
    bad("GET / HTTX/1.1\r\nHost: a\r\n\r\n");
    bad("GET / RTSP/1.0\r\nHost: a\r\n\r\n");
}

static void bad_hosts(void)
{
    bad("GET / HTTP/1.1\r\n\r\n");
    bad("GET / " H "Host: a\r\n\r\n");
    bad("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n");
    bad("GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
    bad("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n");
    bad("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n");
    bad("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n");
    bad("GET / HTTP/1.1\r\nHost: \xff\r\n\r\n");
}

/* Each of these has been read in two ways by a pair of servers. */
static void smuggling(void)
{
    bad("POST / " H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    bad("POST / " H "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n");
    bad("POST / " H "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx");
    bad("POST / " H "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy");
    bad("POST / " H "Content-Length: 1, 1\r\n\r\nx");
    bad("POST / " H "Content-Length: +1\r\n\r\nx");
    bad("POST / " H "Content-Length: -1\r\n\r\nx");
    bad("POST / " H "Content-Length: 1 1\r\n\r\nx");
    bad("POST / " H "Content-Length: 0x1\r\n\r\nx");
    bad("POST / " H "Content-Length:\r\n\r\nx");
    bad("POST / " H "Content-Length: 1.0\r\n\r\nx");
    bad("POST / " H "Content-Length: 99999999999999999999\r\n\r\nx");
    bad("POST / " H "Content_Length: 1\r\nContent-Length : 1\r\n\r\nx");
    bad("POST / " H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
    bad("POST / " H "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n");
    bad("POST / " H "Transfer-Encoding: identity\r\n\r\n");
    bad("POST / " H "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n");
    bad("POST / " H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    bad("POST / " H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n");
    bad("POST / " H "Transfer-Encoding: \x0b"
        "chunked\r\n\r\n0\r\n\r\n");
    bad("POST / " H "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n");
    bad("POST / " H "Transfer-Encoding:\r\n\r\n0\r\n\r\n");
    bad("POST / " H "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n");
    bad("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
}

#define CHUNKED "POST / " H "Transfer-Encoding: chunked\r\n\r\n"

static void bad_chunks(void)
{
    bad(CHUNKED "3\nabc\r\n0\r\n\r\n");
    bad(CHUNKED "3\r\nabc\n0\r\n\r\n");
    bad(CHUNKED "3\r\nabcd\r\n0\r\n\r\n");
    bad(CHUNKED "3\r\nabc0\r\n\r\n");
    bad(CHUNKED "0x3\r\nabc\r\n0\r\n\r\n");
    bad(CHUNKED "-3\r\nabc\r\n0\r\n\r\n");
    bad(CHUNKED "+3\r\nabc\r\n0\r\n\r\n");
    bad(CHUNKED " 3\r\nabc\r\n0\r\n\r\n");
    bad(CHUNKED "g\r\nabc\r\n0\r\n\r\n");
    bad(CHUNKED "\r\nabc\r\n0\r\n\r\n");
    bad(CHUNKED "3;a\nb\r\nabc\r\n0\r\n\r\n");
    bad(CHUNKED "10000000000000003\r\nabc\r\n0\r\n\r\n");
    bad(CHUNKED "0\r\nA: b\r\n c\r\n\r\n");
    bad(CHUNKED "0\r\nA : b\r\n\r\n");
    bad(CHUNKED "0\n\r\n");
}

/* ---- limits ---------------------------------------------------------------------------------- */

static int parse_repeated(const char *before, const char *piece, size_t count, const char *after)
{
    struct mf_buf text;
    struct mf_buf out;

    mf_buf_init(&text, OUT_BYTES_MAX);
    mf_buf_init(&out, OUT_BYTES_MAX);
    MF_CHECK(mf_buf_append_cstr(&text, before) == 0);
    for (size_t i = 0; i < count; i++) {
        MF_CHECK(mf_buf_append_cstr(&text, piece) == 0);
    }
    MF_CHECK(mf_buf_append_cstr(&text, after) == 0);
    int whole = parse(mf_buf_peek(&text), text.size, &out);
    MF_CHECK_INT(parse(mf_buf_peek(&text), 0, &out), whole);
    MF_CHECK_INT(parse(mf_buf_peek(&text), text.size / 2, &out), whole);
    mf_buf_done(&out);
    mf_buf_done(&text);
    return whole;
}

static void head_limits(void)
{
    MF_CHECK_INT(parse_repeated("GET /", "a", MF_HTTP_TARGET_BYTES_MAX - 1, " " H "\r\n"), 0);
    MF_CHECK_INT(parse_repeated("GET /", "a", MF_HTTP_TARGET_BYTES_MAX, " " H "\r\n"), MF_E_HTTP_URI);
    MF_CHECK_INT(parse_repeated("GET / " H, "a:b\r\n", MF_HEADERS_COUNT_MAX - 1, "\r\n"), 0);
    MF_CHECK_INT(parse_repeated("GET / " H, "a:b\r\n", MF_HEADERS_COUNT_MAX, "\r\n"), MF_E_HTTP_HEADERS);
    size_t rest = MF_HTTP_HEADER_BYTES_MAX - strlen("GET / " H "a:\r\n\r\n");
    MF_CHECK_INT(parse_repeated("GET / " H "a:", "b", rest, "\r\n\r\n"), 0);
    MF_CHECK_INT(parse_repeated("GET / " H "a:", "b", rest + 1, "\r\n\r\n"), MF_E_HTTP_HEADERS);
    MF_CHECK_INT(parse_repeated("GET / " H, "b", MF_HTTP_HEADER_BYTES_MAX, ""), MF_E_HTTP_HEADERS);
    MF_CHECK_INT(parse_repeated("", "\r\n", MF_HTTP_HEADER_BYTES_MAX, ""), MF_E_HTTP_HEADERS);
}

static void body_limits(void)
{
    MF_CHECK_INT(parse_repeated("POST / " H "Content-Length: 1000\r\n\r\n", "a", 1000, ""), 0);
    bad_as("POST / " H "Content-Length: 1001\r\n\r\n", MF_E_HTTP_BODY);
    MF_CHECK_INT(parse_repeated(CHUNKED, "1\r\na\r\n", 1000, "0\r\n\r\n"), 0);
    MF_CHECK_INT(parse_repeated(CHUNKED, "1\r\na\r\n", 1001, "0\r\n\r\n"), MF_E_HTTP_BODY);
    MF_CHECK_INT(parse_repeated(CHUNKED "3e9\r\n", "a", 1001, "\r\n0\r\n\r\n"), MF_E_HTTP_BODY);
    MF_CHECK_INT(parse_repeated(CHUNKED "1;", "e", 8000, "\r\na\r\n0\r\n\r\n"), 0);
    MF_CHECK_INT(parse_repeated(CHUNKED "1;", "e", 17000, "\r\na\r\n0\r\n\r\n"), MF_E_HTTP_MALFORMED);
    MF_CHECK_INT(
        parse_repeated(CHUNKED, "1;eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\r\na\r\n", 900, "0\r\n\r\n"),
        MF_E_HTTP_MALFORMED);
    MF_CHECK_INT(parse_repeated(CHUNKED "0\r\n", "t: u\r\n", 2000, "\r\n"), 0);
    MF_CHECK_INT(parse_repeated(CHUNKED "0\r\n", "t: u\r\n", 3000, "\r\n"), MF_E_HTTP_MALFORMED);
}

static void idle_and_trim(void)
{
    struct mf_http_parser *parser = mf_http_parser_new(BODY_BYTES_MAX);
    struct mf_http_event event;
    struct mf_slice text = mf_slice_of_cstr("\r\nGET / " H "\r\n");

    MF_CHECK(mf_http_parser_feed(parser, mf_slice_of(text.data, 2), &event) == 0);
    MF_CHECK(mf_http_parser_is_idle(parser));
    MF_CHECK(mf_http_parser_feed(parser, mf_slice_of(text.data + 2, 1), &event) == 0);
    MF_CHECK(!mf_http_parser_is_idle(parser));
    MF_CHECK(mf_http_parser_feed(parser, mf_slice_of(text.data + 3, text.size - 3), &event) == 0);
    MF_CHECK_INT(event.kind, MF_HTTP_HEAD);
    MF_CHECK(!mf_http_parser_is_idle(parser));
    MF_CHECK(mf_http_parser_feed(parser, mf_slice_of(NULL, 0), &event) == 0);
    MF_CHECK_INT(event.kind, MF_HTTP_END);
    MF_CHECK_TEXT(mf_http_parser_request(parser)->target, "/");
    mf_http_parser_trim(parser);
    MF_CHECK(mf_http_parser_is_idle(parser));
    mf_http_parser_free(parser);
    mf_http_parser_free(NULL);
}

int main(void)
{
    MF_RUN(heads);
    MF_RUN(connections);
    MF_RUN(targets);
    MF_RUN(bodies);
    MF_RUN(pipelines);
    MF_RUN(bad_lines);
    MF_RUN(bad_versions);
    MF_RUN(bad_hosts);
    MF_RUN(smuggling);
    MF_RUN(bad_chunks);
    MF_RUN(head_limits);
    MF_RUN(body_limits);
    MF_RUN(idle_and_trim);
    return 0;
}
