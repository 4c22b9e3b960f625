/* A hostile request, signed: whatever the worker put into its method, path, query, headers and body, the signature is made or
 * refused, and it adds headers that can be sent. The input is those parts, each ended by a 0xff byte. */
#include <mayfly/http.h>

#include "internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    enum mf_secret_kind kind;
    struct {
        enum vault_field field;
        const char *text;
    } fields[8];
} secrets[] = {
    {MF_SECRET_AWS,
     {{FIELD_ACCESS_KEY_ID, "AKID"},
      {FIELD_SECRET_ACCESS_KEY, "key"},
      {FIELD_REGION, "r"},
      {FIELD_SERVICE, "s3"},
      {FIELD_SESSION_TOKEN, "token"}}},
    {MF_SECRET_AWS,
     {{FIELD_ACCESS_KEY_ID, "AKID"},
      {FIELD_SECRET_ACCESS_KEY, "key"},
      {FIELD_REGION, "r"},
      {FIELD_SERVICE, "sqs"}}},
    {MF_SECRET_HMAC,
     {{FIELD_KEY, "key"},
      {FIELD_NAME, "x-mac"},
      {FIELD_HEADER_VALUE, "t={timestamp},v={signature}"},
      {FIELD_TEMPLATE,
       "{method}{scheme}{host}{path}{query}{target}{timestamp}{timestampMs}{bodySha256}{body}"}}},
};

static struct mf_secret *make(size_t index)
{
    struct mf_secret *secret = NULL;
    int rc = mf__record_new(secrets[index].kind, &secret);
    MF_ASSERT(rc == 0);
    rc = mf__record_add(secret, FIELD_HOST, mf_slice_of_cstr("a.com"));
    for (size_t i = 0; rc == 0 && secrets[index].fields[i].text != NULL; i++) {
        rc = mf__record_add(secret, secrets[index].fields[i].field,
                            mf_slice_of_cstr(secrets[index].fields[i].text));
    }
    MF_ASSERT(rc == 0);
    rc = mf__record_index(secret);
    MF_ASSERT(rc == 0);
    return secret;
}

static struct mf_slice next_part(struct mf_slice *rest)
{
    const uint8_t *end = rest->size == 0 ? NULL : memchr(rest->data, 0xff, rest->size);
    size_t size = end == NULL ? rest->size : (size_t)(end - rest->data);
    struct mf_slice part = mf_slice_of(rest->data, size);
    size_t used = end == NULL ? size : size + 1;
    *rest = mf_slice_of(rest->data + used, rest->size - used);
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_slice rest = mf_slice_of(data, size);
    struct mf_secret_request request = {
        .target = {mf_slice_of_cstr("https"), mf_slice_of_cstr("a.com"), 443, true},
        .unix_ms = 1700000000000};

    request.method = next_part(&rest);
    request.path = next_part(&rest);
    request.query = next_part(&rest);
    request.headers = next_part(&rest);
    request.has_body = rest.size > 0;
    request.body = rest;
    bool has_placeholder = mf_vault_has_placeholder(mf_slice_of(data, size));
    MF_ASSERT(has_placeholder || memmem(data, size, "{{secret:", 9) == NULL);
    for (size_t i = 0; i < MF_COUNT_OF(secrets); i++) {
        struct mf_secret *secret = make(i);
        struct mf_secret_applied applied;
        struct mf_http_header header;
        size_t cursor = 0;
        int rc = mf_secret_apply(secret, &request, &applied);
        MF_ASSERT(rc == 0 || rc == MF_E_SECRET_UNSIGNABLE);
        if (rc == 0) {
            while ((rc = mf_http_headers_next(applied.headers, &cursor, &header)) > 0) {
            }
            MF_ASSERT(rc == 0 && cursor > 0);
            mf_secret_applied_done(&applied);
        }
        mf_secret_unref(secret);
    }
    return 0;
}
