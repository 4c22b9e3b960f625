/* vault_kit.h - a store, a queue and a vault in a directory of their own, and secrets from JSON in one line. */
#ifndef MAYFLY_TESTS_VAULT_KIT_H
#define MAYFLY_TESTS_VAULT_KIT_H

#include <cjson/cJSON.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#include "check.h"

#define TEXT(text) mf_slice_of_cstr(text)

struct kit {
    char dir[64];
    uv_loop_t loop;
    struct mf_store *store;
    struct mf_store_queue *queue;
    struct mf_vault *vault;
    char why[MF_VAULT_WHY_BYTES_MAX];
    const char *key_path;
    char *previous[VAULT_KEYS_MAX];
    size_t previous_count;
};

static inline void kit_make_dir(struct kit *kit)
{
    (void)snprintf(kit->dir, sizeof kit->dir, "/tmp/mayfly-vault-XXXXXX");
    MF_CHECK(mkdtemp(kit->dir) != NULL);
    MF_CHECK(uv_loop_init(&kit->loop) == 0);
    (void)unsetenv("CREDENTIALS_DIRECTORY");
}

/* What mf_vault_open said; with an error everything is closed again. */
static inline int kit_open(struct kit *kit)
{
    MF_CHECK_INT(mf_store_open(kit->dir, &kit->store, kit->why), 0);
    kit->queue = mf_store_queue_new(&kit->loop, kit->store);
    struct mf_vault_options options = {.store = kit->store,
                                       .queue = kit->queue,
                                       .state_dir = kit->dir,
                                       .key_path = kit->key_path,
                                       .previous_key_paths = kit->previous,
                                       .previous_keys_count = kit->previous_count};
    kit->why[0] = 0;
    int rc = mf_vault_open(&options, &kit->vault, kit->why);
    if (rc < 0) {
        mf_store_queue_close(kit->queue, NULL, NULL);
        (void)uv_run(&kit->loop, UV_RUN_DEFAULT);
        mf_store_close(kit->store);
    }
    return rc;
}

static inline void kit_close(struct kit *kit)
{
    mf_store_queue_close(kit->queue, NULL, NULL);
    (void)uv_run(&kit->loop, UV_RUN_DEFAULT);
    mf_vault_close(kit->vault);
    mf_store_close(kit->store);
}

static inline void kit_remove(struct kit *kit)
{
    char command[160];
    MF_CHECK(uv_loop_close(&kit->loop) == 0);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", kit->dir);
    MF_CHECK(system(command) == 0);
}

/* A secret, or NULL and the faults in |faults|. */
static inline struct mf_secret *read_json(const char *json, char *faults, size_t size)
{
    struct mf_secret *secret = NULL;
    struct mf_buf list;
    cJSON *body = cJSON_Parse(json);
    MF_CHECK(body != NULL);
    mf_buf_init(&list, 65536);
    int rc = mf_secret_read(body, &secret, &list);
    MF_CHECK(rc == 0 || rc == MF_E_API_FIELD);
    MF_CHECK((rc < 0) == (list.size > 0));
    if (faults != NULL) {
        (void)snprintf(faults, size, "%.*s", (int)list.size, list.size > 0 ? (const char *)list.data : "");
    }
    mf_buf_done(&list);
    cJSON_Delete(body);
    return rc < 0 ? NULL : secret;
}

static inline struct mf_secret *good_json(const char *json)
{
    char faults[4096];
    struct mf_secret *secret = read_json(json, faults, sizeof faults);
    if (secret == NULL) {
        fprintf(stderr, "%s: %s\n", json, faults);
    }
    MF_CHECK(secret != NULL);
    return secret;
}

struct put_result {
    bool is_done;
    int error;
    uint64_t version;
};

static inline void put_result_done(void *user, int error, const struct mf_secret_info *info)
{
    struct put_result *result = user;
    MF_CHECK(!result->is_done && (error == 0) == (info != NULL));
    *result = (struct put_result){true, error, info == NULL ? 0 : info->version};
}

/* The new version, or the error. */
static inline int kit_put(struct kit *kit, const char *tenant, const char *name, const char *json)
{
    struct put_result result = {.is_done = false};
    int rc = mf_vault_put(kit->vault, TEXT(tenant), TEXT(name), good_json(json), put_result_done, &result);
    if (rc < 0) {
        return rc;
    }
    MF_CHECK(!result.is_done);
    (void)uv_run(&kit->loop, UV_RUN_DEFAULT);
    MF_CHECK(result.is_done);
    return result.error < 0 ? result.error : (int)result.version;
}

static inline struct mf_secret *kit_ref(struct kit *kit, const char *tenant, const char *name)
{
    struct mf_secret *secret = NULL;
    MF_CHECK_INT(mf_vault_ref(kit->vault, TEXT(tenant), TEXT(name), &secret), 0);
    return secret;
}

static inline struct mf_secret_target target_of(const char *scheme, const char *host, uint16_t port)
{
    return (struct mf_secret_target){TEXT(scheme), TEXT(host), port, true};
}

/* The value of a header of a list; data NULL when it is not there. */
static inline struct mf_slice header_of(struct mf_slice list, const char *name)
{
    size_t at = 0;
    while (at < list.size) {
        const char *key = (const char *)list.data + at;
        const char *value = key + strlen(key) + 1;
        if (strcmp(key, name) == 0) {
            return TEXT(value);
        }
        at = (size_t)((const uint8_t *)value - list.data) + strlen(value) + 1;
    }
    return mf_slice_of(NULL, 0);
}

#endif
