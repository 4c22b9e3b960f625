/* Policies: what is refused and where the fault is, which rule a request meets, what becomes of it, and what explain says. */
#include "match.h"

#include <cjson/cJSON.h>

#include "check.h"

static struct mf_policy_faults faults;

static int read_policy(const char *json, struct mf_policy **ret_policy)
{
    cJSON *root = cJSON_Parse(json);
    int rc;

    if (root == NULL) {
        fprintf(stderr, "no JSON: %s\n", json);
    }
    MF_CHECK(root != NULL);
    mf_policy_faults_done(&faults);
    mf_policy_faults_init(&faults);
    rc = mf_policy_read(root, "", ret_policy, &faults);
    cJSON_Delete(root);
    return rc;
}

static struct mf_policy *policy_of(const char *json)
{
    struct mf_policy *policy = NULL;
    struct mf_slice pointer;
    struct mf_slice sentence;
    size_t cursor = 0;

    int rc = read_policy(json, &policy);
    while (mf_policy_faults_next(&faults, &cursor, &pointer, &sentence)) {
        fprintf(stderr, "%.*s\n", (int)sentence.size, (const char *)sentence.data);
    }
    MF_CHECK_INT(rc, 0);
    return policy;
}

/* The pointers of all faults, each with a blank behind it. */
static void faults_are(const char *json, const char *expected)
{
    struct mf_policy *policy = NULL;
    struct mf_slice pointer;
    struct mf_slice sentence;
    struct mf_buf found;
    size_t cursor = 0;

    mf_buf_init(&found, 65536);
    int rc = read_policy(json, &policy);
    if (rc == 0) {
        fprintf(stderr, "taken: %s\n", json);
    }
    MF_CHECK_INT(rc, MF_E_OUTBOUND_POLICY);
    MF_CHECK(policy == NULL);
    while (mf_policy_faults_next(&faults, &cursor, &pointer, &sentence)) {
        MF_CHECK_INT(mf_buf_append_slice(&found, pointer), 0);
        MF_CHECK_INT(mf_buf_append_cstr(&found, " "), 0);
        MF_CHECK(sentence.size > pointer.size + 5 && sentence.data[sentence.size - 1] == '.');
    }
    MF_CHECK_TEXT(mf_buf_peek(&found), expected);
    mf_buf_done(&found);
}

#define RULES(rules) "{\"rules\":[" rules "]}"
#define RULE(match, rest) RULES("{\"match\":{" match "}," rest "}")
#define ALLOW(match) RULE(match, "\"action\":\"allow\"")
#define WITH(rest) RULE("\"host\":\"a.example\"", rest)

static const char *const faulty[][2] = {
    {"[]", " "},
    {"1", " "},
    {"{}", "/rules "},
    {"{\"rules\":{}}", "/rules "},
    {"{\"rules\":[],\"rulez\":[]}", "/rulez "},
    {"{\"rules\":[],\"rules\":[]}", "/rules "},
    {"{\"rules\":[],\"a/b~c\":1}", "/a~1b~0c "},
    {RULES("1"), "/rules/0 "},
    {RULES("{}"), "/rules/0/match /rules/0/action "},
    {RULE("", "\"action\":\"allow\""), "/rules/0/match/host "},
    {ALLOW("\"host\":1"), "/rules/0/match/host "},
    {ALLOW("\"host\":[]"), "/rules/0/match/host "},
    {ALLOW("\"host\":[\"a\",2,\"b c\"]"), "/rules/0/match/host/1 /rules/0/match/host/2 "},
    {ALLOW("\"host\":[\"a\",\"A\"]"), "/rules/0/match/host "},
    {ALLOW("\"host\":\"https://a\""), "/rules/0/match/host "},
    {ALLOW("\"host\":\"a.*.b\""), "/rules/0/match/host "},
    {ALLOW("\"host\":\"*a\""), "/rules/0/match/host "},
    {ALLOW("\"host\":\"*.\""), "/rules/0/match/host "},
    {ALLOW("\"host\":\"*.1.2.3.4\""), "/rules/0/match/host "},
    {ALLOW("\"host\":\"*.[::1]\""), "/rules/0/match/host "},
    {ALLOW("\"host\":\"example.com.\""), "/rules/0/match/host "},
    {ALLOW("\"host\":\"0x7f.1\""), "/rules/0/match/host "},
    {ALLOW("\"host\":\"a\",\"scheme\":\"ftp\""), "/rules/0/match/scheme "},
    {ALLOW("\"host\":\"a\",\"scheme\":\"http\""), "/rules/0 "},
    {ALLOW("\"host\":\"a\",\"port\":0"), "/rules/0/match/port "},
    {ALLOW("\"host\":\"a\",\"port\":65536"), "/rules/0/match/port "},
    {ALLOW("\"host\":\"a\",\"port\":1.5"), "/rules/0/match/port "},
    {ALLOW("\"host\":\"a\",\"port\":\"80\""), "/rules/0/match/port "},
    {ALLOW("\"host\":\"a\",\"port\":[1,2,1]"), "/rules/0/match/port "},
    {ALLOW("\"host\":\"a\",\"method\":\"G T\""), "/rules/0/match/method "},
    {ALLOW("\"host\":\"a\",\"method\":[\"GET\",\"CONNECT\"]"), "/rules/0/match/method/1 "},
    {ALLOW("\"host\":\"a\",\"method\":[\"GET\",\"GET\"]"), "/rules/0/match/method "},
    {ALLOW("\"host\":\"a\",\"path\":\"v1\""), "/rules/0/match/path "},
    {ALLOW("\"host\":\"a\",\"path\":\"/a/../b\""), "/rules/0/match/path "},
    {ALLOW("\"host\":\"a\",\"path\":\"/a?b\""), "/rules/0/match/path "},
    {ALLOW("\"host\":\"a\",\"path\":\"/\\u00fc\""), "/rules/0/match/path "},
    {ALLOW("\"host\":\"a\",\"pathPrefix\":\"/\""), "/rules/0/match/pathPrefix "},
    {WITH("\"action\":\"permit\""), "/rules/0/action "},
    {WITH("\"action\":{}"), "/rules/0/action "},
    {WITH("\"action\":{\"allow\":true}"), "/rules/0/action/allow "},
    {WITH("\"action\":{\"inject\":{}}"), "/rules/0/action/inject/secret "},
    {WITH("\"action\":{\"inject\":\"name\"}"), "/rules/0/action/inject "},
    {WITH("\"action\":{\"inject\":{\"secret\":\"a b\"}}"), "/rules/0/action/inject/secret "},
    {WITH("\"action\":{\"inject\":{\"secret\":\"a\",\"header\":\"x\"}}"), "/rules/0/action/inject/header "},
    {WITH("\"action\":{\"inject\":[{\"secret\":\"a\"},{\"secret\":\"a\"}]}"),
     "/rules/0/action/inject/1/secret "},
    {WITH("\"action\":{\"rewrite\":{}}"), "/rules/0/action/rewrite "},
    {WITH("\"action\":{\"rewrite\":{\"host\":\"*.b\",\"port\":0,\"path\":\"x\",\"scheme\":\"ws\"}}"),
     "/rules/0/action/rewrite/scheme /rules/0/action/rewrite/host /rules/0/action/rewrite/port "
     "/rules/0/action/rewrite/path "},
    {WITH("\"action\":{\"rewrite\":{\"scheme\":\"http\"}}"), "/rules/0 "},
    {WITH("\"action\":{\"interceptor\":{\"worker\":\"w\"},\"inject\":{\"secret\":\"s\"}}"),
     "/rules/0/action "},
    {WITH("\"action\":{\"interceptor\":{}}"), "/rules/0/action/interceptor/worker "},
    {WITH("\"action\":{\"interceptor\":{\"worker\":\"w\"}},\"redact\":\"off\""), "/rules/0/redact "},
    {WITH("\"action\":\"deny\",\"allowHttp\":true,\"placeholders\":[\"a\"]"),
     "/rules/0/allowHttp /rules/0/placeholders "},
    {WITH("\"action\":\"allow\",\"allowHttp\":1"), "/rules/0/allowHttp "},
    {WITH("\"action\":\"allow\",\"redact\":\"yes\""), "/rules/0/redact "},
    {WITH("\"action\":\"allow\",\"addresses\":[\"10.0.0.1/8\",\"10.0.0.0/8\"]"), "/rules/0/addresses/0 "},
    {WITH("\"action\":\"allow\",\"headers\":{\"strip\":[\"a b\",\"Host\",3]}"),
     "/rules/0/headers/strip/0 /rules/0/headers/strip/1 /rules/0/headers/strip/2 "},
    {WITH("\"action\":\"allow\",\"headers\":{\"set\":{\"a\":\"x\\r\\ny\",\"proxy-x\":\"y\",\"b\":\"{{"
          "secret:x}}\","
          "\"c\":1,\"d\":\"1\",\"D\":\"2\"}}"),
     "/rules/0/headers/set/a /rules/0/headers/set/proxy-x /rules/0/headers/set/b /rules/0/headers/set/c "
     "/rules/0/headers/set/D "},
    {WITH("\"action\":\"allow\",\"headers\":{\"set\":{}}"), "/rules/0/headers/set "},
    {WITH("\"action\":\"allow\",\"headers\":{\"add\":{}}"), "/rules/0/headers/add "},
    {WITH("\"action\":\"allow\",\"placeholders\":\"-a\""), "/rules/0/placeholders "},
    {WITH("\"action\":\"allow\",\"extra\":1"), "/rules/0/extra "},
    {RULE("\"host\":\"*\"", "\"action\":{\"inject\":{\"secret\":\"s\"}}"), "/rules/0/match "},
    {RULE("\"host\":\"*.com\"", "\"action\":\"allow\",\"placeholders\":[\"s\"]"), "/rules/0/match "},
    /* Two rules for the same requests. */
    {RULES("{\"match\":{\"host\":\"a.b\"},\"action\":\"allow\"},{\"match\":{\"host\":\"A.b\"},\"action\":"
           "\"deny\"}"),
     "/rules/1 "},
    {RULES("{\"match\":{\"host\":[\"a\",\"b\"],\"method\":[\"GET\",\"PUT\"],\"port\":[1,2],\"path\":\"/"
           "%61\"},\"action\":\"allow\"},"
           "{\"match\":{\"host\":\"c\"},\"action\":\"allow\"},"
           "{\"match\":{\"path\":\"/"
           "a\",\"port\":[2,1],\"method\":[\"PUT\",\"GET\"],\"host\":[\"b\",\"a\"]},\"action\":\"deny\"}"),
     "/rules/2 "},
};

static void names_each_fault(void)
{
    for (size_t i = 0; i < MF_COUNT_OF(faulty); i++) {
        faults_are(faulty[i][0], faulty[i][1]);
    }
}

static void lists_a_bounded_number(void)
{
    struct mf_buf json;
    struct mf_policy *policy;
    struct mf_slice pointer;
    struct mf_slice sentence;
    size_t cursor = 0;
    size_t count = 0;

    mf_buf_init(&json, 262144);
    MF_CHECK_INT(mf_buf_append_cstr(&json, "{\"rules\":["), 0);
    for (int i = 0; i < MF_OUTBOUND_RULES_MAX; i++) {
        MF_CHECK_INT(mf_buf_append_cstr(&json, i == 0 ? "7" : ",7"), 0);
    }
    MF_CHECK_INT(mf_buf_append(&json, "]}", 3), 0);
    MF_CHECK_INT(read_policy((const char *)json.data, &policy), MF_E_OUTBOUND_POLICY);
    while (mf_policy_faults_next(&faults, &cursor, &pointer, &sentence)) {
        count++;
    }
    MF_CHECK_INT(count, MF_OUTBOUND_FAULTS_MAX);
    MF_CHECK_INT(faults.count, MF_OUTBOUND_FAULTS_MAX);
    MF_CHECK_INT(faults.left_out, MF_OUTBOUND_RULES_MAX - MF_OUTBOUND_FAULTS_MAX);
    mf_buf_reset(&json);
    MF_CHECK_INT(mf_buf_append_cstr(&json, "{\"rules\":["), 0);
    for (int i = 0; i <= MF_OUTBOUND_RULES_MAX; i++) {
        MF_CHECK_INT(mf_buf_append_cstr(&json, i == 0 ? "7" : ",7"), 0);
    }
    MF_CHECK_INT(mf_buf_append(&json, "]}", 3), 0);
    faults_are((const char *)json.data, "/rules ");
    mf_buf_done(&json);
}

/* ---- matching -------------------------------------------------------------------------------------- */

struct meeting {
    const char *method;
    const char *url;
    int rule; /* -1: none. */
};

static void meets(const char *json, const struct meeting *rows, size_t count)
{
    struct mf_policy *policy = policy_of(json);

    for (size_t i = 0; i < count; i++) {
        struct mf__url url;
        size_t index = 0;
        MF_CHECK_INT(mf__url_parse(mf_slice_of_cstr(rows[i].url), &url), 0);
        const struct mf__rule *rule =
            mf__policy_match(policy, &url, mf_slice_of_cstr(rows[i].method), &index);
        int found = rule == NULL ? -1 : (int)index;
        if (found != rows[i].rule) {
            fprintf(stderr, "%s %s meets %d\n", rows[i].method, rows[i].url, found);
        }
        MF_CHECK_INT(found, rows[i].rule);
    }
    mf_policy_unref(policy);
}

#define MEETS(json, ...)                                                                                     \
    do {                                                                                                     \
        static const struct meeting rows_[] = {__VA_ARGS__};                                                 \
        meets(json, rows_, MF_COUNT_OF(rows_));                                                              \
    } while (0)

static void first_match_wins(void)
{
    MEETS(
        RULES("{\"match\":{\"host\":\"api.example.com\",\"method\":[\"GET\",\"HEAD\"],\"path\":\"/"
              "v1\"},\"action\":\"allow\"},"
              "{\"match\":{\"host\":\"*.example.com\",\"path\":\"/admin\"},\"action\":\"deny\"},"
              "{\"match\":{\"host\":[\"*.example.com\",\"[::1]\",\"10.0.0.1\"]},\"action\":\"allow\"},"
              "{\"match\":{\"host\":\"b.example\",\"port\":8443,\"scheme\":\"https\"},\"action\":\"allow\"},"
              "{\"match\":{\"host\":\"c.example\",\"port\":\"*\"},\"action\":\"allow\"},"
              "{\"match\":{\"host\":\"d.example\"},\"action\":\"deny\"}"),
        {"GET", "https://api.example.com/v1", 0}, {"GET", "https://api.example.com/v1/x", 0},
        {"HEAD", "https://api.example.com/v1/", 0}, {"GET", "https://api.example.com/v1x", 2},
        {"POST", "https://api.example.com/v1", 2}, {"get", "https://api.example.com/v1", 2},
        {"GET", "https://api.example.com/admin", 1}, {"GET", "https://x.y.example.com/admin/z", 1},
        {"GET", "https://x.example.com/administrator", 2}, {"GET", "https://example.com/", -1},
        {"GET", "https://xexample.com/", -1}, {"GET", "https://example.com.evil/", -1},
        {"GET", "https://api.example.com:8443/v1", -1}, {"GET", "http://api.example.com/v1", 0},
        {"GET", "https://[::1]/", 2}, {"GET", "https://10.0.0.1/", 2}, {"GET", "https://10.0.0.2/", -1},
        {"GET", "https://b.example:8443/", 3}, {"GET", "http://b.example:8443/", -1},
        {"GET", "https://b.example/", -1}, {"GET", "https://c.example:1/", 4},
        {"GET", "https://c.example/", 4}, {"GET", "https://d.example:99/", 5},
        {"GET", "http://d.example/", 5}, );
    MEETS(RULES("{\"match\":{\"host\":\"*\"},\"action\":\"allow\"}"), {"GET", "https://a.example/", 0},
          {"GET", "https://[::1]/", 0}, {"GET", "https://a.example:1/", -1}, );
    MEETS("{\"rules\":[]}", {"GET", "https://a.example/", -1}, );
}

/* A deny rule is met by every reading of a path, an allow rule only when all readings agree. */
static void spelling_gets_past_no_rule(void)
{
    MEETS(RULES("{\"match\":{\"host\":\"a\",\"path\":\"/admin\"},\"action\":\"deny\"},"
                "{\"match\":{\"host\":\"a\",\"method\":\"DELETE\"},\"action\":\"deny\"},"
                "{\"match\":{\"host\":\"a\"},\"action\":\"allow\"}"),
          {"GET", "https://a/admin", 0}, {"GET", "https://a/%61dmin/x", 0}, {"GET", "https://a//admin", 0},
          {"GET", "https://a/Admin", 0}, {"GET", "https://a/%2fadmin", 0}, {"GET", "https://a/admin%2fx", 0},
          {"GET", "https://a/admin;x=1/y", 0}, {"GET", "https://a/%5Cadmin", 0},
          {"GET", "https://a/;x/admin", 0}, {"GET", "https://a/ADMIN%3bx", 0}, {"delete", "https://a/x", 1},
          {"GET", "https://a/administer", 2}, );
    MEETS(RULES("{\"match\":{\"host\":\"a\",\"path\":\"/v1/open\"},\"action\":\"allow\"}"),
          {"GET", "https://a/v1/open/x", 0}, {"GET", "https://a/v1/%6fpen/x", 0},
          {"GET", "https://a/v1/open/x%2fy", 0}, {"GET", "https://a/v1//open/x", -1},
          {"GET", "https://a/v1%2fopen/x", -1}, {"GET", "https://a/V1/open", -1},
          {"GET", "https://a/v1/open;x", -1}, {"GET", "https://a/v1/openx", -1}, );
}

/* ---- requests ---------------------------------------------------------------------------------------- */

#define HEADERS(literal) mf_slice_of(literal, sizeof(literal) - 1)

static void becomes(struct mf_policy *policy, const char *url, int error, const char *expected)
{
    struct mf__request request;
    struct mf_slice headers = HEADERS("host\0evil\0x-old\0"
                                      "1\0Authorization\0mine\0");

    mf__request_init(&request);
    MF_CHECK_INT(mf__request_judge(&request, policy, mf_slice_of_cstr("GET"), mf_slice_of_cstr(url), headers),
                 error);
    MF_CHECK_TEXT(mf_buf_peek(&request.url_text), expected);
    MF_CHECK_INT(request.error, error);
    if (error < 0) {
        MF_CHECK_INT(request.headers.size, 0);
    }
    mf__request_done(&request);
}

static void rewrites(void)
{
    struct mf_policy *policy = policy_of(RULES(
        "{\"match\":{\"host\":\"llm.internal\",\"path\":\"/v1\",\"port\":\"*\"},\"action\":{\"rewrite\":"
        "{\"scheme\":\"https\",\"host\":\"api.example.com\",\"path\":\"/openai/v1\"}}},"
        "{\"match\":{\"host\":\"b\"},\"action\":{\"rewrite\":{\"path\":\"/p/\"}}},"
        "{\"match\":{\"host\":\"c\",\"port\":\"*\"},\"action\":{\"rewrite\":{\"port\":8080}},\"allowHttp\":"
        "true},"
        "{\"match\":{\"host\":\"d\",\"path\":\"/x/\"},\"action\":{\"rewrite\":{\"path\":\"/y\"}}},"
        "{\"match\":{\"host\":\"e\"},\"action\":{\"rewrite\":{\"host\":\"[::1]\",\"port\":443}}}"));
    becomes(policy, "http://llm.internal:81/v1/chat?q=1", 0, "https://api.example.com/openai/v1/chat?q=1");
    becomes(policy, "https://llm.internal/v1", 0, "https://api.example.com/openai/v1");
    becomes(policy, "https://llm.internal/%76%31/a%2fb", 0, "https://api.example.com/openai/v1/a%2Fb");
    becomes(policy, "https://b/x/y", 0, "https://b/p/x/y");
    becomes(policy, "https://b/", 0, "https://b/p/");
    becomes(policy, "http://b/", MF_E_OUTBOUND_REFUSED, "");
    becomes(policy, "http://c/", 0, "http://c:8080/");
    becomes(policy, "https://c:99/", 0, "https://c:8080/");
    becomes(policy, "https://d/x/z", 0, "https://d/y/z");
    becomes(policy, "https://e/", 0, "https://[::1]/");
    mf_policy_unref(policy);
}

static void rewrites_no_longer_than_allowed(void)
{
    struct mf_policy *policy = policy_of(WITH("\"action\":{\"rewrite\":{\"path\":\"/longer\"}}"));
    static char url[MF_OUTBOUND_URL_BYTES_MAX + 1];

    memset(url, 'a', sizeof url - 1);
    memcpy(url, "https://a.example/", 18);
    becomes(policy, url, MF_E_OUTBOUND_REFUSED, "");
    mf_policy_unref(policy);
}

static void makes_headers(void)
{
    struct mf_policy *policy = policy_of(WITH("\"action\":\"allow\",\"headers\":{\"strip\":[\"X-Old\"],"
                                              "\"set\":{\"Authorization\":\"theirs\",\"x-new\":\"\"}}"));
    struct mf__request request;

    mf__request_init(&request);
    MF_CHECK_INT(mf__request_judge(&request, policy, mf_slice_of_cstr("GET"),
                                   mf_slice_of_cstr("https://a.example/"),
                                   HEADERS("host\0evil\0X-OLD\0"
                                           "1\0authorization\0mine\0accept\0*/*\0")),
                 0);
    MF_CHECK(mf_slice_equal(mf_buf_peek(&request.headers),
                            HEADERS("accept\0*/*\0authorization\0theirs\0x-new\0\0")));
    MF_CHECK_INT(request.headers_dropped, 3);
    MF_CHECK_INT(mf__request_judge(&request, policy, mf_slice_of_cstr("GET"),
                                   mf_slice_of_cstr("https://a.example/"), HEADERS("a\0b\r\nc:d\0")),
                 MF_E_OUTBOUND_HEADERS);
    MF_CHECK_INT(request.reason, MF__REASON_HEADERS);
    mf__request_done(&request);
    mf_policy_unref(policy);
}

/* The guest learns the host that it asked for, and the same words whatever the reason was. */
static void tells_the_guest_nothing_more(void)
{
    struct mf_policy *policy = policy_of(
        RULES("{\"match\":{\"host\":\"denied.example\"},\"action\":\"deny\"},"
              "{\"match\":{\"host\":\"secret.example\"},\"action\":{\"inject\":{\"secret\":\"github\"}}}"));
    static const struct {
        const char *method;
        const char *url;
        int error;
        enum mf__reason reason;
        const char *sentence;
    } rows[] = {
        {"GET", "https://denied.example/a?b", MF_E_OUTBOUND_REFUSED, MF__REASON_DENIED,
         "Fetching from denied.example is not permitted."},
        {"GET", "https://other.example/", MF_E_OUTBOUND_REFUSED, MF__REASON_NO_RULE,
         "Fetching from other.example is not permitted."},
        {"GET", "http://secret.example/", MF_E_OUTBOUND_REFUSED, MF__REASON_CLEARTEXT,
         "Fetching from secret.example is not permitted."},
        {"TRACE", "https://secret.example/", MF_E_OUTBOUND_METHOD, MF__REASON_METHOD,
         "This method cannot be fetched with."},
        {"GET", "https://user@secret.example/", MF_E_OUTBOUND_URL, MF__REASON_URL,
         "This URL cannot be fetched."},
    };
    struct mf__request request;
    struct mf_buf sentence;

    mf__request_init(&request);
    mf_buf_init(&sentence, 1024);
    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        MF_CHECK_INT(mf__request_judge(&request, policy, mf_slice_of_cstr(rows[i].method),
                                       mf_slice_of_cstr(rows[i].url), HEADERS("")),
                     rows[i].error);
        MF_CHECK_INT(request.reason, rows[i].reason);
        mf_buf_reset(&sentence);
        MF_CHECK_INT(mf__request_sentence(&request, &sentence), 0);
        MF_CHECK_TEXT(mf_buf_peek(&sentence), rows[i].sentence);
    }
    mf_buf_done(&sentence);
    mf__request_done(&request);
    mf_policy_unref(policy);
}

/* ---- explain -------------------------------------------------------------------------------------------- */

static void explains(struct mf_policy *policy, const char *url, const char *expected)
{
    struct mf_buf out;

    mf_buf_init(&out, 65536);
    struct mf_policy_request request = {mf_slice_of_cstr("GET"), mf_slice_of_cstr(url),
                                        HEADERS("authorization\0tok-secret-value\0host\0x\0")};
    MF_CHECK_INT(mf_policy_explain(policy, NULL, mf_slice_of_cstr(""), &request, &out), 0);
    MF_CHECK_TEXT(mf_buf_peek(&out), expected);
    mf_buf_done(&out);
}

static void explains_to_the_operator(void)
{
    struct mf_policy *policy = policy_of(
        RULES("{\"match\":{\"host\":\"a.example\"},\"action\":{\"inject\":[{\"secret\":\"s1\"},{\"secret\":"
              "\"s2\"}]},"
              "\"redact\":\"block\",\"addresses\":\"10.0.0.0/8\",\"placeholders\":\"p1\"},"
              "{\"match\":{\"host\":\"b.example\"},\"action\":{\"interceptor\":{\"worker\":\"w\"}}},"
              "{\"match\":{\"host\":\"c.example\"},\"action\":\"deny\"},"
              "{\"match\":{\"host\":\"d.example\"},\"action\":{\"rewrite\":{\"host\":\"e.example\"}}},"
              "{\"match\":{\"host\":[\"10.0.0.1\",\"192.168.0.1\",\"[::1]\",\"169.254.169.254\"]},"
              "\"action\":\"allow\",\"addresses\":[\"10.0.0.0/8\",\"169.254.0.0/16\"]}"));
    explains(policy, "https://a.example/x",
             "{\"decision\":\"refused\",\"reason\":\"secret\",\"why\":\"There is no secret of this "
             "name.\",\"subject\":\"s1\",\"rule\":0,\"action\":\"inject\","
             "\"secrets\":[\"s1\",\"s2\"],\"placeholders\":[\"p1\"],\"redact\":\"block\",\"addresses\":1}\n");
    explains(policy, "https://b.example/",
             "{\"decision\":\"sent\",\"reason\":\"intercepted\",\"why\":\"The rule hands it to a "
             "worker.\",\"rule\":1,"
             "\"action\":\"interceptor\",\"worker\":\"w\",\"url\":\"https://b.example/"
             "\",\"headers\":[\"authorization\"],"
             "\"headersDropped\":1}\n");
    explains(policy, "https://c.example/",
             "{\"decision\":\"refused\",\"reason\":\"denied\",\"why\":\"The rule denies "
             "it.\",\"rule\":2,\"action\":\"deny\"}\n");
    explains(policy, "https://d.example/y",
             "{\"decision\":\"sent\",\"reason\":\"allowed\",\"why\":\"The rule lets it "
             "through.\",\"rule\":3,\"action\":\"rewrite\","
             "\"secrets\":[],\"placeholders\":[],\"redact\":\"redact\",\"addresses\":0,\"url\":\"https://"
             "e.example/y\","
             "\"headers\":[\"authorization\"],\"headersDropped\":1}\n");
    explains(policy, "https://10.0.0.1/",
             "{\"decision\":\"sent\",\"reason\":\"allowed\",\"why\":\"The rule lets it "
             "through.\",\"rule\":4,\"action\":\"allow\",\"secrets\":[],\"placeholders\":[],"
             "\"redact\":\"redact\",\"addresses\":2,\"url\":\"https://10.0.0.1/\","
             "\"headers\":[\"authorization\"],\"headersDropped\":1}\n");
#define CLOSED(class)                                                                                        \
    "{\"decision\":\"refused\",\"reason\":\"address\",\"why\":\"The rule does not open addresses of this "   \
    "kind.\",\"subject\":\"" class "\",\"rule\":4,\"action\":\"allow\",\"secrets\":[],\"placeholders\":[],"  \
                                   "\"redact\":\"redact\",\"addresses\":2}\n"
    explains(policy, "https://192.168.0.1/", CLOSED("private"));
    explains(policy, "https://[::1]/", CLOSED("loopback"));
    explains(policy, "https://169.254.169.254/", CLOSED("metadata"));
    explains(policy, "https://z.example/",
             "{\"decision\":\"refused\",\"reason\":\"no_match\",\"why\":\"No rule matches, and what no rule "
             "matches is refused.\","
             "\"rule\":null}\n");
    explains(policy, "http://127.1/",
             "{\"decision\":\"refused\",\"reason\":\"url\",\"why\":\"The URL is not an http or https URL in "
             "the spelling of the "
             "URL Standard's serialiser.\",\"rule\":null}\n");
    mf_policy_unref(policy);
}

/* ---- names ------------------------------------------------------------------------------------------------ */

static bool has_secret(void *user, struct mf_slice name)
{
    (void)user;
    return mf_slice_equal_cstr(name, "known");
}

static void checks_what_it_names(void)
{
    struct mf_policy *policy = policy_of(
        RULES("{\"match\":{\"host\":\"a.b\"},\"action\":{\"inject\":[{\"secret\":\"known\"},{\"secret\":"
              "\"gone\"}]}},"
              "{\"match\":{\"host\":\"c.d\"},\"action\":\"allow\",\"placeholders\":[\"known\",\"lost\"]},"
              "{\"match\":{\"host\":\"e.f\"},\"action\":{\"interceptor\":{\"worker\":\"w\"}}}"));
    struct mf_policy_names names = {has_secret, NULL, NULL};
    struct mf_slice pointer;
    struct mf_slice sentence;
    size_t cursor = 0;

    MF_CHECK_TEXT(mf_policy_secret(policy, 0), "known");
    MF_CHECK_TEXT(mf_policy_secret(policy, 1), "gone");
    MF_CHECK_TEXT(mf_policy_secret(policy, 2), "lost");
    MF_CHECK(mf_policy_secret(policy, 3).data == NULL);
    MF_CHECK_TEXT(mf_policy_worker(policy, 0), "w");
    MF_CHECK(mf_policy_worker(policy, 1).data == NULL);
    mf_policy_faults_done(&faults);
    mf_policy_faults_init(&faults);
    MF_CHECK_INT(mf_policy_check(policy, &names, "/code/globalOutbound", &faults), MF_E_OUTBOUND_POLICY);
    MF_CHECK_INT(faults.count, 3);
    MF_CHECK(mf_policy_faults_next(&faults, &cursor, &pointer, &sentence));
    MF_CHECK_TEXT(pointer, "/code/globalOutbound/rules/0/action");
    MF_CHECK_TEXT(sentence, "/code/globalOutbound/rules/0/action names a secret that does not exist: gone.");
    MF_CHECK(mf_policy_faults_next(&faults, &cursor, &pointer, &sentence));
    MF_CHECK_TEXT(pointer, "/code/globalOutbound/rules/1/placeholders/1");
    MF_CHECK(mf_policy_faults_next(&faults, &cursor, &pointer, &sentence));
    MF_CHECK_TEXT(sentence, "/code/globalOutbound/rules/2/action names a worker that does not exist: w.");
    mf_policy_unref(policy);
}

static void keeps_outbounds_in_order(void)
{
    struct mf_outbounds *outbounds = mf_outbounds_new();
    static const char *const names[] = {"m", "a", "z", "b"};
    struct mf_policy *policy = policy_of("{\"rules\":[]}");
    struct mf_policy *newer = policy_of("{\"rules\":[]}");

    for (size_t i = 0; i < 4; i++) {
        struct mf_outbound outbound = {.name = mf_slice_of_cstr(names[i]),
                                       .json = mf_slice_of_cstr("{}"),
                                       .policy = policy,
                                       .version = 1};
        MF_CHECK_INT(mf_outbounds_put(outbounds, &outbound), 0);
    }
    MF_CHECK_TEXT(mf_outbounds_at(outbounds, mf_slice_of_cstr(""), 0)->name, "a");
    MF_CHECK_TEXT(mf_outbounds_at(outbounds, mf_slice_of_cstr(""), 3)->name, "z");
    MF_CHECK(mf_outbounds_at(outbounds, mf_slice_of_cstr(""), 4) == NULL);
    struct mf_policy *held = mf_outbounds_get(outbounds, mf_slice_of_cstr(""), mf_slice_of_cstr("m"))->policy;
    mf_policy_ref(held);
    struct mf_outbound outbound = {
        .name = mf_slice_of_cstr("m"), .json = mf_slice_of_cstr("{ }"), .policy = newer, .version = 2};
    MF_CHECK_INT(mf_outbounds_put(outbounds, &outbound), 0);
    MF_CHECK(mf_outbounds_get(outbounds, mf_slice_of_cstr(""), mf_slice_of_cstr("m"))->policy == newer);
    MF_CHECK_TEXT(mf_outbounds_get(outbounds, mf_slice_of_cstr(""), mf_slice_of_cstr("m"))->json, "{ }");
    MF_CHECK(mf_outbounds_remove(outbounds, mf_slice_of_cstr(""), mf_slice_of_cstr("a")));
    MF_CHECK(!mf_outbounds_remove(outbounds, mf_slice_of_cstr(""), mf_slice_of_cstr("a")));
    MF_CHECK(mf_outbounds_get(outbounds, mf_slice_of_cstr(""), mf_slice_of_cstr("a")) == NULL);
    mf_policy_unref(policy);
    mf_policy_unref(newer);
    mf_outbounds_free(outbounds);
    MF_CHECK_INT(held->rules_count, 0); /* A run's reference outlives all of it. */
    mf_policy_unref(held);
    MF_CHECK(mf_outbound_name_is_valid(mf_slice_of_cstr("a.B-9_")));
    MF_CHECK(!mf_outbound_name_is_valid(mf_slice_of_cstr("")));
    MF_CHECK(!mf_outbound_name_is_valid(mf_slice_of_cstr(".a")));
    MF_CHECK(!mf_outbound_name_is_valid(mf_slice_of_cstr("a/b")));
    MF_CHECK(!mf_outbound_name_is_valid(
        mf_slice_of_cstr("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
}

int main(void)
{
    MF_RUN(names_each_fault);
    MF_RUN(lists_a_bounded_number);
    MF_RUN(first_match_wins);
    MF_RUN(spelling_gets_past_no_rule);
    MF_RUN(rewrites);
    MF_RUN(rewrites_no_longer_than_allowed);
    MF_RUN(makes_headers);
    MF_RUN(tells_the_guest_nothing_more);
    MF_RUN(explains_to_the_operator);
    MF_RUN(checks_what_it_names);
    MF_RUN(keeps_outbounds_in_order);
    mf_policy_faults_done(&faults);
    return 0;
}
