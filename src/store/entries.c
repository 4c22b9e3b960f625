/* entries.c - what is in a directory, and what is in a file. */
#include "internal.h"

int mf_store_entry_get(struct mf_store *store,
                       uint64_t parent,
                       struct mf_slice name,
                       struct mf_inode *ret_inode)
{
    struct sql sql;
    bool is_there;

    mf__sql_reuse(&sql, store,
                  "SELECT " FS_INODE_COLUMNS " FROM entries e JOIN inodes i ON i.id = e.inode"
                  " WHERE e.parent = ? AND e.name = ?");
    mf__sql_bind_u64(&sql, parent);
    mf__sql_bind_text(&sql, name);
    is_there = mf__sql_step(&sql);
    if (is_there) {
        mf__fs_read_inode(&sql, 0, ret_inode);
    }
    int rc = mf__sql_end(&sql);
    return rc < 0 || is_there ? rc : MF_E_NOT_FOUND;
}

int mf_store_entry_put(struct mf_store *store, uint64_t parent, struct mf_slice name, uint64_t inode)
{
    struct sql sql;

    mf__sql_reuse(&sql, store,
                  "INSERT INTO entries (parent, name, inode) VALUES (?, ?, ?)"
                  " ON CONFLICT (parent, name) DO UPDATE SET inode = excluded.inode");
    mf__sql_bind_u64(&sql, parent);
    mf__sql_bind_text(&sql, name);
    mf__sql_bind_u64(&sql, inode);
    (void)mf__sql_step(&sql);
    return mf__sql_end(&sql);
}

int mf_store_entry_delete(struct mf_store *store, uint64_t parent, struct mf_slice name)
{
    struct sql sql;

    mf__sql_reuse(&sql, store, "DELETE FROM entries WHERE parent = ? AND name = ?");
    mf__sql_bind_u64(&sql, parent);
    mf__sql_bind_text(&sql, name);
    (void)mf__sql_step(&sql);
    return mf__sql_end(&sql);
}

int mf_store_entries_each(struct mf_store *store,
                          uint64_t parent,
                          struct mf_slice after,
                          size_t count,
                          mf_store_entry_cb *on_entry,
                          void *user)
{
    struct sql sql;
    int rc = 0;

    mf__sql_reuse(&sql, store,
                  "SELECT e.name, " FS_INODE_COLUMNS " FROM entries e JOIN inodes i ON i.id = e.inode"
                  " WHERE e.parent = ? AND e.name > ? ORDER BY e.name LIMIT ?");
    mf__sql_bind_u64(&sql, parent);
    mf__sql_bind_text(&sql, after);
    mf__sql_bind_u64(&sql, count);
    while (rc == 0 && mf__sql_step(&sql)) {
        struct mf_inode inode;
        mf__fs_read_inode(&sql, 1, &inode);
        rc = on_entry(user, mf__sql_column(&sql, 0), &inode);
    }
    int error = mf__sql_end(&sql);
    return rc < 0 || error == 0 ? rc : error;
}

int mf_store_entries_copy(struct mf_store *store, uint64_t from, uint64_t to)
{
    uint64_t numbers[] = {to, from};
    int rc = mf__sql_numbers(store,
                             "INSERT INTO entries (parent, name, inode)"
                             " SELECT ?, name, inode FROM entries WHERE parent = ? ORDER BY name",
                             numbers, MF_COUNT_OF(numbers), NULL);
    return rc < 0 ? rc : 0;
}

/* ---- content ------------------------------------------------------------------------------------------- */

static int find_chunk(struct mf_store *store,
                      struct mf_slice tenant,
                      const uint8_t hash[MF_STORE_HASH_BYTES],
                      uint64_t *ret_id)
{
    struct sql sql;

    *ret_id = 0;
    mf__sql_reuse(&sql, store, "SELECT id FROM chunks WHERE tenant = ? AND hash = ? AND is_small = 0");
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_blob(&sql, mf_slice_of(hash, MF_STORE_HASH_BYTES));
    if (mf__sql_step(&sql)) {
        *ret_id = mf__sql_column_u64(&sql, 0);
    }
    return mf__sql_end(&sql);
}

static int make_chunk(struct mf_store *store,
                      struct mf_slice tenant,
                      const uint8_t hash[MF_STORE_HASH_BYTES],
                      struct mf_slice bytes,
                      uint64_t *ret_id)
{
    struct sql sql;
    int rc;

    mf__sql_reuse(&sql, store, "INSERT INTO chunks (tenant, hash, is_small) VALUES (?, ?, ?)");
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_blob(&sql, mf_slice_of(hash, MF_STORE_HASH_BYTES));
    mf__sql_bind_u64(&sql, bytes.size < MF_FS_CHUNK_SHARED_BYTES_MIN ? 1 : 0);
    (void)mf__sql_step(&sql);
    rc = mf__sql_end(&sql);
    if (rc < 0) {
        return rc;
    }
    *ret_id = (uint64_t)sqlite3_last_insert_rowid(store->db);
    mf__sql_reuse(&sql, store, "INSERT INTO chunk_bytes (chunk, bytes) VALUES (?, ?)");
    mf__sql_bind_u64(&sql, *ret_id);
    mf__sql_bind_blob(&sql, bytes);
    (void)mf__sql_step(&sql);
    return mf__sql_end(&sql);
}

int mf_store_chunk_put(struct mf_store *store,
                       uint64_t file,
                       uint64_t index,
                       struct mf_slice tenant,
                       const uint8_t hash[MF_STORE_HASH_BYTES],
                       struct mf_slice bytes)
{
    uint64_t chunk = 0;
    uint64_t before[] = {file, index};
    int rc = bytes.size < MF_FS_CHUNK_SHARED_BYTES_MIN ? 0 : find_chunk(store, tenant, hash, &chunk);

    MF_ASSERT(bytes.size > 0 && bytes.size <= MF_FS_CHUNK_BYTES);
    if (rc == 0 && chunk == 0) {
        rc = make_chunk(store, tenant, hash, bytes, &chunk);
    }
    /* The new one is there before the old one goes: they may be the same, which then stays. */
    uint64_t numbers[] = {file, index, chunk};
    uint64_t old = 0;
    if (rc == 0) {
        rc = mf__sql_numbers(store, "SELECT chunk FROM file_chunks WHERE file = ? AND number = ?", before,
                             MF_COUNT_OF(before), &old);
    }
    if (rc < 0 || old == chunk) {
        return rc < 0 ? rc : 0;
    }
    if (old != 0) {
        rc = mf__sql_numbers(store, "DELETE FROM file_chunks WHERE file = ? AND number = ?", before,
                             MF_COUNT_OF(before), NULL);
    }
    if (rc >= 0) {
        rc = mf__sql_numbers(store, "INSERT INTO file_chunks (file, number, chunk) VALUES (?, ?, ?)", numbers,
                             MF_COUNT_OF(numbers), NULL);
    }
    return rc < 0 ? rc : 0;
}

int mf_store_chunk_get(struct mf_store *store,
                       uint64_t file,
                       uint64_t index,
                       uint8_t ret_hash[MF_STORE_HASH_BYTES],
                       struct mf_buf *ret_bytes)
{
    struct sql sql;
    int rc = 0;

    mf__sql_reuse(&sql, store,
                  "SELECT b.bytes, c.hash FROM file_chunks f JOIN chunk_bytes b ON b.chunk = f.chunk"
                  " JOIN chunks c ON c.id = f.chunk WHERE f.file = ? AND f.number = ?");
    mf__sql_bind_u64(&sql, file);
    mf__sql_bind_u64(&sql, index);
    if (mf__sql_step(&sql)) {
        struct mf_slice hash = mf__sql_column(&sql, 1);
        rc = hash.size != MF_STORE_HASH_BYTES ? MF_E_STORE
                                              : mf_buf_append_slice(ret_bytes, mf__sql_column(&sql, 0));
        if (rc == 0) {
            memcpy(ret_hash, hash.data, hash.size);
            rc = 1;
        }
    }
    int error = mf__sql_end(&sql);
    return error < 0 ? error : rc;
}

int mf_store_chunks_cut(struct mf_store *store, uint64_t file, uint64_t index)
{
    uint64_t numbers[] = {file, index};
    int rc = mf__sql_numbers(store, "DELETE FROM file_chunks WHERE file = ? AND number >= ?", numbers,
                             MF_COUNT_OF(numbers), NULL);
    return rc < 0 ? rc : 0;
}

int mf_store_chunks_copy(struct mf_store *store, uint64_t from, uint64_t to)
{
    uint64_t numbers[] = {to, from};
    int rc = mf__sql_numbers(store,
                             "INSERT INTO file_chunks (file, number, chunk)"
                             " SELECT ?, number, chunk FROM file_chunks WHERE file = ?",
                             numbers, MF_COUNT_OF(numbers), NULL);
    return rc < 0 ? rc : 0;
}
