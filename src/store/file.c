/* file.c - the state directory and the header of the file in it, looked at with our own eyes before SQLite opens anything:
 * what is not ours is never written to.
 *
 * Source: https://www.sqlite.org/fileformat2.html section 1.3 (the header), flock(2). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define HEADER_BYTES 100
#define HEADER_MAGIC "SQLite format 3" /* With its NUL. */
#define HEADER_AT_APPLICATION_ID 68

int mf__store_paths(const char *dir, struct store_paths *ret_paths, char *ret_why)
{
    if (strlen(dir) > MF_STORE_PATH_BYTES_MAX) {
        return mf__store_refuse(ret_why, "the state directory's path is longer than %d bytes",
                                MF_STORE_PATH_BYTES_MAX);
    }
    (void)snprintf(ret_paths->db, sizeof ret_paths->db, "%s/" STORE_FILE_NAME, dir);
    (void)snprintf(ret_paths->fresh, sizeof ret_paths->fresh, "%s/" STORE_FILE_NAME ".new", dir);
    (void)snprintf(ret_paths->wal, sizeof ret_paths->wal, "%s/" STORE_FILE_NAME "-wal", dir);
    (void)snprintf(ret_paths->lock, sizeof ret_paths->lock, "%s/mayfly.lock", dir);
    return 0;
}

/* Every part of the path that is missing. */
static int make_dirs(const char *dir, char *ret_why)
{
    char path[MF_STORE_PATH_BYTES_MAX + 1];
    size_t size = strlen(dir);

    memcpy(path, dir, size + 1);
    for (size_t at = 1; at <= size; at++) {
        if (path[at] != '/' && path[at] != '\0') {
            continue;
        }
        char kept = path[at];
        path[at] = '\0';
        if (mkdir(path, 0700) < 0 && errno != EEXIST) {
            return mf__store_refuse(ret_why, "the state directory %s cannot be made: %s", path,
                                    strerror(errno));
        }
        path[at] = kept;
    }
    return 0;
}

int mf__store_make_dir(const char *dir, char *ret_why)
{
    struct stat about;

    /* What is there already is looked at alone: a parent that we may not search is nothing to complain about. */
    if (stat(dir, &about) < 0) {
        int rc = make_dirs(dir, ret_why);
        if (rc < 0) {
            return rc;
        }
        if (stat(dir, &about) < 0) {
            return mf__store_refuse(ret_why, "the state directory %s: %s", dir, strerror(errno));
        }
    }
    if (!S_ISDIR(about.st_mode)) {
        return mf__store_refuse(ret_why, "the state directory %s is not a directory", dir);
    }
    /* Whoever may write there may put another file in the place of ours. */
    if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return mf__store_refuse(ret_why, "the state directory %s: others may write to it: chmod 700 it", dir);
    }
    if (about.st_uid != geteuid() && about.st_uid != 0) {
        return mf__store_refuse(ret_why, "the state directory %s belongs to another user: chown it", dir);
    }
    return 0;
}

int mf__store_lock(const struct store_paths *paths, int *ret_fd, char *ret_why)
{
    int fd = open(paths->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        return mf__store_refuse(ret_why, "%s cannot be opened: %s", paths->lock, strerror(errno));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int error_number = errno;
        (void)close(fd);
        return error_number == EWOULDBLOCK
                   ? mf__store_refuse(ret_why, "another mayflyd uses the state directory (%s is locked)",
                                      paths->lock)
                   : mf__store_refuse(ret_why, "%s cannot be locked: %s", paths->lock,
                                      strerror(error_number));
    }
    *ret_fd = fd;
    return 0;
}

static int probe_header(const char *path, int fd, char *ret_why)
{
    static const uint8_t id[4] = {STORE_APPLICATION_ID >> 24, STORE_APPLICATION_ID >> 16 & 0xff,
                                  STORE_APPLICATION_ID >> 8 & 0xff, STORE_APPLICATION_ID & 0xff};
    uint8_t header[HEADER_BYTES];
    struct stat about;
    ssize_t got;

    if (fstat(fd, &about) < 0 || !S_ISREG(about.st_mode)) {
        return mf__store_refuse(ret_why, "%s is not a regular file", path);
    }
    do {
        got = pread(fd, header, sizeof header, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return mf__store_refuse(ret_why, "%s cannot be read: %s", path, strerror(errno));
    }
    if (got < HEADER_BYTES || memcmp(header, HEADER_MAGIC, sizeof HEADER_MAGIC) != 0) {
        return mf__store_refuse(ret_why,
                                "%s is not an SQLite database, or it is damaged; it was left as it is", path);
    }
    if (memcmp(header + HEADER_AT_APPLICATION_ID, id, sizeof id) != 0) {
        return mf__store_refuse(ret_why, "%s is the database of another program; it was left as it is", path);
    }
    return 1;
}

int mf__store_probe(const struct store_paths *paths, char *ret_why)
{
    struct stat about;
    int fd = open(paths->db, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int rc;

    if (fd < 0 && errno != ENOENT) {
        return mf__store_refuse(ret_why, "%s cannot be opened: %s", paths->db, strerror(errno));
    }
    if (fd < 0) {
        /* A log without its database would be replayed into the new one. */
        return lstat(paths->wal, &about) < 0
                   ? 0
                   : mf__store_refuse(ret_why,
                                      "%s is there, but " STORE_FILE_NAME " is not; nothing was changed",
                                      paths->wal);
    }
    rc = probe_header(paths->db, fd, ret_why);
    (void)close(fd);
    return rc;
}

int mf__store_begin_fresh(const char *path, char *ret_why)
{
    char journal[MF_STORE_PATH_BYTES_MAX + 96];
    int fd;

    (void)snprintf(journal, sizeof journal, "%s-journal", path);
    (void)unlink(journal);
    (void)unlink(path);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return mf__store_refuse(ret_why, "%s cannot be made: %s", path, strerror(errno));
    }
    (void)close(fd);
    return 0;
}

static int sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);

    if (fd >= 0) {
        (void)close(fd);
    }
    return rc;
}

int mf__store_publish(const struct store_paths *paths, const char *dir, char *ret_why)
{
    if (sync_path(paths->fresh, O_RDWR) < 0 || rename(paths->fresh, paths->db) < 0 ||
        sync_path(dir, O_RDONLY | O_DIRECTORY) < 0) {
        return mf__store_refuse(ret_why, "%s cannot be put in place: %s", paths->db, strerror(errno));
    }
    return 0;
}
