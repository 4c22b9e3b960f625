/* seal.c - AES-256-GCM over one record.
 *
 *     1 byte    the format, 1
 *     12 bytes  nonce, random for every sealing (NIST SP 800-38D section 8.2.2: up to 2^32 under one key)
 *     the encrypted record
 *     16 bytes  tag
 *
 * Bound to it as additional data: the format, and tenant, name, kind, key id and version, each with its size in front. */
#include <openssl/evp.h>

#include "internal.h"

#define FORMAT 1
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define AROUND_BYTES (1 + NONCE_BYTES + TAG_BYTES)
#define LABEL_BYTES_MAX 512

static int append_part(struct mf_buf *out, struct mf_slice part)
{
    uint8_t size[2] = {(uint8_t)(part.size >> 8), (uint8_t)part.size};
    int rc = mf_buf_append(out, size, sizeof size);

    return rc < 0 ? rc : mf_buf_append_slice(out, part);
}

static int write_label(struct mf_buf *out, const struct vault_key *key, const struct vault_label *label)
{
    uint8_t version[8];
    uint8_t format = FORMAT;
    int rc = mf_buf_append(out, &format, 1);

    for (unsigned i = 0; i < 8; i++) {
        version[i] = (uint8_t)(label->version >> (56 - 8 * i));
    }
    if (rc == 0) {
        rc = append_part(out, label->tenant);
    }
    if (rc == 0) {
        rc = append_part(out, label->name);
    }
    if (rc == 0) {
        rc = append_part(out, label->kind);
    }
    if (rc == 0) {
        rc = append_part(out, mf_slice_of_cstr(key->id));
    }
    return rc < 0 ? rc : mf_buf_append(out, version, sizeof version);
}

/* |out| has room for |plain|; sizes fit an int, as records are small. */
static bool encrypt(const struct vault_key *key,
                    const uint8_t *nonce,
                    struct mf_slice label,
                    struct mf_slice plain,
                    uint8_t *out,
                    uint8_t *tag)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int size = 0;
    bool is_done = context != NULL &&
                   EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key->bytes, nonce) == 1 &&
                   EVP_EncryptUpdate(context, NULL, &size, label.data, (int)label.size) == 1 &&
                   EVP_EncryptUpdate(context, out, &size, plain.data, (int)plain.size) == 1 &&
                   EVP_EncryptFinal_ex(context, out + size, &size) == 1 &&
                   EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, tag) == 1;

    EVP_CIPHER_CTX_free(context);
    return is_done;
}

static bool decrypt(const struct vault_key *key,
                    const uint8_t *nonce,
                    struct mf_slice label,
                    struct mf_slice sealed,
                    const uint8_t *tag,
                    uint8_t *out)
{
    uint8_t expected[TAG_BYTES];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int size = 0;

    memcpy(expected, tag, sizeof expected); /* The call takes no const. */
    bool is_good = context != NULL &&
                   EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key->bytes, nonce) == 1 &&
                   EVP_DecryptUpdate(context, NULL, &size, label.data, (int)label.size) == 1 &&
                   EVP_DecryptUpdate(context, out, &size, sealed.data, (int)sealed.size) == 1 &&
                   EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, expected) == 1 &&
                   EVP_DecryptFinal_ex(context, out + size, &size) == 1;

    EVP_CIPHER_CTX_free(context);
    return is_good;
}

int mf__seal(const struct vault_key *key,
             const struct vault_label *label,
             struct mf_slice plain,
             struct mf_buf *out)
{
    struct mf_buf bound;
    uint8_t *at;
    int rc;

    MF_ASSERT(plain.size <= MF_SECRET_RECORD_BYTES_MAX);
    mf_buf_init(&bound, LABEL_BYTES_MAX);
    rc = write_label(&bound, key, label);
    if (rc == 0) {
        rc = mf_buf_reserve(out, plain.size + AROUND_BYTES);
    }
    if (rc == 0) {
        at = out->data + out->size;
        at[0] = FORMAT;
        mf_random_bytes(at + 1, NONCE_BYTES);
        uint8_t *body = at + 1 + NONCE_BYTES;
        bool is_sealed = encrypt(key, at + 1, mf_buf_peek(&bound), plain, body, body + plain.size);
        out->size += is_sealed ? plain.size + AROUND_BYTES : 0;
        rc = is_sealed ? 0 : MF_E_NO_MEMORY;
    }
    mf_buf_done(&bound);
    return rc;
}

int mf__unseal(const struct vault_key *key,
               const struct vault_label *label,
               struct mf_slice sealed,
               MF_OWN uint8_t **ret_plain,
               size_t *ret_size)
{
    struct mf_buf bound;
    uint8_t *plain;
    size_t size;
    int rc;

    if (sealed.size < AROUND_BYTES || sealed.data[0] != FORMAT ||
        sealed.size - AROUND_BYTES > MF_SECRET_RECORD_BYTES_MAX) {
        return MF_E_VAULT_RECORD;
    }
    size = sealed.size - AROUND_BYTES;
    plain = mf_vault_memory_new(size);
    if (plain == NULL) {
        return MF_E_NO_MEMORY;
    }
    mf_buf_init(&bound, LABEL_BYTES_MAX);
    rc = write_label(&bound, key, label) < 0 ? MF_E_VAULT_RECORD : 0;
    const uint8_t *body = sealed.data + 1 + NONCE_BYTES;
    if (rc == 0 &&
        !decrypt(key, sealed.data + 1, mf_buf_peek(&bound), mf_slice_of(body, size), body + size, plain)) {
        rc = MF_E_VAULT_RECORD;
    }
    mf_buf_done(&bound);
    if (rc < 0) {
        mf_vault_memory_free(plain, size);
        return rc;
    }
    *ret_plain = plain;
    *ret_size = size;
    return 0;
}

void mf__sha256(struct mf_slice bytes, uint8_t ret_digest[32])
{
    unsigned size = 0;
    int rc = EVP_Digest(bytes.size == 0 ? "" : (const char *)bytes.data, bytes.size, ret_digest, &size,
                        EVP_sha256(), NULL);

    MF_ASSERT(rc == 1 && size == 32); /* Fails only without memory. */
}
