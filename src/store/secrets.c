/* secrets.c - the table of sealed secrets. */
#include "internal.h"

static int put_row(struct mf_store *store, const struct mf_store_secret *row)
{
    struct sql sql;

    mf__sql_prepare(
        &sql, store->db,
        "INSERT INTO secrets (tenant, name, kind, key_id, record, version, created_ms, updated_ms, used_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (tenant, name) DO UPDATE SET kind = excluded.kind, key_id = excluded.key_id,"
        " record = excluded.record, version = excluded.version, created_ms = excluded.created_ms,"
        " updated_ms = excluded.updated_ms, used_ms = excluded.used_ms");
    mf__sql_bind_text(&sql, row->tenant);
    mf__sql_bind_text(&sql, row->name);
    mf__sql_bind_text(&sql, row->kind);
    mf__sql_bind_text(&sql, row->key_id);
    mf__sql_bind_blob(&sql, row->record);
    mf__sql_bind_u64(&sql, row->version);
    mf__sql_bind_u64(&sql, row->created_ms);
    mf__sql_bind_u64(&sql, row->updated_ms);
    mf__sql_bind_u64(&sql, row->used_ms);
    (void)mf__sql_step(&sql);
    return mf__sql_end(&sql);
}

int mf_store_secrets_replace(struct mf_store *store, const struct mf_store_secret *rows, size_t count)
{
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = put_row(store, &rows[i]);
    }
    return mf__store_end(store, rc);
}

int mf_store_secret_put(struct mf_store *store, const struct mf_store_secret *row)
{
    return mf_store_secrets_replace(store, row, 1);
}

int mf_store_secret_delete(struct mf_store *store,
                           struct mf_slice tenant,
                           struct mf_slice name,
                           struct mf_buf *ret_users)
{
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    rc = mf__store_users(
        store, "SELECT outbound FROM outbound_secrets WHERE tenant = ? AND secret = ? ORDER BY outbound",
        tenant, name, MF_E_SECRET_IN_USE, ret_users);
    if (rc == 0) {
        struct sql sql;
        mf__sql_prepare(&sql, store->db, "DELETE FROM secrets WHERE tenant = ? AND name = ?");
        mf__sql_bind_text(&sql, tenant);
        mf__sql_bind_text(&sql, name);
        (void)mf__sql_step(&sql);
        rc = mf__sql_end(&sql);
    }
    if (rc == 0 && sqlite3_changes(store->db) == 0) {
        rc = MF_E_SECRET_UNKNOWN;
    }
    return mf__store_end(store, rc);
}

int mf_store_secrets_used(struct mf_store *store, const struct mf_store_secret *rows, size_t count)
{
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db,
                    "UPDATE secrets SET used_ms = max(used_ms, ?) WHERE tenant = ? AND name = ?");
    for (size_t i = 0; i < count; i++) {
        mf__sql_bind_u64(&sql, rows[i].used_ms);
        mf__sql_bind_text(&sql, rows[i].tenant);
        mf__sql_bind_text(&sql, rows[i].name);
        (void)mf__sql_step(&sql);
        mf__sql_rewind(&sql);
    }
    return mf__store_end(store, mf__sql_end(&sql));
}

int mf_store_secrets_each(struct mf_store *store,
                          int (*on_row)(void *user, const struct mf_store_secret *row),
                          void *user)
{
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db,
                    "SELECT tenant, name, kind, key_id, record, version, created_ms, updated_ms, used_ms"
                    " FROM secrets ORDER BY tenant, name");
    while (rc == 0 && mf__sql_step(&sql)) {
        struct mf_store_secret row = {.tenant = mf__sql_column(&sql, 0),
                                      .name = mf__sql_column(&sql, 1),
                                      .kind = mf__sql_column(&sql, 2),
                                      .key_id = mf__sql_column(&sql, 3),
                                      .record = mf__sql_column(&sql, 4),
                                      .version = mf__sql_column_u64(&sql, 5),
                                      .created_ms = mf__sql_column_u64(&sql, 6),
                                      .updated_ms = mf__sql_column_u64(&sql, 7),
                                      .used_ms = mf__sql_column_u64(&sql, 8)};
        rc = on_row(user, &row);
    }
    int error = mf__sql_end(&sql);
    return mf__store_end(store, rc < 0 ? rc : error);
}
