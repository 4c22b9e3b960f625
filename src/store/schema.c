/* schema.c - the tables, as a list of steps: step n brings version n to version n + 1. A step that was released is never
 * changed; a new one is put behind it. */
#include "internal.h"

static const char *const steps[] = {
    /* 1: secrets and outbounds. Who uses which secret is a foreign key, so that neither a race nor a crash can leave a
     * policy that names a secret that is gone. */
    "CREATE TABLE secrets ("
    "  tenant TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  kind TEXT NOT NULL,"
    "  key_id TEXT NOT NULL,"
    "  record BLOB NOT NULL,"
    "  version INTEGER NOT NULL CHECK (version > 0),"
    "  created_ms INTEGER NOT NULL,"
    "  updated_ms INTEGER NOT NULL,"
    "  used_ms INTEGER NOT NULL,"
    "  PRIMARY KEY (tenant, name)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE outbounds ("
    "  tenant TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  policy TEXT NOT NULL,"
    "  version INTEGER NOT NULL CHECK (version > 0),"
    "  created_ms INTEGER NOT NULL,"
    "  updated_ms INTEGER NOT NULL,"
    "  PRIMARY KEY (tenant, name)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE outbound_secrets ("
    "  tenant TEXT NOT NULL,"
    "  outbound TEXT NOT NULL,"
    "  secret TEXT NOT NULL,"
    "  PRIMARY KEY (tenant, outbound, secret),"
    "  FOREIGN KEY (tenant, outbound) REFERENCES outbounds (tenant, name) ON DELETE CASCADE,"
    "  FOREIGN KEY (tenant, secret) REFERENCES secrets (tenant, name) ON DELETE RESTRICT"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX outbound_secrets_by_secret ON outbound_secrets (tenant, secret);",
    /* 2: workers. Code is kept once for each content, and goes with the last version that has it. Neither an outbound that a
     * version names nor a worker that an outbound hands over to can go. */
    "CREATE TABLE worker_codes ("
    "  tenant TEXT NOT NULL,"
    "  hash TEXT NOT NULL,"
    "  code BLOB NOT NULL,"
    "  PRIMARY KEY (tenant, hash)"
    ") STRICT;"
    "CREATE TABLE workers ("
    "  tenant TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  version INTEGER NOT NULL CHECK (version > 0),"
    "  newest INTEGER NOT NULL CHECK (newest >= version),"
    "  revision INTEGER NOT NULL CHECK (revision > 0),"
    "  created_ms INTEGER NOT NULL,"
    "  updated_ms INTEGER NOT NULL,"
    "  PRIMARY KEY (tenant, name)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE worker_versions ("
    "  tenant TEXT NOT NULL,"
    "  worker TEXT NOT NULL,"
    "  version INTEGER NOT NULL CHECK (version > 0),"
    "  hash TEXT NOT NULL,"
    "  bytes INTEGER NOT NULL,"
    "  outbound TEXT,"
    "  created_ms INTEGER NOT NULL,"
    "  PRIMARY KEY (tenant, worker, version),"
    "  FOREIGN KEY (tenant, worker) REFERENCES workers (tenant, name) ON DELETE CASCADE,"
    "  FOREIGN KEY (tenant, hash) REFERENCES worker_codes (tenant, hash) ON DELETE RESTRICT,"
    "  FOREIGN KEY (tenant, outbound) REFERENCES outbounds (tenant, name) ON DELETE RESTRICT"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX worker_versions_by_hash ON worker_versions (tenant, hash);"
    "CREATE INDEX worker_versions_by_outbound ON worker_versions (tenant, outbound) WHERE outbound IS NOT "
    "NULL;"
    "CREATE TRIGGER worker_code_unused AFTER DELETE ON worker_versions BEGIN"
    "  DELETE FROM worker_codes WHERE tenant = OLD.tenant AND hash = OLD.hash AND NOT EXISTS"
    "    (SELECT 1 FROM worker_versions WHERE tenant = OLD.tenant AND hash = OLD.hash);"
    "END;"
    "CREATE TABLE outbound_workers ("
    "  tenant TEXT NOT NULL,"
    "  outbound TEXT NOT NULL,"
    "  worker TEXT NOT NULL,"
    "  PRIMARY KEY (tenant, outbound, worker),"
    "  FOREIGN KEY (tenant, outbound) REFERENCES outbounds (tenant, name) ON DELETE CASCADE,"
    "  FOREIGN KEY (tenant, worker) REFERENCES workers (tenant, name) ON DELETE RESTRICT"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX outbound_workers_by_worker ON outbound_workers (tenant, worker);",
};

#define VERSION_NEWEST MF_COUNT_OF(steps)

static int read_version(sqlite3 *db, uint64_t *ret_version)
{
    struct sql sql;
    int rc;

    mf__sql_prepare(&sql, db, "PRAGMA user_version");
    if (mf__sql_step(&sql)) {
        *ret_version = mf__sql_column_u64(&sql, 0);
    }
    rc = mf__sql_end(&sql);
    return rc;
}

static int run_steps(sqlite3 *db, uint64_t version)
{
    int rc = mf__sql_run(db, "BEGIN EXCLUSIVE");

    for (uint64_t at = version; rc == 0 && at < VERSION_NEWEST; at++) {
        rc = mf__sql_run(db, steps[at]);
    }
    if (rc == 0) {
        char *sql =
            sqlite3_mprintf("PRAGMA user_version = %d", (int)VERSION_NEWEST); /* It takes no parameters. */
        rc = sql == NULL ? MF_E_NO_MEMORY : mf__sql_run(db, sql);
        sqlite3_free(sql);
    }
    if (rc == 0) {
        rc = mf__sql_run(db, "COMMIT");
    }
    if (rc < 0 && sqlite3_get_autocommit(db) == 0) {
        mf_ignore(mf__sql_run(db, "ROLLBACK"));
    }
    return rc;
}

int mf__store_migrate(sqlite3 *db, const char *path, char *ret_why)
{
    uint64_t version = 0;
    int rc = read_version(db, &version);

    if (rc == 0 && version > VERSION_NEWEST) {
        return mf__store_refuse(
            ret_why,
            "%s was written by a newer Mayfly (schema %llu, this one knows %zu); it was left as "
            "it is",
            path, (unsigned long long)version, VERSION_NEWEST);
    }
    if (rc == 0 && version < VERSION_NEWEST) {
        rc = run_steps(db, version);
    }
    if (rc < 0) {
        return mf__store_refuse(ret_why, "%s cannot be brought up to date: %s", path, sqlite3_errmsg(db));
    }
    return 0;
}
