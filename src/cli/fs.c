#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sync.h"

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
    "  --url URL, --cacert FILE as everywhere in mayfly; $MAYFLY_URL, $MAYFLY_TOKEN\n"
    "\n"
    "exit status: 0 ok, 2 wrong usage, 3 no daemon or it refused the call, 7 a file here could not be read "
    "or written\n";

enum { LONG = 1, RECURSIVE = 2, FORCE = 4, PARENTS = 8, DELETE = 16, DRY = 32, VERBOSE = 64 };

#define OPERANDS_MAX 1024 /* Of one command line. */

struct fs {
    struct mf_cli_remote remote;
    unsigned flags;
    const char *operands[OPERANDS_MAX];
    size_t count;
};

struct command {
    const char *name;
    unsigned flags; /* That it takes. */
    size_t operands_min;
    size_t operands_max;
    enum mf_cli_exit (*run)(struct fs *fs);
};

static enum mf_cli_exit wrong(const struct fs *fs, const char *what, const char *text)
{
    mf_cli_say(fs->remote.output, what, text);
    return MF_CLI_EXIT_USAGE;
}

/* ---- requests without a body of their own ---------------------------------------------------------------------- */

/* |format| makes the path; |body| may be empty. What answers is the caller's, or NULL. */
static enum mf_cli_exit
call(struct fs *fs, const char *method, const char *path, struct mf_slice body, struct mf_cli_json *ret_json)
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

/* "|name|":"|text|", with a comma in front of all but the first. */
static int append_text(struct mf_buf *out, const char *name, const char *text)
{
    bool is_first = out->size > 0 && out->data[out->size - 1] == '{';
    int rc = mf_buf_printf(out, "%s\"%s\":", is_first ? "" : ",", name);

    return rc < 0 ? rc : mf_buf_append_json_string(out, mf_slice_of_cstr(text));
}

/* One operation; |to| is another path or NULL. */
static enum mf_cli_exit operate(struct fs *fs,
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
    rc = rc < 0 ? rc : append_text(&body, "op", op);
    rc = rc < 0 ? rc : append_text(&body, from_name, from->path);
    rc = rc < 0 || to == NULL ? rc : append_text(&body, "to", to);
    rc = rc < 0 ? rc : mf_buf_printf(&body, "%s}]}", flags);
    if (rc == 0 && mf_slice_is_utf8(mf_buf_peek(&body))) {
        status = call(fs, "POST", path, mf_buf_peek(&body), NULL);
    } else {
        (void)wrong(fs, "the path is too long or not UTF-8", from->path);
    }
    mf_buf_done(&body);
    return status;
}

static bool read_place(const struct fs *fs, size_t index, struct mf_cli_place *ret_place)
{
    if (mf_cli_place_read(fs->operands[index], ret_place)) {
        return true;
    }
    (void)wrong(fs, "NAME:PATH is wanted, a path in a workspace", fs->operands[index]);
    return false;
}

static enum mf_cli_exit run_mkdir(struct fs *fs)
{
    enum mf_cli_exit status = MF_CLI_EXIT_OK;
    struct mf_cli_place place;

    for (size_t i = 0; status == MF_CLI_EXIT_OK && i < fs->count; i++) {
        status = !read_place(fs, i, &place)
                     ? MF_CLI_EXIT_USAGE
                     : operate(fs, "mkdir", (fs->flags & PARENTS) != 0 ? ",\"parents\":true" : "", "path",
                               &place, NULL);
    }
    return status;
}

static enum mf_cli_exit run_rm(struct fs *fs)
{
    enum mf_cli_exit status = MF_CLI_EXIT_OK;
    struct mf_cli_place place;
    char flags[64];

    (void)snprintf(flags, sizeof flags, "%s%s", (fs->flags & RECURSIVE) != 0 ? ",\"recursive\":true" : "",
                   (fs->flags & FORCE) != 0 ? ",\"force\":true" : "");
    for (size_t i = 0; status == MF_CLI_EXIT_OK && i < fs->count; i++) {
        status =
            !read_place(fs, i, &place) ? MF_CLI_EXIT_USAGE : operate(fs, "rm", flags, "path", &place, NULL);
    }
    return status;
}

/* As mv(1) and cp(1): into a directory that is there. */
static enum mf_cli_exit between(struct fs *fs, const char *op, const char *flags)
{
    struct mf_cli_place from;
    struct mf_cli_place to;
    struct mf_cli_json about;
    struct mf_buf path;
    bool is_missing = false;
    enum mf_cli_exit status;
    int rc;

    if (!read_place(fs, 0, &from) || !read_place(fs, 1, &to)) {
        return MF_CLI_EXIT_USAGE;
    }
    if (strcmp(from.name, to.name) != 0) {
        return wrong(fs, "both paths must be in one workspace", "");
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
        status = rc < 0 ? wrong(fs, "the path is too long", "")
                        : operate(fs, op, flags, "from", &from, (const char *)path.data);
    }
    mf_buf_done(&path);
    return status;
}

static enum mf_cli_exit run_mv(struct fs *fs)
{
    return between(fs, "mv", "");
}

static enum mf_cli_exit run_cp(struct fs *fs)
{
    return between(fs, "cp", (fs->flags & RECURSIVE) != 0 ? ",\"recursive\":true" : "");
}

/* ---- ls ------------------------------------------------------------------------------------------------------------ */

struct lister {
    const struct fs *fs;
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

    if ((lister->fs->flags & LONG) != 0) {
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
    if (*target != '\0' && (lister->fs->flags & LONG) != 0) {
        (void)fputs(" -> ", output->out);
        mf_cli_print(output->out, output->is_out_terminal, mf_slice_of_cstr(target));
    }
    (void)fputc('\n', output->out);
    return 0;
}

static enum mf_cli_exit run_ls(struct fs *fs)
{
    struct lister lister = {.fs = fs};
    struct mf_cli_place place;
    struct mf_cli_json about;
    bool is_missing = false;
    enum mf_cli_exit status;

    if (!read_place(fs, 0, &place)) {
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
            status =
                mf_cli_remote_each(&fs->remote, &place, (fs->flags & RECURSIVE) != 0, print_entry, &lister);
        } else {
            (void)print_entry(&lister, about.root);
        }
    }
    mf_cli_json_done(&about);
    return status == MF_CLI_EXIT_OK ? mf_cli_resource_end(fs->remote.output) : status;
}

/* ---- whole files --------------------------------------------------------------------------------------------------- */

struct file {
    struct fs *fs;
    const char *name; /* Here. */
    int fd;
};

static int write_bytes(void *user, struct mf_slice bytes)
{
    struct file *file = user;
    uint64_t whole = bytes.size;

    while (bytes.size > 0) {
        ssize_t size = write(file->fd, bytes.data, bytes.size);
        if (size < 0 && errno != EINTR) {
            mf_cli_progress_clear(&file->fs->remote.progress);
            mf_cli_say(file->fs->remote.output, file->name, strerror(errno));
            return MF_E_CLOSED;
        }
        bytes = size < 0 ? bytes : mf_slice_of(bytes.data + size, bytes.size - (size_t)size);
    }
    mf_cli_progress_add(&file->fs->remote.progress, whole, 0);
    return 0;
}

static int64_t read_bytes(void *user, uint8_t *space, size_t size)
{
    struct file *file = user;
    ssize_t got;

    do {
        got = read(file->fd, space, size);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        mf_cli_progress_clear(&file->fs->remote.progress);
        mf_cli_say(file->fs->remote.output, file->name, strerror(errno));
        return MF_E_CLOSED;
    }
    mf_cli_progress_add(&file->fs->remote.progress, (uint64_t)got, 0);
    return got;
}

static enum mf_cli_exit
transfer(struct fs *fs, const struct mf_cli_place *place, struct mf_cli_request *request)
{
    struct mf_cli_json json = {0};
    struct mf_buf url;
    enum mf_cli_exit status = MF_CLI_EXIT_USAGE;

    mf_buf_init(&url, MF_CLI_TARGET_BYTES_MAX);
    if (mf_cli_remote_url(&url, place, "/files/") < 0) {
        (void)wrong(fs, "the path is too long", place->path);
    } else {
        status = mf_cli_remote_send(&fs->remote, request, &url, &json);
    }
    mf_cli_progress_clear(&fs->remote.progress);
    mf_cli_json_done(&json);
    mf_buf_done(&url);
    return status;
}

static enum mf_cli_exit run_cat(struct fs *fs)
{
    struct file file = {.fs = fs, .name = "standard output", .fd = STDOUT_FILENO};
    struct mf_cli_request request = {.method = "GET", .on_bytes = write_bytes, .user = &file};
    enum mf_cli_exit status = MF_CLI_EXIT_OK;
    struct mf_cli_place place;

    for (size_t i = 0; status == MF_CLI_EXIT_OK && i < fs->count; i++) {
        status = !read_place(fs, i, &place) ? MF_CLI_EXIT_USAGE : transfer(fs, &place, &request);
    }
    return status;
}

static enum mf_cli_exit run_put(struct fs *fs)
{
    struct file file = {.fs = fs, .name = fs->operands[0], .fd = STDIN_FILENO};
    struct mf_cli_request request = {
        .method = "PUT",
        .body = {.read = read_bytes, .user = &file, .bytes = -1, .type = "application/octet-stream"}};
    struct mf_cli_place place;
    struct stat about = {.st_size = 0};
    enum mf_cli_exit status;

    if (!read_place(fs, 1, &place)) {
        return MF_CLI_EXIT_USAGE;
    }
    if (strcmp(file.name, "-") != 0) {
        file.fd = open(file.name, O_RDONLY | O_CLOEXEC);
        if (file.fd < 0 || fstat(file.fd, &about) < 0) {
            return wrong(fs, file.name, strerror(errno));
        }
        if (S_ISREG(about.st_mode)) {
            request.body.bytes = about.st_size;
        }
    }
    mf_cli_progress_begin(&fs->remote.progress, fs->remote.output, (uint64_t)about.st_size, 0);
    status = transfer(fs, &place, &request);
    if (file.fd != STDIN_FILENO) {
        (void)close(file.fd);
    }
    return status;
}

/* Where FILE is a directory: in it, under the name that it has there. */
static int open_output(const char *name,
                       const struct mf_cli_place *place,
                       struct mf_buf *temporary,
                       struct mf_buf *final)
{
    const char *slash = strrchr(place->path, '/');
    const char *base = slash == NULL ? place->path : slash + 1;
    struct stat about;
    bool is_directory = name == NULL || (stat(name, &about) == 0 && S_ISDIR(about.st_mode));
    int rc = name == NULL   ? mf_buf_append_cstr(final, base)
             : is_directory ? mf_buf_printf(final, "%s/%s", name, base)
                            : mf_buf_append_cstr(final, name);

    rc = rc < 0 ? rc
                : mf_buf_printf(temporary, "%.*s.mayfly-%d", (int) final->size, (const char *) final->data,
                                (int)getpid());
    rc = rc < 0 ? rc : mf_buf_append(final, "", 1);
    rc = rc < 0 ? rc : mf_buf_append(temporary, "", 1);
    if (rc < 0 || *base == '\0') {
        errno = rc < 0 ? ENAMETOOLONG : EISDIR;
        return -1;
    }
    return open((const char *)temporary->data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

static enum mf_cli_exit run_get(struct fs *fs)
{
    const char *name = fs->count > 1 ? fs->operands[1] : NULL;
    struct file file = {.fs = fs, .name = name == NULL ? "the file" : name, .fd = STDOUT_FILENO};
    struct mf_cli_request request = {.method = "GET", .on_bytes = write_bytes, .user = &file};
    struct mf_cli_place place;
    struct mf_buf temporary;
    struct mf_buf final;
    enum mf_cli_exit status;

    if (!read_place(fs, 0, &place)) {
        return MF_CLI_EXIT_USAGE;
    }
    if (name != NULL && strcmp(name, "-") == 0) {
        return transfer(fs, &place, &request);
    }
    mf_buf_init(&temporary, 2 * MF_FS_PATH_BYTES_MAX);
    mf_buf_init(&final, 2 * MF_FS_PATH_BYTES_MAX);
    file.fd = open_output(name, &place, &temporary, &final);
    if (file.fd < 0) {
        status = wrong(fs, file.name, strerror(errno));
    } else {
        mf_cli_progress_begin(&fs->remote.progress, fs->remote.output, 0, 0);
        status = transfer(fs, &place, &request);
        if (close(file.fd) < 0 || (status == MF_CLI_EXIT_OK &&
                                   rename((const char *)temporary.data, (const char *) final.data) < 0)) {
            mf_cli_say(fs->remote.output, file.name, strerror(errno));
            status = MF_CLI_EXIT_OTHER;
        }
        if (status != MF_CLI_EXIT_OK) {
            (void)unlink((const char *)temporary.data);
        }
    }
    mf_buf_done(&temporary);
    mf_buf_done(&final);
    return status;
}

static enum mf_cli_exit run_sync(struct fs *fs)
{
    const struct mf_cli_sync_options options = {.deletes = (fs->flags & DELETE) != 0,
                                                .is_dry = (fs->flags & DRY) != 0,
                                                .is_verbose = (fs->flags & VERBOSE) != 0};
    struct mf_cli_place from;
    struct mf_cli_place to;
    bool is_from_there = mf_cli_place_read(fs->operands[0], &from);
    bool is_upload = mf_cli_place_read(fs->operands[1], &to);

    if (is_from_there == is_upload) {
        return wrong(fs,
                     "one directory of this machine and one NAME:PATH are wanted; a colon in a path of this "
                     "machine wants \"./\" in front",
                     "");
    }
    return mf_cli_sync(&fs->remote, fs->operands[is_upload ? 0 : 1], is_upload ? &to : &from, is_upload,
                       &options);
}

/* ---- workspaces as a whole ------------------------------------------------------------------------------------------- */

/* The path of a workspace, or of what is in it; a name that could be a path of its own is refused. */
static bool
path_of(const struct fs *fs, size_t index, const char *suffix, char ret_path[MF_CLI_PATH_BYTES_MAX])
{
    char why[MF_CLI_WHY_BYTES_MAX];

    if (mf_cli_resource_path("workspaces", fs->operands[index], suffix, ret_path, why) < 0) {
        (void)wrong(fs, why, "");
        return false;
    }
    return true;
}

static enum mf_cli_exit on_whole(struct fs *fs, const char *method, const char *suffix, const char *field)
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
    rc = rc < 0 || field == NULL ? rc : append_text(&body, field, fs->operands[1]);
    rc = rc < 0 ? rc : mf_buf_append_cstr(&body, "}");
    if (rc == 0) {
        bool has_body = strcmp(method, "DELETE") != 0;
        status = call(fs, method, path, has_body ? mf_buf_peek(&body) : mf_slice_of(NULL, 0), NULL);
    }
    mf_buf_done(&body);
    return status;
}

static enum mf_cli_exit run_create(struct fs *fs)
{
    return on_whole(fs, "PUT", "", NULL);
}

static enum mf_cli_exit run_delete(struct fs *fs)
{
    return on_whole(fs, "DELETE", "", NULL);
}

static enum mf_cli_exit run_fork(struct fs *fs)
{
    return on_whole(fs, "POST", "/fork", "name");
}

static enum mf_cli_exit run_snapshot(struct fs *fs)
{
    return on_whole(fs, "POST", "/snapshots", "name");
}

static enum mf_cli_exit run_restore(struct fs *fs)
{
    char suffix[MF_CLI_PATH_BYTES_MAX];
    char path[MF_CLI_PATH_BYTES_MAX];

    if (!path_of(fs, 1, "", path)) { /* A snapshot's name is as a workspace's. */
        return MF_CLI_EXIT_USAGE;
    }
    (void)snprintf(suffix, sizeof suffix, "/snapshots/%s/restore", fs->operands[1]);
    return on_whole(fs, "POST", suffix, NULL);
}

static void print_row(const struct fs *fs, const cJSON *row, const cJSON *size)
{
    const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(size, "bytes");
    const cJSON *inodes = cJSON_GetObjectItemCaseSensitive(size, "inodes");

    (void)fprintf(fs->remote.output->out, "%-32.64s %16.0f bytes %10.0f files  %.24s\n",
                  mf_cli_resource_text(row, "name"), cJSON_IsNumber(bytes) ? bytes->valuedouble : 0,
                  cJSON_IsNumber(inodes) ? inodes->valuedouble : 0, mf_cli_resource_text(row, "createdAt"));
}

static enum mf_cli_exit run_list(struct fs *fs)
{
    struct mf_slice none = {NULL, 0};
    enum mf_cli_exit status = MF_CLI_EXIT_OK;
    char path[MF_CLI_PATH_BYTES_MAX] = "/v1/workspaces?limit=1000";
    bool has_more = true;

    while (status == MF_CLI_EXIT_OK && has_more) {
        struct mf_cli_json json;
        const cJSON *row;
        status = call(fs, "GET", path, none, &json);
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

static enum mf_cli_exit run_snapshots(struct fs *fs)
{
    struct mf_slice none = {NULL, 0};
    char path[MF_CLI_PATH_BYTES_MAX];
    struct mf_cli_json json;
    enum mf_cli_exit status;
    const cJSON *row;

    if (!path_of(fs, 0, "/snapshots", path)) {
        return MF_CLI_EXIT_USAGE;
    }
    status = call(fs, "GET", path, none, &json);
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(json.root, "snapshots"))
    {
        print_row(fs, row, row);
    }
    mf_cli_json_done(&json);
    return status == MF_CLI_EXIT_OK ? mf_cli_resource_end(fs->remote.output) : status;
}

/* ---- the command line -------------------------------------------------------------------------------------------------- */

static const struct command commands[] = {
    {"ls", LONG | RECURSIVE, 1, 1, run_ls},
    {"cat", 0, 1, OPERANDS_MAX, run_cat},
    {"put", 0, 2, 2, run_put},
    {"get", 0, 1, 2, run_get},
    {"mkdir", PARENTS, 1, OPERANDS_MAX, run_mkdir},
    {"rm", RECURSIVE | FORCE, 1, OPERANDS_MAX, run_rm},
    {"mv", 0, 2, 2, run_mv},
    {"cp", RECURSIVE, 2, 2, run_cp},
    {"sync", DELETE | DRY | VERBOSE, 2, 2, run_sync},
    {"list", 0, 0, 0, run_list},
    {"create", 0, 1, 1, run_create},
    {"delete", 0, 1, 1, run_delete},
    {"fork", 0, 2, 2, run_fork},
    {"snapshots", 0, 1, 1, run_snapshots},
    {"snapshot", 0, 2, 2, run_snapshot},
    {"restore", 0, 2, 2, run_restore},
};

static const struct {
    const char *word;
    unsigned flag;
} flags[] = {{"-l", LONG},
             {"-R", RECURSIVE},
             {"-r", RECURSIVE},
             {"-f", FORCE},
             {"-p", PARENTS},
             {"-v", VERBOSE},
             {"--delete", DELETE},
             {"--dry-run", DRY},
             {"-n", DRY},
             {"--recursive", RECURSIVE},
             {"--force", FORCE},
             {"--parents", PARENTS},
             {"--verbose", VERBOSE},
             {"--long", LONG}};

struct place_of_daemon {
    const char *url;
    const char *ca_path;
};

static bool take_flag(struct fs *fs, const struct command *command, const char *text)
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
static enum mf_cli_exit read_arguments(struct fs *fs,
                                       const struct command *command,
                                       int argc,
                                       char **argv,
                                       struct place_of_daemon *daemon)
{
    bool is_over = false; /* "--" */

    for (int i = 2; i < argc; i++) {
        int rc = is_over ? 0 : take_value(argc, argv, &i, "--url", &daemon->url);
        rc = rc != 0 || is_over ? rc : take_value(argc, argv, &i, "--cacert", &daemon->ca_path);
        if (rc < 0) {
            return wrong(fs, "a value is wanted behind", argv[i]);
        }
        if (rc > 0) {
            continue;
        }
        if (!is_over && strcmp(argv[i], "--") == 0) {
            is_over = true;
        } else if (!is_over && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!take_flag(fs, command, argv[i])) {
                return wrong(fs, "unknown option", argv[i]);
            }
        } else if (fs->count == command->operands_max || fs->count == OPERANDS_MAX) {
            return wrong(fs, "unexpected argument", argv[i]);
        } else {
            fs->operands[fs->count++] = argv[i];
        }
    }
    return fs->count < command->operands_min
               ? wrong(fs, "an argument is missing; mayfly fs --help says more", "")
               : MF_CLI_EXIT_OK;
}

enum mf_cli_exit
mf_cli_fs(int argc, char **argv, const char *url, const char *token, const struct mf_cli_output *output)
{
    struct fs fs = {.remote = {.output = output}};
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
        return wrong(&fs,
                     argc > 1 ? "mayfly fs has no command of this name; mayfly fs --help has all"
                              : "a command is missing; mayfly fs --help has all",
                     argc > 1 ? argv[1] : "");
    }
    status = read_arguments(&fs, command, argc, argv, &daemon);
    if (status == MF_CLI_EXIT_OK &&
        mf_cli_session_new(daemon.url, daemon.ca_path, token, &fs.remote.session, why) < 0) {
        status = wrong(&fs, why, "");
    }
    if (status == MF_CLI_EXIT_OK) {
        status = command->run(&fs);
    }
    mf_cli_session_free(fs.remote.session);
    return status;
}
