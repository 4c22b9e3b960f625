/* sign.c - signatures: the message is digested in slices, then the digest is signed. EdDSA takes the message itself. */
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include "key.h"

static bool fits(enum mf_scheme scheme, enum mf_key_kind kind)
{
    switch (scheme) {
    case MF_SCHEME_RSA_PKCS1:
    case MF_SCHEME_RSA_PSS:
        return kind == MF_KEY_RSA;
    case MF_SCHEME_ECDSA:
        return key_is_curve(kind);
    case MF_SCHEME_EDDSA:
        return key_is_edwards(kind);
    case MF_SCHEME_COUNT:
        break;
    }
    return false;
}

/* Salts longer than any key are none that OpenSSL is asked about: it takes negative numbers for something else. */
static bool set_padding(EVP_PKEY_CTX *context, const struct mf_sign_call *call)
{
    if (call->scheme == MF_SCHEME_ECDSA) {
        return true;
    }
    bool is_pss = call->scheme == MF_SCHEME_RSA_PSS;
    if (EVP_PKEY_CTX_set_rsa_padding(context, is_pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) != 1 ||
        EVP_PKEY_CTX_set_signature_md(context, key_md(call->digest)) != 1) {
        return false;
    }
    return !is_pss || (call->salt_bytes <= MF_CRYPTO_RSA_BITS_MAX / 8 &&
                       EVP_PKEY_CTX_set_rsa_pss_saltlen(context, (int)call->salt_bytes) == 1);
}

/* ---- ECDSA: r and s, not the DER that OpenSSL speaks ------------------------------------------ */

#define ECDSA_DER_BYTES_MAX                                                                                  \
    160 /* Two numbers of 66 bytes, each with a zero and a header, and a header around. */

static int ecdsa_to_raw(const uint8_t *der, size_t size, size_t part_bytes, struct mf_buf *out)
{
    uint8_t raw[2 * KEY_CURVE_BYTES_MAX];
    const uint8_t *at = der;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)size);
    int bytes = (int)part_bytes;
    int error = MF_E_INTERNAL;

    if (signature != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, bytes) == bytes &&
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + part_bytes, bytes) == bytes) {
        error = mf_buf_append(out, raw, 2 * part_bytes);
    }
    ECDSA_SIG_free(signature);
    return error;
}

/* 0 bytes: no such signature. |ret_der| has ECDSA_DER_BYTES_MAX. */
static size_t ecdsa_to_der(struct mf_slice raw, size_t part_bytes, uint8_t *ret_der)
{
    if (raw.size != 2 * part_bytes) {
        return 0;
    }
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw.data, (int)part_bytes, NULL);
    BIGNUM *s = BN_bin2bn(raw.data + part_bytes, (int)part_bytes, NULL);
    int size = 0;

    if (signature != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(signature, r, s) == 1) {
        r = NULL; /* The signature's now. */
        s = NULL;
        size = i2d_ECDSA_SIG(signature, NULL);
        size = size > 0 && size <= ECDSA_DER_BYTES_MAX ? i2d_ECDSA_SIG(signature, &ret_der) : 0;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(signature);
    return size > 0 ? (size_t)size : 0;
}

/* ---- EdDSA ---------------------------------------------------------------------------------- */

static int eddsa_sign(EVP_PKEY *key, struct mf_slice data, struct mf_buf *out)
{
    uint8_t signature[2 * 57];
    size_t size = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int error = MF_E_CRYPTO;

    if (context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
        EVP_DigestSign(context, signature, &size, data.data, data.size) == 1) {
        error = mf_buf_append(out, signature, size);
    }
    EVP_MD_CTX_free(context);
    return error;
}

/* The y coordinates of the points of small order, least byte first, and those that are the same unreduced. A signature with
 * such a point as key or as its R says nothing: several keys and messages share it. */
static bool is_small_order(enum mf_key_kind kind, const uint8_t *point)
{
    static const uint8_t of_25519[][32] = {
        {0},
        {1},
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
         0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
         0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    };
    size_t bytes = key_part_bytes(kind);
    uint8_t y[57];

    memcpy(y, point, bytes);
    if (kind == MF_KEY_ED25519) {
        y[31] &= 0x7f; /* The sign of x. */
        for (size_t i = 0; i < MF_COUNT_OF(of_25519); i++) {
            if (memcmp(y, of_25519[i], 32) == 0) {
                return true;
            }
        }
        /* p - 1, p, p + 1, where p is 2^255 - 19. */
        bool is_high = y[31] == 0x7f && y[0] >= 0xec && y[0] <= 0xee;
        for (size_t i = 1; is_high && i < 31; i++) {
            is_high = y[i] == 0xff;
        }
        return is_high;
    }
    y[56] &= 0x7f;
    bool is_low = y[0] <= 1;
    for (size_t i = 1; is_low && i < 57; i++) {
        is_low = y[i] == 0;
    }
    /* p - 1 and p, where p is 2^448 - 2^224 - 1; p + 1 has zeros up to its half. */
    bool is_high = y[56] == 0 && (y[0] == 0xfe || y[0] == 0xff);
    for (size_t i = 1; is_high && i < 56; i++) {
        is_high = y[i] == (i == 28 ? 0xfe : 0xff);
    }
    return is_low || is_high;
}

static int eddsa_verify(const struct mf_key *key,
                        EVP_PKEY *loaded,
                        struct mf_slice signature,
                        struct mf_slice data,
                        bool *ret_is_valid)
{
    EVP_MD_CTX *context;

    *ret_is_valid = false;
    if (signature.size != 2 * key_part_bytes(key->kind) || is_small_order(key->kind, key->parts[0].data) ||
        is_small_order(key->kind, signature.data)) {
        return 0;
    }
    context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestVerifyInit(context, NULL, NULL, NULL, loaded) != 1) {
        EVP_MD_CTX_free(context);
        return MF_E_NO_MEMORY;
    }
    *ret_is_valid = EVP_DigestVerify(context, signature.data, signature.size, data.data, data.size) == 1;
    EVP_MD_CTX_free(context);
    return 0;
}

/* ---- the others ----------------------------------------------------------------------------- */

static int sign_digest(const struct mf_sign_call *call,
                       const struct mf_key *key,
                       EVP_PKEY *loaded,
                       struct mf_slice digest,
                       struct mf_buf *out)
{
    uint8_t signature[MF_CRYPTO_RSA_BITS_MAX / 8];
    size_t size = sizeof(signature);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(loaded, NULL);
    int error = MF_E_CRYPTO;

    if (context != NULL && EVP_PKEY_sign_init(context) == 1 && set_padding(context, call) &&
        EVP_PKEY_sign(context, signature, &size, digest.data, digest.size) == 1) {
        error = call->scheme == MF_SCHEME_ECDSA
                    ? ecdsa_to_raw(signature, size, key_part_bytes(key->kind), out)
                    : mf_buf_append(out, signature, size);
    }
    EVP_PKEY_CTX_free(context);
    return error;
}

static int verify_digest(const struct mf_sign_call *call,
                         const struct mf_key *key,
                         EVP_PKEY *loaded,
                         struct mf_slice signature,
                         struct mf_slice digest,
                         bool *ret_is_valid)
{
    uint8_t der[ECDSA_DER_BYTES_MAX];
    EVP_PKEY_CTX *context;

    *ret_is_valid = false;
    if (call->scheme == MF_SCHEME_ECDSA) {
        size_t size = ecdsa_to_der(signature, key_part_bytes(key->kind), der);
        if (size == 0) {
            return 0;
        }
        signature = mf_slice_of(der, size);
    }
    context = EVP_PKEY_CTX_new(loaded, NULL);
    if (context == NULL || EVP_PKEY_verify_init(context) != 1) {
        EVP_PKEY_CTX_free(context);
        return MF_E_NO_MEMORY;
    }
    *ret_is_valid = set_padding(context, call) &&
                    EVP_PKEY_verify(context, signature.data, signature.size, digest.data, digest.size) == 1;
    EVP_PKEY_CTX_free(context);
    return 0;
}

/* ---- the door ------------------------------------------------------------------------------- */

/* What both begin with: the digest, and the key as OpenSSL has it. */
static int prepare(const struct mf_sign_call *call,
                   const struct mf_key *key,
                   struct mf_slice data,
                   const struct mf_crypto_stop *stop,
                   uint8_t *ret_digest,
                   EVP_PKEY **ret_key)
{
    if (!fits(call->scheme, key->kind)) {
        return MF_E_INVALID;
    }
    if (call->scheme == MF_SCHEME_EDDSA && data.size > MF_CRYPTO_EDDSA_BYTES_MAX) {
        return MF_E_TOO_LARGE;
    }
    int error = call->scheme == MF_SCHEME_EDDSA ? 0 : mf_digest_of(call->digest, data, stop, ret_digest);
    return error == 0 ? key_load(key, ret_key) : error;
}

int mf_sign(const struct mf_sign_call *call,
            const struct mf_key *key,
            struct mf_slice data,
            const struct mf_crypto_stop *stop,
            struct mf_buf *out)
{
    uint8_t digest[MF_DIGEST_BYTES_MAX];
    EVP_PKEY *loaded = NULL;

    if (!key->is_private) {
        return MF_E_INVALID;
    }
    int error = prepare(call, key, data, stop, digest, &loaded);
    if (error == 0) {
        error = call->scheme == MF_SCHEME_EDDSA
                    ? eddsa_sign(loaded, data, out)
                    : sign_digest(call, key, loaded, mf_slice_of(digest, mf_digest_bytes(call->digest)), out);
    }
    EVP_PKEY_free(loaded);
    return error < 0 ? crypto_fail(error) : 0;
}

int mf_verify(const struct mf_sign_call *call,
              const struct mf_key *key,
              struct mf_slice signature,
              struct mf_slice data,
              const struct mf_crypto_stop *stop,
              bool *ret_is_valid)
{
    uint8_t digest[MF_DIGEST_BYTES_MAX];
    struct mf_slice digested = mf_slice_of(digest, mf_digest_bytes(call->digest));
    EVP_PKEY *loaded = NULL;
    bool is_valid = false;
    int error = prepare(call, key, data, stop, digest, &loaded);

    if (error == 0) {
        error = call->scheme == MF_SCHEME_EDDSA
                    ? eddsa_verify(key, loaded, signature, data, &is_valid)
                    : verify_digest(call, key, loaded, signature, digested, &is_valid);
    }
    EVP_PKEY_free(loaded);
    if (error == 0) {
        *ret_is_valid = is_valid;
    }
    return crypto_fail(error); /* A signature that is not valid leaves errors behind, too. */
}
