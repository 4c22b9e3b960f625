/* record.c - a secret as bytes: what is sealed, and at the same time where its fields live in memory.
 *
 *     1 byte   the format, 1
 *     1 byte   the kind
 *     then, for each field: 1 byte number, 4 bytes size (big-endian), the bytes
 *
 * A stored record was sealed by us and opened with its tag checked; it is read as if it were not. */
#include "internal.h"

#define FORMAT 1
#define HEAD_BYTES 2
#define FIELD_HEAD_BYTES 5

static uint64_t serial_last;

int mf__record_new(enum mf_secret_kind kind, MF_OWN struct mf_secret **ret_secret)
{
    struct mf_secret *secret = mf_new(sizeof *secret);

    secret->record_capacity = MF_SECRET_RECORD_BYTES_MAX;
    secret->record = mf_vault_memory_new(secret->record_capacity);
    if (secret->record == NULL) {
        mf_free(secret);
        return MF_E_NO_MEMORY;
    }
    secret->refs = 1;
    secret->kind = kind;
    secret->serial = __atomic_add_fetch(&serial_last, 1, __ATOMIC_RELAXED);
    secret->record[0] = FORMAT;
    secret->record[1] = (uint8_t)kind;
    secret->record_size = HEAD_BYTES;
    *ret_secret = secret;
    return 0;
}

int mf__record_add(struct mf_secret *secret, enum vault_field field, struct mf_slice bytes)
{
    size_t room = secret->record_capacity - secret->record_size;
    uint8_t *at = secret->record + secret->record_size;

    if (room < FIELD_HEAD_BYTES || bytes.size > room - FIELD_HEAD_BYTES) {
        return MF_E_TOO_LARGE;
    }
    at[0] = (uint8_t)field;
    for (unsigned i = 0; i < 4; i++) {
        at[1 + i] = (uint8_t)(bytes.size >> (24 - 8 * i));
    }
    if (bytes.size > 0) {
        memcpy(at + FIELD_HEAD_BYTES, bytes.data, bytes.size);
    }
    secret->record_size += FIELD_HEAD_BYTES + bytes.size;
    return 0;
}

/* One field into its place; each at most once, but hosts. */
static int index_field(struct mf_secret *secret, uint8_t number, struct mf_slice bytes)
{
    if (number == FIELD_HOST) {
        if (secret->hosts_count == MF_SECRET_HOSTS_MAX) {
            return MF_E_VAULT_RECORD;
        }
        secret->hosts[secret->hosts_count++] = bytes;
        return 0;
    }
    if (number == 0 || number >= VAULT_FIELDS_END || secret->fields[number].data != NULL) {
        return MF_E_VAULT_RECORD;
    }
    secret->fields[number] = bytes;
    return 0;
}

/* Memory for just what is there; what a secret is made in has room for the largest. */
static int shrink(struct mf_secret *secret)
{
    uint8_t *record = mf_vault_memory_new(secret->record_size);

    if (record == NULL) {
        return MF_E_NO_MEMORY;
    }
    memcpy(record, secret->record, secret->record_size);
    mf_vault_memory_free(secret->record, secret->record_capacity);
    secret->record = record;
    secret->record_capacity = secret->record_size;
    return 0;
}

int mf__record_index(struct mf_secret *secret)
{
    size_t at = HEAD_BYTES;
    int rc = shrink(secret);

    while (rc == 0 && at < secret->record_size) {
        const uint8_t *field = secret->record + at;
        size_t left = secret->record_size - at;
        size_t size = 0;
        if (left < FIELD_HEAD_BYTES) {
            return MF_E_VAULT_RECORD;
        }
        for (unsigned i = 0; i < 4; i++) {
            size = size << 8 | field[1 + i];
        }
        if (size > left - FIELD_HEAD_BYTES) {
            return MF_E_VAULT_RECORD;
        }
        rc = index_field(secret, field[0], mf_slice_of(field + FIELD_HEAD_BYTES, size));
        at += FIELD_HEAD_BYTES + size;
    }
    secret->is_http_allowed = secret->fields[FIELD_HTTP].data != NULL;
    return rc;
}

static const struct vault_field_rule *rule_of(enum mf_secret_kind kind, uint8_t number)
{
    for (const struct vault_field_rule *rule = mf__kind_fields(kind); rule->json != NULL; rule++) {
        if (rule->field == number) {
            return rule;
        }
    }
    return NULL;
}

/* The checks of the API over again: a record that could not have been put is not used. */
static int check_fields(const struct mf_secret *secret)
{
    const char *json;

    for (unsigned number = FIELD_HTTP + 1; number < VAULT_FIELDS_END; number++) {
        struct mf_slice bytes = secret->fields[number];
        const struct vault_field_rule *rule = rule_of(secret->kind, (uint8_t)number);
        if (bytes.data == NULL) {
            if (rule != NULL && rule->is_required) {
                return MF_E_VAULT_RECORD;
            }
        } else if (rule == NULL || bytes.size == 0 || bytes.size > rule->bytes_max ||
                   (rule->check != NULL && rule->check(bytes) != NULL)) {
            return MF_E_VAULT_RECORD;
        }
    }
    for (size_t i = 0; i < secret->hosts_count; i++) {
        if (mf__host_check(secret->hosts[i]) != NULL) {
            return MF_E_VAULT_RECORD;
        }
    }
    if (secret->hosts_count == 0 || secret->fields[FIELD_HTTP].size != 0) {
        return MF_E_VAULT_RECORD;
    }
    return mf__kind_check_whole(secret, &json) == NULL ? 0 : MF_E_VAULT_RECORD;
}

int mf__record_decode(struct mf_slice bytes, MF_OWN struct mf_secret **ret_secret)
{
    struct mf_secret *secret;
    int rc;

    if (bytes.size < HEAD_BYTES || bytes.size > MF_SECRET_RECORD_BYTES_MAX || bytes.data[0] != FORMAT ||
        bytes.data[1] >= MF_SECRET_KINDS_COUNT) {
        return MF_E_VAULT_RECORD;
    }
    rc = mf__record_new((enum mf_secret_kind)bytes.data[1], &secret);
    if (rc < 0) {
        return rc;
    }
    memcpy(secret->record, bytes.data, bytes.size);
    secret->record_size = bytes.size;
    rc = mf__record_index(secret);
    if (rc == 0) {
        rc = check_fields(secret);
    }
    if (rc < 0) {
        mf_secret_unref(secret);
        return rc;
    }
    *ret_secret = secret;
    return 0;
}

struct mf_secret *mf_secret_ref(struct mf_secret *secret)
{
    MF_ASSERT(secret->refs > 0 && secret->refs < UINT32_MAX);
    secret->refs++;
    return secret;
}

void mf_secret_unref(MF_OWN struct mf_secret *secret)
{
    if (secret == NULL || --secret->refs > 0) {
        return;
    }
    mf_vault_memory_free(secret->record, secret->record_capacity);
    mf_free(secret);
}

enum mf_secret_kind mf_secret_kind_of(const struct mf_secret *secret)
{
    return secret->kind;
}

uint64_t mf_secret_serial(const struct mf_secret *secret)
{
    return secret->serial;
}
