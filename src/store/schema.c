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
    /* 3: workspaces (store_fs.h). Where an inode stands is what the indexes on entries and roots say, and whose content a
     * chunk is is what the one on file_chunks says: there is no count that could be wrong. The bytes of a chunk lie apart,
     * so that nothing else drags them along. Small ones are not looked for by their hash: an index of hashes is written all over. */
    "CREATE TABLE inodes ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),"
    "  mode INTEGER NOT NULL CHECK (mode BETWEEN 0 AND 4095),"
    "  size INTEGER NOT NULL CHECK (size >= 0),"
    "  inodes INTEGER NOT NULL CHECK (inodes > 0),"
    "  revision INTEGER NOT NULL CHECK (revision >= 0),"
    "  changed_ms INTEGER NOT NULL,"
    "  created_ms INTEGER NOT NULL,"
    "  levels INTEGER NOT NULL CHECK (levels >= 0),"
    "  reach INTEGER NOT NULL CHECK (reach >= 0),"
    "  target TEXT,"
    "  CHECK ((kind = 3) = (target IS NOT NULL))"
    ") STRICT;"
    "CREATE TABLE entries ("
    "  parent INTEGER NOT NULL REFERENCES inodes (id) ON DELETE RESTRICT,"
    "  name TEXT NOT NULL,"
    "  inode INTEGER NOT NULL REFERENCES inodes (id) ON DELETE RESTRICT,"
    "  PRIMARY KEY (parent, name)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX entries_by_inode ON entries (inode);"
    "CREATE TABLE chunks ("
    "  id INTEGER PRIMARY KEY,"
    "  tenant TEXT NOT NULL,"
    "  hash BLOB NOT NULL CHECK (length(hash) = 32),"
    "  is_small INTEGER NOT NULL CHECK (is_small IN (0, 1))"
    ") STRICT;"
    "CREATE UNIQUE INDEX chunks_by_hash ON chunks (tenant, hash) WHERE is_small = 0;"
    "CREATE TABLE chunk_bytes ("
    "  chunk INTEGER PRIMARY KEY REFERENCES chunks (id) ON DELETE CASCADE,"
    "  bytes BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE file_chunks ("
    "  file INTEGER NOT NULL REFERENCES inodes (id) ON DELETE RESTRICT,"
    "  number INTEGER NOT NULL CHECK (number >= 0),"
    "  chunk INTEGER NOT NULL REFERENCES chunks (id) ON DELETE RESTRICT,"
    "  PRIMARY KEY (file, number)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX file_chunks_by_chunk ON file_chunks (chunk);"
    "CREATE TRIGGER chunk_unused AFTER DELETE ON file_chunks BEGIN"
    "  DELETE FROM chunks WHERE id = OLD.chunk"
    "    AND NOT EXISTS (SELECT 1 FROM file_chunks WHERE chunk = OLD.chunk);"
    "END;"
    "CREATE TABLE workspaces ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  tenant TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  root INTEGER NOT NULL REFERENCES inodes (id) ON DELETE RESTRICT,"
    "  revision INTEGER NOT NULL CHECK (revision >= 0),"
    "  bytes_max INTEGER NOT NULL,"
    "  inodes_max INTEGER NOT NULL,"
    "  changes INTEGER NOT NULL CHECK (changes >= 0),"
    "  changes_since INTEGER NOT NULL,"
    "  created_ms INTEGER NOT NULL,"
    "  updated_ms INTEGER NOT NULL,"
    "  UNIQUE (tenant, name)"
    ") STRICT;"
    "CREATE INDEX workspaces_by_root ON workspaces (root);"
    "CREATE TABLE workspace_snapshots ("
    "  workspace INTEGER NOT NULL REFERENCES workspaces (id) ON DELETE RESTRICT,"
    "  name TEXT NOT NULL,"
    "  root INTEGER NOT NULL REFERENCES inodes (id) ON DELETE RESTRICT,"
    "  revision INTEGER NOT NULL,"
    "  created_ms INTEGER NOT NULL,"
    "  PRIMARY KEY (workspace, name)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX workspace_snapshots_by_root ON workspace_snapshots (root);"
    "CREATE TABLE workspace_drafts ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  workspace INTEGER NOT NULL REFERENCES workspaces (id) ON DELETE RESTRICT,"
    "  root INTEGER NOT NULL REFERENCES inodes (id) ON DELETE RESTRICT,"
    "  base INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX workspace_drafts_by_root ON workspace_drafts (root);"
    "CREATE INDEX workspace_drafts_by_workspace ON workspace_drafts (workspace);"
    "CREATE TABLE workspace_uploads ("
    "  file INTEGER PRIMARY KEY REFERENCES inodes (id) ON DELETE RESTRICT,"
    "  workspace INTEGER NOT NULL REFERENCES workspaces (id) ON DELETE RESTRICT"
    ") STRICT;"
    "CREATE INDEX workspace_uploads_by_workspace ON workspace_uploads (workspace);"
    "CREATE TABLE workspace_changes ("
    "  workspace INTEGER NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,"
    "  draft INTEGER NOT NULL,"
    "  revision INTEGER NOT NULL,"
    "  number INTEGER NOT NULL,"
    "  kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4),"
    "  path TEXT NOT NULL,"
    "  source TEXT,"
    "  PRIMARY KEY (workspace, draft, revision, number)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE inode_garbage ("
    "  inode INTEGER PRIMARY KEY REFERENCES inodes (id) ON DELETE CASCADE"
    ") STRICT;",
    /* 4: sums of usage, and up to where the ledger's files are in them. */
    "CREATE TABLE usage ("
    "  tenant TEXT NOT NULL,"
    "  day INTEGER NOT NULL,"
    "  worker TEXT NOT NULL,"
    "  hash TEXT NOT NULL,"
    "  runs INTEGER NOT NULL,"
    "  cpu_ns INTEGER NOT NULL,"
    "  wall_ns INTEGER NOT NULL,"
    "  host_wait_ns INTEGER NOT NULL,"
    "  memory_peak_bytes INTEGER NOT NULL,"
    "  bytes_in INTEGER NOT NULL,"
    "  bytes_out INTEGER NOT NULL,"
    "  subrequests INTEGER NOT NULL,"
    "  calls INTEGER NOT NULL,"
    "  PRIMARY KEY (tenant, day, worker, hash)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE usage_mark ("
    "  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),"
    "  segment INTEGER NOT NULL,"
    "  offset INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO usage_mark (one, segment, offset) VALUES (1, 0, 0);",
    /* 5: tenants and tokens. The operator's own tenant, "", has no row. */
    "CREATE TABLE tenants ("
    "  name TEXT NOT NULL PRIMARY KEY,"
    "  quotas TEXT NOT NULL,"
    "  created_ms INTEGER NOT NULL,"
    "  updated_ms INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE tokens ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  tenant TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  scopes TEXT NOT NULL,"
    "  digest BLOB NOT NULL CHECK (length(digest) = 32),"
    "  previous BLOB NOT NULL CHECK (length(previous) IN (0, 32)),"
    "  previous_ends_ms INTEGER NOT NULL,"
    "  created_ms INTEGER NOT NULL,"
    "  rotated_ms INTEGER NOT NULL,"
    "  expires_ms INTEGER NOT NULL,"
    "  used_ms INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX tokens_by_tenant ON tokens (tenant, id);",
    /* 6: what is stored, as usage: bytes times seconds, and until when that was added up. What each tenant's workers take is a sum that
     * is kept up to date, so that it costs the same for ten and for a million of them. */
    "ALTER TABLE usage ADD COLUMN storage_byte_s INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE usage_storage ("
    "  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),"
    "  until_s INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO usage_storage (one, until_s) VALUES (1, 0);"
    "CREATE TABLE worker_bytes ("
    "  tenant TEXT NOT NULL PRIMARY KEY,"
    "  bytes INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "INSERT INTO worker_bytes (tenant, bytes) SELECT tenant, sum(length(code)) FROM worker_codes GROUP BY tenant;"
    "CREATE TRIGGER worker_codes_added AFTER INSERT ON worker_codes BEGIN"
    "  INSERT INTO worker_bytes (tenant, bytes) VALUES (new.tenant, length(new.code))"
    "    ON CONFLICT (tenant) DO UPDATE SET bytes = bytes + excluded.bytes;"
    " END;"
    "CREATE TRIGGER worker_codes_removed AFTER DELETE ON worker_codes BEGIN"
    "  UPDATE worker_bytes SET bytes = bytes - length(old.code) WHERE tenant = old.tenant;"
    "  DELETE FROM worker_bytes WHERE tenant = old.tenant AND bytes = 0;"
    " END;",
    /* 7: sums of usage as they are pushed: the number of each row's last change, and up to which a receiver has them. */
    "ALTER TABLE usage ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;"
    "UPDATE usage SET changed = n FROM (SELECT tenant AS t, day AS d, worker AS w, hash AS h,"
    "  row_number() OVER (ORDER BY tenant, day, worker, hash) AS n FROM usage)"
    "  WHERE tenant = t AND day = d AND worker = w AND hash = h;"
    "CREATE UNIQUE INDEX usage_by_changed ON usage (changed);"
    "CREATE TABLE usage_push ("
    "  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),"
    "  store TEXT NOT NULL,"
    "  cursor INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO usage_push (one, store, cursor) VALUES (1, lower(hex(randomblob(16))), 0);",
    /* 8: V8's code caches of workers' code, which go with it. */
    "CREATE TABLE worker_code_caches ("
    "  tenant TEXT NOT NULL,"
    "  hash TEXT NOT NULL,"
    "  build TEXT NOT NULL,"
    "  digest BLOB NOT NULL,"
    "  parts BLOB NOT NULL,"
    "  PRIMARY KEY (tenant, hash),"
    "  FOREIGN KEY (tenant, hash) REFERENCES worker_codes (tenant, hash) ON DELETE CASCADE"
    ") STRICT;",
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
