/* AWS Signature Version 4 against its published vectors: the aws-sig-v4-test-suite (its requests, with the signatures that
 * it gives) and the examples of "Authenticating Requests: Using the Authorization Header" of Amazon S3. Left out are a
 * vector that folds a header over lines, which no request of ours can, and one that signs content-length, which is not ours
 * to sign (curl writes it). */
#include <mayfly/http.h>

#include "vault_kit.h"

/* What the suite calls the secret; both pages use the same one but for a slash. */
#define SUITE_SECRET                                                                                         \
    "{\"kind\":\"aws_sigv4\",\"accessKeyId\":\"AKIDEXAMPLE\","                                               \
    "\"secretAccessKey\":\"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\",\"region\":\"us-east-1\","             \
    "\"service\":\"service\",\"hosts\":[\"example.amazonaws.com\"]"
#define S3_SECRET                                                                                            \
    "{\"kind\":\"aws_sigv4\",\"accessKeyId\":\"AKIAIOSFODNN7EXAMPLE\","                                      \
    "\"secretAccessKey\":\"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\",\"region\":\"us-east-1\","             \
    "\"service\":\"s3\",\"hosts\":[\"examplebucket.s3.amazonaws.com\"]"
#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

#define SUITE_MS 1440938160000 /* 2015-08-30T12:36:00Z */
#define S3_MS 1369353600000    /* 2013-05-24T00:00:00Z */

#define STS_TOKEN                                                                                            \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTf" \
    "lfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HF" \
    "vlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr" \
    "4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

#define UNRESERVED "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

struct vector {
    const char *name;
    const char *method;
    const char *path;
    const char *query;
    const char *headers[9]; /* Names and values, up to NULL. */
    const char *body;
    const char *signed_names;
    const char *signature;
};

static const struct vector suite[] = {
    {"get-header-key-duplicate",
     "GET",
     "/",
     "",
     {"My-Header1", "value2", "My-Header1", "value2", "My-Header1", "value1"},
     NULL,
     "host;my-header1;x-amz-date",
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-order",
     "GET",
     "/",
     "",
     {"My-Header1", "value4", "My-Header1", "value1", "My-Header1", "value3", "My-Header1", "value2"},
     NULL,
     "host;my-header1;x-amz-date",
     "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"get-header-value-trim",
     "GET",
     "/",
     "",
     {"My-Header1", "value1", "My-Header2", "\"a   b   c\""},
     NULL,
     "host;my-header1;my-header2;x-amz-date",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-unreserved",
     "GET",
     "/" UNRESERVED,
     "",
     {NULL},
     NULL,
     "host;x-amz-date",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-vanilla",
     "GET",
     "/",
     "",
     {NULL},
     NULL,
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-empty-query-key",
     "GET",
     "/",
     "Param1=value1",
     {NULL},
     NULL,
     "host;x-amz-date",
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"get-vanilla-query-order-key",
     "GET",
     "/",
     "Param1=value2&Param1=Value1",
     {NULL},
     NULL,
     "host;x-amz-date",
     "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/",
     "Param2=value2&Param1=value1",
     {NULL},
     NULL,
     "host;x-amz-date",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-order-value",
     "GET",
     "/",
     "Param1=value2&Param1=value1",
     {NULL},
     NULL,
     "host;x-amz-date",
     "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
    {"get-vanilla-query-unreserved",
     "GET",
     "/",
     UNRESERVED "=" UNRESERVED,
     {NULL},
     NULL,
     "host;x-amz-date",
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"get-vanilla-utf8-query",
     "GET",
     "/",
     "\xe1\x88\xb4=bar",
     {NULL},
     NULL,
     "host;x-amz-date",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-utf8",
     "GET",
     "/\xe1\x88\xb4",
     "",
     {NULL},
     NULL,
     "host;x-amz-date",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-space",
     "GET",
     "/example space/",
     "",
     {NULL},
     NULL,
     "host;x-amz-date",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"post-header-key-sort",
     "POST",
     "/",
     "",
     {"My-Header1", "value1"},
     NULL,
     "host;my-header1;x-amz-date",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-header-value-case",
     "POST",
     "/",
     "",
     {"My-Header1", "VALUE1"},
     NULL,
     "host;my-header1;x-amz-date",
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"post-vanilla",
     "POST",
     "/",
     "",
     {NULL},
     NULL,
     "host;x-amz-date",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-vanilla-query",
     "POST",
     "/",
     "Param1=value1",
     {NULL},
     NULL,
     "host;x-amz-date",
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"post-x-www-form-urlencoded",
     "POST",
     "/",
     "",
     {"Content-Type", "application/x-www-form-urlencoded", "Content-Length", "13"},
     "Param1=value1",
     "content-type;host;x-amz-date",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    {"get-relative",
     "GET",
     "/example/..",
     "",
     {NULL},
     NULL,
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-relative-relative",
     "GET",
     "/example1/example2/../..",
     "",
     {NULL},
     NULL,
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash",
     "GET",
     "//",
     "",
     {NULL},
     NULL,
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-dot-slash",
     "GET",
     "/./",
     "",
     {NULL},
     NULL,
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-pointless-dot",
     "GET",
     "/./example",
     "",
     {NULL},
     NULL,
     "host;x-amz-date",
     "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
    {"get-slashes",
     "GET",
     "//example//",
     "",
     {NULL},
     NULL,
     "host;x-amz-date",
     "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
};

static const struct vector s3[] = {
    {"GET Object",
     "GET",
     "/test.txt",
     "",
     {"Range", "bytes=0-9"},
     NULL,
     "host;range;x-amz-content-sha256;x-amz-date",
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
    {"PUT Object",
     "PUT",
     "/test$file.text",
     "",
     {"Date", "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class", "REDUCED_REDUNDANCY"},
     "Welcome to Amazon S3.",
     "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
    {"GET Bucket lifecycle",
     "GET",
     "/",
     "lifecycle",
     {NULL},
     NULL,
     "host;x-amz-content-sha256;x-amz-date",
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
    {"GET Bucket (list objects)",
     "GET",
     "/",
     "max-keys=2&prefix=J",
     {NULL},
     NULL,
     "host;x-amz-content-sha256;x-amz-date",
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

static char list[2048];

static struct mf_slice header_list(const char *const *headers)
{
    struct mf_buf buf;
    mf_buf_init(&buf, sizeof list);
    for (; *headers != NULL; headers += 2) {
        MF_CHECK_INT(mf_buf_append(&buf, headers[0], strlen(headers[0]) + 1), 0);
        MF_CHECK_INT(mf_buf_append(&buf, headers[1], strlen(headers[1]) + 1), 0);
    }
    struct mf_slice result = mf_slice_of(list, buf.size);
    if (buf.size > 0) {
        memcpy(list, buf.data, buf.size);
    }
    mf_buf_done(&buf);
    return result;
}

static struct mf_secret_request request_of(const struct vector *vector, const char *host, uint64_t unix_ms)
{
    return (struct mf_secret_request){.target = target_of("https", host, 443),
                                      .method = TEXT(vector->method),
                                      .path = TEXT(vector->path),
                                      .query = TEXT(vector->query),
                                      .headers = header_list(vector->headers),
                                      .has_body = vector->body != NULL,
                                      .body =
                                          vector->body == NULL ? mf_slice_of(NULL, 0) : TEXT(vector->body),
                                      .unix_ms = unix_ms};
}

static void expect(const struct vector *vector, struct mf_slice authorization, const char *scope)
{
    char expected[1024];
    (void)snprintf(expected, sizeof expected,
                   "AWS4-HMAC-SHA256 Credential=%s/aws4_request, SignedHeaders=%s, Signature=%s", scope,
                   vector->signed_names, vector->signature);
    if (!mf_slice_equal_cstr(authorization, expected)) {
        fprintf(stderr, "%s\n", vector->name);
    }
    MF_CHECK_TEXT(authorization, expected);
}

static void the_suite(void)
{
    struct mf_secret *secret = good_json(SUITE_SECRET "}");
    for (size_t i = 0; i < MF_COUNT_OF(suite); i++) {
        struct mf_secret_request request = request_of(&suite[i], "example.amazonaws.com", SUITE_MS);
        struct mf_secret_applied applied;
        MF_CHECK_INT(mf_secret_apply(secret, &request, &applied), 0);
        expect(&suite[i], header_of(applied.headers, "authorization"),
               "AKIDEXAMPLE/20150830/us-east-1/service");
        MF_CHECK_TEXT(header_of(applied.headers, "x-amz-date"), "20150830T123600Z");
        MF_CHECK(header_of(applied.headers, "x-amz-content-sha256").data == NULL);
        mf_secret_applied_done(&applied);
    }
    mf_secret_unref(secret);
}

static void a_session_token_is_signed(void)
{
    static const struct vector vector = {"post-sts-header-before",
                                         "POST",
                                         "/",
                                         "",
                                         {"X-Amz-Security-Token", "the guest's, which is not ours"},
                                         NULL,
                                         "host;x-amz-date;x-amz-security-token",
                                         "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"};
    struct mf_secret *secret = good_json(SUITE_SECRET ",\"sessionToken\":\"" STS_TOKEN "\"}");
    struct mf_secret_request request = request_of(&vector, "example.amazonaws.com", SUITE_MS);
    struct mf_secret_applied applied;
    MF_CHECK_INT(mf_secret_apply(secret, &request, &applied), 0);
    expect(&vector, header_of(applied.headers, "authorization"), "AKIDEXAMPLE/20150830/us-east-1/service");
    MF_CHECK_TEXT(header_of(applied.headers, "x-amz-security-token"), STS_TOKEN);
    /* The signature, the token, the key. */
    MF_CHECK_INT(applied.needles_count, 3);
    MF_CHECK_TEXT(applied.needles[0], vector.signature);
    MF_CHECK_TEXT(applied.needles[1], STS_TOKEN);
    MF_CHECK_TEXT(applied.needles[2], "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    mf_secret_applied_done(&applied);
    mf_secret_unref(secret);
}

static void the_examples_of_s3(void)
{
    struct mf_secret *secret = good_json(S3_SECRET "}");
    for (size_t i = 0; i < MF_COUNT_OF(s3); i++) {
        struct mf_secret_request request = request_of(&s3[i], "examplebucket.s3.amazonaws.com", S3_MS);
        struct mf_secret_applied applied;
        MF_CHECK_INT(mf_secret_apply(secret, &request, &applied), 0);
        expect(&s3[i], header_of(applied.headers, "authorization"),
               "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3");
        mf_secret_applied_done(&applied);
    }
    mf_secret_unref(secret);
}

/* One key of S3 in every spelling has one signature; what arrives is what was signed. */
static void spellings_of_a_path(void)
{
    static const char *const spellings[] = {"/a%20b%2Fc~", "/a+b%2fc%7E", "/%61%20b%2Fc~"};
    struct mf_secret *secret = good_json(S3_SECRET "}");
    char first[512] = "";
    for (size_t i = 0; i < MF_COUNT_OF(spellings); i++) {
        struct vector vector = s3[0];
        vector.path = spellings[i];
        struct mf_secret_request request = request_of(&vector, "examplebucket.s3.amazonaws.com", S3_MS);
        struct mf_secret_applied applied;
        MF_CHECK_INT(mf_secret_apply(secret, &request, &applied), 0);
        struct mf_slice authorization = header_of(applied.headers, "authorization");
        if (i == 0) {
            (void)snprintf(first, sizeof first, "%s", (const char *)authorization.data);
        }
        /* "%2F" and "/" are the same key to S3. */
        MF_CHECK_TEXT(authorization, first);
        mf_secret_applied_done(&applied);
    }
    mf_secret_unref(secret);
}

struct payload_case {
    const char *secret;
    const char *guest; /* x-amz-content-sha256 of the guest, or NULL. */
    bool has_body;
    bool is_known;
    const char *expected; /* NULL: refused. */
    enum mf_secret_body body;
};

static void payload_modes(void)
{
    static const struct payload_case cases[] = {
        {S3_SECRET "}", NULL, false, false, EMPTY_HASH, MF_SECRET_BODY_IF_KNOWN},
        {S3_SECRET "}", NULL, true, false, "UNSIGNED-PAYLOAD", MF_SECRET_BODY_IF_KNOWN},
        {S3_SECRET "}", NULL, true, true, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
         MF_SECRET_BODY_IF_KNOWN},
        {S3_SECRET "}", "UNSIGNED-PAYLOAD", true, true, "UNSIGNED-PAYLOAD", MF_SECRET_BODY_IF_KNOWN},
        {S3_SECRET "}", "0000", true, true,
         "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072", MF_SECRET_BODY_IF_KNOWN},
        {S3_SECRET "}", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", true, true, NULL, MF_SECRET_BODY_IF_KNOWN},
        {S3_SECRET ",\"payload\":\"signed\"}", NULL, true, false, NULL, MF_SECRET_BODY_HASH},
        {S3_SECRET ",\"payload\":\"signed\"}", "UNSIGNED-PAYLOAD", true, true,
         "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072", MF_SECRET_BODY_HASH},
        {S3_SECRET ",\"payload\":\"unsigned\"}", NULL, true, true, "UNSIGNED-PAYLOAD", MF_SECRET_BODY_UNUSED},
        {S3_SECRET ",\"allowHttp\":true}", NULL, true, false, NULL, MF_SECRET_BODY_HASH},
    };
    for (size_t i = 0; i < MF_COUNT_OF(cases); i++) {
        const struct payload_case *at = &cases[i];
        struct mf_secret *secret = good_json(at->secret);
        struct vector vector = {
            "",   "PUT", "/x", "", {at->guest == NULL ? NULL : "x-amz-content-sha256", at->guest},
            NULL, "",    ""};
        struct mf_secret_request request = request_of(&vector, "examplebucket.s3.amazonaws.com", S3_MS);
        struct mf_secret_applied applied;
        request.has_body = at->has_body;
        request.body = at->is_known ? TEXT("Welcome to Amazon S3.") : mf_slice_of(NULL, 0);
        MF_CHECK_INT(mf_secret_body_of(secret), at->body);
        int rc = mf_secret_apply(secret, &request, &applied);
        MF_CHECK_INT(rc, at->expected == NULL ? MF_E_SECRET_UNSIGNABLE : 0);
        if (rc == 0) {
            MF_CHECK_TEXT(header_of(applied.headers, "x-amz-content-sha256"), at->expected);
            mf_secret_applied_done(&applied);
        }
        mf_secret_unref(secret);
    }
}

static void chunked_bodies_are_refused(void)
{
    static const struct vector vector = {"",  "PUT", "/x", "", {"Content-Encoding", "gzip, aws-chunked"},
                                         "x", "",    ""};
    struct mf_secret *secret = good_json(S3_SECRET "}");
    struct mf_secret_request request = request_of(&vector, "examplebucket.s3.amazonaws.com", S3_MS);
    struct mf_secret_applied applied;
    MF_CHECK_INT(mf_secret_apply(secret, &request, &applied), MF_E_SECRET_UNSIGNABLE);
    mf_secret_unref(secret);
}

/* The guest's own headers of these names are neither signed nor sent: ours take their place. */
static void a_guests_signature_does_not_count(void)
{
    static const struct vector vector = {
        "get-vanilla",
        "GET",
        "/",
        "",
        {"Authorization", "AWS4-HMAC-SHA256 x", "X-Amz-Date", "20000101T000000Z"},
        NULL,
        "host;x-amz-date",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"};
    struct mf_secret *secret = good_json(SUITE_SECRET "}");
    struct mf_secret_request request = request_of(&vector, "example.amazonaws.com", SUITE_MS);
    struct mf_secret_applied applied;
    MF_CHECK_INT(mf_secret_apply(secret, &request, &applied), 0);
    expect(&vector, header_of(applied.headers, "authorization"), "AKIDEXAMPLE/20150830/us-east-1/service");
    mf_secret_applied_done(&applied);
    mf_secret_unref(secret);
}

/* Many parameters and headers: sorted, bounded, and no step is quadratic. */
static void many_of_everything(void)
{
    struct mf_secret *secret = good_json(SUITE_SECRET "}");
    struct mf_buf query;
    struct mf_buf headers;
    struct mf_secret_applied applied;
    mf_buf_init(&query, 65536);
    mf_buf_init(&headers, 1 << 20);
    for (int i = 0; i < 20000; i++) {
        MF_CHECK_INT(mf_buf_append_cstr(&query, "&b="), 0);
    }
    for (int i = 0; i < MF_HEADERS_COUNT_MAX; i++) {
        MF_CHECK_INT(mf_buf_append(&headers, "x-a\0b", 6), 0);
    }
    struct mf_secret_request request = {.target = target_of("https", "example.amazonaws.com", 443),
                                        .method = TEXT("GET"),
                                        .path = TEXT("/"),
                                        .query = mf_buf_peek(&query),
                                        .headers = mf_buf_peek(&headers),
                                        .unix_ms = SUITE_MS};
    MF_CHECK_INT(mf_secret_apply(secret, &request, &applied), 0);
    mf_secret_applied_done(&applied);
    MF_CHECK_INT(mf_buf_append(&headers, "x-b\0b", 6), 0);
    request.headers = mf_buf_peek(&headers);
    MF_CHECK_INT(mf_secret_apply(secret, &request, &applied), MF_E_SECRET_UNSIGNABLE);
    mf_buf_done(&query);
    mf_buf_done(&headers);
    mf_secret_unref(secret);
}

int main(void)
{
    MF_RUN(the_suite);
    MF_RUN(a_session_token_is_signed);
    MF_RUN(the_examples_of_s3);
    MF_RUN(spellings_of_a_path);
    MF_RUN(payload_modes);
    MF_RUN(chunked_bodies_are_refused);
    MF_RUN(a_guests_signature_does_not_count);
    MF_RUN(many_of_everything);
    return 0;
}
