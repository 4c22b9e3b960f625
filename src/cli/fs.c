#include "fs.h"

#include "fs_command.h"

static const char usage[] =
    "usage: mayfly fs ls [-l] [-R] NAME:[PATH]\n"
    "       mayfly fs cat NAME:PATH...\n"
    "       mayfly fs put FILE NAME:PATH          FILE - is standard input\n"
    "       mayfly fs get NAME:PATH [FILE]        FILE - is standard output\n"
    "       mayfly fs mkdir [-p] NAME:PATH...\n"
    "       mayfly fs rm [-r] [-f] NAME:PATH...\n"
    "       mayfly fs mv NAME:PATH NAME:PATH      both in one workspace, as with cp\n"
    "       mayfly fs cp [-r] NAME:PATH NAME:PATH\n"
    "       mayfly fs sync [--delete] [--dry-run] [-v] DIRECTORY NAME:[PATH]     or the other way round\n"
    "       mayfly fs list                        all workspaces, and what they hold\n"
    "       mayfly fs create NAME | delete NAME | fork NAME OTHER\n"
    "       mayfly fs snapshots NAME | snapshot NAME SNAPSHOT | restore NAME SNAPSHOT\n"
    "\n"
    "  --url URL, --cacert FILE, --token-file FILE, --tenant NAME, $MAYFLY_URL and $MAYFLY_TOKEN as "
    "everywhere\n"
    "\n"
    "exit status: 0 ok, 2 wrong usage, 3 no daemon or it refused the call, 7 a file here could not be read "
    "or written\n";

struct command {
    const char *name;
    unsigned flags; /* That it takes. */
    size_t operands_min;
    size_t operands_max;
    enum mf_cli_exit (*run)(struct mf_cli_fs *fs);
};

enum mf_cli_exit mf_cli_fs_wrong(const struct mf_cli_fs *fs, const char *what, const char *text)
{
    mf_cli_say(fs->remote.output, what, text);
    return MF_CLI_EXIT_USAGE;
}

bool mf_cli_fs_place(const struct mf_cli_fs *fs, size_t index, struct mf_cli_place *ret_place)
{
    if (mf_cli_place_read(fs->operands[index], ret_place)) {
        return true;
    }
    (void)mf_cli_fs_wrong(fs, "NAME:PATH is wanted, a path in a workspace", fs->operands[index]);
    return false;
}

enum mf_cli_exit mf_cli_fs_call(struct mf_cli_fs *fs,
                                const char *method,
                                const char *path,
                                struct mf_slice body,
                                struct mf_cli_json *ret_json)
{
    struct mf_cli_json json = {0};
    struct mf_buf url;
    enum mf_cli_exit status = MF_CLI_EXIT_USAGE;

    mf_buf_init(&url, MF_CLI_TARGET_BYTES_MAX);
    if (mf_buf_append_cstr(&url, path) == 0) {
        status = mf_cli_remote_json(&fs->remote, method, &url, body, &json);
    }
    mf_buf_done(&url);
    if (ret_json != NULL) {
        *ret_json = json;
    } else {
        mf_cli_json_done(&json);
    }
    return status;
}

int mf_cli_fs_append_text(struct mf_buf *out, const char *name, const char *text)
{
    bool is_first = out->size > 0 && out->data[out->size - 1] == '{';
    int rc = mf_buf_printf(out, "%s\"%s\":", is_first ? "" : ",", name);

    return rc < 0 ? rc : mf_buf_append_json_string(out, mf_slice_of_cstr(text));
}

static enum mf_cli_exit run_sync(struct mf_cli_fs *fs)
{
    const struct mf_cli_sync_options options = {.deletes = (fs->flags & MF_CLI_FS_DELETE) != 0,
                                                .is_dry = (fs->flags & MF_CLI_FS_DRY) != 0,
                                                .is_verbose = (fs->flags & MF_CLI_FS_VERBOSE) != 0};
    struct mf_cli_place from;
    struct mf_cli_place to;
    bool is_from_there = mf_cli_place_read(fs->operands[0], &from);
    bool is_upload = mf_cli_place_read(fs->operands[1], &to);

    if (is_from_there == is_upload) {
        return mf_cli_fs_wrong(
            fs,
            "one directory of this machine and one NAME:PATH are wanted; a colon in a path of this "
            "machine wants \"./\" in front",
            "");
    }
    return mf_cli_sync(&fs->remote, fs->operands[is_upload ? 0 : 1], is_upload ? &to : &from, is_upload,
                       &options);
}

/* ---- the command line -------------------------------------------------------------------------------------------------- */

static const struct command commands[] = {
    {"ls", MF_CLI_FS_LONG | MF_CLI_FS_RECURSIVE, 1, 1, mf_cli_fs_ls},
    {"cat", 0, 1, MF_CLI_FS_OPERANDS_MAX, mf_cli_fs_cat},
    {"put", 0, 2, 2, mf_cli_fs_put},
    {"get", 0, 1, 2, mf_cli_fs_get},
    {"mkdir", MF_CLI_FS_PARENTS, 1, MF_CLI_FS_OPERANDS_MAX, mf_cli_fs_mkdir},
    {"rm", MF_CLI_FS_RECURSIVE | MF_CLI_FS_FORCE, 1, MF_CLI_FS_OPERANDS_MAX, mf_cli_fs_rm},
    {"mv", 0, 2, 2, mf_cli_fs_mv},
    {"cp", MF_CLI_FS_RECURSIVE, 2, 2, mf_cli_fs_cp},
    {"sync", MF_CLI_FS_DELETE | MF_CLI_FS_DRY | MF_CLI_FS_VERBOSE, 2, 2, run_sync},
    {"list", 0, 0, 0, mf_cli_fs_list},
    {"create", 0, 1, 1, mf_cli_fs_create},
    {"delete", 0, 1, 1, mf_cli_fs_delete},
    {"fork", 0, 2, 2, mf_cli_fs_fork},
    {"snapshots", 0, 1, 1, mf_cli_fs_snapshots},
    {"snapshot", 0, 2, 2, mf_cli_fs_snapshot},
    {"restore", 0, 2, 2, mf_cli_fs_restore},
};

static const struct {
    const char *word;
    unsigned flag;
} flags[] = {{"-l", MF_CLI_FS_LONG},
             {"-R", MF_CLI_FS_RECURSIVE},
             {"-r", MF_CLI_FS_RECURSIVE},
             {"-f", MF_CLI_FS_FORCE},
             {"-p", MF_CLI_FS_PARENTS},
             {"-v", MF_CLI_FS_VERBOSE},
             {"--delete", MF_CLI_FS_DELETE},
             {"--dry-run", MF_CLI_FS_DRY},
             {"-n", MF_CLI_FS_DRY},
             {"--recursive", MF_CLI_FS_RECURSIVE},
             {"--force", MF_CLI_FS_FORCE},
             {"--parents", MF_CLI_FS_PARENTS},
             {"--verbose", MF_CLI_FS_VERBOSE},
             {"--long", MF_CLI_FS_LONG}};

struct place_of_daemon {
    const char *url;
    const char *ca_path;
    const char *token_file;
    const char *tenant;
};

static bool take_flag(struct mf_cli_fs *fs, const struct command *command, const char *text)
{
    for (size_t i = 0; i < MF_COUNT_OF(flags); i++) {
        if (strcmp(flags[i].word, text) == 0 && (command->flags & flags[i].flag) != 0) {
            fs->flags |= flags[i].flag;
            return true;
        }
    }
    return false;
}

/* "--url X" or "--url=X". 1: it was that one. */
static int take_value(int argc, char **argv, int *at, const char *name, const char **ret_value)
{
    size_t size = strlen(name);

    if (strncmp(argv[*at], name, size) != 0) {
        return 0;
    }
    if (argv[*at][size] == '=') {
        *ret_value = argv[*at] + size + 1;
        return 1;
    }
    if (argv[*at][size] != '\0') {
        return 0;
    }
    if (*at + 1 >= argc) {
        return MF_E_INVALID;
    }
    *ret_value = argv[++*at];
    return 1;
}

/* MF_CLI_EXIT_USAGE when it was said what is wrong. */
static enum mf_cli_exit read_arguments(struct mf_cli_fs *fs,
                                       const struct command *command,
                                       int argc,
                                       char **argv,
                                       struct place_of_daemon *daemon)
{
    bool is_over = false; /* "--" */

    for (int i = 2; i < argc; i++) {
        int rc = is_over ? 0 : take_value(argc, argv, &i, "--url", &daemon->url);
        rc = rc != 0 || is_over ? rc : take_value(argc, argv, &i, "--cacert", &daemon->ca_path);
        rc = rc != 0 || is_over ? rc : take_value(argc, argv, &i, "--token-file", &daemon->token_file);
        rc = rc != 0 || is_over ? rc : take_value(argc, argv, &i, "--tenant", &daemon->tenant);
        if (rc < 0) {
            return mf_cli_fs_wrong(fs, "a value is wanted behind", argv[i]);
        }
        if (rc > 0) {
            continue;
        }
        if (!is_over && strcmp(argv[i], "--") == 0) {
            is_over = true;
        } else if (!is_over && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!take_flag(fs, command, argv[i])) {
                return mf_cli_fs_wrong(fs, "unknown option", argv[i]);
            }
        } else if (fs->count == command->operands_max || fs->count == MF_CLI_FS_OPERANDS_MAX) {
            return mf_cli_fs_wrong(fs, "unexpected argument", argv[i]);
        } else {
            fs->operands[fs->count++] = argv[i];
        }
    }
    return fs->count < command->operands_min
               ? mf_cli_fs_wrong(fs, "an argument is missing; mayfly fs --help says more", "")
               : MF_CLI_EXIT_OK;
}

enum mf_cli_exit
mf_cli_fs(int argc, char **argv, const char *url, const char *token, const struct mf_cli_output *output)
{
    struct mf_cli_fs fs = {.remote = {.output = output}};
    struct place_of_daemon daemon = {.url = url == NULL ? "http://127.0.0.1:8787" : url};
    const struct command *command = NULL;
    char why[MF_CLI_WHY_BYTES_MAX] = "";
    enum mf_cli_exit status;

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            (void)fputs(usage, output->out);
            return mf_cli_resource_end(output);
        }
    }
    for (size_t i = 0; argc > 1 && i < MF_COUNT_OF(commands); i++) {
        command = strcmp(commands[i].name, argv[1]) == 0 ? &commands[i] : command;
    }
    if (command == NULL) {
        return mf_cli_fs_wrong(&fs,
                               argc > 1 ? "mayfly fs has no command of this name; mayfly fs --help has all"
                                        : "a command is missing; mayfly fs --help has all",
                               argc > 1 ? argv[1] : "");
    }
    status = read_arguments(&fs, command, argc, argv, &daemon);
    if (status == MF_CLI_EXIT_OK &&
        (mf_cli_authorize(daemon.token_file, token, daemon.tenant, why) < 0 ||
         mf_cli_session_new(daemon.url, daemon.ca_path, &fs.remote.session, why) < 0)) {
        status = mf_cli_fs_wrong(&fs, why, "");
    }
    if (status == MF_CLI_EXIT_OK) {
        status = command->run(&fs);
    }
    mf_cli_session_free(fs.remote.session);
    mf_cli_forget();
    return status;
}
