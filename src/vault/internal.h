/* internal.h - what the files of the vault share: a secret as fields, the table of kinds, sealing, a wiped writer. */
#ifndef MAYFLY_VAULT_INTERNAL_H
#define MAYFLY_VAULT_INTERNAL_H

#include <mayfly/vault.h>

/* ---- fields: everything that a secret can consist of ------------------------------------------------ */

/* The number stands in stored records: it is never used again. */
#define VAULT_FIELD_MAP(XX)                                                                                  \
    XX(HOST, 1) /* Once for each host. */                                                                    \
    XX(HTTP, 2) /* No bytes: allowHttp. */                                                                   \
    XX(TOKEN, 3)                                                                                             \
    XX(USERNAME, 4)                                                                                          \
    XX(PASSWORD, 5)                                                                                          \
    XX(NAME, 6) /* Of a header or a query parameter. */                                                      \
    XX(PREFIX, 7)                                                                                            \
    XX(VALUE, 8)                                                                                             \
    XX(TOKEN_URL, 9)                                                                                         \
    XX(CLIENT_ID, 10)                                                                                        \
    XX(CLIENT_SECRET, 11)                                                                                    \
    XX(SCOPE, 12)                                                                                            \
    XX(AUDIENCE, 13)                                                                                         \
    XX(AUTH_STYLE, 14)                                                                                       \
    XX(ACCESS_KEY_ID, 15)                                                                                    \
    XX(SECRET_ACCESS_KEY, 16)                                                                                \
    XX(SESSION_TOKEN, 17)                                                                                    \
    XX(REGION, 18)                                                                                           \
    XX(SERVICE, 19)                                                                                          \
    XX(PAYLOAD, 20)                                                                                          \
    XX(KEY, 21) /* Raw bytes. */                                                                             \
    XX(ALGORITHM, 22)                                                                                        \
    XX(ENCODING, 23)                                                                                         \
    XX(TEMPLATE, 24)                                                                                         \
    XX(HEADER_VALUE, 25)                                                                                     \
    XX(TIMESTAMP_HEADER, 26)

enum vault_field {
#define XX(name, number) FIELD_##name = (number),
    VAULT_FIELD_MAP(XX)
#undef XX
        VAULT_FIELDS_END
};

struct mf_secret {
    uint32_t refs;
    enum mf_secret_kind kind;
    bool is_http_allowed;
    uint64_t serial;
    uint64_t version;
    uint64_t updated_ms;
    uint64_t used_ms;
    struct mf_slice fields[VAULT_FIELDS_END]; /* Into |record|; data NULL: not there. */
    struct mf_slice hosts[MF_SECRET_HOSTS_MAX];
    size_t hosts_count;
    uint8_t *record; /* The fields as they are sealed (record.c); mf_vault_memory. */
    size_t record_size;
    size_t record_capacity;
};

/* ---- kinds.c: the table --------------------------------------------------------------------------- */

/* How the bytes of a field come out of a JSON string. */
enum vault_form { FORM_TEXT, FORM_BASE64, FORM_HEX };

struct vault_field_rule {
    enum vault_field field;
    const char *json; /* Its name in the API. */
    bool is_required; /* Where two rules have the same field: one of them. */
    enum vault_form form;
    size_t bytes_max;
    const char *(*check)(struct mf_slice bytes); /* NULL: it is fine; else "must ...". Never quotes. */
};

/* Up to the row with json == NULL. */
const struct vault_field_rule *mf__kind_fields(enum mf_secret_kind kind);
MF_MUST_CHECK int mf__kind_parse(struct mf_slice name, enum mf_secret_kind *ret_kind);
/* NULL: it can stand in a header's value as it is. */
const char *mf__kind_check_token(struct mf_slice bytes);
/* What no field can see alone; NULL, or a sentence, and *ret_json is the field that it is about. */
const char *mf__kind_check_whole(const struct mf_secret *secret, const char **ret_json);

/* ---- record.c: fields <-> bytes -------------------------------------------------------------------- */

MF_MUST_CHECK int mf__record_new(enum mf_secret_kind kind, MF_OWN struct mf_secret **ret_secret);
/* While a secret is made. MF_E_TOO_LARGE past MF_SECRET_RECORD_BYTES_MAX. */
MF_MUST_CHECK int mf__record_add(struct mf_secret *secret, enum vault_field field, struct mf_slice bytes);
/* Reads all that was added; from here on the secret does not change. */
MF_MUST_CHECK int mf__record_index(struct mf_secret *secret);
/* From stored bytes, which are checked as strictly as the API's: MF_E_VAULT_RECORD. */
MF_MUST_CHECK int mf__record_decode(struct mf_slice bytes, MF_OWN struct mf_secret **ret_secret);

/* ---- hosts.c ----------------------------------------------------------------------------------------- */

/* NULL, or what a host pattern must be. */
const char *mf__host_check(struct mf_slice pattern);
bool mf__host_matches(struct mf_slice pattern, const struct mf_secret_target *target);
bool mf__header_name_is_ours(struct mf_slice name); /* Framing, connection, host: no secret may set them. */

/* ---- key.c, seal.c ----------------------------------------------------------------------------------- */

#define VAULT_KEY_BYTES 32
#define VAULT_KEY_ID_CHARS 16
#define VAULT_KEYS_MAX 16

struct vault_key {
    uint8_t *bytes; /* VAULT_KEY_BYTES in mf_vault_memory. */
    char id[VAULT_KEY_ID_CHARS + 1];
};

/* Reads a key file: 32 bytes as base64 or hexadecimal text, or raw. MF_E_VAULT_KEY with a sentence; MF_E_NOT_FOUND with one
 * too: there is no such file. */
MF_MUST_CHECK int mf__key_read(const char *path, struct vault_key *ret_key, char *ret_why);
/* Makes |path|, 0600, with a new key, on the disk before it returns. */
MF_MUST_CHECK int mf__key_make(const char *path, struct vault_key *ret_key, char *ret_why);
void mf__key_done(struct vault_key *key);

/* What a sealed record is bound to: a record that is moved to another row does not open there. */
struct vault_label {
    struct mf_slice tenant;
    struct mf_slice name;
    struct mf_slice kind;
    uint64_t version;
};

MF_MUST_CHECK int mf__seal(const struct vault_key *key,
                           const struct vault_label *label,
                           struct mf_slice plain,
                           struct mf_buf *out);
/* |ret_plain| is |*ret_size| bytes of mf_vault_memory. MF_E_VAULT_RECORD. */
MF_MUST_CHECK int mf__unseal(const struct vault_key *key,
                             const struct vault_label *label,
                             struct mf_slice sealed,
                             MF_OWN uint8_t **ret_plain,
                             size_t *ret_size);

/* ---- out.c: a writer into memory that is wiped ------------------------------------------------------ */

struct vault_out {
    uint8_t *data; /* mf_vault_memory of |capacity|, or NULL after an error. */
    size_t size;
    size_t capacity;
    int error; /* The first one; writes after it do nothing. */
};

void mf__out_init(struct vault_out *out, size_t capacity);
void mf__out_done(struct vault_out *out);
void mf__out_append(struct vault_out *out, struct mf_slice bytes);
void mf__out_cstr(struct vault_out *out, const char *text);
void mf__out_byte(struct vault_out *out, uint8_t byte);
void mf__out_u64(struct vault_out *out, uint64_t number);
void mf__out_hex(struct vault_out *out, struct mf_slice bytes);
void mf__out_base64(struct vault_out *out, struct mf_slice bytes, bool is_url);
/* Unreserved characters (RFC 3986) stay, and those of |more|; others become %XX. */
void mf__out_percent(struct vault_out *out, struct mf_slice bytes, const char *more);
/* What was written since |begin|. */
struct mf_slice mf__out_since(const struct vault_out *out, size_t begin);

/* ---- what is made of a secret -------------------------------------------------------------------------- */

void mf__sha256(struct mf_slice bytes, uint8_t ret_digest[32]);
void mf__applied_needle(struct mf_secret_applied *applied, struct mf_slice bytes);
/* aws.c, mac.c: write a header list to |out| and put needles; the caller fills in the rest. */
MF_MUST_CHECK int mf__aws_apply(const struct mf_secret *secret,
                                const struct mf_secret_request *request,
                                struct vault_out *out,
                                struct mf_secret_applied *applied);
MF_MUST_CHECK int mf__mac_apply(const struct mf_secret *secret,
                                const struct mf_secret_request *request,
                                struct vault_out *out,
                                struct mf_secret_applied *applied);
enum mf_secret_body mf__aws_body(const struct mf_secret *secret);
enum mf_secret_body mf__mac_body(const struct mf_secret *secret);
/* NULL, or "must ...": templates of MF_SECRET_HMAC. */
const char *mf__mac_check_template(struct mf_slice text);
const char *mf__mac_check_header_value(struct mf_slice text);

static inline struct mf_slice mf__field(const struct mf_secret *secret, enum vault_field field)
{
    return secret->fields[field];
}

static inline bool mf__field_is(const struct mf_secret *secret, enum vault_field field, const char *text)
{
    return secret->fields[field].data != NULL && mf_slice_equal_cstr(secret->fields[field], text);
}

/* Says why in |ret_why| (MF_VAULT_WHY_BYTES_MAX); |error|. */
int mf__vault_refuse(char *ret_why, int error, const char *format, ...) MF_PRINTF(3, 4);

#endif
