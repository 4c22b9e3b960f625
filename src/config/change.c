/* change.c - a config that is read again beside the one that runs: what of it has to wait for the next start. */
#include <stdio.h>

#include "fields.h"

static bool text_differs(const char *one, const char *other)
{
    return one == NULL || other == NULL ? one != other : strcmp(one, other) != 0;
}

static bool texts_differ(char *const *ones, size_t ones_count, char *const *others, size_t others_count)
{
    if (ones_count != others_count) {
        return true;
    }
    for (size_t i = 0; i < ones_count; i++) {
        if (text_differs(ones[i], others[i])) {
            return true;
        }
    }
    return false;
}

/* ---- the fields that are more than a number ------------------------------------------------------------ */

bool mf_config_same_listens(const struct mf_config *one, const struct mf_config *other)
{
    if (one->listens_count != other->listens_count) {
        return false;
    }
    for (size_t i = 0; i < one->listens_count; i++) {
        const struct mf_config_listen *a = &one->listens[i];
        const struct mf_config_listen *b = &other->listens[i];
        if (text_differs(a->host, b->host) || a->port != b->port ||
            text_differs(a->unix_path, b->unix_path) || a->unix_mode != b->unix_mode ||
            !a->tls_cert_path != !b->tls_cert_path) {
            return false;
        }
    }
    return true;
}

bool mf__config_listens_differ(const struct mf_config *one, const struct mf_config *other)
{
    return !mf_config_same_listens(one, other);
}

bool mf__config_dns_servers_differ(const struct mf_config *one, const struct mf_config *other)
{
    return texts_differ(one->outbound_dns_servers, one->outbound_dns_servers_count,
                        other->outbound_dns_servers, other->outbound_dns_servers_count);
}

bool mf__config_isolation_differs(const struct mf_config *one, const struct mf_config *other)
{
    return one->isolation != other->isolation;
}

bool mf__config_otlp_url_differs(const struct mf_config *one, const struct mf_config *other)
{
    return text_differs(one->otlp_url, other->otlp_url);
}

bool mf__config_usage_push_url_differs(const struct mf_config *one, const struct mf_config *other)
{
    return text_differs(one->usage_push_url, other->usage_push_url);
}

bool mf__config_v8_flags_differ(const struct mf_config *one, const struct mf_config *other)
{
    return text_differs(one->v8_flags, other->v8_flags);
}

bool mf__config_key_files_differ(const struct mf_config *one, const struct mf_config *other)
{
    return texts_differ(one->vault_previous_key_paths, one->vault_previous_keys_count,
                        other->vault_previous_key_paths, other->vault_previous_keys_count);
}

bool mf__config_jail_layers_differ(const struct mf_config *one, const struct mf_config *other)
{
    return one->jail_layers != other->jail_layers;
}

bool mf__config_jail_required_differs(const struct mf_config *one, const struct mf_config *other)
{
    return one->jail_layers_required != other->jail_layers_required;
}

/* ---- the table ----------------------------------------------------------------------------------------- */

static bool
field_differs(const struct config_field *field, const struct mf_config *one, const struct mf_config *other)
{
    const void *a = (const char *)one + field->offset;
    const void *b = (const char *)other + field->offset;

    switch (field->kind) {
    case FIELD_U32:
        return *(const uint32_t *)a != *(const uint32_t *)b;
    case FIELD_U64:
    case FIELD_MIB:
        return *(const uint64_t *)a != *(const uint64_t *)b;
    case FIELD_BOOL:
        return *(const bool *)a != *(const bool *)b;
    case FIELD_LIMIT: {
        const struct mf_limit *limit = a;
        const struct mf_limit *another = b;
        return limit->standard != another->standard || limit->max != another->max;
    }
    case FIELD_PATH:
        return text_differs(*(char *const *)a, *(char *const *)b);
    case FIELD_CUSTOM:
        MF_ASSERT(field->differs != NULL); /* Its row of the table is not whole. */
        return field->differs(one, other);
    case FIELD_SECTION:
        break;
    }
    MF_ASSERT(false);
    return false;
}

struct comparison {
    const struct mf_config *one;
    const struct mf_config *other;
    char *pointers;
    size_t size;
    unsigned count;
};

static void add(struct comparison *comparison, const char *pointer)
{
    size_t room = MF_CONFIG_WHY_BYTES_MAX - comparison->size;
    int size = snprintf(comparison->pointers + comparison->size, room, "%s%s",
                        comparison->count > 0 ? ", " : "", pointer);

    comparison->count++;
    comparison->size += size > 0 && (size_t)size < room ? (size_t)size : room - 1;
}

static void
compare(struct comparison *comparison, const struct config_field *fields, const char *parent, bool is_fixed)
{
    for (const struct config_field *field = fields; field->name != NULL; field++) {
        char pointer[CONFIG_POINTER_BYTES_MAX];
        mf__config_pointer_join(pointer, parent, field->name);
        if (field->kind == FIELD_SECTION) {
            compare(comparison, field->fields, pointer, is_fixed || field->is_fixed);
        } else if ((is_fixed || field->is_fixed) &&
                   field_differs(field, comparison->one, comparison->other)) {
            add(comparison, pointer);
        }
    }
}

unsigned
mf_config_compare_fixed(const struct mf_config *running, const struct mf_config *next, char *ret_pointers)
{
    struct comparison comparison = {.one = running, .other = next, .pointers = ret_pointers};

    ret_pointers[0] = 0;
    compare(&comparison, mf__config_root_fields, "", false);
    return comparison.count;
}
