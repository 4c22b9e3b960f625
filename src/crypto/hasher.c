#include "hasher.h"

size_t hasher_block_bytes(enum mf_digest digest)
{
    static const uint8_t blocks[] = {
#define XX(name, bytes, block) [MF_DIGEST_##name] = (block),
        MF_DIGEST_MAP(XX)
#undef XX
    };

    return blocks[digest];
}

void hasher_begin(struct hasher *hasher, enum mf_digest digest)
{
    MF_ASSERT(hasher_knows(digest));
    memset(hasher, 0, sizeof(*hasher));
    hasher->digest = digest;
    switch ((unsigned)digest) {
    case MF_DIGEST_MD5:
        MD5_Init(&hasher->as.md5);
        break;
    case MF_DIGEST_SHA1:
        SHA1_Init(&hasher->as.sha1);
        break;
    case MF_DIGEST_SHA256:
        SHA256_Init(&hasher->as.sha256);
        break;
    case MF_DIGEST_SHA384:
        SHA384_Init(&hasher->as.sha512);
        break;
    default:
        SHA512_Init(&hasher->as.sha512);
        break;
    }
}

void hasher_add(struct hasher *hasher, const void *data, size_t size)
{
    if (size == 0) {
        return; /* |data| may be NULL. */
    }
    switch ((unsigned)hasher->digest) {
    case MF_DIGEST_MD5:
        MD5_Update(&hasher->as.md5, data, size);
        break;
    case MF_DIGEST_SHA1:
        SHA1_Update(&hasher->as.sha1, data, size);
        break;
    case MF_DIGEST_SHA256:
        SHA256_Update(&hasher->as.sha256, data, size);
        break;
    default:
        SHA512_Update(&hasher->as.sha512, data, size); /* SHA-384 too: it only begins and ends otherwise. */
        break;
    }
}

int hasher_add_long(struct hasher *hasher, struct mf_slice data, const struct mf_crypto_stop *stop)
{
    size_t at = 0;

    while (data.size - at > MF_CRYPTO_SLICE_BYTES) {
        hasher_add(hasher, data.data + at, MF_CRYPTO_SLICE_BYTES);
        at += MF_CRYPTO_SLICE_BYTES;
        if (is_stopped(stop)) {
            return MF_E_CANCELED;
        }
    }
    hasher_add(hasher, data.size > 0 ? data.data + at : NULL, data.size - at);
    return 0;
}

void hasher_end(struct hasher *hasher, uint8_t *ret_digest)
{
    switch ((unsigned)hasher->digest) {
    case MF_DIGEST_MD5:
        MD5_Final(ret_digest, &hasher->as.md5);
        break;
    case MF_DIGEST_SHA1:
        SHA1_Final(ret_digest, &hasher->as.sha1);
        break;
    case MF_DIGEST_SHA256:
        SHA256_Final(ret_digest, &hasher->as.sha256);
        break;
    case MF_DIGEST_SHA384:
        SHA384_Final(ret_digest, &hasher->as.sha512);
        break;
    default:
        SHA512_Final(ret_digest, &hasher->as.sha512);
        break;
    }
}

int hmac_begin(struct hmac *hmac,
               enum mf_digest digest,
               struct mf_slice key,
               const struct mf_crypto_stop *stop)
{
    uint8_t pad[128] = {0}; /* The key, cut to a block. */
    size_t block = hasher_block_bytes(digest);

    if (key.size > block) {
        struct hasher hasher;
        hasher_begin(&hasher, digest);
        int error = hasher_add_long(&hasher, key, stop);
        if (error < 0) {
            return error;
        }
        hasher_end(&hasher, pad);
    } else if (key.size > 0) {
        memcpy(pad, key.data, key.size);
    }
    for (size_t i = 0; i < block; i++) {
        pad[i] ^= 0x36;
    }
    hasher_begin(&hmac->inner, digest);
    hasher_add(&hmac->inner, pad, block);
    for (size_t i = 0; i < block; i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }
    hasher_begin(&hmac->outer, digest);
    hasher_add(&hmac->outer, pad, block);
    mf_wipe(pad, sizeof(pad));
    return 0;
}

void hmac_end(const struct hmac *hmac, struct hasher *inner, uint8_t *ret_mac)
{
    struct hasher outer = hmac->outer;
    uint8_t digest[MF_DIGEST_BYTES_MAX];

    hasher_end(inner, digest);
    hasher_add(&outer, digest, mf_digest_bytes(outer.digest));
    hasher_end(&outer, ret_mac);
}
