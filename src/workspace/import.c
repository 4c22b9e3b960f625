/* import.c - an archive into a directory: into a draft as it comes, which then takes the workspace's place, or never.
 *
 * An entry may go where its own name says and nowhere else: a name with "..", or one that would lead through a link, is refused, also
 * when the archive itself brought the link. What links lead to is kept as it is: whoever follows them stays in the workspace. */
#include <mayfly/tar.h>

#include <stdio.h>

#include "internal.h"

struct mf_workspace_import {
    struct mf_workspace_ref ref; /* Of the draft. */
    char tenant[MF_STORE_TENANT_BYTES_MAX];
    char name[MF_STORE_NAME_BYTES_MAX];
    char base[MF_FS_PATH_BYTES_MAX + 1]; /* The directory's path without links; "" for the root. */
    size_t base_size;
    struct mf_tar_reader reader;
    struct tree *tree; /* In a step. */
    struct place place;
    uint64_t now_ms;

    /* The entry under way. */
    struct mf_buf path;  /* In the workspace. */
    struct mf_buf piece; /* Of a file: what is not written yet. */
    bool is_file;
    bool is_begun; /* The file is there, and grows. */
    uint32_t mode;
    uint64_t changed_ms;

    uint64_t entries;
    uint64_t bytes;
    char why[MF_WORKSPACE_WHY_BYTES_MAX];
};

static int refuse(struct mf_workspace_import *import, const char *why)
{
    (void)snprintf(import->why, sizeof import->why, "%s", why);
    return MF_E_WORKSPACE_ARCHIVE;
}

/* "./a//b/" to "<base>/a/b". 1: it is the directory itself. */
static int read_path(struct mf_workspace_import *import, struct mf_slice path, struct mf_buf *ret_path)
{
    size_t at = 0;
    int rc = mf_buf_append(ret_path, import->base, import->base_size);

    while (rc == 0 && at < path.size) {
        size_t begin = at;
        while (at < path.size && path.data[at] != '/') {
            at++;
        }
        struct mf_slice name = mf_slice_of(path.data + begin, at - begin);
        at++;
        if (name.size == 0 || mf_slice_equal_cstr(name, ".")) {
            continue; /* Also what stands before the first slash of an absolute path. */
        }
        if (mf_slice_equal_cstr(name, "..")) {
            return refuse(import, "An entry's name has \"..\" in it.");
        }
        rc = mf_buf_append(ret_path, "/", 1);
        rc = rc < 0 ? rc : mf_buf_append_slice(ret_path, name);
    }
    if (rc == MF_E_TOO_LARGE) {
        return MF_E_FS_ENAMETOOLONG;
    }
    return rc < 0 ? rc : ret_path->size == import->base_size ? 1 : 0;
}

/* Where the entry goes, with directories above it made. */
static int find(struct mf_workspace_import *import, struct mf_slice path)
{
    int rc = mf__place_find(import->tree, path, PLACE_MAKE, &import->place);

    if (rc == 0 && !mf_slice_equal(mf__place_path(&import->place), path)) {
        rc = refuse(import, "An entry's name leads through a symbolic link.");
    }
    return rc;
}

static int apply(struct mf_workspace_import *import, struct mf_workspace_op op)
{
    struct mf_workspace_result result;
    size_t failed = 0;
    int rc;

    op.path = mf_buf_peek(&import->path);
    import->tree->stamp_ms = import->changed_ms;
    rc = mf__apply(import->tree, &op, 1, &result, &failed);
    import->tree->stamp_ms = 0;
    return rc;
}

/* What is in the way of a file or link: another one of either goes, as tar has it; a directory stays. */
static int clear(struct mf_workspace_import *import)
{
    const struct place *place = &import->place;

    if (!place->exists) {
        return 0;
    }
    if (place->inode.kind == MF_INODE_DIRECTORY) {
        return MF_E_FS_EISDIR;
    }
    return apply(import, (struct mf_workspace_op){.kind = MF_WORKSPACE_RM});
}

static int make_hard_link(struct mf_workspace_import *import, struct mf_slice target)
{
    struct mf_buf from;
    int rc;

    mf_buf_init(&from, MF_FS_PATH_BYTES_MAX);
    rc = read_path(import, target, &from);
    if (rc == 0) {
        rc = mf__place_find(import->tree, mf_buf_peek(&from), 0, &import->place);
    }
    if (rc == 0 && (!import->place.exists || import->place.inode.kind != MF_INODE_FILE ||
                    !mf_slice_equal(mf__place_path(&import->place), mf_buf_peek(&from)))) {
        rc = refuse(import, "A hard link's file is not in the archive before it.");
    }
    if (rc == 0 && !mf_slice_equal(mf_buf_peek(&from), mf_buf_peek(&import->path))) {
        struct mf_workspace_op op = {
            .kind = MF_WORKSPACE_CP, .path = mf_buf_peek(&from), .to = mf_buf_peek(&import->path)};
        struct mf_workspace_result result;
        size_t failed = 0;
        rc = mf__apply(import->tree, &op, 1, &result, &failed);
    }
    mf_buf_done(&from);
    return rc > 0 ? refuse(import, "A hard link's file is not in the archive before it.") : rc;
}

static int begin_entry(struct mf_workspace_import *import, const struct mf_tar_entry *entry)
{
    int rc = find(import, mf_buf_peek(&import->path));

    if (rc < 0) {
        return rc;
    }
    switch (entry->kind) {
    case MF_TAR_DIRECTORY:
        if (import->place.exists && import->place.inode.kind != MF_INODE_DIRECTORY) {
            return MF_E_FS_ENOTDIR;
        }
        return import->place.exists
                   ? 0
                   : apply(import, (struct mf_workspace_op){.kind = MF_WORKSPACE_MKDIR, .mode = entry->mode});
    case MF_TAR_SYMLINK:
        rc = clear(import);
        return rc < 0 ? rc
                      : apply(import,
                              (struct mf_workspace_op){.kind = MF_WORKSPACE_SYMLINK, .to = entry->target});
    case MF_TAR_HARD_LINK:
        rc = clear(import);
        return rc < 0 ? rc : make_hard_link(import, entry->target);
    case MF_TAR_FILE:
        import->is_file = true;
        return clear(import);
    }
    return 0;
}

static int on_entry(void *user, const struct mf_tar_entry *entry)
{
    struct mf_workspace_import *import = user;
    int rc;

    import->is_file = false;
    import->is_begun = false;
    import->mode = entry->mode;
    import->changed_ms = entry->changed_ms < MF_FS_TIME_MS_MAX ? entry->changed_ms : MF_FS_TIME_MS_MAX;
    import->entries++;
    mf_buf_reset(&import->path);
    mf_buf_reset(&import->piece);
    if (entry->size > MF_WORKSPACE_BYTES_MAX) {
        return MF_E_FS_EFBIG;
    }
    rc = read_path(import, entry->path, &import->path);
    if (rc > 0) {
        return entry->kind == MF_TAR_DIRECTORY ? 0 : refuse(import, "An entry has no name.");
    }
    return rc < 0 ? rc : begin_entry(import, entry);
}

static int write_piece(struct mf_workspace_import *import)
{
    struct mf_workspace_op op = {
        .kind = MF_WORKSPACE_WRITE, .bytes = mf_buf_peek(&import->piece), .mode = import->mode};
    int rc;

    if (import->is_begun) {
        op.kind = MF_WORKSPACE_PATCH;
        op.flags = MF_WORKSPACE_APPEND | MF_WORKSPACE_EXISTING;
    }
    rc = apply(import, op);
    import->is_begun = true;
    mf_buf_reset(&import->piece);
    return rc;
}

static int on_data(void *user, struct mf_slice bytes)
{
    struct mf_workspace_import *import = user;
    int rc = 0;

    import->bytes += bytes.size;
    while (rc == 0 && bytes.size > 0) {
        size_t room = MF_FS_CHUNK_BYTES - import->piece.size;
        size_t size = room < bytes.size ? room : bytes.size;
        rc = mf_buf_append(&import->piece, bytes.data, size);
        bytes = mf_slice_of(bytes.data + size, bytes.size - size);
        if (rc == 0 && import->piece.size == MF_FS_CHUNK_BYTES) {
            rc = write_piece(import);
        }
    }
    return rc;
}

static int on_entry_end(void *user)
{
    struct mf_workspace_import *import = user;

    return import->is_file && (import->piece.size > 0 || !import->is_begun) ? write_piece(import) : 0;
}

static const struct mf_tar_events events = {.on_entry = on_entry,
                                            .on_data = on_data,
                                            .on_entry_end = on_entry_end};

/* ---- the whole ------------------------------------------------------------------------------------------------ */

static struct mf_workspace_import *import_new(const struct mf_workspace_ref *ref, uint64_t now_ms)
{
    struct mf_workspace_import *import = mf_new(sizeof *import);

    MF_ASSERT(ref->tenant.size <= sizeof import->tenant && ref->name.size <= sizeof import->name);
    memcpy(import->name, ref->name.data, ref->name.size);
    if (ref->tenant.size > 0) {
        memcpy(import->tenant, ref->tenant.data, ref->tenant.size);
    }
    import->ref = (struct mf_workspace_ref){.tenant = mf_slice_of(import->tenant, ref->tenant.size),
                                            .name = mf_slice_of(import->name, ref->name.size)};
    import->now_ms = now_ms;
    mf_tar_begin(&import->reader, &events, import);
    mf_buf_init(&import->path, MF_FS_PATH_BYTES_MAX);
    mf_buf_init(&import->piece, MF_FS_CHUNK_BYTES);
    return import;
}

void mf_workspace_import_forget(MF_OWN struct mf_workspace_import *import)
{
    mf_tar_done(&import->reader);
    mf_buf_done(&import->path);
    mf_buf_done(&import->piece);
    mf_free(import);
}

/* The directory, made where it is missing, without the links on the way to it. */
static int find_base(struct mf_workspace_import *import, struct mf_slice path)
{
    struct mf_workspace_op op = {.kind = MF_WORKSPACE_MKDIR,
                                 .path = path,
                                 .flags = MF_WORKSPACE_PARENTS,
                                 .mode = MF_WORKSPACE_MODE_DEFAULT};
    struct mf_workspace_result result;
    struct tree tree;
    size_t failed = 0;
    int rc = mf__tree_begin(import->tree->store, &import->ref, MF_STORE_FS_WRITE_LAZY, import->now_ms, &tree);

    if (rc < 0) {
        return rc;
    }
    tree.is_quiet = true;
    rc = mf__apply(&tree, &op, 1, &result, &failed);
    rc = rc < 0 ? rc : mf__place_find_directory(&tree, path, &import->place);
    if (rc == 0) {
        memcpy(import->base, import->place.path, import->place.path_size);
        import->base_size = import->place.path_size;
        tree.is_quiet = false;
        rc = mf__tree_note(&tree, MF_CHANGE_TREE, mf__place_path(&import->place), mf_slice_of(NULL, 0));
    }
    return mf__tree_end(&tree, rc);
}

int mf_workspace_import_begin(struct mf_store *store,
                              const struct mf_workspace_ref *ref,
                              struct mf_slice path,
                              uint64_t now_ms,
                              MF_OWN struct mf_workspace_import **ret_import)
{
    struct mf_workspace_import *import = import_new(ref, now_ms);
    struct tree tree = {.store = store};
    int rc = mf_workspace_draft_begin(store, &import->ref);

    if (rc == 0) {
        import->tree = &tree;
        rc = find_base(import, path);
        import->tree = NULL;
        if (rc < 0) {
            mf_ignore(
                mf_workspace_draft_cancel(store, &import->ref)); /* The first error is the one to tell. */
        }
    }
    if (rc < 0) {
        mf_workspace_import_forget(import);
        return rc;
    }
    *ret_import = import;
    return 0;
}

int mf_workspace_import_feed(struct mf_store *store,
                             struct mf_workspace_import *import,
                             struct mf_slice bytes)
{
    struct tree tree;
    int rc = mf__tree_begin(store, &import->ref, MF_STORE_FS_WRITE_LAZY, import->now_ms, &tree);

    if (rc < 0) {
        return rc;
    }
    tree.is_quiet = true;
    import->tree = &tree;
    rc = mf_tar_feed(&import->reader, bytes);
    import->tree = NULL;
    return mf__tree_end(&tree, rc);
}

int mf_workspace_import_end(struct mf_store *store,
                            struct mf_workspace_import *import,
                            uint64_t now_ms,
                            uint64_t *ret_entries,
                            uint64_t *ret_bytes)
{
    int rc = mf_tar_end(&import->reader);

    if (rc == 0) {
        rc = mf_workspace_draft_commit(store, &import->ref, now_ms);
    }
    if (rc == 0) {
        import->ref.draft = 0;
        *ret_entries = import->entries;
        *ret_bytes = import->bytes;
    }
    return rc;
}

void mf_workspace_import_why(const struct mf_workspace_import *import, struct mf_buf *ret_why)
{
    const char *why = import->why[0] != '\0' ? import->why : import->reader.why;

    if (why != NULL) {
        mf_ignore(mf_buf_append_cstr(ret_why, why)); /* It is short. */
    }
    if (import->entries > 0) {
        mf_ignore(mf_buf_printf(ret_why, "%sIt is entry %llu.", why == NULL ? "" : " ",
                                (unsigned long long)import->entries)); /* Likewise. */
    }
}

void mf_workspace_import_free(struct mf_store *store, MF_OWN struct mf_workspace_import *import)
{
    if (import == NULL) {
        return;
    }
    if (import->ref.draft != 0) {
        mf_ignore(mf_workspace_draft_cancel(store, &import->ref)); /* Else the next start removes it. */
    }
    mf_workspace_import_forget(import);
}
