/* read.c - a secret out of the JSON of the API: every fault is found, none of them quotes a value. */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "internal.h"

#define FIELDS_MAX 24 /* Members that are looked at; more are refused. */
#define POINTER_BYTES_MAX 96

struct reader {
    struct mf_buf *faults;
    bool has_fault;
    struct mf_secret *secret;
};

/* One item of the array. What does not fit is left out; the refusal stands. */
static void fault(struct reader *reader, const char *pointer, const char *format, ...) MF_PRINTF(3, 4);

static void fault(struct reader *reader, const char *pointer, const char *format, ...)
{
    char detail[384];
    struct mf_buf item;
    va_list args;
    int rc;

    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    mf_buf_init(&item, 2048);
    rc = mf_buf_append_cstr(&item, reader->faults->size > 0 ? ",{\"pointer\":" : "{\"pointer\":");
    if (rc == 0) {
        rc = mf_buf_append_json_string(&item, mf_slice_of_cstr(pointer));
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(&item, ",\"detail\":");
    }
    if (rc == 0) {
        rc = mf_buf_append_json_string(&item, mf_slice_of_cstr(detail));
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(&item, "}");
    }
    if (rc == 0) {
        mf_ignore(mf_buf_append_slice(reader->faults, mf_buf_peek(&item)));
    }
    mf_buf_done(&item);
    reader->has_fault = true;
}

/* A member's name is the caller's: what is no plain word is not repeated, as it may be a value in the wrong place. */
static void pointer_of(char pointer[POINTER_BYTES_MAX], const char *name, bool is_known)
{
    size_t letters = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    bool is_word = is_known || (name[letters] == '\0' && letters <= 32);

    (void)snprintf(pointer, POINTER_BYTES_MAX, "%s%.32s", is_word ? "/" : "", is_word ? name : "");
}

/* ---- one field --------------------------------------------------------------------------------------- */

static int decode_hex(struct mf_slice text, struct vault_out *out)
{
    for (size_t i = 0; i + 1 < text.size; i += 2) {
        uint8_t byte = 0;
        for (size_t j = 0; j < 2; j++) {
            int digit = mf_hex_digit(text.data[i + j]);
            if (digit < 0) {
                return MF_E_INVALID;
            }
            byte = (uint8_t)(byte << 4 | digit);
        }
        mf__out_byte(out, byte);
    }
    return text.size % 2 == 0 ? 0 : MF_E_INVALID;
}

/* |buf| is grown once only, so that no copy stays behind; it is wiped by the caller. */
static int decode(enum vault_form form, struct mf_slice text, struct vault_out *out)
{
    struct mf_buf bytes;
    int rc;

    switch (form) {
    case FORM_TEXT:
        mf__out_append(out, text);
        return out->error;
    case FORM_HEX:
        rc = decode_hex(text, out);
        return rc < 0 ? rc : out->error;
    case FORM_BASE64:
        mf_buf_init(&bytes, text.size + 3);
        rc = mf_buf_reserve(&bytes, text.size + 3);
        if (rc == 0) {
            rc = mf_buf_append_base64_decoded(&bytes, text);
        }
        if (rc == 0) {
            mf__out_append(out, mf_buf_peek(&bytes));
        }
        mf_wipe(bytes.data, bytes.capacity);
        mf_buf_done(&bytes);
        return rc < 0 ? rc : out->error;
    }
    return MF_E_INTERNAL;
}

static void
read_field(struct reader *reader, const struct vault_field_rule *rule, const cJSON *item, const char *pointer)
{
    struct vault_out out;
    struct mf_slice bytes;
    const char *must = NULL;

    if (!cJSON_IsString(item)) {
        fault(reader, pointer, "must be a string");
        return;
    }
    mf__out_init(&out, rule->bytes_max);
    int rc = decode(rule->form, mf_slice_of_cstr(item->valuestring), &out);
    bytes = mf__out_since(&out, 0);
    if (rc == MF_E_TOO_LARGE) {
        fault(reader, pointer, "must not be longer than %zu bytes", rule->bytes_max);
    } else if (rc == MF_E_INVALID) {
        fault(reader, pointer, "must be %s",
              rule->form == FORM_HEX ? "pairs of hexadecimal digits" : "base64");
    } else if (rc < 0) {
        fault(reader, pointer, "cannot be read now: there is no memory");
    } else if (bytes.size == 0) {
        fault(reader, pointer, "must not be empty");
    } else if (rule->check != NULL && (must = rule->check(bytes)) != NULL) {
        fault(reader, pointer, "%s", must);
    } else if (mf__record_add(reader->secret, rule->field, bytes) < 0) {
        fault(reader, "", "must not have more than %d bytes in all", MF_SECRET_RECORD_BYTES_MAX);
    }
    mf__out_done(&out);
}

static void read_hosts(struct reader *reader, const cJSON *hosts)
{
    char pointer[POINTER_BYTES_MAX];
    size_t count = 0;

    if (!cJSON_IsArray(hosts) || hosts->child == NULL) {
        fault(reader, "/hosts", "must be a list of at least one host that the secret may be sent to");
        return;
    }
    for (const cJSON *item = hosts->child; item != NULL; item = item->next) {
        const char *must =
            cJSON_IsString(item) ? mf__host_check(mf_slice_of_cstr(item->valuestring)) : "must be a string";
        (void)snprintf(pointer, sizeof pointer, "/hosts/%zu", count);
        if (count++ == MF_SECRET_HOSTS_MAX) {
            fault(reader, "/hosts", "must not have more than %d hosts", MF_SECRET_HOSTS_MAX);
            return;
        }
        if (must != NULL) {
            fault(reader, pointer, "%s", must);
        } else if (mf__record_add(reader->secret, FIELD_HOST, mf_slice_of_cstr(item->valuestring)) < 0) {
            fault(reader, pointer, "must not have more than %d bytes in all", MF_SECRET_RECORD_BYTES_MAX);
        }
    }
}

static void read_allow_http(struct reader *reader, const cJSON *item)
{
    if (!cJSON_IsBool(item)) {
        fault(reader, "/allowHttp", "must be true or false");
    } else if (cJSON_IsTrue(item)) {
        mf_ignore(mf__record_add(reader->secret, FIELD_HTTP,
                                 mf_slice_of("", 0))); /* Too large is found elsewhere. */
    }
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

static const struct vault_field_rule *rule_named(enum mf_secret_kind kind, const char *name)
{
    const struct vault_field_rule *rule = mf__kind_fields(kind);

    while (rule->json != NULL && strcmp(rule->json, name) != 0) {
        rule++;
    }
    return rule->json == NULL ? NULL : rule;
}

static bool is_repeated(const cJSON *object, const cJSON *item)
{
    for (const cJSON *other = object->child; other != item; other = other->next) {
        if (strcmp(other->string, item->string) == 0) {
            return true;
        }
    }
    return false;
}

static void read_members(struct reader *reader, const cJSON *body)
{
    char pointer[POINTER_BYTES_MAX];
    size_t count = 0;

    for (const cJSON *item = body->child; item != NULL; item = item->next) {
        const struct vault_field_rule *rule = rule_named(reader->secret->kind, item->string);
        pointer_of(pointer, item->string, rule != NULL);
        if (++count > FIELDS_MAX) {
            fault(reader, "", "must not have more than %d fields", FIELDS_MAX);
            return;
        }
        if (is_repeated(body, item)) {
            fault(reader, pointer, "stands there twice");
        } else if (strcmp(item->string, "hosts") == 0) {
            read_hosts(reader, item);
        } else if (strcmp(item->string, "allowHttp") == 0) {
            read_allow_http(reader, item);
        } else if (rule != NULL) {
            read_field(reader, rule, item, pointer);
        } else if (strcmp(item->string, "kind") != 0) {
            fault(reader, pointer, "is not a field of the kind %s",
                  mf_secret_kind_name(reader->secret->kind));
        }
    }
}

/* How many of the members that lead to |field| are there. */
static unsigned count_present(enum mf_secret_kind kind, enum vault_field field, const cJSON *body)
{
    unsigned count = 0;

    for (const struct vault_field_rule *rule = mf__kind_fields(kind); rule->json != NULL; rule++) {
        count += rule->field == field && cJSON_GetObjectItemCaseSensitive(body, rule->json) != NULL ? 1 : 0;
    }
    return count;
}

static void check_present(struct reader *reader, const cJSON *body)
{
    enum mf_secret_kind kind = reader->secret->kind;
    enum vault_field seen = VAULT_FIELDS_END;
    char pointer[POINTER_BYTES_MAX];

    if (cJSON_GetObjectItemCaseSensitive(body, "hosts") == NULL) {
        fault(reader, "/hosts", "is missing");
    }
    for (const struct vault_field_rule *rule = mf__kind_fields(kind); rule->json != NULL; rule++) {
        unsigned count = count_present(kind, rule->field, body);
        bool is_first = rule->field != seen;
        seen = rule->field;
        (void)snprintf(pointer, sizeof pointer, "/%s", rule->json);
        if (is_first && rule->is_required && count == 0) {
            fault(reader, pointer, "is missing");
        } else if (is_first && count > 1) {
            fault(reader, pointer, "is there in more than one form");
        }
    }
}

static int read_kind(struct reader *reader, const cJSON *body)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(body, "kind");
    enum mf_secret_kind kind;

    if (item == NULL) {
        fault(reader, "/kind", "is missing");
        return MF_E_API_FIELD;
    }
    if (!cJSON_IsString(item) || mf__kind_parse(mf_slice_of_cstr(item->valuestring), &kind) < 0) {
        char words[192] = "";
        for (unsigned i = 0; i < MF_SECRET_KINDS_COUNT; i++) {
            size_t used = strlen(words);
            (void)snprintf(words + used, sizeof words - used, "%s%s", i == 0 ? "" : ", ",
                           mf_secret_kind_name((enum mf_secret_kind)i));
        }
        fault(reader, "/kind", "must be one of %s", words);
        return MF_E_API_FIELD;
    }
    return mf__record_new(kind, &reader->secret);
}

int mf_secret_read(const struct cJSON *body, MF_OWN struct mf_secret **ret_secret, struct mf_buf *ret_faults)
{
    struct reader reader = {.faults = ret_faults};
    const char *json = "";
    const char *must;
    int rc;

    if (!cJSON_IsObject(body)) {
        fault(&reader, "", "must be an object");
        return MF_E_API_FIELD;
    }
    rc = read_kind(&reader, body);
    if (rc < 0) {
        return rc;
    }
    read_members(&reader, body);
    check_present(&reader, body);
    rc = reader.has_fault ? MF_E_API_FIELD : mf__record_index(reader.secret);
    if (rc == 0 && (must = mf__kind_check_whole(reader.secret, &json)) != NULL) {
        char pointer[POINTER_BYTES_MAX];
        (void)snprintf(pointer, sizeof pointer, "/%s", json);
        fault(&reader, pointer, "%s", must);
        rc = MF_E_API_FIELD;
    }
    if (rc < 0) {
        mf_secret_unref(reader.secret);
        return rc;
    }
    *ret_secret = reader.secret;
    return 0;
}
