/* config.c - the file: read whole, parsed strictly, and turned into one struct or refused with one sentence. */
#include <mayfly/config.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "fields.h"
#include "reader.h"

#define LISTEN_DEFAULT "127.0.0.1:8787"

long mf_config_cpus(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) {
        return CPU_COUNT(&set); /* What a container or taskset left us, not what the machine has. */
    }
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return cpus > 0 ? cpus : 1;
}

static int read_file(struct config_reader *reader, const char *path, struct mf_buf *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return mf__config_fail(reader, "", "%s: %s", path, strerror(errno));
    }
    int error = 0;
    for (;;) {
        error = mf_buf_reserve(text, 4096);
        if (error < 0) {
            error = mf__config_fail(reader, "", "%s: is larger than %d bytes", path, MF_CONFIG_BYTES_MAX);
            break;
        }
        ssize_t got = read(fd, text->data + text->size, 4096);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            error = mf__config_fail(reader, "", "%s: %s", path, strerror(errno));
            break;
        }
        if (got == 0) {
            break;
        }
        text->size += (size_t)got;
    }
    (void)close(fd);
    return error;
}

/* cJSON ends a string at a NUL, written out or escaped: "safe\u0000evil" would be read as "safe". */
static bool has_nul(struct mf_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == 0) {
            return true;
        }
        if (text.data[i] == '\\') {
            if (text.size - i > 5 && memcmp(text.data + i, "\\u0000", 6) == 0) {
                return true;
            }
            i++;
        }
    }
    return false;
}

static unsigned line_of(struct mf_slice text, const char *at)
{
    unsigned line = 1;
    for (size_t i = 0; i < text.size && (const char *)text.data + i < at; i++) {
        line += text.data[i] == '\n';
    }
    return line;
}

static int
parse(struct config_reader *reader, const char *path, struct mf_slice text, struct cJSON **ret_json)
{
    if (!mf_slice_is_utf8(text)) {
        return mf__config_fail(reader, "", "%s: is not UTF-8", path);
    }
    if (has_nul(text)) {
        return mf__config_fail(reader, "", "%s: has a NUL character", path);
    }
    const char *end = NULL;
    struct cJSON *json = cJSON_ParseWithLengthOpts((const char *)text.data, text.size, &end, false);
    if (!json) {
        const char *at = end ? end : (const char *)text.data;
        return mf__config_fail(reader, "", "%s: is not valid JSON near line %u", path, line_of(text, at));
    }
    for (; end < (const char *)text.data + text.size; end++) {
        if (!strchr(" \t\r\n", *end)) {
            cJSON_Delete(json);
            return mf__config_fail(reader, "", "%s: has more behind its end in line %u", path,
                                   line_of(text, end));
        }
    }
    *ret_json = json;
    return 0;
}

static int load_file(struct config_reader *reader, const char *path)
{
    struct mf_buf text;
    struct cJSON *json = NULL;
    mf_buf_init(&text, MF_CONFIG_BYTES_MAX);
    int error = read_file(reader, path, &text);
    if (error == 0) {
        error = parse(reader, path, mf_buf_peek(&text), &json);
    }
    if (error == 0) {
        error = mf__config_read_object(reader, json, "", mf__config_root_fields);
    }
    cJSON_Delete(json);
    mf_buf_done(&text);
    return error;
}

/* --listen takes the place of every listener of the file. */
static int apply_listen(struct config_reader *reader, const char *listen)
{
    struct mf_config *config = reader->config;
    mf__config_listens_clear(config);
    struct mf_config_listen *first = &config->listens[0];
    config->listens_count = 1;
    reader->has_listen = true;
    if (strncmp(listen, "unix:", 5) != 0) {
        return mf__config_parse_address(reader, listen, "--listen", first);
    }
    size_t size = strlen(listen + 5);
    if (size == 0 || size > MF_CONFIG_UNIX_PATH_BYTES_MAX) {
        return mf__config_fail(reader, "--listen", "the path must have 1 to %d bytes",
                               MF_CONFIG_UNIX_PATH_BYTES_MAX);
    }
    first->unix_path = mf__config_copy_text(listen + 5);
    return 0;
}

static int load(struct config_reader *reader, const struct mf_config_args *args)
{
    struct mf_config *config = reader->config;
    mf__config_apply_defaults(config, mf__config_root_fields);
    config->log_level = MF_LOG_INFO;
    config->jail_layers = MF_JAIL_ALL;
    int error = 0;
    if (args->config_path) {
        error = load_file(reader, args->config_path);
    }
    if (error == 0 && args->listen) {
        error = apply_listen(reader, args->listen);
    }
    if (error == 0 && !reader->has_listen) {
        error = apply_listen(reader, LISTEN_DEFAULT);
    }
    if (error == 0 && args->state_dir) {
        mf_free(config->state_dir);
        config->state_dir = mf__config_copy_text(args->state_dir);
    }
    if (error == 0 && !config->state_dir) {
        config->state_dir = mf__config_default_state_dir();
    }
    if (error == 0 && !config->admin_token_path) {
        config->admin_token_path = mf__config_credential("/mayfly-admin-token");
    }
    if (error == 0 && !config->usage_push_secret_path) {
        config->usage_push_secret_path = mf__config_credential("/mayfly-usage-push-secret");
    }
    if (!reader->has_isolation) {
        config->isolation = config->admin_token_path ? MF_ISOLATION_TENANT : MF_ISOLATION_ISOLATE;
    }
    if (!reader->has_jail_required) {
        config->jail_layers_required = config->jail_layers;
    }
    return error < 0 ? error : mf__config_check_whole(reader);
}

int mf_config_load(const struct mf_config_args *args, struct mf_config **ret_config, char *ret_why)
{
    struct mf_config *config = mf_new(sizeof *config);
    struct config_reader reader = {.config = config, .why = ret_why};
    ret_why[0] = 0;
    int error = load(&reader, args);
    if (error < 0) {
        mf_config_unref(config);
        return error;
    }
    *ret_config = config;
    return 0;
}

struct mf_config *mf_config_ref(struct mf_config *config)
{
    config->refs++;
    return config;
}

void mf_config_unref(struct mf_config *config)
{
    if (!config || config->refs-- > 0) {
        return;
    }
    mf__config_listens_clear(config);
    for (size_t i = 0; i < config->hosts_count; i++) {
        mf_free(config->hosts[i]);
    }
    for (size_t i = 0; i < config->origins_count; i++) {
        mf_free(config->origins[i]);
    }
    for (size_t i = 0; i < config->vault_previous_keys_count; i++) {
        mf_free(config->vault_previous_key_paths[i]);
    }
    mf_free(config->vault_key_path);
    mf_free(config->admin_token_path);
    for (size_t i = 0; i < config->outbound_dns_servers_count; i++) {
        mf_free(config->outbound_dns_servers[i]);
    }
    mf_free(config->outbound_default);
    mf_free(config->outbound_ca_path);
    mf_free(config->state_dir);
    mf_free(config->executor_path);
    mf_free(config->v8_flags);
    mf_free(config->usage_push_url);
    mf_free(config->usage_push_secret_path);
    mf_free(config->otlp_url);
    mf_free(config->otlp_headers_path);
    mf_free(config);
}
