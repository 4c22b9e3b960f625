/* Values in, versions out: put, replace, delete, reopen, and what a secret adds to a request. */
#include "vault_kit.h"

#define BEARER(token) "{\"kind\":\"bearer\",\"token\":\"" token "\",\"hosts\":[\"api.example.com\"]}"

static struct kit kit;

static void expect_bearer(struct mf_secret *secret, const char *expected)
{
    struct mf_secret_applied applied;
    struct mf_secret_request request = {
        .target = target_of("https", "api.example.com", 443), .method = TEXT("GET"), .path = TEXT("/")};
    MF_CHECK_INT(mf_secret_apply(secret, &request, &applied), 0);
    MF_CHECK_TEXT(header_of(applied.headers, "authorization"), expected);
    MF_CHECK_INT(applied.needles_count, 1);
    MF_CHECK_TEXT(applied.needles[0], expected + strlen("Bearer "));
    mf_secret_applied_done(&applied);
}

static void versions_follow_each_other(void)
{
    MF_CHECK_INT(kit_put(&kit, "", "gh", BEARER("one")), 1);
    struct mf_secret *old = kit_ref(&kit, "", "gh");
    MF_CHECK_INT(kit_put(&kit, "", "gh", BEARER("two")), 2);
    struct mf_secret *new = kit_ref(&kit, "", "gh");
    expect_bearer(old, "Bearer one"); /* A request in flight keeps what it began with. */
    expect_bearer(new, "Bearer two");
    MF_CHECK(mf_secret_serial(old) != mf_secret_serial(new));
    mf_secret_unref(old);
    mf_secret_unref(new);
}

static void puts_under_way_are_numbered(void)
{
    struct put_result results[3] = {{.is_done = false}};
    for (size_t i = 0; i < 3; i++) {
        MF_CHECK_INT(mf_vault_put(kit.vault, TEXT(""), TEXT("many"), good_json(BEARER("x")), put_result_done,
                                  &results[i]),
                     0);
    }
    struct mf_secret *none = NULL;
    MF_CHECK_INT(mf_vault_ref(kit.vault, TEXT(""), TEXT("many"), &none), MF_E_SECRET_UNKNOWN);
    (void)uv_run(&kit.loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < 3; i++) {
        MF_CHECK_INT(results[i].error, 0);
        MF_CHECK_INT(results[i].version, i + 1);
    }
}

struct delete_result {
    bool is_done;
    int error;
    char users[128];
};

static void delete_result_done(void *user, int error, struct mf_slice users)
{
    struct delete_result *result = user;
    result->is_done = true;
    result->error = error;
    for (size_t i = 0; i < users.size && i + 1 < sizeof result->users; i++) {
        result->users[i] = users.data[i] == 0 ? '|' : (char)users.data[i];
    }
}

static struct delete_result delete_secret(const char *name)
{
    struct delete_result result = {.is_done = false};
    int rc = mf_vault_delete(kit.vault, TEXT(""), TEXT(name), delete_result_done, &result);
    if (rc < 0) {
        result.error = rc;
        return result;
    }
    (void)uv_run(&kit.loop, UV_RUN_DEFAULT);
    MF_CHECK(result.is_done);
    return result;
}

static void a_secret_in_use_stays(void)
{
    struct mf_slice secrets[] = {TEXT("gh")};
    struct mf_store_uses uses = {.secrets = secrets, .secrets_count = 1};
    struct mf_buf users;
    uint64_t version;
    size_t missing;
    MF_CHECK_INT(
        mf_store_outbound_put(kit.store, TEXT(""), TEXT("hub"), TEXT("{}"), &uses, 1, &version, &missing), 0);
    struct delete_result result = delete_secret("gh");
    MF_CHECK_INT(result.error, MF_E_SECRET_IN_USE);
    MF_CHECK_TEXT(TEXT(result.users), "hub|");
    mf_secret_unref(kit_ref(&kit, "", "gh"));
    mf_buf_init(&users, 64);
    MF_CHECK_INT(mf_store_outbound_delete(kit.store, TEXT(""), TEXT("hub"), &users), 0);
    mf_buf_done(&users);
    MF_CHECK_INT(delete_secret("many").error, 0);
    MF_CHECK_INT(delete_secret("many").error, MF_E_SECRET_UNKNOWN);
    MF_CHECK_INT(delete_secret("never").error, MF_E_SECRET_UNKNOWN);
}

static void all_of_it_is_there_after_a_start(void)
{
    struct mf_secret_info before;
    struct mf_secret_info after;
    MF_CHECK_INT(mf_vault_info(kit.vault, TEXT(""), TEXT("gh"), &before), 0);
    MF_CHECK(before.used_ms > 0);
    kit_close(&kit);
    MF_CHECK_INT(kit_open(&kit), 0);
    MF_CHECK_INT(mf_vault_info(kit.vault, TEXT(""), TEXT("gh"), &after), 0);
    MF_CHECK_INT(after.version, 2);
    MF_CHECK_INT(after.created_ms, before.created_ms);
    MF_CHECK_INT(after.updated_ms, before.updated_ms);
    MF_CHECK_INT(after.used_ms, before.used_ms);
    MF_CHECK_INT(after.hosts_count, 1);
    MF_CHECK_TEXT(after.hosts[0], "api.example.com");
    struct mf_secret *secret = kit_ref(&kit, "", "gh");
    expect_bearer(secret, "Bearer two");
    mf_secret_unref(secret);
    MF_CHECK_INT(kit_put(&kit, "", "gh", BEARER("three")), 3);
}

static void tenants_do_not_see_each_other(void)
{
    struct mf_secret_info info;
    struct mf_secret *none;
    size_t cursor = 0;
    MF_CHECK_INT(kit_put(&kit, "acme", "gh", BEARER("acme")), 1);
    MF_CHECK_INT(kit_put(&kit, "acme", "aa", BEARER("acme")), 1);
    MF_CHECK_INT(mf_vault_ref(kit.vault, TEXT("other"), TEXT("gh"), &none), MF_E_SECRET_UNKNOWN);
    MF_CHECK_INT(mf_vault_ref(kit.vault, TEXT(""), TEXT("aa"), &none), MF_E_SECRET_UNKNOWN);
    MF_CHECK(mf_vault_next(kit.vault, TEXT("acme"), &cursor, &info));
    MF_CHECK_TEXT(info.name, "aa");
    MF_CHECK(mf_vault_next(kit.vault, TEXT("acme"), &cursor, &info));
    MF_CHECK_TEXT(info.name, "gh");
    MF_CHECK(!mf_vault_next(kit.vault, TEXT("acme"), &cursor, &info));
}

static void names_are_checked(void)
{
    MF_CHECK_INT(kit_put(&kit, "", "a/b", BEARER("x")), MF_E_INVALID);
    MF_CHECK_INT(kit_put(&kit, "", "", BEARER("x")), MF_E_INVALID);
}

int main(void)
{
    kit_make_dir(&kit);
    MF_CHECK_INT(kit_open(&kit), 0);
    MF_RUN(versions_follow_each_other);
    MF_RUN(puts_under_way_are_numbered);
    MF_RUN(a_secret_in_use_stays);
    MF_RUN(all_of_it_is_there_after_a_start);
    MF_RUN(tenants_do_not_see_each_other);
    MF_RUN(names_are_checked);
    kit_close(&kit);
    kit_remove(&kit);
    return 0;
}
