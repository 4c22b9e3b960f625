/* sync_down.c - from a workspace to here. Nothing is written but below the directory that was named: each directory on the way is opened
 * by itself, and never through a link. A file is written beside its place and takes it when all of it has come. */
#include "sync.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mayfly/tar.h>

#define ARCHIVE_FILES_MIN 32 /* Fewer are asked for one by one. */
#define TEMPORARY ".mayfly-sync"

/* A file, or link, under way. */
struct landing {
    struct mf_cli_sync *sync;
    const struct mf_cli_node *node;
    int parent_fd;
    int fd;
    char name[MF_FS_NAME_BYTES_MAX + 1];
    char temporary[64];
};

static enum mf_cli_exit fail(struct mf_cli_sync *sync, const char *path, const char *why)
{
    mf_cli_progress_clear(&sync->remote->progress);
    mf_cli_say(sync->remote->output, path, why);
    return MF_CLI_EXIT_OTHER;
}

/* The directory that holds |path|, made where it is missing; -1 with errno. */
static int open_parent(int root_fd, const char *path, bool makes, char *ret_name)
{
    int fd = dup(root_fd);

    for (;;) {
        size_t size = strcspn(path, "/");
        int inner;
        if (size > MF_FS_NAME_BYTES_MAX) {
            (void)close(fd);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(ret_name, path, size);
        ret_name[size] = '\0';
        if (path[size] == '\0' || fd < 0) {
            return fd;
        }
        if (makes && mkdirat(fd, ret_name, 0777) < 0 && errno != EEXIST) {
            inner = -1;
        } else {
            inner = openat(fd, ret_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
        int error = errno;
        (void)close(fd);
        errno = error;
        fd = inner;
        path += size + 1;
    }
}

/* ---- removing -------------------------------------------------------------------------------------------------- */

static int remove_all(int parent_fd, const char *name, unsigned depth)
{
    int fd;
    DIR *directory;
    const struct dirent *entry;
    int rc = 0;

    if (unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT) {
        return 0;
    }
    if (errno != EISDIR && errno != EPERM) {
        return -1;
    }
    fd = depth >= MF_FS_DEPTH_MAX ? -1
                                  : openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    directory = fd < 0 ? NULL : fdopendir(fd);
    if (directory == NULL) {
        return -1;
    }
    while (rc == 0 && (entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            rc = remove_all(dirfd(directory), entry->d_name, depth + 1);
        }
    }
    (void)closedir(directory);
    return rc < 0 ? rc : unlinkat(parent_fd, name, AT_REMOVEDIR);
}

static enum mf_cli_exit remove_extra(struct mf_cli_sync *sync)
{
    for (size_t i = 0; i < sync->extra_count; i++) {
        const char *path = sync->extra[i]->path;
        char name[MF_FS_NAME_BYTES_MAX + 1];
        int fd = open_parent(sync->root_fd, path, false, name);
        int rc = fd < 0 ? -1 : remove_all(fd, name, 0);
        int error = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        if (rc < 0) {
            return fail(sync, path, strerror(error));
        }
        mf_cli_sync_tell(sync, "remove", path);
    }
    return MF_CLI_EXIT_OK;
}

/* ---- one file -------------------------------------------------------------------------------------------------- */

static int begin(struct landing *landing)
{
    static unsigned count;

    landing->parent_fd = open_parent(landing->sync->root_fd, landing->node->path, true, landing->name);
    landing->fd = -1;
    (void)snprintf(landing->temporary, sizeof landing->temporary, TEMPORARY "-%d-%u", (int)getpid(), count++);
    if (landing->parent_fd < 0) {
        return -1;
    }
    if (landing->node->kind == MF_CLI_FILE) {
        landing->fd = openat(landing->parent_fd, landing->temporary,
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        return landing->fd < 0 ? -1 : 0;
    }
    return symlinkat(landing->node->target, landing->parent_fd, landing->temporary);
}

static int write_all(int fd, struct mf_slice bytes)
{
    while (bytes.size > 0) {
        ssize_t size = write(fd, bytes.data, bytes.size);
        if (size < 0 && errno != EINTR) {
            return -1;
        }
        bytes = size < 0 ? bytes : mf_slice_of(bytes.data + size, bytes.size - (size_t)size);
    }
    return 0;
}

/* It takes its place. */
static int finish(struct landing *landing)
{
    const struct mf_cli_node *node = landing->node;
    struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {(time_t)(node->changed_ms / 1000), (long)(node->changed_ms % 1000 * (MF_NS_PER_S / 1000))}};

    if (landing->fd >= 0 &&
        (fchmod(landing->fd, node->mode & 0777) < 0 || futimens(landing->fd, times) < 0)) {
        return -1;
    }
    return renameat(landing->parent_fd, landing->temporary, landing->parent_fd, landing->name);
}

/* Also of one that never began. */
static void leave(struct landing *landing, bool is_done)
{
    int error = errno;

    if (landing->parent_fd >= 0 && !is_done) {
        (void)unlinkat(landing->parent_fd, landing->temporary, 0);
    }
    if (landing->fd >= 0) {
        (void)close(landing->fd);
    }
    if (landing->parent_fd >= 0) {
        (void)close(landing->parent_fd);
    }
    landing->parent_fd = landing->fd = -1;
    errno = error;
}

static enum mf_cli_exit end(struct landing *landing, int rc)
{
    rc = rc < 0 ? rc : finish(landing);
    leave(landing, rc == 0);
    if (rc < 0) {
        return fail(landing->sync, landing->node->path, strerror(errno));
    }
    mf_cli_progress_add(&landing->sync->remote->progress, 0, landing->node->kind == MF_CLI_FILE);
    mf_cli_sync_tell(landing->sync, "get", landing->node->path);
    return MF_CLI_EXIT_OK;
}

static enum mf_cli_exit make_directory(struct mf_cli_sync *sync, const struct mf_cli_node *node)
{
    char name[MF_FS_NAME_BYTES_MAX + 1];
    int fd = open_parent(sync->root_fd, node->path, true, name);
    int rc = fd < 0 ? -1 : mkdirat(fd, name, (node->mode & 0777) | S_IRWXU);
    int error = errno;

    if (fd >= 0) {
        (void)close(fd);
    }
    if (rc < 0 && error != EEXIST) {
        return fail(sync, node->path, strerror(error));
    }
    mf_cli_sync_tell(sync, "get", node->path);
    return MF_CLI_EXIT_OK;
}

static enum mf_cli_exit make_link(struct mf_cli_sync *sync, const struct mf_cli_node *node)
{
    struct landing landing = {.sync = sync, .node = node};
    int rc = begin(&landing);

    return end(&landing, rc);
}

/* ---- one by one -------------------------------------------------------------------------------------------------- */

static int on_bytes(void *user, struct mf_slice bytes)
{
    struct landing *landing = user;

    if (write_all(landing->fd, bytes) < 0) {
        (void)fail(landing->sync, landing->node->path, strerror(errno));
        return MF_E_CLOSED;
    }
    mf_cli_progress_add(&landing->sync->remote->progress, bytes.size, 0);
    return 0;
}

static enum mf_cli_exit get_file(struct mf_cli_sync *sync, const struct mf_cli_node *node)
{
    struct landing landing = {.sync = sync, .node = node};
    struct mf_cli_request request = {.method = "GET", .on_bytes = on_bytes, .user = &landing};
    struct mf_cli_place place = *sync->place;
    struct mf_cli_json json = {0};
    struct mf_buf url;
    enum mf_cli_exit status = MF_CLI_EXIT_USAGE;
    int rc = begin(&landing);

    if (rc < 0) {
        return end(&landing, rc);
    }
    mf_buf_init(&url, MF_CLI_TARGET_BYTES_MAX);
    rc = mf_cli_remote_url(&url, &place, "/files/");
    rc = rc < 0 || strcmp(place.path, "/") == 0 ? rc : mf_buf_append_cstr(&url, "/");
    rc = rc < 0 ? rc : mf_cli_append_encoded(&url, mf_slice_of_cstr(node->path), true);
    if (rc == 0) {
        status = mf_cli_remote_send(sync->remote, &request, &url, &json);
    }
    mf_cli_json_done(&json);
    mf_buf_done(&url);
    if (status != MF_CLI_EXIT_OK) {
        leave(&landing, false);
        return status;
    }
    return end(&landing, 0);
}

/* ---- as an archive --------------------------------------------------------------------------------------------- */

struct unpack {
    struct mf_cli_sync *sync;
    struct mf_tar_reader reader;
    struct landing landing;
    bool *is_got; /* Of each that is wanted. */
    bool is_open; /* The entry under way is a file that is wanted. */
    enum mf_cli_exit status;
};

static int by_path(const void *path, const void *node)
{
    return mf_cli_path_compare(path, (*(const struct mf_cli_node *const *)node)->path);
}

/* The file of this name that is wanted, or NULL. */
static const struct mf_cli_node **find(struct mf_cli_sync *sync, struct mf_slice path)
{
    char name[MF_FS_PATH_BYTES_MAX + 1];

    if (mf_slice_starts_with(path, "./")) {
        path = mf_slice_of(path.data + 2, path.size - 2);
    }
    if (path.size > MF_FS_PATH_BYTES_MAX) {
        return NULL;
    }
    memcpy(name, path.data, path.size);
    name[path.size] = '\0';
    return bsearch(name, sync->wanted, sync->wanted_count, sizeof *sync->wanted, by_path);
}

static int broken(struct unpack *unpack, enum mf_cli_exit status)
{
    unpack->status = status;
    return status == MF_CLI_EXIT_OK ? 0 : MF_E_CLOSED;
}

static int on_entry(void *user, const struct mf_tar_entry *entry)
{
    struct unpack *unpack = user;
    const struct mf_cli_node **node = entry->kind == MF_TAR_FILE ? find(unpack->sync, entry->path) : NULL;

    unpack->is_open =
        node != NULL && (*node)->kind == MF_CLI_FILE && !unpack->is_got[node - unpack->sync->wanted];
    if (!unpack->is_open) {
        return 0;
    }
    unpack->is_got[node - unpack->sync->wanted] = true;
    unpack->landing = (struct landing){.sync = unpack->sync, .node = *node};
    return begin(&unpack->landing) < 0 ? broken(unpack, end(&unpack->landing, -1)) : 0;
}

static int on_data(void *user, struct mf_slice bytes)
{
    struct unpack *unpack = user;

    if (!unpack->is_open) {
        return 0;
    }
    if (write_all(unpack->landing.fd, bytes) < 0) {
        return broken(unpack, end(&unpack->landing, -1));
    }
    mf_cli_progress_add(&unpack->sync->remote->progress, bytes.size, 0);
    return 0;
}

static int on_entry_end(void *user)
{
    struct unpack *unpack = user;
    bool was_open = unpack->is_open;

    unpack->is_open = false;
    return was_open ? broken(unpack, end(&unpack->landing, 0)) : 0;
}

static int on_archive(void *user, struct mf_slice bytes)
{
    struct unpack *unpack = user;

    return mf_tar_feed(&unpack->reader, bytes);
}

static enum mf_cli_exit get_archive(struct mf_cli_sync *sync, bool *is_got)
{
    static const struct mf_tar_events events = {
        .on_entry = on_entry, .on_data = on_data, .on_entry_end = on_entry_end};
    struct unpack unpack = {.sync = sync, .landing = {.parent_fd = -1, .fd = -1}, .is_got = is_got};
    struct mf_cli_request request = {.method = "GET", .on_bytes = on_archive, .user = &unpack};
    struct mf_cli_json json = {0};
    struct mf_buf url;
    enum mf_cli_exit status = MF_CLI_EXIT_USAGE;

    mf_buf_init(&url, MF_CLI_TARGET_BYTES_MAX);
    mf_tar_begin(&unpack.reader, &events, &unpack);
    if (mf_cli_remote_url(&url, sync->place, "/archive") == 0) {
        status = mf_cli_remote_send(sync->remote, &request, &url, &json);
    }
    if (status == MF_CLI_EXIT_OK && mf_tar_end(&unpack.reader) < 0) {
        status = fail(sync, "the archive", "it came to an early end");
    }
    leave(&unpack.landing, false);
    mf_tar_done(&unpack.reader);
    mf_cli_json_done(&json);
    mf_buf_done(&url);
    return unpack.status != MF_CLI_EXIT_OK ? unpack.status : status;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

/* One archive has all files, also those that are the same: worth it when most are wanted. */
static bool wants_archive(const struct mf_cli_sync *sync)
{
    uint64_t files = 0;
    uint64_t bytes = 0;

    for (size_t i = 0; i < sync->there.count; i++) {
        files += sync->there.nodes[i].kind == MF_CLI_FILE;
        bytes += sync->there.nodes[i].size;
    }
    return sync->wanted_files >= ARCHIVE_FILES_MIN && 2 * sync->wanted_files >= files &&
           2 * sync->wanted_bytes >= bytes;
}

enum mf_cli_exit mf_cli_sync_down(struct mf_cli_sync *sync)
{
    enum mf_cli_exit status = remove_extra(sync);
    bool *is_got = mf_try_alloc(sync->wanted_count + 1);

    if (is_got == NULL) {
        return fail(sync, "no memory", "");
    }
    for (size_t i = 0; status == MF_CLI_EXIT_OK && i < sync->wanted_count; i++) {
        if (sync->wanted[i]->kind == MF_CLI_DIRECTORY) {
            status = make_directory(sync, sync->wanted[i]);
        }
    }
    if (status == MF_CLI_EXIT_OK && wants_archive(sync)) {
        status = get_archive(sync, is_got);
    }
    for (size_t i = 0; status == MF_CLI_EXIT_OK && i < sync->wanted_count; i++) {
        const struct mf_cli_node *node = sync->wanted[i];
        if (node->kind == MF_CLI_FILE && !is_got[i]) {
            status = get_file(sync, node);
        } else if (node->kind == MF_CLI_LINK) {
            status = make_link(sync, node);
        }
    }
    mf_free(is_got);
    return status;
}
