/* digest.c - whole digests, and digests in pieces: their state as bytes. */
#include <openssl/evp.h>

#include "hasher.h"

static const uint8_t digest_bytes[] = {
#define XX(name, bytes, block) [MF_DIGEST_##name] = (bytes),
    MF_DIGEST_MAP(XX)
#undef XX
};

size_t mf_digest_bytes(enum mf_digest digest)
{
    MF_ASSERT(digest < MF_DIGEST_COUNT);
    return digest_bytes[digest];
}

/* ---- at once -------------------------------------------------------------------------------- */

static int add_slices(EVP_MD_CTX *context, struct mf_slice data, const struct mf_crypto_stop *stop)
{
    for (size_t at = 0; at < data.size;) {
        size_t size = data.size - at < MF_CRYPTO_SLICE_BYTES ? data.size - at : MF_CRYPTO_SLICE_BYTES;
        if (EVP_DigestUpdate(context, data.data + at, size) != 1) {
            return MF_E_INTERNAL;
        }
        at += size;
        if (at < data.size && is_stopped(stop)) {
            return MF_E_CANCELED;
        }
    }
    return 0;
}

static int
sha3_of(enum mf_digest digest, struct mf_slice data, const struct mf_crypto_stop *stop, uint8_t *ret_digest)
{
    const EVP_MD *md = digest == MF_DIGEST_SHA3_256   ? EVP_sha3_256()
                       : digest == MF_DIGEST_SHA3_384 ? EVP_sha3_384()
                                                      : EVP_sha3_512();
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int error = MF_E_NO_MEMORY;

    if (context != NULL && EVP_DigestInit_ex(context, md, NULL) == 1) {
        error = add_slices(context, data, stop);
        if (error == 0 && EVP_DigestFinal_ex(context, ret_digest, NULL) != 1) {
            error = MF_E_INTERNAL;
        }
    }
    EVP_MD_CTX_free(context);
    return error < 0 ? crypto_fail(error) : 0;
}

int mf_digest_of(enum mf_digest digest,
                 struct mf_slice data,
                 const struct mf_crypto_stop *stop,
                 uint8_t *ret_digest)
{
    struct hasher hasher;

    MF_ASSERT(digest < MF_DIGEST_COUNT);
    if (!hasher_knows(digest)) {
        return sha3_of(digest, data, stop, ret_digest);
    }
    hasher_begin(&hasher, digest);
    int error = hasher_add_long(&hasher, data, stop);
    if (error < 0) {
        return error;
    }
    hasher_end(&hasher, ret_digest);
    return 0;
}

int mf_hmac(enum mf_digest digest,
            struct mf_slice key,
            struct mf_slice data,
            const struct mf_crypto_stop *stop,
            uint8_t *ret_mac)
{
    struct hmac hmac;

    if (!hasher_knows(digest)) {
        return MF_E_UNSUPPORTED;
    }
    int error = hmac_begin(&hmac, digest, key, stop);
    if (error == 0) {
        struct hasher inner = hmac.inner;
        error = hasher_add_long(&inner, data, stop);
        if (error == 0) {
            hmac_end(&hmac, &inner, ret_mac);
        }
    }
    mf_wipe(&hmac, sizeof(hmac));
    return error;
}

/* ---- in pieces ------------------------------------------------------------------------------ */

/* A hasher's parts, wherever its struct has them. */
struct parts {
    void *chain; /* Words, 4 or 8 bytes each. */
    size_t chain_bytes;
    uint8_t *block;
    unsigned int *block_used;
};

static struct parts parts_of(struct hasher *hasher)
{
    switch ((unsigned)hasher->digest) {
    case MF_DIGEST_MD5: {
        MD5_CTX *md5 = &hasher->as.md5; /* A, B, C and D follow each other. */
        return (struct parts){&md5->A, 16, (uint8_t *)md5->data, &md5->num};
    }
    case MF_DIGEST_SHA1: {
        SHA_CTX *sha1 = &hasher->as.sha1; /* h0 to h4 likewise. */
        return (struct parts){&sha1->h0, 20, (uint8_t *)sha1->data, &sha1->num};
    }
    case MF_DIGEST_SHA256: {
        SHA256_CTX *sha256 = &hasher->as.sha256;
        return (struct parts){sha256->h, 32, (uint8_t *)sha256->data, &sha256->num};
    }
    default: {
        SHA512_CTX *sha512 = &hasher->as.sha512;
        return (struct parts){sha512->h, 64, sha512->u.p, &sha512->num};
    }
    }
}

_Static_assert(offsetof(MD5_CTX, D) == offsetof(MD5_CTX, A) + 12, "MD5's words follow each other");
_Static_assert(offsetof(SHA_CTX, h4) == offsetof(SHA_CTX, h0) + 16, "SHA-1's words follow each other");
_Static_assert(sizeof(((MD5_CTX *)NULL)->A) == 4 && sizeof(((SHA512_CTX *)NULL)->h[0]) == 8,
               "words as expected");

/* How many bits it has seen: OpenSSL counts in two words. */
static void set_bits(struct hasher *hasher, uint64_t bytes)
{
    uint64_t bits = bytes * 8; /* At most MF_CRYPTO_DIGEST_BYTES_MAX. */
    uint32_t low = (uint32_t)bits;
    uint32_t high = (uint32_t)(bits >> 32);

    switch ((unsigned)hasher->digest) {
    case MF_DIGEST_MD5:
        hasher->as.md5.Nl = low;
        hasher->as.md5.Nh = high;
        break;
    case MF_DIGEST_SHA1:
        hasher->as.sha1.Nl = low;
        hasher->as.sha1.Nh = high;
        break;
    case MF_DIGEST_SHA256:
        hasher->as.sha256.Nl = low;
        hasher->as.sha256.Nh = high;
        break;
    default:
        hasher->as.sha512.Nl = bits;
        hasher->as.sha512.Nh = 0;
        break;
    }
}

/* |state|: digest, bytes seen (8, this machine's order), chaining value, unfinished block. Its size follows from the first
 * two, so that no number in it can lead anywhere. */
static int load(enum mf_digest digest, struct mf_slice state, struct hasher *ret_hasher, uint64_t *ret_bytes)
{
    struct parts parts;
    uint64_t bytes;

    if (!hasher_knows(digest)) {
        return MF_E_UNSUPPORTED;
    }
    hasher_begin(ret_hasher, digest);
    *ret_bytes = 0;
    if (state.size == 0) {
        return 0;
    }
    if (state.size < 9 || state.data[0] != digest) {
        return MF_E_INVALID;
    }
    memcpy(&bytes, state.data + 1, 8);
    parts = parts_of(ret_hasher);
    size_t used = (size_t)(bytes % hasher_block_bytes(digest));
    if (bytes > MF_CRYPTO_DIGEST_BYTES_MAX || state.size != 9 + parts.chain_bytes + used) {
        return MF_E_INVALID;
    }
    memcpy(parts.chain, state.data + 9, parts.chain_bytes);
    memcpy(parts.block, state.data + 9 + parts.chain_bytes, used);
    *parts.block_used = (unsigned int)used;
    set_bits(ret_hasher, bytes);
    *ret_bytes = bytes;
    return 0;
}

int mf_digest_update(enum mf_digest digest,
                     struct mf_slice state,
                     struct mf_slice data,
                     const struct mf_crypto_stop *stop,
                     uint8_t *ret_state,
                     size_t *ret_size)
{
    struct hasher hasher;
    uint64_t bytes;
    int error = load(digest, state, &hasher, &bytes);

    if (error < 0) {
        return error;
    }
    if (data.size > MF_CRYPTO_DIGEST_BYTES_MAX - bytes) {
        return MF_E_TOO_LARGE;
    }
    error = hasher_add_long(&hasher, data, stop);
    if (error < 0) {
        return error;
    }
    struct parts parts = parts_of(&hasher);
    bytes += data.size;
    ret_state[0] = (uint8_t)digest;
    memcpy(ret_state + 1, &bytes, 8);
    memcpy(ret_state + 9, parts.chain, parts.chain_bytes);
    memcpy(ret_state + 9 + parts.chain_bytes, parts.block, *parts.block_used);
    *ret_size = 9 + parts.chain_bytes + *parts.block_used;
    return 0;
}

int mf_digest_final(enum mf_digest digest, struct mf_slice state, uint8_t *ret_digest)
{
    struct hasher hasher;
    uint64_t bytes;
    int error = load(digest, state, &hasher, &bytes);

    if (error == 0) {
        hasher_end(&hasher, ret_digest);
    }
    return error;
}
