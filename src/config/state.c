/* state.c - where the daemon keeps its files and its keys: the default from the environment, and the list of old keys.
 *
 * Sources: systemd.exec(5) StateDirectory=, LoadCredential=, https://specifications.freedesktop.org/basedir-spec/latest/. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "reader.h"

/* |variable| up to a colon, and |below|; NULL when it is not an absolute path. */
static MF_OWN char *path_from(const char *variable, const char *below)
{
    const char *value = getenv(variable);
    char path[MF_CONFIG_PATH_BYTES_MAX + 1];
    int size;

    if (value == NULL || value[0] != '/') {
        return NULL;
    }
    size = snprintf(path, sizeof path, "%.*s%s", (int)strcspn(value, ":"), value, below);
    return size > 0 && (size_t)size < sizeof path ? mf__config_copy_text(path) : NULL;
}

MF_OWN char *mf__config_default_state_dir(void)
{
    char *path = path_from("STATE_DIRECTORY", "");

    if (path == NULL) {
        path = path_from("XDG_STATE_HOME", "/mayfly");
    }
    return path != NULL ? path : path_from("HOME", "/.local/state/mayfly");
}

MF_OWN char *mf__config_credential(const char *below)
{
    char *path = path_from("CREDENTIALS_DIRECTORY", below);

    if (path != NULL && access(path, F_OK) < 0) {
        mf_free(path);
        path = NULL;
    }
    return path;
}

int mf__config_read_key_files(struct config_reader *reader, const struct cJSON *value, const char *pointer)
{
    struct mf_config *config = reader->config;

    if (!cJSON_IsArray(value)) {
        return mf__config_fail(reader, pointer, "must be a list of paths");
    }
    for (const struct cJSON *item = value->child; item; item = item->next) {
        char index[16];
        char item_pointer[CONFIG_POINTER_BYTES_MAX];
        char *path = NULL;
        if (config->vault_previous_keys_count == MF_CONFIG_VAULT_KEYS_MAX) {
            return mf__config_fail(reader, pointer, "must not have more than %d files",
                                   MF_CONFIG_VAULT_KEYS_MAX);
        }
        (void)snprintf(index, sizeof index, "%zu", config->vault_previous_keys_count);
        mf__config_pointer_join(item_pointer, pointer, index);
        int error = mf__config_read_path(reader, item, item_pointer, MF_CONFIG_PATH_BYTES_MAX, &path);
        if (error < 0) {
            return error;
        }
        config->vault_previous_key_paths[config->vault_previous_keys_count++] = path;
    }
    return 0;
}
