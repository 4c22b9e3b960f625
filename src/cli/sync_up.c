/* sync_up.c - from here into a workspace: archives of many files each, so that ten thousand small files are not as many requests, and what
 * was taken stays when a later archive fails. */
#include "sync.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mayfly/tar.h>

/* An archive that is made as it is sent. */
struct pack {
    struct mf_cli_sync *sync;
    size_t next;
    size_t end;
    struct mf_buf block; /* Headers and padding that are to be sent. */
    size_t block_at;
    int fd; /* Of the file under way, or -1. */
    const struct mf_cli_node *node;
    uint64_t size;
    uint64_t left;
    bool is_over;
};

static int64_t fail(struct pack *pack, const struct mf_cli_node *node, const char *why)
{
    mf_cli_progress_clear(&pack->sync->remote->progress);
    mf_cli_say(pack->sync->remote->output, node->path, why);
    return MF_E_CLOSED;
}

/* Opens a file without going through a link, wherever in its path. */
static int open_file(int root_fd, const char *path)
{
    char name[MF_FS_NAME_BYTES_MAX + 1];
    int fd = dup(root_fd);

    for (size_t size; fd >= 0 && *path != '\0'; path += size + (path[size] == '/')) {
        bool is_last;
        int inner = -1;
        size = strcspn(path, "/");
        is_last = path[size] == '\0';
        if (size < sizeof name) {
            memcpy(name, path, size);
            name[size] = '\0';
            inner =
                openat(fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (is_last ? O_NONBLOCK : O_DIRECTORY));
        }
        (void)close(fd);
        fd = inner;
    }
    return fd;
}

/* As the file is now, which may not be as it was when the directory was read. 1: it went, and is left out. */
static int open_node(struct pack *pack, const struct mf_cli_node *node, struct mf_tar_entry *entry)
{
    struct stat about;

    pack->fd = open_file(pack->sync->root_fd, node->path);
    if (pack->fd < 0 && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR)) {
        return 1;
    }
    if (pack->fd < 0 || fstat(pack->fd, &about) < 0) {
        return (int)fail(pack, node, strerror(errno));
    }
    if (!S_ISREG(about.st_mode)) {
        (void)close(pack->fd);
        pack->fd = -1;
        return 1;
    }
    entry->size = (uint64_t)about.st_size;
    entry->mode = about.st_mode & 07777;
    if (about.st_mtim.tv_sec >= 0) {
        entry->changed_ms =
            (uint64_t)about.st_mtim.tv_sec * 1000 + (uint64_t)about.st_mtim.tv_nsec / (MF_NS_PER_S / 1000);
    }
    pack->size = pack->left = entry->size;
    return 0;
}

/* The next entry's header into the block. */
static int begin_entry(struct pack *pack)
{
    const struct mf_cli_node *node = pack->sync->wanted[pack->next++];
    struct mf_tar_entry entry = {
        .path = mf_slice_of_cstr(node->path), .mode = node->mode, .changed_ms = node->changed_ms};
    int rc = 0;

    pack->node = node;
    switch (node->kind) {
    case MF_CLI_FILE:
        entry.kind = MF_TAR_FILE;
        rc = open_node(pack, node, &entry);
        break;
    case MF_CLI_DIRECTORY:
        entry.kind = MF_TAR_DIRECTORY;
        break;
    case MF_CLI_LINK:
        entry.kind = MF_TAR_SYMLINK;
        entry.target = mf_slice_of_cstr(node->target);
        break;
    }
    if (rc != 0) {
        return rc < 0 ? rc : 0;
    }
    mf_cli_sync_tell(pack->sync, "put", node->path);
    return mf_tar_write(&pack->block, &entry);
}

static int end_file(struct pack *pack)
{
    (void)close(pack->fd);
    pack->fd = -1;
    mf_cli_progress_add(&pack->sync->remote->progress, 0, 1);
    return mf_tar_write_padding(&pack->block, pack->size);
}

static int64_t read_file(struct pack *pack, uint8_t *space, size_t size)
{
    size_t want = pack->left < size ? (size_t)pack->left : size;
    ssize_t got = read(pack->fd, space, want);

    if (got < 0) {
        return fail(pack, pack->node, strerror(errno));
    }
    if (got == 0) {
        return fail(pack, pack->node, "it became shorter while it was sent; run it again");
    }
    pack->left -= (uint64_t)got;
    mf_cli_progress_add(&pack->sync->remote->progress, (uint64_t)got, 0);
    return got;
}

static int64_t read_block(struct pack *pack, uint8_t *space, size_t size)
{
    size_t left = pack->block.size - pack->block_at;
    size_t taken = left < size ? left : size;

    memcpy(space, pack->block.data + pack->block_at, taken);
    pack->block_at += taken;
    if (pack->block_at == pack->block.size) {
        mf_buf_reset(&pack->block);
        pack->block_at = 0;
    }
    return (int64_t)taken;
}

static int64_t read_pack(void *user, uint8_t *space, size_t size)
{
    struct pack *pack = user;
    int rc = 0;

    while (rc == 0 && pack->block.size == 0 && (pack->fd < 0 || pack->left == 0)) {
        if (pack->fd >= 0) {
            rc = end_file(pack);
        } else if (pack->next < pack->end) {
            rc = begin_entry(pack);
        } else if (!pack->is_over) {
            pack->is_over = true;
            rc = mf_tar_write_end(&pack->block);
        } else {
            return 0;
        }
    }
    if (rc < 0) {
        return rc;
    }
    return pack->block.size > 0 ? read_block(pack, space, size) : read_file(pack, space, size);
}

/* As many as go in one archive, from |begin| on. */
static size_t batch_end(const struct mf_cli_sync *sync, size_t begin)
{
    uint64_t bytes = 0;
    size_t end = begin;

    while (end < sync->wanted_count && end - begin < MF_CLI_SYNC_BATCH_FILES &&
           (end == begin || bytes + sync->wanted[end]->size <= MF_CLI_SYNC_BATCH_BYTES)) {
        bytes += sync->wanted[end++]->size;
    }
    return end;
}

static enum mf_cli_exit
send_batch(struct mf_cli_sync *sync, const struct mf_buf *url, size_t begin, size_t end)
{
    struct pack pack = {.sync = sync, .next = begin, .end = end, .fd = -1};
    struct mf_cli_request request = {
        .method = "PUT",
        .body = {.read = read_pack, .user = &pack, .bytes = -1, .type = "application/x-tar"}};
    struct mf_cli_json json;
    enum mf_cli_exit status;

    mf_buf_init(&pack.block, MF_FS_TAR_META_BYTES_MAX * 2);
    status = mf_cli_remote_send(sync->remote, &request, url, &json);
    mf_cli_json_done(&json);
    mf_buf_done(&pack.block);
    if (pack.fd >= 0) {
        (void)close(pack.fd);
    }
    return status;
}

/* ---- what is too much there ------------------------------------------------------------------------------------ */

static int append_removal(const struct mf_cli_sync *sync, const struct mf_cli_node *node, struct mf_buf *body)
{
    struct mf_buf path;
    int rc;

    mf_buf_init(&path, 3 * MF_FS_PATH_BYTES_MAX);
    rc = mf_buf_printf(&path, "%s/%s", sync->place->path, node->path);
    rc = rc < 0 ? rc : mf_buf_append_cstr(body, "{\"op\":\"rm\",\"recursive\":true,\"force\":true,\"path\":");
    rc = rc < 0 ? rc : mf_buf_append_json_string(body, mf_buf_peek(&path));
    mf_buf_done(&path);
    return rc < 0 ? rc : mf_buf_append_cstr(body, "}");
}

static enum mf_cli_exit remove_some(struct mf_cli_sync *sync, size_t begin, size_t end)
{
    struct mf_cli_place root = *sync->place;
    struct mf_cli_json json = {0};
    struct mf_buf url;
    struct mf_buf body;
    enum mf_cli_exit status = MF_CLI_EXIT_OTHER;
    int rc;

    mf_buf_init(&url, MF_CLI_TARGET_BYTES_MAX);
    mf_buf_init(&body, MF_CLI_ANSWER_BYTES_MAX);
    rc = mf_buf_printf(&url, "/v1/workspaces/%s/ops", root.name);
    rc = rc < 0 ? rc : mf_buf_append_cstr(&body, "{\"ops\":[");
    for (size_t i = begin; rc == 0 && i < end; i++) {
        rc = i == begin ? 0 : mf_buf_append_cstr(&body, ",");
        rc = rc < 0 ? rc : append_removal(sync, sync->extra[i], &body);
    }
    rc = rc < 0 ? rc : mf_buf_append_cstr(&body, "]}");
    if (rc == 0) {
        status = mf_cli_remote_json(sync->remote, "POST", &url, mf_buf_peek(&body), &json);
    }
    for (size_t i = begin; status == MF_CLI_EXIT_OK && i < end; i++) {
        mf_cli_sync_tell(sync, "remove", sync->extra[i]->path);
    }
    mf_cli_json_done(&json);
    mf_buf_done(&body);
    mf_buf_done(&url);
    return status;
}

enum mf_cli_exit mf_cli_sync_up(struct mf_cli_sync *sync)
{
    enum mf_cli_exit status = MF_CLI_EXIT_OK;
    struct mf_buf url;

    for (size_t begin = 0; status == MF_CLI_EXIT_OK && begin < sync->extra_count;) {
        size_t end = begin + MF_CLI_SYNC_BATCH_FILES < sync->extra_count ? begin + MF_CLI_SYNC_BATCH_FILES
                                                                         : sync->extra_count;
        status = remove_some(sync, begin, end);
        begin = end;
    }
    mf_buf_init(&url, MF_CLI_TARGET_BYTES_MAX);
    if (mf_cli_remote_url(&url, sync->place, "/archive") < 0) {
        status = MF_CLI_EXIT_USAGE;
    }
    for (size_t begin = 0; status == MF_CLI_EXIT_OK && begin < sync->wanted_count;) {
        size_t end = batch_end(sync, begin);
        status = send_batch(sync, &url, begin, end);
        begin = end;
    }
    mf_buf_done(&url);
    return status;
}
