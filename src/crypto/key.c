#include "key.h"

size_t key_parts(enum mf_key_kind kind, bool is_private)
{
    static const uint8_t parts[][2] = {
#define XX(name, of_public, of_private) [MF_KEY_##name] = {(of_public), (of_private)},
        MF_KEY_MAP(XX)
#undef XX
    };

    return parts[kind][is_private ? 1 : 0];
}

size_t key_part_bytes(enum mf_key_kind kind)
{
    static const uint8_t bytes[] = {
        [MF_KEY_RSA] = 0,      [MF_KEY_P256] = 32,  [MF_KEY_P384] = 48,   [MF_KEY_P521] = 66,
        [MF_KEY_ED25519] = 32, [MF_KEY_ED448] = 57, [MF_KEY_X25519] = 32, [MF_KEY_X448] = 56,
    };

    return bytes[kind];
}

const EVP_MD *key_md(enum mf_digest digest)
{
    switch (digest) {
    case MF_DIGEST_MD5:
        return EVP_md5();
    case MF_DIGEST_SHA1:
        return EVP_sha1();
    case MF_DIGEST_SHA256:
        return EVP_sha256();
    case MF_DIGEST_SHA384:
        return EVP_sha384();
    case MF_DIGEST_SHA512:
        return EVP_sha512();
    case MF_DIGEST_SHA3_256:
        return EVP_sha3_256();
    case MF_DIGEST_SHA3_384:
        return EVP_sha3_384();
    case MF_DIGEST_SHA3_512:
        return EVP_sha3_512();
    case MF_DIGEST_COUNT:
        break;
    }
    return NULL;
}

int key_pack(const struct mf_key *key, struct mf_buf *out)
{
    for (size_t i = 0; i < key_parts(key->kind, key->is_private); i++) {
        size_t size = key->parts[i].size;
        const uint8_t head[2] = {(uint8_t)(size >> 8), (uint8_t)size};
        if (size > UINT16_MAX) {
            return MF_E_INVALID;
        }
        int error = mf_buf_append(out, head, sizeof(head));
        if (error == 0) {
            error = mf_buf_append_slice(out, key->parts[i]);
        }
        if (error < 0) {
            return error;
        }
    }
    return 0;
}

/* The parts, of any sizes. */
static int split(enum mf_key_kind kind, bool is_private, struct mf_slice bytes, struct mf_key *ret_key)
{
    size_t count = key_parts(kind, is_private);

    memset(ret_key, 0, sizeof(*ret_key));
    ret_key->kind = kind;
    ret_key->is_private = is_private;
    for (size_t i = 0; i < count; i++) {
        if (bytes.size < 2) {
            return MF_E_INVALID;
        }
        size_t size = (size_t)bytes.data[0] << 8 | bytes.data[1];
        if (size > bytes.size - 2) {
            return MF_E_INVALID;
        }
        ret_key->parts[i] = mf_slice_of(bytes.data + 2, size);
        bytes = mf_slice_of(bytes.data + 2 + size, bytes.size - 2 - size);
    }
    return bytes.size == 0 ? 0 : MF_E_INVALID;
}

int mf_key_unpack(enum mf_key_kind kind, bool is_private, struct mf_slice bytes, struct mf_key *ret_key)
{
    struct mf_key key;
    int error = split(kind, is_private, bytes, &key);
    size_t part_bytes = key_part_bytes(kind);

    for (size_t i = 0; error == 0 && i < key_parts(kind, is_private); i++) {
        struct mf_slice part = key.parts[i];
        bool is_sized = part_bytes > 0
                            ? part.size == part_bytes
                            : part.size > 0 && part.size <= MF_CRYPTO_RSA_BITS_MAX / 8 && part.data[0] != 0;
        error = is_sized ? 0 : MF_E_INVALID;
    }
    if (error == 0) {
        *ret_key = key;
    }
    return error;
}

int key_check(const struct mf_key *key, struct mf_buf *out)
{
    return key->kind == MF_KEY_RSA   ? key_rsa_check(key, out)
           : key_is_curve(key->kind) ? key_curve_check(key, out)
                                     : key_okp_check(key, out);
}

int mf_key_check(enum mf_key_kind kind, bool is_private, struct mf_slice bytes, struct mf_buf *out)
{
    struct mf_key key;
    int error = split(kind, is_private, bytes, &key);

    if (error == 0) {
        error = key_check(&key, out);
    }
    return error < 0 ? crypto_fail(error) : 0;
}

int key_load(const struct mf_key *key, EVP_PKEY **ret_key)
{
    int error = key->kind == MF_KEY_RSA   ? key_rsa_load(key, ret_key)
                : key_is_curve(key->kind) ? key_curve_load(key, ret_key)
                                          : key_okp_load(key, ret_key);

    return error < 0 ? crypto_fail(error) : 0;
}

int mf_key_generate(enum mf_key_kind kind,
                    uint32_t bits,
                    struct mf_slice exponent,
                    const struct mf_crypto_stop *stop,
                    struct mf_buf *out)
{
    int error = kind == MF_KEY_RSA   ? key_rsa_generate(bits, exponent, stop, out)
                : key_is_curve(kind) ? key_curve_generate(kind, out)
                                     : key_okp_generate(kind, out);

    return error < 0 ? crypto_fail(error) : 0;
}
