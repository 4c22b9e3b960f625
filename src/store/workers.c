/* workers.c - the tables of workers: which code is in use under a name, and which was before. */
#include "internal.h"

#define COLUMNS                                                                                              \
    "w.name, v.version, w.version, w.revision, w.created_ms, w.updated_ms, v.hash, v.bytes, v.created_ms"
#define TABLES "workers w JOIN worker_versions v ON v.tenant = w.tenant AND v.worker = w.name"
#define CODE " JOIN worker_codes c ON c.tenant = v.tenant AND c.hash = v.hash"

/* Every row of a statement that selects COLUMNS, and the code behind them; how many there were. */
static int each_row(struct sql *sql, bool has_code, mf_store_worker_cb *on_row, void *user, size_t *ret_count)
{
    int rc = 0;

    *ret_count = 0;
    while (rc == 0 && mf__sql_step(sql)) {
        struct mf_store_worker row = {.name = mf__sql_column(sql, 0),
                                      .version = mf__sql_column_u64(sql, 1),
                                      .current = mf__sql_column_u64(sql, 2),
                                      .revision = mf__sql_column_u64(sql, 3),
                                      .created_ms = mf__sql_column_u64(sql, 4),
                                      .updated_ms = mf__sql_column_u64(sql, 5),
                                      .hash = mf__sql_column(sql, 6),
                                      .bytes = mf__sql_column_u64(sql, 7),
                                      .version_ms = mf__sql_column_u64(sql, 8)};
        row.code = has_code ? mf__sql_column(sql, 9) : mf_slice_of(NULL, 0);
        ++*ret_count;
        rc = on_row(user, &row);
    }
    int error = mf__sql_end(sql);
    return rc < 0 ? rc : error;
}

/* One row: of |version|, or of the one in use when that is 0. MF_E_WORKER_UNKNOWN when there is none. */
static int read_one(struct mf_store *store,
                    struct mf_slice tenant,
                    struct mf_slice name,
                    uint64_t version,
                    bool wants_code,
                    mf_store_worker_cb *on_row,
                    void *user)
{
    struct sql sql;
    size_t count = 0;
    int rc;

    mf__sql_prepare(&sql, store->db,
                    wants_code ? "SELECT " COLUMNS ", c.code FROM " TABLES CODE
                                 " WHERE w.tenant = ?1 AND w.name = ?2"
                                 " AND v.version = CASE ?3 WHEN 0 THEN w.version ELSE ?3 END"
                               : "SELECT " COLUMNS " FROM " TABLES " WHERE w.tenant = ?1 AND w.name = ?2"
                                 " AND v.version = CASE ?3 WHEN 0 THEN w.version ELSE ?3 END");
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_text(&sql, name);
    mf__sql_bind_u64(&sql, version);
    rc = each_row(&sql, wants_code, on_row, user, &count);
    return rc == 0 && count == 0 ? MF_E_WORKER_UNKNOWN : rc;
}

/* ---- what there is ----------------------------------------------------------------------------- */

static int ignore_row(void *user, const struct mf_store_worker *row)
{
    (void)user;
    (void)row;
    return 0;
}

int mf_store_worker_get(struct mf_store *store,
                        struct mf_slice tenant,
                        struct mf_slice name,
                        uint64_t version,
                        bool wants_code,
                        mf_store_worker_cb *on_row,
                        void *user)
{
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    rc = read_one(store, tenant, name, version, wants_code, on_row, user);
    if (rc == MF_E_WORKER_UNKNOWN && version != 0) {
        rc = read_one(store, tenant, name, 0, false, ignore_row, NULL);
        rc = rc == 0 ? MF_E_WORKER_VERSION : rc;
    }
    return mf__store_end(store, rc);
}

int mf_store_worker_versions(struct mf_store *store,
                             struct mf_slice tenant,
                             struct mf_slice name,
                             mf_store_worker_cb *on_row,
                             void *user)
{
    struct sql sql;
    size_t count = 0;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db,
                    "SELECT " COLUMNS " FROM " TABLES
                    " WHERE w.tenant = ? AND w.name = ? ORDER BY v.version DESC");
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_text(&sql, name);
    rc = each_row(&sql, false, on_row, user, &count);
    return mf__store_end(store, rc == 0 && count == 0 ? MF_E_WORKER_UNKNOWN : rc);
}

int mf_store_worker_list(struct mf_store *store,
                         struct mf_slice tenant,
                         struct mf_slice after,
                         size_t limit,
                         mf_store_worker_cb *on_row,
                         void *user)
{
    struct sql sql;
    size_t count = 0;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db,
                    "SELECT " COLUMNS " FROM " TABLES " AND v.version = w.version"
                    " WHERE w.tenant = ? AND w.name > ? ORDER BY w.name LIMIT ?");
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_text(&sql, after);
    mf__sql_bind_u64(&sql, limit);
    rc = each_row(&sql, false, on_row, user, &count);
    return mf__store_end(store, rc);
}

int mf_store_workers_exist(struct mf_store *store,
                           struct mf_slice tenant,
                           const struct mf_slice *names,
                           size_t count,
                           bool *ret_exist)
{
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db, "SELECT 1 FROM workers WHERE tenant = ? AND name = ?");
    for (size_t i = 0; i < count; i++) {
        mf__sql_bind_text(&sql, tenant);
        mf__sql_bind_text(&sql, names[i]);
        ret_exist[i] = mf__sql_step(&sql);
        mf__sql_rewind(&sql);
    }
    return mf__store_end(store, mf__sql_end(&sql));
}

/* ---- changes ------------------------------------------------------------------------------------ */

/* What is in use before a change. */
struct before {
    const struct mf_store_worker_ask *ask;
    struct mf_slice hash; /* Of the code to come. */
    uint64_t version;     /* 0: there is no such worker. */
    uint64_t revision;
    bool is_same; /* That code is in use already. */
};

static int see_before(void *user, const struct mf_store_worker *row)
{
    struct before *before = user;

    before->version = row->version;
    before->revision = row->revision;
    before->is_same = before->hash.data != NULL && mf_slice_equal(before->hash, row->hash);
    return before->ask != NULL ? before->ask->may(before->ask->user, row) : 0;
}

/* 0 also when there is no such worker, and a change may make it. */
static int
look_before(struct mf_store *store, struct mf_slice tenant, struct mf_slice name, struct before *before)
{
    int rc = read_one(store, tenant, name, 0, false, see_before, before);

    if (rc == MF_E_WORKER_UNKNOWN) {
        rc = before->ask != NULL ? before->ask->may(before->ask->user, NULL) : 0;
    }
    return rc;
}

static int put_code(struct mf_store *store, const struct mf_store_worker_put *put)
{
    struct sql sql;

    mf__sql_prepare(&sql, store->db,
                    "INSERT INTO worker_codes (tenant, hash, code) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
    mf__sql_bind_text(&sql, put->tenant);
    mf__sql_bind_text(&sql, put->hash);
    mf__sql_bind_blob(&sql, put->code);
    (void)mf__sql_step(&sql);
    return mf__sql_end(&sql);
}

static int put_worker(struct mf_store *store, const struct mf_store_worker_put *put)
{
    struct sql sql;

    mf__sql_prepare(&sql, store->db,
                    "INSERT INTO workers (tenant, name, version, newest, revision, created_ms, updated_ms)"
                    " VALUES (?1, ?2, 1, 1, 1, ?3, ?3)"
                    " ON CONFLICT (tenant, name) DO UPDATE SET version = newest + 1, newest = newest + 1,"
                    " revision = revision + 1, updated_ms = excluded.updated_ms");
    mf__sql_bind_text(&sql, put->tenant);
    mf__sql_bind_text(&sql, put->name);
    mf__sql_bind_u64(&sql, put->now_ms);
    (void)mf__sql_step(&sql);
    return mf__sql_end(&sql);
}

/* Nothing is inserted where it names an outbound that does not exist; the foreign key stands behind it. */
static int put_version(struct mf_store *store, const struct mf_store_worker_put *put)
{
    struct sql sql;
    int rc;

    mf__sql_prepare(
        &sql, store->db,
        "INSERT INTO worker_versions (tenant, worker, version, hash, bytes, outbound, created_ms)"
        " SELECT tenant, name, version, ?3, ?4, ?5, ?6 FROM workers WHERE tenant = ?1 AND name = ?2"
        " AND (?5 IS NULL OR EXISTS (SELECT 1 FROM outbounds WHERE tenant = ?1 AND name = ?5))");
    mf__sql_bind_text(&sql, put->tenant);
    mf__sql_bind_text(&sql, put->name);
    mf__sql_bind_text(&sql, put->hash);
    mf__sql_bind_u64(&sql, put->code.size);
    if (put->outbound.data != NULL) {
        mf__sql_bind_text(&sql, put->outbound);
    } else {
        mf__sql_bind_null(&sql);
    }
    mf__sql_bind_u64(&sql, put->now_ms);
    (void)mf__sql_step(&sql);
    rc = mf__sql_end(&sql);
    return rc == 0 && sqlite3_changes(store->db) == 0 ? MF_E_OUTBOUND_UNKNOWN : rc;
}

/* Its oldest versions go, those that are not in use. */
static int trim_versions(struct mf_store *store, const struct mf_store_worker_put *put)
{
    struct sql sql;

    mf__sql_prepare(&sql, store->db,
                    "DELETE FROM worker_versions WHERE tenant = ?1 AND worker = ?2 AND version IN"
                    " (SELECT v.version FROM " TABLES " WHERE w.tenant = ?1 AND w.name = ?2"
                    "  AND v.version <> w.version ORDER BY v.version DESC LIMIT -1 OFFSET ?3)");
    mf__sql_bind_text(&sql, put->tenant);
    mf__sql_bind_text(&sql, put->name);
    mf__sql_bind_u64(&sql, put->versions_max - 1);
    (void)mf__sql_step(&sql);
    return mf__sql_end(&sql);
}

int mf_store_worker_put(struct mf_store *store,
                        const struct mf_store_worker_put *put,
                        const struct mf_store_worker_ask *ask,
                        mf_store_worker_cb *on_row,
                        void *user)
{
    struct before before = {.ask = ask, .hash = put->hash};
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    MF_ASSERT(put->versions_max > 0);
    rc = look_before(store, put->tenant, put->name, &before);
    if (rc == 0 && !before.is_same) {
        rc = put_code(store, put);
        if (rc == 0) {
            rc = put_worker(store, put);
        }
        if (rc == 0) {
            rc = put_version(store, put);
        }
        if (rc == 0) {
            rc = trim_versions(store, put);
        }
    }
    if (rc == 0) {
        rc = read_one(store, put->tenant, put->name, 0, false, on_row, user);
    }
    return mf__store_end(store, rc);
}

static int use_version(struct mf_store *store,
                       struct mf_slice tenant,
                       struct mf_slice name,
                       uint64_t version,
                       uint64_t now_ms)
{
    struct sql sql;
    int rc;

    mf__sql_prepare(&sql, store->db,
                    "UPDATE workers SET version = ?3, revision = revision + 1, updated_ms = ?4"
                    " WHERE tenant = ?1 AND name = ?2 AND EXISTS"
                    " (SELECT 1 FROM worker_versions WHERE tenant = ?1 AND worker = ?2 AND version = ?3)");
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_text(&sql, name);
    mf__sql_bind_u64(&sql, version);
    mf__sql_bind_u64(&sql, now_ms);
    (void)mf__sql_step(&sql);
    rc = mf__sql_end(&sql);
    return rc == 0 && sqlite3_changes(store->db) == 0 ? MF_E_WORKER_VERSION : rc;
}

int mf_store_worker_use(struct mf_store *store,
                        struct mf_slice tenant,
                        struct mf_slice name,
                        uint64_t version,
                        uint64_t now_ms,
                        const struct mf_store_worker_ask *ask,
                        mf_store_worker_cb *on_row,
                        void *user)
{
    struct before before = {.ask = ask};
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    rc = look_before(store, tenant, name, &before);
    if (rc == 0 && before.version == 0) {
        rc = MF_E_WORKER_UNKNOWN;
    }
    if (rc == 0 && before.version != version) {
        rc = use_version(store, tenant, name, version, now_ms);
    }
    if (rc == 0) {
        rc = read_one(store, tenant, name, 0, false, on_row, user);
    }
    return mf__store_end(store, rc);
}

int mf_store_worker_delete(struct mf_store *store,
                           struct mf_slice tenant,
                           struct mf_slice name,
                           const struct mf_store_worker_ask *ask,
                           struct mf_buf *ret_users)
{
    struct before before = {.ask = ask};
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    rc = look_before(store, tenant, name, &before);
    if (rc == 0 && before.version == 0) {
        rc = MF_E_WORKER_UNKNOWN;
    }
    if (rc == 0) {
        rc = mf__store_users(
            store, "SELECT outbound FROM outbound_workers WHERE tenant = ? AND worker = ? ORDER BY outbound",
            tenant, name, MF_E_WORKER_IN_USE, ret_users);
    }
    if (rc == 0) {
        mf__sql_prepare(&sql, store->db, "DELETE FROM workers WHERE tenant = ? AND name = ?");
        mf__sql_bind_text(&sql, tenant);
        mf__sql_bind_text(&sql, name);
        (void)mf__sql_step(&sql);
        rc = mf__sql_end(&sql);
    }
    return mf__store_end(store, rc);
}
