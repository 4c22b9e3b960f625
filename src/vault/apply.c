/* apply.c - a secret on a request: where it may go, and what it adds. */
#include "internal.h"

#include <mayfly/http.h>

int mf_secret_check_target(const struct mf_secret *secret, const struct mf_secret_target *target)
{
    bool is_https = mf_slice_equal_cstr(target->scheme, "https");

    for (size_t i = 0; i < secret->hosts_count; i++) {
        if (!mf__host_matches(secret->hosts[i], target)) {
            continue;
        }
        if (is_https) {
            return target->is_verified ? 0 : MF_E_SECRET_CLEARTEXT;
        }
        return mf_slice_equal_cstr(target->scheme, "http") && secret->is_http_allowed ? 0
                                                                                      : MF_E_SECRET_CLEARTEXT;
    }
    return MF_E_SECRET_HOST;
}

void mf__applied_needle(struct mf_secret_applied *applied, struct mf_slice bytes)
{
    MF_ASSERT(applied->needles_count < MF_SECRET_NEEDLES_MAX);
    if (bytes.size > 0) {
        applied->needles[applied->needles_count++] = bytes;
    }
}

/* A copy in the applied memory: the secret may be let go of before its needles. */
static void needle_copy(struct vault_out *out, struct mf_secret_applied *applied, struct mf_slice bytes)
{
    size_t begin = out->size;

    mf__out_append(out, bytes);
    mf__applied_needle(applied, mf__out_since(out, begin));
}

/* A header list is name NUL value NUL; this writes the first two, the value follows. */
static void begin_header(struct vault_out *out, struct mf_slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        mf__out_byte(out, c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c);
    }
    mf__out_byte(out, 0);
}

static void apply_token(struct vault_out *out, struct mf_secret_applied *applied, struct mf_slice token)
{
    begin_header(out, mf_slice_of_cstr("authorization"));
    mf__out_cstr(out, "Bearer ");
    mf__out_append(out, token);
    mf__out_byte(out, 0);
    applied->headers = mf__out_since(out, 0);
    needle_copy(out, applied, token);
}

static void
apply_basic(const struct mf_secret *secret, struct vault_out *out, struct mf_secret_applied *applied)
{
    struct vault_out pair;
    size_t begin;

    mf__out_init(&pair, MF_SECRET_RECORD_BYTES_MAX);
    mf__out_append(&pair, mf__field(secret, FIELD_USERNAME));
    mf__out_byte(&pair, ':');
    mf__out_append(&pair, mf__field(secret, FIELD_PASSWORD));
    begin_header(out, mf_slice_of_cstr("authorization"));
    mf__out_cstr(out, "Basic ");
    begin = out->size;
    mf__out_base64(out, mf__out_since(&pair, 0), false);
    struct mf_slice encoded = mf__out_since(out, begin);
    mf__out_byte(out, 0);
    applied->headers = mf__out_since(out, 0);
    mf__applied_needle(applied, encoded);
    needle_copy(out, applied, mf__field(secret, FIELD_PASSWORD));
    if (pair.error < 0 && out->error == 0) {
        out->error = pair.error;
    }
    mf__out_done(&pair);
}

static void
apply_header(const struct mf_secret *secret, struct vault_out *out, struct mf_secret_applied *applied)
{
    begin_header(out, mf__field(secret, FIELD_NAME));
    mf__out_append(out, mf__field(secret, FIELD_PREFIX));
    mf__out_append(out, mf__field(secret, FIELD_VALUE));
    mf__out_byte(out, 0);
    applied->headers = mf__out_since(out, 0);
    needle_copy(out, applied, mf__field(secret, FIELD_VALUE));
}

static void
apply_query(const struct mf_secret *secret, struct vault_out *out, struct mf_secret_applied *applied)
{
    size_t begin;

    mf__out_percent(out, mf__field(secret, FIELD_NAME), "");
    mf__out_byte(out, '=');
    begin = out->size;
    mf__out_percent(out, mf__field(secret, FIELD_VALUE), "");
    struct mf_slice encoded = mf__out_since(out, begin);
    applied->query = mf__out_since(out, 0);
    needle_copy(out, applied, mf__field(secret, FIELD_VALUE));
    if (!mf_slice_equal(encoded, mf__field(secret, FIELD_VALUE))) {
        mf__applied_needle(applied, encoded);
    }
}

static int apply_kind(const struct mf_secret *secret,
                      const struct mf_secret_request *request,
                      struct vault_out *out,
                      struct mf_secret_applied *applied)
{
    switch (secret->kind) {
    case MF_SECRET_BEARER:
        apply_token(out, applied, mf__field(secret, FIELD_TOKEN));
        break;
    case MF_SECRET_OAUTH2:
        /* It comes from a server: it is no more to be trusted than any. */
        if (request->access_token.size == 0 || mf__kind_check_token(request->access_token) != NULL) {
            return MF_E_SECRET_KIND;
        }
        apply_token(out, applied, request->access_token);
        needle_copy(out, applied, mf__field(secret, FIELD_CLIENT_SECRET));
        break;
    case MF_SECRET_BASIC:
        apply_basic(secret, out, applied);
        break;
    case MF_SECRET_HEADER:
        apply_header(secret, out, applied);
        break;
    case MF_SECRET_QUERY:
        apply_query(secret, out, applied);
        break;
    case MF_SECRET_AWS:
        return mf__aws_apply(secret, request, out, applied);
    case MF_SECRET_HMAC:
        return mf__mac_apply(secret, request, out, applied);
    case MF_SECRET_PLAIN:
    case MF_SECRET_KINDS_COUNT:
        return MF_E_SECRET_KIND;
    }
    return out->error;
}

int mf_secret_apply(struct mf_secret *secret,
                    const struct mf_secret_request *request,
                    struct mf_secret_applied *ret_applied)
{
    struct mf_secret_applied applied = {.needles_count = 0};
    struct vault_out out;
    int rc = mf_secret_check_target(secret, &request->target);

    if (rc < 0) {
        return rc;
    }
    /* A value three times as %XX, once as it is, and once more for what stands around it. */
    mf__out_init(&out, secret->record_size * 5 + request->access_token.size * 2 + 2048);
    rc = out.error;
    if (rc == 0) {
        rc = apply_kind(secret, request, &out, &applied);
    }
    if (rc < 0) {
        mf__out_done(&out);
        return rc;
    }
    secret->used_ms = mf_clock_unix_ms();
    applied.memory = out.data;
    applied.memory_size = out.capacity;
    *ret_applied = applied;
    return 0;
}

void mf_secret_applied_done(struct mf_secret_applied *applied)
{
    mf_vault_memory_free(applied->memory, applied->memory_size);
    memset(applied, 0, sizeof *applied);
}

enum mf_secret_body mf_secret_body_of(const struct mf_secret *secret)
{
    if (secret->kind == MF_SECRET_AWS) {
        return mf__aws_body(secret);
    }
    return secret->kind == MF_SECRET_HMAC ? mf__mac_body(secret) : MF_SECRET_BODY_UNUSED;
}

int mf_secret_oauth2(const struct mf_secret *secret, struct mf_secret_oauth2 *ret_oauth2)
{
    if (secret->kind != MF_SECRET_OAUTH2) {
        return MF_E_SECRET_KIND;
    }
    *ret_oauth2 = (struct mf_secret_oauth2){.token_url = mf__field(secret, FIELD_TOKEN_URL),
                                            .client_id = mf__field(secret, FIELD_CLIENT_ID),
                                            .client_secret = mf__field(secret, FIELD_CLIENT_SECRET),
                                            .scope = mf__field(secret, FIELD_SCOPE),
                                            .audience = mf__field(secret, FIELD_AUDIENCE),
                                            .is_in_body = mf__field_is(secret, FIELD_AUTH_STYLE, "body"),
                                            .is_http_allowed = secret->is_http_allowed};
    return 0;
}
