#include "walk.h"

void mf__walk_begin(struct walker *walker,
                    struct mf_store *store,
                    uint64_t id,
                    struct mf_slice path,
                    unsigned levels_max)
{
    walker->store = store;
    walker->depth = 0;
    walker->levels_max = levels_max < MF_FS_DEPTH_MAX ? levels_max : MF_FS_DEPTH_MAX;
    walker->directories[0] = id;
    memcpy(walker->path, path.data, path.size);
    walker->path_size = path.size;
    walker->ends[0] = path.size;
}

static int append(struct walker *walker, struct mf_slice name)
{
    size_t end = walker->ends[walker->depth];

    if (end + 1 + name.size > MF_FS_PATH_BYTES_MAX) {
        return MF_E_STORE; /* No operation makes such a path. */
    }
    walker->path[end] = '/';
    memcpy(walker->path + end + 1, name.data, name.size);
    walker->path_size = end + 1 + name.size;
    return 0;
}

static void enter(struct walker *walker, uint64_t id)
{
    if (walker->depth + 1 < walker->levels_max) {
        walker->depth++;
        walker->directories[walker->depth] = id;
        walker->ends[walker->depth] = walker->path_size;
    }
}

static int take(void *user, struct mf_slice name, const struct mf_inode *inode)
{
    struct walker *walker = user;
    int rc = append(walker, name);

    walker->inode = *inode;
    return rc < 0 ? rc : 1;
}

int mf__walk_next(struct walker *walker)
{
    for (;;) {
        size_t end = walker->ends[walker->depth];
        char name[MF_FS_NAME_BYTES_MAX + 1];
        struct mf_slice last = mf_slice_of(name, 0);
        /* What was told last in this directory still stands in the path. */
        if (walker->path_size > end) {
            last.size = walker->path_size - end - 1;
            memcpy(name, walker->path + end + 1, last.size);
        }
        int rc =
            mf_store_entries_each(walker->store, walker->directories[walker->depth], last, 1, take, walker);
        if (rc < 0) {
            return rc;
        }
        if (rc > 0) {
            if (walker->inode.kind == MF_INODE_DIRECTORY) {
                enter(walker, walker->inode.id);
            }
            return 1;
        }
        if (walker->depth == 0) {
            return 0;
        }
        walker->path_size = end;
        walker->depth--;
    }
}

int mf__walk_seek(struct walker *walker, struct mf_slice after)
{
    size_t at = walker->ends[0];

    if (after.size <= at || memcmp(after.data, walker->path, at) != 0 || after.data[at] != '/') {
        return MF_E_FS_EINVAL;
    }
    while (at < after.size) {
        size_t begin = at + 1;
        for (at = begin; at < after.size && after.data[at] != '/';) {
            at++;
        }
        struct mf_slice name = mf_slice_of(after.data + begin, at - begin);
        struct mf_inode inode;
        int rc = mf__name_check(name);
        if (rc == 0) {
            rc = append(walker, name);
        }
        if (rc == 0) {
            rc = mf_store_entry_get(walker->store, walker->directories[walker->depth], name, &inode);
        }
        if (rc == MF_E_NOT_FOUND || (rc == 0 && inode.kind != MF_INODE_DIRECTORY)) {
            return 0; /* What comes next is behind this name. */
        }
        if (rc < 0) {
            return rc;
        }
        unsigned depth = walker->depth;
        enter(walker, inode.id);
        if (walker->depth == depth) {
            return 0;
        }
    }
    return 0;
}
