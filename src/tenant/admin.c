/* admin.c - the operator's file: one admin token a line, two while one takes the other's place. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#define FILE_BYTES_MAX ((MF_TOKEN_BYTES_MAX + 2) * MF_ADMIN_TOKENS_MAX)

static int refuse(char *ret_why, const char *path, const char *what)
{
    (void)snprintf(ret_why, MF_TENANTS_WHY_BYTES_MAX, "the admin token's file %.512s: %s", path, what);
    return MF_E_CONFIG;
}

/* One of RFC 6750's b64token characters: what "Authorization: Bearer" can carry. */
static bool is_sendable(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("-._~+/=", c) != NULL);
}

/* The sentence, or NULL when it is fine. */
static const char *take_line(struct mf_slice line, struct mf__admin_tokens *tokens)
{
    if (line.size > 0 && line.data[line.size - 1] == '\r') {
        line.size--;
    }
    if (line.size == 0) {
        return NULL;
    }
    if (line.size < MF_ADMIN_TOKEN_BYTES_MIN || line.size > MF_TOKEN_BYTES_MAX) {
        return "a token must have 32 to 256 characters";
    }
    for (size_t i = 0; i < line.size; i++) {
        if (!is_sendable(line.data[i])) {
            return "a token can have letters, digits and -._~+/= only";
        }
    }
    if (tokens->count == MF_ADMIN_TOKENS_MAX) {
        return "it has more than two tokens";
    }
    mf_token_digest(line, tokens->digests[tokens->count++]);
    return NULL;
}

static const char *take_lines(struct mf_slice text, struct mf__admin_tokens *tokens)
{
    const char *why = NULL;

    for (size_t begin = 0; why == NULL && begin < text.size;) {
        size_t end = begin;
        while (end < text.size && text.data[end] != '\n') {
            end++;
        }
        why = take_line(mf_slice_of(text.data + begin, end - begin), tokens);
        begin = end + 1;
    }
    return why == NULL && tokens->count == 0 ? "it has no token" : why;
}

static const char *read_file(int fd, struct mf__admin_tokens *tokens)
{
    uint8_t bytes[FILE_BYTES_MAX + 1];
    size_t size = 0;
    ssize_t got = 1;
    struct stat about;
    const char *why = NULL;

    if (fstat(fd, &about) < 0 || !S_ISREG(about.st_mode)) {
        return "it is not a regular file";
    }
    if ((about.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
        return "it can be read or written by others: chmod 600 it";
    }
    while (got != 0 && size < sizeof bytes) {
        got = read(fd, bytes + size, sizeof bytes - size);
        if (got < 0 && errno != EINTR) {
            why = strerror(errno);
            break;
        }
        size += got < 0 ? 0 : (size_t)got;
    }
    if (why == NULL) {
        why = size > FILE_BYTES_MAX ? "it is too large" : take_lines(mf_slice_of(bytes, size), tokens);
    }
    mf_wipe(bytes, sizeof bytes);
    return why;
}

int mf__admin_read(const char *path, struct mf__admin_tokens *ret_tokens, char *ret_why)
{
    struct mf__admin_tokens tokens = {.count = 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const char *why = fd < 0 ? strerror(errno) : read_file(fd, &tokens);

    if (fd >= 0) {
        (void)close(fd);
    }
    if (why != NULL) {
        return refuse(ret_why, path, why);
    }
    *ret_tokens = tokens;
    return 0;
}

bool mf__admin_has(const struct mf__admin_tokens *tokens, const uint8_t digest[MF_TOKEN_DIGEST_BYTES])
{
    int found = 0;

    for (size_t i = 0; i < tokens->count; i++) {
        found |= CRYPTO_memcmp(tokens->digests[i], digest, MF_TOKEN_DIGEST_BYTES) == 0;
    }
    return found != 0;
}
