/* Ops of crypto.subtle: arguments in, one call of the crypto room, bytes out. A number instead of bytes is the error that the
 * room gave. Nothing is kept between two calls. */
#include <mayfly/crypto.h>

#include "ops.h"

static bool is_ending(void *data)
{
    return mf_op_is_ending(data);
}

static struct mf_crypto_stop stop_of(struct mf_op_call *call)
{
    struct mf_crypto_stop stop = {is_ending, call};
    return stop;
}

static void return_result(struct mf_op_call *call, int error, struct mf_slice bytes)
{
    if (error < 0) {
        mf_op_return(call, mf_value_number(error));
    } else {
        mf_op_return(call, mf_value_of(MF_VALUE_BYTES, bytes));
    }
}

/* Returns what |out| has, and frees it. */
static void return_buf(struct mf_op_call *call, int error, struct mf_buf *out)
{
    return_result(call, error, mf_buf_peek(out));
    if (out->size > 0) {
        mf_wipe(out->data, out->size);
    }
    mf_buf_done(out);
}

/* One of the numbers that the runtime's JavaScript has as constants. */
static int arg_enum(struct mf_op_call *call, size_t index, uint32_t count, uint32_t *ret_value)
{
    int error = mf_op_arg_u32(call, index, ret_value);
    if (error == 0 && *ret_value >= count) {
        mf_op_throw(call, MF_OP_RANGE_ERROR, "crypto: there is no such algorithm");
        return MF_E_INVALID;
    }
    return error;
}

static int arg_digest(struct mf_op_call *call, size_t index, enum mf_digest *ret_digest)
{
    uint32_t number = 0;
    int error = arg_enum(call, index, MF_DIGEST_COUNT, &number);
    *ret_digest = (enum mf_digest)number;
    return error;
}

void op_crypto_equal(struct mf_op_call *call)
{
    struct mf_slice a;
    struct mf_slice b;
    if (mf_op_arg_bytes(call, 0, &a) < 0 || mf_op_arg_bytes(call, 1, &b) < 0) {
        return;
    }
    mf_op_return(call, mf_value_bool(mf_crypto_equal(a, b)));
}

/* ---- digests and MACs ----------------------------------------------------------------------- */

/* (digest, data) */
void op_crypto_digest(struct mf_op_call *call)
{
    struct mf_crypto_stop stop = stop_of(call);
    uint8_t bytes[MF_DIGEST_BYTES_MAX];
    enum mf_digest digest;
    struct mf_slice data;
    if (arg_digest(call, 0, &digest) < 0 || mf_op_arg_bytes(call, 1, &data) < 0) {
        return;
    }
    int error = mf_digest_of(digest, data, &stop, bytes);
    return_result(call, error, mf_slice_of(bytes, mf_digest_bytes(digest)));
}

/* (digest, state, data): the new state. */
void op_crypto_digest_update(struct mf_op_call *call)
{
    struct mf_crypto_stop stop = stop_of(call);
    uint8_t bytes[MF_DIGEST_STATE_BYTES_MAX];
    size_t size = 0;
    enum mf_digest digest;
    struct mf_slice state;
    struct mf_slice data;
    if (arg_digest(call, 0, &digest) < 0 || mf_op_arg_bytes(call, 1, &state) < 0 ||
        mf_op_arg_bytes(call, 2, &data) < 0) {
        return;
    }
    int error = mf_digest_update(digest, state, data, &stop, bytes, &size);
    return_result(call, error, mf_slice_of(bytes, size));
}

/* (digest, state) */
void op_crypto_digest_final(struct mf_op_call *call)
{
    uint8_t bytes[MF_DIGEST_BYTES_MAX];
    enum mf_digest digest;
    struct mf_slice state;
    if (arg_digest(call, 0, &digest) < 0 || mf_op_arg_bytes(call, 1, &state) < 0) {
        return;
    }
    int error = mf_digest_final(digest, state, bytes);
    return_result(call, error, mf_slice_of(bytes, mf_digest_bytes(digest)));
}

/* (digest, key, data) */
void op_crypto_hmac(struct mf_op_call *call)
{
    struct mf_crypto_stop stop = stop_of(call);
    uint8_t bytes[MF_DIGEST_BYTES_MAX];
    enum mf_digest digest;
    struct mf_slice key;
    struct mf_slice data;
    if (arg_digest(call, 0, &digest) < 0 || mf_op_arg_bytes(call, 1, &key) < 0 ||
        mf_op_arg_bytes(call, 2, &data) < 0) {
        return;
    }
    int error = mf_hmac(digest, key, data, &stop, bytes);
    return_result(call, error, mf_slice_of(bytes, mf_digest_bytes(digest)));
}

/* ---- derivation ----------------------------------------------------------------------------- */

/* (digest, key, salt, info, size) */
void op_crypto_hkdf(struct mf_op_call *call)
{
    struct mf_crypto_stop stop = stop_of(call);
    enum mf_digest digest;
    struct mf_slice key;
    struct mf_slice salt;
    struct mf_slice info;
    uint32_t size;
    struct mf_buf out;
    if (arg_digest(call, 0, &digest) < 0 || mf_op_arg_bytes(call, 1, &key) < 0 ||
        mf_op_arg_bytes(call, 2, &salt) < 0 || mf_op_arg_bytes(call, 3, &info) < 0 ||
        mf_op_arg_u32(call, 4, &size) < 0) {
        return;
    }
    mf_buf_init(&out, size);
    return_buf(call, mf_hkdf(digest, key, salt, info, size, &stop, &out), &out);
}

/* (digest, password, salt, iterations, size) */
void op_crypto_pbkdf2(struct mf_op_call *call)
{
    struct mf_crypto_stop stop = stop_of(call);
    enum mf_digest digest;
    struct mf_slice password;
    struct mf_slice salt;
    uint32_t iterations;
    uint32_t size;
    struct mf_buf out;
    if (arg_digest(call, 0, &digest) < 0 || mf_op_arg_bytes(call, 1, &password) < 0 ||
        mf_op_arg_bytes(call, 2, &salt) < 0 || mf_op_arg_u32(call, 3, &iterations) < 0 ||
        mf_op_arg_u32(call, 4, &size) < 0) {
        return;
    }
    mf_buf_init(&out, size);
    return_buf(call, mf_pbkdf2(digest, password, salt, iterations, size, &stop, &out), &out);
}

/* ---- ciphers -------------------------------------------------------------------------------- */

/* (cipher, is encrypt, key, iv, additional data, bytes of the tag, bits of the counter, data) */
void op_crypto_cipher(struct mf_op_call *call)
{
    struct mf_crypto_stop stop = stop_of(call);
    struct mf_cipher_call cipher;
    uint32_t number;
    struct mf_slice data;
    struct mf_buf out;
    memset(&cipher, 0, sizeof(cipher));
    if (arg_enum(call, 0, MF_CIPHER_COUNT, &number) < 0 || mf_op_arg_bool(call, 1, &cipher.is_encrypt) < 0 ||
        mf_op_arg_bytes(call, 2, &cipher.key) < 0 || mf_op_arg_bytes(call, 3, &cipher.iv) < 0 ||
        mf_op_arg_bytes(call, 4, &cipher.additional) < 0 || mf_op_arg_u32(call, 5, &cipher.tag_bytes) < 0 ||
        mf_op_arg_u32(call, 6, &cipher.counter_bits) < 0 || mf_op_arg_bytes(call, 7, &data) < 0) {
        return;
    }
    cipher.cipher = (enum mf_cipher)number;
    mf_buf_init(&out, data.size + MF_CIPHER_MORE_BYTES_MAX);
    return_buf(call, mf_cipher_run(&cipher, data, &stop, &out), &out);
}

/* ---- keys ----------------------------------------------------------------------------------- */

static int arg_kind(struct mf_op_call *call, size_t index, enum mf_key_kind *ret_kind)
{
    uint32_t number = 0;
    int error = arg_enum(call, index, MF_KEY_COUNT, &number);
    *ret_kind = (enum mf_key_kind)number;
    return error;
}

/* Three arguments from |index| on: kind, is private, the key's bytes. What is no key there is a bug of our JavaScript's. */
static int arg_key(struct mf_op_call *call, size_t index, struct mf_key *ret_key)
{
    enum mf_key_kind kind;
    bool is_private;
    struct mf_slice bytes;
    if (arg_kind(call, index, &kind) < 0 || mf_op_arg_bool(call, index + 1, &is_private) < 0 ||
        mf_op_arg_bytes(call, index + 2, &bytes) < 0) {
        return MF_E_INVALID;
    }
    int error = mf_key_unpack(kind, is_private, bytes, ret_key);
    if (error < 0) {
        mf_op_throw(call, MF_OP_TYPE_ERROR, "crypto: these bytes are no key");
    }
    return error;
}

/* (kind, is private, bytes): the bytes of a key that was checked. */
void op_crypto_key_check(struct mf_op_call *call)
{
    enum mf_key_kind kind;
    bool is_private;
    struct mf_slice bytes;
    struct mf_buf out;
    if (arg_kind(call, 0, &kind) < 0 || mf_op_arg_bool(call, 1, &is_private) < 0 ||
        mf_op_arg_bytes(call, 2, &bytes) < 0) {
        return;
    }
    mf_buf_init(&out, MF_CRYPTO_KEY_BYTES_MAX);
    return_buf(call, mf_key_check(kind, is_private, bytes, &out), &out);
}

/* (kind, format, data): the bytes of the key. */
void op_crypto_key_read(struct mf_op_call *call)
{
    enum mf_key_kind kind;
    uint32_t format;
    struct mf_slice data;
    struct mf_buf out;
    if (arg_kind(call, 0, &kind) < 0 || arg_enum(call, 1, MF_KEY_FORMAT_COUNT, &format) < 0 ||
        mf_op_arg_bytes(call, 2, &data) < 0) {
        return;
    }
    mf_buf_init(&out, MF_CRYPTO_KEY_BYTES_MAX);
    return_buf(call, mf_key_read(kind, (enum mf_key_format)format, data, &out), &out);
}

/* (kind, is private, bytes, format): the key in that form. */
void op_crypto_key_write(struct mf_op_call *call)
{
    struct mf_key key;
    uint32_t format;
    struct mf_buf out;
    if (arg_key(call, 0, &key) < 0 || arg_enum(call, 3, MF_KEY_FORMAT_COUNT, &format) < 0) {
        return;
    }
    mf_buf_init(&out, MF_CRYPTO_KEY_BYTES_MAX);
    return_buf(call, mf_key_write(&key, (enum mf_key_format)format, &out), &out);
}

/* (kind, bits, exponent): the bytes of a private key. */
void op_crypto_key_generate(struct mf_op_call *call)
{
    struct mf_crypto_stop stop = stop_of(call);
    enum mf_key_kind kind;
    uint32_t bits;
    struct mf_slice exponent;
    struct mf_buf out;
    if (arg_kind(call, 0, &kind) < 0 || mf_op_arg_u32(call, 1, &bits) < 0 ||
        mf_op_arg_bytes(call, 2, &exponent) < 0) {
        return;
    }
    mf_buf_init(&out, MF_CRYPTO_KEY_BYTES_MAX);
    return_buf(call, mf_key_generate(kind, bits, exponent, &stop, &out), &out);
}

/* ---- what keys do --------------------------------------------------------------------------- */

/* Three arguments from 0 on: scheme, digest, bytes of salt. */
static int arg_scheme(struct mf_op_call *call, struct mf_sign_call *ret_sign)
{
    uint32_t scheme;
    if (arg_enum(call, 0, MF_SCHEME_COUNT, &scheme) < 0 || arg_digest(call, 1, &ret_sign->digest) < 0 ||
        mf_op_arg_u32(call, 2, &ret_sign->salt_bytes) < 0) {
        return MF_E_INVALID;
    }
    ret_sign->scheme = (enum mf_scheme)scheme;
    return 0;
}

/* (scheme, digest, salt, kind, is private, key, data) */
void op_crypto_sign(struct mf_op_call *call)
{
    struct mf_crypto_stop stop = stop_of(call);
    struct mf_sign_call sign;
    struct mf_key key;
    struct mf_slice data;
    struct mf_buf out;
    if (arg_scheme(call, &sign) < 0 || arg_key(call, 3, &key) < 0 || mf_op_arg_bytes(call, 6, &data) < 0) {
        return;
    }
    mf_buf_init(&out, MF_CRYPTO_KEY_BYTES_MAX);
    return_buf(call, mf_sign(&sign, &key, data, &stop, &out), &out);
}

/* (scheme, digest, salt, kind, is private, key, signature, data): a boolean. */
void op_crypto_verify(struct mf_op_call *call)
{
    struct mf_crypto_stop stop = stop_of(call);
    struct mf_sign_call sign;
    struct mf_key key;
    struct mf_slice signature;
    struct mf_slice data;
    bool is_valid = false;
    if (arg_scheme(call, &sign) < 0 || arg_key(call, 3, &key) < 0 ||
        mf_op_arg_bytes(call, 6, &signature) < 0 || mf_op_arg_bytes(call, 7, &data) < 0) {
        return;
    }
    int error = mf_verify(&sign, &key, signature, data, &stop, &is_valid);
    mf_op_return(call, error < 0 ? mf_value_number(error) : mf_value_bool(is_valid));
}

/* (is encrypt, digest, kind, is private, key, label, data) */
void op_crypto_rsa_oaep(struct mf_op_call *call)
{
    bool is_encrypt;
    enum mf_digest digest;
    struct mf_key key;
    struct mf_slice label;
    struct mf_slice data;
    struct mf_buf out;
    if (mf_op_arg_bool(call, 0, &is_encrypt) < 0 || arg_digest(call, 1, &digest) < 0 ||
        arg_key(call, 2, &key) < 0 || mf_op_arg_bytes(call, 5, &label) < 0 ||
        mf_op_arg_bytes(call, 6, &data) < 0) {
        return;
    }
    mf_buf_init(&out, MF_CRYPTO_KEY_BYTES_MAX);
    return_buf(call, mf_rsa_oaep(is_encrypt, digest, &key, label, data, &out), &out);
}

/* (kind, is private, own key, kind, is private, the other's key) */
void op_crypto_agree(struct mf_op_call *call)
{
    struct mf_key own;
    struct mf_key peer;
    struct mf_buf out;
    if (arg_key(call, 0, &own) < 0 || arg_key(call, 3, &peer) < 0) {
        return;
    }
    mf_buf_init(&out, MF_CRYPTO_KEY_BYTES_MAX);
    return_buf(call, mf_agree(&own, &peer, &out), &out);
}
