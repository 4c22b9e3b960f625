/* names.c - the fields that are lists of names: hosts, origins, jail layers; and the log level and V8's flags. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "reader.h"

typedef const char *name_check_fn(const char *name); /* NULL when it is fine, else "must ...". */

static const char *check_host(const char *name)
{
    for (; *name; name++) {
        if (!isalnum((unsigned char)*name) && !strchr("-._[]:", *name)) {
            return "must be a host name, with its port if that is not the listener's";
        }
    }
    return NULL;
}

static const char *check_origin(const char *name)
{
    static const char shape[] =
        "must be an origin as browsers send it, such as https://example.com or http://localhost:3000";
    const char *host = NULL;
    if (strncmp(name, "https://", 8) == 0) {
        host = name + 8;
    } else if (strncmp(name, "http://", 7) == 0) {
        host = name + 7;
    }
    if (!host || !*host) {
        return shape;
    }
    for (; *host; host++) {
        if (isupper((unsigned char)*host) || (!isalnum((unsigned char)*host) && !strchr("-._[]:", *host))) {
            return shape;
        }
    }
    return NULL;
}

static int read_names(struct config_reader *reader,
                      const struct cJSON *value,
                      const char *pointer,
                      name_check_fn *check,
                      size_t most,
                      char **names,
                      size_t *count)
{
    if (!cJSON_IsArray(value)) {
        return mf__config_fail(reader, pointer, "must be a list of strings");
    }
    for (const struct cJSON *item = value->child; item; item = item->next) {
        if (*count == most) {
            return mf__config_fail(reader, pointer, "must not have more than %zu names", most);
        }
        char index[16];
        char item_pointer[CONFIG_POINTER_BYTES_MAX];
        (void)snprintf(index, sizeof index, "%zu", *count);
        mf__config_pointer_join(item_pointer, pointer, index);
        char *name = NULL;
        int error = mf__config_read_text(reader, item, item_pointer, MF_CONFIG_NAME_BYTES_MAX, &name);
        if (error < 0) {
            return error;
        }
        names[(*count)++] = name;
        const char *wrong = check(name);
        if (wrong) {
            return mf__config_fail(reader, item_pointer, "%s", wrong);
        }
    }
    return 0;
}

int mf__config_read_hosts(struct config_reader *reader, const struct cJSON *value, const char *pointer)
{
    struct mf_config *config = reader->config;
    return read_names(reader, value, pointer, check_host, MF_CONFIG_HOSTS_MAX, config->hosts,
                      &config->hosts_count);
}

int mf__config_read_origins(struct config_reader *reader, const struct cJSON *value, const char *pointer)
{
    struct mf_config *config = reader->config;
    return read_names(reader, value, pointer, check_origin, MF_CONFIG_HOSTS_MAX, config->origins,
                      &config->origins_count);
}

/* "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]:53" */
static const char *check_dns_server(const char *text)
{
    static const char shape[] =
        "must be an IP address, with its port if that is not 53, such as 192.0.2.1:5353";
    char address[64];
    struct in6_addr parsed;
    const char *colon = strrchr(text, ':');
    bool has_brackets = text[0] == '[';
    bool has_port = colon != NULL && (has_brackets ? colon[-1] == ']' : strchr(text, ':') == colon);
    uint64_t port = 53;
    size_t size = has_port ? (size_t)(colon - text) : strlen(text);
    if (size < 2 || size >= sizeof address) {
        return shape;
    }
    memcpy(address, text, size);
    address[size] = 0;
    if (has_brackets) {
        address[size - 1] = 0; /* A closing one or not: what is left must be an address. */
        memmove(address, address + 1, size);
    }
    if (has_port && (mf_slice_parse_u64(mf_slice_of_cstr(colon + 1), UINT16_MAX, &port) < 0 || port == 0)) {
        return shape;
    }
    bool is_v4 = !has_brackets && inet_pton(AF_INET, address, &parsed) == 1;
    return is_v4 || inet_pton(AF_INET6, address, &parsed) == 1 ? NULL : shape;
}

int mf__config_read_dns_servers(struct config_reader *reader, const struct cJSON *value, const char *pointer)
{
    struct mf_config *config = reader->config;
    return read_names(reader, value, pointer, check_dns_server, MF_UPSTREAM_DNS_SERVERS_MAX,
                      config->outbound_dns_servers, &config->outbound_dns_servers_count);
}

/* A stored thing's name. */
static bool is_stored_name(const char *text)
{
    size_t size = strlen(text);
    if (size == 0 || size > MF_OUTBOUND_NAME_BYTES_MAX || !isalnum((unsigned char)text[0])) {
        return false;
    }
    for (size_t i = 1; i < size; i++) {
        if (!isalnum((unsigned char)text[i]) && !strchr("._-", text[i])) {
            return false;
        }
    }
    return true;
}

int mf__config_read_outbound(struct config_reader *reader, const struct cJSON *value, const char *pointer)
{
    if (cJSON_IsNull(value)) {
        return 0;
    }
    if (!cJSON_IsString(value) || !is_stored_name(value->valuestring)) {
        return mf__config_fail(
            reader, pointer,
            "must be null or the name of an outbound: 1 to %d of A-Z a-z 0-9 . _ -, beginning "
            "with a letter or digit",
            MF_OUTBOUND_NAME_BYTES_MAX);
    }
    mf_free(reader->config->outbound_default);
    reader->config->outbound_default = mf__config_copy_text(value->valuestring);
    return 0;
}

int mf__config_read_log_level(struct config_reader *reader, const struct cJSON *value, const char *pointer)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (size_t i = 0; cJSON_IsString(value) && i < MF_COUNT_OF(names); i++) {
        if (strcmp(value->valuestring, names[i]) == 0) {
            reader->config->log_level = (enum mf_log_level)i;
            return 0;
        }
    }
    return mf__config_fail(reader, pointer, "must be debug, info, warn or error");
}

/* They become one argument of the executor, which hands it to V8: no shell, but no surprises either. */
int mf__config_read_isolation(struct config_reader *reader, const struct cJSON *value, const char *pointer)
{
    static const char *const names[] = {[MF_ISOLATION_ISOLATE] = "isolate", [MF_ISOLATION_TENANT] = "tenant"};

    for (unsigned i = 0; cJSON_IsString(value) && i < MF_COUNT_OF(names); i++) {
        if (strcmp(value->valuestring, names[i]) == 0) {
            reader->config->isolation = (enum mf_isolation)i;
            reader->has_isolation = true;
            return 0;
        }
    }
    return mf__config_fail(reader, pointer, "must be isolate or tenant");
}

/* Where we send something of our own. */
static int read_post_url(struct config_reader *reader,
                         const struct cJSON *value,
                         const char *pointer,
                         const char *example,
                         const char *credentials,
                         char **place)
{
    int error = mf__config_read_text(reader, value, pointer, MF_POST_URL_BYTES_MAX, place);

    if (error == 0 && strncmp(*place, "http://", 7) != 0 && strncmp(*place, "https://", 8) != 0) {
        return mf__config_fail(reader, pointer, "must begin with http:// or https://, such as %s", example);
    }
    if (error == 0 && strpbrk(*place, "@?#") != NULL) {
        return mf__config_fail(reader, pointer, "must not have a user, a query or a fragment; %s",
                               credentials);
    }
    return error;
}

int mf__config_read_otlp_url(struct config_reader *reader, const struct cJSON *value, const char *pointer)
{
    return read_post_url(reader, value, pointer, "http://127.0.0.1:4318",
                         "credentials go into otlpHeadersFile", &reader->config->otlp_url);
}

int mf__config_read_usage_push_url(struct config_reader *reader,
                                   const struct cJSON *value,
                                   const char *pointer)
{
    return read_post_url(reader, value, pointer, "https://billing.example/mayfly",
                         "what is sent is signed with pushSecretFile", &reader->config->usage_push_url);
}

int mf__config_read_v8_flags(struct config_reader *reader, const struct cJSON *value, const char *pointer)
{
    int error =
        mf__config_read_text(reader, value, pointer, MF_CONFIG_V8_FLAGS_BYTES_MAX, &reader->config->v8_flags);
    if (error < 0) {
        return error;
    }
    for (const char *at = reader->config->v8_flags; *at; at++) {
        if (!isalnum((unsigned char)*at) && !strchr("-_=,. ", *at)) {
            return mf__config_fail(reader, pointer, "must be V8 flags such as \"--max-lazy --no-opt\"");
        }
    }
    if (reader->config->v8_flags[0] != '-') {
        return mf__config_fail(reader, pointer, "must begin with \"-\"");
    }
    return 0;
}

/* "all" or names; |all| is what "all" means. */
static int read_layers(struct config_reader *reader,
                       const struct cJSON *value,
                       const char *pointer,
                       uint32_t all,
                       uint32_t *ret_layers)
{
    if (cJSON_IsString(value) && strcmp(value->valuestring, "all") == 0) {
        *ret_layers = all;
        return 0;
    }
    if (!cJSON_IsArray(value)) {
        return mf__config_fail(reader, pointer, "must be \"all\" or a list of layer names");
    }
    uint32_t layers = 0;
    unsigned position = 0;
    for (const struct cJSON *item = value->child; item; item = item->next, position++) {
        char index[16];
        char item_pointer[CONFIG_POINTER_BYTES_MAX];
        (void)snprintf(index, sizeof index, "%u", position);
        mf__config_pointer_join(item_pointer, pointer, index);
        enum mf_jail_layer layer;
        if (!cJSON_IsString(item) || mf_jail_layer_parse(mf_slice_of_cstr(item->valuestring), &layer) < 0) {
            return mf__config_fail(reader, item_pointer, "must be the name of a jail layer, such as \"%s\"",
                                   mf_jail_layer_name(MF_JAIL_SECCOMP));
        }
        if (layers & (1u << layer)) {
            return mf__config_fail(reader, item_pointer, "is there twice");
        }
        layers |= 1u << layer;
    }
    *ret_layers = layers;
    return 0;
}

int mf__config_read_jail_layers(struct config_reader *reader, const struct cJSON *value, const char *pointer)
{
    return read_layers(reader, value, pointer, MF_JAIL_ALL, &reader->config->jail_layers);
}

int mf__config_read_jail_required(struct config_reader *reader,
                                  const struct cJSON *value,
                                  const char *pointer)
{
    /* "all" is every layer of /jail/layers, which may stand behind this field: config_load settles it. */
    bool is_all = cJSON_IsString(value) && strcmp(value->valuestring, "all") == 0;
    reader->has_jail_required = !is_all;
    return read_layers(reader, value, pointer, 0, &reader->config->jail_layers_required);
}
