/* hasher.h - the digests whose state is a plain struct: it can be copied, put into bytes and taken out of them. */
#ifndef MAYFLY_CRYPTO_HASHER_H
#define MAYFLY_CRYPTO_HASHER_H

/* OpenSSL would rather that everybody used EVP, whose state is a block of the heap that cannot be looked into. These structs
 * are what a digest that goes on over several calls is rebuilt from, and copying one costs PBKDF2 no allocation. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>

#include "crypto.h"

struct hasher {
    enum mf_digest digest;
    union {
        MD5_CTX md5;
        SHA_CTX sha1;
        SHA256_CTX sha256;
        SHA512_CTX sha512;
    } as;
};

/* Whether |digest| is one of those. */
static inline bool hasher_knows(enum mf_digest digest)
{
    return digest <= MF_DIGEST_SHA512;
}

size_t hasher_block_bytes(enum mf_digest digest);
void hasher_begin(struct hasher *hasher, enum mf_digest digest);
void hasher_add(struct hasher *hasher, const void *data, size_t size);
/* Any size, in slices. MF_E_CANCELED. */
MF_MUST_CHECK int
hasher_add_long(struct hasher *hasher, struct mf_slice data, const struct mf_crypto_stop *stop);
/* Writes mf_digest_bytes(); the hasher must not be used again. */
void hasher_end(struct hasher *hasher, uint8_t *ret_digest);

/* HMAC, RFC 2104: begun once for a key, then copied for each message. */
struct hmac {
    struct hasher inner;
    struct hasher outer;
};

MF_MUST_CHECK int
hmac_begin(struct hmac *hmac, enum mf_digest digest, struct mf_slice key, const struct mf_crypto_stop *stop);
/* |inner| is a copy of hmac->inner with the message added. */
void hmac_end(const struct hmac *hmac, struct hasher *inner, uint8_t *ret_mac);

#endif
