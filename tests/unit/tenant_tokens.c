/* Who calls: the text of tokens, their scopes, and which of them hold. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mayfly/tenant.h>

#include "check.h"

#define TEXT(literal) mf_slice_of_cstr(literal)

static char dir[] = "/tmp/mayfly-tenants-XXXXXX";
static char admin_path[128];
static const char admin_token[] = "0123456789abcdef0123456789abcdef";
static char why[MF_TENANTS_WHY_BYTES_MAX];

static void texts(void)
{
    char id[MF_TOKEN_ID_CHARS + 1] = "";
    char again[MF_TOKEN_ID_CHARS + 1];
    char one[MF_TOKEN_CHARS + 1];
    char other[MF_TOKEN_CHARS + 1];

    mf_token_make(id, one);
    MF_CHECK_INT(strlen(id), MF_TOKEN_ID_CHARS);
    MF_CHECK_INT(strlen(one), MF_TOKEN_CHARS);
    MF_CHECK(mf_token_is_ours(TEXT(one)) && memcmp(one + 3, id, MF_TOKEN_ID_CHARS) == 0);
    memcpy(again, id, sizeof id);
    mf_token_make(id, other);
    MF_CHECK(strcmp(again, id) == 0 && strcmp(one, other) != 0 && mf_token_is_ours(TEXT(other)));
    /* One character that is another, and it is none any more: the checksum finds every one. */
    for (size_t i = 0; i < MF_TOKEN_CHARS; i++) {
        char kept = one[i];
        one[i] = kept == 'x' ? 'y' : 'x';
        MF_CHECK(!mf_token_is_ours(TEXT(one)));
        one[i] = '-';
        MF_CHECK(!mf_token_is_ours(TEXT(one)));
        one[i] = kept;
    }
    MF_CHECK(!mf_token_is_ours(mf_slice_of(one, MF_TOKEN_CHARS - 1)));
    MF_CHECK(!mf_token_is_ours(mf_slice_of(NULL, 0)));
}

static void scopes(void)
{
    char text[MF_SCOPES_BYTES_MAX];

    MF_CHECK_INT(mf_scope_of(TEXT("run")), MF_SCOPE_RUN);
    MF_CHECK_INT(mf_scope_of(TEXT("workers")), MF_SCOPE_WORKERS | MF_SCOPE_WORKERS_READ);
    MF_CHECK_INT(mf_scope_of(TEXT("admin")), MF_SCOPE_ALL);
    MF_CHECK_INT(mf_scope_of(TEXT("")) | mf_scope_of(TEXT("runs")) | mf_scope_of(TEXT("ru")), 0);
    for (uint32_t mask = 0; mask <= MF_SCOPE_ALL; mask++) {
        mf_scopes_write(mask, text);
        MF_CHECK((mf_scopes_read(TEXT(text)) & mask) == mask);
        MF_CHECK(mf_scopes_read(TEXT(text)) == mask ||
                 (mask & (MF_SCOPE_ADMIN | MF_SCOPE_WORKERS | MF_SCOPE_WORKSPACES | MF_SCOPE_SECRETS |
                          MF_SCOPE_OUTBOUNDS)) != 0);
    }
    mf_scopes_write(MF_SCOPE_ALL, text);
    MF_CHECK_TEXT(TEXT(text), "admin");
    mf_scopes_write(MF_SCOPE_WORKERS | MF_SCOPE_WORKERS_READ | MF_SCOPE_RUN, text);
    MF_CHECK_TEXT(TEXT(text), "workers run");
    MF_CHECK_INT(mf_scopes_read(TEXT("run  later:thing usage ")), MF_SCOPE_RUN | MF_SCOPE_USAGE);
}

static void quotas(void)
{
    struct mf_quotas quotas;
    char text[MF_QUOTAS_BYTES_MAX];

    mf_quotas_read(
        TEXT("workerBytes=18446744073709551614 later=5 concurrentRuns=0 queuedRuns= =7 requestsPerMinute=x"),
        &quotas);
    MF_CHECK(quotas.values[MF_QUOTA_WORKER_BYTES] == UINT64_MAX - 1 && quotas.values[MF_QUOTA_RUNS] == 0 &&
             quotas.values[MF_QUOTA_QUEUED] == MF_QUOTA_UNSET &&
             quotas.values[MF_QUOTA_REQUESTS] == MF_QUOTA_UNSET);
    mf_quotas_write(&quotas, text);
    MF_CHECK_TEXT(TEXT(text), "concurrentRuns=0 workerBytes=18446744073709551614");
    for (unsigned i = 0; i < MF_QUOTAS_COUNT; i++) {
        quotas.values[i] = MF_QUOTA_UNSET - 1;
    }
    mf_quotas_write(&quotas, text); /* The longest there is. */
    mf_quotas_read(TEXT(""), &quotas);
    mf_quotas_write(&quotas, text);
    MF_CHECK_TEXT(TEXT(text), "");
}

/* ---- the registry ----------------------------------------------------------------------------- */

static struct mf_store *store;

static void write_admin(const char *text, mode_t mode)
{
    int fd = open(admin_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    MF_CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, mode) == 0 &&
             close(fd) == 0);
}

static struct mf_tenants *open_tenants(void)
{
    struct mf_tenants_options options = {.store = store, .admin_token_path = admin_path};
    struct mf_tenants *tenants;

    write_admin(admin_token, 0600);
    MF_CHECK_INT(mf_tenants_open(&options, &tenants, why), 0);
    return tenants;
}

struct made {
    char id[MF_TOKEN_ID_CHARS + 1];
    char text[MF_TOKEN_CHARS + 1];
    uint8_t digest[MF_TOKEN_DIGEST_BYTES];
    struct mf_store_token row;
};

static void make(struct made *made, const char *tenant, const char *words)
{
    made->id[0] = '\0';
    mf_token_make(made->id, made->text);
    mf_token_digest(TEXT(made->text), made->digest);
    made->row = (struct mf_store_token){.id = TEXT(made->id),
                                        .tenant = TEXT(tenant),
                                        .name = TEXT("n"),
                                        .scopes = TEXT(words),
                                        .digest = mf_slice_of(made->digest, sizeof made->digest),
                                        .previous = TEXT(""),
                                        .created_ms = 1,
                                        .rotated_ms = 1,
                                        .used_ms = UINT64_C(1) << 40}; /* Nothing is to be written. */
}

static int ask(struct mf_tenants *tenants, const char *text, uint64_t now_ms, struct mf_caller *ret_caller)
{
    return mf_tenants_check(tenants, TEXT(text), now_ms, ret_caller);
}

static void holds_and_ends(void)
{
    struct mf_tenants *tenants = open_tenants();
    const struct mf_store_tenant row = {.name = TEXT("acme"), .quotas = TEXT("")};
    struct mf_caller caller;
    struct made one;
    char second[MF_TOKEN_CHARS + 1];
    uint8_t digest[MF_TOKEN_DIGEST_BYTES];

    MF_CHECK_INT(ask(tenants, admin_token, 5, &caller), 0);
    MF_CHECK(caller.scopes == MF_SCOPE_ALL && caller.tenant_size == 0 && caller.token[0] == '\0');
    make(&one, "acme", "run");
    MF_CHECK_INT(mf_tenants_set_token(tenants, &one.row), MF_E_STORE); /* Of nobody. */
    MF_CHECK(!mf_tenants_exists(tenants, row.name) && mf_tenants_exists(tenants, TEXT("")));
    MF_CHECK_INT(mf_tenants_set_tenant(tenants, &row), 0);
    MF_CHECK_INT(ask(tenants, one.text, 5, &caller), MF_E_AUTH_TOKEN);
    MF_CHECK_INT(mf_tenants_set_token(tenants, &one.row), 0);
    MF_CHECK_INT(ask(tenants, one.text, 5, &caller), 0);
    MF_CHECK(caller.scopes == MF_SCOPE_RUN && strcmp(caller.tenant, "acme") == 0 && caller.tenant_size == 4 &&
             strcmp(caller.token, one.id) == 0);

    one.row.expires_ms = 100;
    MF_CHECK_INT(mf_tenants_set_token(tenants, &one.row), 0);
    MF_CHECK_INT(ask(tenants, one.text, 99, &caller), 0);
    MF_CHECK_INT(ask(tenants, one.text, 100, &caller), MF_E_AUTH_TOKEN);

    /* The same id with another secret is another key. */
    mf_token_make(one.id, second);
    MF_CHECK_INT(ask(tenants, second, 50, &caller), MF_E_AUTH_TOKEN);
    mf_token_digest(TEXT(second), digest);
    mf_tenants_rotate_token(tenants, one.row.id, digest, 60);
    MF_CHECK_INT(ask(tenants, second, 59, &caller) | ask(tenants, one.text, 59, &caller), 0);
    MF_CHECK_INT(ask(tenants, one.text, 60, &caller), MF_E_AUTH_TOKEN);
    MF_CHECK_INT(ask(tenants, second, 60, &caller), 0);
    mf_tenants_rotate_token(tenants, one.row.id, one.digest, 0);
    MF_CHECK_INT(ask(tenants, second, 50, &caller), MF_E_AUTH_TOKEN);
    MF_CHECK_INT(ask(tenants, one.text, 50, &caller), 0);

    MF_CHECK_INT(mf_tenants_scopes_of(tenants, TEXT("acme"), one.row.id), MF_SCOPE_RUN);
    MF_CHECK_INT(mf_tenants_scopes_of(tenants, TEXT("other"), one.row.id), 0);
    mf_tenants_drop_tenant(tenants, row.name);
    MF_CHECK_INT(ask(tenants, one.text, 50, &caller), MF_E_AUTH_TOKEN);
    MF_CHECK_INT(mf_tenants_scopes_of(tenants, mf_slice_of(NULL, 0), one.row.id), 0);
    mf_tenants_close(tenants);
}

static void is_bounded(void)
{
    struct mf_tenants *tenants = open_tenants();
    struct mf_caller caller;
    struct made last;
    int rc = 0;

    for (int i = 0; rc == 0 && i < MF_TENANT_TOKENS_MAX; i++) {
        make(&last, "", "run");
        rc = mf_tenants_set_token(tenants, &last.row);
    }
    MF_CHECK_INT(rc, 0);
    struct made more;
    make(&more, "", "run");
    MF_CHECK_INT(mf_tenants_set_token(tenants, &more.row), MF_E_TOO_MANY);
    MF_CHECK_INT(ask(tenants, last.text, 1, &caller), 0);
    mf_tenants_drop_token(tenants, last.row.id);
    MF_CHECK_INT(ask(tenants, last.text, 1, &caller), MF_E_AUTH_TOKEN);
    MF_CHECK_INT(mf_tenants_set_token(tenants, &more.row), 0);
    mf_tenants_close(tenants);
}

static void comes_back_from_the_store(void)
{
    struct mf_tenants_options options = {.store = store};
    struct mf_tenants *tenants = open_tenants();
    struct mf_caller caller;
    struct made one;

    make(&one, "", "usage");
    MF_CHECK_INT(mf_store_token_add(store, &one.row), 0);
    MF_CHECK_INT(mf_store_token_add(store, &one.row), MF_E_EXISTS);
    mf_tenants_close(tenants);
    tenants = open_tenants();
    MF_CHECK_INT(ask(tenants, one.text, 1, &caller), 0);
    MF_CHECK_INT(caller.scopes, MF_SCOPE_USAGE);
    mf_tenants_close(tenants);
    MF_CHECK_INT(mf_tenants_open(&options, &tenants, why), MF_E_CONFIG);
    MF_CHECK(strncmp(why, "1 access tokens were made", 25) == 0);
    MF_CHECK_INT(mf_store_token_delete(store, TEXT("other"), one.row.id), MF_E_TOKEN_UNKNOWN);
    MF_CHECK_INT(mf_store_token_delete(store, TEXT(""), one.row.id), 0);
    MF_CHECK_INT(mf_tenants_open(&options, &tenants, why), 0);
    MF_CHECK(!mf_tenants_is_on(tenants));
    mf_tenants_close(tenants);
}

static void admin_files(void)
{
    static const char *const bad[] = {"", "\n\n", "0123456789abcdef0123456789abcde",
                                      "0123456789abcdef 0123456789abcdef",
                                      "0123456789abcdef0123456789abcdef\n0123456789abcdef0123456789abcdeg\n"
                                      "0123456789abcdef0123456789abcdeh\n"};
    struct mf_tenants *tenants = open_tenants();
    struct mf_caller caller;

    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        write_admin(bad[i], 0600);
        MF_CHECK_INT(mf_tenants_reload(tenants, why), MF_E_CONFIG);
        MF_CHECK(strstr(why, "0123") == NULL);
        MF_CHECK_INT(ask(tenants, admin_token, 1, &caller), 0);
    }
    write_admin("fedcba9876543210fedcba9876543210", 0604);
    MF_CHECK_INT(mf_tenants_reload(tenants, why), MF_E_CONFIG);
    write_admin("\r\nfedcba9876543210fedcba9876543210\r\n", 0440);
    MF_CHECK_INT(mf_tenants_reload(tenants, why), 0);
    MF_CHECK_INT(ask(tenants, admin_token, 1, &caller), 0); /* Until they are taken. */
    mf_tenants_take(tenants);
    MF_CHECK_INT(ask(tenants, admin_token, 1, &caller), MF_E_AUTH_TOKEN);
    MF_CHECK_INT(ask(tenants, "fedcba9876543210fedcba9876543210", 1, &caller), 0);
    mf_tenants_close(tenants);
    MF_CHECK_INT(unlink(admin_path), 0);
}

/* A check in CPU time; the limit is 20 us, and this leaves room for a sanitizer. */
static void costs_little(void)
{
    struct mf_tenants *tenants = open_tenants();
    struct mf_caller caller;
    struct made one;
    uint64_t begin;

    make(&one, "", "run");
    MF_CHECK_INT(mf_tenants_set_token(tenants, &one.row), 0);
    begin = mf_clock_thread_cpu_ns();
    for (int i = 0; i < 20000; i++) {
        MF_CHECK_INT(ask(tenants, one.text, 1, &caller), 0);
    }
    uint64_t each_ns = (mf_clock_thread_cpu_ns() - begin) / 20000;
    printf("a token is checked in %llu ns of CPU\n", (unsigned long long)each_ns);
    MF_CHECK(each_ns < 20000);
    mf_tenants_close(tenants);
}

int main(void)
{
    char state[160];

    mf_log_init("test", MF_LOG_ERROR);
    MF_CHECK(mkdtemp(dir) != NULL);
    (void)snprintf(state, sizeof state, "%s/state", dir);
    (void)snprintf(admin_path, sizeof admin_path, "%s/admin", dir);
    MF_RUN(texts);
    MF_RUN(scopes);
    MF_RUN(quotas);
    MF_CHECK_INT(mf_store_open(state, &store, why), 0);
    MF_RUN(holds_and_ends);
    MF_RUN(is_bounded);
    MF_RUN(comes_back_from_the_store);
    MF_RUN(costs_little);
    MF_RUN(admin_files);
    mf_store_close(store);
    return 0;
}
