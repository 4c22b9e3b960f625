/* key_okp.c - keys of Ed25519, Ed448, X25519 and X448: any bytes of the right size are one. */
#include "key.h"

int key_okp_type(enum mf_key_kind kind)
{
    return kind == MF_KEY_ED25519  ? EVP_PKEY_ED25519
           : kind == MF_KEY_ED448  ? EVP_PKEY_ED448
           : kind == MF_KEY_X25519 ? EVP_PKEY_X25519
                                   : EVP_PKEY_X448;
}

int key_okp_load(const struct mf_key *key, EVP_PKEY **ret_key)
{
    struct mf_slice part = key->parts[key->is_private ? 1 : 0];
    int type = key_okp_type(key->kind);

    *ret_key = key->is_private ? EVP_PKEY_new_raw_private_key(type, NULL, part.data, part.size)
                               : EVP_PKEY_new_raw_public_key(type, NULL, part.data, part.size);
    return *ret_key != NULL ? 0 : MF_E_INVALID;
}

int key_okp_check(const struct mf_key *key, struct mf_buf *out)
{
    uint8_t x[KEY_CURVE_BYTES_MAX];
    struct mf_key clean = *key;
    size_t bytes = key_part_bytes(key->kind);
    size_t size = sizeof(x);
    EVP_PKEY *loaded = NULL;

    if (!key->is_private) {
        return key->parts[0].size == bytes ? key_pack(key, out) : MF_E_INVALID;
    }
    if (key->parts[1].size != bytes) {
        return MF_E_INVALID;
    }
    int error = key_okp_load(key, &loaded);
    if (error == 0 && (EVP_PKEY_get_raw_public_key(loaded, x, &size) != 1 || size != bytes)) {
        error = MF_E_INTERNAL;
    }
    EVP_PKEY_free(loaded);
    if (error < 0) {
        return error;
    }
    clean.parts[0] = mf_slice_of(x, bytes);
    if (key->parts[0].size > 0 && !mf_slice_equal(key->parts[0], clean.parts[0])) {
        return MF_E_INVALID; /* Of another private key. */
    }
    return key_pack(&clean, out);
}

int key_okp_generate(enum mf_key_kind kind, struct mf_buf *out)
{
    uint8_t d[KEY_CURVE_BYTES_MAX];
    struct mf_key key = {.kind = kind, .is_private = true};

    mf_random_bytes(d, key_part_bytes(kind));
    key.parts[1] = mf_slice_of(d, key_part_bytes(kind));
    int error = key_okp_check(&key, out);
    mf_wipe(d, sizeof(d));
    return error;
}
