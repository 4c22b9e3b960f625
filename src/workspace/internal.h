/* internal.h - what the files of the workspace room share: a tree in a transaction, and a place in it. */
#ifndef MAYFLY_WORKSPACE_INTERNAL_H
#define MAYFLY_WORKSPACE_INTERNAL_H

#include <mayfly/workspace.h>

/* ---- tree.c: one transaction ------------------------------------------------------------------------ */

struct tree {
    struct mf_store *store;
    struct mf_slice tenant;
    struct mf_store_workspace workspace;
    uint64_t root;
    uint64_t draft;    /* 0: the workspace itself. */
    bool is_read_only; /* Of a snapshot. */
    bool is_quiet;     /* Its changes are not written down one by one. */
    uint64_t revision; /* That changes are made under. */
    uint64_t now_ms;
    uint64_t stamp_ms; /* Not 0: when what is made or written was changed, as somebody says. */
    uint64_t changes;  /* That were written down; of a draft, in all of its transactions. */
    bool is_changed;
    bool is_free; /* What is added is taken away in the same operation: no quota. */
};

MF_MUST_CHECK int mf__tree_begin(struct mf_store *store,
                                 const struct mf_workspace_ref *ref,
                                 enum mf_store_fs_access access,
                                 uint64_t now_ms,
                                 struct tree *ret_tree);
/* Ends the transaction; what was changed becomes the next revision when |error| is 0. */
MF_MUST_CHECK int mf__tree_end(struct tree *tree, int error);
/* The root becomes another, whose place it takes at once. */
MF_MUST_CHECK int mf__tree_set_root(struct tree *tree, uint64_t root);
MF_MUST_CHECK int
mf__tree_note(struct tree *tree, enum mf_change_kind kind, struct mf_slice path, struct mf_slice from);

/* A row for another one. MF_E_EXISTS, MF_E_TOO_MANY. */
MF_MUST_CHECK int mf__workspace_add(struct mf_store *store,
                                    struct mf_slice tenant,
                                    struct mf_slice name,
                                    struct mf_store_workspace *row);
/* What the whole of a workspace is. */
MF_MUST_CHECK int mf__workspace_tell(struct mf_store *store,
                                     const struct mf_store_workspace *row,
                                     struct mf_slice name,
                                     struct mf_workspace_info *ret_info);

/* ---- place.c: a path, and what stands there ----------------------------------------------------------- */

/* chain[0] is the root, chain[depth] the directory that holds (or would hold) |inode| under the last name of |path|. */
struct place {
    unsigned depth;
    struct mf_inode chain[MF_FS_DEPTH_MAX + 1];
    size_t ends[MF_FS_DEPTH_MAX + 1];    /* Bytes of |path| that lead to chain[i]. */
    char path[MF_FS_PATH_BYTES_MAX + 1]; /* Without links, "." and "..": "/a/b"; the root: "". */
    size_t path_size;
    bool is_root; /* It is chain[0] itself. */
    bool exists;
    struct mf_inode inode;
};

enum {
    PLACE_FOLLOW = 1, /* The last name too. */
    PLACE_MAKE = 2,   /* Directories that are missing before the last name. */
};

/* 0 also when only the last name is missing. ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EINVAL. */
MF_MUST_CHECK int
mf__place_find(struct tree *tree, struct mf_slice path, unsigned flags, struct place *ret_place);
/* A directory that is there. */
MF_MUST_CHECK int mf__place_find_directory(struct tree *tree, struct mf_slice path, struct place *ret_place);
/* |inode|, which stands nowhere yet or elsewhere too, stands here now instead of what did. ENOSPC, ENAMETOOLONG. */
MF_MUST_CHECK int mf__place_put(struct tree *tree, struct place *place, const struct mf_inode *inode);
MF_MUST_CHECK int mf__place_remove(struct tree *tree, struct place *place);
/* place->inode stands here alone from now on and may be changed. */
MF_MUST_CHECK int mf__place_own(struct tree *tree, struct place *place);
/* place->inode was changed and has grown by |bytes| (or shrunk). */
MF_MUST_CHECK int mf__place_update(struct tree *tree, struct place *place, int64_t bytes);

static inline struct mf_slice mf__place_path(const struct place *place)
{
    return place->path_size == 0 ? mf_slice_of_cstr("/") : mf_slice_of(place->path, place->path_size);
}

static inline struct mf_slice mf__place_name(const struct place *place)
{
    size_t begin = place->ends[place->depth] + 1;

    return mf_slice_of(place->path + begin, place->path_size - begin);
}

/* A new inode of the tree, without content. */
MF_MUST_CHECK int mf__inode_make(struct tree *tree,
                                 enum mf_inode_kind kind,
                                 uint32_t mode,
                                 struct mf_slice target,
                                 struct mf_inode *ret_inode);
/* A name that can stand in a directory: ENAMETOOLONG, EINVAL. */
MF_MUST_CHECK int mf__name_check(struct mf_slice name);

/* ---- content.c ------------------------------------------------------------------------------------------ */

/* |bytes| at |offset| of a file that is the tree's own. The file's size is for the caller to set. */
MF_MUST_CHECK int
mf__content_write(struct tree *tree, const struct mf_inode *file, uint64_t offset, struct mf_slice bytes);
/* What is behind |size| is gone and reads as zeros should the file grow again. */
MF_MUST_CHECK int mf__content_cut(struct tree *tree, const struct mf_inode *file, uint64_t size);
MF_MUST_CHECK int mf__content_read(struct mf_store *store,
                                   const struct mf_inode *file,
                                   uint64_t offset,
                                   size_t size,
                                   struct mf_buf *ret_bytes);

/* ---- ops.c --------------------------------------------------------------------------------------------- */

/* mf_workspace_apply within a transaction. */
MF_MUST_CHECK int mf__apply(struct tree *tree,
                            const struct mf_workspace_op *ops,
                            size_t count,
                            struct mf_workspace_result *results,
                            size_t *ret_failed);

/* ---- edit.c: pure ---------------------------------------------------------------------------------------- */

/* Makes all of |edits| in |text|. MF_E_WORKSPACE_EDIT, MF_E_FS_EFBIG; *ret_edit and *ret_found say which and how often. */
MF_MUST_CHECK int mf__edit(struct mf_buf *text,
                           const struct mf_workspace_edit *edits,
                           size_t count,
                           size_t *ret_edit,
                           uint64_t *ret_found);

#endif
