/* key.c - the one key that all records are under, in a file of its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define FILE_BYTES_MAX 128 /* The longest form is 64 hexadecimal digits and a line end. */

int mf__vault_refuse(char *ret_why, int error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(ret_why, MF_VAULT_WHY_BYTES_MAX, format, args);
    va_end(args);
    return error;
}

/* The key's name in records: it says which key, and nothing about it. */
static void name_key(struct vault_key *key)
{
    static const char purpose[] = "mayfly vault key id";
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[32];
    uint8_t text[sizeof purpose + VAULT_KEY_BYTES];

    memcpy(text, purpose, sizeof purpose);
    memcpy(text + sizeof purpose, key->bytes, VAULT_KEY_BYTES);
    mf__sha256(mf_slice_of(text, sizeof text), digest);
    mf_wipe(text, sizeof text);
    for (size_t i = 0; i < VAULT_KEY_ID_CHARS / 2; i++) {
        key->id[2 * i] = digits[digest[i] >> 4];
        key->id[2 * i + 1] = digits[digest[i] & 0xf];
    }
    key->id[VAULT_KEY_ID_CHARS] = '\0';
}

static bool decode_hex(struct mf_slice text, uint8_t *out)
{
    for (size_t i = 0; i < text.size; i++) {
        int digit = mf_hex_digit(text.data[i]);
        if (digit < 0) {
            return false;
        }
        out[i / 2] = (uint8_t)(out[i / 2] << 4 | digit);
    }
    return true;
}

static bool decode_base64(struct mf_slice text, uint8_t *out)
{
    struct mf_buf bytes;
    bool is_key;

    mf_buf_init(&bytes, FILE_BYTES_MAX);
    is_key = mf_buf_reserve(&bytes, FILE_BYTES_MAX) == 0 && mf_buf_append_base64_decoded(&bytes, text) == 0 &&
             bytes.size == VAULT_KEY_BYTES;
    if (is_key) {
        memcpy(out, bytes.data, VAULT_KEY_BYTES);
    }
    mf_wipe(bytes.data, bytes.capacity);
    mf_buf_done(&bytes);
    return is_key;
}

static bool decode_key(struct mf_slice bytes, uint8_t *out)
{
    struct mf_slice text = bytes;

    if (bytes.size == VAULT_KEY_BYTES) {
        memcpy(out, bytes.data, VAULT_KEY_BYTES);
        return true;
    }
    while (text.size > 0 && (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == '\r')) {
        text.size--;
    }
    return text.size == (size_t)VAULT_KEY_BYTES * 2 ? decode_hex(text, out) : decode_base64(text, out);
}

static ssize_t read_whole(int fd, uint8_t *bytes, size_t size)
{
    size_t got = 0;

    while (got < size) {
        ssize_t piece = read(fd, bytes + got, size - got);
        if (piece < 0 && errno == EINTR) {
            continue;
        }
        if (piece < 0) {
            return -1;
        }
        if (piece == 0) {
            break;
        }
        got += (size_t)piece;
    }
    return (ssize_t)got;
}

static int check_file(const char *path, int fd, char *ret_why)
{
    struct stat about;

    if (fstat(fd, &about) < 0 || !S_ISREG(about.st_mode)) {
        return mf__vault_refuse(ret_why, MF_E_VAULT_KEY, "the vault's key file %s is not a regular file",
                                path);
    }
    if ((about.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
        return mf__vault_refuse(ret_why, MF_E_VAULT_KEY,
                                "the vault's key file %s can be read or written by others: chmod 600 it",
                                path);
    }
    return 0;
}

int mf__key_read(const char *path, struct vault_key *ret_key, char *ret_why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    uint8_t *file;
    ssize_t size;
    int rc;

    if (fd < 0) {
        return mf__vault_refuse(ret_why, errno == ENOENT ? MF_E_NOT_FOUND : MF_E_VAULT_KEY,
                                "the vault's key file %s: %s", path, strerror(errno));
    }
    rc = check_file(path, fd, ret_why);
    if (rc < 0) {
        (void)close(fd);
        return rc;
    }
    file = mf_vault_memory_new(FILE_BYTES_MAX);
    ret_key->bytes = mf_vault_memory_new(VAULT_KEY_BYTES);
    size = file == NULL || ret_key->bytes == NULL ? -1 : read_whole(fd, file, FILE_BYTES_MAX);
    (void)close(fd);
    if (size < 0 || !decode_key(mf_slice_of(file, (size_t)size), ret_key->bytes)) {
        rc = mf__vault_refuse(
            ret_why, MF_E_VAULT_KEY,
            "the vault's key file %s does not hold a key: 32 bytes, as base64, as hexadecimal digits or as "
            "they are",
            path);
        mf__key_done(ret_key);
    } else {
        name_key(ret_key);
    }
    mf_vault_memory_free(file, FILE_BYTES_MAX);
    return rc;
}

void mf__key_done(struct vault_key *key)
{
    mf_vault_memory_free(key->bytes, VAULT_KEY_BYTES);
    key->bytes = NULL;
}

static bool write_synced(int fd, struct mf_slice bytes)
{
    size_t done = 0;

    while (done < bytes.size) {
        ssize_t piece = write(fd, bytes.data + done, bytes.size - done);
        if (piece < 0 && errno != EINTR) {
            return false;
        }
        done += piece < 0 ? 0 : (size_t)piece;
    }
    return fsync(fd) == 0;
}

/* The file appears whole or not at all: a key of half its bytes would lock out everything sealed later. */
static bool write_key_file(const char *path, struct mf_slice text)
{
    char fresh[MF_STORE_PATH_BYTES_MAX + 96];
    char dir[MF_STORE_PATH_BYTES_MAX + 96];
    int fd;
    bool is_written;

    (void)snprintf(fresh, sizeof fresh, "%s.new", path);
    (void)snprintf(dir, sizeof dir, "%s", path);
    *strrchr(dir, '/') = '\0';
    (void)unlink(fresh);
    fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return false;
    }
    is_written = write_synced(fd, text);
    /* The store's lock is held, and a moment ago there was none: nothing is overwritten. */
    is_written = close(fd) == 0 && is_written && rename(fresh, path) == 0;
    if (!is_written) {
        (void)unlink(fresh);
    }
    fd = is_written ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    is_written = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_written;
}

int mf__key_make(const char *path, struct vault_key *ret_key, char *ret_why)
{
    struct vault_out text;
    int rc = 0;

    ret_key->bytes = mf_vault_memory_new(VAULT_KEY_BYTES);
    mf__out_init(&text, FILE_BYTES_MAX);
    if (ret_key->bytes == NULL || text.error < 0) {
        rc = mf__vault_refuse(ret_why, MF_E_NO_MEMORY, "no memory for the vault's key");
    } else {
        mf_random_bytes(ret_key->bytes, VAULT_KEY_BYTES);
        name_key(ret_key);
        mf__out_base64(&text, mf_slice_of(ret_key->bytes, VAULT_KEY_BYTES), false);
        mf__out_byte(&text, '\n');
        if (!write_key_file(path, mf__out_since(&text, 0))) {
            rc = mf__vault_refuse(ret_why, MF_E_VAULT_KEY, "the vault's key cannot be written to %s: %s",
                                  path, strerror(errno));
        }
    }
    mf__out_done(&text);
    if (rc < 0) {
        mf__key_done(ret_key);
    }
    return rc;
}
