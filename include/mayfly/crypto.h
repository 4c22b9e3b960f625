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

/* ---- ciphers ------------------------------------------------------------------------------ */

#define MF_CIPHER_MAP(XX)                                                                                    \
    XX(AES_CBC) /* PKCS#7 padding. */                                                                        \
    XX(AES_CTR)                                                                                              \
    XX(AES_GCM) /* The tag stands behind the message, as in the next two. */                                 \
    XX(AES_OCB)                                                                                              \
    XX(CHACHA20_POLY1305)                                                                                    \
    XX(AES_KW) /* RFC 3394, no initialization vector. */

enum mf_cipher {
#define XX(name) MF_CIPHER_##name,
    MF_CIPHER_MAP(XX)
#undef XX
        MF_CIPHER_COUNT
};

struct mf_cipher_call {
    enum mf_cipher cipher;
    bool is_encrypt;
    struct mf_slice key; /* Its size is the algorithm's. */
    struct mf_slice iv;
    struct mf_slice additional; /* Authenticated with the message. */
    uint32_t tag_bytes;
    uint32_t counter_bits; /* Of AES-CTR: 1 to 128. */
};

/* A padding, a block or a tag. */
#define MF_CIPHER_MORE_BYTES_MAX 32

/* Appends no more than |data| has and MF_CIPHER_MORE_BYTES_MAX; nothing when it fails. MF_E_INVALID: such a key, such a size
 * of an initialization vector or a tag does not exist. */
MF_MUST_CHECK int mf_cipher_run(const struct mf_cipher_call *call,
                                struct mf_slice data,
                                const struct mf_crypto_stop *stop,
                                struct mf_buf *out);

/* ---- keys --------------------------------------------------------------------------------- */

/* XX(name, parts of a public key, parts of a private key) */
#define MF_KEY_MAP(XX)                                                                                       \
    XX(RSA, 2, 8)  /* n, e; d, p, q, dp, dq, qi */                                                           \
    XX(P256, 2, 3) /* x, y; d */                                                                             \
    XX(P384, 2, 3)                                                                                           \
    XX(P521, 2, 3)                                                                                           \
    XX(ED25519, 1, 2) /* x; d */                                                                             \
    XX(ED448, 1, 2)                                                                                          \
    XX(X25519, 1, 2)                                                                                         \
    XX(X448, 1, 2)

enum mf_key_kind {
#define XX(name, of_public, of_private) MF_KEY_##name,
    MF_KEY_MAP(XX)
#undef XX
        MF_KEY_COUNT
};

#define MF_KEY_PARTS_MAX 8

/* A key's numbers, big endian, in the order of MF_KEY_MAP. Those of curves have the curve's size; RSA's begin with a byte that is not 0.
 *
 * As bytes: each part with its size before it, two bytes, most significant first; nothing else. The parts of a public key begin
 * those of its private key. */
struct mf_key {
    enum mf_key_kind kind;
    bool is_private;
    struct mf_slice parts[MF_KEY_PARTS_MAX];
};

/* Reads |bytes|, which must be one whole key; the parts lie inside them. Checks sizes only. MF_E_INVALID. */
MF_MUST_CHECK int
mf_key_unpack(enum mf_key_kind kind, bool is_private, struct mf_slice bytes, struct mf_key *ret_key);

/* Checks that |bytes|, as above, are a key: points are on their curve, public and private part belong together. RSA's numbers
 * may begin with zeros here and their primes are not proven. A missing x (and y) of a private key, size 0, is computed. Appends
 * the key as bytes. MF_E_INVALID. */
MF_MUST_CHECK int
mf_key_check(enum mf_key_kind kind, bool is_private, struct mf_slice bytes, struct mf_buf *out);

#define MF_KEY_FORMAT_MAP(XX)                                                                                \
    XX(RAW)   /* Public: a curve's point or coordinate. */                                                   \
    XX(SPKI)  /* Public: RFC 5280. */                                                                        \
    XX(PKCS8) /* Private: RFC 5958. */

enum mf_key_format {
#define XX(name) MF_KEY_FORMAT_##name,
    MF_KEY_FORMAT_MAP(XX)
#undef XX
        MF_KEY_FORMAT_COUNT
};

/* Strict DER; anything before, behind or beside what |kind| has is refused, and attributes of PKCS#8 are skipped. Checked as
 * mf_key_check() does; appends the key as bytes. MF_E_INVALID. */
MF_MUST_CHECK int
mf_key_read(enum mf_key_kind kind, enum mf_key_format format, struct mf_slice data, struct mf_buf *out);
/* Appends |key| in |format|. MF_E_INVALID when it has no such one. */
MF_MUST_CHECK int mf_key_write(const struct mf_key *key, enum mf_key_format format, struct mf_buf *out);

/* Makes a private key and appends it as bytes. |bits| and |exponent| are RSA's. MF_E_CRYPTO: no such RSA key is made. */
MF_MUST_CHECK int mf_key_generate(enum mf_key_kind kind,
                                  uint32_t bits,
                                  struct mf_slice exponent,
                                  const struct mf_crypto_stop *stop,
                                  struct mf_buf *out);

/* ---- what keys do ------------------------------------------------------------------------- */

#define MF_SCHEME_MAP(XX)                                                                                    \
    XX(RSA_PKCS1)                                                                                            \
    XX(RSA_PSS)                                                                                              \
    XX(ECDSA) /* r and s, each of the curve's size. */                                                       \
    XX(EDDSA) /* No digest; messages up to MF_CRYPTO_EDDSA_BYTES_MAX. */

enum mf_scheme {
#define XX(name) MF_SCHEME_##name,
    MF_SCHEME_MAP(XX)
#undef XX
        MF_SCHEME_COUNT
};

struct mf_sign_call {
    enum mf_scheme scheme;
    enum mf_digest digest;
    uint32_t salt_bytes; /* Of RSA-PSS. */
};

/* Appends the signature. |key| is private. MF_E_INVALID when the scheme is not for such a key. */
MF_MUST_CHECK int mf_sign(const struct mf_sign_call *call,
                          const struct mf_key *key,
                          struct mf_slice data,
                          const struct mf_crypto_stop *stop,
                          struct mf_buf *out);
/* A wrong signature is no error. The key may be private or public. */
MF_MUST_CHECK int mf_verify(const struct mf_sign_call *call,
                            const struct mf_key *key,
                            struct mf_slice signature,
                            struct mf_slice data,
                            const struct mf_crypto_stop *stop,
                            bool *ret_is_valid);

/* RSA-OAEP; MGF1 with the same digest. Encrypting needs a public key, decrypting a private one. */
MF_MUST_CHECK int mf_rsa_oaep(bool is_encrypt,
                              enum mf_digest digest,
                              const struct mf_key *key,
                              struct mf_slice label,
                              struct mf_slice data,
                              struct mf_buf *out);

/* ECDH, X25519, X448: appends the shared secret. MF_E_CRYPTO when it is all zeros: a point of small order. */
MF_MUST_CHECK int mf_agree(const struct mf_key *own, const struct mf_key *peer, struct mf_buf *out);

#ifdef __cplusplus
}
#endif
#endif
