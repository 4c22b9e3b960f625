/* outbounds.c - the table of policies, and which secrets each of them uses. */
#include "internal.h"

static int put_policy(struct mf_store *store,
                      struct mf_slice tenant,
                      struct mf_slice name,
                      struct mf_slice policy,
                      uint64_t now_ms,
                      uint64_t *ret_version)
{
    struct sql sql;

    mf__sql_prepare(
        &sql, store->db,
        "INSERT INTO outbounds (tenant, name, policy, version, created_ms, updated_ms)"
        " VALUES (?1, ?2, ?3, 1, ?4, ?4)"
        " ON CONFLICT (tenant, name) DO UPDATE SET policy = excluded.policy, version = version + 1,"
        " updated_ms = excluded.updated_ms RETURNING version");
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_text(&sql, name);
    mf__sql_bind_text(&sql, policy);
    mf__sql_bind_u64(&sql, now_ms);
    if (mf__sql_step(&sql)) {
        *ret_version = mf__sql_column_u64(&sql, 0);
        (void)mf__sql_step(&sql);
    }
    return mf__sql_end(&sql);
}

/* Who is used by an outbound: one of two tables. */
struct use {
    const char *forget; /* All that the outbound uses. */
    const char *
        insert; /* Nothing is inserted where there is no such thing: that one is named. The foreign key stands behind it. */
    int unknown;
};

static const struct use use_of_secret = {"DELETE FROM outbound_secrets WHERE tenant = ? AND outbound = ?",
                                         "INSERT INTO outbound_secrets (tenant, outbound, secret)"
                                         " SELECT tenant, ?, name FROM secrets WHERE tenant = ? AND name = ?",
                                         MF_E_SECRET_UNKNOWN};
static const struct use use_of_worker = {"DELETE FROM outbound_workers WHERE tenant = ? AND outbound = ?",
                                         "INSERT INTO outbound_workers (tenant, outbound, worker)"
                                         " SELECT tenant, ?, name FROM workers WHERE tenant = ? AND name = ?",
                                         MF_E_WORKER_UNKNOWN};

static int forget(struct mf_store *store, const struct use *use, struct mf_slice tenant, struct mf_slice name)
{
    struct sql sql;

    mf__sql_prepare(&sql, store->db, use->forget);
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_text(&sql, name);
    (void)mf__sql_step(&sql);
    return mf__sql_end(&sql);
}

static int put_uses(struct mf_store *store,
                    const struct use *use,
                    struct mf_slice tenant,
                    struct mf_slice name,
                    const struct mf_slice *used,
                    size_t count,
                    size_t *ret_missing)
{
    struct sql sql;
    int rc = forget(store, use, tenant, name);

    mf__sql_prepare(&sql, store->db, use->insert);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        mf__sql_bind_text(&sql, name);
        mf__sql_bind_text(&sql, tenant);
        mf__sql_bind_text(&sql, used[i]);
        (void)mf__sql_step(&sql);
        if (sql.error == 0 && sqlite3_changes(store->db) == 0) {
            *ret_missing = i;
            rc = use->unknown;
        }
        mf__sql_rewind(&sql);
    }
    int error = mf__sql_end(&sql);
    return error < 0 ? error : rc;
}

int mf_store_outbound_put(struct mf_store *store,
                          struct mf_slice tenant,
                          struct mf_slice name,
                          struct mf_slice policy,
                          const struct mf_store_uses *uses,
                          uint64_t now_ms,
                          uint64_t *ret_version,
                          size_t *ret_missing)
{
    uint64_t version = 0;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    rc = put_policy(store, tenant, name, policy, now_ms, &version);
    if (rc == 0) {
        rc = put_uses(store, &use_of_secret, tenant, name, uses->secrets, uses->secrets_count, ret_missing);
    }
    if (rc == 0) {
        rc = put_uses(store, &use_of_worker, tenant, name, uses->workers, uses->workers_count, ret_missing);
    }
    rc = mf__store_end(store, rc);
    if (rc == 0) {
        *ret_version = version;
    }
    return rc;
}

int mf_store_outbound_delete(struct mf_store *store,
                             struct mf_slice tenant,
                             struct mf_slice name,
                             struct mf_buf *ret_users)
{
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    rc = mf__store_users(store,
                         "SELECT DISTINCT worker FROM worker_versions WHERE tenant = ? AND outbound = ?"
                         " ORDER BY worker",
                         tenant, name, MF_E_OUTBOUND_IN_USE, ret_users);
    if (rc < 0) {
        return mf__store_end(store, rc);
    }
    mf__sql_prepare(&sql, store->db, "DELETE FROM outbounds WHERE tenant = ? AND name = ?");
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_text(&sql, name);
    (void)mf__sql_step(&sql);
    rc = mf__sql_end(&sql);
    if (rc == 0 && sqlite3_changes(store->db) == 0) {
        rc = MF_E_NOT_FOUND;
    }
    return mf__store_end(store, rc);
}

#define COLUMNS "tenant, name, policy, version, created_ms, updated_ms"

/* Every row of a statement that selects COLUMNS; how many there were. */
static int each_row(struct sql *sql,
                    int (*on_row)(void *user, const struct mf_store_outbound *row),
                    void *user,
                    size_t *ret_count)
{
    int rc = 0;

    while (rc == 0 && mf__sql_step(sql)) {
        struct mf_store_outbound row = {.tenant = mf__sql_column(sql, 0),
                                        .name = mf__sql_column(sql, 1),
                                        .policy = mf__sql_column(sql, 2),
                                        .version = mf__sql_column_u64(sql, 3),
                                        .created_ms = mf__sql_column_u64(sql, 4),
                                        .updated_ms = mf__sql_column_u64(sql, 5)};
        ++*ret_count;
        rc = on_row(user, &row);
    }
    int error = mf__sql_end(sql);
    return rc < 0 ? rc : error;
}

int mf_store_outbound_get(struct mf_store *store,
                          struct mf_slice tenant,
                          struct mf_slice name,
                          int (*on_row)(void *user, const struct mf_store_outbound *row),
                          void *user)
{
    struct sql sql;
    size_t count = 0;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db, "SELECT " COLUMNS " FROM outbounds WHERE tenant = ? AND name = ?");
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_text(&sql, name);
    rc = each_row(&sql, on_row, user, &count);
    return mf__store_end(store, rc == 0 && count == 0 ? MF_E_NOT_FOUND : rc);
}

int mf_store_outbound_list(struct mf_store *store,
                           int (*on_row)(void *user, const struct mf_store_outbound *row),
                           void *user)
{
    struct sql sql;
    size_t count = 0;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db, "SELECT " COLUMNS " FROM outbounds ORDER BY tenant, name");
    rc = each_row(&sql, on_row, user, &count);
    return mf__store_end(store, rc);
}
