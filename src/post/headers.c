/* headers.c - the lines that go with a request, and files whose content is nobody's business. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

MF_OWN struct mf_post_headers *mf_post_headers_new(void)
{
    return mf_new(sizeof(struct mf_post_headers));
}

int mf_post_headers_add(struct mf_post_headers *headers, const char *line)
{
    struct curl_slist *longer = curl_slist_append(headers->first, line);

    if (longer == NULL) {
        return MF_E_NO_MEMORY;
    }
    headers->first = longer;
    return 0;
}

void mf_post_headers_free(MF_OWN struct mf_post_headers *headers)
{
    if (headers == NULL) {
        return;
    }
    for (struct curl_slist *one = headers->first; one != NULL; one = one->next) {
        mf_wipe(one->data, strlen(one->data));
    }
    curl_slist_free_all(headers->first);
    mf_free(headers);
}

static ssize_t read_whole(int fd, char *text, size_t bytes_max)
{
    size_t size = 0;
    ssize_t got = 1;

    while (got != 0 && size < bytes_max) {
        got = read(fd, text + size, bytes_max - size);
        if (got < 0 && errno != EINTR) {
            return -1;
        }
        size += got < 0 ? 0 : (size_t)got;
    }
    return (ssize_t)size;
}

ssize_t
mf_post_read_secret(const char *path, const char *field, size_t bytes_max, char *ret_text, char *ret_why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat about;
    ssize_t size = fd < 0 || fstat(fd, &about) < 0 ? -1 : 0;
    const char *why = NULL;
    char too_large[48];

    if (size == 0 && (!S_ISREG(about.st_mode) || (about.st_mode & S_IRWXO) != 0)) {
        why = "must be a file that not everybody may read";
    } else if (size == 0) {
        size = read_whole(fd, ret_text, bytes_max + 1);
    }
    if (size > (ssize_t)bytes_max) {
        (void)snprintf(too_large, sizeof too_large, "has more than %zu bytes", bytes_max);
        why = too_large;
    } else if (size >= 0 && why == NULL) {
        ret_text[size] = '\0';
        why = strlen(ret_text) == (size_t)size ? NULL : "has a NUL";
    }
    if (size < 0) {
        (void)snprintf(ret_why, MF_POST_WHY_BYTES_MAX, "%s: %.300s cannot be read: %s", field, path,
                       strerror(errno));
    } else if (why != NULL) {
        (void)snprintf(ret_why, MF_POST_WHY_BYTES_MAX, "%s: %.300s %s", field, path, why);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return size < 0 || why != NULL ? MF_E_CONFIG : size;
}
