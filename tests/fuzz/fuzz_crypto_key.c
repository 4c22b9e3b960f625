/* Hostile keys: as files, as parts, as states of a digest. What is taken for a key is whole: it is written and read again as
 * the same, and everything that keys do can be done with it.
 *
 * First byte: which kind of key and which form; the rest is the key. */
#include <mayfly/crypto.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PARTS_PUBLIC = MF_KEY_FORMAT_COUNT, PARTS_PRIVATE, STATE, FORMS };

static void use(const struct mf_key *key)
{
    struct mf_slice text = mf_slice_of("text", 4);
    struct mf_buf out;
    bool is_valid = false;

    mf_buf_init(&out, MF_CRYPTO_KEY_BYTES_MAX);
    for (unsigned scheme = 0; scheme < MF_SCHEME_COUNT; scheme++) {
        struct mf_sign_call call = {(enum mf_scheme)scheme, MF_DIGEST_SHA256, 8};
        mf_buf_reset(&out);
        if (key->is_private && mf_sign(&call, key, text, NULL, &out) == 0) {
            MF_ASSERT(mf_verify(&call, key, mf_buf_peek(&out), text, NULL, &is_valid) == 0);
        }
        mf_ignore(mf_verify(&call, key, text, text, NULL, &is_valid)); /* Of another kind: refused. */
    }
    mf_buf_reset(&out);
    mf_ignore(mf_rsa_oaep(!key->is_private, MF_DIGEST_SHA1, key, text, text, &out));
    mf_buf_reset(&out);
    mf_ignore(mf_agree(key, key, &out)); /* With itself; a point of small order has no secret. */
    mf_buf_done(&out);
}

/* |bytes| were called a key. */
static void check_whole(enum mf_key_kind kind, bool is_private, struct mf_slice bytes)
{
    struct mf_buf form, again;
    struct mf_key key;

    mf_buf_init(&form, MF_CRYPTO_KEY_BYTES_MAX);
    mf_buf_init(&again, MF_CRYPTO_KEY_BYTES_MAX);
    MF_ASSERT(mf_key_unpack(kind, is_private, bytes, &key) == 0);
    enum mf_key_format format = is_private ? MF_KEY_FORMAT_PKCS8 : MF_KEY_FORMAT_SPKI;
    MF_ASSERT(mf_key_write(&key, format, &form) == 0);
    MF_ASSERT(mf_key_read(kind, format, mf_buf_peek(&form), &again) == 0);
    MF_ASSERT(mf_slice_equal(mf_buf_peek(&again), bytes));
    use(&key);
    mf_buf_done(&form);
    mf_buf_done(&again);
}

static void try_state(unsigned kind, struct mf_slice state)
{
    enum mf_digest digest = (enum mf_digest)(kind % MF_DIGEST_COUNT);
    uint8_t next[MF_DIGEST_STATE_BYTES_MAX];
    uint8_t bytes[MF_DIGEST_BYTES_MAX];
    size_t next_size = 0;

    if (mf_digest_update(digest, state, mf_slice_of("more", 4), NULL, next, &next_size) == 0) {
        MF_ASSERT(next_size <= sizeof(next));
        MF_ASSERT(mf_digest_final(digest, mf_slice_of(next, next_size), bytes) == 0);
    }
    mf_ignore(mf_digest_final(digest, state, bytes)); /* Most are no state. */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_ready;
    struct mf_buf out;
    int error;

    if (!is_ready) {
        MF_ASSERT(mf_crypto_init() == 0);
        is_ready = true;
    }
    if (size == 0) {
        return 0;
    }
    enum mf_key_kind kind = (enum mf_key_kind)(data[0] % MF_KEY_COUNT);
    unsigned form = data[0] / MF_KEY_COUNT % FORMS;
    struct mf_slice bytes = mf_slice_of(data + 1, size - 1);
    if (form == STATE) {
        try_state(data[0] % MF_KEY_COUNT, bytes);
        return 0;
    }
    bool is_private = form == MF_KEY_FORMAT_PKCS8 || form == PARTS_PRIVATE;
    mf_buf_init(&out, MF_CRYPTO_KEY_BYTES_MAX);
    if (form < MF_KEY_FORMAT_COUNT) {
        error = mf_key_read(kind, (enum mf_key_format)form, bytes, &out);
    } else {
        error = mf_key_check(kind, is_private, bytes, &out);
    }
    MF_ASSERT(error == 0 || error == MF_E_INVALID || error == MF_E_TOO_LARGE);
    if (error == 0) {
        check_whole(kind, is_private, mf_buf_peek(&out));
    }
    mf_buf_done(&out);
    return 0;
}
