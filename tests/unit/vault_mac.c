/* MF_SECRET_HMAC: the vectors of RFC 4231 (case 5, which is cut short, has no use here) and the first of RFC 2202; what
 * templates make of a request; what is refused. */
#include "vault_kit.h"

struct vector {
    const char *name;
    const char *key_hex;
    const char *data;
    const char *macs[3]; /* SHA-256, SHA-384, SHA-512 */
};

static const struct vector vectors[] = {
    {"1",
     "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
     "Hi There",
     {"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
      "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d91"
      "4eeb61f1702e696c203a126854"}},
    {"2",
     "4a656665",
     "what do ya want for nothing?",
     {"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1"
      "a34d4a6b4b636e070a38bce737"}},
    {"3",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
     "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd",
     {"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
      "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27",
      "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a3"
      "37bee8942674278859e13292fb"}},
    {"4",
     "0102030405060708090a0b0c0d0e0f10111213141516171819",
     "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
     "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd",
     {"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
      "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb",
      "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f197"
      "41120c4f2de2adebeb10a298dd"}},
    {"6",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "Test Using Larger Than Block-Size Key - Hash Key First",
     {"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
      "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f"
      "73f63f0aec8b915a985d786598"}},
    {"7",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "This is a test using a larger than block-size key and a larger than block-size data. The key needs to "
     "be hashed before being used by the HMAC algorithm.",
     {"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
      "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e",
      "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15134676"
      "fb6de0446065c97440fa8c6a58"}},
};

#define HOSTS "\"hosts\":[\"hooks.example.com\"]}"
#define BODY_TEXT "{\"id\":1}"

static struct mf_secret_request request_of(const char *body)
{
    return (struct mf_secret_request){.target = target_of("https", "hooks.example.com", 443),
                                      .method = TEXT("POST"),
                                      .path = TEXT("/v1/x"),
                                      .query = TEXT("a=1"),
                                      .has_body = body != NULL,
                                      .body = body == NULL ? mf_slice_of(NULL, 0) : TEXT(body),
                                      .unix_ms = 1700000000123};
}

static void
expect_header(const char *json, const struct mf_secret_request *request, const char *name, const char *value)
{
    struct mf_secret *secret = good_json(json);
    struct mf_secret_applied applied;
    MF_CHECK_INT(mf_secret_apply(secret, request, &applied), 0);
    MF_CHECK_TEXT(header_of(applied.headers, name), value);
    mf_secret_applied_done(&applied);
    mf_secret_unref(secret);
}

static void vectors_of_rfc_4231(void)
{
    static const char *const algorithms[] = {"sha256", "sha384", "sha512"};
    for (size_t i = 0; i < MF_COUNT_OF(vectors); i++) {
        for (size_t j = 0; j < MF_COUNT_OF(algorithms); j++) {
            char json[1024];
            struct mf_secret_request request = request_of(vectors[i].data);
            (void)snprintf(json, sizeof json,
                           "{\"kind\":\"hmac\",\"keyHex\":\"%s\",\"algorithm\":\"%s\",\"header\":\"X-Mac\","
                           "\"template\":\"{body}\"," HOSTS,
                           vectors[i].key_hex, algorithms[j]);
            expect_header(json, &request, "x-mac", vectors[i].macs[j]);
        }
    }
}

static void sha1_for_old_hooks(void)
{
    struct mf_secret_request request = request_of("what do ya want for nothing?");
    expect_header(
        "{\"kind\":\"hmac\",\"key\":\"Jefe\",\"algorithm\":\"sha1\",\"header\":\"x-mac\",\"headerValue\":"
        "\"sha1={signature}\",\"template\":\"{body}\"," HOSTS,
        &request, "x-mac", "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

static void templates(void)
{
    struct mf_secret_request request = request_of(BODY_TEXT);
    expect_header(
        "{\"kind\":\"hmac\",\"keyBase64\":\"a2V5\",\"header\":\"x-s\",\"encoding\":\"base64\","
        "\"headerValue\":\"t={timestamp},ms={timestampMs},v1={signature}\",\"timestampHeader\":\"X-T\","
        "\"template\":\"{method}\\n{scheme}://{host}{target}|{path}|{query}\\n{timestamp}.{timestampMs}."
        "{bodySha256}\"," HOSTS,
        &request, "x-s", "t=1700000000,ms=1700000000123,v1=B9XrAP3nb7Ti7KhviT0xBXtasiJobvDceMW1gdvUYlM=");
    expect_header("{\"kind\":\"hmac\",\"key\":\"key\",\"header\":\"x-s\",\"encoding\":\"base64url\","
                  "\"timestampHeader\":"
                  "\"X-T\",\"template\":\"{timestamp}\"," HOSTS,
                  &request, "x-t", "1700000000");
    expect_header("{\"kind\":\"hmac\",\"key\":\"key\",\"header\":\"x-s\",\"encoding\":\"base64url\","
                  "\"template\":\"{timestamp}\"," HOSTS,
                  &request, "x-s", "Oe01mMFF-IRjt7oLMWGrZWMgjXycKNV2A_jh4aVl-5M");
}

/* The hash may come without the body, or be that of nothing. */
static void what_is_known_of_a_body(void)
{
    static const char by_hash[] =
        "{\"kind\":\"hmac\",\"key\":\"key\",\"header\":\"x-s\",\"template\":\"{bodySha256}\"," HOSTS;
    static const char by_bytes[] =
        "{\"kind\":\"hmac\",\"key\":\"key\",\"header\":\"x-s\",\"template\":\"{body}\"," HOSTS;
    struct mf_secret_request request = request_of(BODY_TEXT);
    struct mf_secret_applied applied;
    uint8_t digest[32];

    expect_header(by_hash, &request, "x-s",
                  "01b62475c0b07b930b45e111116cbc05493f39f9d5d764504104e84ff4c93c16");
    mf__sha256(TEXT(BODY_TEXT), digest);
    request.body = mf_slice_of(NULL, 0);
    request.body_sha256 = digest;
    expect_header(by_hash, &request, "x-s",
                  "01b62475c0b07b930b45e111116cbc05493f39f9d5d764504104e84ff4c93c16");
    struct mf_secret *secret = good_json(by_bytes);
    MF_CHECK_INT(mf_secret_body_of(secret), MF_SECRET_BODY_BYTES);
    MF_CHECK_INT(mf_secret_apply(secret, &request, &applied), MF_E_SECRET_UNSIGNABLE);
    mf_secret_unref(secret);
    request.body_sha256 = NULL;
    secret = good_json(by_hash);
    MF_CHECK_INT(mf_secret_body_of(secret), MF_SECRET_BODY_HASH);
    MF_CHECK_INT(mf_secret_apply(secret, &request, &applied), MF_E_SECRET_UNSIGNABLE);
    mf_secret_unref(secret);
    request.has_body = false;
    expect_header(by_hash, &request, "x-s",
                  "75c040996f4e27689c78dd0babecd142b4bb61e78d505d6adcbafab971065dfb");
    secret = good_json("{\"kind\":\"hmac\",\"key\":\"k\",\"header\":\"x-s\",\"template\":\"{path}\"," HOSTS);
    MF_CHECK_INT(mf_secret_body_of(secret), MF_SECRET_BODY_UNUSED);
    mf_secret_unref(secret);
}

static void wrong_templates_are_refused(void)
{
    static const char *const bad[][2] = {
        {"{\"template\":\"{bodi}\",", "/template"},
        {"{\"template\":\"{signature}\",", "/template"},
        {"{\"template\":\"{\",", "/template"},
        {"{\"template\":\"a}\",", "/template"},
        {"{\"template\":\"\",", "/template"},
        {"{\"template\":\"x\",\"headerValue\":\"none\",", "/headerValue"},
        {"{\"template\":\"x\",\"headerValue\":\"{signature}{signature}\",", "/headerValue"},
        {"{\"template\":\"x\",\"headerValue\":\"{signature}{body}\",", "/headerValue"},
        {"{\"template\":\"x\",\"headerValue\":\"{signature}\\n\",", "/headerValue"},
        {"{\"template\":\"x\",\"timestampHeader\":\"X-S\",", "/timestampHeader"},
        {"{\"template\":\"x\",\"timestampHeader\":\"host\",", "/timestampHeader"},
    };
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        char json[512];
        char faults[1024];
        char pointer[64];
        (void)snprintf(json, sizeof json, "%s\"kind\":\"hmac\",\"key\":\"k\",\"header\":\"x-s\"," HOSTS,
                       bad[i][0]);
        (void)snprintf(pointer, sizeof pointer, "{\"pointer\":\"%s\",", bad[i][1]);
        MF_CHECK(read_json(json, faults, sizeof faults) == NULL);
        MF_CHECK(strncmp(faults, pointer, strlen(pointer)) == 0);
        MF_CHECK(strstr(faults, "},{") == NULL); /* One fault, one sentence. */
    }
}

static void needles(void)
{
    struct mf_secret *secret =
        good_json("{\"kind\":\"hmac\",\"key\":\"the-key\",\"header\":\"x-s\",\"template\":\"x\"," HOSTS);
    struct mf_secret_request request = request_of(NULL);
    struct mf_secret_applied applied;
    MF_CHECK_INT(mf_secret_apply(secret, &request, &applied), 0);
    MF_CHECK_INT(applied.needles_count, 2);
    MF_CHECK(mf_slice_equal(applied.needles[0], header_of(applied.headers, "x-s")));
    MF_CHECK_TEXT(applied.needles[1], "the-key");
    mf_secret_applied_done(&applied);
    mf_secret_unref(secret);
}

int main(void)
{
    MF_RUN(vectors_of_rfc_4231);
    MF_RUN(sha1_for_old_hooks);
    MF_RUN(templates);
    MF_RUN(what_is_known_of_a_body);
    MF_RUN(wrong_templates_are_refused);
    MF_RUN(needles);
    return 0;
}
