/* tenants.c - all tenants and tokens by name and id, as the store has them. */
#include "internal.h"

#include <stdio.h>

#include <openssl/crypto.h>

struct tenant {
    char name[MF_STORE_TENANT_BYTES_MAX + 1];
    uint64_t number;
    struct mf_quotas quotas;
    struct mf_rate rates[MF_QUOTAS_COUNT]; /* Those that are rates. */
    struct mf_tenant_sums sums;
    uint64_t sums_ns;
    bool is_summing;
    struct mf_list tokens; /* struct token.of_tenant */
    size_t tokens_count;
};

struct token {
    struct mf_list of_tenant;
    struct mf_list of_used; /* In mf_tenants.used while its last use is not on the disk. */
    struct tenant *tenant;
    char id[MF_TOKEN_ID_CHARS + 1];
    uint32_t scopes;
    uint64_t expires_ms; /* MF_DEADLINE_NEVER: it does not. */
    uint64_t used_ms;
    uint8_t digest[MF_TOKEN_DIGEST_BYTES];
    uint8_t previous[MF_TOKEN_DIGEST_BYTES];
    uint64_t previous_ends_ms; /* 0: there is no other key. */
};

struct mf_tenants {
    const char *admin_path; /* NULL: no tokens are asked for. */
    struct mf__admin_tokens admin;
    struct mf__admin_tokens next; /* Read, and not in force yet. */
    struct mf_map *tenants;       /* By mf_hash of their names. */
    struct mf_map *tokens;        /* By mf__token_key. */
    uint64_t number_last;
    struct tenant own; /* The operator's own; not in |tenants|. */

    struct mf_store_queue *queue;
    struct mf_list used;
    struct mf_store_job flush;
    bool is_flushing;
    size_t flush_count;
    char flush_ids[MF_TOKEN_USED_ROWS_MAX][MF_TOKEN_ID_CHARS + 1];
    uint64_t flush_ms[MF_TOKEN_USED_ROWS_MAX];
};

static struct tenant *find_tenant(const struct mf_tenants *tenants, struct mf_slice name)
{
    struct tenant *tenant;

    if (name.size == 0) {
        return (struct tenant *)&tenants->own;
    }
    tenant = mf_map_get(tenants->tenants, mf_hash(name));
    return tenant != NULL && mf_slice_equal_cstr(name, tenant->name) ? tenant : NULL;
}

static struct token *find_token(const struct mf_tenants *tenants, struct mf_slice id)
{
    return mf_map_get(tenants->tokens, mf__token_key(id));
}

/* ---- when a token was used last --------------------------------------------------------------------- */

static void flush(struct mf_tenants *tenants);

/* [worker] */
static int flush_work(struct mf_store *store, struct mf_store_job *job)
{
    struct mf_tenants *tenants = MF_CONTAINER_OF(job, struct mf_tenants, flush);
    struct mf_store_token rows[MF_TOKEN_USED_ROWS_MAX];

    for (size_t i = 0; i < tenants->flush_count; i++) {
        rows[i] = (struct mf_store_token){.id = mf_slice_of_cstr(tenants->flush_ids[i]),
                                          .used_ms = tenants->flush_ms[i]};
    }
    return mf_store_tokens_used(store, rows, tenants->flush_count);
}

static void flush_done(struct mf_store_job *job, int error)
{
    struct mf_tenants *tenants = MF_CONTAINER_OF(job, struct mf_tenants, flush);

    tenants->is_flushing = false;
    if (error < 0) {
        mf_log(MF_LOG_WARN, error, NULL, "when tokens were used last could not be written");
    } else {
        flush(tenants); /* What was used meanwhile. */
    }
}

static void flush(struct mf_tenants *tenants)
{
    size_t count = 0;

    if (tenants->is_flushing) {
        return;
    }
    MF_LIST_FOR_EACH(item, &tenants->used)
    {
        const struct token *token = MF_CONTAINER_OF(item, struct token, of_used);
        if (count == MF_TOKEN_USED_ROWS_MAX) {
            break;
        }
        memcpy(tenants->flush_ids[count], token->id, sizeof token->id);
        tenants->flush_ms[count++] = token->used_ms;
    }
    tenants->flush_count = count;
    tenants->flush = (struct mf_store_job){.work = flush_work, .done = flush_done};
    /* A queue that is full or closed: the next use tries again. */
    if (count == 0 || mf_store_queue_submit(tenants->queue, &tenants->flush) < 0) {
        return;
    }
    tenants->is_flushing = true;
    for (size_t i = 0; i < count; i++) {
        (void)mf_list_pop_front(&tenants->used);
    }
}

static void mark_used(struct mf_tenants *tenants, struct token *token, uint64_t now_ms)
{
    if (now_ms < token->used_ms + MF_TOKEN_USED_MS) {
        return;
    }
    token->used_ms = now_ms;
    mf_list_remove(&token->of_used);
    mf_list_push_back(&tenants->used, &token->of_used);
    flush(tenants);
}

/* ---- who calls ---------------------------------------------------------------------------------------- */

static bool key_fits(const struct token *token, const uint8_t *digest, uint64_t now_ms)
{
    int is_newest = CRYPTO_memcmp(token->digest, digest, MF_TOKEN_DIGEST_BYTES) == 0;
    int is_previous = CRYPTO_memcmp(token->previous, digest, MF_TOKEN_DIGEST_BYTES) == 0;

    return (is_newest | (is_previous & (now_ms < token->previous_ends_ms))) != 0;
}

static void write_caller(struct mf_caller *caller, const struct tenant *tenant, uint32_t scopes)
{
    size_t size = strlen(tenant->name);

    memcpy(caller->tenant, tenant->name, size + 1);
    caller->tenant_size = (uint8_t)size;
    caller->token[0] = '\0';
    caller->scopes = scopes;
}

int mf_tenants_check(struct mf_tenants *tenants,
                     struct mf_slice text,
                     uint64_t now_ms,
                     struct mf_caller *ret_caller)
{
    uint8_t digest[MF_TOKEN_DIGEST_BYTES];
    struct token *token;

    if (text.size == 0 || text.size > MF_TOKEN_BYTES_MAX) {
        return MF_E_AUTH_TOKEN;
    }
    mf_token_digest(text, digest);
    if (mf__admin_has(&tenants->admin, digest)) {
        write_caller(ret_caller, &tenants->own, MF_SCOPE_ALL);
        return 0;
    }
    token = mf_token_is_ours(text) ? find_token(tenants, mf__token_id(text)) : NULL;
    if (token == NULL || !key_fits(token, digest, now_ms) || now_ms >= token->expires_ms) {
        return MF_E_AUTH_TOKEN;
    }
    mark_used(tenants, token, now_ms);
    write_caller(ret_caller, token->tenant, token->scopes);
    memcpy(ret_caller->token, token->id, sizeof token->id);
    return 0;
}

bool mf_tenants_is_on(const struct mf_tenants *tenants)
{
    return tenants != NULL && tenants->admin_path != NULL;
}

bool mf_tenants_holds(const struct mf_tenants *tenants, const struct mf_caller *caller, uint64_t now_ms)
{
    const struct token *token =
        caller->token[0] == '\0' ? NULL : find_token(tenants, mf_slice_of_cstr(caller->token));

    return caller->token[0] == '\0' || (token != NULL && now_ms < token->expires_ms);
}

bool mf_tenants_exists(const struct mf_tenants *tenants, struct mf_slice name)
{
    return find_tenant(tenants, name) != NULL;
}

uint64_t mf_tenants_number(struct mf_tenants *tenants, struct mf_slice name)
{
    const struct tenant *tenant = find_tenant(tenants, name);

    return tenant != NULL ? tenant->number : ++tenants->number_last;
}

struct mf_slice mf_tenants_name_of(const struct mf_tenants *tenants, uint64_t number)
{
    const struct tenant *tenant;
    size_t cursor = 0;

    if (number == tenants->own.number) {
        return mf_slice_of_cstr("");
    }
    while ((tenant = mf_map_next(tenants->tenants, &cursor)) != NULL) {
        if (tenant->number == number) {
            return mf_slice_of_cstr(tenant->name);
        }
    }
    return mf_slice_of(NULL, 0);
}

uint32_t mf_tenants_scopes_of(const struct mf_tenants *tenants, struct mf_slice tenant, struct mf_slice id)
{
    const struct token *token = mf_token_id_is_valid(id) ? find_token(tenants, id) : NULL;
    bool is_theirs =
        token != NULL && (tenant.data == NULL || mf_slice_equal_cstr(tenant, token->tenant->name));

    return is_theirs ? token->scopes : 0;
}

/* ---- what a tenant has used --------------------------------------------------------------------------------- */

bool mf_tenants_quotas(const struct mf_tenants *tenants, struct mf_slice name, struct mf_quotas *ret_quotas)
{
    const struct tenant *tenant = find_tenant(tenants, name);

    if (tenant == &tenants->own) {
        return false;
    }
    if (tenant == NULL) {
        mf_quotas_read(mf_slice_of(NULL, 0), ret_quotas);
    } else {
        *ret_quotas = tenant->quotas;
    }
    return true;
}

bool mf_tenants_has(const struct mf_tenants *tenants,
                    struct mf_slice name,
                    enum mf_quota quota,
                    const struct mf_rate_limit *limit,
                    uint64_t amount,
                    uint64_t now_ns,
                    struct mf_rate_state *ret_state)
{
    const struct tenant *tenant = find_tenant(tenants, name);

    return tenant == NULL || mf__rate_has(&tenant->rates[quota], limit, amount, now_ns, ret_state);
}

void mf_tenants_spend(struct mf_tenants *tenants,
                      struct mf_slice name,
                      enum mf_quota quota,
                      const struct mf_rate_limit *limit,
                      uint64_t amount,
                      uint64_t now_ns)
{
    struct tenant *tenant = find_tenant(tenants, name);

    if (tenant != NULL) {
        mf__rate_spend(&tenant->rates[quota], limit, amount, now_ns);
    }
}

void mf_tenants_sums(const struct mf_tenants *tenants, struct mf_slice name, struct mf_tenant_sums *ret_sums)
{
    const struct tenant *tenant = find_tenant(tenants, name);

    *ret_sums = tenant == NULL ? (struct mf_tenant_sums){0} : tenant->sums;
}

bool mf_tenants_wants_sums(struct mf_tenants *tenants, struct mf_slice name, uint64_t now_ns)
{
    struct tenant *tenant = find_tenant(tenants, name);

    if (tenant == NULL || tenant->is_summing || now_ns - tenant->sums_ns < MF_TENANT_SUMS_MS * MF_NS_PER_MS) {
        return false;
    }
    tenant->is_summing = true;
    tenant->sums_ns = now_ns;
    return true;
}

void mf_tenants_set_sums(struct mf_tenants *tenants, struct mf_slice name, const struct mf_tenant_sums *sums)
{
    struct tenant *tenant = find_tenant(tenants, name);

    if (tenant != NULL) {
        tenant->is_summing = false;
        tenant->sums = sums == NULL ? tenant->sums : *sums;
    }
}

/* ---- changes ---------------------------------------------------------------------------------------------- */

int mf_tenants_set_tenant(struct mf_tenants *tenants, const struct mf_store_tenant *row)
{
    struct tenant *tenant = find_tenant(tenants, row->name);
    int rc;

    if (tenant != NULL) {
        mf_quotas_read(row->quotas, &tenant->quotas);
        memset(tenant->rates, 0, sizeof tenant->rates); /* They were shares of other quotas. */
        return 0;
    }
    MF_ASSERT(mf_store_name_is_valid(row->name));
    tenant = mf_new(sizeof *tenant);
    memcpy(tenant->name, row->name.data, row->name.size);
    tenant->number = ++tenants->number_last;
    mf_quotas_read(row->quotas, &tenant->quotas);
    mf_list_init(&tenant->tokens);
    rc = mf_map_put(tenants->tenants, mf_hash(row->name), tenant);
    if (rc < 0) {
        mf_free(tenant);
    }
    return rc;
}

static void fill_token(struct token *token, const struct mf_store_token *row)
{
    token->scopes = mf_scopes_read(row->scopes);
    token->expires_ms = row->expires_ms == 0 ? MF_DEADLINE_NEVER : row->expires_ms;
    token->used_ms = row->used_ms > token->used_ms ? row->used_ms : token->used_ms;
    memcpy(token->digest, row->digest.data, MF_TOKEN_DIGEST_BYTES);
    token->previous_ends_ms = 0;
    if (row->previous.size == MF_TOKEN_DIGEST_BYTES) {
        memcpy(token->previous, row->previous.data, MF_TOKEN_DIGEST_BYTES);
        token->previous_ends_ms = row->previous_ends_ms;
    }
}

int mf_tenants_set_token(struct mf_tenants *tenants, const struct mf_store_token *row)
{
    struct tenant *tenant = find_tenant(tenants, row->tenant);
    struct token *token;
    int rc;

    if (tenant == NULL || !mf_token_id_is_valid(row->id) || row->digest.size != MF_TOKEN_DIGEST_BYTES) {
        return MF_E_STORE; /* Its row is damaged: it opens nothing. */
    }
    token = find_token(tenants, row->id);
    if (token == NULL && tenant->tokens_count == MF_TENANT_TOKENS_MAX) {
        return MF_E_TOO_MANY;
    }
    if (token == NULL) {
        token = mf_new(sizeof *token);
        rc = mf_map_put(tenants->tokens, mf__token_key(row->id), token);
        if (rc < 0) {
            mf_free(token);
            return rc;
        }
        memcpy(token->id, row->id.data, MF_TOKEN_ID_CHARS);
        token->tenant = tenant;
        tenant->tokens_count++;
        mf_list_push_back(&tenant->tokens, &token->of_tenant);
        mf_list_init(&token->of_used);
    }
    fill_token(token, row);
    return 0;
}

void mf_tenants_rotate_token(struct mf_tenants *tenants,
                             struct mf_slice id,
                             const uint8_t digest[MF_TOKEN_DIGEST_BYTES],
                             uint64_t previous_ends_ms)
{
    struct token *token = mf_token_id_is_valid(id) ? find_token(tenants, id) : NULL;

    if (token != NULL) {
        memcpy(token->previous, token->digest, MF_TOKEN_DIGEST_BYTES);
        token->previous_ends_ms = previous_ends_ms;
        memcpy(token->digest, digest, MF_TOKEN_DIGEST_BYTES);
    }
}

static void free_token(struct mf_tenants *tenants, MF_OWN struct token *token)
{
    (void)mf_map_take(tenants->tokens, mf__token_key(mf_slice_of_cstr(token->id)));
    mf_list_remove(&token->of_tenant);
    mf_list_remove(&token->of_used);
    token->tenant->tokens_count--;
    mf_free(token);
}

static void free_tokens(struct mf_tenants *tenants, struct tenant *tenant)
{
    MF_LIST_FOR_EACH(item, &tenant->tokens)
    {
        free_token(tenants, MF_CONTAINER_OF(item, struct token, of_tenant));
    }
}

void mf_tenants_drop_token(struct mf_tenants *tenants, struct mf_slice id)
{
    struct token *token = mf_token_id_is_valid(id) ? find_token(tenants, id) : NULL;

    if (token != NULL) {
        free_token(tenants, token);
    }
}

void mf_tenants_drop_tenant(struct mf_tenants *tenants, struct mf_slice name)
{
    struct tenant *tenant = find_tenant(tenants, name);

    if (tenant == NULL || tenant == &tenants->own) {
        return;
    }
    (void)mf_map_take(tenants->tenants, mf_hash(name));
    free_tokens(tenants, tenant);
    mf_free(tenant);
}

/* ---- the beginning and the end -------------------------------------------------------------------------- */

static int load_tenant(void *user, const struct mf_store_tenant *row)
{
    return mf_tenants_set_tenant(user, row);
}

static int load_token(void *user, const struct mf_store_token *row)
{
    return mf_tenants_set_token(user, row);
}

static int load(struct mf_tenants *tenants, struct mf_store *store, char *ret_why)
{
    const struct mf_store_page all = {.count = SIZE_MAX};
    int rc = mf_store_tenants_each(store, &all, load_tenant, tenants);

    rc = rc < 0 ? rc : mf_store_tokens_each(store, &all, load_token, tenants);
    if (rc < 0) {
        (void)snprintf(ret_why, MF_TENANTS_WHY_BYTES_MAX, "the stored tenants and tokens cannot be read");
    }
    return rc;
}

/* Whoever made tokens wanted callers to be kept apart: a daemon that forgot the one line of its config must not let all in. */
static int check_off(const struct mf_tenants *tenants, char *ret_why)
{
    size_t count = mf_map_count(tenants->tokens);

    if (count == 0) {
        return 0;
    }
    (void)snprintf(
        ret_why, MF_TENANTS_WHY_BYTES_MAX,
        "%zu access tokens were made with this state directory, but the config names no admin token, and "
        "without one nobody is asked for any: set auth.adminTokenFile, or revoke them first",
        count);
    return MF_E_CONFIG;
}

int mf_tenants_open(const struct mf_tenants_options *options,
                    MF_OWN struct mf_tenants **ret_tenants,
                    char *ret_why)
{
    struct mf_tenants *tenants = mf_new(sizeof *tenants);
    int rc;

    tenants->admin_path = options->admin_token_path;
    tenants->queue = options->queue;
    tenants->tenants = mf_map_new(MF_TENANTS_MAX);
    tenants->tokens = mf_map_new(MF_TOKENS_MAX);
    tenants->own.number = ++tenants->number_last;
    mf_list_init(&tenants->own.tokens);
    mf_list_init(&tenants->used);
    rc = load(tenants, options->store, ret_why);
    if (rc == 0) {
        rc = mf_tenants_is_on(tenants) ? mf_tenants_reload(tenants, ret_why) : check_off(tenants, ret_why);
    }
    if (rc < 0) {
        mf_tenants_close(tenants);
        return rc;
    }
    mf_tenants_take(tenants);
    *ret_tenants = tenants;
    return 0;
}

int mf_tenants_reload(struct mf_tenants *tenants, char *ret_why)
{
    return mf_tenants_is_on(tenants) ? mf__admin_read(tenants->admin_path, &tenants->next, ret_why) : 0;
}

void mf_tenants_take(struct mf_tenants *tenants)
{
    tenants->admin = tenants->next;
}

void mf_tenants_close(MF_OWN struct mf_tenants *tenants)
{
    struct tenant *tenant;
    size_t cursor = 0;

    if (tenants == NULL) {
        return;
    }
    MF_ASSERT(!tenants->is_flushing); /* The queue was closed before. */
    free_tokens(tenants, &tenants->own);
    while ((tenant = mf_map_next(tenants->tenants, &cursor)) != NULL) {
        free_tokens(tenants, tenant);
        mf_free(tenant);
    }
    mf_map_free(tenants->tenants);
    mf_map_free(tenants->tokens);
    mf_free(tenants);
}
