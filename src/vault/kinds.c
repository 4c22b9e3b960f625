/* kinds.c - the kinds of secrets as data: which fields each has, what may stand in them, and what the whole must be. */
#include "internal.h"

#include <stdio.h>

/* ---- checks of one field: NULL, or what it must be; a sentence never quotes what it found ------------- */

static bool is_field_byte(uint8_t c)
{
    return c >= 0x20 && c != 0x7f;
}

/* What may stand in a header's value as it is. */
const char *mf__kind_check_token(struct mf_slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] < 0x20 || bytes.data[i] > 0x7e) {
            return "must be printable ASCII, without line ends";
        }
    }
    return bytes.data[0] == ' ' || bytes.data[bytes.size - 1] == ' ' ? "must not begin or end with a blank"
                                                                     : NULL;
}

/* Behind a prefix, and in front of a value: blanks at one end are fine. */
static const char *check_prefix(struct mf_slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] < 0x20 || bytes.data[i] > 0x7e) {
            return "must be printable ASCII";
        }
    }
    return bytes.size > 0 && bytes.data[0] == ' ' ? "must not begin with a blank" : NULL;
}

/* UTF-8 without controls: what is encoded before it is sent. */
static const char *check_text(struct mf_slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (!is_field_byte(bytes.data[i])) {
            return "must not have control characters";
        }
    }
    return NULL;
}

static const char *check_username(struct mf_slice bytes)
{
    /* RFC 7617 section 2: the colon ends it. */
    return bytes.size > 0 && memchr(bytes.data, ':', bytes.size) != NULL ? "must not have a colon"
                                                                         : check_text(bytes);
}

static const char *check_header_name(struct mf_slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t c = bytes.data[i];
        bool is_alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_alnum && (c == 0 || strchr("!#$%&'*+-.^_`|~", c) == NULL)) {
            return "must be a header's name";
        }
    }
    return mf__header_name_is_ours(bytes) ? "must not be a header that the daemon or HTTP itself sets" : NULL;
}

static const char *check_token_url(struct mf_slice bytes)
{
    bool is_https = mf_slice_starts_with(bytes, "https://");
    size_t scheme = is_https ? 8 : 7;
    const char *must = "must be an https URL with a host, without user, fragment or blanks";

    if (!is_https && !mf_slice_starts_with(bytes, "http://")) {
        return must;
    }
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t c = bytes.data[i];
        if (c <= 0x20 || c >= 0x7f || strchr("@#\\\"<>^`{|}", c) != NULL) {
            return must;
        }
    }
    return bytes.size == scheme || strchr("/?:", bytes.data[scheme]) != NULL ? must : NULL;
}

static bool is_made_of(struct mf_slice bytes, const char *allowed)
{
    for (size_t i = 0; i < bytes.size; i++) {
        /* strchr finds the NUL that ends |allowed|, too. */
        if (bytes.data[i] == 0 || strchr(allowed, bytes.data[i]) == NULL) {
            return false;
        }
    }
    return true;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"

static const char *check_access_key_id(struct mf_slice bytes)
{
    return is_made_of(bytes, LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-")
               ? NULL
               : "must be letters, digits, '.', '_' or '-'";
}

static const char *check_aws_name(struct mf_slice bytes)
{
    return is_made_of(bytes, LOWER "_-") ? NULL : "must be lower-case letters, digits, '_' or '-'";
}

#define CHECK_ONE_OF(function, sentence, ...)                                                                \
    static const char *function(struct mf_slice bytes)                                                       \
    {                                                                                                        \
        static const char *const words[] = {__VA_ARGS__};                                                    \
        for (size_t i = 0; i < MF_COUNT_OF(words); i++) {                                                    \
            if (mf_slice_equal_cstr(bytes, words[i])) {                                                      \
                return NULL;                                                                                 \
            }                                                                                                \
        }                                                                                                    \
        return sentence;                                                                                     \
    }

CHECK_ONE_OF(check_auth_style, "must be \"basic\" or \"body\"", "basic", "body")
CHECK_ONE_OF(check_payload, "must be \"auto\", \"signed\" or \"unsigned\"", "auto", "signed", "unsigned")
CHECK_ONE_OF(check_algorithm,
             "must be \"sha256\", \"sha384\", \"sha512\" or \"sha1\"",
             "sha256",
             "sha384",
             "sha512",
             "sha1")
CHECK_ONE_OF(check_encoding, "must be \"hex\", \"base64\" or \"base64url\"", "hex", "base64", "base64url")

/* ---- the table ------------------------------------------------------------------------------------------ */

#define VALUE MF_SECRET_VALUE_BYTES_MAX
#define TEXT MF_SECRET_TEXT_BYTES_MAX
#define FIELDS_END                                                                                           \
    {                                                                                                        \
        VAULT_FIELDS_END, NULL, false, FORM_TEXT, 0, NULL                                                    \
    }

/* clang-format off */
static const struct vault_field_rule plain_fields[] = {
    {FIELD_VALUE, "value", true, FORM_TEXT, VALUE, mf__kind_check_token},
    FIELDS_END,
};
static const struct vault_field_rule bearer_fields[] = {
    {FIELD_TOKEN, "token", true, FORM_TEXT, VALUE, mf__kind_check_token},
    FIELDS_END,
};
static const struct vault_field_rule basic_fields[] = {
    {FIELD_USERNAME, "username", true, FORM_TEXT, TEXT, check_username},
    {FIELD_PASSWORD, "password", true, FORM_TEXT, VALUE, check_text},
    FIELDS_END,
};
static const struct vault_field_rule header_fields[] = {
    {FIELD_NAME, "name", true, FORM_TEXT, MF_SECRET_PARAM_BYTES_MAX, check_header_name},
    {FIELD_PREFIX, "prefix", false, FORM_TEXT, TEXT, check_prefix},
    {FIELD_VALUE, "value", true, FORM_TEXT, VALUE, mf__kind_check_token},
    FIELDS_END,
};
static const struct vault_field_rule query_fields[] = {
    {FIELD_NAME, "name", true, FORM_TEXT, MF_SECRET_PARAM_BYTES_MAX, check_text},
    {FIELD_VALUE, "value", true, FORM_TEXT, VALUE, check_text},
    FIELDS_END,
};
static const struct vault_field_rule oauth2_fields[] = {
    {FIELD_TOKEN_URL, "tokenUrl", true, FORM_TEXT, TEXT, check_token_url},
    {FIELD_CLIENT_ID, "clientId", true, FORM_TEXT, TEXT, check_text},
    {FIELD_CLIENT_SECRET, "clientSecret", true, FORM_TEXT, VALUE, check_text},
    {FIELD_SCOPE, "scope", false, FORM_TEXT, TEXT, check_text},
    {FIELD_AUDIENCE, "audience", false, FORM_TEXT, TEXT, check_text},
    {FIELD_AUTH_STYLE, "authStyle", false, FORM_TEXT, 16, check_auth_style},
    FIELDS_END,
};
static const struct vault_field_rule aws_fields[] = {
    {FIELD_ACCESS_KEY_ID, "accessKeyId", true, FORM_TEXT, MF_SECRET_PARAM_BYTES_MAX, check_access_key_id},
    {FIELD_SECRET_ACCESS_KEY, "secretAccessKey", true, FORM_TEXT, TEXT, mf__kind_check_token},
    {FIELD_SESSION_TOKEN, "sessionToken", false, FORM_TEXT, VALUE, mf__kind_check_token},
    {FIELD_REGION, "region", true, FORM_TEXT, MF_SECRET_PARAM_BYTES_MAX, check_aws_name},
    {FIELD_SERVICE, "service", true, FORM_TEXT, MF_SECRET_PARAM_BYTES_MAX, check_aws_name},
    {FIELD_PAYLOAD, "payload", false, FORM_TEXT, 16, check_payload},
    FIELDS_END,
};
static const struct vault_field_rule hmac_fields[] = {
    {FIELD_KEY, "key", true, FORM_TEXT, VALUE, NULL},
    {FIELD_KEY, "keyBase64", true, FORM_BASE64, VALUE, NULL},
    {FIELD_KEY, "keyHex", true, FORM_HEX, VALUE, NULL},
    {FIELD_ALGORITHM, "algorithm", false, FORM_TEXT, 16, check_algorithm},
    {FIELD_ENCODING, "encoding", false, FORM_TEXT, 16, check_encoding},
    {FIELD_NAME, "header", true, FORM_TEXT, MF_SECRET_PARAM_BYTES_MAX, check_header_name},
    {FIELD_HEADER_VALUE, "headerValue", false, FORM_TEXT, TEXT, mf__mac_check_header_value},
    {FIELD_TIMESTAMP_HEADER, "timestampHeader", false, FORM_TEXT, MF_SECRET_PARAM_BYTES_MAX, check_header_name},
    {FIELD_TEMPLATE, "template", true, FORM_TEXT, TEXT, mf__mac_check_template},
    FIELDS_END,
};

static const struct {
    const char *name;
    const struct vault_field_rule *fields;
} kinds[MF_SECRET_KINDS_COUNT] = {
    [MF_SECRET_PLAIN] = {"plain", plain_fields},
    [MF_SECRET_BEARER] = {"bearer", bearer_fields},
    [MF_SECRET_BASIC] = {"basic", basic_fields},
    [MF_SECRET_HEADER] = {"header", header_fields},
    [MF_SECRET_QUERY] = {"query", query_fields},
    [MF_SECRET_OAUTH2] = {"oauth2_client_credentials", oauth2_fields},
    [MF_SECRET_AWS] = {"aws_sigv4", aws_fields},
    [MF_SECRET_HMAC] = {"hmac", hmac_fields},
};
/* clang-format on */

const char *mf_secret_kind_name(enum mf_secret_kind kind)
{
    MF_ASSERT(kind < MF_SECRET_KINDS_COUNT);
    return kinds[kind].name;
}

const struct vault_field_rule *mf__kind_fields(enum mf_secret_kind kind)
{
    MF_ASSERT(kind < MF_SECRET_KINDS_COUNT);
    return kinds[kind].fields;
}

int mf__kind_parse(struct mf_slice name, enum mf_secret_kind *ret_kind)
{
    for (unsigned kind = 0; kind < MF_SECRET_KINDS_COUNT; kind++) {
        if (mf_slice_equal_cstr(name, kinds[kind].name)) {
            *ret_kind = (enum mf_secret_kind)kind;
            return 0;
        }
    }
    return MF_E_INVALID;
}

/* ---- the whole -------------------------------------------------------------------------------------------- */

static bool are_same_header(const struct mf_secret *secret, enum vault_field a, enum vault_field b)
{
    struct mf_slice first = mf__field(secret, a);
    struct mf_slice second = mf__field(secret, b);

    if (first.data == NULL || second.data == NULL || first.size != second.size) {
        return false;
    }
    for (size_t i = 0; i < first.size; i++) {
        if ((first.data[i] | 0x20) != (second.data[i] | 0x20)) {
            return false;
        }
    }
    return true;
}

const char *mf__kind_check_whole(const struct mf_secret *secret, const char **ret_json)
{
    switch (secret->kind) {
    case MF_SECRET_OAUTH2:
        *ret_json = "tokenUrl";
        return mf_slice_starts_with(mf__field(secret, FIELD_TOKEN_URL), "http://") && !secret->is_http_allowed
                   ? "must be an https URL, or allowHttp must be true"
                   : NULL;
    case MF_SECRET_AWS:
        /* Unsigned, over cleartext, anybody on the way could change the body. */
        *ret_json = "payload";
        return mf__field_is(secret, FIELD_PAYLOAD, "unsigned") && secret->is_http_allowed
                   ? "must not be \"unsigned\" where allowHttp is true"
                   : NULL;
    case MF_SECRET_HMAC:
        *ret_json = "timestampHeader";
        return are_same_header(secret, FIELD_NAME, FIELD_TIMESTAMP_HEADER) ? "must not be the same as header"
                                                                           : NULL;
    case MF_SECRET_PLAIN:
    case MF_SECRET_BEARER:
    case MF_SECRET_BASIC:
    case MF_SECRET_HEADER:
    case MF_SECRET_QUERY:
    case MF_SECRET_KINDS_COUNT:
        break;
    }
    return NULL;
}
