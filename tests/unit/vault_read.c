/* A secret from JSON: every kind, every fault with its pointer, all of them at once, and no value in any of them. */
#include "vault_kit.h"

#define CANARY "c4n4ry-value"
#define HOSTS "\"hosts\":[\"a.com\"]"

static void expect_faults(const char *json, const char *const *pointers)
{
    char faults[4096];
    struct mf_secret *secret = read_json(json, faults, sizeof faults);
    const char *at = faults;
    MF_CHECK(secret == NULL);
    MF_CHECK(strstr(faults, CANARY) == NULL);
    for (; *pointers != NULL; pointers++) {
        char begin[128];
        (void)snprintf(begin, sizeof begin, "{\"pointer\":\"%s\",\"detail\":\"", *pointers);
        if (strncmp(at, begin, strlen(begin)) != 0) {
            fprintf(stderr, "%s\nexpected %s at %s\n", json, begin, at);
        }
        MF_CHECK(strncmp(at, begin, strlen(begin)) == 0);
        at = strstr(at, "\"}");
        MF_CHECK(at != NULL);
        at += at[2] == ',' ? 3 : 2;
    }
    if (*at != 0) {
        fprintf(stderr, "%s\nleft: %s\n", json, at);
    }
    MF_CHECK(*at == 0);
}

#define FAULTS(json, ...) expect_faults(json, (const char *const[]){__VA_ARGS__, NULL})

static void the_shape(void)
{
    FAULTS("[]", "");
    FAULTS("{}", "/kind");
    FAULTS("{\"kind\":1}", "/kind");
    FAULTS("{\"kind\":\"Bearer\"}", "/kind");
    FAULTS("{\"kind\":\"bearer\"}", "/hosts", "/token");
    FAULTS("{\"kind\":\"bearer\",\"token\":\"t\"}", "/hosts");
    FAULTS("{\"kind\":\"bearer\",\"token\":\"t\",\"hosts\":\"a.com\"}", "/hosts");
    FAULTS("{\"kind\":\"bearer\",\"token\":\"t\",\"hosts\":[]}", "/hosts");
    FAULTS("{\"kind\":\"bearer\",\"token\":\"t\",\"hosts\":[1,\"a.com\",\"*\",\"b.com\"]}", "/hosts/0",
           "/hosts/2");
    FAULTS("{\"kind\":\"bearer\",\"token\":\"t\"," HOSTS ",\"allowHttp\":1}", "/allowHttp");
    FAULTS("{\"kind\":\"bearer\",\"token\":\"t\"," HOSTS ",\"token\":\"" CANARY "\"}", "/token");
    FAULTS("{\"kind\":\"bearer\",\"token\":\"t\"," HOSTS ",\"value\":\"" CANARY "\"}", "/value");
    FAULTS("{\"kind\":\"bearer\",\"token\":{\"x\":\"" CANARY "\"}," HOSTS "}", "/token");
    /* A member that is no plain word may be a value in the wrong place. */
    FAULTS("{\"kind\":\"bearer\",\"token\":\"t\"," HOSTS ",\"" CANARY "\":1}", "");
}

static void all_faults_at_once(void)
{
    FAULTS("{\"kind\":\"basic\",\"username\":\"a:b\",\"password\":\"\",\"hosts\":[\"a.com:\",\"A.com\"],"
           "\"allowHttp\":null,"
           "\"realm\":\"x\"}",
           "/username", "/password", "/hosts/0", "/hosts/1", "/allowHttp", "/realm");
}

static void fields_are_checked(void)
{
    FAULTS("{\"kind\":\"bearer\",\"token\":\"a\\nb" CANARY "\"," HOSTS "}", "/token");
    FAULTS("{\"kind\":\"bearer\",\"token\":\" " CANARY "\"," HOSTS "}", "/token");
    FAULTS("{\"kind\":\"bearer\",\"token\":\"\\u00e4" CANARY "\"," HOSTS "}", "/token");
    FAULTS("{\"kind\":\"header\",\"name\":\"x y\",\"value\":\"v\"," HOSTS "}", "/name");
    FAULTS("{\"kind\":\"header\",\"name\":\"Host\",\"value\":\"v\"," HOSTS "}", "/name");
    FAULTS("{\"kind\":\"header\",\"name\":\"Proxy-Authorization\",\"value\":\"v\"," HOSTS "}", "/name");
    FAULTS("{\"kind\":\"header\",\"name\":\"content-length\",\"value\":\"v\"," HOSTS "}", "/name");
    FAULTS("{\"kind\":\"header\",\"name\":\"x\",\"prefix\":\"a\\r\\nb: \",\"value\":\"v\"," HOSTS "}",
           "/prefix");
    FAULTS("{\"kind\":\"query\",\"name\":\"k\\u0001\",\"value\":\"v\"," HOSTS "}", "/name");
    static const char *const urls[] = {
        "auth.example.com", "ftp://a",          "https://",           "https:///x",   "https://u@a.com/",
        "https://a.com/#x", "https://a.com/ x", "https://a.com/\\\\", "http://a.com/"};
    for (size_t i = 0; i < MF_COUNT_OF(urls); i++) {
        char json[512];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"oauth2_client_credentials\",\"tokenUrl\":\"%s\",\"clientId\":\"i\","
                       "\"clientSecret\":\"" CANARY "\"," HOSTS "}",
                       urls[i]);
        FAULTS(json, "/tokenUrl");
    }
    FAULTS("{\"kind\":\"oauth2_client_credentials\",\"tokenUrl\":\"https://"
           "a\",\"clientId\":\"i\",\"clientSecret\":\"s\","
           "\"authStyle\":\"post\"," HOSTS "}",
           "/authStyle");
    FAULTS("{\"kind\":\"aws_sigv4\",\"accessKeyId\":\"a/b\",\"secretAccessKey\":\"" CANARY
           "\",\"region\":\"US\",\"service\":\"s 3\",\"payload\":\"x\"," HOSTS "}",
           "/accessKeyId", "/region", "/service", "/payload");
    FAULTS("{\"kind\":\"aws_sigv4\",\"accessKeyId\":\"a\",\"secretAccessKey\":\"s\",\"region\":\"r\","
           "\"service\":\"s3\","
           "\"payload\":\"unsigned\",\"allowHttp\":true," HOSTS "}",
           "/payload");
    FAULTS("{\"kind\":\"hmac\",\"header\":\"x\",\"template\":\"t\"," HOSTS "}", "/key");
    FAULTS("{\"kind\":\"hmac\",\"header\":\"x\",\"template\":\"t\",\"key\":\"k\",\"keyHex\":\"00\"," HOSTS
           "}",
           "/key");
    FAULTS("{\"kind\":\"hmac\",\"header\":\"x\",\"template\":\"t\",\"keyHex\":\"0\"," HOSTS "}", "/keyHex");
    FAULTS("{\"kind\":\"hmac\",\"header\":\"x\",\"template\":\"t\",\"keyHex\":\"0g\"," HOSTS "}", "/keyHex");
    FAULTS("{\"kind\":\"hmac\",\"header\":\"x\",\"template\":\"t\",\"keyBase64\":\"a2V5=\"," HOSTS "}",
           "/keyBase64");
    FAULTS("{\"kind\":\"hmac\",\"header\":\"x\",\"template\":\"t\",\"key\":\"k\",\"algorithm\":\"md5\"," HOSTS
           "}",
           "/algorithm");
}

static void sizes_are_checked(void)
{
    char *json = calloc(1, 2 * MF_SECRET_VALUE_BYTES_MAX);
    int size = snprintf(json, 64, "{\"kind\":\"bearer\"," HOSTS ",\"token\":\"");
    memset(json + size, 'x', MF_SECRET_VALUE_BYTES_MAX);
    memcpy(json + size + MF_SECRET_VALUE_BYTES_MAX, "\"}", 3);
    mf_secret_unref(good_json(json));
    memcpy(json + size + MF_SECRET_VALUE_BYTES_MAX, "x\"}", 4);
    FAULTS(json, "/token");
    free(json);
    char many[1024] = "{\"kind\":\"bearer\",\"token\":\"t\",\"hosts\":[";
    for (int i = 0; i <= MF_SECRET_HOSTS_MAX; i++) {
        size_t used = strlen(many);
        (void)snprintf(many + used, sizeof many - used, "%s\"a.com:%d\"", i == 0 ? "" : ",", i + 1);
    }
    (void)strncat(many, "]}", sizeof many - strlen(many) - 1);
    FAULTS(many, "/hosts");
}

/* ---- what a good one adds to a request ------------------------------------------------------------- */

struct expected {
    const char *json;
    const char *header;
    const char *value;
    const char *query;
    const char *needles[4];
};

static void every_kind_is_applied(void)
{
    static const struct expected all[] = {
        {"{\"kind\":\"bearer\",\"token\":\"abc\"," HOSTS "}", "authorization", "Bearer abc", "", {"abc"}},
        {"{\"kind\":\"basic\",\"username\":\"Aladdin\",\"password\":\"open sesame\"," HOSTS "}",
         "authorization",
         "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
         "",
         {"QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "open sesame"}},
        {"{\"kind\":\"basic\",\"username\":\"test\",\"password\":\"123\\u00a3\"," HOSTS "}",
         "authorization",
         "Basic dGVzdDoxMjPCow==", /* RFC 7617 section 2.1 */
         "",
         {"dGVzdDoxMjPCow==", "123\xc2\xa3"}},
        {"{\"kind\":\"header\",\"name\":\"X-Api-Key\",\"value\":\"v-1\"," HOSTS "}",
         "x-api-key",
         "v-1",
         "",
         {"v-1"}},
        {"{\"kind\":\"header\",\"name\":\"authorization\",\"prefix\":\"Token \",\"value\":\"v\"," HOSTS "}",
         "authorization",
         "Token v",
         "",
         {"v"}},
        {"{\"kind\":\"query\",\"name\":\"api key\",\"value\":\"a&b=\\u00e9\"," HOSTS "}",
         NULL,
         NULL,
         "api%20key=a%26b%3D%C3%A9",
         {"a&b=\xc3\xa9", "a%26b%3D%C3%A9"}},
        {"{\"kind\":\"oauth2_client_credentials\",\"tokenUrl\":\"https://auth.a.com/t\",\"clientId\":\"id\","
         "\"clientSecret\":\"cs\"," HOSTS "}",
         "authorization",
         "Bearer at-1",
         "",
         {"at-1", "cs"}},
    };
    for (size_t i = 0; i < MF_COUNT_OF(all); i++) {
        struct mf_secret *secret = good_json(all[i].json);
        struct mf_secret_applied applied;
        struct mf_secret_request request = {.target = target_of("https", "a.com", 443),
                                            .method = TEXT("GET"),
                                            .path = TEXT("/"),
                                            .access_token = TEXT("at-1")};
        size_t needles = 0;
        MF_CHECK_INT(mf_secret_apply(secret, &request, &applied), 0);
        mf_secret_unref(secret); /* What was applied stands on its own. */
        MF_CHECK_INT(applied.headers.size > 0, all[i].header != NULL);
        if (all[i].header != NULL) {
            MF_CHECK_TEXT(header_of(applied.headers, all[i].header), all[i].value);
        }
        MF_CHECK_TEXT(applied.query, all[i].query);
        while (needles < 4 && all[i].needles[needles] != NULL) {
            MF_CHECK(needles < applied.needles_count);
            MF_CHECK_TEXT(applied.needles[needles], all[i].needles[needles]);
            needles++;
        }
        MF_CHECK_INT(applied.needles_count, needles);
        mf_secret_applied_done(&applied);
    }
}

static void what_is_not_for_injection(void)
{
    struct mf_secret *plain = good_json("{\"kind\":\"plain\",\"value\":\"v\"," HOSTS "}");
    struct mf_secret *oauth2 =
        good_json("{\"kind\":\"oauth2_client_credentials\",\"tokenUrl\":\"https://b.com\","
                  "\"clientId\":\"id\",\"clientSecret\":\"cs\",\"scope\":\"s t\","
                  "\"audience\":\"aud\",\"authStyle\":\"body\"," HOSTS "}");
    struct mf_secret_request request = {.target = target_of("https", "a.com", 443), .path = TEXT("/")};
    struct mf_secret_applied applied;
    struct mf_secret_oauth2 fields;
    MF_CHECK_INT(mf_secret_apply(plain, &request, &applied), MF_E_SECRET_KIND);
    MF_CHECK_INT(mf_secret_apply(oauth2, &request, &applied), MF_E_SECRET_KIND); /* No token. */
    request.access_token = TEXT("a\r\nb: c");
    MF_CHECK_INT(mf_secret_apply(oauth2, &request, &applied),
                 MF_E_SECRET_KIND); /* One that is no header value. */
    MF_CHECK_INT(mf_secret_oauth2(plain, &fields), MF_E_SECRET_KIND);
    MF_CHECK_INT(mf_secret_oauth2(oauth2, &fields), 0);
    MF_CHECK_TEXT(fields.token_url, "https://b.com");
    MF_CHECK_TEXT(fields.client_secret, "cs");
    MF_CHECK_TEXT(fields.scope, "s t");
    MF_CHECK_TEXT(fields.audience, "aud");
    MF_CHECK(fields.is_in_body && !fields.is_http_allowed);
    request.target.host = TEXT("b.com");
    MF_CHECK_INT(mf_secret_apply(plain, &request, &applied), MF_E_SECRET_HOST);
    mf_secret_unref(plain);
    mf_secret_unref(oauth2);
}

int main(void)
{
    MF_RUN(the_shape);
    MF_RUN(all_faults_at_once);
    MF_RUN(fields_are_checked);
    MF_RUN(sizes_are_checked);
    MF_RUN(every_kind_is_applied);
    MF_RUN(what_is_not_for_injection);
    return 0;
}
