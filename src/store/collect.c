/* collect.c - what stands nowhere any more, removed step by step; what a crash left; and a look at the whole. */
#include "internal.h"

#include <stdio.h>

struct step {
    struct mf_store *store;
    uint64_t rows_left;
    uint64_t bytes_left;
};

static void spend(uint64_t *left, uint64_t cost)
{
    *left -= cost < *left ? cost : *left;
}

/* The newest garbage below |before| that nobody reads: 1, or 0. Newest first: what is below a directory comes next, so that the
 * table stays small. */
static int next_garbage(struct mf_store *store, uint64_t before, struct mf_inode *ret_inode)
{
    for (;;) {
        int rc = mf__sql_numbers(
            store, "SELECT inode FROM inode_garbage WHERE inode < ? ORDER BY inode DESC LIMIT 1", &before, 1,
            &before);
        if (rc <= 0) {
            return rc;
        }
        if (!mf__fs_is_pinned(store, before)) {
            rc = mf_store_inode_get(store, before, ret_inode);
            return rc < 0 ? rc : 1;
        }
    }
}

struct first {
    struct mf_buf name;
    uint64_t inode;
};

static int take_first(void *user, struct mf_slice name, const struct mf_inode *inode)
{
    struct first *first = user;

    first->inode = inode->id;
    return mf_buf_append_slice(&first->name, name);
}

/* 1: nothing is left in it. */
static int empty_directory(struct step *step, uint64_t id)
{
    struct first first;
    int rc = 0;

    mf_buf_init(&first.name, MF_FS_NAME_BYTES_MAX);
    while (rc == 0 && step->rows_left > 0) {
        first.inode = 0;
        mf_buf_reset(&first.name);
        rc = mf_store_entries_each(step->store, id, mf_slice_of(NULL, 0), 1, take_first, &first);
        if (rc == 0 && first.inode == 0) {
            rc = 1;
        }
        if (rc == 0) {
            rc = mf_store_entry_delete(step->store, id, mf_buf_peek(&first.name));
        }
        if (rc == 0) {
            rc = mf_store_inode_drop(step->store, first.inode);
        }
        spend(&step->rows_left, 1);
    }
    mf_buf_done(&first.name);
    return rc;
}

/* Likewise. From its end, so that it stays a shorter file. */
static int empty_file(struct step *step, uint64_t id)
{
    for (;;) {
        uint64_t last = 0;
        int rc = mf__sql_numbers(step->store,
                                 "SELECT number FROM file_chunks WHERE file = ? ORDER BY number DESC LIMIT 1",
                                 &id, 1, &last);
        if (rc <= 0) {
            return rc < 0 ? rc : 1;
        }
        if (step->rows_left == 0 || step->bytes_left == 0) {
            return 0;
        }
        rc = mf_store_chunks_cut(step->store, id, last);
        if (rc < 0) {
            return rc;
        }
        spend(&step->rows_left, 1);
        spend(&step->bytes_left, MF_FS_CHUNK_BYTES);
        if (last == 0) {
            return 1; /* That was the first of them. */
        }
    }
}

/* What a daemon before this one left under way becomes garbage. */
static int remove_lost(struct mf_store *store)
{
    uint64_t id = 0;
    int rc;

    while ((rc = mf__sql_numbers(store, "SELECT id FROM workspace_drafts WHERE id <= ? LIMIT 1",
                                 &store->lost_draft, 1, &id)) > 0) {
        rc = mf_store_draft_delete(store, id);
        if (rc < 0) {
            return rc;
        }
    }
    while (rc == 0 &&
           (rc = mf__sql_numbers(store, "SELECT file FROM workspace_uploads WHERE file <= ? LIMIT 1",
                                 &store->lost_upload, 1, &id)) > 0) {
        rc = mf_store_upload_delete(store, id);
        rc = rc < 0 ? rc : mf_store_inode_drop(store, id);
    }
    if (rc == 0) {
        store->lost_draft = 0;
        store->lost_upload = 0;
    }
    return rc;
}

int mf_store_collect(struct mf_store *store, bool *ret_left)
{
    struct step step = {
        .store = store, .rows_left = MF_FS_COLLECT_ROWS_MAX, .bytes_left = MF_FS_COLLECT_BYTES_MAX};
    struct mf_inode inode;
    int rc = remove_lost(store);

    rc = rc < 0 ? rc : 1;
    while (rc > 0 && step.rows_left > 0 && step.bytes_left > 0) {
        rc = next_garbage(store, INT64_MAX, &inode);
        if (rc <= 0) {
            break;
        }
        rc =
            inode.kind == MF_INODE_DIRECTORY ? empty_directory(&step, inode.id) : empty_file(&step, inode.id);
        spend(&step.rows_left, 1);
        if (rc > 0) {
            rc = mf__sql_numbers(store, "DELETE FROM inodes WHERE id = ?", &inode.id, 1, NULL);
            rc = rc < 0 ? rc : 1;
        }
    }
    if (rc >= 0) {
        rc = next_garbage(store, INT64_MAX, &inode);
    }
    if (rc >= 0) {
        *ret_left = rc > 0;
    }
    return rc < 0 ? rc : 0;
}

int mf_store_has_garbage(struct mf_store *store, bool *ret_has)
{
    struct mf_inode inode;
    int rc = next_garbage(store, INT64_MAX, &inode);

    if (rc >= 0) {
        *ret_has = rc > 0 || store->lost_draft != 0 || store->lost_upload != 0;
    }
    return rc < 0 ? rc : 0;
}

int mf_store_fs_recover(struct mf_store *store)
{
    int rc = mf__sql_numbers(store, "SELECT max(id) FROM workspace_drafts", NULL, 0, &store->lost_draft);

    if (rc >= 0) {
        rc = mf__sql_numbers(store, "SELECT max(file) FROM workspace_uploads", NULL, 0, &store->lost_upload);
    }
    if (rc < 0) {
        return rc;
    }
    rc = mf_store_fs_begin(store, MF_STORE_FS_WRITE);
    if (rc == 0) {
        rc = mf_store_fs_end(store, remove_lost(store));
    }
    if (rc == MF_E_STORE_FULL) {
        mf_log(MF_LOG_WARN, rc, NULL,
               "what the last run left under way is removed when there is room to do it");
        return 0;
    }
    return rc;
}

int mf_store_fs_check(struct mf_store *store, char *ret_why)
{
    /* Each gives rows only when something is wrong. */
    static const struct {
        const char *text;
        const char *why;
    } checks[] = {
        {"SELECT i.id FROM inodes i WHERE NOT EXISTS (SELECT 1 FROM entries WHERE inode = i.id)"
         " AND NOT EXISTS (SELECT 1 FROM workspaces WHERE root = i.id)"
         " AND NOT EXISTS (SELECT 1 FROM workspace_snapshots WHERE root = i.id)"
         " AND NOT EXISTS (SELECT 1 FROM workspace_drafts WHERE root = i.id)"
         " AND NOT EXISTS (SELECT 1 FROM workspace_uploads WHERE file = i.id)"
         " AND NOT EXISTS (SELECT 1 FROM inode_garbage WHERE inode = i.id)",
         "stands nowhere and is no garbage"},
        {"SELECT g.inode FROM inode_garbage g WHERE EXISTS (SELECT 1 FROM entries WHERE inode = g.inode)"
         " OR EXISTS (SELECT 1 FROM workspaces WHERE root = g.inode)"
         " OR EXISTS (SELECT 1 FROM workspace_snapshots WHERE root = g.inode)",
         "is garbage and stands somewhere"},
        {"SELECT c.id FROM chunks c WHERE NOT EXISTS (SELECT 1 FROM file_chunks WHERE chunk = c.id)",
         "is a chunk of no file"},
        {"SELECT c.id FROM chunks c WHERE NOT EXISTS (SELECT 1 FROM chunk_bytes WHERE chunk = c.id)",
         "is a chunk without bytes"},
        {"SELECT e.parent FROM entries e JOIN inodes i ON i.id = e.parent WHERE i.kind <> 2",
         "has entries and is no directory"},
        {"SELECT f.file FROM file_chunks f JOIN inodes i ON i.id = f.file"
         " WHERE i.kind <> 1 OR f.number * 524288 >= i.size",
         "has content behind its end, or is no file"},
        {"SELECT i.id FROM inodes i WHERE i.kind = 2"
         " AND NOT EXISTS (SELECT 1 FROM inode_garbage WHERE inode = i.id)"
         " AND (i.inodes, i.size) <> (SELECT 1 + coalesce(sum(c.inodes), 0), coalesce(sum(c.size), 0)"
         "   FROM entries e JOIN inodes c ON c.id = e.inode WHERE e.parent = i.id)",
         "is a directory whose sums are not those of its entries"},
        {"SELECT w.id FROM workspaces w WHERE w.changes <>"
         " (SELECT count(*) FROM workspace_changes WHERE workspace = w.id AND draft = 0)",
         "is a workspace with another number of changes than it says"},
    };
    int rc = mf_store_fs_begin(store, MF_STORE_FS_READ);

    for (size_t i = 0; rc == 0 && i < MF_COUNT_OF(checks); i++) {
        struct sql sql;
        mf__sql_prepare(&sql, store->db, checks[i].text);
        bool is_wrong = mf__sql_step(&sql);
        if (is_wrong) {
            (void)snprintf(ret_why, MF_STORE_WHY_BYTES_MAX, "%llu %s",
                           (unsigned long long)mf__sql_column_u64(&sql, 0), checks[i].why);
        }
        rc = mf__sql_end(&sql);
        rc = rc == 0 && is_wrong ? MF_E_STORE : rc;
    }
    return mf_store_fs_end(store, rc);
}
