#include "mounts.h"

#include <stdio.h>

#include <mayfly/wire.h>

#include "json.h"

#define POINTER_BYTES_MAX 64

struct reading {
    const cJSON *list;
    enum mf__mounts_of of;
    struct mf__call_fault *fault;
};

/* Where the list stands in the body. */
static const char *at_of(const struct reading *reading)
{
    return reading->of == MF__MOUNTS_OF_CODE ? reading->fault->at : "";
}

static int refuse(const struct reading *reading, size_t index, const char *field, const char *why)
{
    char pointer[POINTER_BYTES_MAX];

    (void)snprintf(pointer, sizeof pointer, "%s/workspaces/%zu%s", at_of(reading), index, field);
    return mf__json_refuse(&reading->fault->param, &reading->fault->why, pointer, "%s %s", pointer, why);
}

static const char *text_of(const cJSON *item, const char *name, const char *otherwise)
{
    const cJSON *value = mf__json_get(item, name);

    return value == NULL ? otherwise : value->valuestring;
}

/* "/" or "/a/b": absolute, no empty name, no dots. */
static bool is_mount_path(const char *path)
{
    if (path[0] != '/' || strlen(path) > MF_FS_NAME_BYTES_MAX) {
        return false;
    }
    for (const char *name = path + 1; path[1] != '\0';) {
        size_t size = strcspn(name, "/");
        if (size == 0 || strncmp(name, ".", size) == 0 || (size == 2 && strncmp(name, "..", 2) == 0)) {
            return false;
        }
        if (name[size] == '\0') {
            break;
        }
        name += size + 1;
    }
    return true;
}

/* What may stand behind "env.". */
static bool is_binding(const char *name)
{
    size_t size = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$");

    return size > 0 && name[size] == '\0' && size <= MF_CALL_NAMESPACE_BYTES_MAX &&
           (name[0] < '0' || name[0] > '9');
}

static int check_binding(const struct reading *reading, const cJSON *item, size_t index)
{
    const char *binding = text_of(item, "binding", NULL);

    if (binding == NULL) {
        return 0;
    }
    if (!is_binding(binding)) {
        return refuse(reading, index, "/binding", "must be an identifier.");
    }
    for (const cJSON *other = reading->list->child; other != item; other = other->next) {
        if (strcmp(text_of(other, "binding", ""), binding) == 0) {
            return refuse(reading, index, "/binding", "is that of another workspace.");
        }
    }
    return 0;
}

static int read_mount(const struct reading *reading, const cJSON *item, size_t index, struct mf__mount *mount)
{
    static const struct mf_json_field fields[] = {{"name", "s", true},     {"mode", "s", false},
                                                  {"path", "s", false},    {"transaction", "s", false},
                                                  {"binding", "s", false}, {"namespace", "s", false}};
    size_t count = MF_COUNT_OF(fields) - (reading->of == MF__MOUNTS_OF_PROGRAM ? 0 : 1);
    char pointer[POINTER_BYTES_MAX];
    int rc;

    (void)snprintf(pointer, sizeof pointer, "%s/workspaces/%zu", at_of(reading), index);
    rc = mf__json_check(item, pointer, fields, count, &reading->fault->param, &reading->fault->why);
    if (rc < 0) {
        return rc;
    }
    struct mf_slice name = mf__json_text(mf__json_get(item, "name"));
    const char *mode = text_of(item, "mode", "rw");
    const char *path = text_of(item, "path", "/");
    const char *transaction = text_of(item, "transaction", "each");
    if (!mf_store_name_is_valid(name)) {
        return refuse(reading, index, "/name", "must be the name of a workspace.");
    }
    if (strcmp(mode, "rw") != 0 && strcmp(mode, "ro") != 0) {
        return refuse(reading, index, "/mode", "must be \"rw\" or \"ro\".");
    }
    if (!is_mount_path(path)) {
        return refuse(reading, index, "/path", "must be an absolute path without \"..\", as \"/data\".");
    }
    if (strcmp(transaction, "each") != 0 && strcmp(transaction, "run") != 0) {
        return refuse(reading, index, "/transaction", "must be \"each\" or \"run\".");
    }
    if (transaction[0] == 'r' && reading->of == MF__MOUNTS_OF_CODE) {
        return refuse(reading, index, "/transaction", "can be \"run\" only in a call.");
    }
    for (const cJSON *other = reading->list->child; other != item; other = other->next) {
        if (strcmp(text_of(other, "path", "/"), path) == 0) {
            return refuse(reading, index, "/path", "is that of another workspace.");
        }
        if (strcmp(transaction, "run") == 0 && strcmp(text_of(other, "transaction", ""), "run") == 0) {
            return refuse(reading, index, "/transaction", "can be \"run\" for one workspace only.");
        }
    }
    mount->is_transaction = transaction[0] == 'r';
    rc = check_binding(reading, item, index);
    if (rc < 0) {
        return rc;
    }
    memcpy(mount->name, name.data, name.size);
    mount->name[name.size] = '\0';
    mount->is_read_only = mode[1] == 'o';
    return 0;
}

static int check_scope(const struct reading *reading,
                       size_t index,
                       const struct mf__call *call,
                       const struct mf__mount *mount)
{
    if (mount->is_read_only ? call->may_read_files : call->may_write_files) {
        return 0;
    }
    (void)refuse(reading, index, "",
                 mount->is_read_only ? "needs an access token with the scope workspaces:read."
                                     : "needs an access token with the scope workspaces.");
    return MF_E_AUTH_SCOPE;
}

/* Their number, and that the code has not named some already. */
static int check_list(const struct reading *reading, const struct mf__call *call)
{
    char pointer[POINTER_BYTES_MAX];
    const char *why = cJSON_GetArraySize(reading->list) > MF_RUN_WORKSPACES_MAX
                          ? "has too many workspaces: there may be 8."
                      : call->mounts.count > 0 ? "cannot be said again: the code names its workspaces."
                                               : NULL;

    _Static_assert(MF_RUN_WORKSPACES_MAX == 8, "as the sentence says");
    (void)snprintf(pointer, sizeof pointer, "%s/workspaces", at_of(reading));
    return why == NULL ? 0
                       : mf__json_refuse(&reading->fault->param, &reading->fault->why, pointer, "%s %s",
                                         pointer, why);
}

int mf__mounts_read(struct mf__call *call,
                    const cJSON *list,
                    enum mf__mounts_of of,
                    struct mf__call_fault *fault)
{
    const struct reading reading = {.list = list, .of = of, .fault = fault};
    char *text;
    int rc;

    if (list == NULL || list->child == NULL) {
        return 0;
    }
    rc = check_list(&reading, call);
    for (const cJSON *item = list->child; rc == 0 && item != NULL; item = item->next) {
        size_t index = call->mounts.count++;
        struct mf__mount *mount = &call->mounts.list[index];
        rc = read_mount(&reading, item, index, mount);
        rc = rc < 0 ? rc : check_scope(&reading, index, call, mount);
    }
    text = rc < 0 ? NULL : cJSON_PrintUnformatted(list);
    if (text == NULL) {
        return rc < 0 ? rc : MF_E_NO_MEMORY;
    }
    rc = mf_bundle_append(&call->bundle, MF_PART_WORKSPACES, mf_slice_of_cstr(""), mf_slice_of_cstr(text));
    cJSON_free(text);
    return rc;
}

int mf__mounts_check_form(const struct mf__call *call, bool wants_envelope, struct mf__call_fault *fault)
{
    const struct reading reading = {.of = MF__MOUNTS_OF_CALL, .fault = fault};

    for (unsigned i = 0; i < call->mounts.count; i++) {
        if (call->mounts.list[i].is_transaction && !wants_envelope) {
            return refuse(&reading, i, "/transaction",
                          "can be \"run\" only where the answer is the envelope: Accept: application/json.");
        }
    }
    return 0;
}
