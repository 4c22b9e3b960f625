/* key.h - keys between the files of this room: what each kind is, its checks, its EVP_PKEY. */
#ifndef MAYFLY_CRYPTO_KEY_H
#define MAYFLY_CRYPTO_KEY_H

#include <openssl/bn.h>
#include <openssl/evp.h>

#include "crypto.h"

#define KEY_CURVE_BYTES_MAX 66 /* P-521 */

static inline bool key_is_curve(enum mf_key_kind kind)
{
    return kind >= MF_KEY_P256 && kind <= MF_KEY_P521;
}

static inline bool key_is_edwards(enum mf_key_kind kind)
{
    return kind == MF_KEY_ED25519 || kind == MF_KEY_ED448;
}

size_t key_parts(enum mf_key_kind kind, bool is_private);
/* Of each part, 0 for RSA. */
size_t key_part_bytes(enum mf_key_kind kind);
/* Appends |key| as bytes. MF_E_INVALID when it is too large. */
MF_MUST_CHECK int key_pack(const struct mf_key *key, struct mf_buf *out);

/* Checks |key| and appends it as bytes, as mf_key_check() does; the others are for one kind each. */
MF_MUST_CHECK int key_check(const struct mf_key *key, struct mf_buf *out);
MF_MUST_CHECK int key_rsa_check(const struct mf_key *key, struct mf_buf *out);
MF_MUST_CHECK int key_curve_check(const struct mf_key *key, struct mf_buf *out);
MF_MUST_CHECK int key_okp_check(const struct mf_key *key, struct mf_buf *out);

/* The coordinates of an encoded point, compressed or not, each of the curve's size. MF_E_INVALID. */
MF_MUST_CHECK int
key_curve_point(enum mf_key_kind kind, struct mf_slice point, uint8_t *ret_x, uint8_t *ret_y);
const char *key_curve_name(enum mf_key_kind kind);
int key_okp_type(enum mf_key_kind kind); /* EVP_PKEY_ED25519 ... */

/* The digest for OpenSSL. */
const EVP_MD *key_md(enum mf_digest digest);

/* The key for OpenSSL; EVP_PKEY_free() it. MF_E_INVALID. */
MF_MUST_CHECK int key_load(const struct mf_key *key, EVP_PKEY **ret_key);
MF_MUST_CHECK int key_rsa_load(const struct mf_key *key, EVP_PKEY **ret_key);
MF_MUST_CHECK int key_curve_load(const struct mf_key *key, EVP_PKEY **ret_key);
MF_MUST_CHECK int key_okp_load(const struct mf_key *key, EVP_PKEY **ret_key);

MF_MUST_CHECK int key_rsa_generate(uint32_t bits,
                                   struct mf_slice exponent,
                                   const struct mf_crypto_stop *stop,
                                   struct mf_buf *out);
MF_MUST_CHECK int key_curve_generate(enum mf_key_kind kind, struct mf_buf *out);
MF_MUST_CHECK int key_okp_generate(enum mf_key_kind kind, struct mf_buf *out);

#endif
