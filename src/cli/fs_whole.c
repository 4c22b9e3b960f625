/* fs_whole.c - workspaces as a whole, and their snapshots. */
#include "fs_command.h"

/* The path of a workspace, or of what is in it; a name that could be a path of its own is refused. */
static bool
path_of(const struct mf_cli_fs *fs, size_t index, const char *suffix, char ret_path[MF_CLI_PATH_BYTES_MAX])
{
    char why[MF_CLI_WHY_BYTES_MAX];

    if (mf_cli_resource_path("workspaces", fs->operands[index], suffix, ret_path, why) < 0) {
        (void)mf_cli_fs_wrong(fs, why, "");
        return false;
    }
    return true;
}

static enum mf_cli_exit
on_whole(struct mf_cli_fs *fs, const char *method, const char *suffix, const char *field)
{
    char path[MF_CLI_PATH_BYTES_MAX];
    struct mf_buf body;
    enum mf_cli_exit status = MF_CLI_EXIT_USAGE;
    int rc;

    if (!path_of(fs, 0, suffix, path)) {
        return MF_CLI_EXIT_USAGE;
    }
    mf_buf_init(&body, MF_CLI_TARGET_BYTES_MAX);
    rc = mf_buf_append_cstr(&body, "{");
    rc = rc < 0 || field == NULL ? rc : mf_cli_fs_append_text(&body, field, fs->operands[1]);
    rc = rc < 0 ? rc : mf_buf_append_cstr(&body, "}");
    if (rc == 0) {
        bool has_body = strcmp(method, "DELETE") != 0;
        status = mf_cli_fs_call(fs, method, path, has_body ? mf_buf_peek(&body) : mf_slice_of(NULL, 0), NULL);
    }
    mf_buf_done(&body);
    return status;
}

enum mf_cli_exit mf_cli_fs_create(struct mf_cli_fs *fs)
{
    return on_whole(fs, "PUT", "", NULL);
}

enum mf_cli_exit mf_cli_fs_delete(struct mf_cli_fs *fs)
{
    return on_whole(fs, "DELETE", "", NULL);
}

enum mf_cli_exit mf_cli_fs_fork(struct mf_cli_fs *fs)
{
    return on_whole(fs, "POST", "/fork", "name");
}

enum mf_cli_exit mf_cli_fs_snapshot(struct mf_cli_fs *fs)
{
    return on_whole(fs, "POST", "/snapshots", "name");
}

enum mf_cli_exit mf_cli_fs_restore(struct mf_cli_fs *fs)
{
    char suffix[MF_CLI_PATH_BYTES_MAX];
    char path[MF_CLI_PATH_BYTES_MAX];

    if (!path_of(fs, 1, "", path)) { /* A snapshot's name is as a workspace's. */
        return MF_CLI_EXIT_USAGE;
    }
    (void)snprintf(suffix, sizeof suffix, "/snapshots/%s/restore", fs->operands[1]);
    return on_whole(fs, "POST", suffix, NULL);
}

static void print_row(const struct mf_cli_fs *fs, const cJSON *row, const cJSON *size)
{
    const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(size, "bytes");
    const cJSON *inodes = cJSON_GetObjectItemCaseSensitive(size, "inodes");

    (void)fprintf(fs->remote.output->out, "%-32.64s %16.0f bytes %10.0f files  %.24s\n",
                  mf_cli_resource_text(row, "name"), cJSON_IsNumber(bytes) ? bytes->valuedouble : 0,
                  cJSON_IsNumber(inodes) ? inodes->valuedouble : 0, mf_cli_resource_text(row, "createdAt"));
}

enum mf_cli_exit mf_cli_fs_list(struct mf_cli_fs *fs)
{
    struct mf_slice none = {NULL, 0};
    enum mf_cli_exit status = MF_CLI_EXIT_OK;
    char path[MF_CLI_PATH_BYTES_MAX] = "/v1/workspaces?limit=1000";
    bool has_more = true;

    while (status == MF_CLI_EXIT_OK && has_more) {
        struct mf_cli_json json;
        const cJSON *row;
        status = mf_cli_fs_call(fs, "GET", path, none, &json);
        cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(json.root, "workspaces"))
        {
            print_row(fs, row, cJSON_GetObjectItemCaseSensitive(row, "usage"));
        }
        has_more = *mf_cli_resource_text(json.root, "next") != '\0';
        (void)snprintf(path, sizeof path, "/v1/workspaces?limit=1000&after=%.100s",
                       mf_cli_resource_text(json.root, "next"));
        mf_cli_json_done(&json);
    }
    return status == MF_CLI_EXIT_OK ? mf_cli_resource_end(fs->remote.output) : status;
}

enum mf_cli_exit mf_cli_fs_snapshots(struct mf_cli_fs *fs)
{
    struct mf_slice none = {NULL, 0};
    char path[MF_CLI_PATH_BYTES_MAX];
    struct mf_cli_json json;
    enum mf_cli_exit status;
    const cJSON *row;

    if (!path_of(fs, 0, "/snapshots", path)) {
        return MF_CLI_EXIT_USAGE;
    }
    status = mf_cli_fs_call(fs, "GET", path, none, &json);
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(json.root, "snapshots"))
    {
        print_row(fs, row, row);
    }
    mf_cli_json_done(&json);
    return status == MF_CLI_EXIT_OK ? mf_cli_resource_end(fs->remote.output) : status;
}
