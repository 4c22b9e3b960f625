/* code_caches.c - the table of V8's code caches: one of each worker's code, gone with it. What is in one is not looked at here. */
#include "internal.h"

static int end(struct mf_store *store, struct sql *sql)
{
    (void)mf__sql_step(sql);
    return mf__store_end(store, mf__sql_end(sql));
}

int mf_store_code_cache_put(struct mf_store *store, const struct mf_store_code_cache *row)
{
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db,
                    "INSERT OR REPLACE INTO worker_code_caches (tenant, hash, build, digest, parts)"
                    " SELECT tenant, hash, ?3, ?4, ?5 FROM worker_codes WHERE tenant = ?1 AND hash = ?2");
    mf__sql_bind_text(&sql, row->tenant);
    mf__sql_bind_text(&sql, row->hash);
    mf__sql_bind_text(&sql, row->build);
    mf__sql_bind_blob(&sql, row->digest);
    mf__sql_bind_blob(&sql, row->parts);
    return end(store, &sql);
}

int mf_store_code_cache_get(struct mf_store *store,
                            struct mf_slice tenant,
                            struct mf_slice hash,
                            mf_store_code_cache_cb *on_row,
                            void *user)
{
    struct sql sql;
    int rc = mf__store_begin(store);
    int result = 0;

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db,
                    "SELECT build, digest, parts FROM worker_code_caches WHERE tenant = ? AND hash = ?");
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_text(&sql, hash);
    if (mf__sql_step(&sql)) {
        struct mf_store_code_cache row = {.tenant = tenant,
                                          .hash = hash,
                                          .build = mf__sql_column(&sql, 0),
                                          .digest = mf__sql_column(&sql, 1),
                                          .parts = mf__sql_column(&sql, 2)};
        result = on_row(user, &row);
    }
    rc = mf__sql_end(&sql);
    return mf__store_end(store, result < 0 ? result : rc);
}

int mf_store_code_cache_delete(struct mf_store *store, struct mf_slice tenant, struct mf_slice hash)
{
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db, "DELETE FROM worker_code_caches WHERE tenant = ? AND hash = ?");
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_text(&sql, hash);
    return end(store, &sql);
}
