/* aws.c - AWS Signature Version 4 of one request.
 *
 *   canonical request --SHA-256--> string to sign --HMAC with a key of the day, region and service--> signature
 *
 * Every header that is sent is signed, but those that the way may change. S3 signs the path decoded and encoded once; all
 * other services a normalised path, encoded once more.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <mayfly/http.h>

#include "internal.h"

#define UNSIGNED "UNSIGNED-PAYLOAD"
#define ALGORITHM "AWS4-HMAC-SHA256"

/* A name and a value, as they are sorted. */
struct pair {
    struct mf_slice name;
    struct mf_slice value;
    size_t order;
};

struct signing {
    const struct mf_secret *secret;
    const struct mf_secret_request *request;
    bool is_s3;
    char stamp[17];          /* 20150830T123600Z; its first eight are the day. */
    struct mf_slice payload; /* Hexadecimal hash, or UNSIGNED. */
    char payload_hex[65];
    struct vault_out text; /* Everything that is made on the way: names, the canonical request, ... */
    struct pair *pairs;
    size_t pairs_count;
    struct mf_slice signed_names;
    char signature[65];
};

/* ---- what is sorted ---------------------------------------------------------------------------------------- */

static int compare_bytes(struct mf_slice a, struct mf_slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Values of one header stay in the order in which they are sent. */
static int compare_headers(const void *a, const void *b)
{
    const struct pair *left = a;
    const struct pair *right = b;
    int order = compare_bytes(left->name, right->name);

    return order != 0 ? order : (left->order > right->order) - (left->order < right->order);
}

static int compare_params(const void *a, const void *b)
{
    const struct pair *left = a;
    const struct pair *right = b;
    int order = compare_bytes(left->name, right->name);

    return order != 0 ? order : compare_bytes(left->value, right->value);
}

/* ---- the query ----------------------------------------------------------------------------------------------- */

/* Decodes %XX and '+' and encodes again, so that every spelling of a request has the same signature. */
static struct mf_slice recode(struct vault_out *out, struct mf_slice text, const char *more)
{
    size_t begin = out->size;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == '%' && i + 2 < text.size && mf_hex_digit(text.data[i + 1]) >= 0 &&
            mf_hex_digit(text.data[i + 2]) >= 0) {
            c = (uint8_t)(mf_hex_digit(text.data[i + 1]) << 4 | mf_hex_digit(text.data[i + 2]));
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        mf__out_percent(out, mf_slice_of(&c, 1), more);
    }
    return mf__out_since(out, begin);
}

static size_t count_params(struct mf_slice query)
{
    size_t count = 1;

    for (size_t i = 0; i < query.size; i++) {
        count += query.data[i] == '&' ? 1 : 0;
    }
    return count;
}

/* Fills signing->pairs with encoded names and values. */
static void read_params(struct signing *signing, struct mf_slice query)
{
    size_t begin = 0;

    signing->pairs_count = 0;
    for (size_t at = 0; at <= query.size; at++) {
        if (at < query.size && query.data[at] != '&') {
            continue;
        }
        struct mf_slice piece = mf_slice_of(query.data + begin, at - begin);
        begin = at + 1;
        if (piece.size == 0) {
            continue;
        }
        const uint8_t *equals = memchr(piece.data, '=', piece.size);
        size_t name_size = equals == NULL ? piece.size : (size_t)(equals - piece.data);
        struct pair *pair = &signing->pairs[signing->pairs_count++];
        pair->name = recode(&signing->text, mf_slice_of(piece.data, name_size), "");
        pair->value = equals == NULL
                          ? mf_slice_of(NULL, 0)
                          : recode(&signing->text, mf_slice_of(equals + 1, piece.size - name_size - 1), "");
    }
}

/* ---- the path -------------------------------------------------------------------------------------------------- */

/* "/a//b/./../c" to "/a/c" (RFC 3986 section 5.2.4, and repeated slashes are one). */
static struct mf_slice normalise(struct vault_out *out, struct mf_slice path)
{
    size_t begin = out->size;
    size_t segment = 0;

    for (size_t at = 0; at <= path.size && out->error == 0; at++) {
        if (at < path.size && path.data[at] != '/') {
            continue;
        }
        struct mf_slice name = mf_slice_of(path.data + segment, at - segment);
        segment = at + 1;
        if (mf_slice_equal_cstr(name, "..")) {
            while (out->size > begin && out->data[--out->size] != '/') {
            }
        } else if (name.size > 0 && !mf_slice_equal_cstr(name, ".")) {
            mf__out_byte(out, '/');
            mf__out_append(out, name);
        }
    }
    /* A slash at the end stays. */
    if (out->size == begin || path.data[path.size - 1] == '/') {
        mf__out_byte(out, '/');
    }
    return mf__out_since(out, begin);
}

static struct mf_slice canonical_path(struct signing *signing)
{
    struct vault_out *out = &signing->text;
    struct mf_slice path = signing->request->path;
    size_t begin;

    if (signing->is_s3) {
        return recode(out, path, "/");
    }
    path = normalise(out, path);
    begin = out->size;
    mf__out_percent(out, path, "/");
    return mf__out_since(out, begin);
}

/* ---- headers ----------------------------------------------------------------------------------------------------- */

/* What something on the way, or libcurl, may add, drop or change; and what this signature itself sets. */
static bool is_left_out(struct mf_slice name)
{
    static const char *const names[] = {
        "authorization", "connection",           "keep-alive",          "te",     "trailer",
        "upgrade",       "transfer-encoding",    "content-length",      "expect", "user-agent",
        "accept",        "accept-encoding",      "x-amzn-trace-id",     "via",    "host",
        "x-amz-date",    "x-amz-content-sha256", "x-amz-security-token"};

    for (size_t i = 0; i < MF_COUNT_OF(names); i++) {
        if (mf_slice_equal_nocase(name, names[i])) {
            return true;
        }
    }
    return name.size >= 6 && mf_slice_equal_nocase(mf_slice_of(name.data, 6), "proxy-");
}

static struct mf_slice lower(struct vault_out *out, struct mf_slice name)
{
    size_t begin = out->size;

    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        mf__out_byte(out, c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c);
    }
    return mf__out_since(out, begin);
}

static void add_header(struct signing *signing, struct mf_slice name, struct mf_slice value)
{
    struct pair *pair = &signing->pairs[signing->pairs_count];

    pair->name = name;
    pair->value = value;
    pair->order = signing->pairs_count++;
}

static struct mf_slice host_value(struct signing *signing)
{
    const struct mf_secret_target *target = &signing->request->target;
    struct vault_out *out = &signing->text;
    size_t begin = out->size;

    mf__out_append(out, target->host);
    if (target->port != (mf_slice_equal_cstr(target->scheme, "https") ? 443 : 80)) {
        mf__out_byte(out, ':');
        mf__out_u64(out, target->port);
    }
    return mf__out_since(out, begin);
}

/* Services other than S3 know the body's hash without a header that repeats it. */
static bool wants_payload_header(const struct signing *signing)
{
    return signing->is_s3 || mf_slice_equal_cstr(signing->payload, UNSIGNED);
}

static int read_headers(struct signing *signing)
{
    struct mf_http_header header;
    struct mf_slice token = mf__field(signing->secret, FIELD_SESSION_TOKEN);
    size_t cursor = 0;
    int rc;

    signing->pairs_count = 0;
    while ((rc = mf_http_headers_next(signing->request->headers, &cursor, &header)) > 0) {
        if (is_left_out(header.name)) {
            continue;
        }
        if (signing->pairs_count == MF_HEADERS_COUNT_MAX) {
            return MF_E_SECRET_UNSIGNABLE;
        }
        add_header(signing, lower(&signing->text, header.name), header.value);
    }
    if (rc < 0) {
        return MF_E_SECRET_UNSIGNABLE;
    }
    add_header(signing, mf_slice_of_cstr("host"), host_value(signing));
    add_header(signing, mf_slice_of_cstr("x-amz-date"), mf_slice_of_cstr(signing->stamp));
    if (token.data != NULL) {
        add_header(signing, mf_slice_of_cstr("x-amz-security-token"), token);
    }
    if (wants_payload_header(signing)) {
        add_header(signing, mf_slice_of_cstr("x-amz-content-sha256"), signing->payload);
    }
    return signing->text.error;
}

/* Without blanks at the ends, and one for each run of them inside. */
static void append_trimmed(struct vault_out *out, struct mf_slice value)
{
    bool is_blank = false;
    size_t begin = out->size;

    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] == ' ' || value.data[i] == '\t') {
            is_blank = true;
            continue;
        }
        if (is_blank && out->size > begin) {
            mf__out_byte(out, ' ');
        }
        is_blank = false;
        mf__out_byte(out, value.data[i]);
    }
}

/* "name:value,value\n" for each name; then the list of names is in signing->signed_names. */
static void write_headers(struct signing *signing)
{
    struct vault_out *out = &signing->text;
    size_t begin;

    for (size_t i = 0; i < signing->pairs_count; i++) {
        const struct pair *pair = &signing->pairs[i];
        bool is_more = i > 0 && mf_slice_equal(pair->name, signing->pairs[i - 1].name);
        if (is_more) {
            out->size -= out->error == 0 ? 1 : 0; /* The line goes on. */
            mf__out_byte(out, ',');
        } else {
            mf__out_append(out, pair->name);
            mf__out_byte(out, ':');
        }
        append_trimmed(out, pair->value);
        mf__out_byte(out, '\n');
    }
    mf__out_byte(out, '\n');
    begin = out->size;
    for (size_t i = 0; i < signing->pairs_count; i++) {
        const struct pair *pair = &signing->pairs[i];
        if (i > 0 && mf_slice_equal(pair->name, signing->pairs[i - 1].name)) {
            continue;
        }
        if (i > 0) {
            mf__out_byte(out, ';');
        }
        mf__out_append(out, pair->name);
    }
    signing->signed_names = mf__out_since(out, begin);
}

/* ---- the signature --------------------------------------------------------------------------------------------------- */

static int write_canonical(struct signing *signing, struct mf_slice *ret_text)
{
    struct vault_out *out = &signing->text;
    struct mf_slice path = canonical_path(signing);
    size_t begin;
    int rc;

    read_params(signing, signing->request->query);
    qsort(signing->pairs, signing->pairs_count, sizeof *signing->pairs, compare_params);
    begin = out->size;
    for (size_t i = 0; i < signing->pairs_count; i++) {
        mf__out_cstr(out, i == 0 ? "" : "&");
        mf__out_append(out, signing->pairs[i].name);
        mf__out_byte(out, '=');
        mf__out_append(out, signing->pairs[i].value);
    }
    struct mf_slice query = mf__out_since(out, begin);
    rc = read_headers(signing);
    if (rc < 0) {
        return rc;
    }
    qsort(signing->pairs, signing->pairs_count, sizeof *signing->pairs, compare_headers);
    begin = out->size;
    mf__out_append(out, signing->request->method);
    mf__out_byte(out, '\n');
    mf__out_append(out, path);
    mf__out_byte(out, '\n');
    mf__out_append(out, query);
    mf__out_byte(out, '\n');
    write_headers(signing);
    mf__out_byte(out, '\n');
    mf__out_append(out, signing->payload);
    *ret_text = mf__out_since(out, begin);
    return out->error;
}

static void write_scope(struct signing *signing)
{
    mf__out_append(&signing->text, mf_slice_of(signing->stamp, 8));
    mf__out_byte(&signing->text, '/');
    mf__out_append(&signing->text, mf__field(signing->secret, FIELD_REGION));
    mf__out_byte(&signing->text, '/');
    mf__out_append(&signing->text, mf__field(signing->secret, FIELD_SERVICE));
    mf__out_cstr(&signing->text, "/aws4_request");
}

static void mac(const uint8_t *key, size_t key_size, struct mf_slice bytes, uint8_t ret_mac[32])
{
    unsigned size = 0;
    const uint8_t *done = HMAC(EVP_sha256(), key, (int)key_size, bytes.data, bytes.size, ret_mac, &size);

    MF_ASSERT(done != NULL && size == 32); /* Fails only without memory. */
}

static void to_hex(const uint8_t digest[32], char text[65])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < 32; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 0xf];
    }
    text[64] = '\0';
}

static void sign(struct signing *signing, struct mf_slice text)
{
    struct mf_slice secret_key = mf__field(signing->secret, FIELD_SECRET_ACCESS_KEY);
    uint8_t first[4 + MF_SECRET_TEXT_BYTES_MAX] = {'A', 'W', 'S', '4'};
    uint8_t key[32];
    uint8_t next[32];

    memcpy(first + 4, secret_key.data, secret_key.size);
    mac(first, 4 + secret_key.size, mf_slice_of(signing->stamp, 8), key);
    mf_wipe(first, sizeof first);
    mac(key, sizeof key, mf__field(signing->secret, FIELD_REGION), next);
    mac(next, sizeof next, mf__field(signing->secret, FIELD_SERVICE), key);
    mac(key, sizeof key, mf_slice_of_cstr("aws4_request"), next);
    mac(next, sizeof next, text, key);
    to_hex(key, signing->signature);
    mf_wipe(key, sizeof key);
    mf_wipe(next, sizeof next);
}

static int make_signature(struct signing *signing)
{
    struct vault_out *out = &signing->text;
    struct mf_slice canonical;
    uint8_t digest[32];
    size_t begin;
    int rc = write_canonical(signing, &canonical);

    if (rc < 0) {
        return rc;
    }
    mf__sha256(canonical, digest);
    begin = out->size;
    mf__out_cstr(out, ALGORITHM "\n");
    mf__out_cstr(out, signing->stamp);
    mf__out_byte(out, '\n');
    write_scope(signing);
    mf__out_byte(out, '\n');
    mf__out_hex(out, mf_slice_of(digest, sizeof digest));
    if (out->error < 0) {
        return out->error;
    }
    sign(signing, mf__out_since(out, begin));
    return 0;
}

/* ---- the body ---------------------------------------------------------------------------------------------------------- */

static bool is_s3(const struct mf_secret *secret)
{
    return mf_slice_starts_with(mf__field(secret, FIELD_SERVICE), "s3");
}

enum mf_secret_body mf__aws_body(const struct mf_secret *secret)
{
    if (mf__field_is(secret, FIELD_PAYLOAD, "unsigned")) {
        return MF_SECRET_BODY_UNUSED;
    }
    /* Over cleartext an unsigned body could be changed on the way. */
    if (is_s3(secret) && !mf__field_is(secret, FIELD_PAYLOAD, "signed") && !secret->is_http_allowed) {
        return MF_SECRET_BODY_IF_KNOWN;
    }
    return MF_SECRET_BODY_HASH;
}

/* A body in signed chunks cannot be signed again here: each chunk has a signature of its own. */
static bool is_chunk_signed(const struct mf_secret_request *request)
{
    struct mf_slice hash = mf_http_headers_get(request->headers, "x-amz-content-sha256");
    struct mf_slice encoding = mf_http_headers_get(request->headers, "content-encoding");

    return (hash.data != NULL && mf_slice_starts_with(hash, "STREAMING-")) ||
           (encoding.data != NULL && mf_http_value_has_token(encoding, "aws-chunked"));
}

static int choose_payload(struct signing *signing)
{
    const struct mf_secret_request *request = signing->request;
    enum mf_secret_body wanted = mf__aws_body(signing->secret);
    struct mf_slice asked = mf_http_headers_get(request->headers, "x-amz-content-sha256");
    uint8_t digest[32];
    bool is_asked = asked.data != NULL && mf_slice_equal_cstr(asked, UNSIGNED);
    bool is_known = !request->has_body || request->body_sha256 != NULL || request->body.data != NULL;

    if (is_chunk_signed(request)) {
        return MF_E_SECRET_UNSIGNABLE;
    }
    if (wanted == MF_SECRET_BODY_UNUSED || (wanted == MF_SECRET_BODY_IF_KNOWN && (is_asked || !is_known))) {
        signing->payload = mf_slice_of_cstr(UNSIGNED);
        return 0;
    }
    if (!is_known) {
        return MF_E_SECRET_UNSIGNABLE;
    }
    if (!request->has_body) {
        mf__sha256(mf_slice_of_cstr(""), digest);
    } else if (request->body_sha256 != NULL) {
        memcpy(digest, request->body_sha256, sizeof digest);
    } else {
        mf__sha256(request->body, digest);
    }
    to_hex(digest, signing->payload_hex);
    signing->payload = mf_slice_of_cstr(signing->payload_hex);
    return 0;
}

/* ---- the result ---------------------------------------------------------------------------------------------------------- */

static void write_result(struct signing *signing, struct vault_out *out, struct mf_secret_applied *applied)
{
    struct mf_slice token = mf__field(signing->secret, FIELD_SESSION_TOKEN);
    struct mf_slice key = mf__field(signing->secret, FIELD_SECRET_ACCESS_KEY);
    size_t signature;
    size_t begin;

    mf__out_append(out, mf_slice_of("authorization", sizeof "authorization"));
    mf__out_cstr(out, ALGORITHM " Credential=");
    mf__out_append(out, mf__field(signing->secret, FIELD_ACCESS_KEY_ID));
    mf__out_byte(out, '/');
    begin = signing->text.size;
    write_scope(signing);
    mf__out_append(out, mf__out_since(&signing->text, begin));
    mf__out_cstr(out, ", SignedHeaders=");
    mf__out_append(out, signing->signed_names);
    mf__out_cstr(out, ", Signature=");
    signature = out->size;
    mf__out_cstr(out, signing->signature);
    mf__applied_needle(applied, mf__out_since(out, signature));
    mf__out_byte(out, 0);
    mf__out_append(out, mf_slice_of("x-amz-date", sizeof "x-amz-date"));
    mf__out_append(out, mf_slice_of(signing->stamp, sizeof signing->stamp));
    if (token.data != NULL) {
        mf__out_append(out, mf_slice_of("x-amz-security-token", sizeof "x-amz-security-token"));
        begin = out->size;
        mf__out_append(out, token);
        mf__applied_needle(applied, mf__out_since(out, begin));
        mf__out_byte(out, 0);
    }
    if (wants_payload_header(signing)) {
        mf__out_append(out, mf_slice_of("x-amz-content-sha256", sizeof "x-amz-content-sha256"));
        mf__out_append(out, signing->payload);
        mf__out_byte(out, 0);
    }
    applied->headers = mf__out_since(out, 0);
    begin = out->size;
    mf__out_append(out, key);
    mf__applied_needle(applied, mf__out_since(out, begin));
}

static int set_stamp(struct signing *signing)
{
    time_t seconds = (time_t)(signing->request->unix_ms / 1000);
    struct tm utc;

    if (gmtime_r(&seconds, &utc) == NULL || strftime(signing->stamp, sizeof signing->stamp, "%Y%m%dT%H%M%SZ",
                                                     &utc) != sizeof signing->stamp - 1) {
        return MF_E_SECRET_UNSIGNABLE; /* A clock past the year 9999. */
    }
    return 0;
}

int mf__aws_apply(const struct mf_secret *secret,
                  const struct mf_secret_request *request,
                  struct vault_out *out,
                  struct mf_secret_applied *applied)
{
    struct signing signing = {.secret = secret, .request = request, .is_s3 = is_s3(secret)};
    size_t params = count_params(request->query);
    size_t pairs = params > MF_HEADERS_COUNT_MAX ? params : MF_HEADERS_COUNT_MAX;
    int rc = set_stamp(&signing);

    if (rc == 0) {
        rc = choose_payload(&signing);
    }
    if (rc < 0) {
        return rc;
    }
    if (request->path.size == 0 || mf_http_headers_get(request->headers, "host").data != NULL) {
        return MF_E_SECRET_UNSIGNABLE;
    }
    signing.pairs = mf_try_alloc((pairs + 4) * sizeof *signing.pairs);
    /* Each part in up to three forms, encoded up to threefold, and the fixed words around them. */
    mf__out_init(&signing.text, (request->path.size + request->query.size) * 8 + request->headers.size * 4 +
                                    secret->record_size * 2 + request->method.size + params * 4 + 2048);
    rc = signing.pairs == NULL ? MF_E_NO_MEMORY : signing.text.error;
    if (rc == 0) {
        rc = make_signature(&signing);
    }
    if (rc == 0) {
        write_result(&signing, out, applied);
        rc = signing.text.error < 0 ? signing.text.error : out->error;
    }
    mf__out_done(&signing.text);
    mf_free(signing.pairs);
    mf_wipe(&signing.signature, sizeof signing.signature);
    return rc;
}
