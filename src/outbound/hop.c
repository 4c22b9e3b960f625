#include "hop.h"

#include <openssl/sha.h>

#include <mayfly/http.h>

#define PLACEHOLDER_CLOSE "}}"

/* An access token: no server makes them longer than it takes headers. */
#define TOKEN_BYTES_MAX MF_REDACT_SECRET_BYTES_MAX

void mf__hop_init(struct mf__hop *hop)
{
    memset(hop, 0, sizeof *hop);
    mf__request_init(&hop->request);
    mf_buf_init(&hop->url, MF_OUTBOUND_URL_BYTES_MAX + MF_REDACT_SECRET_BYTES_MAX);
    mf_buf_init(&hop->headers, MF_HEADERS_ENCODED_BYTES_MAX);
    mf_buf_init(&hop->partition, 1024);
}

static void wipe(struct mf_buf *buf)
{
    if (buf->data != NULL) {
        mf_wipe(buf->data, buf->capacity);
    }
    mf_buf_done(buf);
}

void mf__hop_done(struct mf__hop *hop)
{
    mf__request_done(&hop->request);
    wipe(&hop->url);
    wipe(&hop->headers);
    mf_buf_done(&hop->partition);
    for (size_t i = 0; i < hop->secrets_count; i++) {
        mf_vault_memory_free((void *)(uintptr_t)hop->tokens[i].data, hop->tokens[i].size);
        mf_secret_unref(hop->secrets[i]);
    }
    hop->secrets_count = 0;
    mf__needles_unref(hop->needles);
    hop->needles = NULL;
}

/* ---- placeholders --------------------------------------------------------------------------------- */

static bool is_allowed(const struct mf__rule *rule, struct mf_slice name)
{
    for (size_t i = 0; i < rule->placeholders_count; i++) {
        if (mf_slice_equal(rule->placeholders[i], name)) {
            return true;
        }
    }
    return false;
}

/* Every name in |value| must be one that the rule lets stand there. What is malformed the vault refuses. */
static int check_names(const struct mf__rule *rule, struct mf_slice value)
{
    size_t open = strlen(MF_SECRET_PLACEHOLDER_OPEN);
    const uint8_t *at;

    while ((at = memmem(value.data, value.size, MF_SECRET_PLACEHOLDER_OPEN, open)) != NULL) {
        size_t before = (size_t)(at - value.data) + open;
        value = mf_slice_of(value.data + before, value.size - before);
        const uint8_t *close = memmem(value.data, value.size, PLACEHOLDER_CLOSE, 2);
        struct mf_slice name = mf_slice_of(value.data, close == NULL ? 0 : (size_t)(close - value.data));
        if (close == NULL || !is_allowed(rule, name)) {
            return MF_E_SECRET_PLACE;
        }
    }
    return 0;
}

/* In header values only, and only where the rule has them. */
static int check_places(const struct mf__hop *hop, struct mf_slice url)
{
    const struct mf__rule *rule = hop->request.rule;
    struct mf_http_header header;
    size_t cursor = 0;

    if (mf_vault_has_placeholder(url)) {
        return MF_E_SECRET_PLACE;
    }
    while (mf_http_headers_next(mf_buf_peek(&hop->request.headers), &cursor, &header) == 1) {
        if (mf_vault_has_placeholder(header.name)) {
            return MF_E_SECRET_PLACE;
        }
        int rc = mf_vault_has_placeholder(header.value) ? check_names(rule, header.value) : 0;
        if (rc < 0 || (rule->placeholders_count == 0 && mf_vault_has_placeholder(header.value))) {
            return MF_E_SECRET_PLACE;
        }
    }
    return 0;
}

int mf__hop_check(struct mf__hop *hop,
                  const struct mf_policy *policy,
                  struct mf_slice method,
                  struct mf_slice url,
                  struct mf_slice headers)
{
    int rc = mf__request_judge(&hop->request, policy, method, url, headers);

    return rc < 0 ? rc : check_places(hop, url);
}

/* ---- secrets --------------------------------------------------------------------------------------- */

int mf__hop_hold(struct mf__hop *hop, struct mf_vault *vault, struct mf_slice tenant)
{
    const struct mf__rule *rule = hop->request.rule;

    for (size_t i = 0; i < rule->secrets_count; i++) {
        int rc = vault == NULL
                     ? MF_E_SECRET_UNKNOWN
                     : mf_vault_ref(vault, tenant, rule->secrets[i], &hop->secrets[hop->secrets_count]);
        if (rc < 0) {
            return rc;
        }
        hop->secrets_count++;
    }
    return 0;
}

enum mf_secret_body mf__hop_needs_body(const struct mf__hop *hop)
{
    enum mf_secret_body most = MF_SECRET_BODY_UNUSED;

    for (size_t i = 0; i < hop->secrets_count; i++) {
        enum mf_secret_body one = mf_secret_body_of(hop->secrets[i]);
        most = one > most ? one : most;
    }
    return most;
}

static size_t without_token(const struct mf__hop *hop)
{
    size_t i = 0;

    while (i < hop->secrets_count &&
           (mf_secret_kind_of(hop->secrets[i]) != MF_SECRET_OAUTH2 || hop->tokens[i].data != NULL)) {
        i++;
    }
    return i;
}

struct mf_secret *mf__hop_next_token(const struct mf__hop *hop)
{
    size_t i = without_token(hop);

    return i < hop->secrets_count ? hop->secrets[i] : NULL;
}

int mf__hop_set_token(struct mf__hop *hop, struct mf_slice token)
{
    size_t i = without_token(hop);
    uint8_t *copy = token.size > TOKEN_BYTES_MAX ? NULL : mf_vault_memory_new(token.size);

    MF_ASSERT(i < hop->secrets_count);
    if (copy == NULL) {
        return MF_E_NO_MEMORY;
    }
    memcpy(copy, token.data, token.size);
    hop->tokens[i] = mf_slice_of(copy, token.size);
    return 0;
}

/* ---- to the wire -------------------------------------------------------------------------------------- */

static struct mf_secret_target target_of(const struct mf__hop *hop)
{
    const struct mf__url *url = &hop->request.url;
    struct mf_secret_target target = {.scheme = mf_slice_of_cstr(url->is_https ? "https" : "http"),
                                      .host = mf_slice_of(url->host.text, url->host.size),
                                      .port = url->port,
                                      .is_verified = url->is_https};
    return target;
}

static int add_needles(struct mf__hop *hop, const struct mf_slice *needles, size_t count)
{
    int rc = 0;

    if (hop->request.rule->redact == MF__REDACT_OFF) {
        return 0;
    }
    if (hop->needles == NULL) {
        hop->needles = mf__needles_new();
    }
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = mf__needles_add(hop->needles, needles[i], NULL);
    }
    return rc;
}

/* Which connections: those of the tenant that carried the same credentials, in the same version. */
static int name_partition(struct mf__hop *hop, struct mf_slice tenant)
{
    int rc = mf_buf_append_slice(&hop->partition, tenant);

    for (size_t i = 0; rc == 0 && i < hop->secrets_count; i++) {
        rc = mf_buf_printf(&hop->partition, "/%llu", (unsigned long long)mf_secret_serial(hop->secrets[i]));
    }
    return rc;
}

/* |value| in place of all headers called |name|. */
static int set_header(struct mf_buf *headers, const struct mf_http_header *set)
{
    struct mf_buf result;
    struct mf_http_header header;
    size_t cursor = 0;
    int rc;

    mf_buf_init(&result, MF_HEADERS_ENCODED_BYTES_MAX);
    rc = mf_buf_reserve(&result, headers->size + set->name.size + set->value.size + 2);
    while (rc == 0 && mf_http_headers_next(mf_buf_peek(headers), &cursor, &header) == 1) {
        bool is_it =
            header.name.size == set->name.size &&
            strncasecmp((const char *)header.name.data, (const char *)set->name.data, set->name.size) == 0;
        rc = is_it ? 0 : mf_http_headers_append(&result, header.name, header.value);
    }
    if (rc == 0) {
        rc = mf_http_headers_append(&result, set->name, set->value);
    }
    wipe(headers);
    *headers = result;
    return rc;
}

static int set_named(struct mf_buf *headers, const char *name, const char *value)
{
    struct mf_http_header header = {mf_slice_of_cstr(name), mf_slice_of_cstr(value)};

    return set_header(headers, &header);
}

/* The headers with each placeholder replaced. */
static int substitute(struct mf__hop *hop, struct mf_vault *vault, struct mf_slice tenant)
{
    struct mf_secret_target target = target_of(hop);
    struct mf_http_header header;
    size_t cursor = 0;
    int rc = 0;

    while (rc == 0 && mf_http_headers_next(mf_buf_peek(&hop->request.headers), &cursor, &header) == 1) {
        struct mf_secret_text text = {.needles_count = 0};
        if (!mf_vault_has_placeholder(header.value)) {
            rc = mf_http_headers_append(&hop->headers, header.name, header.value);
            continue;
        }
        rc = vault == NULL ? MF_E_SECRET_UNKNOWN
                           : mf_vault_substitute(vault, tenant, header.value, &target, &text, NULL);
        if (rc < 0) {
            return rc;
        }
        hop->is_injected = true;
        rc = mf_http_headers_append(&hop->headers, header.name, text.text);
        if (rc == 0) {
            rc = add_needles(hop, text.needles, text.needles_count);
        }
        if (rc == 0) {
            rc = mf_buf_printf(&hop->partition, "/%llx", (unsigned long long)mf_hash(text.text));
        }
        mf_secret_text_done(&text);
    }
    return rc;
}

static int add_applied(struct mf__hop *hop, const struct mf_secret_applied *applied, struct mf_buf *query)
{
    struct mf_http_header header;
    size_t cursor = 0;
    int rc = 0;

    while (rc == 0 && mf_http_headers_next(applied->headers, &cursor, &header) == 1) {
        rc = set_header(&hop->headers, &header);
    }
    if (rc == 0 && applied->query.size > 0) {
        rc = query->size == 0 ? 0 : mf_buf_append_cstr(query, "&");
        rc = rc < 0 ? rc : mf_buf_append_slice(query, applied->query);
    }
    return rc < 0 ? rc : add_needles(hop, applied->needles, applied->needles_count);
}

static int apply_secrets(struct mf__hop *hop,
                         struct mf_slice method,
                         const struct mf__hop_body *body,
                         struct mf_buf *query)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    int rc = 0;

    if (!body->is_there || body->is_known) {
        (void)SHA256(body->is_there ? body->bytes.data : (const uint8_t *)"",
                     body->is_there ? body->bytes.size : 0, hash);
    }
    for (size_t i = 0; rc == 0 && i < hop->secrets_count; i++) {
        struct mf_secret_request request = {.target = target_of(hop),
                                            .method = method,
                                            .path = hop->request.url.path,
                                            .query = mf_buf_peek(query),
                                            .headers = mf_buf_peek(&hop->headers),
                                            .has_body = body->is_there,
                                            .unix_ms = mf_clock_unix_ms(),
                                            .access_token = hop->tokens[i]};
        struct mf_secret_applied applied;
        if (!body->is_there || body->is_known) {
            request.body_sha256 = hash;
            request.body = body->is_there ? body->bytes : mf_slice_of("", 0);
        }
        rc = mf_secret_apply(hop->secrets[i], &request, &applied);
        if (rc == 0) {
            hop->is_injected = true;
            rc = add_applied(hop, &applied, query);
            mf_secret_applied_done(&applied);
        }
    }
    return rc;
}

static int write_url(struct mf__hop *hop, struct mf_slice query)
{
    struct mf__url url = hop->request.url;
    int rc;

    url.query = mf_slice_of(NULL, 0);
    rc = mf__url_write(&url, &hop->url);
    if (rc == 0 && query.size > 0) {
        rc = mf_buf_append_cstr(&hop->url, "?");
        rc = rc < 0 ? rc : mf_buf_append_slice(&hop->url, query);
    }
    return rc < 0 ? rc : mf_buf_append(&hop->url, "", 1);
}

static struct mf_slice without_mark(struct mf_slice query)
{
    return query.size > 0 ? mf_slice_of(query.data + 1, query.size - 1) : query;
}

/* Compressed, an echo could not be found, and a range would be one of other bytes; else we take what we can read. */
static int set_codings(struct mf__hop *hop)
{
    struct mf_slice headers = mf_buf_peek(&hop->headers);
    bool has_wish = mf_http_headers_get(headers, "accept-encoding").data != NULL;
    bool has_range = mf_http_headers_get(headers, "range").data != NULL;

    if (has_wish && !hop->is_injected) {
        return 0;
    }
    return set_named(&hop->headers, "accept-encoding",
                     hop->is_injected || has_range ? "identity" : "gzip, br");
}

static int drop_header(struct mf_buf *headers, const char *name)
{
    struct mf_buf rest;
    struct mf_http_header header;
    size_t cursor = 0;
    int rc;

    if (mf_http_headers_get(mf_buf_peek(headers), name).data == NULL) {
        return 0;
    }
    mf_buf_init(&rest, MF_HEADERS_ENCODED_BYTES_MAX);
    rc = mf_buf_reserve(&rest, headers->size);
    while (rc == 0 && mf_http_headers_next(mf_buf_peek(headers), &cursor, &header) == 1) {
        rc = mf_slice_equal_nocase(header.name, name)
                 ? 0
                 : mf_http_headers_append(&rest, header.name, header.value);
    }
    wipe(headers);
    *headers = rest;
    return rc;
}

static bool rule_strips(const struct mf__rule *rule, const char *name)
{
    for (size_t i = 0; i < rule->strip_count; i++) {
        if (mf_slice_equal_cstr(rule->strip[i], name)) {
            return true;
        }
    }
    return false;
}

static bool rule_sets(const struct mf__rule *rule, const char *name)
{
    for (size_t i = 0; i < rule->set_count; i++) {
        if (mf_slice_equal_nocase(rule->set[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* A guest names no span: what it says of a trace goes, and the run's own trace is told unless the rule strips it. What a rule sets
 * is the operator's word and stays. */
static int set_trace(struct mf__hop *hop)
{
    const struct mf__rule *rule = hop->request.rule;
    int rc = 0;

    if (rule_sets(rule, "traceparent")) {
        return 0;
    }
    rc = drop_header(&hop->headers, "traceparent");
    rc = rc < 0 || rule_sets(rule, "tracestate") ? rc : drop_header(&hop->headers, "tracestate");
    if (rc < 0 || hop->traceparent[0] == '\0' || rule_strips(rule, "traceparent")) {
        return rc;
    }
    rc = mf_http_headers_append(&hop->headers, mf_slice_of_cstr("traceparent"),
                                mf_slice_of_cstr(hop->traceparent));
    if (rc == 0 && hop->tracestate.size > 0 && !rule_strips(rule, "tracestate")) {
        rc = mf_http_headers_append(&hop->headers, mf_slice_of_cstr("tracestate"), hop->tracestate);
    }
    return rc;
}

int mf__hop_apply(struct mf__hop *hop,
                  struct mf_vault *vault,
                  struct mf_slice tenant,
                  struct mf_slice method,
                  const struct mf__hop_body *body)
{
    struct mf_buf query;
    int rc = name_partition(hop, tenant);

    mf_buf_init(&query, MF_OUTBOUND_URL_BYTES_MAX + MF_REDACT_SECRET_BYTES_MAX);
    if (rc == 0) {
        rc = mf_buf_append_slice(&query, without_mark(hop->request.url.query));
    }
    if (rc == 0) {
        rc = substitute(hop, vault, tenant);
    }
    /* Before anything is signed: it may be among what is. */
    hop->is_injected = hop->is_injected || hop->secrets_count > 0;
    if (rc == 0) {
        rc = set_codings(hop);
    }
    if (rc == 0) {
        rc = set_trace(hop);
    }
    if (rc == 0) {
        rc = apply_secrets(hop, method, body, &query);
    }
    if (rc == 0) {
        rc = write_url(hop, mf_buf_peek(&query));
    }
    if (rc == 0 && hop->needles != NULL) {
        rc = mf__needles_compile(hop->needles);
    }
    wipe(&query);
    return rc;
}
