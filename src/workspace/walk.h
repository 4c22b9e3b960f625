/* walk.h - everything below a directory, in an order that can be taken up again: a directory comes before what is in it, and names in
 * the order of their bytes. Links are told, not followed. Within one transaction. */
#ifndef MAYFLY_WORKSPACE_WALK_H
#define MAYFLY_WORKSPACE_WALK_H

#include "internal.h"

struct walker {
    struct mf_store *store;
    unsigned depth;
    unsigned levels_max; /* Directories are entered no deeper than this; 1: only what is in the first one. */
    uint64_t directories[MF_FS_DEPTH_MAX + 1];
    size_t ends[MF_FS_DEPTH_MAX + 1];    /* Bytes of |path| that lead to each. */
    char path[MF_FS_PATH_BYTES_MAX + 1]; /* Of |inode|. */
    size_t path_size;
    struct mf_inode inode;
};

/* |path|: of the directory |id|, "" for the root. */
void mf__walk_begin(struct walker *walker,
                    struct mf_store *store,
                    uint64_t id,
                    struct mf_slice path,
                    unsigned levels_max);
/* As if |after| (a path below the directory's) had just been told, whether it is still there or not. */
MF_MUST_CHECK int mf__walk_seek(struct walker *walker, struct mf_slice after);
/* 1: |path| and |inode| are the next; 0: there is no more. */
MF_MUST_CHECK int mf__walk_next(struct walker *walker);

static inline struct mf_slice mf__walk_path(const struct walker *walker)
{
    return mf_slice_of(walker->path, walker->path_size);
}

#endif
