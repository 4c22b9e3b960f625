/* mayfly/store_fs.h - what workspaces are made of: inodes, directory entries, chunks of content. Primitives; what they
 * mean (paths, quotas, who may see what) is workspace.h's.
 *
 *   workspace ──root──▶ inode (directory) ──entries──▶ inode (file) ──▶ chunk, chunk, ...
 *   snapshot  ──root──▶       │                             ▲
 *   draft     ──root──▶       └────────entries──────────────┘ one inode may stand in several places
 *
 * An inode that stands in several places is shared: it looks the same in each of them and must not be changed; who wants to
 * change it puts a copy in its own place first (workspace/tree.c). So a snapshot, a fork and a copy of a directory cost one row,
 * whatever is below. Nobody counts: an index says where an inode stands. What stands nowhere any more is garbage, named in a
 * table and removed step by step.
 *
 * Use:      mf_store_fs_begin, any of the functions below, mf_store_fs_end; on one thread.
 * Threads:  [any, blocking]
 * Owns:     slices are borrowed; what a callback gets is valid until it returns. It may call any function here.
 * Limits:   MF_FS_*.
 * Fails:    as in store.h; MF_E_NOT_FOUND where a row is asked for that is not there. A row that cannot be (a directory without its
 *           inode, say) is MF_E_STORE.
 */
#ifndef MAYFLY_STORE_FS_H
#define MAYFLY_STORE_FS_H

#include <mayfly/store.h>

enum mf_store_fs_access {
    MF_STORE_FS_READ,
    MF_STORE_FS_WRITE,      /* On the disk when _end returns 0. */
    MF_STORE_FS_WRITE_LAZY, /* On the disk with the next MF_STORE_FS_WRITE or mf_store_sync; until then a crash of the machine may undo it. */
};

/* Takes the store; nobody else has it until _end, which commits when |error| is 0 and otherwise undoes everything. */
MF_MUST_CHECK int mf_store_fs_begin(struct mf_store *store, enum mf_store_fs_access access);
MF_MUST_CHECK int mf_store_fs_end(struct mf_store *store, int error);

/* ---- inodes -------------------------------------------------------------------------------------- */

enum mf_inode_kind { MF_INODE_FILE = 1, MF_INODE_DIRECTORY = 2, MF_INODE_SYMLINK = 3 };

struct mf_inode {
    uint64_t id; /* Never used again. */
    enum mf_inode_kind kind;
    uint32_t mode;       /* Permission bits, 0 to 07777. */
    uint64_t size;       /* Of a file, or of a link's target; of a directory: all that is below it. */
    uint64_t inodes;     /* 1, and what is below. */
    uint64_t revision;   /* Of the workspace when its content was last changed. */
    uint64_t changed_ms; /* Likewise, or what somebody said. */
    uint64_t created_ms;
    uint64_t levels; /* A directory: at least as many as there are below it, */
    uint64_t reach;  /* and at least as many bytes as the longest path there has, each name with its "/". */
};

/* |inode->id| is made. |target|: of a symlink. It stands nowhere until an entry or a root says so. */
MF_MUST_CHECK int mf_store_inode_new(struct mf_store *store, struct mf_inode *inode, struct mf_slice target);
MF_MUST_CHECK int mf_store_inode_get(struct mf_store *store, uint64_t id, struct mf_inode *ret_inode);
/* All but its id, kind and target. */
MF_MUST_CHECK int mf_store_inode_set(struct mf_store *store, const struct mf_inode *inode);
MF_MUST_CHECK int mf_store_inode_target(struct mf_store *store, uint64_t id, struct mf_buf *ret_target);
/* It stands in more than one place, or somebody reads it (pins). */
MF_MUST_CHECK int mf_store_inode_is_shared(struct mf_store *store, uint64_t id, bool *ret_shared);
/* One of its places is gone: when that was the last one, it is garbage. */
MF_MUST_CHECK int mf_store_inode_drop(struct mf_store *store, uint64_t id);

/* Not changed and not removed until _unpin, whatever becomes of its places. Not kept over a restart. MF_E_AGAIN past
 * MF_FS_PINS_MAX. Outside of _begin and _end. */
MF_MUST_CHECK int mf_store_pin(struct mf_store *store, uint64_t id);
void mf_store_unpin(struct mf_store *store, uint64_t id);

/* ---- directory entries ---------------------------------------------------------------------------- */

typedef int mf_store_entry_cb(void *user, struct mf_slice name, const struct mf_inode *inode);

MF_MUST_CHECK int
mf_store_entry_get(struct mf_store *store, uint64_t parent, struct mf_slice name, struct mf_inode *ret_inode);
/* Makes it, or lets it point to another. */
MF_MUST_CHECK int
mf_store_entry_put(struct mf_store *store, uint64_t parent, struct mf_slice name, uint64_t inode);
MF_MUST_CHECK int mf_store_entry_delete(struct mf_store *store, uint64_t parent, struct mf_slice name);
/* In the order of their names' bytes, those behind |after|, at most |count|. Anything but 0 ends it and is returned. */
MF_MUST_CHECK int mf_store_entries_each(struct mf_store *store,
                                        uint64_t parent,
                                        struct mf_slice after,
                                        size_t count,
                                        mf_store_entry_cb *on_entry,
                                        void *user);
MF_MUST_CHECK int mf_store_entries_copy(struct mf_store *store, uint64_t from, uint64_t to);

/* ---- content -------------------------------------------------------------------------------------- */

#define MF_STORE_HASH_BYTES 32 /* SHA-256 */

/* |bytes| (1 to MF_FS_CHUNK_BYTES) become the content from |index| * MF_FS_CHUNK_BYTES on; kept once for each tenant, if it has
 * MF_FS_CHUNK_SHARED_BYTES_MIN. */
MF_MUST_CHECK int mf_store_chunk_put(struct mf_store *store,
                                     uint64_t file,
                                     uint64_t index,
                                     struct mf_slice tenant,
                                     const uint8_t hash[MF_STORE_HASH_BYTES],
                                     struct mf_slice bytes);
/* 1, and its bytes are appended to |ret_bytes| and |ret_hash| is what they should have; 0: there is none, it reads as zeros. */
MF_MUST_CHECK int mf_store_chunk_get(struct mf_store *store,
                                     uint64_t file,
                                     uint64_t index,
                                     uint8_t ret_hash[MF_STORE_HASH_BYTES],
                                     struct mf_buf *ret_bytes);
/* Those from |index| on are gone. */
MF_MUST_CHECK int mf_store_chunks_cut(struct mf_store *store, uint64_t file, uint64_t index);
MF_MUST_CHECK int mf_store_chunks_copy(struct mf_store *store, uint64_t from, uint64_t to);

/* ---- roots ---------------------------------------------------------------------------------------- */

struct mf_store_workspace {
    uint64_t id;
    struct mf_slice name; /* Of mf_store_workspaces_each only. */
    uint64_t root;
    uint64_t revision; /* 1 more with every transaction that changed something. */
    uint64_t bytes_max;
    uint64_t inodes_max;
    uint64_t changes;       /* That are kept, */
    uint64_t changes_since; /* all of those after this revision. */
    uint64_t created_ms;
    uint64_t updated_ms;
};

/* MF_E_WORKSPACE_UNKNOWN. */
MF_MUST_CHECK int mf_store_workspace_get(struct mf_store *store,
                                         struct mf_slice tenant,
                                         struct mf_slice name,
                                         struct mf_store_workspace *ret_row);
/* |row->id| is made. MF_E_EXISTS. */
MF_MUST_CHECK int mf_store_workspace_new(struct mf_store *store,
                                         struct mf_slice tenant,
                                         struct mf_slice name,
                                         struct mf_store_workspace *row);
/* All but its id, name and created_ms. */
MF_MUST_CHECK int mf_store_workspace_set(struct mf_store *store, const struct mf_store_workspace *row);
/* With its snapshots, drafts, uploads and changes; what they held becomes garbage. */
MF_MUST_CHECK int mf_store_workspace_delete(struct mf_store *store, uint64_t id);
MF_MUST_CHECK int mf_store_workspaces_each(struct mf_store *store,
                                           struct mf_slice tenant,
                                           struct mf_slice after,
                                           size_t count,
                                           int (*on_row)(void *user, const struct mf_store_workspace *row),
                                           void *user);

MF_MUST_CHECK int
mf_store_workspaces_count(struct mf_store *store, struct mf_slice tenant, uint64_t *ret_count);

struct mf_store_snapshot {
    struct mf_slice name;
    uint64_t root;
    uint64_t revision;
    uint64_t created_ms;
};

/* MF_E_EXISTS. */
MF_MUST_CHECK int
mf_store_snapshot_new(struct mf_store *store, uint64_t workspace, const struct mf_store_snapshot *row);
/* MF_E_WORKSPACE_SNAPSHOT. |ret_row| has no name. */
MF_MUST_CHECK int mf_store_snapshot_get(struct mf_store *store,
                                        uint64_t workspace,
                                        struct mf_slice name,
                                        struct mf_store_snapshot *ret_row);
/* MF_E_WORKSPACE_SNAPSHOT. */
MF_MUST_CHECK int mf_store_snapshot_delete(struct mf_store *store, uint64_t workspace, struct mf_slice name);
MF_MUST_CHECK int mf_store_snapshots_each(struct mf_store *store,
                                          uint64_t workspace,
                                          int (*on_row)(void *user, const struct mf_store_snapshot *row),
                                          void *user);

/* A tree that nobody sees yet, and a file likewise; gone with the next start of the daemon. */
struct mf_store_draft {
    uint64_t id;
    uint64_t workspace;
    uint64_t root;
    uint64_t base; /* Revision that it began with. */
};

MF_MUST_CHECK int mf_store_draft_new(struct mf_store *store, struct mf_store_draft *row);
MF_MUST_CHECK int mf_store_drafts_count(struct mf_store *store, uint64_t workspace, uint64_t *ret_count);
MF_MUST_CHECK int mf_store_draft_get(struct mf_store *store, uint64_t id, struct mf_store_draft *ret_row);
MF_MUST_CHECK int mf_store_draft_set_root(struct mf_store *store, uint64_t id, uint64_t root);
/* Its changes go with it; its root is dropped. */
MF_MUST_CHECK int mf_store_draft_delete(struct mf_store *store, uint64_t id);

MF_MUST_CHECK int mf_store_upload_new(struct mf_store *store, uint64_t workspace, uint64_t file);
/* MF_E_NOT_FOUND: it is none, or another workspace's. */
MF_MUST_CHECK int mf_store_upload_check(struct mf_store *store, uint64_t workspace, uint64_t file);
/* |file| is no upload any more; whether it is garbage is for mf_store_inode_drop to say. MF_E_NOT_FOUND. */
MF_MUST_CHECK int mf_store_upload_delete(struct mf_store *store, uint64_t file);
/* Bytes of all uploads of a workspace. */
MF_MUST_CHECK int mf_store_uploads_size(struct mf_store *store, uint64_t workspace, uint64_t *ret_bytes);

/* ---- changes --------------------------------------------------------------------------------------- */

enum mf_change_kind { MF_CHANGE_PUT = 1, MF_CHANGE_DELETE = 2, MF_CHANGE_RENAME = 3, MF_CHANGE_TREE = 4 };

struct mf_store_change {
    uint64_t draft; /* 0: everybody sees it. */
    uint64_t revision;
    uint64_t number; /* In the order in which they were made, within a revision. */
    enum mf_change_kind kind;
    struct mf_slice path;
    struct mf_slice from; /* MF_CHANGE_RENAME. */
};

MF_MUST_CHECK int
mf_store_change_new(struct mf_store *store, uint64_t workspace, const struct mf_store_change *row);
/* The number of the last one in a draft; 0: there is none. */
MF_MUST_CHECK int
mf_store_changes_last(struct mf_store *store, uint64_t workspace, uint64_t draft, uint64_t *ret_number);
/* Those of |draft| are everybody's now. */
MF_MUST_CHECK int
mf_store_changes_publish(struct mf_store *store, uint64_t workspace, uint64_t draft, uint64_t revision);
/* The older half goes; |row->changes| and |row->changes_since| are brought up to date. */
MF_MUST_CHECK int mf_store_changes_trim(struct mf_store *store, struct mf_store_workspace *row);
/* Behind (|revision|, |number|), in that order. */
MF_MUST_CHECK int mf_store_changes_each(struct mf_store *store,
                                        uint64_t workspace,
                                        uint64_t revision,
                                        uint64_t number,
                                        size_t count,
                                        int (*on_row)(void *user, const struct mf_store_change *row),
                                        void *user);

/* ---- garbage ---------------------------------------------------------------------------------------- */

/* One step, between _begin and _end: removes at most MF_FS_COLLECT_ROWS_MAX and MF_FS_COLLECT_BYTES_MAX. *ret_left: there is more to do. */
MF_MUST_CHECK int mf_store_collect(struct mf_store *store, bool *ret_left);
/* Whether there is anything to collect; it costs one look at an index. */
MF_MUST_CHECK int mf_store_has_garbage(struct mf_store *store, bool *ret_has);
/* At start, before anything else: drafts and uploads that a crash left are garbage. */
MF_MUST_CHECK int mf_store_fs_recover(struct mf_store *store);
/* For tests and doctors: what the schema itself cannot rule out. 0, or MF_E_STORE and a sentence in |ret_why|
 * (MF_STORE_WHY_BYTES_MAX). It reads everything but the content. */
MF_MUST_CHECK int mf_store_fs_check(struct mf_store *store, char *ret_why);

#endif
