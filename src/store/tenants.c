/* tenants.c - the tables of tenants and of their tokens. */
#include "internal.h"

#define TENANT_COLUMNS "name, quotas, created_ms, updated_ms"
#define TOKEN_COLUMNS                                                                                        \
    "id, tenant, name, scopes, digest, previous, previous_ends_ms, created_ms, rotated_ms, expires_ms, "     \
    "used_ms"

static int64_t rows_of(size_t count)
{
    return count > INT64_MAX ? INT64_MAX : (int64_t)count;
}

/* ---- tenants ------------------------------------------------------------------------------------ */

static int tell_tenant(struct sql *sql, mf_store_tenant_cb *on_row, void *user)
{
    const struct mf_store_tenant row = {.name = mf__sql_column(sql, 0),
                                        .quotas = mf__sql_column(sql, 1),
                                        .created_ms = mf__sql_column_u64(sql, 2),
                                        .updated_ms = mf__sql_column_u64(sql, 3)};

    return on_row(user, &row);
}

static int read_tenant(struct mf_store *store, struct mf_slice name, mf_store_tenant_cb *on_row, void *user)
{
    struct sql sql;
    int rc = 0;

    mf__sql_prepare(&sql, store->db, "SELECT " TENANT_COLUMNS " FROM tenants WHERE name = ?");
    mf__sql_bind_text(&sql, name);
    if (mf__sql_step(&sql)) {
        rc = tell_tenant(&sql, on_row, user);
    } else {
        rc = MF_E_TENANT_UNKNOWN;
    }
    int error = mf__sql_end(&sql);
    return error < 0 ? error : rc;
}

int mf_store_tenant_put(struct mf_store *store,
                        struct mf_slice name,
                        struct mf_slice quotas,
                        uint64_t now_ms,
                        mf_store_tenant_cb *on_row,
                        void *user)
{
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db,
                    "INSERT INTO tenants (name, quotas, created_ms, updated_ms) VALUES (?1, ?2, ?3, ?3)"
                    " ON CONFLICT (name) DO UPDATE SET quotas = excluded.quotas,"
                    " updated_ms = max(excluded.updated_ms, created_ms + 1)");
    mf__sql_bind_text(&sql, name);
    mf__sql_bind_text(&sql, quotas);
    mf__sql_bind_u64(&sql, now_ms);
    (void)mf__sql_step(&sql);
    rc = mf__sql_end(&sql);
    if (rc == 0) {
        rc = read_tenant(store, name, on_row, user);
    }
    return mf__store_end(store, rc);
}

int mf_store_tenant_get(struct mf_store *store, struct mf_slice name, mf_store_tenant_cb *on_row, void *user)
{
    int rc = mf__store_begin(store);

    return rc < 0 ? rc : mf__store_end(store, read_tenant(store, name, on_row, user));
}

int mf_store_tenants_each(struct mf_store *store,
                          const struct mf_store_page *page,
                          mf_store_tenant_cb *on_row,
                          void *user)
{
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db,
                    "SELECT " TENANT_COLUMNS " FROM tenants WHERE name > ? ORDER BY name LIMIT ?");
    mf__sql_bind_text(&sql, page->after);
    mf__sql_bind_u64(&sql, (uint64_t)rows_of(page->count));
    while (rc == 0 && mf__sql_step(&sql)) {
        rc = tell_tenant(&sql, on_row, user);
    }
    int error = mf__sql_end(&sql);
    return mf__store_end(store, rc < 0 ? rc : error);
}

static int run_for(struct mf_store *store, const char *text, struct mf_slice name)
{
    struct sql sql;

    mf__sql_prepare(&sql, store->db, text);
    mf__sql_bind_text(&sql, name);
    (void)mf__sql_step(&sql);
    return mf__sql_end(&sql);
}

/* MF_E_TENANT_IN_USE when there is something. */
static int check_unused(struct mf_store *store, struct mf_slice name, struct mf_buf *ret_users)
{
    static const struct {
        const char *kind;
        const char *text;
    } kinds[] = {{"workers", "SELECT 1 FROM workers WHERE tenant = ? LIMIT 1"},
                 {"workspaces", "SELECT 1 FROM workspaces WHERE tenant = ? LIMIT 1"},
                 {"secrets", "SELECT 1 FROM secrets WHERE tenant = ? LIMIT 1"},
                 {"outbounds", "SELECT 1 FROM outbounds WHERE tenant = ? LIMIT 1"}};
    int in_use = 0;

    for (size_t i = 0; i < MF_COUNT_OF(kinds); i++) {
        struct sql sql;
        bool is_there;
        mf__sql_prepare(&sql, store->db, kinds[i].text);
        mf__sql_bind_text(&sql, name);
        is_there = mf__sql_step(&sql);
        int rc = mf__sql_end(&sql);
        if (rc == 0 && is_there) {
            in_use = MF_E_TENANT_IN_USE;
            rc = mf_buf_append(ret_users, kinds[i].kind, strlen(kinds[i].kind) + 1);
        }
        if (rc < 0) {
            return rc;
        }
    }
    return in_use;
}

int mf_store_tenant_delete(struct mf_store *store, struct mf_slice name, struct mf_buf *ret_users)
{
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    rc = check_unused(store, name, ret_users);
    if (rc == 0) {
        rc = run_for(store, "DELETE FROM tokens WHERE tenant = ?", name);
    }
    if (rc == 0) {
        rc = run_for(store, "DELETE FROM tenants WHERE name = ?", name);
    }
    if (rc == 0 && sqlite3_changes(store->db) == 0) {
        rc = MF_E_TENANT_UNKNOWN;
    }
    return mf__store_end(store, rc);
}

static int sum_of(struct mf_store *store, const char *text, struct mf_slice name, uint64_t *ret_sum)
{
    struct sql sql;

    mf__sql_reuse(&sql, store, text);
    mf__sql_bind_text(&sql, name);
    *ret_sum = mf__sql_step(&sql) ? mf__sql_column_u64(&sql, 0) : 0;
    return mf__sql_end(&sql);
}

int mf_store_tenant_bytes(struct mf_store *store,
                          struct mf_slice name,
                          uint64_t *ret_worker_bytes,
                          uint64_t *ret_workspace_bytes)
{
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    rc = sum_of(store, "SELECT ifnull(sum(bytes), 0) FROM worker_bytes WHERE tenant = ?", name,
                ret_worker_bytes);
    if (rc == 0) {
        rc = sum_of(store,
                    "SELECT ifnull(sum(i.size), 0) FROM workspaces w JOIN inodes i ON i.id = w.root"
                    " WHERE w.tenant = ?",
                    name, ret_workspace_bytes);
    }
    return mf__store_end(store, rc);
}

/* ---- tokens --------------------------------------------------------------------------------------- */

static int tell_token(struct sql *sql, mf_store_token_cb *on_row, void *user)
{
    const struct mf_store_token row = {.id = mf__sql_column(sql, 0),
                                       .tenant = mf__sql_column(sql, 1),
                                       .name = mf__sql_column(sql, 2),
                                       .scopes = mf__sql_column(sql, 3),
                                       .digest = mf__sql_column(sql, 4),
                                       .previous = mf__sql_column(sql, 5),
                                       .previous_ends_ms = mf__sql_column_u64(sql, 6),
                                       .created_ms = mf__sql_column_u64(sql, 7),
                                       .rotated_ms = mf__sql_column_u64(sql, 8),
                                       .expires_ms = mf__sql_column_u64(sql, 9),
                                       .used_ms = mf__sql_column_u64(sql, 10)};

    return on_row(user, &row);
}

static void bind_tenant(struct sql *sql, struct mf_slice tenant)
{
    if (tenant.data == NULL) {
        mf__sql_bind_null(sql);
    } else {
        mf__sql_bind_text(sql, tenant);
    }
}

static int read_token(struct mf_store *store,
                      struct mf_slice tenant,
                      struct mf_slice id,
                      mf_store_token_cb *on_row,
                      void *user)
{
    struct sql sql;
    int rc = 0;

    mf__sql_prepare(&sql, store->db,
                    "SELECT " TOKEN_COLUMNS " FROM tokens WHERE id = ?1 AND tenant = ifnull(?2, tenant)");
    mf__sql_bind_text(&sql, id);
    bind_tenant(&sql, tenant);
    if (mf__sql_step(&sql)) {
        rc = tell_token(&sql, on_row, user);
    } else {
        rc = MF_E_TOKEN_UNKNOWN;
    }
    int error = mf__sql_end(&sql);
    return error < 0 ? error : rc;
}

int mf_store_token_add(struct mf_store *store, const struct mf_store_token *row)
{
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db,
                    "SELECT (?1 = '' OR EXISTS (SELECT 1 FROM tenants WHERE name = ?1))"
                    " + 2 * EXISTS (SELECT 1 FROM tokens WHERE id = ?2)");
    mf__sql_bind_text(&sql, row->tenant);
    mf__sql_bind_text(&sql, row->id);
    uint64_t found = mf__sql_step(&sql) ? mf__sql_column_u64(&sql, 0) : 0;
    rc = mf__sql_end(&sql);
    rc = rc < 0 ? rc : (found & 1) == 0 ? MF_E_TENANT_UNKNOWN : (found & 2) != 0 ? MF_E_EXISTS : 0;
    if (rc == 0) {
        mf__sql_prepare(&sql, store->db,
                        "INSERT INTO tokens (" TOKEN_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        mf__sql_bind_text(&sql, row->id);
        mf__sql_bind_text(&sql, row->tenant);
        mf__sql_bind_text(&sql, row->name);
        mf__sql_bind_text(&sql, row->scopes);
        mf__sql_bind_blob(&sql, row->digest);
        mf__sql_bind_blob(&sql, row->previous);
        mf__sql_bind_u64(&sql, row->previous_ends_ms);
        mf__sql_bind_u64(&sql, row->created_ms);
        mf__sql_bind_u64(&sql, row->rotated_ms);
        mf__sql_bind_u64(&sql, row->expires_ms);
        mf__sql_bind_u64(&sql, row->used_ms);
        (void)mf__sql_step(&sql);
        rc = mf__sql_end(&sql);
    }
    return mf__store_end(store, rc);
}

int mf_store_token_get(struct mf_store *store,
                       struct mf_slice tenant,
                       struct mf_slice id,
                       mf_store_token_cb *on_row,
                       void *user)
{
    int rc = mf__store_begin(store);

    return rc < 0 ? rc : mf__store_end(store, read_token(store, tenant, id, on_row, user));
}

int mf_store_tokens_each(struct mf_store *store,
                         const struct mf_store_page *page,
                         mf_store_token_cb *on_row,
                         void *user)
{
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db,
                    page->tenant.data == NULL
                        ? "SELECT " TOKEN_COLUMNS " FROM tokens WHERE id > ?1 ORDER BY id LIMIT ?2"
                        : "SELECT " TOKEN_COLUMNS
                          " FROM tokens WHERE id > ?1 AND tenant = ?3 ORDER BY id LIMIT ?2");
    mf__sql_bind_text(&sql, page->after);
    mf__sql_bind_u64(&sql, (uint64_t)rows_of(page->count));
    if (page->tenant.data != NULL) {
        mf__sql_bind_text(&sql, page->tenant);
    }
    while (rc == 0 && mf__sql_step(&sql)) {
        rc = tell_token(&sql, on_row, user);
    }
    int error = mf__sql_end(&sql);
    return mf__store_end(store, rc < 0 ? rc : error);
}

int mf_store_token_rotate(struct mf_store *store,
                          struct mf_slice tenant,
                          struct mf_slice id,
                          struct mf_slice digest,
                          uint64_t previous_ends_ms,
                          uint64_t now_ms,
                          mf_store_token_cb *on_row,
                          void *user)
{
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db,
                    "UPDATE tokens SET previous = digest, previous_ends_ms = ?4, digest = ?3, rotated_ms = ?5"
                    " WHERE id = ?1 AND tenant = ifnull(?2, tenant)");
    mf__sql_bind_text(&sql, id);
    bind_tenant(&sql, tenant);
    mf__sql_bind_blob(&sql, digest);
    mf__sql_bind_u64(&sql, previous_ends_ms);
    mf__sql_bind_u64(&sql, now_ms);
    (void)mf__sql_step(&sql);
    rc = mf__sql_end(&sql);
    if (rc == 0) {
        rc = read_token(store, tenant, id, on_row, user);
    }
    return mf__store_end(store, rc);
}

int mf_store_token_delete(struct mf_store *store, struct mf_slice tenant, struct mf_slice id)
{
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db, "DELETE FROM tokens WHERE id = ?1 AND tenant = ifnull(?2, tenant)");
    mf__sql_bind_text(&sql, id);
    bind_tenant(&sql, tenant);
    (void)mf__sql_step(&sql);
    rc = mf__sql_end(&sql);
    if (rc == 0 && sqlite3_changes(store->db) == 0) {
        rc = MF_E_TOKEN_UNKNOWN;
    }
    return mf__store_end(store, rc);
}

int mf_store_tokens_used(struct mf_store *store, const struct mf_store_token *rows, size_t count)
{
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db, "UPDATE tokens SET used_ms = max(used_ms, ?) WHERE id = ?");
    for (size_t i = 0; i < count; i++) {
        mf__sql_bind_u64(&sql, rows[i].used_ms);
        mf__sql_bind_text(&sql, rows[i].id);
        (void)mf__sql_step(&sql);
        mf__sql_rewind(&sql);
    }
    return mf__store_end(store, mf__sql_end(&sql));
}
