/* agree.c - a secret of two keys: ECDH, X25519, X448. */
#include "key.h"

int mf_agree(const struct mf_key *own, const struct mf_key *peer, struct mf_buf *out)
{
    uint8_t secret[KEY_CURVE_BYTES_MAX];
    size_t size = sizeof(secret);
    EVP_PKEY_CTX *context = NULL;
    EVP_PKEY *loaded = NULL;
    EVP_PKEY *other = NULL;

    if (own->kind != peer->kind || own->kind == MF_KEY_RSA || key_is_edwards(own->kind) || !own->is_private) {
        return MF_E_INVALID;
    }
    int error = key_load(own, &loaded);
    if (error == 0) {
        error = key_load(peer, &other);
    }
    if (error == 0) {
        context = EVP_PKEY_CTX_new(loaded, NULL);
        bool is_done = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
                       EVP_PKEY_derive_set_peer(context, other) == 1 &&
                       EVP_PKEY_derive(context, secret, &size) == 1;
        error = is_done ? mf_buf_append(out, secret, size) : MF_E_CRYPTO;
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(loaded);
    EVP_PKEY_free(other);
    mf_wipe(secret, sizeof(secret));
    return error < 0 ? crypto_fail(error) : 0;
}
