/* snapshots.c - whole trees under a name: kept, taken up again, forked; and what was changed since a revision. */
#include "internal.h"

static int tell_snapshot(struct mf_store *store,
                         const struct mf_store_snapshot *row,
                         struct mf_workspace_snapshot *ret_snapshot)
{
    struct mf_inode root;
    int rc = mf_store_inode_get(store, row->root, &root);

    if (rc == 0) {
        *ret_snapshot = (struct mf_workspace_snapshot){.name = row->name,
                                                       .revision = row->revision,
                                                       .bytes = root.size,
                                                       .inodes = root.inodes,
                                                       .created_ms = row->created_ms};
    }
    return rc;
}

struct list {
    struct mf_store *store;
    int (*on_row)(void *user, const struct mf_workspace_snapshot *row);
    void *user;
    size_t count;
};

static int list_row(void *user, const struct mf_store_snapshot *row)
{
    struct list *list = user;
    struct mf_workspace_snapshot snapshot;
    int rc = tell_snapshot(list->store, row, &snapshot);

    list->count++;
    return rc < 0 || list->on_row == NULL ? rc : list->on_row(list->user, &snapshot);
}

int mf_workspace_snapshot_new(struct mf_store *store,
                              const struct mf_workspace_ref *ref,
                              struct mf_slice name,
                              uint64_t now_ms,
                              struct mf_workspace_snapshot *ret_snapshot)
{
    struct list list = {.store = store};
    struct tree tree;
    int rc = mf__tree_begin(store, ref, MF_STORE_FS_WRITE, now_ms, &tree);

    if (rc < 0) {
        return rc;
    }
    struct mf_store_snapshot row = {
        .name = name, .root = tree.root, .revision = tree.workspace.revision, .created_ms = now_ms};
    rc = mf_store_snapshots_each(store, tree.workspace.id, list_row, &list);
    if (rc == 0 && list.count >= MF_WORKSPACE_SNAPSHOTS_MAX) {
        rc = MF_E_TOO_MANY;
    }
    if (rc == 0) {
        rc = mf_store_snapshot_new(store, tree.workspace.id, &row);
    }
    if (rc == 0) {
        rc = tell_snapshot(store, &row, ret_snapshot);
    }
    return mf__tree_end(&tree, rc);
}

int mf_workspace_snapshots(struct mf_store *store,
                           const struct mf_workspace_ref *ref,
                           int (*on_row)(void *user, const struct mf_workspace_snapshot *row),
                           void *user)
{
    struct list list = {.store = store, .on_row = on_row, .user = user};
    struct tree tree;
    int rc = mf__tree_begin(store, ref, MF_STORE_FS_READ, 0, &tree);

    return rc < 0 ? rc
                  : mf__tree_end(&tree, mf_store_snapshots_each(store, tree.workspace.id, list_row, &list));
}

int mf_workspace_snapshot_delete(struct mf_store *store, const struct mf_workspace_ref *ref)
{
    struct mf_workspace_ref live = {.tenant = ref->tenant, .name = ref->name};
    struct tree tree;
    int rc = mf__tree_begin(store, &live, MF_STORE_FS_WRITE, 0, &tree);

    return rc < 0 ? rc
                  : mf__tree_end(&tree, mf_store_snapshot_delete(store, tree.workspace.id, ref->snapshot));
}

static int restore(struct tree *tree, struct mf_slice name)
{
    struct mf_store_snapshot row;
    struct mf_inode root;
    uint64_t before = tree->root;
    int rc = mf_store_snapshot_get(tree->store, tree->workspace.id, name, &row);

    if (rc == 0) {
        rc = mf_store_inode_get(tree->store, row.root, &root);
    }
    if (rc < 0 || row.root == before) {
        return rc;
    }
    if (root.size > tree->workspace.bytes_max || root.inodes > tree->workspace.inodes_max) {
        return MF_E_FS_ENOSPC;
    }
    rc = mf__tree_set_root(tree, row.root);
    if (rc == 0) {
        rc = mf_store_inode_drop(tree->store, before);
    }
    return rc < 0 ? rc : mf__tree_note(tree, MF_CHANGE_TREE, mf_slice_of_cstr("/"), mf_slice_of(NULL, 0));
}

int mf_workspace_restore(struct mf_store *store,
                         const struct mf_workspace_ref *ref,
                         uint64_t now_ms,
                         struct mf_workspace_info *ret_info)
{
    struct mf_workspace_ref live = {.tenant = ref->tenant, .name = ref->name};
    struct tree tree;
    int rc = mf__tree_begin(store, &live, MF_STORE_FS_WRITE, now_ms, &tree);

    if (rc < 0) {
        return rc;
    }
    rc = mf__tree_end(&tree, restore(&tree, ref->snapshot));
    return rc < 0 ? rc : mf_workspace_get(store, &live, ret_info);
}

int mf_workspace_fork(struct mf_store *store,
                      const struct mf_workspace_ref *ref,
                      struct mf_slice to,
                      uint64_t bytes_max,
                      uint64_t inodes_max,
                      uint64_t now_ms,
                      struct mf_workspace_info *ret_info)
{
    struct tree tree;
    int rc = mf__tree_begin(store, ref, MF_STORE_FS_WRITE, now_ms, &tree);

    if (rc < 0) {
        return rc;
    }
    /* Etags of the fork go on from those of here. */
    struct mf_store_workspace row = {.root = tree.root,
                                     .revision = tree.workspace.revision,
                                     .bytes_max = bytes_max == 0 ? tree.workspace.bytes_max : bytes_max,
                                     .inodes_max = inodes_max == 0 ? tree.workspace.inodes_max : inodes_max,
                                     .changes_since = tree.workspace.revision,
                                     .created_ms = now_ms,
                                     .updated_ms = now_ms};
    rc = mf__workspace_add(store, ref->tenant, to, &row);
    if (rc == 0) {
        rc = mf__workspace_tell(store, &row, to, ret_info);
    }
    if (rc == 0 && (ret_info->bytes > row.bytes_max || ret_info->inodes > row.inodes_max)) {
        rc = MF_E_FS_ENOSPC;
    }
    return mf__tree_end(&tree, rc);
}

int mf_workspace_changes(struct mf_store *store,
                         const struct mf_workspace_ref *ref,
                         uint64_t revision,
                         uint64_t number,
                         size_t count,
                         int (*on_row)(void *user, const struct mf_store_change *row),
                         void *user,
                         uint64_t *ret_revision)
{
    struct tree tree;
    int rc = mf__tree_begin(store, ref, MF_STORE_FS_READ, 0, &tree);

    if (rc < 0) {
        return rc;
    }
    *ret_revision = tree.workspace.revision;
    if (revision < tree.workspace.changes_since || revision > tree.workspace.revision) {
        rc = MF_E_WORKSPACE_CHANGES;
    } else {
        rc = mf_store_changes_each(store, tree.workspace.id, revision, number, count, on_row, user);
    }
    return mf__tree_end(&tree, rc);
}
