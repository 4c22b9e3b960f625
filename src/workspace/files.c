/* files.c - files in pieces, and what stands at a path. */
#include "diff.h"
#include "internal.h"

/* ---- uploads ---------------------------------------------------------------------------------------- */

int mf_workspace_upload_begin(struct mf_store *store,
                              const struct mf_workspace_ref *ref,
                              uint64_t now_ms,
                              uint64_t *ret_upload)
{
    struct tree tree;
    struct mf_inode file;
    int rc = mf__tree_begin(store, ref, MF_STORE_FS_WRITE_LAZY, now_ms, &tree);

    if (rc < 0) {
        return rc;
    }
    rc = mf__inode_make(&tree, MF_INODE_FILE, MF_WORKSPACE_MODE_DEFAULT, mf_slice_of(NULL, 0), &file);
    if (rc == 0) {
        rc = mf_store_upload_new(store, tree.workspace.id, file.id);
    }
    rc = mf__tree_end(&tree, rc);
    if (rc == 0) {
        *ret_upload = file.id;
    }
    return rc;
}

static int append(struct tree *tree, uint64_t upload, struct mf_slice bytes)
{
    struct mf_inode file;
    struct mf_inode root;
    uint64_t uploads = 0;
    int rc = mf_store_upload_check(tree->store, tree->workspace.id, upload);

    if (rc == 0) {
        rc = mf_store_inode_get(tree->store, upload, &file);
    }
    if (rc == 0) {
        rc = mf_store_inode_get(tree->store, tree->root, &root);
    }
    if (rc == 0) {
        rc = mf_store_uploads_size(tree->store, tree->workspace.id, &uploads);
    }
    if (rc < 0) {
        return rc;
    }
    if (file.size % MF_FS_CHUNK_BYTES != 0) {
        return MF_E_FS_EINVAL; /* A piece that could only be the last was not. */
    }
    if (root.size + uploads + bytes.size > tree->workspace.bytes_max) {
        return MF_E_FS_ENOSPC;
    }
    rc = mf__content_write(tree, &file, file.size, bytes);
    file.size += bytes.size;
    return rc < 0 ? rc : mf_store_inode_set(tree->store, &file);
}

int mf_workspace_upload_write(struct mf_store *store,
                              const struct mf_workspace_ref *ref,
                              uint64_t upload,
                              struct mf_slice bytes)
{
    struct tree tree;
    int rc = mf__tree_begin(store, ref, MF_STORE_FS_WRITE_LAZY, 0, &tree);

    return rc < 0 ? rc : mf__tree_end(&tree, append(&tree, upload, bytes));
}

int mf_workspace_upload_cancel(struct mf_store *store, uint64_t upload)
{
    int rc = mf_store_fs_begin(store, MF_STORE_FS_WRITE_LAZY);

    if (rc < 0) {
        return rc;
    }
    rc = mf_store_upload_delete(store, upload);
    if (rc == 0) {
        rc = mf_store_inode_drop(store, upload);
    }
    /* Its workspace may be gone, and took it along. */
    return mf_store_fs_end(store, rc == MF_E_NOT_FOUND ? 0 : rc);
}

/* ---- reading ---------------------------------------------------------------------------------------- */

static int find(struct mf_store *store,
                const struct mf_workspace_ref *ref,
                struct mf_slice path,
                unsigned flags,
                struct tree *ret_tree,
                struct place *ret_place)
{
    int rc = mf__tree_begin(store, ref, MF_STORE_FS_READ, 0, ret_tree);

    if (rc < 0) {
        return rc;
    }
    rc = mf__place_find(ret_tree, path, flags, ret_place);
    if (rc == 0 && !ret_place->exists) {
        rc = MF_E_FS_ENOENT;
    }
    return rc < 0 ? mf__tree_end(ret_tree, rc) : 0;
}

static int find_file(struct mf_store *store,
                     const struct mf_workspace_ref *ref,
                     struct mf_slice path,
                     struct tree *ret_tree,
                     struct mf_inode *ret_file)
{
    struct place *place = mf_new(sizeof *place);
    int rc = find(store, ref, path, PLACE_FOLLOW, ret_tree, place);

    if (rc == 0 && place->inode.kind == MF_INODE_DIRECTORY) {
        rc = mf__tree_end(ret_tree, MF_E_FS_EISDIR);
    }
    if (rc == 0) {
        *ret_file = place->inode;
    }
    mf_free(place);
    return rc;
}

int mf_workspace_open(struct mf_store *store,
                      const struct mf_workspace_ref *ref,
                      struct mf_slice path,
                      struct mf_inode *ret_file)
{
    struct tree tree;
    struct mf_inode file;
    int rc = find_file(store, ref, path, &tree, &file);

    if (rc < 0) {
        return rc;
    }
    rc = mf_store_pin(store, file.id);
    if (rc == 0) {
        *ret_file = file;
    }
    return mf__tree_end(&tree, rc);
}

void mf_workspace_close(struct mf_store *store, const struct mf_inode *file)
{
    mf_store_unpin(store, file->id);
}

int mf_workspace_file_read(struct mf_store *store,
                           const struct mf_inode *file,
                           uint64_t offset,
                           size_t size,
                           struct mf_buf *ret_bytes)
{
    int rc = mf_store_fs_begin(store, MF_STORE_FS_READ);

    return rc < 0 ? rc : mf_store_fs_end(store, mf__content_read(store, file, offset, size, ret_bytes));
}

int mf_workspace_read(struct mf_store *store,
                      const struct mf_workspace_ref *ref,
                      struct mf_slice path,
                      uint64_t offset,
                      size_t size,
                      struct mf_inode *ret_file,
                      struct mf_buf *ret_bytes)
{
    struct tree tree;
    int rc = find_file(store, ref, path, &tree, ret_file);

    if (rc == 0 && ref->file_bytes_max != 0 && ret_file->size > ref->file_bytes_max) {
        rc = mf__tree_end(&tree, MF_E_AGAIN);
    }
    return rc < 0 ? rc : mf__tree_end(&tree, mf__content_read(store, ret_file, offset, size, ret_bytes));
}

int mf_workspace_stat(struct mf_store *store,
                      const struct mf_workspace_ref *ref,
                      struct mf_slice path,
                      bool follow,
                      struct mf_inode *ret_inode,
                      struct mf_buf *ret_path,
                      struct mf_buf *ret_target)
{
    struct tree tree;
    struct place *place = mf_new(sizeof *place);
    int rc = find(store, ref, path, follow ? PLACE_FOLLOW : 0, &tree, place);

    if (rc == 0) {
        *ret_inode = place->inode;
        rc = ret_path == NULL ? 0 : mf_buf_append_slice(ret_path, mf__place_path(place));
        if (rc == 0 && ret_target != NULL && place->inode.kind == MF_INODE_SYMLINK) {
            rc = mf_store_inode_target(store, place->inode.id, ret_target);
        }
        rc = mf__tree_end(&tree, rc);
    }
    mf_free(place);
    return rc;
}

int mf_workspace_readlink(struct mf_store *store,
                          const struct mf_workspace_ref *ref,
                          struct mf_slice path,
                          struct mf_buf *ret_target)
{
    struct tree tree;
    struct place *place = mf_new(sizeof *place);
    int rc = find(store, ref, path, 0, &tree, place);

    if (rc == 0) {
        rc = place->inode.kind == MF_INODE_SYMLINK ? mf_store_inode_target(store, place->inode.id, ret_target)
                                                   : MF_E_FS_EINVAL;
        rc = mf__tree_end(&tree, rc);
    }
    mf_free(place);
    return rc;
}

/* ---- comparing -------------------------------------------------------------------------------------- */

/* 0 also when there is no such file: |side->mark| is NULL then. */
static int read_side(struct mf_store *store,
                     const struct mf_workspace_ref *ref,
                     struct mf_slice path,
                     struct mf_buf *text,
                     struct diff_side *side)
{
    struct mf_inode file;
    int rc = mf_workspace_read(store, ref, path, 0, MF_WORKSPACE_DIFF_BYTES_MAX, &file, text);

    if (rc == MF_E_FS_ENOENT) {
        side->mark = NULL;
        return 0;
    }
    if (rc == 0 && file.size > MF_WORKSPACE_DIFF_BYTES_MAX) {
        rc = MF_E_FS_EFBIG;
    }
    side->name = path;
    side->text = mf_buf_peek(text);
    return rc;
}

int mf_workspace_diff(struct mf_store *store,
                      const struct mf_workspace_ref *from_ref,
                      struct mf_slice from,
                      const struct mf_workspace_ref *to_ref,
                      struct mf_slice to,
                      size_t context,
                      struct mf_buf *out)
{
    struct diff_side before = {.mark = mf_slice_starts_with(from, "/") ? "a" : "a/"};
    struct diff_side after = {.mark = mf_slice_starts_with(to, "/") ? "b" : "b/"};
    struct mf_buf before_text;
    struct mf_buf after_text;
    int rc;

    mf_buf_init(&before_text, MF_WORKSPACE_DIFF_BYTES_MAX);
    mf_buf_init(&after_text, MF_WORKSPACE_DIFF_BYTES_MAX);
    rc = read_side(store, from_ref, from, &before_text, &before);
    rc = rc < 0 ? rc : read_side(store, to_ref, to, &after_text, &after);
    if (rc == 0 && before.mark == NULL && after.mark == NULL) {
        rc = MF_E_FS_ENOENT;
    }
    rc = rc < 0 ? rc : mf__diff(out, &before, &after, context);
    mf_buf_done(&before_text);
    mf_buf_done(&after_text);
    return rc;
}
