/* webhook.c - see webhook.h. */
#include "webhook.h"

#include <stdio.h>

#include <openssl/evp.h>

#include <mayfly/post.h>
#include <mayfly/vault.h>

#define PREFIX "whsec_"
#define MAC_BYTES 32

struct key {
    uint8_t bytes[MF_USAGE_PUSH_SECRET_BYTES_MAX];
    size_t size;
};

struct mf__webhook_keys {
    struct key keys[MF_USAGE_PUSH_SECRETS_MAX];
    size_t count;
};

/* The sentence, or NULL when it is fine. */
static const char *take_line(struct mf__webhook_keys *keys, struct mf_slice line)
{
    static const char shape[] = "a line is whsec_ and 24 to 64 bytes in base64";
    struct mf_buf bytes;
    const char *why = NULL;

    if (line.size > 0 && line.data[line.size - 1] == '\r') {
        line.size--;
    }
    line = mf_slice_trim(line);
    if (line.size == 0) {
        return NULL;
    }
    if (keys->count == MF_USAGE_PUSH_SECRETS_MAX) {
        return "it has more than two keys";
    }
    if (!mf_slice_starts_with(line, PREFIX)) {
        return shape;
    }
    mf_buf_init(&bytes, MF_USAGE_PUSH_FILE_BYTES_MAX);
    if (mf_buf_reserve(&bytes, MF_USAGE_PUSH_FILE_BYTES_MAX) <
        0) { /* In one piece: nothing is left behind. */
        return "there is no memory for it";
    }
    line = mf_slice_of(line.data + strlen(PREFIX), line.size - strlen(PREFIX));
    if (mf_buf_append_base64_decoded(&bytes, line) < 0 || bytes.size < MF_USAGE_PUSH_SECRET_BYTES_MIN ||
        bytes.size > MF_USAGE_PUSH_SECRET_BYTES_MAX) {
        why = shape;
    } else {
        struct key *key = &keys->keys[keys->count++];
        memcpy(key->bytes, bytes.data, bytes.size);
        key->size = bytes.size;
    }
    mf_wipe(bytes.data, bytes.capacity);
    mf_buf_done(&bytes);
    return why;
}

static const char *take_lines(struct mf__webhook_keys *keys, struct mf_slice text)
{
    const char *why = NULL;

    for (size_t begin = 0; why == NULL && begin < text.size;) {
        size_t end = begin;
        while (end < text.size && text.data[end] != '\n') {
            end++;
        }
        why = take_line(keys, mf_slice_of(text.data + begin, end - begin));
        begin = end + 1;
    }
    return why == NULL && keys->count == 0 ? "it has no key" : why;
}

int mf__webhook_keys_read(const char *path,
                          const char *field,
                          MF_OWN struct mf__webhook_keys **ret_keys,
                          char *ret_why)
{
    char text[MF_USAGE_PUSH_FILE_BYTES_MAX + 1];
    struct mf__webhook_keys *keys = mf_vault_memory_new(sizeof *keys);
    ssize_t size = mf_post_read_secret(path, field, MF_USAGE_PUSH_FILE_BYTES_MAX, text, ret_why);
    const char *why = keys == NULL ? "there is no memory for it"
                      : size < 0   ? NULL
                                   : take_lines(keys, mf_slice_of(text, (size_t)size));

    mf_wipe(text, sizeof text);
    if (why != NULL) {
        (void)snprintf(ret_why, MF_POST_WHY_BYTES_MAX, "%s: %.300s: %s", field, path, why);
    }
    if (size < 0 || why != NULL) {
        mf__webhook_keys_free(keys);
        return MF_E_CONFIG;
    }
    *ret_keys = keys;
    return 0;
}

void mf__webhook_keys_free(MF_OWN struct mf__webhook_keys *keys)
{
    mf_vault_memory_free(keys, sizeof *keys);
}

static bool mac(const struct key *key, struct mf_slice head, struct mf_slice body, uint8_t ret_mac[MAC_BYTES])
{
    OSSL_PARAM params[2] = {OSSL_PARAM_construct_utf8_string("digest", (char[]){"SHA256"}, 0),
                            OSSL_PARAM_construct_end()};
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = algorithm == NULL ? NULL : EVP_MAC_CTX_new(algorithm);
    size_t size = 0;
    bool is_good = context != NULL && EVP_MAC_init(context, key->bytes, key->size, params) == 1 &&
                   EVP_MAC_update(context, head.data, head.size) == 1 &&
                   EVP_MAC_update(context, body.data, body.size) == 1 &&
                   EVP_MAC_final(context, ret_mac, &size, MAC_BYTES) == 1 && size == MAC_BYTES;

    EVP_MAC_CTX_free(context);
    EVP_MAC_free(algorithm);
    return is_good;
}

int mf__webhook_sign(const struct mf__webhook_keys *keys,
                     const char *id,
                     uint64_t unix_s,
                     struct mf_slice body,
                     struct mf_buf *out)
{
    uint8_t sum[MAC_BYTES];
    char head[128];
    int size = snprintf(head, sizeof head, "%s.%llu.", id, (unsigned long long)unix_s);
    int rc = 0;

    MF_ASSERT(size > 0 && (size_t)size < sizeof head); /* Ids are ours. */
    for (size_t i = 0; rc == 0 && i < keys->count; i++) {
        rc = mac(&keys->keys[i], mf_slice_of(head, (size_t)size), body, sum) ? 0 : MF_E_NO_MEMORY;
        rc = rc < 0 ? rc : mf_buf_append_cstr(out, i > 0 ? " v1," : "v1,");
        rc = rc < 0 ? rc : mf_buf_append_base64(out, mf_slice_of(sum, sizeof sum));
    }
    return rc;
}
