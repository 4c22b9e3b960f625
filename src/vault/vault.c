/* vault.c - the secrets by name: which version is the newest, and how it comes to be on the disk first.
 *
 * An entry is there while it has a value or a job under way. Jobs run in the order of their calls (store.h), so that what
 * memory says follows what the disk says, in the same order. */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

struct entry {
    char tenant[MF_STORE_TENANT_BYTES_MAX + 1];
    char name[MF_STORE_NAME_BYTES_MAX + 1];
    struct mf_secret *current; /* NULL: its first value is under way, or it is being deleted. */
    uint64_t created_ms;
    uint64_t version_last; /* The last one that was given out. */
    uint64_t used_ms;      /* Of the versions before the current one. */
    uint64_t stored_ms;    /* The time of use that the store knows. */
    unsigned pending;      /* Jobs under way. */
};

struct mf_vault {
    struct mf_store *store;
    struct mf_store_queue *queue;
    struct vault_key key;
    struct entry **entries; /* Sorted by tenant and name. */
    size_t count;
    size_t capacity;
    uint64_t flushed_ms; /* When the times of use were last written. */
    bool is_flushing;
};

/* ---- entries ------------------------------------------------------------------------------------------- */

static int compare(struct mf_slice tenant, struct mf_slice name, const struct entry *entry)
{
    const struct mf_slice left[2] = {tenant, name};
    const struct mf_slice right[2] = {mf_slice_of_cstr(entry->tenant), mf_slice_of_cstr(entry->name)};

    for (size_t i = 0; i < 2; i++) {
        size_t common = left[i].size < right[i].size ? left[i].size : right[i].size;
        int order = common == 0 ? 0 : memcmp(left[i].data, right[i].data, common);
        if (order != 0) {
            return order;
        }
        if (left[i].size != right[i].size) {
            return left[i].size < right[i].size ? -1 : 1;
        }
    }
    return 0;
}

/* Where it stands, or would. */
static bool find(const struct mf_vault *vault, struct mf_slice tenant, struct mf_slice name, size_t *ret_at)
{
    size_t low = 0;
    size_t high = vault->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(tenant, name, vault->entries[middle]);
        if (order == 0) {
            *ret_at = middle;
            return true;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    *ret_at = low;
    return false;
}

static struct entry *get(const struct mf_vault *vault, struct mf_slice tenant, struct mf_slice name)
{
    size_t at;

    return find(vault, tenant, name, &at) ? vault->entries[at] : NULL;
}

static bool has_all_its_places(const struct mf_vault *vault, struct mf_slice tenant)
{
    size_t first;

    if (tenant.size == 0) {
        return false;
    }
    (void)find(vault, tenant, mf_slice_of(NULL, 0), &first); /* No name is empty. */
    first += MF_TENANT_SECRETS_MAX - 1;
    return first < vault->count && mf_slice_equal_cstr(tenant, vault->entries[first]->tenant);
}

/* The entry, made when it is missing. NULL: MF_SECRETS_COUNT_MAX are there, or MF_TENANT_SECRETS_MAX of the tenant. */
static struct entry *get_or_add(struct mf_vault *vault, struct mf_slice tenant, struct mf_slice name)
{
    struct entry *entry;
    size_t at;

    if (find(vault, tenant, name, &at)) {
        return vault->entries[at];
    }
    if (vault->count == MF_SECRETS_COUNT_MAX || has_all_its_places(vault, tenant)) {
        return NULL;
    }
    if (vault->count == vault->capacity) {
        size_t capacity = vault->capacity == 0 ? 16 : vault->capacity * 2;
        struct entry **entries = mf_new(capacity * sizeof *entries);
        if (vault->count > 0) {
            memcpy(entries, vault->entries, vault->count * sizeof *entries);
        }
        mf_free(vault->entries);
        vault->entries = entries;
        vault->capacity = capacity;
    }
    entry = mf_new(sizeof *entry);
    (void)snprintf(entry->tenant, sizeof entry->tenant, "%.*s", (int)tenant.size, (const char *)tenant.data);
    (void)snprintf(entry->name, sizeof entry->name, "%.*s", (int)name.size, (const char *)name.data);
    memmove(vault->entries + at + 1, vault->entries + at, (vault->count - at) * sizeof *vault->entries);
    vault->entries[at] = entry;
    vault->count++;
    return entry;
}

static void drop_if_unused(struct mf_vault *vault, struct entry *entry)
{
    size_t at;

    if (entry->current != NULL || entry->pending > 0) {
        return;
    }
    bool is_found = find(vault, mf_slice_of_cstr(entry->tenant), mf_slice_of_cstr(entry->name), &at);
    MF_ASSERT(is_found && vault->entries[at] == entry);
    vault->count--;
    memmove(vault->entries + at, vault->entries + at + 1, (vault->count - at) * sizeof *vault->entries);
    mf_free(entry);
}

static uint64_t used_ms_of(const struct entry *entry)
{
    uint64_t current = entry->current == NULL ? 0 : entry->current->used_ms;

    return current > entry->used_ms ? current : entry->used_ms;
}

static void set_current(struct entry *entry, MF_OWN struct mf_secret *secret)
{
    entry->used_ms = used_ms_of(entry);
    mf_secret_unref(entry->current);
    entry->current = secret;
}

static void fill_info(const struct entry *entry, struct mf_secret_info *ret_info)
{
    const struct mf_secret *secret = entry->current;

    *ret_info = (struct mf_secret_info){.name = mf_slice_of_cstr(entry->name),
                                        .kind = secret->kind,
                                        .hosts_count = secret->hosts_count,
                                        .is_http_allowed = secret->is_http_allowed,
                                        .version = secret->version,
                                        .created_ms = entry->created_ms,
                                        .updated_ms = secret->updated_ms,
                                        .used_ms = used_ms_of(entry)};
    memcpy(ret_info->hosts, secret->hosts, secret->hosts_count * sizeof *secret->hosts);
}

int mf_vault_info(const struct mf_vault *vault,
                  struct mf_slice tenant,
                  struct mf_slice name,
                  struct mf_secret_info *ret_info)
{
    const struct entry *entry = get(vault, tenant, name);

    if (entry == NULL || entry->current == NULL) {
        return MF_E_SECRET_UNKNOWN;
    }
    fill_info(entry, ret_info);
    return 0;
}

bool mf_vault_next(const struct mf_vault *vault,
                   struct mf_slice tenant,
                   size_t *cursor,
                   struct mf_secret_info *ret_info)
{
    while (*cursor < vault->count) {
        const struct entry *entry = vault->entries[(*cursor)++];
        if (entry->current != NULL && mf_slice_equal_cstr(tenant, entry->tenant)) {
            fill_info(entry, ret_info);
            return true;
        }
    }
    return false;
}

/* ---- put, delete ------------------------------------------------------------------------------------------ */

struct put_job {
    struct mf_store_job job;
    struct mf_vault *vault;
    struct entry *entry; /* Stays while it is pending. */
    struct mf_secret *secret;
    struct mf_store_secret row; /* Points into entry, vault and sealed, none of which changes meanwhile. */
    struct mf_buf sealed;
    void (*on_done)(void *user, int error, const struct mf_secret_info *info);
    void *user;
};

static int put_work(struct mf_store *store, struct mf_store_job *job)
{
    struct put_job *put = MF_CONTAINER_OF(job, struct put_job, job);

    return mf_store_secret_put(store, &put->row);
}

static void put_done(struct mf_store_job *job, int error)
{
    struct put_job *put = MF_CONTAINER_OF(job, struct put_job, job);
    struct entry *entry = put->entry;
    struct mf_secret_info info;

    entry->pending--;
    if (error == 0) {
        entry->created_ms = put->row.created_ms;
        set_current(entry, put->secret);
        fill_info(entry, &info);
    } else {
        mf_secret_unref(put->secret);
    }
    put->on_done(put->user, error, error == 0 ? &info : NULL);
    drop_if_unused(put->vault, entry);
    mf_buf_done(&put->sealed);
    mf_free(put);
}

static int seal_row(struct put_job *put)
{
    const struct entry *entry = put->entry;
    const struct mf_secret *secret = put->secret;
    struct vault_label label = {mf_slice_of_cstr(entry->tenant), mf_slice_of_cstr(entry->name),
                                mf_slice_of_cstr(mf_secret_kind_name(secret->kind)), secret->version};
    int rc =
        mf__seal(&put->vault->key, &label, mf_slice_of(secret->record, secret->record_size), &put->sealed);

    put->row = (struct mf_store_secret){.tenant = label.tenant,
                                        .name = label.name,
                                        .kind = label.kind,
                                        .key_id = mf_slice_of_cstr(put->vault->key.id),
                                        .record = mf_buf_peek(&put->sealed),
                                        .version = secret->version,
                                        .created_ms =
                                            entry->current == NULL ? secret->updated_ms : entry->created_ms,
                                        .updated_ms = secret->updated_ms,
                                        .used_ms = used_ms_of(entry)};
    return rc;
}

int mf_vault_put(struct mf_vault *vault,
                 struct mf_slice tenant,
                 struct mf_slice name,
                 MF_OWN struct mf_secret *secret,
                 void (*on_done)(void *user, int error, const struct mf_secret_info *info),
                 void *user)
{
    struct put_job *put;
    struct entry *entry = NULL;
    int rc = MF_E_INVALID;

    if (mf_store_name_is_valid(name) && tenant.size <= MF_STORE_TENANT_BYTES_MAX) {
        entry = get_or_add(vault, tenant, name);
        rc = entry == NULL ? MF_E_TOO_MANY : 0;
    }
    if (rc < 0) {
        mf_secret_unref(secret);
        return rc;
    }
    put = mf_new(sizeof *put);
    *put = (struct put_job){.job = {.work = put_work, .done = put_done},
                            .vault = vault,
                            .entry = entry,
                            .secret = secret,
                            .on_done = on_done,
                            .user = user};
    mf_buf_init(&put->sealed, MF_SECRET_RECORD_BYTES_MAX + 64);
    secret->version = entry->version_last + 1;
    secret->updated_ms = mf_clock_unix_ms();
    rc = seal_row(put);
    if (rc == 0) {
        rc = mf_store_queue_submit(vault->queue, &put->job);
    }
    if (rc < 0) {
        mf_secret_unref(secret);
        mf_buf_done(&put->sealed);
        mf_free(put);
        drop_if_unused(vault, entry);
        return rc;
    }
    entry->version_last++;
    entry->pending++;
    return 0;
}

struct delete_job {
    struct mf_store_job job;
    struct mf_vault *vault;
    struct entry *entry;
    struct mf_buf users;
    void (*on_done)(void *user, int error, struct mf_slice users);
    void *user;
};

static int delete_work(struct mf_store *store, struct mf_store_job *job)
{
    struct delete_job *del = MF_CONTAINER_OF(job, struct delete_job, job);

    return mf_store_secret_delete(store, mf_slice_of_cstr(del->entry->tenant),
                                  mf_slice_of_cstr(del->entry->name), &del->users);
}

static void delete_done(struct mf_store_job *job, int error)
{
    struct delete_job *del = MF_CONTAINER_OF(job, struct delete_job, job);
    struct entry *entry = del->entry;

    entry->pending--;
    if (error == 0) {
        set_current(entry, NULL);
        entry->used_ms = 0;
        entry->stored_ms = 0;
    }
    del->on_done(del->user, error, mf_buf_peek(&del->users));
    drop_if_unused(del->vault, entry);
    mf_buf_done(&del->users);
    mf_free(del);
}

int mf_vault_delete(struct mf_vault *vault,
                    struct mf_slice tenant,
                    struct mf_slice name,
                    void (*on_done)(void *user, int error, struct mf_slice users),
                    void *user)
{
    struct entry *entry = get(vault, tenant, name);
    struct delete_job *del;
    int rc;

    if (entry == NULL) {
        return MF_E_SECRET_UNKNOWN;
    }
    del = mf_new(sizeof *del);
    *del = (struct delete_job){.job = {.work = delete_work, .done = delete_done},
                               .vault = vault,
                               .entry = entry,
                               .on_done = on_done,
                               .user = user};
    mf_buf_init(&del->users, MF_SECRET_USERS_BYTES_MAX);
    rc = mf_store_queue_submit(vault->queue, &del->job);
    if (rc < 0) {
        mf_free(del);
        return rc;
    }
    entry->pending++;
    return 0;
}

/* ---- times of use ---------------------------------------------------------------------------------------- */

/* Rows with names of their own: entries may go meanwhile. */
struct flush_job {
    struct mf_store_job job;
    struct mf_vault *vault;
    struct mf_store_secret *rows;
    struct entry *names; /* Copies; only their texts are used. */
    size_t count;
};

static struct flush_job *make_flush(struct mf_vault *vault)
{
    struct flush_job *flush;
    size_t count = 0;

    for (size_t i = 0; i < vault->count; i++) {
        count += used_ms_of(vault->entries[i]) > vault->entries[i]->stored_ms ? 1 : 0;
    }
    if (count == 0) {
        return NULL;
    }
    flush = mf_new(sizeof *flush);
    flush->vault = vault;
    flush->rows = mf_new(count * sizeof *flush->rows);
    flush->names = mf_new(count * sizeof *flush->names);
    for (size_t i = 0; i < vault->count; i++) {
        struct entry *entry = vault->entries[i];
        uint64_t used_ms = used_ms_of(entry);
        if (used_ms > entry->stored_ms) {
            struct entry *copy = &flush->names[flush->count];
            memcpy(copy->tenant, entry->tenant, sizeof copy->tenant);
            memcpy(copy->name, entry->name, sizeof copy->name);
            flush->rows[flush->count++] = (struct mf_store_secret){.tenant = mf_slice_of_cstr(copy->tenant),
                                                                   .name = mf_slice_of_cstr(copy->name),
                                                                   .used_ms = used_ms};
            entry->stored_ms = used_ms;
        }
    }
    return flush;
}

static int flush_work(struct mf_store *store, struct mf_store_job *job)
{
    struct flush_job *flush = MF_CONTAINER_OF(job, struct flush_job, job);

    return mf_store_secrets_used(store, flush->rows, flush->count);
}

static void free_flush(struct flush_job *flush)
{
    mf_free(flush->rows);
    mf_free(flush->names);
    mf_free(flush);
}

static void flush_done(struct mf_store_job *job, int error)
{
    struct flush_job *flush = MF_CONTAINER_OF(job, struct flush_job, job);

    if (error < 0) {
        mf_log(MF_LOG_WARN, error, NULL, "times of last use of %zu secrets were not stored", flush->count);
    }
    flush->vault->is_flushing = false;
    free_flush(flush);
}

/* At most one transaction in MF_VAULT_USED_MS, however busy the secrets are. */
static void flush_if_due(struct mf_vault *vault)
{
    uint64_t now_ms = mf_clock_unix_ms();
    struct flush_job *flush;

    if (vault->is_flushing ||
        (now_ms >= vault->flushed_ms && now_ms - vault->flushed_ms < MF_VAULT_USED_MS)) {
        return;
    }
    vault->flushed_ms = now_ms;
    flush = make_flush(vault);
    if (flush == NULL) {
        return;
    }
    flush->job.work = flush_work;
    flush->job.done = flush_done;
    if (mf_store_queue_submit(vault->queue, &flush->job) < 0) {
        free_flush(
            flush); /* The queue is full or closed: these times are lost, the next use has a newer one. */
        return;
    }
    vault->is_flushing = true;
}

int mf_vault_ref(struct mf_vault *vault,
                 struct mf_slice tenant,
                 struct mf_slice name,
                 MF_OWN struct mf_secret **ret_secret)
{
    struct entry *entry = get(vault, tenant, name);

    if (entry == NULL || entry->current == NULL) {
        return MF_E_SECRET_UNKNOWN;
    }
    flush_if_due(vault);
    *ret_secret = mf_secret_ref(entry->current);
    return 0;
}

/* ---- open, close -------------------------------------------------------------------------------------------- */

struct opening {
    struct mf_vault *vault;
    struct vault_key previous[VAULT_KEYS_MAX];
    size_t previous_count;
    size_t stale; /* Records that are not under the current key. */
    size_t rows;
    char *why;
};

static int count_row(void *user, const struct mf_store_secret *row)
{
    size_t *count = user;

    (void)row;
    ++*count;
    return 0;
}

/* <state_dir>/vault.key; a new one only for a store that has nothing sealed. */
static int open_own_key(const struct mf_vault_options *options, struct opening *opening)
{
    char path[MF_STORE_PATH_BYTES_MAX + 64];
    size_t count = 0;
    int rc;

    (void)snprintf(path, sizeof path, "%s/vault.key", options->state_dir);
    rc = mf__key_read(path, &opening->vault->key, opening->why);
    if (rc != MF_E_NOT_FOUND) {
        return rc;
    }
    rc = mf_store_secrets_each(options->store, count_row, &count);
    if (rc < 0) {
        return mf__vault_refuse(opening->why, rc, "the stored secrets cannot be read");
    }
    if (count > 0) {
        return mf__vault_refuse(
            opening->why, MF_E_VAULT_KEY,
            "%s is missing and %zu stored secrets need it: put it back, or name the key with vault.keyFile; "
            "nothing was changed",
            path, count);
    }
    rc = mf__key_make(path, &opening->vault->key, opening->why);
    if (rc == 0) {
        mf_log(MF_LOG_INFO, 0, NULL, "made the vault's key, %s: keep a copy of it in a safe place", path);
    }
    return rc;
}

static int open_key(const struct mf_vault_options *options, struct opening *opening)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    char path[MF_STORE_PATH_BYTES_MAX + 64];
    int rc;

    if (options->key_path != NULL) {
        rc = mf__key_read(options->key_path, &opening->vault->key, opening->why);
        return rc == MF_E_NOT_FOUND ? MF_E_VAULT_KEY : rc;
    }
    if (credentials != NULL && strlen(credentials) <= MF_STORE_PATH_BYTES_MAX) {
        (void)snprintf(path, sizeof path, "%s/mayfly-vault-key", credentials);
        rc = mf__key_read(path, &opening->vault->key, opening->why);
        if (rc != MF_E_NOT_FOUND) {
            return rc;
        }
    }
    return open_own_key(options, opening);
}

static int open_previous_keys(const struct mf_vault_options *options, struct opening *opening)
{
    for (size_t i = 0; i < options->previous_keys_count; i++) {
        if (i == VAULT_KEYS_MAX) {
            return mf__vault_refuse(opening->why, MF_E_VAULT_KEY, "there are more than %d previous keys",
                                    VAULT_KEYS_MAX);
        }
        int rc = mf__key_read(options->previous_key_paths[i], &opening->previous[i], opening->why);
        if (rc < 0) {
            return rc == MF_E_NOT_FOUND ? MF_E_VAULT_KEY : rc;
        }
        opening->previous_count++;
    }
    return 0;
}

static const struct vault_key *key_named(const struct opening *opening, struct mf_slice id)
{
    if (mf_slice_equal_cstr(id, opening->vault->key.id)) {
        return &opening->vault->key;
    }
    for (size_t i = 0; i < opening->previous_count; i++) {
        if (mf_slice_equal_cstr(id, opening->previous[i].id)) {
            return &opening->previous[i];
        }
    }
    return NULL;
}

static int
unseal_row(const struct vault_key *key, const struct mf_store_secret *row, struct mf_secret **ret_secret)
{
    struct vault_label label = {row->tenant, row->name, row->kind, row->version};
    uint8_t *plain = NULL;
    size_t size = 0;
    int rc = mf__unseal(key, &label, row->record, &plain, &size);

    if (rc < 0) {
        return rc;
    }
    rc = mf__record_decode(mf_slice_of(plain, size), ret_secret);
    mf_vault_memory_free(plain, size);
    if (rc == 0 && !mf_slice_equal_cstr(row->kind, mf_secret_kind_name((*ret_secret)->kind))) {
        mf_secret_unref(*ret_secret);
        rc = MF_E_VAULT_RECORD;
    }
    return rc;
}

static int load_row(void *user, const struct mf_store_secret *row)
{
    struct opening *opening = user;
    const struct vault_key *key = key_named(opening, row->key_id);
    struct mf_secret *secret;
    struct entry *entry;
    int rc;

    /* Names go into sentences: they are checked before that. */
    if (!mf_store_name_is_valid(row->name) || row->tenant.size > MF_STORE_TENANT_BYTES_MAX ||
        row->key_id.size > VAULT_KEY_ID_CHARS) {
        return mf__vault_refuse(opening->why, MF_E_VAULT_RECORD,
                                "a stored secret has a name that is not valid; nothing was changed");
    }
    if (key == NULL) {
        return mf__vault_refuse(
            opening->why, MF_E_VAULT_KEY,
            "the secret %.*s is sealed with the key %.*s, and the vault's key is %s: name the old key with "
            "vault.previousKeyFiles; nothing was changed",
            (int)row->name.size, (const char *)row->name.data, (int)row->key_id.size,
            (const char *)row->key_id.data, opening->vault->key.id);
    }
    rc = unseal_row(key, row, &secret);
    if (rc < 0) {
        return mf__vault_refuse(opening->why, rc,
                                "the stored secret %.*s was damaged or changed; nothing was overwritten",
                                (int)row->name.size, (const char *)row->name.data);
    }
    entry = get_or_add(opening->vault, row->tenant, row->name);
    if (entry == NULL) {
        mf_secret_unref(secret);
        return mf__vault_refuse(opening->why, MF_E_TOO_MANY, "more than %d secrets are stored",
                                MF_SECRETS_COUNT_MAX);
    }
    secret->version = row->version;
    secret->updated_ms = row->updated_ms;
    entry->current = secret;
    entry->created_ms = row->created_ms;
    entry->version_last = row->version;
    entry->used_ms = row->used_ms;
    entry->stored_ms = row->used_ms;
    opening->stale += key == &opening->vault->key ? 0 : 1;
    return 0;
}

/* Every record under the current key, in one transaction. */
static int reseal_all(struct opening *opening)
{
    struct mf_vault *vault = opening->vault;
    struct put_job *puts = mf_new(vault->count * sizeof *puts);
    struct mf_store_secret *rows = mf_new(vault->count * sizeof *rows);
    int rc = 0;

    for (size_t i = 0; i < vault->count; i++) {
        puts[i] = (struct put_job){
            .vault = vault, .entry = vault->entries[i], .secret = vault->entries[i]->current};
        mf_buf_init(&puts[i].sealed, MF_SECRET_RECORD_BYTES_MAX + 64);
        rc = rc < 0 ? rc : seal_row(&puts[i]);
        rows[i] = puts[i].row;
    }
    if (rc == 0) {
        rc = mf_store_secrets_replace(vault->store, rows, vault->count);
    }
    for (size_t i = 0; i < vault->count; i++) {
        mf_buf_done(&puts[i].sealed);
    }
    mf_free(puts);
    mf_free(rows);
    if (rc < 0) {
        return mf__vault_refuse(opening->why, rc,
                                "the secrets could not be sealed with the new key; nothing was changed");
    }
    mf_log(MF_LOG_INFO, 0, NULL,
           "sealed %zu secrets with the key %s; the previous keys are not needed any more", opening->stale,
           vault->key.id);
    return 0;
}

static void free_vault(struct mf_vault *vault)
{
    for (size_t i = 0; i < vault->count; i++) {
        MF_ASSERT(vault->entries[i]->pending == 0); /* The queue is closed. */
        mf_secret_unref(vault->entries[i]->current);
        mf_free(vault->entries[i]);
    }
    mf_free(vault->entries);
    mf__key_done(&vault->key);
    mf_free(vault);
}

int mf_vault_open(const struct mf_vault_options *options, MF_OWN struct mf_vault **ret_vault, char *ret_why)
{
    struct opening opening = {.vault = mf_new(sizeof(struct mf_vault)), .why = ret_why};
    int rc;

    opening.vault->store = options->store;
    opening.vault->queue = options->queue;
    opening.vault->flushed_ms = mf_clock_unix_ms();
    rc = open_key(options, &opening);
    if (rc == 0) {
        rc = open_previous_keys(options, &opening);
    }
    if (rc == 0) {
        ret_why[0] = '\0';
        rc = mf_store_secrets_each(options->store, load_row, &opening);
        if (rc < 0 && ret_why[0] == '\0') {
            rc = mf__vault_refuse(ret_why, rc, "the stored secrets cannot be read");
        }
    }
    if (rc == 0 && opening.stale > 0) {
        rc = reseal_all(&opening);
    }
    for (size_t i = 0; i < opening.previous_count; i++) {
        mf__key_done(&opening.previous[i]);
    }
    if (rc < 0) {
        free_vault(opening.vault);
        return rc;
    }
    *ret_vault = opening.vault;
    return 0;
}

void mf_vault_close(MF_OWN struct mf_vault *vault)
{
    struct flush_job *flush;

    if (vault == NULL) {
        return;
    }
    flush = make_flush(vault);
    if (flush != NULL) {
        if (mf_store_secrets_used(vault->store, flush->rows, flush->count) < 0) {
            mf_log(MF_LOG_WARN, MF_E_STORE, NULL, "times of last use of %zu secrets were not stored",
                   flush->count);
        }
        free_flush(flush);
    }
    free_vault(vault);
}
