/* random.c - randomness from the kernel, and identifiers made of it. */
#include <mayfly/base.h>

#include <errno.h>
#include <sys/random.h>

#define ID_LETTERS 24u /* 36^24 is 124 bits. */

void mf_random_bytes(void *bytes, size_t size)
{
    uint8_t *at = bytes;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        MF_ASSERT(got > 0 || (got < 0 && errno == EINTR));
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
}

void mf_random_id(const char *prefix, char *text)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    size_t prefix_size = strlen(prefix);
    MF_ASSERT(prefix_size + ID_LETTERS + 1 <= MF_ID_BYTES_MAX);
    memcpy(text, prefix, prefix_size);
    size_t written = 0;
    while (written < ID_LETTERS) {
        uint8_t pool[ID_LETTERS + 8];
        mf_random_bytes(pool, sizeof(pool));
        for (size_t i = 0; i < sizeof(pool) && written < ID_LETTERS; i++) {
            /* 252 is the last multiple of 36: above it some letters would come more often. */
            if (pool[i] < 252) {
                text[prefix_size + written++] = letters[pool[i] % 36];
            }
        }
    }
    text[prefix_size + ID_LETTERS] = '\0';
}
