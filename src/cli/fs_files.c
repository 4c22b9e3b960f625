/* fs_files.c - single files through a pipe: cat, put, get. */
#include "fs_command.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    struct mf_cli_fs *fs;
    const char *name; /* Here. */
    int fd;
};

static int write_bytes(void *user, struct mf_slice bytes)
{
    struct file *file = user;
    uint64_t whole = bytes.size;

    while (bytes.size > 0) {
        ssize_t size = write(file->fd, bytes.data, bytes.size);
        if (size < 0 && errno != EINTR) {
            mf_cli_progress_clear(&file->fs->remote.progress);
            mf_cli_say(file->fs->remote.output, file->name, strerror(errno));
            return MF_E_CLOSED;
        }
        bytes = size < 0 ? bytes : mf_slice_of(bytes.data + size, bytes.size - (size_t)size);
    }
    mf_cli_progress_add(&file->fs->remote.progress, whole, 0);
    return 0;
}

static int64_t read_bytes(void *user, uint8_t *space, size_t size)
{
    struct file *file = user;
    ssize_t got;

    do {
        got = read(file->fd, space, size);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        mf_cli_progress_clear(&file->fs->remote.progress);
        mf_cli_say(file->fs->remote.output, file->name, strerror(errno));
        return MF_E_CLOSED;
    }
    mf_cli_progress_add(&file->fs->remote.progress, (uint64_t)got, 0);
    return got;
}

static enum mf_cli_exit
transfer(struct mf_cli_fs *fs, const struct mf_cli_place *place, struct mf_cli_request *request)
{
    struct mf_cli_json json = {0};
    struct mf_buf url;
    enum mf_cli_exit status = MF_CLI_EXIT_USAGE;

    mf_buf_init(&url, MF_CLI_TARGET_BYTES_MAX);
    if (mf_cli_remote_url(&url, place, "/files/") < 0) {
        (void)mf_cli_fs_wrong(fs, "the path is too long", place->path);
    } else {
        status = mf_cli_remote_send(&fs->remote, request, &url, &json);
    }
    mf_cli_progress_clear(&fs->remote.progress);
    mf_cli_json_done(&json);
    mf_buf_done(&url);
    return status;
}

enum mf_cli_exit mf_cli_fs_cat(struct mf_cli_fs *fs)
{
    struct file file = {.fs = fs, .name = "standard output", .fd = STDOUT_FILENO};
    struct mf_cli_request request = {.method = "GET", .on_bytes = write_bytes, .user = &file};
    enum mf_cli_exit status = MF_CLI_EXIT_OK;
    struct mf_cli_place place;

    for (size_t i = 0; status == MF_CLI_EXIT_OK && i < fs->count; i++) {
        status = !mf_cli_fs_place(fs, i, &place) ? MF_CLI_EXIT_USAGE : transfer(fs, &place, &request);
    }
    return status;
}

enum mf_cli_exit mf_cli_fs_put(struct mf_cli_fs *fs)
{
    struct file file = {.fs = fs, .name = fs->operands[0], .fd = STDIN_FILENO};
    struct mf_cli_request request = {
        .method = "PUT",
        .body = {.read = read_bytes, .user = &file, .bytes = -1, .type = "application/octet-stream"}};
    struct mf_cli_place place;
    struct stat about = {.st_size = 0};
    enum mf_cli_exit status;

    if (!mf_cli_fs_place(fs, 1, &place)) {
        return MF_CLI_EXIT_USAGE;
    }
    if (strcmp(file.name, "-") != 0) {
        file.fd = open(file.name, O_RDONLY | O_CLOEXEC);
        if (file.fd < 0 || fstat(file.fd, &about) < 0) {
            return mf_cli_fs_wrong(fs, file.name, strerror(errno));
        }
        if (S_ISREG(about.st_mode)) {
            request.body.bytes = about.st_size;
        }
    }
    mf_cli_progress_begin(&fs->remote.progress, fs->remote.output, (uint64_t)about.st_size, 0);
    status = transfer(fs, &place, &request);
    if (file.fd != STDIN_FILENO) {
        (void)close(file.fd);
    }
    return status;
}

/* Where FILE is a directory: in it, under the name that it has there. */
static int open_output(const char *name,
                       const struct mf_cli_place *place,
                       struct mf_buf *temporary,
                       struct mf_buf *final)
{
    const char *slash = strrchr(place->path, '/');
    const char *base = slash == NULL ? place->path : slash + 1;
    struct stat about;
    bool is_directory = name == NULL || (stat(name, &about) == 0 && S_ISDIR(about.st_mode));
    int rc = name == NULL   ? mf_buf_append_cstr(final, base)
             : is_directory ? mf_buf_printf(final, "%s/%s", name, base)
                            : mf_buf_append_cstr(final, name);

    rc = rc < 0 ? rc
                : mf_buf_printf(temporary, "%.*s.mayfly-%d", (int) final->size, (const char *) final->data,
                                (int)getpid());
    rc = rc < 0 ? rc : mf_buf_append(final, "", 1);
    rc = rc < 0 ? rc : mf_buf_append(temporary, "", 1);
    if (rc < 0 || *base == '\0') {
        errno = rc < 0 ? ENAMETOOLONG : EISDIR;
        return -1;
    }
    return open((const char *)temporary->data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

enum mf_cli_exit mf_cli_fs_get(struct mf_cli_fs *fs)
{
    const char *name = fs->count > 1 ? fs->operands[1] : NULL;
    struct file file = {.fs = fs, .name = name == NULL ? "the file" : name, .fd = STDOUT_FILENO};
    struct mf_cli_request request = {.method = "GET", .on_bytes = write_bytes, .user = &file};
    struct mf_cli_place place;
    struct mf_buf temporary;
    struct mf_buf final;
    enum mf_cli_exit status;

    if (!mf_cli_fs_place(fs, 0, &place)) {
        return MF_CLI_EXIT_USAGE;
    }
    if (name != NULL && strcmp(name, "-") == 0) {
        return transfer(fs, &place, &request);
    }
    mf_buf_init(&temporary, 2 * MF_FS_PATH_BYTES_MAX);
    mf_buf_init(&final, 2 * MF_FS_PATH_BYTES_MAX);
    file.fd = open_output(name, &place, &temporary, &final);
    if (file.fd < 0) {
        status = mf_cli_fs_wrong(fs, file.name, strerror(errno));
    } else {
        mf_cli_progress_begin(&fs->remote.progress, fs->remote.output, 0, 0);
        status = transfer(fs, &place, &request);
        if (close(file.fd) < 0 || (status == MF_CLI_EXIT_OK &&
                                   rename((const char *)temporary.data, (const char *) final.data) < 0)) {
            mf_cli_say(fs->remote.output, file.name, strerror(errno));
            status = MF_CLI_EXIT_OTHER;
        }
        if (status != MF_CLI_EXIT_OK) {
            (void)unlink((const char *)temporary.data);
        }
    }
    mf_buf_done(&temporary);
    mf_buf_done(&final);
    return status;
}
