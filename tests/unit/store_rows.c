/* Rows in, rows out; who uses a secret; one transaction each; the queue. */
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#include "check.h"

#define TEXT(text) mf_slice_of_cstr(text)

static char dir[64];
static struct mf_store *store;

static void open_store(void)
{
    char why[MF_STORE_WHY_BYTES_MAX] = "";
    int rc = mf_store_open(dir, &store, why);
    if (rc < 0) {
        fprintf(stderr, "%s\n", why);
    }
    MF_CHECK_INT(rc, 0);
}

static void reopen(void)
{
    mf_store_close(store);
    open_store();
}

static struct mf_store_secret row_of(const char *tenant, const char *name, uint64_t version)
{
    return (struct mf_store_secret){.tenant = TEXT(tenant),
                                    .name = TEXT(name),
                                    .kind = TEXT("bearer"),
                                    .key_id = TEXT("0123456789abcdef"),
                                    .record = mf_slice_of("a\0b", 3),
                                    .version = version,
                                    .created_ms = 100,
                                    .updated_ms = 100 + version,
                                    .used_ms = 0};
}

struct seen {
    char text[512];
    size_t count;
};

static int see_secret(void *user, const struct mf_store_secret *row)
{
    struct seen *seen = user;
    size_t used = strlen(seen->text);
    MF_CHECK(mf_slice_equal(row->record, mf_slice_of("a\0b", 3)));
    MF_CHECK_TEXT(row->kind, "bearer");
    MF_CHECK_TEXT(row->key_id, "0123456789abcdef");
    (void)snprintf(seen->text + used, sizeof seen->text - used, "%.*s/%.*s:%d@%d,", (int)row->tenant.size,
                   (const char *)row->tenant.data, (int)row->name.size, (const char *)row->name.data,
                   (int)row->version, (int)row->used_ms);
    seen->count++;
    return 0;
}

static int see_outbound(void *user, const struct mf_store_outbound *row)
{
    struct seen *seen = user;
    size_t used = strlen(seen->text);
    (void)snprintf(seen->text + used, sizeof seen->text - used, "%.*s/%.*s:%d=%.*s@%d-%d,",
                   (int)row->tenant.size, (const char *)row->tenant.data, (int)row->name.size,
                   (const char *)row->name.data, (int)row->version, (int)row->policy.size,
                   (const char *)row->policy.data, (int)row->created_ms, (int)row->updated_ms);
    seen->count++;
    return 0;
}

static void expect_secrets(const char *expected)
{
    struct seen seen = {.count = 0};
    MF_CHECK_INT(mf_store_secrets_each(store, see_secret, &seen), 0);
    MF_CHECK_TEXT(TEXT(seen.text), expected);
}

static void expect_outbounds(const char *expected)
{
    struct seen seen = {.count = 0};
    MF_CHECK_INT(mf_store_outbound_list(store, see_outbound, &seen), 0);
    MF_CHECK_TEXT(TEXT(seen.text), expected);
}

static int put_secret(const char *tenant, const char *name, uint64_t version)
{
    struct mf_store_secret row = row_of(tenant, name, version);
    return mf_store_secret_put(store, &row);
}

static int delete_secret(const char *name, char *users, size_t size)
{
    struct mf_buf buf;
    mf_buf_init(&buf, 64);
    int rc = mf_store_secret_delete(store, TEXT(""), TEXT(name), &buf);
    for (size_t i = 0; i < buf.size && i < size - 1; i++) {
        users[i] = buf.data[i] == 0 ? '|' : (char)buf.data[i];
        users[i + 1] = 0;
    }
    mf_buf_done(&buf);
    return rc;
}

static int put_outbound(const char *name,
                        const char *policy,
                        const char *const *secrets,
                        size_t count,
                        uint64_t *version)
{
    struct mf_slice names[4];
    size_t missing = 99;
    for (size_t i = 0; i < count; i++) {
        names[i] = TEXT(secrets[i]);
    }
    struct mf_store_uses uses = {.secrets = names, .secrets_count = count};
    int rc = mf_store_outbound_put(store, TEXT(""), TEXT(name), TEXT(policy), &uses, 1000, version, &missing);
    return rc == MF_E_SECRET_UNKNOWN ? (int)missing : rc;
}

static int delete_outbound(const char *name)
{
    struct mf_buf users;
    mf_buf_init(&users, 64);
    int rc = mf_store_outbound_delete(store, TEXT(""), TEXT(name), &users);
    mf_buf_done(&users);
    return rc;
}

static void secrets_are_kept_in_order(void)
{
    MF_CHECK_INT(put_secret("", "b", 1), 0);
    MF_CHECK_INT(put_secret("", "a", 1), 0);
    MF_CHECK_INT(put_secret("t", "a", 7), 0);
    MF_CHECK_INT(put_secret("", "b", 2), 0);
    expect_secrets("/a:1@0,/b:2@0,t/a:7@0,");
    reopen();
    expect_secrets("/a:1@0,/b:2@0,t/a:7@0,");
}

static void a_change_of_many_is_one(void)
{
    struct mf_store_secret rows[2] = {row_of("", "a", 9), row_of("", "b", 0)};
    /* A version of 0 breaks a rule of the table: the first row must not stay behind. */
    MF_CHECK_INT(mf_store_secrets_replace(store, rows, 2), MF_E_STORE);
    expect_secrets("/a:1@0,/b:2@0,t/a:7@0,");
}

static void times_of_use_only_grow(void)
{
    struct mf_store_secret rows[3] = {row_of("", "a", 1), row_of("", "gone", 1), row_of("t", "a", 1)};
    rows[0].used_ms = 50;
    rows[1].used_ms = 51;
    rows[2].used_ms = 52;
    MF_CHECK_INT(mf_store_secrets_used(store, rows, 3), 0);
    rows[0].used_ms = 10;
    MF_CHECK_INT(mf_store_secrets_used(store, rows, 1), 0);
    expect_secrets("/a:1@50,/b:2@0,t/a:7@52,");
}

static void a_used_secret_stays(void)
{
    static const char *const both[] = {"a", "b"};
    static const char *const wrong[] = {"a", "gone"};
    char users[64] = "";
    uint64_t version = 0;

    MF_CHECK_INT(put_outbound("gh", "{\"v\":1}", both, 2, &version), 0);
    MF_CHECK_INT(version, 1);
    MF_CHECK_INT(put_outbound("s3", "{}", both, 1, &version), 0);
    MF_CHECK_INT(delete_secret("a", users, sizeof users), MF_E_SECRET_IN_USE);
    MF_CHECK_TEXT(TEXT(users), "gh|s3|");
    MF_CHECK_INT(delete_secret("gone", users, sizeof users), MF_E_SECRET_UNKNOWN);
    /* One that names what is missing says which, and changes nothing. */
    MF_CHECK_INT(put_outbound("gh", "{\"v\":2}", wrong, 2, &version), 1);
    MF_CHECK_INT(put_outbound("new", "{}", wrong + 1, 1, &version), 0);
    expect_outbounds("/gh:1={\"v\":1}@1000-1000,/s3:1={}@1000-1000,");
    MF_CHECK_INT(delete_secret("b", users, sizeof users), MF_E_SECRET_IN_USE);
    MF_CHECK_INT(put_outbound("gh", "{\"v\":3}", both, 1, &version), 0);
    MF_CHECK_INT(version, 2);
    MF_CHECK_INT(delete_secret("b", users, sizeof users), 0);
    expect_secrets("/a:1@50,t/a:7@52,");
}

static void an_outbound_goes_with_its_uses(void)
{
    char users[64] = "";
    struct seen seen = {.count = 0};

    MF_CHECK_INT(mf_store_outbound_get(store, TEXT(""), TEXT("gh"), see_outbound, &seen), 0);
    MF_CHECK_TEXT(TEXT(seen.text), "/gh:2={\"v\":3}@1000-1000,");
    MF_CHECK_INT(mf_store_outbound_get(store, TEXT("t"), TEXT("gh"), see_outbound, &seen), MF_E_NOT_FOUND);
    MF_CHECK_INT(delete_outbound("gh"), 0);
    MF_CHECK_INT(delete_outbound("gh"), MF_E_NOT_FOUND);
    MF_CHECK_INT(delete_secret("a", users, sizeof users), MF_E_SECRET_IN_USE);
    MF_CHECK_TEXT(TEXT(users), "s3|");
    MF_CHECK_INT(delete_outbound("s3"), 0);
    MF_CHECK_INT(delete_secret("a", users, sizeof users), 0);
    expect_outbounds("");
    expect_secrets("t/a:7@52,");
}

/* A full disk, as SQLite sees it. */
static void a_full_disk_changes_nothing(void)
{
    static uint8_t large[65536];
    struct mf_store_secret row = row_of("t", "a", 8);
    row.record = mf_slice_of(large, sizeof large);
    MF_CHECK(sqlite3_exec(store->db, "PRAGMA max_page_count = 12", NULL, NULL, NULL) == SQLITE_OK);
    MF_CHECK_INT(mf_store_secret_put(store, &row), MF_E_STORE_FULL);
    expect_secrets("t/a:7@52,");
    MF_CHECK(sqlite3_exec(store->db, "PRAGMA max_page_count = 1000000", NULL, NULL, NULL) == SQLITE_OK);
    MF_CHECK_INT(put_secret("t", "a", 7), 0);
}

static int stop_at_once(void *user, const struct mf_store_secret *row)
{
    (void)user;
    (void)row;
    return MF_E_CANCELED;
}

static void a_row_may_end_a_walk(void)
{
    MF_CHECK_INT(mf_store_secrets_each(store, stop_at_once, NULL), MF_E_CANCELED);
    expect_secrets("t/a:7@52,");
}

static void names_are_checked(void)
{
    char longest[MF_STORE_NAME_BYTES_MAX + 2];
    memset(longest, 'x', sizeof longest);
    MF_CHECK(mf_store_name_is_valid(mf_slice_of(longest, MF_STORE_NAME_BYTES_MAX)));
    MF_CHECK(!mf_store_name_is_valid(mf_slice_of(longest, MF_STORE_NAME_BYTES_MAX + 1)));
    static const char *const good[] = {"a", "0", "A-b_c.d", "x.."};
    static const char *const bad[] = {"", ".a", "-a", "_a", "a/b", "a b", "a\n", "a}", "\xc3\xa4", "a%41"};
    for (size_t i = 0; i < MF_COUNT_OF(good); i++) {
        MF_CHECK(mf_store_name_is_valid(TEXT(good[i])));
    }
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        MF_CHECK(!mf_store_name_is_valid(TEXT(bad[i])));
    }
    MF_CHECK(!mf_store_name_is_valid(mf_slice_of("a\0b", 3)));
}

int main(void)
{
    (void)snprintf(dir, sizeof dir, "/tmp/mayfly-store-XXXXXX");
    MF_CHECK(mkdtemp(dir) != NULL);
    open_store();
    MF_RUN(names_are_checked);
    MF_RUN(secrets_are_kept_in_order);
    MF_RUN(a_change_of_many_is_one);
    MF_RUN(times_of_use_only_grow);
    MF_RUN(a_used_secret_stays);
    MF_RUN(an_outbound_goes_with_its_uses);
    MF_RUN(a_row_may_end_a_walk);
    MF_RUN(a_full_disk_changes_nothing);
    mf_store_close(store);
    static const char *const files[] = {"mayfly.db", "mayfly.db-wal", "mayfly.db-shm", "mayfly.lock"};
    for (size_t i = 0; i < MF_COUNT_OF(files); i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        (void)unlink(path);
    }
    MF_CHECK(rmdir(dir) == 0); /* And nothing else was left there. */
    return 0;
}
