/* mayfly/crypto.h - cryptography over OpenSSL: digests, MACs, derivation, ciphers, keys. Bytes in, bytes out.
 *
 * Use:      mf_crypto_init once, before the jail closes; then any function, as often as needed.
 * Threads:  [main] mf_crypto_init. [any] everything else: OpenSSL's own tables are shared and locked, its random
 *           generators belong to their threads.
 * Owns:     nothing is kept between two calls: a key or the state of a digest is bytes of the caller's, and is checked anew
 *           each time. Results are appended to a struct mf_buf of the caller's or written to memory of the size said.
 * Limits:   MF_CRYPTO_*. What takes long asks |stop| every few milliseconds and gives up with MF_E_CANCELED.
 * Fails:    MF_E_INVALID: what came in is no such key, state or parameter. MF_E_UNSUPPORTED: this OpenSSL does not have it.
 *           MF_E_CRYPTO: the operation itself failed: a wrong tag, a wrong padding, a message too long for the key.
 * Not here: JWK, names of algorithms, usages (src/runtime/js), TLS (src/net).
 */
#ifndef MAYFLY_CRYPTO_H
#define MAYFLY_CRYPTO_H

#include <mayfly/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* [main] Loads what OpenSSL would load later: no config file, no engine, nothing at exit. MF_E_UNSUPPORTED when the
 * library is none that we can use. */
MF_MUST_CHECK int mf_crypto_init(void);

/* Whether the caller still wants the result; NULL for |stop|: always. */
struct mf_crypto_stop {
    bool (*is_asked)(void *data);
    void *data;
};

/* True when both have the same bytes; the time tells their sizes only. */
bool mf_crypto_equal(struct mf_slice a, struct mf_slice b);

/* ---- digests ------------------------------------------------------------------------------ */

/* XX(name, bytes of the digest, bytes of a block). The first five have states, and MACs are made of them. */
#define MF_DIGEST_MAP(XX)                                                                                    \
    XX(MD5, 16, 64)                                                                                          \
    XX(SHA1, 20, 64)                                                                                         \
    XX(SHA256, 32, 64)                                                                                       \
    XX(SHA384, 48, 128)                                                                                      \
    XX(SHA512, 64, 128)                                                                                      \
    XX(SHA3_256, 32, 136)                                                                                    \
    XX(SHA3_384, 48, 104)                                                                                    \
    XX(SHA3_512, 64, 72)

enum mf_digest {
#define XX(name, bytes, block) MF_DIGEST_##name,
    MF_DIGEST_MAP(XX)
#undef XX
        MF_DIGEST_COUNT
};

#define MF_DIGEST_BYTES_MAX 64
/* Which digest, how many bytes it has seen, its chaining value, the bytes of an unfinished block. */
#define MF_DIGEST_STATE_BYTES_MAX (1 + 8 + 64 + 127)

size_t mf_digest_bytes(enum mf_digest digest);

/* Writes mf_digest_bytes() to |ret_digest|. */
MF_MUST_CHECK int mf_digest_of(enum mf_digest digest,
                               struct mf_slice data,
                               const struct mf_crypto_stop *stop,
                               uint8_t *ret_digest);

/* A digest in pieces: |state| is what the last call gave, empty at first; |ret_state| has room for
 * MF_DIGEST_STATE_BYTES_MAX. Any bytes may stand in a state, so that it can lie where a script could change it. */
MF_MUST_CHECK int mf_digest_update(enum mf_digest digest,
                                   struct mf_slice state,
                                   struct mf_slice data,
                                   const struct mf_crypto_stop *stop,
                                   uint8_t *ret_state,
                                   size_t *ret_size);
MF_MUST_CHECK int mf_digest_final(enum mf_digest digest, struct mf_slice state, uint8_t *ret_digest);

/* ---- MACs --------------------------------------------------------------------------------- */

/* Writes mf_digest_bytes() to |ret_mac|. */
MF_MUST_CHECK int mf_hmac(enum mf_digest digest,
                          struct mf_slice key,
                          struct mf_slice data,
                          const struct mf_crypto_stop *stop,
                          uint8_t *ret_mac);

/* ---- derivation --------------------------------------------------------------------------- */

/* RFC 5869, both steps; appends |size| bytes. MF_E_CRYPTO past 255 digests. */
MF_MUST_CHECK int mf_hkdf(enum mf_digest digest,
                          struct mf_slice key,
                          struct mf_slice salt,
                          struct mf_slice info,
                          size_t size,
                          const struct mf_crypto_stop *stop,
                          struct mf_buf *out);
/* RFC 8018; appends |size| bytes. */
MF_MUST_CHECK int mf_pbkdf2(enum mf_digest digest,
                            struct mf_slice password,
                            struct mf_slice salt,
                            uint32_t iterations,
                            size_t size,
                            const struct mf_crypto_stop *stop,
                            struct mf_buf *out);

#ifdef __cplusplus
}
#endif
#endif
