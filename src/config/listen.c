/* listen.c - the addresses of the listeners. Unless callers are asked for access tokens only this machine may reach them. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "reader.h"

/* "255.255.255.255" or a whole IPv6 address, and a NUL. */
#define ADDRESS_BYTES_MAX 64

static const char not_loopback[] =
    "%s%s%s:%u can be reached from other machines, and callers are not asked for an access token: set "
    "auth.adminTokenFile (docs/tenants.md), or listen on 127.0.0.1, [::1] or a unix socket";

void mf__config_listens_clear(struct mf_config *config)
{
    for (size_t i = 0; i < config->listens_count; i++) {
        struct mf_config_listen *listen = &config->listens[i];
        mf_free(listen->host);
        mf_free(listen->unix_path);
        mf_free(listen->tls_cert_path);
        mf_free(listen->tls_key_path);
        memset(listen, 0, sizeof *listen);
    }
    config->listens_count = 0;
}

/* Cuts "host:port" and "[host]:port". */
static bool split_address(const char *text, char *host, uint16_t *ret_port)
{
    const char *colon = strrchr(text, ':');
    if (!colon) {
        return false;
    }
    struct mf_slice name = mf_slice_of(text, (size_t)(colon - text));
    if (text[0] == '[') {
        if (name.size < 2 || name.data[name.size - 1] != ']') {
            return false;
        }
        name = mf_slice_of(text + 1, name.size - 2);
    } else if (memchr(name.data, ':', name.size)) {
        return false; /* A bare IPv6 address: where it ends is anybody's guess. */
    }
    uint64_t port = 0;
    if (name.size == 0 || name.size >= ADDRESS_BYTES_MAX ||
        mf_slice_parse_u64(mf_slice_of_cstr(colon + 1), UINT16_MAX, &port) < 0) {
        return false;
    }
    memcpy(host, name.data, name.size);
    host[name.size] = 0;
    *ret_port = (uint16_t)port;
    return true;
}

int mf__config_parse_address(struct config_reader *reader,
                             const char *text,
                             const char *pointer,
                             struct mf_config_listen *listen)
{
    char host[ADDRESS_BYTES_MAX];
    uint16_t port = 0;
    if (!split_address(text, host, &port)) {
        return mf__config_fail(reader, pointer,
                               "must be \"address:port\", such as 127.0.0.1:8787 or [::1]:8787");
    }
    if (strcmp(host, "localhost") == 0) {
        (void)snprintf(host, sizeof host, "127.0.0.1");
    }
    struct in_addr v4;
    struct in6_addr v6;
    bool is_loopback;
    if (inet_pton(AF_INET, host, &v4) == 1) {
        is_loopback = (ntohl(v4.s_addr) >> 24) == 127;
    } else if (inet_pton(AF_INET6, host, &v6) == 1) {
        is_loopback = IN6_IS_ADDR_LOOPBACK(&v6);
    } else {
        return mf__config_fail(reader, pointer, "must have an IP address before the port, not a name");
    }
    listen->is_wide = !is_loopback;
    mf_free(listen->host);
    listen->host = mf__config_copy_text(host);
    listen->port = port;
    return 0;
}

int mf__config_check_listens(struct config_reader *reader)
{
    const struct mf_config *config = reader->config;

    for (size_t i = 0; config->admin_token_path == NULL && i < config->listens_count; i++) {
        const struct mf_config_listen *listen = &config->listens[i];
        if (listen->is_wide) {
            bool is_v6 = strchr(listen->host, ':') != NULL;
            char pointer[CONFIG_POINTER_BYTES_MAX];
            (void)snprintf(pointer, sizeof pointer, "/listen/%zu", i);
            return mf__config_fail(reader, pointer, not_loopback, is_v6 ? "[" : "", listen->host,
                                   is_v6 ? "]" : "", listen->port);
        }
    }
    return 0;
}

/* "0660": octal, as chmod takes it. Others may be given access; that is what the socket's folder is for. */
static int
read_mode(struct config_reader *reader, const struct cJSON *value, const char *pointer, uint32_t *ret_mode)
{
    const char *text = cJSON_IsString(value) ? value->valuestring : "";
    size_t size = strlen(text);
    uint32_t mode = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '7') {
            size = 0;
            break;
        }
        mode = mode * 8 + (uint32_t)(text[i] - '0');
    }
    if (size < 3 || size > 4 || mode == 0 || mode > 0777) {
        return mf__config_fail(reader, pointer, "must be permissions as an octal string, such as \"0660\"");
    }
    *ret_mode = mode;
    return 0;
}

static int read_tls(struct config_reader *reader,
                    const struct cJSON *value,
                    const char *pointer,
                    struct mf_config_listen *listen)
{
    if (!cJSON_IsObject(value)) {
        return mf__config_fail(reader, pointer, "must be an object with cert and key");
    }
    for (const struct cJSON *member = value->child; member; member = member->next) {
        char member_pointer[CONFIG_POINTER_BYTES_MAX];
        mf__config_pointer_join(member_pointer, pointer, member->string);
        char **place = strcmp(member->string, "cert") == 0  ? &listen->tls_cert_path
                       : strcmp(member->string, "key") == 0 ? &listen->tls_key_path
                                                            : NULL;
        if (!place) {
            return mf__config_fail(reader, member_pointer, "is not a known field");
        }
        if (*place) {
            return mf__config_fail(reader, member_pointer, "is there twice");
        }
        int error = mf__config_read_path(reader, member, member_pointer, MF_CONFIG_PATH_BYTES_MAX, place);
        if (error < 0) {
            return error;
        }
    }
    if (!listen->tls_cert_path || !listen->tls_key_path) {
        return mf__config_fail(reader, pointer, "must have both cert and key");
    }
    return 0;
}

static int read_listen_member(struct config_reader *reader,
                              const struct cJSON *member,
                              const char *pointer,
                              struct mf_config_listen *listen)
{
    if (strcmp(member->string, "address") == 0) {
        if (listen->host) {
            return mf__config_fail(reader, pointer, "is there twice");
        }
        if (!cJSON_IsString(member)) {
            return mf__config_fail(reader, pointer, "must be a string");
        }
        return mf__config_parse_address(reader, member->valuestring, pointer, listen);
    }
    if (strcmp(member->string, "unix") == 0) {
        if (listen->unix_path) {
            return mf__config_fail(reader, pointer, "is there twice");
        }
        return mf__config_read_path(reader, member, pointer, MF_CONFIG_UNIX_PATH_BYTES_MAX,
                                    &listen->unix_path);
    }
    if (strcmp(member->string, "mode") == 0) {
        if (listen->unix_mode) {
            return mf__config_fail(reader, pointer, "is there twice");
        }
        return read_mode(reader, member, pointer, &listen->unix_mode);
    }
    if (strcmp(member->string, "tls") == 0) {
        if (listen->tls_cert_path || listen->tls_key_path) {
            return mf__config_fail(reader, pointer, "is there twice");
        }
        return read_tls(reader, member, pointer, listen);
    }
    return mf__config_fail(reader, pointer, "is not a known field");
}

static int read_listen_object(struct config_reader *reader,
                              const struct cJSON *object,
                              const char *pointer,
                              struct mf_config_listen *listen)
{
    for (const struct cJSON *member = object->child; member; member = member->next) {
        char member_pointer[CONFIG_POINTER_BYTES_MAX];
        mf__config_pointer_join(member_pointer, pointer, member->string);
        int error = read_listen_member(reader, member, member_pointer, listen);
        if (error < 0) {
            return error;
        }
    }
    if (!listen->host == !listen->unix_path) {
        return mf__config_fail(reader, pointer, "must have either address or unix");
    }
    if (listen->unix_path && listen->tls_cert_path) {
        return mf__config_fail(reader, pointer, "a unix socket needs no tls");
    }
    if (listen->host && listen->unix_mode) {
        return mf__config_fail(reader, pointer, "mode is for unix sockets");
    }
    return 0;
}

int mf__config_read_listen(struct config_reader *reader, const struct cJSON *value, const char *pointer)
{
    struct mf_config *config = reader->config;
    mf__config_listens_clear(config);
    reader->has_listen = true;
    if (!cJSON_IsArray(value) || !value->child) {
        return mf__config_fail(reader, pointer, "must be a list of at least one address");
    }
    for (const struct cJSON *item = value->child; item; item = item->next) {
        if (config->listens_count == MF_CONFIG_LISTENS_MAX) {
            return mf__config_fail(reader, pointer, "must not have more than %d addresses",
                                   MF_CONFIG_LISTENS_MAX);
        }
        char index[16];
        char item_pointer[CONFIG_POINTER_BYTES_MAX];
        (void)snprintf(index, sizeof index, "%zu", config->listens_count);
        mf__config_pointer_join(item_pointer, pointer, index);
        /* Counted before it is whole, so that what it holds is freed on failure. */
        struct mf_config_listen *listen = &config->listens[config->listens_count++];
        int error;
        if (cJSON_IsString(item)) {
            error = mf__config_parse_address(reader, item->valuestring, item_pointer, listen);
        } else if (cJSON_IsObject(item)) {
            error = read_listen_object(reader, item, item_pointer, listen);
        } else {
            error = mf__config_fail(reader, item_pointer, "must be \"address:port\" or an object");
        }
        if (error < 0) {
            return error;
        }
    }
    return 0;
}
