/* A hostile stored record: what is taken lies inside it, can be read again, and can be used. */
#include <mayfly/http.h>

#include "internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(const struct mf_secret *secret, struct mf_slice bytes)
{
    MF_ASSERT(bytes.data == NULL || (bytes.data >= secret->record && bytes.size <= secret->record_size &&
                                     bytes.data + bytes.size <= secret->record + secret->record_size));
}

/* The first host, as a request would name it. */
static struct mf_secret_target target_of(const struct mf_secret *secret)
{
    struct mf_slice host = secret->hosts[0];
    struct mf_secret_target target = {mf_slice_of_cstr("https"), host, 443, true};
    if (memchr(host.data, ':', host.size) == NULL) {
        return target;
    }
    target.port = 8443;
    return target;
}

static void use(struct mf_secret *secret)
{
    struct mf_secret_applied applied;
    struct mf_http_header header;
    size_t cursor = 0;
    int rc;
    struct mf_secret_request request = {.target = target_of(secret),
                                        .method = mf_slice_of_cstr("POST"),
                                        .path = mf_slice_of_cstr("/a%20b"),
                                        .query = mf_slice_of_cstr("x=1&y"),
                                        .headers = mf_slice_of("x-a\0b", 6),
                                        .has_body = true,
                                        .body = mf_slice_of_cstr("body"),
                                        .unix_ms = 1700000000000,
                                        .access_token = mf_slice_of_cstr("token")};
    if (mf_secret_apply(secret, &request, &applied) < 0) {
        return;
    }
    /* What it adds is headers that can be sent, and nothing else. */
    while ((rc = mf_http_headers_next(applied.headers, &cursor, &header)) > 0) {
        MF_ASSERT(!mf__header_name_is_ours(header.name));
    }
    MF_ASSERT(rc == 0);
    for (size_t i = 0; i < applied.needles_count; i++) {
        MF_ASSERT(applied.needles[i].size > 0);
        MF_ASSERT(applied.needles[i].data >= (uint8_t *)applied.memory &&
                  applied.needles[i].data + applied.needles[i].size <=
                      (uint8_t *)applied.memory + applied.memory_size);
    }
    mf_secret_applied_done(&applied);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_secret *secret = NULL;
    struct mf_secret *again = NULL;
    int rc = mf__record_decode(mf_slice_of(data, size), &secret);

    MF_ASSERT(rc == 0 || rc == MF_E_VAULT_RECORD);
    if (rc < 0) {
        return 0;
    }
    MF_ASSERT(secret->record_size == size && memcmp(secret->record, data, size) == 0);
    MF_ASSERT(secret->hosts_count > 0 && secret->hosts_count <= MF_SECRET_HOSTS_MAX);
    for (size_t i = 0; i < VAULT_FIELDS_END; i++) {
        check_inside(secret, secret->fields[i]);
    }
    for (size_t i = 0; i < secret->hosts_count; i++) {
        check_inside(secret, secret->hosts[i]);
    }
    use(secret);
    rc = mf__record_decode(mf_slice_of(secret->record, secret->record_size), &again);
    MF_ASSERT(rc == 0 && again->kind == secret->kind);
    mf_secret_unref(again);
    mf_secret_unref(secret);
    return 0;
}
