/* find.c - what is below a directory: a page at a time, by name, kind, size and age. */
#include "glob.h"
#include "walk.h"

struct find {
    const struct mf_workspace_search *search;
    struct glob *glob;
    struct glob *name;
    size_t base; /* Bytes of the path that the search begins at. */
};

static bool fits(const struct find *find, const struct walker *walker)
{
    const struct mf_workspace_search *search = find->search;
    const struct mf_inode *inode = &walker->inode;
    struct mf_slice path = mf__walk_path(walker);
    const char *slash = memrchr(path.data, '/', path.size);
    size_t at_name = (size_t)((const uint8_t *)slash - path.data) + 1;

    if ((search->kinds & 1u << inode->kind) == 0 && search->kinds != 0) {
        return false;
    }
    if (inode->size < search->size_min || (search->size_max != 0 && inode->size > search->size_max)) {
        return false;
    }
    if (inode->changed_ms < search->changed_min_ms ||
        (search->changed_max_ms != 0 && inode->changed_ms > search->changed_max_ms)) {
        return false;
    }
    if (find->name != NULL &&
        !mf__glob_matches(find->name, mf_slice_of(path.data + at_name, path.size - at_name))) {
        return false;
    }
    return find->glob == NULL ||
           mf__glob_matches(find->glob, mf_slice_of(path.data + find->base, path.size - find->base));
}

static int tell(const struct walker *walker, mf_workspace_entry_cb *on_entry, void *user)
{
    struct mf_workspace_entry entry = {.path = mf__walk_path(walker), .inode = walker->inode};
    struct mf_buf target;
    int rc = 0;

    mf_buf_init(&target, MF_FS_PATH_BYTES_MAX);
    if (entry.inode.kind == MF_INODE_SYMLINK) {
        rc = mf_store_inode_target(walker->store, entry.inode.id, &target);
        entry.target = mf_buf_peek(&target);
    }
    rc = rc < 0 ? rc : on_entry(user, &entry);
    mf_buf_done(&target);
    return rc;
}

static int compile(struct find *find)
{
    int rc = 0;

    if (find->search->glob.size > 0) {
        rc = mf__glob_new(find->search->glob, &find->glob);
    }
    if (rc == 0 && find->search->name.size > 0) {
        rc = mf__glob_new(find->search->name, &find->name);
    }
    return rc;
}

static int walk(struct find *find,
                struct walker *walker,
                mf_workspace_entry_cb *on_entry,
                void *user,
                struct mf_buf *ret_next)
{
    size_t found = 0;
    int rc = find->search->after.size > 0 ? mf__walk_seek(walker, find->search->after) : 0;

    for (size_t visits = 0; rc == 0; visits++) {
        /* The page is full, or the search has gone far enough for one transaction. */
        if (found == find->search->count || visits == MF_WORKSPACE_VISITS_MAX) {
            /* One more look: there may be no more. */
            struct mf_slice path = mf__walk_path(walker);
            rc = mf_buf_append_slice(ret_next, path);
            if (rc == 0) {
                rc = mf__walk_next(walker);
            }
            if (rc == 0) {
                mf_buf_reset(ret_next);
            }
            return rc < 0 ? rc : 0;
        }
        rc = mf__walk_next(walker);
        if (rc <= 0) {
            return rc;
        }
        rc = 0;
        if (fits(find, walker)) {
            found++;
            rc = tell(walker, on_entry, user);
        }
    }
    return rc; /* Above 0: the caller has enough. */
}

int mf_workspace_find(struct mf_store *store,
                      const struct mf_workspace_ref *ref,
                      const struct mf_workspace_search *search,
                      mf_workspace_entry_cb *on_entry,
                      void *user,
                      struct mf_buf *ret_next)
{
    struct find find = {.search = search};
    struct tree tree;
    struct place *place = mf_new(sizeof *place);
    struct walker *walker = mf_new(sizeof *walker);
    int rc = compile(&find);

    if (rc == 0) {
        rc = mf__tree_begin(store, ref, MF_STORE_FS_READ, 0, &tree);
    }
    if (rc == 0) {
        rc = mf__place_find_directory(&tree, search->path, place);
        if (rc == 0) {
            find.base = place->path_size;
            mf__walk_begin(walker, store, place->inode.id, mf_slice_of(place->path, place->path_size),
                           search->levels_max == 0 ? MF_FS_DEPTH_MAX : search->levels_max);
            rc = walk(&find, walker, on_entry, user, ret_next);
        }
        int error = mf__tree_end(&tree, rc < 0 ? rc : 0);
        rc = error < 0 ? error : rc;
    }
    mf__glob_free(find.glob);
    mf__glob_free(find.name);
    mf_free(walker);
    mf_free(place);
    return rc;
}
