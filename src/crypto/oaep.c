/* oaep.c - RSA-OAEP, RFC 8017. */
#include <openssl/rsa.h>

#include "key.h"

static bool set_oaep(EVP_PKEY_CTX *context, enum mf_digest digest, struct mf_slice label)
{
    if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_oaep_md(context, key_md(digest)) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md(context, key_md(digest)) != 1) {
        return false;
    }
    if (label.size == 0) {
        return true;
    }
    void *copy = label.size <= INT32_MAX ? OPENSSL_memdup(label.data, label.size) : NULL;
    if (copy == NULL || EVP_PKEY_CTX_set0_rsa_oaep_label(context, copy, (int)label.size) != 1) {
        OPENSSL_free(copy);
        return false;
    }
    return true;
}

int mf_rsa_oaep(bool is_encrypt,
                enum mf_digest digest,
                const struct mf_key *key,
                struct mf_slice label,
                struct mf_slice data,
                struct mf_buf *out)
{
    uint8_t result[MF_CRYPTO_RSA_BITS_MAX / 8];
    size_t size = sizeof(result);
    EVP_PKEY_CTX *context = NULL;
    EVP_PKEY *loaded = NULL;

    if (key->kind != MF_KEY_RSA || (!is_encrypt && !key->is_private) || digest >= MF_DIGEST_COUNT) {
        return MF_E_INVALID;
    }
    int error = label.size <= MF_CRYPTO_SLICE_BYTES ? key_load(key, &loaded) : MF_E_TOO_LARGE;
    if (error == 0) {
        context = EVP_PKEY_CTX_new(loaded, NULL);
        int is_ready = context == NULL ? 0
                       : is_encrypt    ? EVP_PKEY_encrypt_init(context)
                                       : EVP_PKEY_decrypt_init(context);
        int is_done = 0;
        if (is_ready == 1 && set_oaep(context, digest, label)) {
            is_done = is_encrypt ? EVP_PKEY_encrypt(context, result, &size, data.data, data.size)
                                 : EVP_PKEY_decrypt(context, result, &size, data.data, data.size);
        }
        error = is_done == 1 ? mf_buf_append(out, result, size) : MF_E_CRYPTO;
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(loaded);
    mf_wipe(result, sizeof(result));
    return error < 0 ? crypto_fail(error) : 0;
}
