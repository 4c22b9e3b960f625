/* crypto_kit.h - bytes written as hex, for the tests of the crypto room. */
#ifndef MAYFLY_TESTS_CRYPTO_KIT_H
#define MAYFLY_TESTS_CRYPTO_KIT_H

#include <mayfly/crypto.h>

#include "check.h"

/* One of some static buffers, each used anew after 64 calls. */
static inline struct mf_slice hex(const char *text)
{
    static uint8_t memory[64][1024];
    static unsigned next;
    uint8_t *bytes = memory[next++ % 64];
    size_t size = 0;

    for (; text[0] != '\0' && text[1] != '\0'; text += 2) {
        unsigned byte;
        MF_CHECK(size < sizeof(memory[0]) && sscanf(text, "%2x", &byte) == 1);
        bytes[size++] = (uint8_t)byte;
    }
    return mf_slice_of(bytes, size);
}

static inline struct mf_slice text_of(const char *text)
{
    return mf_slice_of_cstr(text);
}

#define MF_CHECK_HEX(actual_slice, expected_hex)                                                             \
    do {                                                                                                     \
        struct mf_slice check_s = (actual_slice);                                                            \
        struct mf_slice check_h = hex(expected_hex);                                                         \
        if (!mf_slice_equal(check_s, check_h)) {                                                             \
            fprintf(stderr, "%s:%d: %s: %s is ", __FILE__, __LINE__, __func__, #actual_slice);               \
            for (size_t check_i = 0; check_i < check_s.size; check_i++) {                                    \
                fprintf(stderr, "%02x", check_s.data[check_i]);                                              \
            }                                                                                                \
            fprintf(stderr, ", expected %s\n", expected_hex);                                                \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

/* Says stop at the |after|th look. */
struct stop_after {
    struct mf_crypto_stop stop;
    int after;
    int looks;
};

static inline bool stop_after_is_asked(void *data)
{
    struct stop_after *stop = data;
    return ++stop->looks >= stop->after;
}

static inline struct stop_after stop_after(int after)
{
    struct stop_after stop = {{stop_after_is_asked, NULL}, after, 0};
    return stop;
}

#endif
