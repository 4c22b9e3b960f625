/* life.c - workspaces as wholes, their drafts, and the garbage that is left. */
#include "internal.h"

int mf__workspace_tell(struct mf_store *store,
                       const struct mf_store_workspace *row,
                       struct mf_slice name,
                       struct mf_workspace_info *ret_info)
{
    struct mf_inode root;
    int rc = mf_store_inode_get(store, row->root, &root);

    if (rc == 0) {
        *ret_info = (struct mf_workspace_info){.name = name,
                                               .revision = row->revision,
                                               .bytes = root.size,
                                               .inodes = root.inodes,
                                               .bytes_max = row->bytes_max,
                                               .inodes_max = row->inodes_max,
                                               .created_ms = row->created_ms,
                                               .updated_ms = row->updated_ms};
    }
    return rc;
}

int mf__workspace_add(struct mf_store *store,
                      struct mf_slice tenant,
                      struct mf_slice name,
                      struct mf_store_workspace *row)
{
    uint64_t count = 0;
    int rc = mf_store_workspaces_count(store, tenant, &count);

    if (rc == 0 && count >= MF_WORKSPACES_MAX) {
        rc = MF_E_TOO_MANY;
    }
    return rc < 0 ? rc : mf_store_workspace_new(store, tenant, name, row);
}

static int make(struct mf_store *store,
                const struct mf_workspace_ref *ref,
                uint64_t bytes_max,
                uint64_t inodes_max,
                uint64_t now_ms,
                struct mf_store_workspace *ret_row)
{
    struct mf_inode root = {
        .kind = MF_INODE_DIRECTORY, .mode = 0755, .inodes = 1, .changed_ms = now_ms, .created_ms = now_ms};
    int rc = mf_store_inode_new(store, &root, mf_slice_of(NULL, 0));

    *ret_row =
        (struct mf_store_workspace){.root = root.id,
                                    .bytes_max = bytes_max == 0 ? MF_WORKSPACE_BYTES_DEFAULT : bytes_max,
                                    .inodes_max = inodes_max == 0 ? MF_WORKSPACE_INODES_DEFAULT : inodes_max,
                                    .created_ms = now_ms,
                                    .updated_ms = now_ms};
    return rc < 0 ? rc : mf__workspace_add(store, ref->tenant, ref->name, ret_row);
}

int mf_workspace_put(struct mf_store *store,
                     const struct mf_workspace_ref *ref,
                     uint64_t bytes_max,
                     uint64_t inodes_max,
                     uint64_t now_ms,
                     struct mf_workspace_info *ret_info,
                     bool *ret_is_new)
{
    struct mf_store_workspace row;
    int rc = mf_store_fs_begin(store, MF_STORE_FS_WRITE);

    if (rc < 0) {
        return rc;
    }
    rc = mf_store_workspace_get(store, ref->tenant, ref->name, &row);
    *ret_is_new = rc == MF_E_WORKSPACE_UNKNOWN;
    if (*ret_is_new) {
        rc = make(store, ref, bytes_max, inodes_max, now_ms, &row);
    } else if (rc == 0 && (bytes_max != 0 || inodes_max != 0)) {
        row.bytes_max = bytes_max == 0 ? row.bytes_max : bytes_max;
        row.inodes_max = inodes_max == 0 ? row.inodes_max : inodes_max;
        row.updated_ms = now_ms;
        rc = mf_store_workspace_set(store, &row);
    }
    if (rc == 0) {
        rc = mf__workspace_tell(store, &row, ref->name, ret_info);
    }
    return mf_store_fs_end(store, rc);
}

int mf_workspace_get(struct mf_store *store,
                     const struct mf_workspace_ref *ref,
                     struct mf_workspace_info *ret_info)
{
    struct mf_store_workspace row;
    int rc = mf_store_fs_begin(store, MF_STORE_FS_READ);

    if (rc < 0) {
        return rc;
    }
    rc = mf_store_workspace_get(store, ref->tenant, ref->name, &row);
    if (rc == 0) {
        rc = mf__workspace_tell(store, &row, ref->name, ret_info);
    }
    return mf_store_fs_end(store, rc);
}

int mf_workspace_delete(struct mf_store *store, const struct mf_workspace_ref *ref)
{
    struct mf_store_workspace row;
    int rc = mf_store_fs_begin(store, MF_STORE_FS_WRITE);

    if (rc < 0) {
        return rc;
    }
    rc = mf_store_workspace_get(store, ref->tenant, ref->name, &row);
    if (rc == 0) {
        rc = mf_store_workspace_delete(store, row.id);
    }
    return mf_store_fs_end(store, rc);
}

struct list {
    struct mf_store *store;
    int (*on_row)(void *user, const struct mf_workspace_info *info);
    void *user;
};

static int list_row(void *user, const struct mf_store_workspace *row)
{
    struct list *list = user;
    struct mf_workspace_info info;
    int rc = mf__workspace_tell(list->store, row, row->name, &info);

    return rc < 0 ? rc : list->on_row(list->user, &info);
}

int mf_workspace_list(struct mf_store *store,
                      struct mf_slice tenant,
                      struct mf_slice after,
                      size_t count,
                      int (*on_row)(void *user, const struct mf_workspace_info *info),
                      void *user)
{
    struct list list = {.store = store, .on_row = on_row, .user = user};
    int rc = mf_store_fs_begin(store, MF_STORE_FS_READ);

    if (rc < 0) {
        return rc;
    }
    return mf_store_fs_end(store, mf_store_workspaces_each(store, tenant, after, count, list_row, &list));
}

/* ---- drafts --------------------------------------------------------------------------------------------- */

int mf_workspace_draft_begin(struct mf_store *store, struct mf_workspace_ref *ref)
{
    struct tree tree;
    uint64_t count = 0;
    int rc = mf__tree_begin(store, ref, MF_STORE_FS_WRITE_LAZY, 0, &tree);

    if (rc < 0) {
        return rc;
    }
    struct mf_store_draft draft = {
        .workspace = tree.workspace.id, .root = tree.root, .base = tree.workspace.revision};
    MF_ASSERT(tree.draft == 0);
    rc = mf_store_drafts_count(store, tree.workspace.id, &count);
    if (rc == 0 && count >= MF_WORKSPACE_DRAFTS_MAX) {
        rc = MF_E_AGAIN;
    }
    rc = mf__tree_end(&tree, rc < 0 ? rc : mf_store_draft_new(store, &draft));
    if (rc == 0) {
        ref->draft = draft.id;
    }
    return rc;
}

/* The draft's root becomes the workspace's. */
static int commit(struct tree *tree)
{
    struct mf_store_workspace *row = &tree->workspace;
    uint64_t before = row->root;
    uint64_t draft = tree->draft;
    int rc = mf_store_changes_publish(tree->store, row->id, draft, tree->revision);

    if (rc == 0) {
        tree->draft = 0;
        tree->is_changed = true;
        rc = mf__tree_set_root(tree, tree->root);
    }
    if (rc == 0) {
        rc = mf_store_draft_delete(tree->store, draft);
    }
    return rc < 0 ? rc : mf_store_inode_drop(tree->store, before);
}

int mf_workspace_draft_commit(struct mf_store *store, const struct mf_workspace_ref *ref, uint64_t now_ms)
{
    struct tree tree;
    struct mf_inode root;
    int rc = mf__tree_begin(store, ref, MF_STORE_FS_WRITE, now_ms, &tree);

    if (rc < 0) {
        return rc;
    }
    MF_ASSERT(tree.draft != 0);
    if (tree.revision != tree.workspace.revision + 1) {
        rc = MF_E_WORKSPACE_CONFLICT;
    }
    if (rc == 0) {
        rc = mf_store_inode_get(store, tree.root, &root);
    }
    /* The quota may have been lowered. */
    if (rc == 0 && (root.size > tree.workspace.bytes_max || root.inodes > tree.workspace.inodes_max)) {
        rc = MF_E_FS_ENOSPC;
    }
    if (rc == 0) {
        rc = commit(&tree);
    }
    return mf__tree_end(&tree, rc);
}

int mf_workspace_draft_cancel(struct mf_store *store, const struct mf_workspace_ref *ref)
{
    int rc = mf_store_fs_begin(store, MF_STORE_FS_WRITE_LAZY);

    if (rc < 0) {
        return rc;
    }
    rc = mf_store_draft_delete(store, ref->draft);
    return mf_store_fs_end(store, rc == MF_E_NOT_FOUND ? 0 : rc);
}

/* ---- garbage ------------------------------------------------------------------------------------------------ */

int mf_workspace_collect(struct mf_store *store, bool *ret_left)
{
    bool has_any = false;
    int rc = mf_store_fs_begin(store, MF_STORE_FS_READ);

    if (rc < 0) {
        return rc;
    }
    rc = mf_store_fs_end(store, mf_store_has_garbage(store, &has_any));
    if (rc < 0 || !has_any) {
        *ret_left = false;
        return rc;
    }
    rc = mf_store_fs_begin(store, MF_STORE_FS_WRITE_LAZY);
    return rc < 0 ? rc : mf_store_fs_end(store, mf_store_collect(store, ret_left));
}
