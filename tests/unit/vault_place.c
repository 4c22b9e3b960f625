/* Placeholders: replaced in one spelling for the right host, found in every spelling, refused anywhere else. */
#include "vault_kit.h"

#define PLAIN(value) "{\"kind\":\"plain\",\"value\":\"" value "\",\"hosts\":[\"a.com\",\"*.b.com\"]}"

static struct kit kit;

static int substitute(const char *value, const char *host, struct mf_secret_text *text, struct mf_slice *name)
{
    struct mf_secret_target target = target_of("https", host, 443);
    return mf_vault_substitute(kit.vault, TEXT(""), TEXT(value), &target, text, name);
}

static void expect(const char *value, const char *expected, size_t needles)
{
    struct mf_secret_text text;
    MF_CHECK_INT(substitute(value, "a.com", &text, NULL), 0);
    MF_CHECK_TEXT(text.text, expected);
    MF_CHECK_INT(text.needles_count, needles);
    for (size_t i = 0; i < needles; i++) {
        MF_CHECK(text.needles[i].data >= text.text.data && text.needles[i].size > 0);
    }
    mf_secret_text_done(&text);
}

static void expect_refused(const char *value, const char *host, int error, const char *name)
{
    struct mf_secret_text text;
    struct mf_slice found = TEXT("unset");
    MF_CHECK_INT(substitute(value, host, &text, &found), error);
    MF_CHECK_TEXT(found, name);
}

static void replaced(void)
{
    expect("", "", 0);
    expect("nothing here", "nothing here", 0);
    expect("{{secret:one}}", "v-1", 1);
    expect("Bearer {{secret:one}}", "Bearer v-1", 1);
    expect("{{secret:one}}:{{secret:two}};{{secret:one}}!", "v-1:{{secret:one}};v-1!",
           3); /* Once: a value is not read again. */
    expect("{ {secret:one}} {{secret", "{ {secret:one}} {{secret", 0);
}

static void refused(void)
{
    expect_refused("{{secret:one}}", "evil.com", MF_E_SECRET_HOST, "one");
    expect_refused("{{secret:one}}", "b.com", MF_E_SECRET_HOST, "one");
    expect_refused("{{secret:none}}", "a.com", MF_E_SECRET_UNKNOWN, "none");
    expect_refused("{{secret:one}}{{secret:none}}", "a.com", MF_E_SECRET_UNKNOWN, "none");
    expect_refused("{{secret:bearer}}", "a.com", MF_E_SECRET_KIND, "bearer");
    expect_refused("{{secret:}}", "a.com", MF_E_SECRET_PLACE, "");
    expect_refused("{{secret:one", "a.com", MF_E_SECRET_PLACE, "");
    expect_refused("{{secret:one}", "a.com", MF_E_SECRET_PLACE, "");
    expect_refused("{{secret: one}}", "a.com", MF_E_SECRET_PLACE, "");
    expect_refused("{{secret:{{secret:one}}}}", "a.com", MF_E_SECRET_PLACE, "");
    expect_refused("{{secret:one}} %7b{secret:one}}", "a.com", MF_E_SECRET_PLACE, "");
    expect_refused("Basic dXNlcjp7e3NlY3JldDpvbmV9fQ==", "a.com", MF_E_SECRET_PLACE, "");
    expect_refused(
        "{{secret:one}}{{secret:one}}{{secret:one}}{{secret:one}}{{secret:one}}{{secret:one}}{{secret:one}}",
        "a.com", MF_E_SECRET_PLACE, "one");
    struct mf_secret_target target = target_of("http", "a.com", 80);
    struct mf_secret_text text;
    MF_CHECK_INT(mf_vault_substitute(kit.vault, TEXT(""), TEXT("{{secret:one}}"), &target, &text, NULL),
                 MF_E_SECRET_CLEARTEXT);
    target = target_of("https", "a.com", 443);
    MF_CHECK_INT(mf_vault_substitute(kit.vault, TEXT("acme"), TEXT("{{secret:one}}"), &target, &text, NULL),
                 MF_E_SECRET_UNKNOWN);
}

static void found_in_every_spelling(void)
{
    static const char *const found[] = {
        "{{secret:x}}",          "a{{secret:",       "{{{secret:",
        "%7B%7Bsecret%3Ax",      "%7b{secret:",      "{%7B%73ecret:",
        "%257B%257Bsecret%253A", "%25257b{secret:",  "e3tzZWNyZXQ6",
        "eHt7c2VjcmV0Ong=",      "eHh7e3NlY3JldDo=", "xx eHh4e3tzZWNyZXQ6eA==",
    };
    static const char *const not_found[] = {
        "",   "{", "{{",  "{{secret",    "{{secre:t",    "{{Secret:x", "%7B%7Bsecret%3",
        "%7", "%", "%25", "{{secret%3b", "e3tzZWNyZXQ1",
    };
    for (size_t i = 0; i < MF_COUNT_OF(found); i++) {
        if (!mf_vault_has_placeholder(TEXT(found[i]))) {
            fprintf(stderr, "%s\n", found[i]);
        }
        MF_CHECK(mf_vault_has_placeholder(TEXT(found[i])));
    }
    for (size_t i = 0; i < MF_COUNT_OF(not_found); i++) {
        MF_CHECK(!mf_vault_has_placeholder(TEXT(not_found[i])));
    }
}

/* Any base64 of any text around it. */
static void found_in_base64_wherever_it_stands(void)
{
    for (size_t before = 0; before < 7; before++) {
        for (size_t after = 0; after < 7; after++) {
            char text[64] = "";
            struct mf_buf encoded;
            (void)snprintf(text, sizeof text, "%.*s{{secret:%.*s", (int)before, "?>~\x01zzz", (int)after,
                           "name}}");
            mf_buf_init(&encoded, 128);
            MF_CHECK_INT(mf_buf_append_base64(&encoded, TEXT(text)), 0);
            MF_CHECK(mf_vault_has_placeholder(mf_buf_peek(&encoded)));
            mf_buf_done(&encoded);
        }
    }
}

int main(void)
{
    kit_make_dir(&kit);
    MF_CHECK_INT(kit_open(&kit), 0);
    MF_CHECK_INT(kit_put(&kit, "", "one", PLAIN("v-1")), 1);
    MF_CHECK_INT(kit_put(&kit, "", "two", PLAIN("{{secret:one}}")), 1);
    MF_CHECK_INT(kit_put(&kit, "", "bearer", "{\"kind\":\"bearer\",\"token\":\"t\",\"hosts\":[\"a.com\"]}"),
                 1);
    MF_RUN(replaced);
    MF_RUN(refused);
    MF_RUN(found_in_every_spelling);
    MF_RUN(found_in_base64_wherever_it_stands);
    kit_close(&kit);
    kit_remove(&kit);
    return 0;
}
