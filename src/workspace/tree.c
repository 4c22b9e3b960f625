/* tree.c - a transaction on one tree: of a workspace, of one of its drafts or of one of its snapshots. */
#include "internal.h"

static int find_root(struct tree *tree, const struct mf_workspace_ref *ref)
{
    struct mf_store_draft draft;
    struct mf_store_snapshot snapshot;
    int rc;

    tree->root = tree->workspace.root;
    tree->revision = tree->workspace.revision + 1;
    if (ref->snapshot.size > 0) {
        rc = mf_store_snapshot_get(tree->store, tree->workspace.id, ref->snapshot, &snapshot);
        if (rc == 0) {
            tree->is_read_only = true;
            tree->root = snapshot.root;
        }
        return rc;
    }
    if (ref->draft == 0) {
        return 0;
    }
    rc = mf_store_draft_get(tree->store, ref->draft, &draft);
    if (rc == 0 && draft.workspace != tree->workspace.id) {
        rc = MF_E_NOT_FOUND;
    }
    if (rc == 0) {
        tree->draft = draft.id;
        tree->root = draft.root;
        tree->revision = draft.base + 1;
        rc = mf_store_changes_last(tree->store, tree->workspace.id, draft.id, &tree->changes);
    }
    return rc;
}

int mf__tree_begin(struct mf_store *store,
                   const struct mf_workspace_ref *ref,
                   enum mf_store_fs_access access,
                   uint64_t now_ms,
                   struct tree *ret_tree)
{
    int rc = mf_store_fs_begin(store, access);

    if (rc < 0) {
        return rc;
    }
    *ret_tree = (struct tree){.store = store, .tenant = ref->tenant, .now_ms = now_ms};
    rc = mf_store_workspace_get(store, ref->tenant, ref->name, &ret_tree->workspace);
    if (rc == 0) {
        rc = find_root(ret_tree, ref);
    }
    return rc < 0 ? mf_store_fs_end(store, rc) : 0;
}

int mf__tree_set_root(struct tree *tree, uint64_t root)
{
    tree->root = root;
    if (tree->draft != 0) {
        return mf_store_draft_set_root(tree->store, tree->draft, root);
    }
    tree->workspace.root = root;
    return mf_store_workspace_set(tree->store, &tree->workspace);
}

int mf__tree_note(struct tree *tree, enum mf_change_kind kind, struct mf_slice path, struct mf_slice from)
{
    struct mf_store_change row = {.draft = tree->draft,
                                  .revision = tree->revision,
                                  .number = tree->changes + 1,
                                  .kind = kind,
                                  .path = path,
                                  .from = from};
    int rc;

    tree->is_changed = true;
    if (tree->is_quiet) {
        return 0;
    }
    rc = mf_store_change_new(tree->store, tree->workspace.id, &row);
    if (rc == 0) {
        tree->changes++;
    }
    return rc;
}

int mf__tree_end(struct tree *tree, int error)
{
    struct mf_store_workspace *workspace = &tree->workspace;

    if (error == 0 && tree->is_changed && tree->draft == 0) {
        workspace->revision = tree->revision;
        workspace->updated_ms = tree->now_ms;
        workspace->changes += tree->changes;
        if (workspace->changes > MF_WORKSPACE_CHANGES_MAX) {
            error = mf_store_changes_trim(tree->store, workspace);
        }
        if (error == 0) {
            error = mf_store_workspace_set(tree->store, workspace);
        }
    }
    return mf_store_fs_end(tree->store, error);
}
