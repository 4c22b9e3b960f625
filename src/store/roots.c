/* roots.c - what holds whole trees: workspaces, their snapshots, drafts and uploads. */
#include "internal.h"

/* An insert that may meet its like: 1 when it did not. */
static int end_insert(struct mf_store *store, struct sql *sql)
{
    int rc;

    (void)mf__sql_step(sql);
    rc = mf__sql_end(sql);
    return rc < 0 ? rc : sqlite3_changes(store->db);
}

/* ---- workspaces ------------------------------------------------------------------------------------- */

#define WORKSPACE_COLUMNS                                                                                    \
    "id, root, revision, bytes_max, inodes_max, changes, changes_since, created_ms, updated_ms, name"

static void read_workspace(struct sql *sql, struct mf_store_workspace *ret_row)
{
    *ret_row = (struct mf_store_workspace){.id = mf__sql_column_u64(sql, 0),
                                           .root = mf__sql_column_u64(sql, 1),
                                           .revision = mf__sql_column_u64(sql, 2),
                                           .bytes_max = mf__sql_column_u64(sql, 3),
                                           .inodes_max = mf__sql_column_u64(sql, 4),
                                           .changes = mf__sql_column_u64(sql, 5),
                                           .changes_since = mf__sql_column_u64(sql, 6),
                                           .created_ms = mf__sql_column_u64(sql, 7),
                                           .updated_ms = mf__sql_column_u64(sql, 8)};
}

int mf_store_workspace_get(struct mf_store *store,
                           struct mf_slice tenant,
                           struct mf_slice name,
                           struct mf_store_workspace *ret_row)
{
    struct sql sql;
    bool is_there;

    mf__sql_reuse(&sql, store, "SELECT " WORKSPACE_COLUMNS " FROM workspaces WHERE tenant = ? AND name = ?");
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_text(&sql, name);
    is_there = mf__sql_step(&sql);
    if (is_there) {
        read_workspace(&sql, ret_row);
    }
    int rc = mf__sql_end(&sql);
    return rc < 0 || is_there ? rc : MF_E_WORKSPACE_UNKNOWN;
}

static void bind_workspace(struct sql *sql, const struct mf_store_workspace *row)
{
    mf__sql_bind_u64(sql, row->root);
    mf__sql_bind_u64(sql, row->revision);
    mf__sql_bind_u64(sql, row->bytes_max);
    mf__sql_bind_u64(sql, row->inodes_max);
    mf__sql_bind_u64(sql, row->changes);
    mf__sql_bind_u64(sql, row->changes_since);
    mf__sql_bind_u64(sql, row->updated_ms);
}

int mf_store_workspace_new(struct mf_store *store,
                           struct mf_slice tenant,
                           struct mf_slice name,
                           struct mf_store_workspace *row)
{
    struct sql sql;
    int rc;

    mf__sql_reuse(&sql, store,
                  "INSERT INTO workspaces (root, revision, bytes_max, inodes_max, changes, changes_since,"
                  " updated_ms, created_ms, tenant, name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                  " ON CONFLICT DO NOTHING");
    bind_workspace(&sql, row);
    mf__sql_bind_u64(&sql, row->created_ms);
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_text(&sql, name);
    rc = end_insert(store, &sql);
    if (rc > 0) {
        row->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
        return 0;
    }
    return rc < 0 ? rc : MF_E_EXISTS;
}

int mf_store_workspace_set(struct mf_store *store, const struct mf_store_workspace *row)
{
    struct sql sql;

    mf__sql_reuse(&sql, store,
                  "UPDATE workspaces SET root = ?, revision = ?, bytes_max = ?, inodes_max = ?, changes = ?,"
                  " changes_since = ?, updated_ms = ? WHERE id = ?");
    bind_workspace(&sql, row);
    mf__sql_bind_u64(&sql, row->id);
    (void)mf__sql_step(&sql);
    return mf__sql_end(&sql);
}

/* Drops each inode that |select| names for |id|, one after the other: |remove| takes it out of its place first. */
static int drop_each(struct mf_store *store, uint64_t id, const char *select, const char *remove)
{
    for (;;) {
        uint64_t inode = 0;
        int rc = mf__sql_numbers(store, select, &id, 1, &inode);
        if (rc <= 0) {
            return rc;
        }
        uint64_t numbers[] = {id, inode};
        rc = mf__sql_numbers(store, remove, numbers, MF_COUNT_OF(numbers), NULL);
        if (rc >= 0) {
            rc = mf_store_inode_drop(store, inode);
        }
        if (rc < 0) {
            return rc;
        }
    }
}

int mf_store_workspace_delete(struct mf_store *store, uint64_t id)
{
    uint64_t root = 0;
    int rc = drop_each(store, id, "SELECT root FROM workspace_snapshots WHERE workspace = ? LIMIT 1",
                       "DELETE FROM workspace_snapshots WHERE workspace = ? AND root = ?");

    if (rc >= 0) {
        rc = drop_each(store, id, "SELECT root FROM workspace_drafts WHERE workspace = ? LIMIT 1",
                       "DELETE FROM workspace_drafts WHERE workspace = ? AND root = ?");
    }
    if (rc >= 0) {
        rc = drop_each(store, id, "SELECT file FROM workspace_uploads WHERE workspace = ? LIMIT 1",
                       "DELETE FROM workspace_uploads WHERE workspace = ? AND file = ?");
    }
    if (rc >= 0) {
        rc = mf__sql_numbers(store, "SELECT root FROM workspaces WHERE id = ?", &id, 1, &root);
    }
    if (rc >= 0) {
        rc = mf__sql_numbers(store, "DELETE FROM workspaces WHERE id = ?", &id, 1, NULL);
    }
    return rc < 0 ? rc : mf_store_inode_drop(store, root);
}

int mf_store_workspaces_each(struct mf_store *store,
                             struct mf_slice tenant,
                             struct mf_slice after,
                             size_t count,
                             int (*on_row)(void *user, const struct mf_store_workspace *row),
                             void *user)
{
    struct sql sql;
    int rc = 0;

    mf__sql_reuse(&sql, store,
                  "SELECT " WORKSPACE_COLUMNS
                  " FROM workspaces WHERE tenant = ? AND name > ? ORDER BY name LIMIT ?");
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_text(&sql, after);
    mf__sql_bind_u64(&sql, count);
    while (rc == 0 && mf__sql_step(&sql)) {
        struct mf_store_workspace row;
        read_workspace(&sql, &row);
        row.name = mf__sql_column(&sql, 9);
        rc = on_row(user, &row);
    }
    int error = mf__sql_end(&sql);
    return rc < 0 ? rc : error;
}

int mf_store_workspaces_count(struct mf_store *store, struct mf_slice tenant, uint64_t *ret_count)
{
    struct sql sql;

    mf__sql_reuse(&sql, store, "SELECT count(*) FROM workspaces WHERE tenant = ?");
    mf__sql_bind_text(&sql, tenant);
    if (mf__sql_step(&sql)) {
        *ret_count = mf__sql_column_u64(&sql, 0);
    }
    return mf__sql_end(&sql);
}

/* ---- snapshots --------------------------------------------------------------------------------------- */

int mf_store_snapshot_new(struct mf_store *store, uint64_t workspace, const struct mf_store_snapshot *row)
{
    struct sql sql;
    int rc;

    mf__sql_reuse(&sql, store,
                  "INSERT INTO workspace_snapshots (workspace, name, root, revision, created_ms)"
                  " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
    mf__sql_bind_u64(&sql, workspace);
    mf__sql_bind_text(&sql, row->name);
    mf__sql_bind_u64(&sql, row->root);
    mf__sql_bind_u64(&sql, row->revision);
    mf__sql_bind_u64(&sql, row->created_ms);
    rc = end_insert(store, &sql);
    return rc < 0 ? rc : rc == 0 ? MF_E_EXISTS : 0;
}

int mf_store_snapshot_get(struct mf_store *store,
                          uint64_t workspace,
                          struct mf_slice name,
                          struct mf_store_snapshot *ret_row)
{
    struct sql sql;
    bool is_there;

    mf__sql_reuse(
        &sql, store,
        "SELECT root, revision, created_ms FROM workspace_snapshots WHERE workspace = ? AND name = ?");
    mf__sql_bind_u64(&sql, workspace);
    mf__sql_bind_text(&sql, name);
    is_there = mf__sql_step(&sql);
    if (is_there) {
        *ret_row = (struct mf_store_snapshot){.root = mf__sql_column_u64(&sql, 0),
                                              .revision = mf__sql_column_u64(&sql, 1),
                                              .created_ms = mf__sql_column_u64(&sql, 2)};
    }
    int rc = mf__sql_end(&sql);
    return rc < 0 || is_there ? rc : MF_E_WORKSPACE_SNAPSHOT;
}

int mf_store_snapshot_delete(struct mf_store *store, uint64_t workspace, struct mf_slice name)
{
    struct mf_store_snapshot row;
    struct sql sql;
    int rc = mf_store_snapshot_get(store, workspace, name, &row);

    if (rc < 0) {
        return rc;
    }
    mf__sql_reuse(&sql, store, "DELETE FROM workspace_snapshots WHERE workspace = ? AND name = ?");
    mf__sql_bind_u64(&sql, workspace);
    mf__sql_bind_text(&sql, name);
    (void)mf__sql_step(&sql);
    rc = mf__sql_end(&sql);
    return rc < 0 ? rc : mf_store_inode_drop(store, row.root);
}

int mf_store_snapshots_each(struct mf_store *store,
                            uint64_t workspace,
                            int (*on_row)(void *user, const struct mf_store_snapshot *row),
                            void *user)
{
    struct sql sql;
    int rc = 0;

    mf__sql_reuse(&sql, store,
                  "SELECT name, root, revision, created_ms FROM workspace_snapshots WHERE workspace = ?"
                  " ORDER BY name");
    mf__sql_bind_u64(&sql, workspace);
    while (rc == 0 && mf__sql_step(&sql)) {
        struct mf_store_snapshot row = {.name = mf__sql_column(&sql, 0),
                                        .root = mf__sql_column_u64(&sql, 1),
                                        .revision = mf__sql_column_u64(&sql, 2),
                                        .created_ms = mf__sql_column_u64(&sql, 3)};
        rc = on_row(user, &row);
    }
    int error = mf__sql_end(&sql);
    return rc < 0 ? rc : error;
}

/* ---- drafts, uploads ---------------------------------------------------------------------------------- */

int mf_store_draft_new(struct mf_store *store, struct mf_store_draft *row)
{
    uint64_t numbers[] = {row->workspace, row->root, row->base};
    int rc = mf__sql_numbers(store, "INSERT INTO workspace_drafts (workspace, root, base) VALUES (?, ?, ?)",
                             numbers, MF_COUNT_OF(numbers), NULL);

    if (rc >= 0) {
        row->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
    }
    return rc < 0 ? rc : 0;
}

int mf_store_drafts_count(struct mf_store *store, uint64_t workspace, uint64_t *ret_count)
{
    int rc = mf__sql_numbers(store, "SELECT count(*) FROM workspace_drafts WHERE workspace = ?", &workspace,
                             1, ret_count);
    return rc < 0 ? rc : 0;
}

int mf_store_draft_get(struct mf_store *store, uint64_t id, struct mf_store_draft *ret_row)
{
    struct sql sql;
    bool is_there;

    mf__sql_reuse(&sql, store, "SELECT id, workspace, root, base FROM workspace_drafts WHERE id = ?");
    mf__sql_bind_u64(&sql, id);
    is_there = mf__sql_step(&sql);
    if (is_there) {
        *ret_row = (struct mf_store_draft){.id = mf__sql_column_u64(&sql, 0),
                                           .workspace = mf__sql_column_u64(&sql, 1),
                                           .root = mf__sql_column_u64(&sql, 2),
                                           .base = mf__sql_column_u64(&sql, 3)};
    }
    int rc = mf__sql_end(&sql);
    return rc < 0 || is_there ? rc : MF_E_NOT_FOUND;
}

int mf_store_draft_set_root(struct mf_store *store, uint64_t id, uint64_t root)
{
    uint64_t numbers[] = {root, id};
    int rc = mf__sql_numbers(store, "UPDATE workspace_drafts SET root = ? WHERE id = ?", numbers,
                             MF_COUNT_OF(numbers), NULL);
    return rc < 0 ? rc : 0;
}

int mf_store_draft_delete(struct mf_store *store, uint64_t id)
{
    struct mf_store_draft row;
    int rc = mf_store_draft_get(store, id, &row);

    if (rc < 0) {
        return rc;
    }
    uint64_t numbers[] = {row.workspace, id};
    rc = mf__sql_numbers(store, "DELETE FROM workspace_changes WHERE workspace = ? AND draft = ?", numbers,
                         MF_COUNT_OF(numbers), NULL);
    if (rc >= 0) {
        rc = mf__sql_numbers(store, "DELETE FROM workspace_drafts WHERE id = ?", &id, 1, NULL);
    }
    return rc < 0 ? rc : mf_store_inode_drop(store, row.root);
}

int mf_store_upload_new(struct mf_store *store, uint64_t workspace, uint64_t file)
{
    uint64_t numbers[] = {file, workspace};
    int rc = mf__sql_numbers(store, "INSERT INTO workspace_uploads (file, workspace) VALUES (?, ?)", numbers,
                             MF_COUNT_OF(numbers), NULL);
    return rc < 0 ? rc : 0;
}

int mf_store_upload_check(struct mf_store *store, uint64_t workspace, uint64_t file)
{
    uint64_t numbers[] = {file, workspace};
    int rc = mf__sql_numbers(store, "SELECT 1 FROM workspace_uploads WHERE file = ? AND workspace = ?",
                             numbers, MF_COUNT_OF(numbers), NULL);
    return rc == 0 ? MF_E_NOT_FOUND : rc < 0 ? rc : 0;
}

int mf_store_upload_delete(struct mf_store *store, uint64_t file)
{
    int rc = mf__sql_numbers(store, "DELETE FROM workspace_uploads WHERE file = ?", &file, 1, NULL);

    if (rc >= 0 && sqlite3_changes(store->db) == 0) {
        rc = MF_E_NOT_FOUND;
    }
    return rc < 0 ? rc : 0;
}

int mf_store_uploads_size(struct mf_store *store, uint64_t workspace, uint64_t *ret_bytes)
{
    int rc = mf__sql_numbers(store,
                             "SELECT coalesce(sum(i.size), 0) FROM workspace_uploads u"
                             " JOIN inodes i ON i.id = u.file WHERE u.workspace = ?",
                             &workspace, 1, ret_bytes);
    return rc < 0 ? rc : 0;
}
