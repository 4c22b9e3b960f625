/* mayfly/workspace.h - the files of an agent: a tree that outlives runs, with Node's names for what goes wrong.
 *
 * Use:      mf_workspace_put makes one; mf_workspace_apply changes it, a list of operations in one transaction; the rest reads.
 *           mf_workspace_open and mf_workspace_upload_begin are for files that do not fit into memory. A draft is a tree that
 *           begins as a copy of the workspace, takes operations in any number of transactions, and then takes its place
 *           whole, or never.
 * Threads:  [worker] everything: the functions touch the disk, by way of the store's queue (store.h).
 * Owns:     requests are plain data, borrowed for the call; what a callback gets is valid until it returns.
 * Limits:   MF_FS_*, MF_WORKSPACE_*, and each workspace's quota, which counts what is in its tree and under way to it.
 * Fails:    MF_E_FS_*: as Node's fs does. MF_E_WORKSPACE_*. A call that fails has changed nothing; one that changed something is
 *           on the disk when it returns 0, but for uploads and drafts that are not finished.
 * Not here: HTTP, JSON (api). SQL (store_fs.h).
 *
 * A path is UTF-8 without NUL; "." and ".." mean what they mean in POSIX, above the root is the root, symbolic links are followed
 * wherever they stand, also where they are absolute: "/" is the workspace's root. There are no hard links.
 */
#ifndef MAYFLY_WORKSPACE_H
#define MAYFLY_WORKSPACE_H

#include <mayfly/store_fs.h>

/* Which tree. */
struct mf_workspace_ref {
    struct mf_slice tenant; /* "": the one tenant of a daemon without tokens. */
    struct mf_slice name;
    uint64_t draft;           /* 0: what everybody sees. */
    struct mf_slice snapshot; /* Not empty: that one; only to be read. */
    bool is_lazy;             /* mf_workspace_apply leaves the disk to mf_store_sync. */
    uint64_t file_bytes_max;  /* mf_workspace_read of a larger file: MF_E_AGAIN. 0: of any. */
};

struct mf_workspace_info {
    struct mf_slice name; /* Of mf_workspace_list only. */
    uint64_t revision;
    uint64_t bytes;  /* Of all files and links. */
    uint64_t inodes; /* The root is one. */
    uint64_t bytes_max;
    uint64_t inodes_max;
    uint64_t created_ms;
    uint64_t updated_ms;
};

/* Makes it, or changes its quota; a |..._max| of 0 leaves that as it is (new: the default). A quota may be less than what is
 * there: then nothing can be added. */
MF_MUST_CHECK int mf_workspace_put(struct mf_store *store,
                                   const struct mf_workspace_ref *ref,
                                   uint64_t bytes_max,
                                   uint64_t inodes_max,
                                   uint64_t now_ms,
                                   struct mf_workspace_info *ret_info,
                                   bool *ret_is_new);
MF_MUST_CHECK int mf_workspace_get(struct mf_store *store,
                                   const struct mf_workspace_ref *ref,
                                   struct mf_workspace_info *ret_info);
MF_MUST_CHECK int mf_workspace_delete(struct mf_store *store, const struct mf_workspace_ref *ref);
/* In the order of names, those behind |after|, at most |count|. */
MF_MUST_CHECK int mf_workspace_list(struct mf_store *store,
                                    struct mf_slice tenant,
                                    struct mf_slice after,
                                    size_t count,
                                    int (*on_row)(void *user, const struct mf_workspace_info *info),
                                    void *user);

/* ---- operations ------------------------------------------------------------------------------------ */

enum mf_workspace_op_kind {
    MF_WORKSPACE_MKDIR,
    MF_WORKSPACE_RM,
    MF_WORKSPACE_MV,       /* |path| to |to|; replaces a file, or an empty directory. */
    MF_WORKSPACE_CP,       /* |path| to |to|; costs the same for a file and for a tree of any size. */
    MF_WORKSPACE_SYMLINK,  /* |path| becomes a link to |to|. */
    MF_WORKSPACE_WRITE,    /* The whole file. */
    MF_WORKSPACE_PATCH,    /* |bytes| at |offset|; what is between the end and there becomes zeros. */
    MF_WORKSPACE_TRUNCATE, /* To |size|. */
    MF_WORKSPACE_EDIT,
    MF_WORKSPACE_CHMOD,
    MF_WORKSPACE_UTIME, /* |time_ms| */
};

enum {
    MF_WORKSPACE_PARENTS =
        1, /* Directories that are missing above |path| (or |to|) are made. MKDIR: and one that is there is fine. */
    MF_WORKSPACE_RECURSIVE = 2,        /* RM, CP: directories too, with all in them. */
    MF_WORKSPACE_FORCE = 4,            /* RM: what is not there is fine. */
    MF_WORKSPACE_EXCLUSIVE = 8,        /* WRITE, CP, MV: only where nothing is (EEXIST). */
    MF_WORKSPACE_EXISTING = 16,        /* WRITE, PATCH, TRUNCATE: only a file that is there (ENOENT). */
    MF_WORKSPACE_APPEND = 32,          /* PATCH: at the end, whatever |offset| is. */
    MF_WORKSPACE_NOFOLLOW = 64,        /* CHMOD, UTIME: a link itself. */
    MF_WORKSPACE_ONLY_FILE = 128,      /* RM: no directory (EISDIR). */
    MF_WORKSPACE_ONLY_DIRECTORY = 256, /* RM: nothing else (ENOTDIR). */
};

#define MF_WORKSPACE_MODE_DEFAULT UINT32_MAX

/* A replacement; each is made in what the ones before it left. */
struct mf_workspace_edit {
    bool is_range;          /* |size| bytes from |offset| on; else |search|. */
    bool is_all;            /* |search| wherever it stands, once at least; else it must stand there once. */
    struct mf_slice search; /* Not empty. */
    uint64_t offset;
    uint64_t size;
    struct mf_slice replace;
};

/* Asked before a change, with what stands at the path: below zero ends it, and is returned. NULL: nothing does. */
struct mf_workspace_ask {
    int (*may)(void *user, const struct mf_inode *before);
    void *user;
};

struct mf_workspace_op {
    enum mf_workspace_op_kind kind;
    unsigned flags;
    struct mf_slice path;
    struct mf_slice to;
    struct mf_slice bytes; /* WRITE, PATCH. */
    uint64_t
        upload; /* WRITE: not 0: this instead of |bytes|; it ends with the transaction, if that goes well. */
    uint64_t offset;
    uint64_t size;
    uint64_t time_ms;
    uint32_t mode; /* MKDIR, WRITE (of a new file), CHMOD. */
    const struct mf_workspace_edit *edits;
    size_t edits_count;
    const struct mf_workspace_ask *ask; /* Or NULL. */
};

struct mf_workspace_result {
    struct mf_inode inode; /* What stands there now; RM: what stood there, id 0 for nothing. */
    bool is_new;           /* Nothing stood there before. */
    size_t edit;           /* MF_E_WORKSPACE_EDIT: which one, */
    uint64_t found;        /* and how often what it searches for is there. */
};

struct mf_workspace_outcome {
    uint64_t revision; /* Of the workspace from now on. */
    size_t failed;     /* On error: the operation at fault; its result says more. */
};

/* All or none of them. |results| has |count|. */
MF_MUST_CHECK int mf_workspace_apply(struct mf_store *store,
                                     const struct mf_workspace_ref *ref,
                                     const struct mf_workspace_op *ops,
                                     size_t count,
                                     uint64_t now_ms,
                                     struct mf_workspace_result *results,
                                     struct mf_workspace_outcome *ret_outcome);

/* ---- files in pieces ------------------------------------------------------------------------------- */

/* A file that is under way. */
MF_MUST_CHECK int mf_workspace_upload_begin(struct mf_store *store,
                                            const struct mf_workspace_ref *ref,
                                            uint64_t now_ms,
                                            uint64_t *ret_upload);
/* Appends; every piece but the last has a multiple of MF_FS_CHUNK_BYTES, else the next is EINVAL. The upload is one of the same workspace. Not on the disk for good before the operation that
 * ends the upload. */
MF_MUST_CHECK int mf_workspace_upload_write(struct mf_store *store,
                                            const struct mf_workspace_ref *ref,
                                            uint64_t upload,
                                            struct mf_slice bytes);
MF_MUST_CHECK int mf_workspace_upload_cancel(struct mf_store *store, uint64_t upload);

/* Finds a file; from then on until _close it can be read as it was, whatever becomes of it. */
MF_MUST_CHECK int mf_workspace_open(struct mf_store *store,
                                    const struct mf_workspace_ref *ref,
                                    struct mf_slice path,
                                    struct mf_inode *ret_file);
/* Up to |size| bytes; fewer only at the end. */
MF_MUST_CHECK int mf_workspace_file_read(struct mf_store *store,
                                         const struct mf_inode *file,
                                         uint64_t offset,
                                         size_t size,
                                         struct mf_buf *ret_bytes);
/* [any] */
void mf_workspace_close(struct mf_store *store, const struct mf_inode *file);

/* All in one: finds, reads, leaves. */
MF_MUST_CHECK int mf_workspace_read(struct mf_store *store,
                                    const struct mf_workspace_ref *ref,
                                    struct mf_slice path,
                                    uint64_t offset,
                                    size_t size,
                                    struct mf_inode *ret_file,
                                    struct mf_buf *ret_bytes);

/* ---- looking ------------------------------------------------------------------------------------------ */

/* |ret_path| gets the path without links, "." and ".."; |ret_target| what a link leads to. Either may be NULL. */
MF_MUST_CHECK int mf_workspace_stat(struct mf_store *store,
                                    const struct mf_workspace_ref *ref,
                                    struct mf_slice path,
                                    bool follow,
                                    struct mf_inode *ret_inode,
                                    struct mf_buf *ret_path,
                                    struct mf_buf *ret_target);
/* EINVAL when it is no link. */
MF_MUST_CHECK int mf_workspace_readlink(struct mf_store *store,
                                        const struct mf_workspace_ref *ref,
                                        struct mf_slice path,
                                        struct mf_buf *ret_target);

struct mf_workspace_entry {
    struct mf_slice path;
    struct mf_inode inode;
    struct mf_slice target; /* Of a link. */
};

/* Other than 0 ends the search; above 0 is returned too: it was enough. */
typedef int mf_workspace_entry_cb(void *user, const struct mf_workspace_entry *entry);

struct mf_workspace_search {
    struct mf_slice path;  /* Of the directory that it begins at. */
    struct mf_slice after; /* Where the page before ended, or empty. */
    size_t count;          /* At most. */
    unsigned levels_max;   /* 1: only what is in the directory itself; 0: all below. */
    struct mf_slice glob;  /* Of the path below |path|, or empty. */
    struct mf_slice name;  /* Of the last name, or empty. */
    unsigned kinds;        /* 1 << enum mf_inode_kind, or 0 for all. */
    uint64_t size_min;
    uint64_t size_max;       /* 0: none. */
    uint64_t changed_min_ms; /* 0: none. */
    uint64_t changed_max_ms; /* 0: none. */
};

/* In the order of their paths, directory before content. |ret_next| becomes what is |after| for the next page, or stays empty: that
 * was all. A page may have less than |count|, also nothing, and not be the last. MF_E_WORKSPACE_PATTERN. */
MF_MUST_CHECK int mf_workspace_find(struct mf_store *store,
                                    const struct mf_workspace_ref *ref,
                                    const struct mf_workspace_search *search,
                                    mf_workspace_entry_cb *on_entry,
                                    void *user,
                                    struct mf_buf *ret_next);

/* ---- grep ---- */

struct mf_workspace_grep_options {
    struct mf_slice pattern;
    bool is_regex; /* As regex.h has them; else the text itself. */
    bool ignores_case;
    bool is_word;     /* No letter, digit or "_" on either side. */
    unsigned context; /* Lines before and after. */
    size_t count;     /* Matches, at most. */
};

struct mf_workspace_grep;

/* MF_E_WORKSPACE_PATTERN and a sentence in |ret_why|. */
MF_MUST_CHECK int mf_workspace_grep_new(const struct mf_workspace_grep_options *options,
                                        MF_OWN struct mf_workspace_grep **ret_grep,
                                        struct mf_buf *ret_why);
void mf_workspace_grep_free(MF_OWN struct mf_workspace_grep *grep); /* NULL is fine. */

struct mf_workspace_match {
    struct mf_slice path;
    uint64_t line;          /* From 1. */
    size_t column;          /* Bytes from 0. */
    struct mf_slice text;   /* The line, cut at MF_WORKSPACE_GREP_TEXT_BYTES_MAX. */
    struct mf_slice before; /* Lines of context, each with its newline. */
    struct mf_slice after;
};

enum mf_workspace_grep_end {
    MF_WORKSPACE_GREP_MORE, /* Go on with the same call. */
    MF_WORKSPACE_GREP_PAGE, /* The count is reached. */
    MF_WORKSPACE_GREP_OVER, /* That was all. */
};

struct mf_workspace_grep_events {
    int (*on_match)(void *user, const struct mf_workspace_match *match);
    /* Not looked at: a file larger than MF_WORKSPACE_GREP_FILE_BYTES_MAX, or (|line| > 0) a line that would cost too much. */
    int (*on_skip)(void *user, struct mf_slice path, uint64_t line);
};

/* One step through the files that |search| finds. |place| ("line:path", or empty at first) is where it goes on, and where the
 * next step or page does. Files with a NUL in their first 8 KiB and lines that are no UTF-8 are passed over. */
MF_MUST_CHECK int mf_workspace_grep_step(struct mf_store *store,
                                         const struct mf_workspace_ref *ref,
                                         struct mf_workspace_grep *grep,
                                         const struct mf_workspace_search *search,
                                         struct mf_buf *place,
                                         const struct mf_workspace_grep_events *events,
                                         void *user,
                                         enum mf_workspace_grep_end *ret_end);

/* Two files as a unified diff, with |context| lines around each change; nothing when they are equal. One of them may not be there:
 * /dev/null. EFBIG past MF_WORKSPACE_DIFF_... . */
MF_MUST_CHECK int mf_workspace_diff(struct mf_store *store,
                                    const struct mf_workspace_ref *from_ref,
                                    struct mf_slice from,
                                    const struct mf_workspace_ref *to_ref,
                                    struct mf_slice to,
                                    size_t context,
                                    struct mf_buf *out);

/* ---- snapshots and forks: one row each, whatever is in the tree --------------------------------------- */

struct mf_workspace_snapshot {
    struct mf_slice name;
    uint64_t revision;
    uint64_t bytes;
    uint64_t inodes;
    uint64_t created_ms;
};

/* Of what is there now. MF_E_EXISTS; MF_E_TOO_MANY past MF_WORKSPACE_SNAPSHOTS_MAX. */
MF_MUST_CHECK int mf_workspace_snapshot_new(struct mf_store *store,
                                            const struct mf_workspace_ref *ref,
                                            struct mf_slice name,
                                            uint64_t now_ms,
                                            struct mf_workspace_snapshot *ret_snapshot);
/* In the order of names. */
MF_MUST_CHECK int mf_workspace_snapshots(struct mf_store *store,
                                         const struct mf_workspace_ref *ref,
                                         int (*on_row)(void *user, const struct mf_workspace_snapshot *row),
                                         void *user);
/* |ref->snapshot| says which, for these two. The workspace becomes what it was; its revision goes on. */
MF_MUST_CHECK int mf_workspace_restore(struct mf_store *store,
                                       const struct mf_workspace_ref *ref,
                                       uint64_t now_ms,
                                       struct mf_workspace_info *ret_info);
MF_MUST_CHECK int mf_workspace_snapshot_delete(struct mf_store *store, const struct mf_workspace_ref *ref);
/* A workspace |to| with the same tree, or with that of |ref->snapshot|; a |..._max| of 0: as here. MF_E_EXISTS. */
MF_MUST_CHECK int mf_workspace_fork(struct mf_store *store,
                                    const struct mf_workspace_ref *ref,
                                    struct mf_slice to,
                                    uint64_t bytes_max,
                                    uint64_t inodes_max,
                                    uint64_t now_ms,
                                    struct mf_workspace_info *ret_info);

/* ---- changes --------------------------------------------------------------------------------------------- */

/* What was changed behind change |number| of |revision| (INT64_MAX: all of that), at most |count|, in order. MF_E_WORKSPACE_CHANGES: not
 * all of it is kept, or there never was such a revision. |ret_revision|: of the workspace now. */
MF_MUST_CHECK int mf_workspace_changes(struct mf_store *store,
                                       const struct mf_workspace_ref *ref,
                                       uint64_t revision,
                                       uint64_t number,
                                       size_t count,
                                       int (*on_row)(void *user, const struct mf_store_change *row),
                                       void *user,
                                       uint64_t *ret_revision);

/* ---- archives: tar ---------------------------------------------------------------------------------------- */

struct mf_workspace_export;
struct mf_workspace_import;

/* What is in the directory, as it is now, whatever becomes of it. */
MF_MUST_CHECK int mf_workspace_export_begin(struct mf_store *store,
                                            const struct mf_workspace_ref *ref,
                                            struct mf_slice path,
                                            MF_OWN struct mf_workspace_export **ret_export);
/* Appends the next piece, at most MF_WORKSPACE_PIECE_BYTES and some headers. */
MF_MUST_CHECK int mf_workspace_export_step(struct mf_store *store,
                                           struct mf_workspace_export *export,
                                           struct mf_buf *out,
                                           bool *ret_over);
void mf_workspace_export_free(struct mf_store *store, MF_OWN struct mf_workspace_export *export); /* [any] */

#define MF_WORKSPACE_WHY_BYTES_MAX 256

/* Into the directory |path|, which is made when it is missing: over what is there, as tar does. Nobody sees anything of it before
 * mf_workspace_import_end: ustar, pax and GNU's names. MF_E_WORKSPACE_ARCHIVE; as mf_workspace_draft_commit. */
MF_MUST_CHECK int mf_workspace_import_begin(struct mf_store *store,
                                            const struct mf_workspace_ref *ref,
                                            struct mf_slice path,
                                            uint64_t now_ms,
                                            MF_OWN struct mf_workspace_import **ret_import);
/* After an error only _free is left. */
MF_MUST_CHECK int
mf_workspace_import_feed(struct mf_store *store, struct mf_workspace_import *import, struct mf_slice bytes);
MF_MUST_CHECK int mf_workspace_import_end(struct mf_store *store,
                                          struct mf_workspace_import *import,
                                          uint64_t now_ms,
                                          uint64_t *ret_entries,
                                          uint64_t *ret_bytes);
/* After an error: sentences about it. */
void mf_workspace_import_why(const struct mf_workspace_import *import, struct mf_buf *ret_why);
/* Frees it alone; one that has not ended is undone by the next start of the daemon. [any] */
void mf_workspace_import_forget(MF_OWN struct mf_workspace_import *import);
/* Also undoes one that has not ended. NULL is fine. */
void mf_workspace_import_free(struct mf_store *store, MF_OWN struct mf_workspace_import *import);

/* ---- drafts ------------------------------------------------------------------------------------------- */

MF_MUST_CHECK int mf_workspace_draft_begin(
    struct mf_store *store,
    struct mf_workspace_ref *ref); /* Sets ref->draft. MF_E_AGAIN past MF_WORKSPACE_DRAFTS_MAX. */
/* MF_E_WORKSPACE_CONFLICT when somebody else changed the workspace since _begin; the draft is still there then. */
MF_MUST_CHECK int
mf_workspace_draft_commit(struct mf_store *store, const struct mf_workspace_ref *ref, uint64_t now_ms);
MF_MUST_CHECK int mf_workspace_draft_cancel(struct mf_store *store, const struct mf_workspace_ref *ref);

/* ---- garbage ------------------------------------------------------------------------------------------- */

/* One step of removing what is no longer anywhere. True: there is more. */
MF_MUST_CHECK int mf_workspace_collect(struct mf_store *store, bool *ret_left);

#endif
