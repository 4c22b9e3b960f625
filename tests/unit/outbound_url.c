/* The URL, headers and method of a guest's request: one spelling passes, every other is refused before it is matched. */
#include "headers.h"
#include "path.h"
#include "url.h"

#include "check.h"

static struct mf_slice text(const char *cstr)
{
    return mf_slice_of_cstr(cstr);
}

/* Parses, and writes it again as it was. */
static void passes(const char *url_text)
{
    struct mf__url url;
    struct mf_buf again;

    int rc = mf__url_parse(text(url_text), &url);
    if (rc < 0) {
        fprintf(stderr, "refused: %s\n", url_text);
    }
    MF_CHECK_INT(rc, 0);
    mf_buf_init(&again, 65536);
    MF_CHECK_INT(mf__url_write(&url, &again), 0);
    MF_CHECK_TEXT(mf_buf_peek(&again), url_text);
    mf_buf_done(&again);
}

static void is_refused(const char *url_text)
{
    struct mf__url url;

    int rc = mf__url_parse(text(url_text), &url);
    if (rc == 0) {
        fprintf(stderr, "taken: %s\n", url_text);
    }
    MF_CHECK_INT(rc, MF_E_OUTBOUND_URL);
}

static void takes_what_a_serialiser_writes(void)
{
    static const char *const urls[] = {
        "https://api.example.com/",
        "http://api.example.com/a/b?c=d&e=%20f",
        "https://api.example.com:8443/a",
        "http://api.example.com:443/",
        "https://xn--bcher-kva.example/",
        "https://a_b.example/",
        "https://a--b.example/",
        "http://127.0.0.1/",
        "http://255.255.255.255:65535/",
        "http://[::1]/",
        "http://[::]/",
        "http://[2001:db8::1]:8080/x",
        "http://[::ffff:a9fe:a9fe]/latest",
        "http://[1:0:0:2::3]/",
        "http://[1:2:3:4:5:6:7:8]/",
        "http://[1::]/",
        "http://[1:0:2:3:4:5:6:7]/",
        "https://example.com/a;b=c/%7Etilde/!$&'()*+,=:@|[]^",
        "https://example.com//a//b/",
        "https://example.com/?q={}|\\^`",
        "https://example.com/...",
        "https://example.com/.well-known/x..y",
        "https://example.com/%2Fa%zz%",
        "https://localhost/",
        "https://example.0a/",
    };
    for (size_t i = 0; i < MF_COUNT_OF(urls); i++) {
        passes(urls[i]);
    }
}

/* Field-and-threats 39: the spellings by which a name or address is smuggled past a check. */
static const char *const hostile[] = {
    "",
    "https",
    "https:",
    "https:/",
    "https://",
    "https:///",
    "https:///a",
    "//host/",
    "/path",
    "ftp://example.com/",
    "file:///etc/passwd",
    "HTTPS://example.com/",
    "https:\\\\example.com/",
    "ws://example.com/",
    "data:text/plain,x",
    "javascript:alert(1)",
    " https://example.com/",
    "https://example.com",
    "https://example.com?x",
    /* IPv4 in every spelling but one */
    "http://2852039166/",
    "http://0x7f.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0177.0.0.1/",
    "http://0x7f000001/",
    "http://017700000001/",
    "http://127.0.0.1./",
    "http://127.0.0.01/",
    "http://0.0.0.0x0/",
    "http://1.2.3.256/",
    "http://1.2.3.4.5/",
    "http://0x.1/",
    "http://a.0x7f/",
    "http://foo.1/",
    "http://1/",
    "http://0xa9fea9fe/",
    "http://169.254.43518/",
    "http://00.0.0.0/",
    "http://127.000.000.001/",
    "http://4294967296/",
    /* IPv6 likewise */
    "http://[::0001]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::FFFF:a9fe:a9fe]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[::1/",
    "http://::1/",
    "http://[]/",
    "http://[::1]x/",
    "http://[v1.a]/",
    "http://[::127.0.0.1]/",
    "http://[1:2:3:4:5:6:7::]/",
    "http://[::1]:/",
    /* names */
    "http://localhost./",
    "http://example.com./",
    "http://.example.com/",
    "http://example..com/",
    "http://Example.com/",
    "http://ex%61mple.com/",
    "http://example.com%00.evil/",
    "http://b\xc3\xbc"
    "cher.example/",
    "http://example\xe3\x80\x82"
    "com/",
    "http://127\xef\xbc\x8e"
    "0.0.1/",
    "http://exa mple.com/",
    "http://exam\tple.com/",
    "http://example.com\\@evil/",
    "http://ex'ample.com/",
    "http://ex*mple.com/",
    /* userinfo */
    "http://ok@evil/",
    "http://user:pass@example.com/",
    "http://@example.com/",
    "http://example.com:80@evil/",
    "http://example.com#@evil/",
    "http://example.com;@evil/",
    /* ports */
    "http://example.com:80/",
    "https://example.com:443/",
    "http://example.com:/",
    "http://example.com:0/",
    "http://example.com:080/",
    "http://example.com:65536/",
    "http://example.com:99999999999999999999/",
    "http://example.com:8a/",
    "http://example.com:-1/",
    "http://example.com:+1/",
    "http://example.com:1:2/",
    /* paths */
    "http://example.com/../a",
    "http://example.com/a/./b",
    "http://example.com/a/..",
    "http://example.com/%2e%2E/a",
    "http://example.com/.%2e/a",
    "http://example.com/a\\b",
    "http://example.com/a b",
    "http://example.com/a#b",
    "http://example.com/\r\nHost: evil",
    "http://example.com/a\nb",
    "http://example.com/\x7f",
    "http://example.com/\xff",
    "http://example.com/..%2fa",
    "http://example.com/a/..%5Cb",
    "http://example.com/a%2f..%2fb",
    "http://example.com/a/..;x/b",
    "http://example.com/a/.;/b",
    "http://example.com/\"",
    "http://example.com/<",
    "http://example.com/?a b",
    "http://example.com/?\r\n",
    "http://example.com/?#",
    "http://example.com/?'",
};

static void refuses_hostile_spellings(void)
{
    for (size_t i = 0; i < MF_COUNT_OF(hostile); i++) {
        is_refused(hostile[i]);
    }
    struct mf__url url;
    MF_CHECK_INT(mf__url_parse(mf_slice_of("http://example.com/\0a", 21), &url), MF_E_OUTBOUND_URL);
    MF_CHECK_INT(mf__url_parse(mf_slice_of("http://exa\0mple.com/", 20), &url), MF_E_OUTBOUND_URL);
}

static void keeps_lengths(void)
{
    static char url[MF_OUTBOUND_URL_BYTES_MAX + 2];
    struct mf__url parsed;
    char host[300];

    memset(url, 'a', sizeof url);
    memcpy(url, "https://a/", 10);
    MF_CHECK_INT(mf__url_parse(mf_slice_of(url, MF_OUTBOUND_URL_BYTES_MAX), &parsed), 0);
    MF_CHECK_INT(mf__url_parse(mf_slice_of(url, MF_OUTBOUND_URL_BYTES_MAX + 1), &parsed), MF_E_OUTBOUND_URL);
    (void)snprintf(host, sizeof host, "https://%.63s.b/", url + 10);
    passes(host);
    (void)snprintf(host, sizeof host, "https://%.64s.b/", url + 10);
    is_refused(host);
    (void)snprintf(host, sizeof host, "https://%.60s.%.60s.%.60s.%.60s.%.9s/", url + 10, url + 10, url + 10,
                   url + 10, url + 10);
    passes(host); /* 253 */
    (void)snprintf(host, sizeof host, "https://%.60s.%.60s.%.60s.%.60s.%.10s/", url + 10, url + 10, url + 10,
                   url + 10, url + 10);
    is_refused(host);
}

static void reads_its_parts(void)
{
    struct mf__url url;

    MF_CHECK_INT(mf__url_parse(text("https://api.example.com/a/b?c"), &url), 0);
    MF_CHECK(url.is_https && url.is_default_port && url.host.kind == MF__HOST_NAME);
    MF_CHECK_INT(url.port, 443);
    MF_CHECK_TEXT(url.path, "/a/b");
    MF_CHECK_TEXT(url.query, "?c");
    MF_CHECK_INT(mf__url_parse(text("http://[::ffff:7f00:1]:81/"), &url), 0);
    MF_CHECK(!url.is_https && !url.is_default_port && url.host.kind == MF__HOST_V6);
    MF_CHECK(url.host.address[10] == 0xff && url.host.address[12] == 0x7f && url.host.address[15] == 1);
    MF_CHECK_INT(url.port, 81);
    MF_CHECK_INT(url.query.size, 0);
    MF_CHECK_INT(mf__url_parse(text("http://10.1.2.3/"), &url), 0);
    MF_CHECK(url.host.kind == MF__HOST_V4 && url.host.address[0] == 10 && url.host.address[3] == 3);
}

/* ---- redirects ---------------------------------------------------------------------------------- */

static void resolves(const char *base_text, const char *location, const char *expected)
{
    struct mf__url base;
    struct mf_buf out;

    MF_CHECK_INT(mf__url_parse(text(base_text), &base), 0);
    mf_buf_init(&out, 65536);
    int rc = mf__url_resolve(&base, text(location), &out);
    if (expected == NULL) {
        if (rc == 0) {
            fprintf(stderr, "%s became %.*s\n", location, (int)out.size, (const char *)out.data);
        }
        MF_CHECK_INT(rc, MF_E_OUTBOUND_URL);
    } else {
        if (rc != 0) {
            fprintf(stderr, "%s was refused\n", location);
        }
        MF_CHECK_INT(rc, 0);
        MF_CHECK_TEXT(mf_buf_peek(&out), expected);
    }
    mf_buf_done(&out);
}

static void resolves_locations(void)
{
    static const struct {
        const char *location;
        const char *expected;
    } rows[] = {
        {"https://other.example/x", "https://other.example/x"},
        {"HTTP://Other.Example", "http://other.example/"},
        {"https://other.example:443/x?y#z", "https://other.example/x?y"},
        {"http://other.example:/x", "http://other.example/x"},
        {"https://other.example?q", "https://other.example/?q"},
        {"//other.example/x", "https://other.example/x"},
        {"\\\\other.example\\x", "https://other.example/x"},
        {"/x/y", "https://a.example:8443/x/y"},
        {"x", "https://a.example:8443/b/x"},
        {"./x/../y/", "https://a.example:8443/b/y/"},
        {"../../../x", "https://a.example:8443/x"},
        {"..", "https://a.example:8443/"},
        {".", "https://a.example:8443/b/"},
        {"%2e%2E/x", "https://a.example:8443/x"},
        {"?q=1", "https://a.example:8443/b/c?q=1"},
        {"", "https://a.example:8443/b/c?d"},
        {"#f", "https://a.example:8443/b/c?d"},
        {"  /x \t", "https://a.example:8443/x"},
        {"/a b\xc3\xbc\"<>`{}", "https://a.example:8443/a%20b%C3%BC%22%3C%3E%60%7B%7D"},
        {"?a b'\xff", "https://a.example:8443/b/c?a%20b%27%FF"},
        {"x:y", NULL}, /* A scheme. */
        {"./x:y", "https://a.example:8443/b/x:y"},
        {"//[::1]/x", "https://[::1]/x"},
        {"///x", NULL},
        {"ftp://a/", NULL},
        {"https:x", NULL},
        {"http:/x", NULL},
        {"data:,x", NULL},
        {"http://169.254.169.254./", NULL},
        {"http://0x7f.1/", NULL},
        {"//2852039166/", NULL},
        {"http://[::ffff:169.254.169.254]/", NULL},
        {"http://ok@evil/", NULL},
        {"http://b\xc3\xbc/", NULL},
        {"http://a\r\nb/", NULL},
        {"http://ex%61mple.com/", NULL},
        {"//localhost./", NULL},
        {"/..;/x", NULL},
        {"http://a/..%2fb", NULL},
        {"http://\xef\xbc\x91"
         "27.0.0.1/",
         NULL},
        {"https://a:0443/", NULL},
    };
    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        resolves("https://a.example:8443/b/c?d", rows[i].location, rows[i].expected);
    }
    struct mf__url a;
    struct mf__url b;
    MF_CHECK_INT(mf__url_parse(text("https://a.example/x"), &a), 0);
    MF_CHECK_INT(mf__url_parse(text("https://a.example/y"), &b), 0);
    MF_CHECK(mf__url_same_origin(&a, &b));
    MF_CHECK_INT(mf__url_parse(text("http://a.example:443/y"), &b), 0);
    MF_CHECK(!mf__url_same_origin(&a, &b));
    MF_CHECK_INT(mf__url_parse(text("https://b.example/"), &b), 0);
    MF_CHECK(!mf__url_same_origin(&a, &b));
    MF_CHECK_INT(mf__url_parse(text("https://a.example:444/"), &b), 0);
    MF_CHECK(!mf__url_same_origin(&a, &b));
}

/* ---- what an operator writes ---------------------------------------------------------------------- */

static void normalises_written_hosts(void)
{
    static const struct {
        const char *written;
        const char *expected; /* NULL: refused. */
    } rows[] = {
        {"Example.COM", "example.com"},
        {"B\xc3\xbc"
         "cher.example",
         "xn--bcher-kva.example"},
        {"xn--bcher-kva.example", "xn--bcher-kva.example"},
        {"stra\xc3\x9f"
         "e.example",
         "xn--strae-oqa.example"},
        {"example\xe3\x80\x82"
         "com",
         "example.com"},
        {"\xef\xbc\xa5xample.com", "example.com"},
        {"::1", "[::1]"},
        {"[0:0::1]", "[::1]"},
        {"2001:DB8::1", "[2001:db8::1]"},
        {"::ffff:10.0.0.1", "[::ffff:a00:1]"},
        {"10.0.0.1", "10.0.0.1"},
        {"", NULL},
        {".", NULL},
        {"example.com.", NULL},
        {"localhost.", NULL},
        {"010.0.0.1", NULL},
        {"0x7f.1", NULL},
        {"example.com:443", NULL},
        {"https://example.com", NULL},
        {"example.com/x", NULL},
        {"a b", NULL},
        {"\xef\xbc\x91"
         "27.1",
         NULL},
        {"[::1", NULL},
        {"fe80::1%eth0", NULL},
        {"a..b", NULL},
        {"\xff", NULL},
        {"ex*mple.com", NULL},
        {"user@example.com", NULL},
    };
    struct mf__host host;

    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        int rc = mf__host_parse_written(text(rows[i].written), &host);
        if (rc != (rows[i].expected == NULL ? MF_E_INVALID : 0)) {
            fprintf(stderr, "%s: %d\n", rows[i].written, rc);
        }
        MF_CHECK_INT(rc, rows[i].expected == NULL ? MF_E_INVALID : 0);
        if (rc == 0) {
            MF_CHECK_TEXT(mf_slice_of(host.text, host.size), rows[i].expected);
        }
    }
}

/* ---- paths ---------------------------------------------------------------------------------------- */

static void reads_paths_in_two_ways(void)
{
    static const struct {
        const char *path;
        const char *plain;
        const char *loose;
    } rows[] = {
        {"/v1/x", "/v1/x", "/v1/x"},    {"/%76%31/x", "/v1/x", "/v1/x"}, {"//v1///x/", "//v1///x/", "/v1/x/"},
        {"/a%2fb", "/a%2Fb", "/a/b"},   {"/a%5cb", "/a%5Cb", "/a/b"},    {"/a;p=1/b;q", "/a;p=1/b;q", "/a/b"},
        {"/%zz%4", "/%zz%4", "/%zz%4"}, {"/%20", "/%20", "/ "},
    };
    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        struct mf_buf plain;
        struct mf_buf loose;
        mf_buf_init(&plain, 100);
        mf_buf_init(&loose, 100);
        MF_CHECK_INT(mf__path_read_plain(text(rows[i].path), &plain), 0);
        MF_CHECK_INT(mf__path_read_loose(text(rows[i].path), &loose), 0);
        MF_CHECK_TEXT(mf_buf_peek(&plain), rows[i].plain);
        MF_CHECK_TEXT(mf_buf_peek(&loose), rows[i].loose);
        mf_buf_done(&plain);
        mf_buf_done(&loose);
    }
    MF_CHECK(mf__path_has_prefix(text("/v1"), text("/v1"), false));
    MF_CHECK(mf__path_has_prefix(text("/v1/x"), text("/v1"), false));
    MF_CHECK(!mf__path_has_prefix(text("/v1x"), text("/v1"), false));
    MF_CHECK(!mf__path_has_prefix(text("/v1"), text("/v1/"), false));
    MF_CHECK(mf__path_has_prefix(text("/v1/x"), text("/v1/"), false));
    MF_CHECK(mf__path_has_prefix(text("/x"), text("/"), false));
    MF_CHECK(!mf__path_has_prefix(text("/V1"), text("/v1"), false));
    MF_CHECK(mf__path_has_prefix(text("/V1"), text("/v1"), true));
}

/* ---- headers, methods ------------------------------------------------------------------------------- */

#define HEADERS(literal)                                                                                     \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

static void cleans_headers(void)
{
    static const struct {
        struct mf_slice headers;
        struct mf_slice expected;
        size_t dropped;
    } rows[] = {
        {HEADERS("Accept\0*/*\0X-A\0b\0"), HEADERS("accept\0*/*\0x-a\0b\0"), 0},
        {HEADERS("Host\0evil\0content-length\0"
                 "3\0Content-Length\0"
                 "4\0transfer-encoding\0chunked\0a\0b\0"),
         HEADERS("a\0b\0"), 4},
        {HEADERS("connection\0X-Drop, keep-alive\0x-drop\0"
                 "1\0X-DROP\0"
                 "2\0x-drops\0"
                 "3\0Connection\0cookie\0Cookie\0c\0"),
         HEADERS("x-drops\0"
                 "3\0"),
         5},
        {HEADERS("proxy-authorization\0x\0Proxy-Foo\0y\0TE\0trailers\0trailer\0z\0upgrade\0h2c\0Keep-Alive\0"
                 "5\0"
                 "expect\0"
                 "100-continue\0http2-settings\0AA\0"),
         HEADERS(""), 8},
        {HEADERS("a\0\0a\0b\tc\xff\0"), HEADERS("a\0\0a\0b\tc\xff\0"), 0},
    };
    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        struct mf_buf out;
        size_t dropped = 99;
        mf_buf_init(&out, 65536);
        MF_CHECK_INT(mf__headers_clean(rows[i].headers, &out, &dropped), 0);
        MF_CHECK(mf_slice_equal(mf_buf_peek(&out), rows[i].expected));
        MF_CHECK_INT(dropped, rows[i].dropped);
        mf_buf_done(&out);
    }
}

static void refuses_bad_headers(void)
{
    static const struct mf_slice rows[] = {
        HEADERS("a\0b\r\nc: d\0"), HEADERS("a\0b\nc\0"),       HEADERS("a\r\0b\0"),   HEADERS("a b\0c\0"),
        HEADERS("\0b\0"),          HEADERS("a:\0b\0"),         HEADERS("a\0b"),       HEADERS("a"),
        HEADERS("a\0b\0c\0"),      HEADERS(":authority\0x\0"), HEADERS("a\0b\x01\0"), HEADERS("a\0 folded\0"),
        HEADERS("a\0b\x7f\0"),     HEADERS("a\xff\0b\0"),
    };
    static char many[4 * (MF_HEADERS_COUNT_MAX + 1)];
    static char long_connection[MF_OUTBOUND_CONNECTION_BYTES_MAX + 20];
    struct mf_buf out;

    mf_buf_init(&out, 262144);
    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        MF_CHECK_INT(mf__headers_clean(rows[i], &out, NULL), MF_E_OUTBOUND_HEADERS);
    }
    for (size_t i = 0; i <= MF_HEADERS_COUNT_MAX; i++) {
        memcpy(many + 4 * i, "a\0b", 4);
    }
    MF_CHECK_INT(mf__headers_clean(mf_slice_of(many, sizeof many - 4), &out, NULL), 0);
    MF_CHECK_INT(mf__headers_clean(mf_slice_of(many, sizeof many), &out, NULL), MF_E_OUTBOUND_HEADERS);
    memset(long_connection, 'a', sizeof long_connection);
    memcpy(long_connection, "connection", 11);
    long_connection[11 + MF_OUTBOUND_CONNECTION_BYTES_MAX - 1] = '\0';
    MF_CHECK_INT(
        mf__headers_clean(mf_slice_of(long_connection, 11 + MF_OUTBOUND_CONNECTION_BYTES_MAX), &out, NULL),
        0);
    long_connection[11 + MF_OUTBOUND_CONNECTION_BYTES_MAX - 1] = 'a';
    long_connection[11 + MF_OUTBOUND_CONNECTION_BYTES_MAX] = '\0';
    MF_CHECK_INT(
        mf__headers_clean(mf_slice_of(long_connection, 12 + MF_OUTBOUND_CONNECTION_BYTES_MAX), &out, NULL),
        MF_E_OUTBOUND_HEADERS);
    mf_buf_done(&out);
}

static void knows_methods(void)
{
    MF_CHECK(mf__method_is_valid(text("GET")));
    MF_CHECK(mf__method_is_valid(text("patch")));
    MF_CHECK(mf__method_is_valid(text("M-SEARCH")));
    MF_CHECK(!mf__method_is_valid(text("")));
    MF_CHECK(!mf__method_is_valid(text("GET /")));
    MF_CHECK(!mf__method_is_valid(text("GET\r\nHost: evil")));
    MF_CHECK(!mf__method_is_valid(text("CONNECT")));
    MF_CHECK(!mf__method_is_valid(text("trace")));
    MF_CHECK(!mf__method_is_valid(text("TrAcK")));
    MF_CHECK(!mf__method_is_valid(text("G\xc3\x89T")));
    MF_CHECK(!mf__method_is_valid(mf_slice_of("GET\0", 4)));
    MF_CHECK(!mf__method_is_valid(text("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG")));
}

int main(void)
{
    MF_RUN(takes_what_a_serialiser_writes);
    MF_RUN(refuses_hostile_spellings);
    MF_RUN(keeps_lengths);
    MF_RUN(reads_its_parts);
    MF_RUN(resolves_locations);
    MF_RUN(normalises_written_hosts);
    MF_RUN(reads_paths_in_two_ways);
    MF_RUN(cleans_headers);
    MF_RUN(refuses_bad_headers);
    MF_RUN(knows_methods);
    return 0;
}
