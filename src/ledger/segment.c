/* segment.c - see internal.h: the files that records are appended to. */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_DIGITS 16

static int refuse(char *ret_why, const char *path, const char *what)
{
    (void)snprintf(ret_why, MF_LEDGER_WHY_BYTES_MAX, "%s %s", path, what);
    return MF_E_STORE_FILE;
}

static int error_of_errno(void)
{
    return errno == ENOSPC || errno == EDQUOT ? MF_E_STORE_FULL : MF_E_STORE;
}

void mf__segment_path(const char *dir, uint64_t number, char ret_path[LEDGER_PATH_BYTES_MAX])
{
    (void)snprintf(ret_path, LEDGER_PATH_BYTES_MAX, "%s/usage/%0*" PRIu64 ".log", dir, NAME_DIGITS, number);
}

/* 0 for what is not the name of a segment. */
static uint64_t number_of(const char *name)
{
    uint64_t number = 0;

    if (strlen(name) != NAME_DIGITS + 4 || strcmp(name + NAME_DIGITS, ".log") != 0 ||
        mf_slice_parse_u64(mf_slice_of(name, NAME_DIGITS), INT64_MAX, &number) < 0) {
        return 0;
    }
    return number;
}

int mf__segments_find(const char *dir, uint64_t *ret_first, uint64_t *ret_last, char *ret_why)
{
    char path[LEDGER_PATH_BYTES_MAX];
    DIR *directory;

    *ret_first = *ret_last = 0;
    (void)snprintf(path, sizeof path, "%s/usage", dir);
    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        return refuse(ret_why, path, "cannot be made");
    }
    directory = opendir(path);
    if (directory == NULL) {
        return refuse(ret_why, path, "cannot be read");
    }
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        uint64_t number = number_of(entry->d_name);
        if (number > 0) {
            *ret_first = *ret_first == 0 || number < *ret_first ? number : *ret_first;
            *ret_last = number > *ret_last ? number : *ret_last;
        }
    }
    (void)closedir(directory);
    return 0;
}

/* So that the name of a new file is on the disk before anything counts on it. */
static int sync_directory(const char *dir)
{
    char path[LEDGER_PATH_BYTES_MAX];
    int fd;
    int rc;

    (void)snprintf(path, sizeof path, "%s/usage", dir);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rc = fd < 0 || fsync(fd) < 0 ? error_of_errno() : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return rc;
}

int mf__segment_new(const char *dir, uint64_t number, int *ret_fd)
{
    char path[LEDGER_PATH_BYTES_MAX];
    int fd;

    mf__segment_path(dir, number, path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || sync_directory(dir) < 0) {
        int rc = error_of_errno();
        if (fd >= 0) {
            (void)close(fd);
            (void)unlink(path);
        }
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

/* ---- what an earlier process left ------------------------------------------------------------------- */

/* Up to where |bytes| are whole records. */
static size_t whole_size(struct mf_slice bytes)
{
    struct mf_ledger_run run;
    size_t at = 0;
    int size;

    while (at < bytes.size &&
           (size = mf__ledger_decode(mf_slice_of(bytes.data + at, bytes.size - at), &run)) > 0) {
        at += (size_t)size;
    }
    return at;
}

/* Whether a whole record begins anywhere in |bytes|: then what stands before it is damage, not an end that was cut off. */
static bool has_record(struct mf_slice bytes)
{
    struct mf_ledger_run run;

    for (size_t at = 0; at < bytes.size; at++) {
        if (mf__ledger_decode(mf_slice_of(bytes.data + at, bytes.size - at), &run) > 0) {
            return true;
        }
    }
    return false;
}

static int
check(int fd, const char *path, struct mf_slice bytes, uint64_t offset, bool is_last, char *ret_why)
{
    size_t whole = whole_size(bytes);

    if (whole == bytes.size) {
        return 0;
    }
    if (!is_last || has_record(mf_slice_of(bytes.data + whole, bytes.size - whole))) {
        return refuse(ret_why, path, "is damaged; it was left as it is: move it away to start without it");
    }
    mf_log(MF_LOG_WARN, 0, NULL, "%s: the last %zu bytes are no whole record of usage and were cut off", path,
           bytes.size - whole);
    return ftruncate(fd, (off_t)(offset + whole)) < 0 || fsync(fd) < 0
               ? refuse(ret_why, path, "cannot be cut to its whole records")
               : 0;
}

static int check_rest(int fd, const char *path, uint64_t offset, bool is_last, char *ret_why)
{
    struct stat about;
    uint8_t *bytes;
    int rc;

    if (fstat(fd, &about) < 0 || !S_ISREG(about.st_mode) || (uint64_t)about.st_size < offset ||
        (uint64_t)about.st_size > MF_LEDGER_SEGMENT_BYTES_MAX + MF_LEDGER_PENDING_BYTES_MAX) {
        return refuse(ret_why, path, "is not as it was written; it was left as it is");
    }
    size_t size = (size_t)((uint64_t)about.st_size - offset);
    if (size == 0) {
        return 0;
    }
    bytes = mf_try_alloc(size);
    if (bytes == NULL) {
        return refuse(ret_why, path, "is too large for the memory that is left");
    }
    rc = pread(fd, bytes, size, (off_t)offset) == (ssize_t)size
             ? check(fd, path, mf_slice_of(bytes, size), offset, is_last, ret_why)
             : refuse(ret_why, path, "cannot be read");
    mf_free(bytes);
    return rc;
}

int mf__segment_repair(const char *dir, uint64_t number, uint64_t offset, bool is_last, char *ret_why)
{
    char path[LEDGER_PATH_BYTES_MAX];
    int fd;
    int rc;

    mf__segment_path(dir, number, path);
    fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT
                   ? 0
                   : refuse(ret_why, path, "cannot be opened"); /* Summing says that it is gone. */
    }
    rc = check_rest(fd, path, offset, is_last, ret_why);
    (void)close(fd);
    return rc;
}
