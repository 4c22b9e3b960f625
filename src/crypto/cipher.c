/* cipher.c - AES in its modes, ChaCha20-Poly1305, key wrap; large inputs in slices. */
#include <openssl/evp.h>

#include "crypto.h"

/* XX(cipher, bytes of the key, OpenSSL's) */
#define CIPHER_MAP(XX)                                                                                       \
    XX(AES_CBC, 16, EVP_aes_128_cbc)                                                                         \
    XX(AES_CBC, 24, EVP_aes_192_cbc)                                                                         \
    XX(AES_CBC, 32, EVP_aes_256_cbc)                                                                         \
    XX(AES_CTR, 16, EVP_aes_128_ctr)                                                                         \
    XX(AES_CTR, 24, EVP_aes_192_ctr)                                                                         \
    XX(AES_CTR, 32, EVP_aes_256_ctr)                                                                         \
    XX(AES_GCM, 16, EVP_aes_128_gcm)                                                                         \
    XX(AES_GCM, 24, EVP_aes_192_gcm)                                                                         \
    XX(AES_GCM, 32, EVP_aes_256_gcm)                                                                         \
    XX(AES_OCB, 16, EVP_aes_128_ocb)                                                                         \
    XX(AES_OCB, 24, EVP_aes_192_ocb)                                                                         \
    XX(AES_OCB, 32, EVP_aes_256_ocb)                                                                         \
    XX(AES_KW, 16, EVP_aes_128_wrap)                                                                         \
    XX(AES_KW, 24, EVP_aes_192_wrap)                                                                         \
    XX(AES_KW, 32, EVP_aes_256_wrap)                                                                         \
    XX(CHACHA20_POLY1305, 32, EVP_chacha20_poly1305)

/* NULL: there is none with such a key. */
static const EVP_CIPHER *find(enum mf_cipher cipher, size_t key_bytes)
{
    static const struct {
        enum mf_cipher cipher;
        size_t key_bytes;
        const EVP_CIPHER *(*get)(void);
    } ciphers[] = {
#define XX(name, bytes, get) {MF_CIPHER_##name, (bytes), (get)},
        CIPHER_MAP(XX)
#undef XX
    };

    for (size_t i = 0; i < MF_COUNT_OF(ciphers); i++) {
        if (ciphers[i].cipher == cipher && ciphers[i].key_bytes == key_bytes) {
            return ciphers[i].get();
        }
    }
    return NULL;
}

static bool is_aead(enum mf_cipher cipher)
{
    return cipher == MF_CIPHER_AES_GCM || cipher == MF_CIPHER_AES_OCB ||
           cipher == MF_CIPHER_CHACHA20_POLY1305;
}

/* |out| NULL: data that is authenticated only. Writes no more than the data and a block. */
static int
add(EVP_CIPHER_CTX *context, struct mf_slice data, const struct mf_crypto_stop *stop, struct mf_buf *out)
{
    for (size_t at = 0; at < data.size;) {
        size_t size = data.size - at < MF_CRYPTO_SLICE_BYTES ? data.size - at : MF_CRYPTO_SLICE_BYTES;
        int written = 0;
        uint8_t *to = out != NULL ? out->data + out->size : NULL;
        if (EVP_CipherUpdate(context, to, &written, data.data + at, (int)size) != 1) {
            return MF_E_CRYPTO;
        }
        if (out != NULL) {
            out->size += (size_t)written;
        }
        at += size;
        if (at < data.size && is_stopped(stop)) {
            return MF_E_CANCELED;
        }
    }
    return 0;
}

/* Sizes of initialization vector and tag must be known before the key. */
static int begin(EVP_CIPHER_CTX *context, const struct mf_cipher_call *call, const EVP_CIPHER *cipher)
{
    int is_encrypt = call->is_encrypt ? 1 : 0;

    if (call->cipher == MF_CIPHER_AES_KW) {
        EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    }
    if (EVP_CipherInit_ex(context, cipher, NULL, NULL, NULL, is_encrypt) != 1) {
        return MF_E_CRYPTO;
    }
    if (is_aead(call->cipher)) {
        if (call->iv.size == 0 || call->iv.size > INT32_MAX ||
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, (int)call->iv.size, NULL) != 1) {
            return MF_E_CRYPTO;
        }
        if (call->cipher == MF_CIPHER_AES_OCB &&
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)call->tag_bytes, NULL) != 1) {
            return MF_E_CRYPTO;
        }
    } else if (call->iv.size != (call->cipher == MF_CIPHER_AES_KW ? 0 : 16)) {
        return MF_E_INVALID;
    }
    const uint8_t *iv = call->iv.size > 0 ? call->iv.data : NULL;
    return EVP_CipherInit_ex(context, NULL, NULL, call->key.data, iv, is_encrypt) == 1 ? 0 : MF_E_CRYPTO;
}

/* Everything but the end of an authenticated message. */
static int finish(EVP_CIPHER_CTX *context, struct mf_buf *out)
{
    int written = 0;

    if (EVP_CipherFinal_ex(context, out->data + out->size, &written) != 1) {
        return MF_E_CRYPTO;
    }
    out->size += (size_t)written;
    return 0;
}

static int run_aead(EVP_CIPHER_CTX *context,
                    const struct mf_cipher_call *call,
                    struct mf_slice data,
                    const struct mf_crypto_stop *stop,
                    struct mf_buf *out)
{
    uint8_t tag[16];

    if (!call->is_encrypt) {
        if (data.size < call->tag_bytes) {
            return MF_E_CRYPTO;
        }
        data.size -= call->tag_bytes;
        memcpy(tag, data.data + data.size, call->tag_bytes);
        if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)call->tag_bytes, tag) != 1) {
            return MF_E_CRYPTO;
        }
    }
    int error = add(context, call->additional, stop, NULL);
    if (error == 0) {
        error = add(context, data, stop, out);
    }
    if (error == 0) {
        error = finish(context, out);
    }
    if (error == 0 && call->is_encrypt) {
        if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, (int)call->tag_bytes, tag) != 1) {
            return MF_E_CRYPTO;
        }
        error = mf_buf_append(out, tag, call->tag_bytes);
    }
    return error;
}

static int run_whole(EVP_CIPHER_CTX *context,
                     const struct mf_cipher_call *call,
                     struct mf_slice data,
                     const struct mf_crypto_stop *stop,
                     struct mf_buf *out)
{
    if (is_aead(call->cipher)) {
        return run_aead(context, call, data, stop, out);
    }
    int error = add(context, data, stop, out);
    return error == 0 ? finish(context, out) : error;
}

/* One pass with a context of its own. */
static int pass(const struct mf_cipher_call *call,
                const EVP_CIPHER *cipher,
                struct mf_slice data,
                const struct mf_crypto_stop *stop,
                struct mf_buf *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int error = context != NULL ? begin(context, call, cipher) : MF_E_NO_MEMORY;

    if (error == 0) {
        error = run_whole(context, call, data, stop, out);
    }
    EVP_CIPHER_CTX_free(context);
    return error;
}

/* ---- the counter of AES-CTR ----------------------------------------------------------------- */

__extension__ typedef unsigned __int128 counter;

/* Only the last |counter_bits| of the block count; OpenSSL would carry into the bits before them. So what comes after the
 * counter's last value is done in a second pass, whose counter begins at 0. */
static int run_ctr(const struct mf_cipher_call *call,
                   const EVP_CIPHER *cipher,
                   struct mf_slice data,
                   const struct mf_crypto_stop *stop,
                   struct mf_buf *out)
{
    uint8_t iv[16];
    counter value = 0;

    if (call->iv.size != 16 || call->counter_bits == 0 || call->counter_bits > 128) {
        return MF_E_INVALID;
    }
    counter last = ~(counter)0 >> (128 - call->counter_bits);
    counter blocks = (counter)data.size / 16 + (data.size % 16 != 0);
    if (blocks > 0 && blocks - 1 > last) {
        return MF_E_CRYPTO; /* A block would be met twice. */
    }
    for (size_t i = 0; i < 16; i++) {
        value = value << 8 | call->iv.data[i];
    }
    counter first_blocks = last - (value & last); /* And one more. */
    if (blocks == 0 || blocks - 1 <= first_blocks) {
        return pass(call, cipher, data, stop, out);
    }
    size_t first_bytes = ((size_t)first_blocks + 1) * 16; /* Less than the data has. */
    int error = pass(call, cipher, mf_slice_of(data.data, first_bytes), stop, out);
    if (error < 0) {
        return error;
    }
    value &= ~last;
    for (size_t i = 16; i-- > 0; value >>= 8) {
        iv[i] = (uint8_t)value;
    }
    struct mf_cipher_call second = *call;
    second.iv = mf_slice_of(iv, sizeof(iv));
    return pass(&second, cipher, mf_slice_of(data.data + first_bytes, data.size - first_bytes), stop, out);
}

/* ---- the door ------------------------------------------------------------------------------- */

/* Wrapping goes over the whole message six times and cannot be cut. */
static int check_wrap(const struct mf_cipher_call *call, struct mf_slice data)
{
    size_t least = call->is_encrypt ? 16 : 24;

    return data.size < least || data.size % 8 != 0 || data.size > MF_CRYPTO_WRAP_BYTES_MAX ? MF_E_CRYPTO : 0;
}

int mf_cipher_run(const struct mf_cipher_call *call,
                  struct mf_slice data,
                  const struct mf_crypto_stop *stop,
                  struct mf_buf *out)
{
    const EVP_CIPHER *cipher = find(call->cipher, call->key.size);
    size_t before = out->size;
    int error;

    if (cipher == NULL || (is_aead(call->cipher) && (call->tag_bytes == 0 || call->tag_bytes > 16))) {
        return MF_E_INVALID;
    }
    error = call->cipher == MF_CIPHER_AES_KW ? check_wrap(call, data) : 0;
    if (error == 0) {
        error = mf_buf_reserve(out, data.size + MF_CIPHER_MORE_BYTES_MAX);
    }
    if (error < 0) {
        return error;
    }
    if (call->cipher == MF_CIPHER_AES_CTR) {
        error = run_ctr(call, cipher, data, stop, out);
    } else {
        error = pass(call, cipher, data, stop, out);
    }
    if (error < 0) {
        mf_wipe(out->data + before, out->size - before); /* What was not authentic is nobody's to see. */
        out->size = before;
        return crypto_fail(error);
    }
    return 0;
}
