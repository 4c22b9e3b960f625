/* place.c - from a path to what stands there; and changing that without changing what stands elsewhere too.
 *
 * What is shared (store_fs.h) is never changed. Before anything below a directory changes, each directory on the way from the root is
 * made the tree's own: where it is shared, a copy of it takes its place, whose entries point to the same inodes, which are shared from
 * then on. So a change costs the directories on its way once, and never what is beside it. */
#include "internal.h"

/* ---- finding ------------------------------------------------------------------------------------------ */

/* What is still to be walked: the rest of the path, with what links put before it. */
struct walk {
    struct tree *tree;
    struct place *place;
    unsigned flags;
    unsigned links;
    size_t size;
    size_t at;
    char pending[2 * MF_FS_PATH_BYTES_MAX + 2];
};

int mf__name_check(struct mf_slice name)
{
    if (name.size > MF_FS_NAME_BYTES_MAX) {
        return MF_E_FS_ENAMETOOLONG;
    }
    if (name.size == 0 || !mf_slice_is_utf8(name) || memchr(name.data, 0, name.size) != NULL ||
        memchr(name.data, '/', name.size) != NULL || mf_slice_equal_cstr(name, ".") ||
        mf_slice_equal_cstr(name, "..")) {
        return MF_E_FS_EINVAL;
    }
    return 0;
}

static int begin_walk(struct walk *walk, struct mf_slice path)
{
    if (path.size == 0) {
        return MF_E_FS_ENOENT;
    }
    if (path.size > MF_FS_PATH_BYTES_MAX) {
        return MF_E_FS_ENAMETOOLONG;
    }
    if (!mf_slice_is_utf8(path) || memchr(path.data, 0, path.size) != NULL) {
        return MF_E_FS_EINVAL;
    }
    memcpy(walk->pending, path.data, path.size);
    walk->size = path.size;
    return 0;
}

/* The next name; data NULL at the end. |ret_is_last|: nothing but slashes follows, |ret_slash|: at least one does. */
static struct mf_slice next_name(struct walk *walk, bool *ret_is_last, bool *ret_slash)
{
    size_t begin = walk->at;

    while (begin < walk->size && walk->pending[begin] == '/') {
        begin++;
    }
    size_t end = begin;
    while (end < walk->size && walk->pending[end] != '/') {
        end++;
    }
    size_t rest = end;
    while (rest < walk->size && walk->pending[rest] == '/') {
        rest++;
    }
    *ret_is_last = rest == walk->size;
    *ret_slash = rest > end;
    walk->at = end;
    return begin == end ? mf_slice_of(NULL, 0) : mf_slice_of(walk->pending + begin, end - begin);
}

static int follow(struct walk *walk, const struct mf_inode *link)
{
    struct place *place = walk->place;
    struct mf_buf target;
    size_t rest = walk->size - walk->at;
    int rc;

    if (++walk->links > MF_FS_LINKS_MAX) {
        return MF_E_FS_ELOOP;
    }
    mf_buf_init(&target, MF_FS_PATH_BYTES_MAX);
    rc = mf_store_inode_target(walk->tree->store, link->id, &target);
    if (rc == 0 && target.size == 0) {
        rc = MF_E_STORE; /* None is made so: the file was changed by somebody else. */
    }
    if (rc == 0 && target.size + rest > sizeof walk->pending) {
        rc = MF_E_FS_ENAMETOOLONG;
    }
    if (rc == 0) {
        memmove(walk->pending + target.size, walk->pending + walk->at, rest);
        memcpy(walk->pending, target.data, target.size);
        walk->at = 0;
        walk->size = target.size + rest;
        if (target.data[0] == '/') {
            place->depth = 0;
            place->path_size = 0;
        }
    }
    mf_buf_done(&target);
    return rc;
}

/* place->path_size is what leads to chain[depth]; |name| is put behind it. */
static int append_name(struct place *place, struct mf_slice name)
{
    if (place->path_size + 1 + name.size > MF_FS_PATH_BYTES_MAX || place->depth == MF_FS_DEPTH_MAX) {
        return MF_E_FS_ENAMETOOLONG;
    }
    place->path[place->path_size] = '/';
    memcpy(place->path + place->path_size + 1, name.data, name.size);
    place->path_size += 1 + name.size;
    return 0;
}

static void enter(struct place *place, const struct mf_inode *directory)
{
    place->depth++;
    place->chain[place->depth] = *directory;
    place->ends[place->depth] = place->path_size;
}

/* What was entered last is the thing itself. */
static void settle(struct place *place)
{
    place->exists = true;
    place->inode = place->chain[place->depth];
    place->is_root = place->depth == 0;
    if (!place->is_root) {
        place->depth--;
    }
}

static int make_directory(struct walk *walk)
{
    struct mf_inode inode;
    int rc = mf__inode_make(walk->tree, MF_INODE_DIRECTORY, MF_WORKSPACE_MODE_DEFAULT, mf_slice_of(NULL, 0),
                            &inode);

    if (rc == 0) {
        walk->place->exists = false;
        rc = mf__place_put(walk->tree, walk->place, &inode);
    }
    if (rc == 0) {
        rc = mf__tree_note(walk->tree, MF_CHANGE_PUT, mf__place_path(walk->place), mf_slice_of(NULL, 0));
    }
    if (rc == 0) {
        enter(walk->place, &inode);
    }
    return rc;
}

/* One name, not "." or "..". 1: the walk is over. */
static int take_name(struct walk *walk, struct mf_slice name, bool is_last, bool slash)
{
    struct place *place = walk->place;
    size_t size_before = place->path_size;
    struct mf_inode inode;
    int rc = name.size > MF_FS_NAME_BYTES_MAX ? MF_E_FS_ENAMETOOLONG : append_name(place, name);

    if (rc < 0) {
        return rc;
    }
    rc = mf_store_entry_get(walk->tree->store, place->chain[place->depth].id, name, &inode);
    if (rc == MF_E_NOT_FOUND) {
        if (is_last) {
            place->exists = false;
            return 1;
        }
        return (walk->flags & PLACE_MAKE) != 0 ? make_directory(walk) : MF_E_FS_ENOENT;
    }
    if (rc < 0) {
        return rc;
    }
    if (inode.kind == MF_INODE_SYMLINK && (!is_last || slash || (walk->flags & PLACE_FOLLOW) != 0)) {
        place->path_size = size_before;
        return follow(walk, &inode);
    }
    if (inode.kind == MF_INODE_DIRECTORY) {
        enter(place, &inode);
        return 0;
    }
    if (!is_last || slash) {
        return MF_E_FS_ENOTDIR;
    }
    place->exists = true;
    place->inode = inode;
    return 1;
}

int mf__place_find(struct tree *tree, struct mf_slice path, unsigned flags, struct place *ret_place)
{
    struct walk walk = {.tree = tree, .place = ret_place, .flags = flags};
    int rc = begin_walk(&walk, path);

    ret_place->depth = 0;
    ret_place->path_size = 0;
    ret_place->ends[0] = 0;
    ret_place->is_root = false;
    ret_place->exists = false;
    if (rc == 0) {
        rc = mf_store_inode_get(tree->store, tree->root, &ret_place->chain[0]);
    }
    while (rc == 0) {
        bool is_last = false;
        bool slash = false;
        struct mf_slice name = next_name(&walk, &is_last, &slash);
        if (name.data == NULL) {
            settle(ret_place);
            return 0;
        }
        if (mf_slice_equal_cstr(name, "..") && ret_place->depth > 0) {
            ret_place->depth--;
            ret_place->path_size = ret_place->ends[ret_place->depth];
        } else if (!mf_slice_equal_cstr(name, ".") && !mf_slice_equal_cstr(name, "..")) {
            rc = take_name(&walk, name, is_last, slash);
        }
    }
    return rc < 0 ? rc : 0;
}

int mf__place_find_directory(struct tree *tree, struct mf_slice path, struct place *ret_place)
{
    int rc = mf__place_find(tree, path, PLACE_FOLLOW, ret_place);

    if (rc == 0 && !ret_place->exists) {
        rc = MF_E_FS_ENOENT;
    }
    return rc == 0 && ret_place->inode.kind != MF_INODE_DIRECTORY ? MF_E_FS_ENOTDIR : rc;
}

/* ---- changing ------------------------------------------------------------------------------------------ */

int mf__inode_make(struct tree *tree,
                   enum mf_inode_kind kind,
                   uint32_t mode,
                   struct mf_slice target,
                   struct mf_inode *ret_inode)
{
    uint32_t standard = kind == MF_INODE_DIRECTORY ? 0755 : kind == MF_INODE_SYMLINK ? 0777 : 0644;

    *ret_inode = (struct mf_inode){.kind = kind,
                                   .mode = mode == MF_WORKSPACE_MODE_DEFAULT ? standard : mode & 07777,
                                   .size = target.size,
                                   .inodes = 1,
                                   .revision = tree->revision,
                                   .changed_ms = tree->stamp_ms != 0 ? tree->stamp_ms : tree->now_ms,
                                   .created_ms = tree->now_ms};
    return mf_store_inode_new(tree->store, ret_inode, target);
}

/* A copy of |inode|, with the same content: it stands nowhere yet. */
static int copy_inode(struct tree *tree, struct mf_inode *inode)
{
    struct mf_buf target;
    uint64_t from = inode->id;
    int rc = 0;

    mf_buf_init(&target, MF_FS_PATH_BYTES_MAX);
    if (inode->kind == MF_INODE_SYMLINK) {
        rc = mf_store_inode_target(tree->store, from, &target);
    }
    if (rc == 0) {
        rc = mf_store_inode_new(tree->store, inode, mf_buf_peek(&target));
    }
    mf_buf_done(&target);
    if (rc == 0 && inode->kind == MF_INODE_DIRECTORY) {
        rc = mf_store_entries_copy(tree->store, from, inode->id);
    } else if (rc == 0 && inode->kind == MF_INODE_FILE) {
        rc = mf_store_chunks_copy(tree->store, from, inode->id);
    }
    return rc;
}

/* Every directory from the root to the one that holds the place. */
static int own_chain(struct tree *tree, struct place *place)
{
    for (unsigned i = 0; i <= place->depth; i++) {
        uint64_t before = place->chain[i].id;
        bool is_shared = false;
        int rc = mf_store_inode_is_shared(tree->store, before, &is_shared);
        if (rc == 0 && is_shared) {
            rc = copy_inode(tree, &place->chain[i]);
            if (rc == 0 && i == 0) {
                rc = mf__tree_set_root(tree, place->chain[0].id);
            } else if (rc == 0) {
                size_t begin = place->ends[i - 1] + 1;
                rc = mf_store_entry_put(tree->store, place->chain[i - 1].id,
                                        mf_slice_of(place->path + begin, place->ends[i] - begin),
                                        place->chain[i].id);
            }
            if (rc == 0) {
                rc = mf_store_inode_drop(tree->store, before);
            }
        }
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

/* Whether the tree may become so much larger. Uploads count: each will be a file of it. */
static int check_quota(struct tree *tree, const struct mf_inode *root, int64_t bytes, int64_t inodes)
{
    uint64_t uploads = 0;
    int rc = 0;

    if (tree->is_free) {
        return 0;
    }
    if (inodes > 0 && root->inodes + (uint64_t)inodes > tree->workspace.inodes_max) {
        return MF_E_FS_ENOSPC;
    }
    if (bytes > 0) {
        rc = mf_store_uploads_size(tree->store, tree->workspace.id, &uploads);
        if (rc == 0 && root->size + uploads + (uint64_t)bytes > tree->workspace.bytes_max) {
            rc = MF_E_FS_ENOSPC;
        }
    }
    return rc;
}

/* All directories above know of it. |child|: what stands there now, or NULL. */
static int
spread(struct tree *tree, struct place *place, int64_t bytes, int64_t inodes, const struct mf_inode *child)
{
    int rc = 0;

    tree->is_changed = true;
    for (unsigned i = place->depth + 1; rc == 0 && i-- > 0;) {
        struct mf_inode *directory = &place->chain[i];
        uint64_t levels = child == NULL ? 0 : place->depth - i + 1 + child->levels;
        uint64_t reach = child == NULL ? 0 : place->path_size - place->ends[i] + child->reach;
        if ((bytes < 0 && directory->size < (uint64_t)-bytes) ||
            (inodes < 0 && directory->inodes <= (uint64_t)-inodes)) {
            return MF_E_STORE; /* A sum that is less than a part of it: the file was changed by somebody else. */
        }
        directory->size += (uint64_t)bytes;
        directory->inodes += (uint64_t)inodes;
        directory->levels = levels > directory->levels ? levels : directory->levels;
        directory->reach = reach > directory->reach ? reach : directory->reach;
        if (i == place->depth) {
            directory->revision = tree->revision;
            directory->changed_ms = tree->now_ms;
        }
        rc = mf_store_inode_set(tree->store, directory);
    }
    return rc;
}

int mf__place_put(struct tree *tree, struct place *place, const struct mf_inode *inode)
{
    int64_t bytes = (int64_t)inode->size - (place->exists ? (int64_t)place->inode.size : 0);
    int64_t inodes = (int64_t)inode->inodes - (place->exists ? (int64_t)place->inode.inodes : 0);
    uint64_t before = place->exists ? place->inode.id : 0;
    int rc;

    MF_ASSERT(!place->is_root);
    if (place->depth + 1 + inode->levels > MF_FS_DEPTH_MAX ||
        place->path_size + inode->reach > MF_FS_PATH_BYTES_MAX) {
        return MF_E_FS_ENAMETOOLONG;
    }
    rc = check_quota(tree, &place->chain[0], bytes, inodes);
    if (rc == 0) {
        rc = own_chain(tree, place);
    }
    if (rc == 0) {
        rc = mf_store_entry_put(tree->store, place->chain[place->depth].id, mf__place_name(place), inode->id);
    }
    if (rc == 0 && before != 0) {
        rc = mf_store_inode_drop(tree->store, before);
    }
    if (rc == 0) {
        rc = spread(tree, place, bytes, inodes, inode);
    }
    if (rc == 0) {
        place->exists = true;
        place->inode = *inode;
    }
    return rc;
}

int mf__place_remove(struct tree *tree, struct place *place)
{
    int rc = own_chain(tree, place);

    MF_ASSERT(!place->is_root && place->exists);
    if (rc == 0) {
        rc = mf_store_entry_delete(tree->store, place->chain[place->depth].id, mf__place_name(place));
    }
    if (rc == 0) {
        rc = mf_store_inode_drop(tree->store, place->inode.id);
    }
    if (rc == 0) {
        rc = spread(tree, place, -(int64_t)place->inode.size, -(int64_t)place->inode.inodes, NULL);
    }
    place->exists = rc < 0;
    return rc;
}

int mf__place_own(struct tree *tree, struct place *place)
{
    bool is_shared = false;
    uint64_t before = place->inode.id;
    int rc = own_chain(tree, place);

    MF_ASSERT(!place->is_root && place->exists);
    if (rc == 0) {
        rc = mf_store_inode_is_shared(tree->store, before, &is_shared);
    }
    if (rc < 0 || !is_shared) {
        return rc;
    }
    rc = copy_inode(tree, &place->inode);
    if (rc == 0) {
        rc = mf_store_entry_put(tree->store, place->chain[place->depth].id, mf__place_name(place),
                                place->inode.id);
    }
    return rc < 0 ? rc : mf_store_inode_drop(tree->store, before);
}

int mf__place_update(struct tree *tree, struct place *place, int64_t bytes)
{
    int rc = check_quota(tree, &place->chain[0], bytes, 0);

    if (rc == 0) {
        rc = mf_store_inode_set(tree->store, &place->inode);
    }
    return rc < 0 ? rc : spread(tree, place, bytes, 0, NULL);
}
