/* inodes.c - inodes, who points at them, and who reads them. Transactions of the fs files. */
#include "internal.h"

/* With NORMAL a commit does not wait for the disk; the next one with FULL takes it along, as both are in one log. */
int mf__store_set_lazy(struct mf_store *store, bool is_lazy)
{
    int rc = 0;

    if (is_lazy != store->is_lazy) {
        rc = mf__sql_run(store->db, is_lazy ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL");
    }
    store->is_lazy = rc == 0 ? is_lazy : store->is_lazy;
    return rc;
}

int mf_store_fs_begin(struct mf_store *store, enum mf_store_fs_access access)
{
    int rc = 0;

    if (mf__store_is_in_round(store)) {
        return mf__store_part_begin(store, access);
    }
    uv_mutex_lock(&store->lock);
    if (access != MF_STORE_FS_READ) {
        rc = mf__store_set_lazy(store, access == MF_STORE_FS_WRITE_LAZY);
    }
    rc = rc < 0 ? rc : mf__sql_do(store, access == MF_STORE_FS_READ ? "BEGIN" : "BEGIN IMMEDIATE");
    if (rc < 0) {
        uv_mutex_unlock(&store->lock);
    }
    return rc;
}

int mf_store_sync(struct mf_store *store)
{
    sqlite3_file *log = NULL;
    int code;

    uv_mutex_lock(&store->lock);
    code = sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, (void *)&log);
    if (code == SQLITE_OK && log != NULL && log->pMethods != NULL) { /* Else nothing was ever written. */
        code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    }
    uv_mutex_unlock(&store->lock);
    if (code != SQLITE_OK) {
        mf_log(MF_LOG_ERROR, MF_E_STORE, NULL, "store: the disk did not take what was written: %s (%d)",
               sqlite3_errstr(code), code);
        return MF_E_STORE;
    }
    return 0;
}

int mf_store_fs_end(struct mf_store *store, int error)
{
    if (mf__store_is_in_round(store)) {
        return mf__store_part_end(store, error);
    }
    if (error >= 0) {
        error = mf__sql_do(store, "COMMIT");
    }
    if (error < 0 && sqlite3_get_autocommit(store->db) == 0) {
        mf_ignore(
            mf__sql_run(store->db, "ROLLBACK")); /* It was logged; the first error is the one to tell. */
    }
    uv_mutex_unlock(&store->lock);
    return error;
}

/* ---- rows ------------------------------------------------------------------------------------------ */

/* Whatever the file says: those who write dates rely on it. */
static uint64_t time_of(struct sql *sql, int index)
{
    uint64_t ms = mf__sql_column_u64(sql, index);

    return ms < MF_FS_TIME_MS_MAX ? ms : MF_FS_TIME_MS_MAX;
}

void mf__fs_read_inode(struct sql *sql, int first, struct mf_inode *ret_inode)
{
    *ret_inode = (struct mf_inode){.id = mf__sql_column_u64(sql, first),
                                   .kind = (enum mf_inode_kind)mf__sql_column_u64(sql, first + 1),
                                   .mode = (uint32_t)mf__sql_column_u64(sql, first + 2),
                                   .size = mf__sql_column_u64(sql, first + 3),
                                   .inodes = mf__sql_column_u64(sql, first + 4),
                                   .revision = mf__sql_column_u64(sql, first + 5),
                                   .changed_ms = time_of(sql, first + 6),
                                   .created_ms = time_of(sql, first + 7),
                                   .levels = mf__sql_column_u64(sql, first + 8),
                                   .reach = mf__sql_column_u64(sql, first + 9)};
}

static void bind_inode(struct sql *sql, const struct mf_inode *inode)
{
    mf__sql_bind_u64(sql, inode->mode);
    mf__sql_bind_u64(sql, inode->size);
    mf__sql_bind_u64(sql, inode->inodes);
    mf__sql_bind_u64(sql, inode->revision);
    mf__sql_bind_u64(sql, inode->changed_ms);
    mf__sql_bind_u64(sql, inode->created_ms);
    mf__sql_bind_u64(sql, inode->levels);
    mf__sql_bind_u64(sql, inode->reach);
}

int mf_store_inode_new(struct mf_store *store, struct mf_inode *inode, struct mf_slice target)
{
    struct sql sql;
    int rc;

    mf__sql_reuse(&sql, store,
                  "INSERT INTO inodes (mode, size, inodes, revision, changed_ms, created_ms, levels, reach,"
                  " kind, target) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind_inode(&sql, inode);
    mf__sql_bind_u64(&sql, (uint64_t)inode->kind);
    if (inode->kind == MF_INODE_SYMLINK) {
        mf__sql_bind_text(&sql, target);
    } else {
        mf__sql_bind_null(&sql);
    }
    (void)mf__sql_step(&sql);
    rc = mf__sql_end(&sql);
    if (rc == 0) {
        inode->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
    }
    return rc;
}

int mf_store_inode_get(struct mf_store *store, uint64_t id, struct mf_inode *ret_inode)
{
    struct sql sql;
    bool is_there;

    mf__sql_reuse(&sql, store, "SELECT " FS_INODE_COLUMNS " FROM inodes i WHERE id = ?");
    mf__sql_bind_u64(&sql, id);
    is_there = mf__sql_step(&sql);
    if (is_there) {
        mf__fs_read_inode(&sql, 0, ret_inode);
    }
    int rc = mf__sql_end(&sql);
    return rc < 0 || is_there ? rc : MF_E_NOT_FOUND;
}

int mf_store_inode_set(struct mf_store *store, const struct mf_inode *inode)
{
    struct sql sql;

    mf__sql_reuse(&sql, store,
                  "UPDATE inodes SET mode = ?, size = ?, inodes = ?, revision = ?, changed_ms = ?,"
                  " created_ms = ?, levels = ?, reach = ? WHERE id = ?");
    bind_inode(&sql, inode);
    mf__sql_bind_u64(&sql, inode->id);
    (void)mf__sql_step(&sql);
    return mf__sql_end(&sql);
}

int mf_store_inode_target(struct mf_store *store, uint64_t id, struct mf_buf *ret_target)
{
    struct sql sql;
    int rc = MF_E_NOT_FOUND;

    mf__sql_reuse(&sql, store, "SELECT target FROM inodes WHERE id = ? AND kind = 3");
    mf__sql_bind_u64(&sql, id);
    if (mf__sql_step(&sql)) {
        rc = mf_buf_append_slice(ret_target, mf__sql_column(&sql, 0));
    }
    int error = mf__sql_end(&sql);
    return error < 0 ? error : rc;
}

/* ---- where it stands --------------------------------------------------------------------------------- */

bool mf__fs_is_pinned(struct mf_store *store, uint64_t id)
{
    bool is_pinned = false;

    uv_mutex_lock(&store->pins_lock);
    for (size_t i = 0; !is_pinned && i < store->pins_count; i++) {
        is_pinned = store->pins[i] == id;
    }
    uv_mutex_unlock(&store->pins_lock);
    return is_pinned;
}

int mf_store_pin(struct mf_store *store, uint64_t id)
{
    int rc = 0;

    uv_mutex_lock(&store->pins_lock);
    if (store->pins_count < MF_FS_PINS_MAX) {
        store->pins[store->pins_count++] = id;
    } else {
        rc = MF_E_AGAIN;
    }
    uv_mutex_unlock(&store->pins_lock);
    return rc;
}

void mf_store_unpin(struct mf_store *store, uint64_t id)
{
    size_t at = 0;

    uv_mutex_lock(&store->pins_lock);
    while (at < store->pins_count && store->pins[at] != id) {
        at++;
    }
    MF_ASSERT(at < store->pins_count);
    store->pins[at] = store->pins[--store->pins_count];
    uv_mutex_unlock(&store->pins_lock);
}

/* How many places; no more than two are looked for in each table. */
static int count_places(struct mf_store *store, uint64_t id, uint64_t *ret_count)
{
    return mf__sql_numbers(
        store,
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM entries WHERE inode = ?1 LIMIT 2))"
        " + (SELECT count(*) FROM (SELECT 1 FROM workspaces WHERE root = ?1 LIMIT 2))"
        " + (SELECT count(*) FROM (SELECT 1 FROM workspace_snapshots WHERE root = ?1 LIMIT 2))"
        " + (SELECT count(*) FROM (SELECT 1 FROM workspace_drafts WHERE root = ?1 LIMIT 2))"
        " + (SELECT count(*) FROM workspace_uploads WHERE file = ?1)",
        &id, 1, ret_count);
}

int mf_store_inode_is_shared(struct mf_store *store, uint64_t id, bool *ret_shared)
{
    uint64_t count = 0;
    int rc = count_places(store, id, &count);

    if (rc >= 0) {
        *ret_shared = count > 1 || mf__fs_is_pinned(store, id);
    }
    return rc < 0 ? rc : 0;
}

int mf_store_inode_drop(struct mf_store *store, uint64_t id)
{
    uint64_t count = 0;
    int rc = count_places(store, id, &count);

    if (rc >= 0 && count == 0) {
        rc = mf__sql_numbers(store, "INSERT OR IGNORE INTO inode_garbage (inode) VALUES (?)", &id, 1, NULL);
    }
    return rc < 0 ? rc : 0;
}
