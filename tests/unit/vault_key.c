/* The key: where it comes from, what it must look like, how it is changed; and what happens to records that were changed. */
#include <fcntl.h>
#include <sqlite3.h>

#include "vault_kit.h"

#define BEARER(token) "{\"kind\":\"bearer\",\"token\":\"" token "\",\"hosts\":[\"api.example.com\"]}"

static struct kit kit;

static void write_file(const char *name, const char *bytes, size_t size, mode_t mode, char path[128])
{
    (void)snprintf(path, 128, "%s/%s", kit.dir, name);
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    MF_CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && fchmod(fd, mode) == 0 && close(fd) == 0);
}

/* The whole database as a checksum: what must not change. */
static uint64_t sum_of_file(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", kit.dir, name);
    FILE *file = fopen(path, "rb");
    uint64_t sum = 1469598103934665603u;
    MF_CHECK(file != NULL);
    for (int c = fgetc(file); c != EOF; c = fgetc(file)) {
        sum = (sum ^ (uint64_t)c) * 1099511628211u;
    }
    (void)fclose(file);
    return sum;
}

static void expect_refused(int error, const char *words)
{
    uint64_t before = sum_of_file("mayfly.db");
    MF_CHECK_INT(kit_open(&kit), error);
    if (strstr(kit.why, words) == NULL) {
        fprintf(stderr, "%s\n", kit.why);
    }
    MF_CHECK(strstr(kit.why, words) != NULL);
    MF_CHECK(sum_of_file("mayfly.db") == before);
}

static void expect_token(const char *name, const char *expected)
{
    struct mf_secret *secret = kit_ref(&kit, "", name);
    MF_CHECK_TEXT(mf__field(secret, FIELD_TOKEN), expected);
    mf_secret_unref(secret);
}

static void sql(const char *text)
{
    char path[128];
    sqlite3 *db = NULL;
    char *why = NULL;
    (void)snprintf(path, sizeof path, "%s/mayfly.db", kit.dir);
    MF_CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK) {
        fprintf(stderr, "%s\n", why);
        MF_CHECK(false);
    }
    MF_CHECK(sqlite3_close(db) == SQLITE_OK);
}

static void made_at_the_first_start(void)
{
    char path[128];
    struct stat about;
    MF_CHECK_INT(kit_open(&kit), 0);
    MF_CHECK_INT(kit_put(&kit, "", "a", BEARER("one")), 1);
    MF_CHECK_INT(kit_put(&kit, "", "b", BEARER("two")), 1);
    kit_close(&kit);
    (void)snprintf(path, sizeof path, "%s/vault.key", kit.dir);
    MF_CHECK(stat(path, &about) == 0 && (about.st_mode & 07777) == 0600 && about.st_size == 45);
    MF_CHECK_INT(kit_open(&kit), 0);
    expect_token("a", "one");
    kit_close(&kit);
}

static void never_made_over_stored_secrets(void)
{
    char from[128];
    char to[128];
    struct stat about;
    (void)snprintf(from, sizeof from, "%s/vault.key", kit.dir);
    (void)snprintf(to, sizeof to, "%s/moved.key", kit.dir);
    MF_CHECK(rename(from, to) == 0);
    expect_refused(MF_E_VAULT_KEY, "vault.key is missing and 2 stored secrets need it");
    MF_CHECK(stat(from, &about) < 0);
    kit.key_path = to;
    MF_CHECK_INT(kit_open(&kit), 0);
    expect_token("b", "two");
    kit_close(&kit);
    kit.key_path = NULL;
    MF_CHECK(rename(to, from) == 0);
}

static void files_are_checked(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        mode_t mode;
        const char *words;
    } cases[] = {
        {"", 0, 0600, "does not hold a key"},
        {"short", 5, 0600, "does not hold a key"},
        {"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg", 64, 0600, "does not hold a key"},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 48, 0600, "does not hold a key"},
        {"0123456789abcdef0123456789abcdef", 32, 0644, "can be read or written by others"},
        {"0123456789abcdef0123456789abcdef", 32, 0620, "can be read or written by others"},
    };
    char path[128];
    for (size_t i = 0; i < MF_COUNT_OF(cases); i++) {
        write_file("bad.key", cases[i].bytes, cases[i].size, cases[i].mode, path);
        kit.key_path = path;
        expect_refused(MF_E_VAULT_KEY, cases[i].words);
    }
    kit.key_path = "/nonexistent/key";
    expect_refused(MF_E_VAULT_KEY, "No such file");
    kit.key_path = kit.dir;
    expect_refused(MF_E_VAULT_KEY, "not a regular file");
    kit.key_path = NULL;
}

#define OTHER_HEX "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F\n"
#define OTHER_BASE64 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

/* The same key in its three forms opens the same secrets. */
static void another_key_is_refused_until_the_old_one_is_named(void)
{
    char other[128];
    char old[128];
    write_file("other.key", OTHER_HEX, sizeof OTHER_HEX - 1, 0600, other);
    (void)snprintf(old, sizeof old, "%s/vault.key", kit.dir);
    kit.key_path = other;
    expect_refused(MF_E_VAULT_KEY, "the secret a is sealed with the key ");
    kit.previous[0] = old;
    kit.previous_count = 1;
    MF_CHECK_INT(kit_open(&kit), 0);
    expect_token("a", "one");
    kit_close(&kit);
    /* All of them are under the new key now. */
    kit.previous_count = 0;
    uint8_t raw[32];
    for (uint8_t i = 0; i < sizeof raw; i++) {
        raw[i] = i;
    }
    char forms[2][128];
    write_file("base64.key", OTHER_BASE64, sizeof OTHER_BASE64 - 1, 0400, forms[0]);
    write_file("raw.key", (const char *)raw, sizeof raw, 0440, forms[1]);
    for (size_t i = 0; i < 2; i++) {
        kit.key_path = forms[i];
        MF_CHECK_INT(kit_open(&kit), 0);
        expect_token("a", "one");
        expect_token("b", "two");
        kit_close(&kit);
    }
    kit.key_path = NULL;
    expect_refused(MF_E_VAULT_KEY, "the secret a is sealed with the key ");
    kit.key_path = other;
    kit.previous[0] = (char *)"/nonexistent";
    kit.previous_count = 1;
    expect_refused(MF_E_VAULT_KEY, "/nonexistent: No such file");
    kit.previous_count = 0;
}

static void a_systemd_credential_comes_before_the_own_file(void)
{
    char path[128];
    kit.key_path = NULL;
    MF_CHECK(setenv("CREDENTIALS_DIRECTORY", kit.dir, 1) == 0);
    expect_refused(MF_E_VAULT_KEY,
                   "is sealed with the key "); /* No such credential: the own file is another key. */
    write_file("mayfly-vault-key", OTHER_HEX, sizeof OTHER_HEX - 1, 0400, path);
    MF_CHECK_INT(kit_open(&kit), 0);
    expect_token("b", "two");
    kit_close(&kit);
}

static void changed_records_are_refused(void)
{
    static const char *const changes[] = {
        "record = CAST(substr(record, 1, 20) || x'00' || substr(record, 22) AS BLOB)",
        "record = substr(record, 1, length(record) - 1)",
        "record = CAST(record || x'00' AS BLOB)",
        "record = x''",
        "record = zeroblob(70000)",
        "record = CAST(x'02' || substr(record, 2) AS BLOB)",
        "kind = 'plain'",
        "version = 2",
        "tenant = 'acme'",
        /* One secret's record in the place of another's. */
        "record = (SELECT record FROM secrets WHERE name = 'b')",
    };
    char change[256];
    sql("CREATE TABLE copy AS SELECT * FROM secrets");
    for (size_t i = 0; i < MF_COUNT_OF(changes); i++) {
        sql("BEGIN; DELETE FROM secrets; INSERT INTO secrets SELECT * FROM copy; "
            "COMMIT");
        (void)snprintf(change, sizeof change, "UPDATE secrets SET %s WHERE name = 'a'", changes[i]);
        sql(change);
        expect_refused(MF_E_VAULT_RECORD, "the stored secret a was damaged or changed");
    }
    sql("DELETE FROM secrets; INSERT INTO secrets SELECT * FROM copy; UPDATE secrets SET name = 'a b' WHERE "
        "name = 'a'");
    expect_refused(MF_E_VAULT_RECORD, "has a name that is not valid");
    sql("DELETE FROM secrets; INSERT INTO secrets SELECT * FROM copy; UPDATE secrets SET key_id = 'x' WHERE "
        "name = 'a'");
    expect_refused(MF_E_VAULT_KEY, "the secret a is sealed with the key x");
    sql("DELETE FROM secrets; INSERT INTO secrets SELECT * FROM copy; DROP TABLE copy");
    MF_CHECK_INT(kit_open(&kit), 0);
    expect_token("a", "one");
    kit_close(&kit);
}

/* Same value, same key, other bytes: nothing can be told from a record. */
static void sealing_is_never_the_same_twice(void)
{
    uint8_t key[VAULT_KEY_BYTES] = {1};
    struct vault_key sealing = {key, "0011223344556677"};
    struct vault_label label = {TEXT(""), TEXT("n"), TEXT("k"), 1};
    struct mf_buf first;
    struct mf_buf second;
    uint8_t *plain = NULL;
    size_t size = 0;
    mf_buf_init(&first, 256);
    mf_buf_init(&second, 256);
    MF_CHECK_INT(mf__seal(&sealing, &label, TEXT("value"), &first), 0);
    MF_CHECK_INT(mf__seal(&sealing, &label, TEXT("value"), &second), 0);
    MF_CHECK_INT(first.size, 5 + 29);
    MF_CHECK(memcmp(first.data + 1, second.data + 1, 12) != 0);
    MF_CHECK(memcmp(first.data + 13, second.data + 13, 5) != 0);
    MF_CHECK_INT(mf__unseal(&sealing, &label, mf_buf_peek(&first), &plain, &size), 0);
    MF_CHECK(mf_slice_equal_cstr(mf_slice_of(plain, size), "value"));
    mf_vault_memory_free(plain, size);
    /* Every single bit counts. */
    for (size_t bit = 0; bit < first.size * 8; bit++) {
        first.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        MF_CHECK_INT(mf__unseal(&sealing, &label, mf_buf_peek(&first), &plain, &size), MF_E_VAULT_RECORD);
        first.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    key[31] ^= 1;
    MF_CHECK_INT(mf__unseal(&sealing, &label, mf_buf_peek(&first), &plain, &size), MF_E_VAULT_RECORD);
    mf_buf_done(&first);
    mf_buf_done(&second);
}

/* Where one field of the label ends must matter: "ab" and "c" is not "a" and "bc". */
static void labels_do_not_run_together(void)
{
    uint8_t key[VAULT_KEY_BYTES] = {1};
    struct vault_key sealing = {key, "0011223344556677"};
    struct vault_label label = {TEXT("a"), TEXT("bc"), TEXT("k"), 1};
    struct vault_label moved = {TEXT("ab"), TEXT("c"), TEXT("k"), 1};
    struct mf_buf sealed;
    uint8_t *plain = NULL;
    size_t size = 0;
    mf_buf_init(&sealed, 256);
    MF_CHECK_INT(mf__seal(&sealing, &label, TEXT("value"), &sealed), 0);
    MF_CHECK_INT(mf__unseal(&sealing, &moved, mf_buf_peek(&sealed), &plain, &size), MF_E_VAULT_RECORD);
    mf_buf_done(&sealed);
}

int main(void)
{
    kit_make_dir(&kit);
    MF_RUN(made_at_the_first_start);
    MF_RUN(never_made_over_stored_secrets);
    MF_RUN(files_are_checked);
    MF_RUN(another_key_is_refused_until_the_old_one_is_named);
    MF_RUN(a_systemd_credential_comes_before_the_own_file);
    MF_RUN(changed_records_are_refused);
    MF_RUN(sealing_is_never_the_same_twice);
    MF_RUN(labels_do_not_run_together);
    kit_remove(&kit);
    return 0;
}
