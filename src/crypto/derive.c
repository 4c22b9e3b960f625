/* derive.c - HKDF and PBKDF2 over our HMAC: OpenSSL's PBKDF2 cannot be stopped once it runs, and its HKDF takes an info of
 * no more than a kilobyte. */
#include "hasher.h"

/* T(n) = HMAC(T(n-1) | info | n) */
static int expand(const struct hmac *hmac,
                  struct mf_slice info,
                  size_t size,
                  const struct mf_crypto_stop *stop,
                  struct mf_buf *out)
{
    uint8_t block[MF_DIGEST_BYTES_MAX];
    size_t block_bytes = mf_digest_bytes(hmac->inner.digest);
    size_t previous = 0;

    for (uint8_t number = 1; size > 0; number++) {
        struct hasher inner = hmac->inner;
        size_t wanted = size < block_bytes ? size : block_bytes;
        hasher_add(&inner, block, previous);
        int error = hasher_add_long(&inner, info, stop);
        if (error == 0 && is_stopped(stop)) {
            error = MF_E_CANCELED;
        }
        if (error == 0) {
            hasher_add(&inner, &number, 1);
            hmac_end(hmac, &inner, block);
            error = mf_buf_append(out, block, wanted);
        }
        if (error < 0) {
            return error;
        }
        previous = block_bytes;
        size -= wanted;
    }
    mf_wipe(block, sizeof(block));
    return 0;
}

int mf_hkdf(enum mf_digest digest,
            struct mf_slice key,
            struct mf_slice salt,
            struct mf_slice info,
            size_t size,
            const struct mf_crypto_stop *stop,
            struct mf_buf *out)
{
    uint8_t extracted[MF_DIGEST_BYTES_MAX];
    struct hmac hmac;

    if (!hasher_knows(digest)) {
        return MF_E_UNSUPPORTED;
    }
    if (size > 255 * mf_digest_bytes(digest)) {
        return MF_E_CRYPTO;
    }
    /* An absent salt is as many zeros as the digest has bytes, which HMAC makes of an empty key anyway. */
    int error = mf_hmac(digest, salt, key, stop, extracted);
    if (error == 0) {
        error = hmac_begin(&hmac, digest, mf_slice_of(extracted, mf_digest_bytes(digest)), stop);
    }
    if (error == 0) {
        error = expand(&hmac, info, size, stop, out);
    }
    mf_wipe(extracted, sizeof(extracted));
    mf_wipe(&hmac, sizeof(hmac));
    return error;
}

/* One block of PBKDF2's output: the first HMAC over salt and number, then each over the one before, all xored. */
static int pbkdf2_block(const struct hmac *hmac,
                        struct mf_slice salt,
                        uint32_t number,
                        uint32_t iterations,
                        const struct mf_crypto_stop *stop,
                        uint8_t *ret_block)
{
    const uint8_t big_endian[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                                   (uint8_t)number};
    size_t bytes = mf_digest_bytes(hmac->inner.digest);
    uint8_t mac[MF_DIGEST_BYTES_MAX];
    struct hasher inner = hmac->inner;
    int error = hasher_add_long(&inner, salt, stop);

    if (error < 0) {
        return error;
    }
    hasher_add(&inner, big_endian, sizeof(big_endian));
    hmac_end(hmac, &inner, mac);
    memcpy(ret_block, mac, bytes);
    for (uint32_t i = 1; i < iterations; i++) {
        if (i % MF_CRYPTO_SLICE_ITERATIONS == 0 && is_stopped(stop)) {
            return MF_E_CANCELED;
        }
        inner = hmac->inner;
        hasher_add(&inner, mac, bytes);
        hmac_end(hmac, &inner, mac);
        for (size_t k = 0; k < bytes; k++) {
            ret_block[k] ^= mac[k];
        }
    }
    return is_stopped(stop) ? MF_E_CANCELED : 0;
}

int mf_pbkdf2(enum mf_digest digest,
              struct mf_slice password,
              struct mf_slice salt,
              uint32_t iterations,
              size_t size,
              const struct mf_crypto_stop *stop,
              struct mf_buf *out)
{
    uint8_t block[MF_DIGEST_BYTES_MAX];
    struct hmac hmac;

    if (!hasher_knows(digest)) {
        return MF_E_UNSUPPORTED;
    }
    if (iterations == 0 || iterations > MF_CRYPTO_PBKDF2_ITERATIONS_MAX ||
        size > MF_CRYPTO_PBKDF2_BYTES_MAX) {
        return MF_E_INVALID;
    }
    int error = hmac_begin(&hmac, digest, password, stop);
    for (uint32_t number = 1; error == 0 && size > 0; number++) {
        size_t wanted = size < mf_digest_bytes(digest) ? size : mf_digest_bytes(digest);
        error = pbkdf2_block(&hmac, salt, number, iterations, stop, block);
        if (error == 0) {
            error = mf_buf_append(out, block, wanted);
        }
        size -= wanted;
    }
    mf_wipe(block, sizeof(block));
    mf_wipe(&hmac, sizeof(hmac));
    return error;
}
