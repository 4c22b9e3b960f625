/* mac.c - MF_SECRET_HMAC: a header with a MAC over a text that a template makes of the request.
 *
 *   template      {method} {scheme} {host} {path} {query} {target} {timestamp} {timestampMs} {bodySha256} {body}, and text
 *   headerValue   {signature} once, {timestamp}, {timestampMs}, and text; "{signature}" alone when it is not given
 *
 * {target} is the path with "?" and the query where there is one; {bodySha256} is hexadecimal, in lower case. A brace that
 * belongs to no word of these is refused when the secret is put.
 *
 * Source: RFC 2104; vectors: RFC 4231, RFC 2202. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>

#include "internal.h"

enum word {
    WORD_METHOD,
    WORD_SCHEME,
    WORD_HOST,
    WORD_PATH,
    WORD_QUERY,
    WORD_TARGET,
    WORD_TIMESTAMP,
    WORD_TIMESTAMP_MS,
    WORD_BODY_SHA256,
    WORD_BODY,
    WORD_SIGNATURE,
    WORDS_COUNT,
};

#define BIT(word) (1u << (word))
#define TEMPLATE_WORDS (BIT(WORD_SIGNATURE) - 1u)
#define HEADER_WORDS (BIT(WORD_SIGNATURE) | BIT(WORD_TIMESTAMP) | BIT(WORD_TIMESTAMP_MS))

static const char *const words[WORDS_COUNT] = {
    [WORD_METHOD] = "{method}",
    [WORD_SCHEME] = "{scheme}",
    [WORD_HOST] = "{host}",
    [WORD_PATH] = "{path}",
    [WORD_QUERY] = "{query}",
    [WORD_TARGET] = "{target}",
    [WORD_TIMESTAMP] = "{timestamp}",
    [WORD_TIMESTAMP_MS] = "{timestampMs}",
    [WORD_BODY_SHA256] = "{bodySha256}",
    [WORD_BODY] = "{body}",
    [WORD_SIGNATURE] = "{signature}",
};

/* ---- templates ----------------------------------------------------------------------------------------- */

/* A piece of a template: a word, or text up to the next brace. */
struct piece {
    bool is_word;
    enum word word;
    struct mf_slice text;
};

/* 1: a piece. 0: the end. MF_E_INVALID: a brace that is no word. */
static int next_piece(struct mf_slice text, size_t *cursor, struct piece *ret_piece)
{
    struct mf_slice rest = mf_slice_of(text.data + *cursor, text.size - *cursor);
    size_t size = 0;

    if (rest.size == 0) {
        return 0;
    }
    if (rest.data[0] == '{' || rest.data[0] == '}') {
        for (unsigned word = 0; word < WORDS_COUNT; word++) {
            if (mf_slice_starts_with(rest, words[word])) {
                *ret_piece = (struct piece){.is_word = true, .word = (enum word)word};
                *cursor += strlen(words[word]);
                return 1;
            }
        }
        return MF_E_INVALID;
    }
    while (size < rest.size && rest.data[size] != '{' && rest.data[size] != '}') {
        size++;
    }
    *ret_piece = (struct piece){.text = mf_slice_of(rest.data, size)};
    *cursor += size;
    return 1;
}

/* The words of |text| as bits; *ret_signatures counts one of them. MF_E_INVALID. */
static int read_words(struct mf_slice text, unsigned *ret_words, unsigned *ret_signatures)
{
    struct piece piece;
    size_t cursor = 0;
    int rc;

    *ret_words = 0;
    *ret_signatures = 0;
    while ((rc = next_piece(text, &cursor, &piece)) > 0) {
        if (piece.is_word) {
            *ret_words |= BIT(piece.word);
            *ret_signatures += piece.word == WORD_SIGNATURE ? 1 : 0;
        }
    }
    return rc;
}

const char *mf__mac_check_template(struct mf_slice text)
{
    unsigned found;
    unsigned signatures;

    return read_words(text, &found, &signatures) < 0 || (found & ~TEMPLATE_WORDS) != 0
               ? "may have braces only as {method}, {scheme}, {host}, {path}, {query}, {target}, "
                 "{timestamp}, "
                 "{timestampMs}, {bodySha256} and {body}"
               : NULL;
}

const char *mf__mac_check_header_value(struct mf_slice text)
{
    unsigned found;
    unsigned signatures;

    if (read_words(text, &found, &signatures) < 0 || (found & ~HEADER_WORDS) != 0 || signatures != 1) {
        return "must have {signature} once, and no other braces but {timestamp} and {timestampMs}";
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e) {
            return "must be printable ASCII";
        }
    }
    return text.data[0] == ' ' || text.data[text.size - 1] == ' ' ? "must not begin or end with a blank"
                                                                  : NULL;
}

enum mf_secret_body mf__mac_body(const struct mf_secret *secret)
{
    unsigned found = 0;
    unsigned signatures;

    mf_ignore(read_words(mf__field(secret, FIELD_TEMPLATE), &found, &signatures)); /* It was checked. */
    if ((found & BIT(WORD_BODY)) != 0) {
        return MF_SECRET_BODY_BYTES;
    }
    return (found & BIT(WORD_BODY_SHA256)) != 0 ? MF_SECRET_BODY_HASH : MF_SECRET_BODY_UNUSED;
}

/* ---- the MAC ---------------------------------------------------------------------------------------------- */

struct mac {
    EVP_MAC *algorithm;
    EVP_MAC_CTX *context;
    bool is_good;
};

static void begin_mac(struct mac *mac, const struct mf_secret *secret)
{
    struct mf_slice key = mf__field(secret, FIELD_KEY);
    struct mf_slice name = mf__field(secret, FIELD_ALGORITHM);
    char digest[17] = "sha256";
    OSSL_PARAM params[2];

    if (name.data != NULL) {
        (void)snprintf(digest, sizeof digest, "%.*s", (int)name.size, (const char *)name.data);
    }
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
    params[1] = OSSL_PARAM_construct_end();
    mac->algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    mac->context = mac->algorithm == NULL ? NULL : EVP_MAC_CTX_new(mac->algorithm);
    mac->is_good = mac->context != NULL && EVP_MAC_init(mac->context, key.data, key.size, params) == 1;
}

static void feed(struct mac *mac, struct mf_slice bytes)
{
    if (bytes.size > 0) {
        mac->is_good = mac->is_good && EVP_MAC_update(mac->context, bytes.data, bytes.size) == 1;
    }
}

static bool end_mac(struct mac *mac, uint8_t *ret_mac, size_t size_max, size_t *ret_size)
{
    bool is_good = mac->is_good && EVP_MAC_final(mac->context, ret_mac, ret_size, size_max) == 1;

    EVP_MAC_CTX_free(mac->context);
    EVP_MAC_free(mac->algorithm);
    return is_good;
}

static size_t write_number(char text[24], uint64_t number)
{
    int size = snprintf(text, 24, "%llu", (unsigned long long)number);

    return (size_t)size;
}

static void feed_body_hash(struct mac *mac, const struct mf_secret_request *request)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[32];
    char text[64];

    if (!request->has_body) {
        mf__sha256(mf_slice_of_cstr(""), digest);
    } else if (request->body_sha256 != NULL) {
        memcpy(digest, request->body_sha256, sizeof digest);
    } else {
        mf__sha256(request->body, digest);
    }
    for (size_t i = 0; i < sizeof digest; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 0xf];
    }
    feed(mac, mf_slice_of(text, sizeof text));
}

static void feed_word(struct mac *mac, enum word word, const struct mf_secret_request *request)
{
    char number[24];

    switch (word) {
    case WORD_METHOD:
        feed(mac, request->method);
        break;
    case WORD_SCHEME:
        feed(mac, request->target.scheme);
        break;
    case WORD_HOST:
        feed(mac, request->target.host);
        break;
    case WORD_PATH:
        feed(mac, request->path);
        break;
    case WORD_QUERY:
        feed(mac, request->query);
        break;
    case WORD_TARGET:
        feed(mac, request->path);
        feed(mac, mf_slice_of("?", request->query.size > 0 ? 1 : 0));
        feed(mac, request->query);
        break;
    case WORD_TIMESTAMP:
        feed(mac, mf_slice_of(number, write_number(number, request->unix_ms / 1000)));
        break;
    case WORD_TIMESTAMP_MS:
        feed(mac, mf_slice_of(number, write_number(number, request->unix_ms)));
        break;
    case WORD_BODY_SHA256:
        feed_body_hash(mac, request);
        break;
    case WORD_BODY:
        feed(mac, request->has_body ? request->body : mf_slice_of(NULL, 0));
        break;
    case WORD_SIGNATURE:
    case WORDS_COUNT:
        mac->is_good = false;
        break;
    }
}

/* Whether what the template needs of the body was given. */
static bool has_body_needed(const struct mf_secret *secret, const struct mf_secret_request *request)
{
    switch (mf__mac_body(secret)) {
    case MF_SECRET_BODY_BYTES:
        return !request->has_body || request->body.data != NULL;
    case MF_SECRET_BODY_HASH:
        return !request->has_body || request->body.data != NULL || request->body_sha256 != NULL;
    case MF_SECRET_BODY_UNUSED:
    case MF_SECRET_BODY_IF_KNOWN:
        break;
    }
    return true;
}

static bool make_mac(const struct mf_secret *secret,
                     const struct mf_secret_request *request,
                     uint8_t *ret_mac,
                     size_t size_max,
                     size_t *ret_size)
{
    struct mf_slice text = mf__field(secret, FIELD_TEMPLATE);
    struct piece piece;
    struct mac mac;
    size_t cursor = 0;

    begin_mac(&mac, secret);
    while (next_piece(text, &cursor, &piece) > 0) {
        if (piece.is_word) {
            feed_word(&mac, piece.word, request);
        } else {
            feed(&mac, piece.text);
        }
    }
    return end_mac(&mac, ret_mac, size_max, ret_size);
}

/* ---- the headers ------------------------------------------------------------------------------------------- */

static void write_name(struct vault_out *out, struct mf_slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        mf__out_byte(out, c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c);
    }
    mf__out_byte(out, 0);
}

static struct mf_slice
write_signature(struct vault_out *out, const struct mf_secret *secret, struct mf_slice bytes)
{
    size_t begin = out->size;

    if (mf__field_is(secret, FIELD_ENCODING, "base64")) {
        mf__out_base64(out, bytes, false);
    } else if (mf__field_is(secret, FIELD_ENCODING, "base64url")) {
        mf__out_base64(out, bytes, true);
    } else {
        mf__out_hex(out, bytes);
    }
    return mf__out_since(out, begin);
}

static struct mf_slice write_value(struct vault_out *out,
                                   const struct mf_secret *secret,
                                   const struct mf_secret_request *request,
                                   struct mf_slice bytes)
{
    struct mf_slice text = mf__field(secret, FIELD_HEADER_VALUE);
    struct mf_slice signature = mf_slice_of(NULL, 0);
    struct piece piece;
    size_t cursor = 0;

    if (text.data == NULL) {
        return write_signature(out, secret, bytes);
    }
    while (next_piece(text, &cursor, &piece) > 0) {
        if (!piece.is_word) {
            mf__out_append(out, piece.text);
        } else if (piece.word == WORD_SIGNATURE) {
            signature = write_signature(out, secret, bytes);
        } else {
            mf__out_u64(out, piece.word == WORD_TIMESTAMP ? request->unix_ms / 1000 : request->unix_ms);
        }
    }
    return signature;
}

int mf__mac_apply(const struct mf_secret *secret,
                  const struct mf_secret_request *request,
                  struct vault_out *out,
                  struct mf_secret_applied *applied)
{
    struct mf_slice timestamp_header = mf__field(secret, FIELD_TIMESTAMP_HEADER);
    uint8_t bytes[EVP_MAX_MD_SIZE];
    size_t size = 0;
    size_t begin;

    if (!has_body_needed(secret, request)) {
        return MF_E_SECRET_UNSIGNABLE;
    }
    if (!make_mac(secret, request, bytes, sizeof bytes, &size)) {
        return MF_E_NO_MEMORY;
    }
    write_name(out, mf__field(secret, FIELD_NAME));
    mf__applied_needle(applied, write_value(out, secret, request, mf_slice_of(bytes, size)));
    mf__out_byte(out, 0);
    mf_wipe(bytes, sizeof bytes);
    if (timestamp_header.data != NULL) {
        write_name(out, timestamp_header);
        mf__out_u64(out, request->unix_ms / 1000);
        mf__out_byte(out, 0);
    }
    applied->headers = mf__out_since(out, 0);
    begin = out->size;
    mf__out_append(out, mf__field(secret, FIELD_KEY));
    mf__applied_needle(applied, mf__out_since(out, begin));
    return out->error;
}
