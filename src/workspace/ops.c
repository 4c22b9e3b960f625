/* ops.c - the operations, and a list of them in one transaction. */
#include "internal.h"

/* One operation under way. The places are large, so that a batch has one pair of them. */
struct job {
    struct tree *tree;
    const struct mf_workspace_op *op;
    struct mf_workspace_result *result;
    struct place place;
    struct place other;
};

static bool has(const struct job *job, unsigned flag)
{
    return (job->op->flags & flag) != 0;
}

static unsigned make_flag(const struct job *job)
{
    return has(job, MF_WORKSPACE_PARENTS) ? PLACE_MAKE : 0u;
}

static int ask(struct job *job, const struct place *place)
{
    const struct mf_workspace_ask *ask_for = job->op->ask;

    return ask_for == NULL ? 0 : ask_for->may(ask_for->user, place->exists ? &place->inode : NULL);
}

static int note(struct job *job, enum mf_change_kind kind)
{
    return mf__tree_note(job->tree, kind, mf__place_path(&job->place), mf_slice_of(NULL, 0));
}

/* A slash at its end says that it is a directory. */
static bool says_directory(struct mf_slice path)
{
    return mf_slice_ends_with(path, "/");
}

static int find(struct job *job, unsigned flags)
{
    int rc = mf__place_find(job->tree, job->op->path, flags, &job->place);

    return rc < 0 ? rc : ask(job, &job->place);
}

/* ---- directories and links --------------------------------------------------------------------------------- */

static int op_mkdir(struct job *job)
{
    struct mf_inode inode;
    int rc = find(job, make_flag(job));

    if (rc < 0) {
        return rc;
    }
    if (job->place.exists) {
        bool is_fine = has(job, MF_WORKSPACE_PARENTS) && job->place.inode.kind == MF_INODE_DIRECTORY;
        if (!is_fine && job->place.inode.kind == MF_INODE_SYMLINK && has(job, MF_WORKSPACE_PARENTS)) {
            /* As mkdir -p has it: a link to a directory is one. */
            rc = mf__place_find(job->tree, job->op->path, PLACE_FOLLOW, &job->place);
            is_fine = rc == 0 && job->place.exists && job->place.inode.kind == MF_INODE_DIRECTORY;
        }
        return is_fine ? 0 : MF_E_FS_EEXIST;
    }
    rc = mf__inode_make(job->tree, MF_INODE_DIRECTORY, job->op->mode, mf_slice_of(NULL, 0), &inode);
    if (rc == 0) {
        rc = mf__place_put(job->tree, &job->place, &inode);
    }
    job->result->is_new = true;
    return rc < 0 ? rc : note(job, MF_CHANGE_PUT);
}

static int op_symlink(struct job *job)
{
    struct mf_slice target = job->op->to;
    struct mf_inode inode;
    int rc = find(job, make_flag(job));

    if (rc < 0) {
        return rc;
    }
    if (job->place.exists) {
        return MF_E_FS_EEXIST;
    }
    if (target.size > MF_FS_PATH_BYTES_MAX) {
        return MF_E_FS_ENAMETOOLONG;
    }
    if (target.size == 0 || says_directory(job->op->path)) {
        return MF_E_FS_ENOENT;
    }
    if (!mf_slice_is_utf8(target) || memchr(target.data, 0, target.size) != NULL) {
        return MF_E_FS_EINVAL;
    }
    rc = mf__inode_make(job->tree, MF_INODE_SYMLINK, MF_WORKSPACE_MODE_DEFAULT, target, &inode);
    if (rc == 0) {
        rc = mf__place_put(job->tree, &job->place, &inode);
    }
    job->result->is_new = true;
    return rc < 0 ? rc : note(job, MF_CHANGE_PUT);
}

static int op_rm(struct job *job)
{
    const struct mf_inode *inode = &job->place.inode;
    int rc = find(job, 0);

    if ((rc == MF_E_FS_ENOENT || (rc == 0 && !job->place.exists)) && has(job, MF_WORKSPACE_FORCE)) {
        return 0;
    }
    if (rc < 0) {
        return rc;
    }
    if (job->place.is_root) {
        return MF_E_FS_EBUSY;
    }
    if (!job->place.exists) {
        return MF_E_FS_ENOENT;
    }
    if (inode->kind == MF_INODE_DIRECTORY && has(job, MF_WORKSPACE_ONLY_FILE)) {
        return MF_E_FS_EISDIR;
    }
    if (inode->kind != MF_INODE_DIRECTORY && has(job, MF_WORKSPACE_ONLY_DIRECTORY)) {
        return MF_E_FS_ENOTDIR;
    }
    if (inode->inodes > 1 && !has(job, MF_WORKSPACE_RECURSIVE)) {
        return MF_E_FS_ENOTEMPTY;
    }
    job->result->inode = *inode;
    rc = mf__place_remove(job->tree, &job->place);
    return rc < 0 ? rc : note(job, MF_CHANGE_DELETE);
}

/* ---- from one place to another ------------------------------------------------------------------------------ */

static bool is_below(const struct place *place, const struct place *above)
{
    return above->is_root || (place->path_size > above->path_size && place->path[above->path_size] == '/' &&
                              memcmp(place->path, above->path, above->path_size) == 0);
}

static bool is_same(const struct place *a, const struct place *b)
{
    return a->path_size == b->path_size && memcmp(a->path, b->path, a->path_size) == 0;
}

/* Both places, and whether the thing at |place| may come to stand at |other|. 1: there is nothing to do. */
static int find_both(struct job *job)
{
    int rc = find(job, 0);

    if (rc < 0) {
        return rc;
    }
    if (!job->place.exists) {
        return MF_E_FS_ENOENT;
    }
    if (job->place.is_root) {
        return MF_E_FS_EBUSY;
    }
    rc = mf__place_find(job->tree, job->op->to, make_flag(job), &job->other);
    if (rc == 0 && has(job, MF_WORKSPACE_PARENTS)) {
        /* Making directories may have made copies of those on the way to the source. */
        rc = mf__place_find(job->tree, job->op->path, 0, &job->place);
    }
    if (rc < 0) {
        return rc;
    }
    bool is_directory = job->place.inode.kind == MF_INODE_DIRECTORY;
    if (is_same(&job->place, &job->other)) {
        return has(job, MF_WORKSPACE_EXCLUSIVE) ? MF_E_FS_EEXIST : 1;
    }
    if (is_directory && is_below(&job->other, &job->place)) {
        return MF_E_FS_EINVAL;
    }
    if (!job->other.exists) {
        return says_directory(job->op->to) && !is_directory ? MF_E_FS_ENOTDIR : 0;
    }
    if (has(job, MF_WORKSPACE_EXCLUSIVE)) {
        return MF_E_FS_EEXIST;
    }
    if (job->other.is_root) {
        return MF_E_FS_EBUSY;
    }
    if (job->other.inode.kind == MF_INODE_DIRECTORY) {
        return !is_directory ? MF_E_FS_EISDIR : job->other.inode.inodes > 1 ? MF_E_FS_ENOTEMPTY : 0;
    }
    return is_directory ? MF_E_FS_ENOTDIR : 0;
}

/* It stands in both places for a moment of the transaction, and in one of them for everybody else. */
static int op_mv(struct job *job)
{
    struct mf_inode moved;
    struct mf_slice from;
    char path[MF_FS_PATH_BYTES_MAX];
    int rc = find_both(job);

    if (rc != 0) {
        return rc < 0 ? rc : 0;
    }
    moved = job->place.inode;
    from = mf__place_path(&job->place);
    memcpy(path, from.data, from.size);
    from = mf_slice_of(path, from.size);
    job->result->is_new = !job->other.exists;
    job->tree->is_free = true;
    rc = mf__place_put(job->tree, &job->other, &moved);
    job->tree->is_free = false;
    if (rc == 0) {
        /* The way here may have been shared with the way there, and be a copy now. */
        rc = mf__place_find(job->tree, from, 0, &job->place);
    }
    if (rc == 0) {
        rc = mf__place_remove(job->tree, &job->place);
    }
    if (rc == 0) {
        rc = mf__tree_note(job->tree, MF_CHANGE_RENAME, mf__place_path(&job->other), from);
    }
    job->place = job->other;
    return rc;
}

/* The same inode in two places: neither is changed before it is made its place's own. */
static int op_cp(struct job *job)
{
    bool is_directory;
    int rc = find_both(job);

    if (rc != 0) {
        return rc < 0 ? rc : MF_E_FS_EINVAL;
    }
    is_directory = job->place.inode.kind == MF_INODE_DIRECTORY;
    if (is_directory && !has(job, MF_WORKSPACE_RECURSIVE)) {
        return MF_E_FS_EISDIR;
    }
    job->result->is_new = !job->other.exists;
    if (job->other.exists && job->other.inode.id == job->place.inode.id) {
        rc = 0; /* It is that copy already. */
    } else {
        rc = mf__place_put(job->tree, &job->other, &job->place.inode);
    }
    if (rc == 0) {
        rc = mf__tree_note(job->tree, is_directory ? MF_CHANGE_TREE : MF_CHANGE_PUT,
                           mf__place_path(&job->other), mf_slice_of(NULL, 0));
    }
    job->place = job->other;
    return rc;
}

/* ---- files --------------------------------------------------------------------------------------------------- */

/* A file, or the place where one may be made. */
static int find_file(struct job *job)
{
    int rc = mf__place_find(job->tree, job->op->path, PLACE_FOLLOW | make_flag(job), &job->place);

    if (rc < 0) {
        return rc;
    }
    if (job->place.exists && job->place.inode.kind == MF_INODE_DIRECTORY) {
        return MF_E_FS_EISDIR;
    }
    if (!job->place.exists && says_directory(job->op->path)) {
        return MF_E_FS_EISDIR;
    }
    rc = ask(job, &job->place);
    if (rc == 0 && job->place.exists && has(job, MF_WORKSPACE_EXCLUSIVE)) {
        rc = MF_E_FS_EEXIST;
    }
    if (rc == 0 && !job->place.exists && has(job, MF_WORKSPACE_EXISTING)) {
        rc = MF_E_FS_ENOENT;
    }
    job->result->is_new = !job->place.exists;
    return rc;
}

/* The upload becomes a file as any other. */
static int take_upload(struct job *job, struct mf_inode *ret_inode)
{
    int rc = mf_store_upload_check(job->tree->store, job->tree->workspace.id, job->op->upload);

    if (rc == 0) {
        rc = mf_store_inode_get(job->tree->store, job->op->upload, ret_inode);
    }
    if (rc == 0) {
        rc = mf_store_upload_delete(job->tree->store, job->op->upload);
    }
    if (rc == 0) {
        ret_inode->mode = job->place.exists                            ? job->place.inode.mode
                          : job->op->mode == MF_WORKSPACE_MODE_DEFAULT ? 0644
                                                                       : job->op->mode & 07777;
        ret_inode->created_ms = job->place.exists ? job->place.inode.created_ms : job->tree->now_ms;
        ret_inode->changed_ms = job->tree->now_ms;
        ret_inode->revision = job->tree->revision;
        rc = mf_store_inode_set(job->tree->store, ret_inode);
    }
    return rc;
}

static int make_file(struct job *job, struct mf_slice bytes, struct mf_inode *ret_inode)
{
    uint32_t mode = job->place.exists ? job->place.inode.mode : job->op->mode;
    int rc = mf__inode_make(job->tree, MF_INODE_FILE, mode, mf_slice_of(NULL, 0), ret_inode);

    if (rc < 0) {
        return rc;
    }
    if (job->place.exists) {
        ret_inode->created_ms = job->place.inode.created_ms;
    }
    rc = mf__content_write(job->tree, ret_inode, 0, bytes);
    ret_inode->size = bytes.size;
    return rc < 0 ? rc : mf_store_inode_set(job->tree->store, ret_inode);
}

static int put_bytes(struct job *job, struct mf_slice bytes)
{
    struct mf_inode inode;
    int rc = make_file(job, bytes, &inode);

    if (rc == 0) {
        rc = mf__place_put(job->tree, &job->place, &inode);
    }
    return rc < 0 ? rc : note(job, MF_CHANGE_PUT);
}

static int op_write(struct job *job)
{
    struct mf_inode inode;
    int rc = find_file(job);

    if (rc < 0 || job->op->upload == 0) {
        return rc < 0 ? rc : put_bytes(job, job->op->bytes);
    }
    rc = take_upload(job, &inode);
    if (rc == 0) {
        rc = mf__place_put(job->tree, &job->place, &inode);
    }
    return rc < 0 ? rc : note(job, MF_CHANGE_PUT);
}

/* The file at the place, the tree's own, and empty when it was not there. */
static int own_file(struct job *job)
{
    struct mf_inode inode;
    int rc;

    if (job->place.exists) {
        return mf__place_own(job->tree, &job->place);
    }
    rc = make_file(job, mf_slice_of(NULL, 0), &inode);
    return rc < 0 ? rc : mf__place_put(job->tree, &job->place, &inode);
}

static int end_change(struct job *job, uint64_t size)
{
    int64_t bytes = (int64_t)size - (int64_t)job->place.inode.size;
    int rc;

    job->place.inode.size = size;
    job->place.inode.revision = job->tree->revision;
    job->place.inode.changed_ms = job->tree->stamp_ms != 0 ? job->tree->stamp_ms : job->tree->now_ms;
    rc = mf__place_update(job->tree, &job->place, bytes);
    return rc < 0 ? rc : note(job, MF_CHANGE_PUT);
}

static int op_patch(struct job *job)
{
    struct mf_slice bytes = job->op->bytes;
    uint64_t offset = job->op->offset;
    int rc = find_file(job);

    if (rc < 0) {
        return rc;
    }
    if (has(job, MF_WORKSPACE_APPEND)) {
        offset = job->place.exists ? job->place.inode.size : 0;
    }
    if (offset > MF_WORKSPACE_BYTES_MAX || bytes.size > MF_WORKSPACE_BYTES_MAX - offset) {
        return MF_E_FS_EFBIG;
    }
    rc = own_file(job);
    if (rc == 0) {
        rc = mf__content_write(job->tree, &job->place.inode, offset, bytes);
    }
    uint64_t end = bytes.size == 0 ? 0 : offset + bytes.size;
    return rc < 0 ? rc : end_change(job, end > job->place.inode.size ? end : job->place.inode.size);
}

static int op_truncate(struct job *job)
{
    int rc = find_file(job);

    if (rc == 0 && job->op->size > MF_WORKSPACE_BYTES_MAX) {
        rc = MF_E_FS_EFBIG;
    }
    if (rc == 0) {
        rc = own_file(job);
    }
    if (rc == 0 && job->op->size < job->place.inode.size) {
        rc = mf__content_cut(job->tree, &job->place.inode, job->op->size);
    }
    return rc < 0 ? rc : end_change(job, job->op->size);
}

static int op_edit(struct job *job)
{
    struct mf_buf text;
    int rc = find_file(job);

    if (rc == 0 && !job->place.exists) {
        rc = MF_E_FS_ENOENT;
    }
    if (rc < 0) {
        return rc;
    }
    if (job->place.inode.size > MF_WORKSPACE_EDIT_BYTES_MAX) {
        return MF_E_FS_EFBIG;
    }
    mf_buf_init(&text, MF_WORKSPACE_EDIT_BYTES_MAX);
    rc = mf__content_read(job->tree->store, &job->place.inode, 0, MF_WORKSPACE_EDIT_BYTES_MAX, &text);
    if (rc == 0) {
        rc = mf__edit(&text, job->op->edits, job->op->edits_count, &job->result->edit, &job->result->found);
    }
    if (rc == 0) {
        rc = put_bytes(job, mf_buf_peek(&text));
    }
    mf_buf_done(&text);
    return rc;
}

static int op_attributes(struct job *job)
{
    int rc = find(job, has(job, MF_WORKSPACE_NOFOLLOW) ? 0 : PLACE_FOLLOW);

    if (rc < 0) {
        return rc;
    }
    if (!job->place.exists) {
        return MF_E_FS_ENOENT;
    }
    if (job->place.is_root) {
        return MF_E_FS_EPERM;
    }
    rc = mf__place_own(job->tree, &job->place);
    if (job->op->kind == MF_WORKSPACE_CHMOD) {
        job->place.inode.mode = job->op->mode & 07777;
    } else {
        job->place.inode.changed_ms =
            job->op->time_ms < MF_FS_TIME_MS_MAX ? job->op->time_ms : MF_FS_TIME_MS_MAX;
    }
    if (rc == 0) {
        rc = mf__place_update(job->tree, &job->place, 0);
    }
    return rc < 0 ? rc : note(job, MF_CHANGE_PUT);
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

static int run(struct job *job)
{
    switch (job->op->kind) {
    case MF_WORKSPACE_MKDIR:
        return op_mkdir(job);
    case MF_WORKSPACE_RM:
        return op_rm(job);
    case MF_WORKSPACE_MV:
        return op_mv(job);
    case MF_WORKSPACE_CP:
        return op_cp(job);
    case MF_WORKSPACE_SYMLINK:
        return op_symlink(job);
    case MF_WORKSPACE_WRITE:
        return op_write(job);
    case MF_WORKSPACE_PATCH:
        return op_patch(job);
    case MF_WORKSPACE_TRUNCATE:
        return op_truncate(job);
    case MF_WORKSPACE_EDIT:
        return op_edit(job);
    case MF_WORKSPACE_CHMOD:
    case MF_WORKSPACE_UTIME:
        return op_attributes(job);
    }
    MF_UNREACHABLE("an operation that nobody knows");
}

int mf__apply(struct tree *tree,
              const struct mf_workspace_op *ops,
              size_t count,
              struct mf_workspace_result *results,
              size_t *ret_failed)
{
    struct job *job = mf_new(sizeof *job);
    int rc = 0;

    job->tree = tree;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        *ret_failed = i;
        results[i] = (struct mf_workspace_result){.is_new = false};
        job->op = &ops[i];
        job->result = &results[i];
        rc = run(job);
        if (rc == 0 && ops[i].kind != MF_WORKSPACE_RM) {
            results[i].inode = job->place.inode;
        }
    }
    mf_free(job);
    return rc;
}

int mf_workspace_apply(struct mf_store *store,
                       const struct mf_workspace_ref *ref,
                       const struct mf_workspace_op *ops,
                       size_t count,
                       uint64_t now_ms,
                       struct mf_workspace_result *results,
                       struct mf_workspace_outcome *ret_outcome)
{
    struct tree tree;
    bool is_lazy = ref->is_lazy || ref->draft != 0;
    int rc = mf__tree_begin(store, ref, is_lazy ? MF_STORE_FS_WRITE_LAZY : MF_STORE_FS_WRITE, now_ms, &tree);

    *ret_outcome = (struct mf_workspace_outcome){.failed = 0};
    if (rc < 0) {
        return rc;
    }
    rc = tree.is_read_only ? MF_E_FS_EPERM : mf__apply(&tree, ops, count, results, &ret_outcome->failed);
    ret_outcome->revision = tree.is_changed ? tree.revision : tree.workspace.revision;
    return mf__tree_end(&tree, rc);
}
