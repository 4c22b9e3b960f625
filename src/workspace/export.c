/* export.c - a directory as an archive, a piece at a time. It is pinned: the archive is what was there when it began. */
#include <mayfly/tar.h>
#include "walk.h"

struct mf_workspace_export {
    struct mf_inode root; /* Pinned. */
    struct walker walker;
    size_t base;          /* Bytes of the paths that are left out. */
    struct mf_inode file; /* Whose bytes come next, */
    uint64_t offset;      /* from here on; its size: none. */
    bool is_over;
};

int mf_workspace_export_begin(struct mf_store *store,
                              const struct mf_workspace_ref *ref,
                              struct mf_slice path,
                              MF_OWN struct mf_workspace_export **ret_export)
{
    struct mf_workspace_export *export = mf_new(sizeof *export);
    struct place *place = mf_new(sizeof *place);
    struct tree tree;
    int rc = mf__tree_begin(store, ref, MF_STORE_FS_READ, 0, &tree);

    if (rc == 0) {
        rc = mf__place_find_directory(&tree, path, place);
        if (rc == 0) {
            export->root = place->inode;
            export->base = place->path_size;
            mf__walk_begin(&export->walker, store, place->inode.id,
                           mf_slice_of(place->path, place->path_size), MF_FS_DEPTH_MAX);
            rc = mf_store_pin(store, place->inode.id);
        }
        rc = mf__tree_end(&tree, rc);
    }
    mf_free(place);
    if (rc < 0) {
        mf_free(export);
        return rc;
    }
    *ret_export = export;
    return 0;
}

void mf_workspace_export_free(struct mf_store *store, MF_OWN struct mf_workspace_export *export)
{
    if (export != NULL) {
        mf_store_unpin(store, export->root.id);
        mf_free(export);
    }
}

static int write_entry(struct mf_workspace_export *export, struct mf_buf *out)
{
    const struct mf_inode *inode = &export->walker.inode;
    struct mf_slice path = mf__walk_path(&export->walker);
    struct mf_tar_entry entry = {.mode = inode->mode, .changed_ms = inode->changed_ms};
    struct mf_buf name;
    struct mf_buf target;
    int rc;

    mf_buf_init(&name, MF_FS_PATH_BYTES_MAX + 1);
    mf_buf_init(&target, MF_FS_PATH_BYTES_MAX);
    rc = mf_buf_append(&name, path.data + export->base + 1, path.size - export->base - 1);
    if (inode->kind == MF_INODE_DIRECTORY) {
        entry.kind = MF_TAR_DIRECTORY;
        rc = rc < 0 ? rc : mf_buf_append(&name, "/", 1);
    } else if (inode->kind == MF_INODE_SYMLINK) {
        entry.kind = MF_TAR_SYMLINK;
        rc = rc < 0 ? rc : mf_store_inode_target(export->walker.store, inode->id, &target);
    } else {
        entry.kind = MF_TAR_FILE;
        entry.size = inode->size;
        export->file = *inode;
        export->offset = 0;
    }
    entry.path = mf_buf_peek(&name);
    entry.target = mf_buf_peek(&target);
    rc = rc < 0 ? rc : mf_tar_write(out, &entry);
    mf_buf_done(&name);
    mf_buf_done(&target);
    return rc;
}

static int write_content(struct mf_workspace_export *export, struct mf_buf *out)
{
    uint64_t left = export->file.size - export->offset;
    size_t size = left < MF_FS_CHUNK_BYTES ? (size_t)left : MF_FS_CHUNK_BYTES;
    int rc = mf__content_read(export->walker.store, &export->file, export->offset, size, out);

    export->offset += size;
    if (rc == 0 && export->offset == export->file.size) {
        rc = mf_tar_write_padding(out, export->file.size);
        export->file.size = 0;
        export->offset = 0;
    }
    return rc;
}

static int step(struct mf_workspace_export *export, struct mf_buf *out)
{
    int rc = 0;

    /* Room for one more chunk, or for one more header with its pax header. */
    for (size_t visits = 0; rc == 0 && !export->is_over && out->size <= MF_FS_CHUNK_BYTES && visits < 1000;
         visits++) {
        if (export->offset < export->file.size) {
            rc = write_content(export, out);
            continue;
        }
        rc = mf__walk_next(&export->walker);
        export->is_over = rc == 0;
        if (rc > 0) {
            rc = write_entry(export, out);
        } else if (rc == 0) {
            rc = mf_tar_write_end(out);
        }
    }
    return rc;
}

int mf_workspace_export_step(struct mf_store *store,
                             struct mf_workspace_export *export,
                             struct mf_buf *out,
                             bool *ret_over)
{
    int rc = mf_store_fs_begin(store, MF_STORE_FS_READ);

    if (rc < 0) {
        return rc;
    }
    rc = mf_store_fs_end(store, step(export, out));
    *ret_over = export->is_over;
    return rc;
}
