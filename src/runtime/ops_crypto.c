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
