/* fs_paths.c - what is done with paths: ls, mkdir, rm, mv, cp. */
#include "fs_command.h"

/* One operation; |to| is another path or NULL. */
static enum mf_cli_exit operate(struct mf_cli_fs *fs,
                                const char *op,
                                const char *flags,
                                const char *from_name,
                                const struct mf_cli_place *from,
                                const char *to)
{
    char path[MF_CLI_PATH_BYTES_MAX];
    struct mf_buf body;
    enum mf_cli_exit status = MF_CLI_EXIT_USAGE;
    int rc;

    (void)snprintf(path, sizeof path, "/v1/workspaces/%s/ops", from->name);
    mf_buf_init(&body, MF_CLI_TARGET_BYTES_MAX);
    rc = mf_buf_append_cstr(&body, "{\"ops\":[{");
    rc = rc < 0 ? rc : mf_cli_fs_append_text(&body, "op", op);
    rc = rc < 0 ? rc : mf_cli_fs_append_text(&body, from_name, from->path);
    rc = rc < 0 || to == NULL ? rc : mf_cli_fs_append_text(&body, "to", to);
    rc = rc < 0 ? rc : mf_buf_printf(&body, "%s}]}", flags);
    if (rc == 0 && mf_slice_is_utf8(mf_buf_peek(&body))) {
        status = mf_cli_fs_call(fs, "POST", path, mf_buf_peek(&body), NULL);
    } else {
        (void)mf_cli_fs_wrong(fs, "the path is too long or not UTF-8", from->path);
    }
    mf_buf_done(&body);
    return status;
}

enum mf_cli_exit mf_cli_fs_mkdir(struct mf_cli_fs *fs)
{
    enum mf_cli_exit status = MF_CLI_EXIT_OK;
    struct mf_cli_place place;

    for (size_t i = 0; status == MF_CLI_EXIT_OK && i < fs->count; i++) {
        status = !mf_cli_fs_place(fs, i, &place)
                     ? MF_CLI_EXIT_USAGE
                     : operate(fs, "mkdir", (fs->flags & MF_CLI_FS_PARENTS) != 0 ? ",\"parents\":true" : "",
                               "path", &place, NULL);
    }
    return status;
}

enum mf_cli_exit mf_cli_fs_rm(struct mf_cli_fs *fs)
{
    enum mf_cli_exit status = MF_CLI_EXIT_OK;
    struct mf_cli_place place;
    char flags[64];

    (void)snprintf(flags, sizeof flags, "%s%s",
                   (fs->flags & MF_CLI_FS_RECURSIVE) != 0 ? ",\"recursive\":true" : "",
                   (fs->flags & MF_CLI_FS_FORCE) != 0 ? ",\"force\":true" : "");
    for (size_t i = 0; status == MF_CLI_EXIT_OK && i < fs->count; i++) {
        status = !mf_cli_fs_place(fs, i, &place) ? MF_CLI_EXIT_USAGE
                                                 : operate(fs, "rm", flags, "path", &place, NULL);
    }
    return status;
}

/* As mv(1) and cp(1): into a directory that is there. */
static enum mf_cli_exit between(struct mf_cli_fs *fs, const char *op, const char *flags)
{
    struct mf_cli_place from;
    struct mf_cli_place to;
    struct mf_cli_json about;
    struct mf_buf path;
    bool is_missing = false;
    enum mf_cli_exit status;
    int rc;

    if (!mf_cli_fs_place(fs, 0, &from) || !mf_cli_fs_place(fs, 1, &to)) {
        return MF_CLI_EXIT_USAGE;
    }
    if (strcmp(from.name, to.name) != 0) {
        return mf_cli_fs_wrong(fs, "both paths must be in one workspace", "");
    }
    status = mf_cli_remote_stat(&fs->remote, &to, &is_missing, &about);
    const char *slash = strrchr(from.path, '/');
    const char *base = slash == NULL ? from.path : slash + 1;
    bool is_into =
        !is_missing && strcmp(mf_cli_resource_text(about.root, "type"), "directory") == 0 && *base != '\0';
    mf_cli_json_done(&about);
    mf_buf_init(&path, MF_CLI_TARGET_BYTES_MAX);
    rc = mf_buf_append_cstr(&path, to.path);
    rc = rc < 0 || !is_into ? rc : mf_buf_printf(&path, "/%s", base);
    rc = rc < 0 ? rc : mf_buf_append(&path, "", 1);
    if (status == MF_CLI_EXIT_OK) {
        status = rc < 0 ? mf_cli_fs_wrong(fs, "the path is too long", "")
                        : operate(fs, op, flags, "from", &from, (const char *)path.data);
    }
    mf_buf_done(&path);
    return status;
}

enum mf_cli_exit mf_cli_fs_mv(struct mf_cli_fs *fs)
{
    return between(fs, "mv", "");
}

enum mf_cli_exit mf_cli_fs_cp(struct mf_cli_fs *fs)
{
    return between(fs, "cp", (fs->flags & MF_CLI_FS_RECURSIVE) != 0 ? ",\"recursive\":true" : "");
}

/* ---- ls ------------------------------------------------------------------------------------------------------------ */

struct lister {
    const struct mf_cli_fs *fs;
    size_t root_size;
};

static int print_entry(void *user, const cJSON *entry)
{
    const struct lister *lister = user;
    const struct mf_cli_output *output = lister->fs->remote.output;
    const char *type = mf_cli_resource_text(entry, "type");
    const char *path = mf_cli_resource_text(entry, "path");
    const cJSON *size = cJSON_GetObjectItemCaseSensitive(entry, "size");
    const char *target = mf_cli_resource_text(entry, "target");

    if ((lister->fs->flags & MF_CLI_FS_LONG) != 0) {
        (void)fprintf(output->out, "%c%.4s %14.0f %.24s ",
                      type[0] == 'd'   ? 'd'
                      : type[0] == 's' ? 'l'
                                       : '-',
                      mf_cli_resource_text(entry, "mode"), cJSON_IsNumber(size) ? size->valuedouble : 0,
                      mf_cli_resource_text(entry, "modifiedAt"));
    }
    path += strlen(path) > lister->root_size ? lister->root_size + 1 : 0;
    mf_cli_print(output->out, output->is_out_terminal, mf_slice_of_cstr(path));
    (void)fputs(type[0] == 'd' ? "/" : "", output->out);
    if (*target != '\0' && (lister->fs->flags & MF_CLI_FS_LONG) != 0) {
        (void)fputs(" -> ", output->out);
        mf_cli_print(output->out, output->is_out_terminal, mf_slice_of_cstr(target));
    }
    (void)fputc('\n', output->out);
    return 0;
}

enum mf_cli_exit mf_cli_fs_ls(struct mf_cli_fs *fs)
{
    struct lister lister = {.fs = fs};
    struct mf_cli_place place;
    struct mf_cli_json about;
    bool is_missing = false;
    enum mf_cli_exit status;

    if (!mf_cli_fs_place(fs, 0, &place)) {
        return MF_CLI_EXIT_USAGE;
    }
    status = mf_cli_remote_stat(&fs->remote, &place, &is_missing, &about);
    if (status == MF_CLI_EXIT_OK && is_missing) {
        mf_cli_say(fs->remote.output, "no such file or directory", place.path);
        status = MF_CLI_EXIT_DAEMON;
    } else if (status == MF_CLI_EXIT_OK) {
        const char *root = mf_cli_resource_text(about.root, "path");
        const char *slash = strrchr(root, '/');
        bool is_directory = strcmp(mf_cli_resource_text(about.root, "type"), "directory") == 0;
        lister.root_size = strcmp(root, "/") == 0 ? 0 : is_directory ? strlen(root) : (size_t)(slash - root);
        if (is_directory) {
            status = mf_cli_remote_each(&fs->remote, &place, (fs->flags & MF_CLI_FS_RECURSIVE) != 0,
                                        print_entry, &lister);
        } else {
            (void)print_entry(&lister, about.root);
        }
    }
    mf_cli_json_done(&about);
    return status == MF_CLI_EXIT_OK ? mf_cli_resource_end(fs->remote.output) : status;
}
