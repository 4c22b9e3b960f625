/* Where a secret may go: patterns that are taken, patterns that are refused, and what each matches. */
#include "vault_kit.h"

static void good_patterns(void)
{
    static const char *const good[] = {"example.com",     "a.b.c.example.com", "*.example.com",
                                       "localhost",       "x_y-z.example",     "xn--bcher-kva.ch",
                                       "example.com:1",   "example.com:65535", "*.example.com:*",
                                       "127.0.0.1",       "127.0.0.1:8080",    "[::1]",
                                       "[2001:db8::7]:*", "1.example"};
    for (size_t i = 0; i < MF_COUNT_OF(good); i++) {
        const char *must = mf__host_check(TEXT(good[i]));
        if (must != NULL) {
            fprintf(stderr, "%s %s\n", good[i], must);
        }
        MF_CHECK(must == NULL);
    }
}

static void bad_patterns(void)
{
    static const char *const bad[] = {
        "",
        "*",
        "*.",
        "*.com",
        "*.*.com",
        "a*.example.com",
        "*example.com",
        "a.*.com",
        "Example.com",
        "example.com.",
        ".example.com",
        "a..b",
        "a b.com",
        "a/b",
        "a.com/",
        "http://a.b",
        "a@b.com",
        "a.com:",
        "a.com:0",
        "a.com:65536",
        "a.com:80x",
        "a.com:080",
        "a.com:-1",
        "a.com:1:2",
        "127.1",
        "127.0.0.01",
        "0x7f.1",
        "0x7f000001",
        "2852039166",
        "1.2.3.4.5",
        "256.0.0.1",
        "*.0.0.1",
        "a.1",
        "a.0x1",
        "[::1",
        "::1",
        "[]",
        "[::1]x",
        "[0:0::1]",
        "[::FFFF:1]",
        "[fe80::1%25lo]",
        "b\xc3\xbc.de",
        "a\n.com",
        "a.com:*x",
        "a.com:**",
        "999999999999",
        "a.0x",
    };
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        if (mf__host_check(TEXT(bad[i])) == NULL) {
            fprintf(stderr, "\"%s\" was taken\n", bad[i]);
        }
        MF_CHECK(mf__host_check(TEXT(bad[i])) != NULL);
    }
    char longest[300];
    memset(longest, 'a', sizeof longest);
    MF_CHECK(mf__host_check(mf_slice_of(longest, 63)) == NULL);
    MF_CHECK(mf__host_check(mf_slice_of(longest, 64)) != NULL); /* A label. */
    for (size_t i = 50; i < sizeof longest; i += 51) {
        longest[i] = '.';
    }
    MF_CHECK(mf__host_check(mf_slice_of(longest, 253)) == NULL);
    MF_CHECK(mf__host_check(mf_slice_of(longest, 254)) != NULL);
}

static bool matches(const char *pattern, const char *scheme, const char *host, uint16_t port)
{
    struct mf_secret_target target = target_of(scheme, host, port);
    return mf__host_matches(TEXT(pattern), &target);
}

static void names_and_ports(void)
{
    MF_CHECK(matches("a.com", "https", "a.com", 443));
    MF_CHECK(matches("a.com", "http", "a.com", 80));
    MF_CHECK(!matches("a.com", "https", "a.com", 80));
    MF_CHECK(!matches("a.com", "http", "a.com", 443));
    MF_CHECK(!matches("a.com", "https", "a.com", 8443));
    MF_CHECK(matches("a.com:8443", "https", "a.com", 8443));
    MF_CHECK(!matches("a.com:8443", "https", "a.com", 443));
    MF_CHECK(matches("a.com:*", "https", "a.com", 1));
    MF_CHECK(!matches("a.com", "https", "a.com.", 443));
    MF_CHECK(!matches("a.com", "https", "xa.com", 443));
    MF_CHECK(!matches("a.com", "https", "a.com.evil", 443));
    MF_CHECK(!matches("a.com", "https", "", 443));
    MF_CHECK(matches("[::1]:*", "https", "[::1]", 9));
    MF_CHECK(!matches("127.0.0.1", "https", "127.0.0.11", 443));
}

static void wildcards(void)
{
    MF_CHECK(matches("*.a.com", "https", "b.a.com", 443));
    MF_CHECK(matches("*.a.com", "https", "c.b.a.com", 443));
    MF_CHECK(!matches("*.a.com", "https", "a.com", 443));
    MF_CHECK(!matches("*.a.com", "https", ".a.com", 443));
    MF_CHECK(!matches("*.a.com", "https", "ba.com", 443));
    MF_CHECK(!matches("*.a.com", "https", "b.a.com.evil", 443));
    MF_CHECK(!matches("*.a.com", "https", "b.a.com", 444));
}

static int check(const char *json, const char *scheme, const char *host, uint16_t port, bool is_verified)
{
    struct mf_secret *secret = good_json(json);
    struct mf_secret_target target = target_of(scheme, host, port);
    target.is_verified = is_verified;
    int rc = mf_secret_check_target(secret, &target);
    mf_secret_unref(secret);
    return rc;
}

#define TLS_ONLY "{\"kind\":\"bearer\",\"token\":\"t\",\"hosts\":[\"b.org\",\"*.a.com\"]}"
#define ALSO_HTTP "{\"kind\":\"bearer\",\"token\":\"t\",\"hosts\":[\"a.com\"],\"allowHttp\":true}"

static void cleartext(void)
{
    MF_CHECK_INT(check(TLS_ONLY, "https", "x.a.com", 443, true), 0);
    MF_CHECK_INT(check(TLS_ONLY, "https", "b.org", 443, true), 0);
    MF_CHECK_INT(check(TLS_ONLY, "https", "c.org", 443, true), MF_E_SECRET_HOST);
    MF_CHECK_INT(check(TLS_ONLY, "https", "b.org", 443, false), MF_E_SECRET_CLEARTEXT);
    MF_CHECK_INT(check(TLS_ONLY, "http", "b.org", 80, true), MF_E_SECRET_CLEARTEXT);
    MF_CHECK_INT(check(TLS_ONLY, "http", "c.org", 80, true), MF_E_SECRET_HOST);
    MF_CHECK_INT(check(ALSO_HTTP, "http", "a.com", 80, false), 0);
    /* allowHttp is about http: TLS that nobody checks never gets a secret. */
    MF_CHECK_INT(check(ALSO_HTTP, "https", "a.com", 443, false), MF_E_SECRET_CLEARTEXT);
    MF_CHECK_INT(check(ALSO_HTTP, "ws", "a.com", 80, true), MF_E_SECRET_CLEARTEXT);
}

int main(void)
{
    MF_RUN(good_patterns);
    MF_RUN(bad_patterns);
    MF_RUN(names_and_ports);
    MF_RUN(wildcards);
    MF_RUN(cleartext);
    return 0;
}
