#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void mf_cli_tree_init(struct mf_cli_tree *tree)
{
    *tree = (struct mf_cli_tree){.arena = mf_arena_new(MF_CLI_TREE_BYTES_MAX)};
}

void mf_cli_tree_done(struct mf_cli_tree *tree)
{
    mf_arena_free(tree->arena);
    mf_free(tree->nodes);
    *tree = (struct mf_cli_tree){0};
}

/* A copy with a NUL behind it. */
static const char *keep(struct mf_cli_tree *tree, struct mf_slice text)
{
    char *copy = mf_arena_try_alloc(tree->arena, text.size + 1);

    if (copy != NULL) {
        memcpy(copy, text.data, text.size);
        copy[text.size] = '\0';
    }
    return copy;
}

static int
add(struct mf_cli_tree *tree, struct mf_cli_node node, struct mf_slice path, struct mf_slice target)
{
    if (tree->count == tree->capacity) {
        size_t capacity = tree->capacity == 0 ? 256 : 2 * tree->capacity;
        struct mf_cli_node *nodes = capacity * sizeof *nodes > MF_CLI_TREE_BYTES_MAX
                                        ? NULL
                                        : mf_try_realloc(tree->nodes, capacity * sizeof *nodes);
        if (nodes == NULL) {
            return MF_E_NO_MEMORY;
        }
        tree->nodes = nodes;
        tree->capacity = capacity;
    }
    node.path = keep(tree, path);
    node.target = node.kind == MF_CLI_LINK ? keep(tree, target) : NULL;
    if (node.path == NULL || (node.kind == MF_CLI_LINK && node.target == NULL)) {
        return MF_E_NO_MEMORY;
    }
    tree->nodes[tree->count++] = node;
    return 0;
}

int mf_cli_path_compare(const char *one, const char *other)
{
    size_t i = 0;

    while (one[i] != '\0' && one[i] == other[i]) {
        i++;
    }
    int a = one[i] == '/' ? 1 : (uint8_t)one[i] + (one[i] != '\0');
    int b = other[i] == '/' ? 1 : (uint8_t)other[i] + (other[i] != '\0');
    return a - b;
}

static int by_path(const void *one, const void *other)
{
    return mf_cli_path_compare(((const struct mf_cli_node *)one)->path,
                               ((const struct mf_cli_node *)other)->path);
}

static void sort(struct mf_cli_tree *tree)
{
    if (tree->count > 1) {
        qsort(tree->nodes, tree->count, sizeof *tree->nodes, by_path);
    }
}

/* ---- here --------------------------------------------------------------------------------------------- */

struct scan {
    struct mf_cli_tree *tree;
    const struct mf_cli_output *output;
    struct mf_buf path; /* Of the directory under way. */
    char *why;
};

static int fail(struct scan *scan, const char *name, const char *what)
{
    (void)snprintf(scan->why, MF_CLI_WHY_BYTES_MAX, "cannot read %.*s%s%.200s: %.100s", (int)scan->path.size,
                   (const char *)scan->path.data, scan->path.size > 0 ? "/" : "", name, what);
    return MF_E_INVALID;
}

static void skip(struct scan *scan, const char *name, const char *why)
{
    scan->tree->skipped++;
    mf_cli_say(scan->output, why, name);
}

static int
take_link(int fd, const char *name, struct mf_slice path, struct mf_cli_node node, struct scan *scan)
{
    char target[MF_FS_PATH_BYTES_MAX + 1];
    ssize_t size = readlinkat(fd, name, target, sizeof target);

    if (size < 0) {
        return fail(scan, name, strerror(errno));
    }
    if (size == sizeof target || !mf_slice_is_utf8(mf_slice_of(target, (size_t)size))) {
        skip(scan, name, "skipped, as what this link leads to is too long or not UTF-8");
        return 0;
    }
    return add(scan->tree, node, path, mf_slice_of(target, (size_t)size));
}

static int scan_directory(struct scan *scan, int fd, unsigned depth);

/* One name; scan->path is its whole path. */
static int take_path(struct scan *scan, int fd, const char *name, unsigned depth, const struct stat *about)
{
    struct mf_slice path = mf_buf_peek(&scan->path);
    struct mf_cli_node node = {.mode = about->st_mode & 07777,
                               .changed_ms =
                                   about->st_mtim.tv_sec < 0
                                       ? 0
                                       : (uint64_t)about->st_mtim.tv_sec * 1000 +
                                             (uint64_t)about->st_mtim.tv_nsec / (MF_NS_PER_S / 1000)};
    int inner;
    int rc;

    if (S_ISREG(about->st_mode)) {
        node.kind = MF_CLI_FILE;
        node.size = (uint64_t)about->st_size;
        return add(scan->tree, node, path, path);
    }
    if (S_ISLNK(about->st_mode)) {
        node.kind = MF_CLI_LINK;
        return take_link(fd, name, path, node, scan);
    }
    if (!S_ISDIR(about->st_mode)) {
        skip(scan, (const char *)path.data, "skipped, as it is no file, directory or link");
        return 0;
    }
    node.kind = MF_CLI_DIRECTORY;
    rc = add(scan->tree, node, path, path);
    if (rc < 0) {
        return rc;
    }
    inner = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return inner < 0 ? fail(scan, "", strerror(errno)) : scan_directory(scan, inner, depth + 1);
}

static int take_name(struct scan *scan, int fd, const char *name, unsigned depth)
{
    size_t before = scan->path.size;
    struct mf_slice text = mf_slice_of_cstr(name);
    struct stat about;
    int rc;

    if (!mf_slice_is_utf8(text)) {
        skip(scan, name, "skipped, as its name is not UTF-8");
        return 0;
    }
    if (fstatat(fd, name, &about, AT_SYMLINK_NOFOLLOW) < 0) {
        return errno == ENOENT ? 0 : fail(scan, name, strerror(errno)); /* It went meanwhile. */
    }
    rc = before == 0 ? 0 : mf_buf_append(&scan->path, "/", 1);
    rc = rc < 0 ? rc : mf_buf_append_slice(&scan->path, text);
    rc = rc < 0 ? rc : mf_buf_append(&scan->path, "", 1);
    if (rc < 0) {
        return fail(scan, "", "the path is too long");
    }
    scan->path.size--; /* The NUL stays behind it. */
    rc = take_path(scan, fd, name, depth, &about);
    scan->path.size = rc < 0 ? scan->path.size : before;
    return rc;
}

/* Closes |fd|. */
static int scan_directory(struct scan *scan, int fd, unsigned depth)
{
    DIR *directory = depth >= MF_FS_DEPTH_MAX ? NULL : fdopendir(fd);
    int rc = 0;

    if (directory == NULL) {
        (void)close(fd);
        return fail(scan, "",
                    depth >= MF_FS_DEPTH_MAX ? "directories are too deep in each other" : strerror(errno));
    }
    while (rc == 0) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL) {
            rc = errno == 0 ? 0 : fail(scan, "", strerror(errno));
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            rc = take_name(scan, dirfd(directory), entry->d_name, depth);
        }
    }
    (void)closedir(directory);
    return rc;
}

int mf_cli_tree_scan(struct mf_cli_tree *tree, int root_fd, const struct mf_cli_output *output, char *ret_why)
{
    struct scan scan = {.tree = tree, .output = output, .why = ret_why};
    int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc;

    mf_buf_init(&scan.path, MF_FS_PATH_BYTES_MAX + 1);
    rc = fd < 0 ? fail(&scan, ".", strerror(errno)) : scan_directory(&scan, fd, 0);
    if (rc == MF_E_NO_MEMORY) {
        (void)snprintf(ret_why, MF_CLI_WHY_BYTES_MAX, "the directory has more files than fit into memory");
    }
    mf_buf_done(&scan.path);
    sort(tree);
    return rc;
}

/* ---- there ---------------------------------------------------------------------------------------------- */

struct listing {
    struct mf_cli_tree *tree;
    size_t root_size; /* Of the directory's own path, as the daemon writes it. */
    bool is_wrong;
};

/* "a/b" without ".." or anything else that would not be a plain path below a directory. */
static bool is_plain(const char *path)
{
    for (const char *name = path;; name = strchr(name, '/') + 1) {
        size_t size = strcspn(name, "/");
        if (size == 0 || (size == 1 && name[0] == '.') || (size == 2 && name[0] == '.' && name[1] == '.')) {
            return false;
        }
        if (name[size] == '\0') {
            return true;
        }
    }
}

static uint64_t time_of(const char *text)
{
    struct tm tm = {0};
    unsigned ms = 0;

    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3uZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
               &tm.tm_min, &tm.tm_sec, &ms) != 7) {
        return 0;
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    time_t seconds = timegm(&tm);
    return seconds < 0 ? 0 : (uint64_t)seconds * 1000 + ms;
}

/* "0644" */
static uint32_t mode_of(const char *text)
{
    uint32_t mode = 0;

    for (; *text >= '0' && *text <= '7'; text++) {
        mode = mode << 3 | (uint32_t)(*text - '0');
    }
    return mode & 07777;
}

static int take_entry(void *user, const cJSON *entry)
{
    struct listing *listing = user;
    const char *type = mf_cli_resource_text(entry, "type");
    const char *path = mf_cli_resource_text(entry, "path");
    const char *target = mf_cli_resource_text(entry, "target");
    const cJSON *size = cJSON_GetObjectItemCaseSensitive(entry, "size");
    struct mf_cli_node node = {.kind = strcmp(type, "file") == 0        ? MF_CLI_FILE
                                       : strcmp(type, "directory") == 0 ? MF_CLI_DIRECTORY
                                                                        : MF_CLI_LINK,
                               .mode = mode_of(mf_cli_resource_text(entry, "mode")),
                               .changed_ms = time_of(mf_cli_resource_text(entry, "modifiedAt"))};

    if (node.kind == MF_CLI_FILE && cJSON_IsNumber(size) && size->valuedouble >= 0 &&
        size->valuedouble <= (double)MF_WORKSPACE_BYTES_MAX) {
        node.size = (uint64_t)size->valuedouble;
    }
    if (strlen(path) <= listing->root_size || path[listing->root_size] != '/' ||
        strlen(path) > MF_FS_PATH_BYTES_MAX || !is_plain(path + listing->root_size + 1)) {
        listing->is_wrong = true;
        return MF_E_INVALID;
    }
    return add(listing->tree, node, mf_slice_of_cstr(path + listing->root_size + 1),
               mf_slice_of_cstr(target));
}

enum mf_cli_exit
mf_cli_tree_list(struct mf_cli_tree *tree, struct mf_cli_remote *remote, const struct mf_cli_place *place)
{
    struct listing listing = {.tree = tree};
    struct mf_cli_json about;
    bool is_missing = false;
    enum mf_cli_exit status = mf_cli_remote_stat(remote, place, &is_missing, &about);

    if (status != MF_CLI_EXIT_OK || is_missing) {
        mf_cli_json_done(&about);
        return status;
    }
    /* Its path without links: what the entries' paths begin with. */
    const char *root = mf_cli_resource_text(about.root, "path");
    listing.root_size = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strcmp(mf_cli_resource_text(about.root, "type"), "directory") != 0) {
        mf_cli_say(remote->output, "it is not a directory", place->path);
        status = MF_CLI_EXIT_DAEMON;
    } else {
        status = mf_cli_remote_each(remote, place, true, take_entry, &listing);
    }
    mf_cli_json_done(&about);
    if (listing.is_wrong) {
        mf_cli_say(remote->output, "the daemon names a path that cannot be in a workspace", "");
    }
    sort(tree);
    return status;
}
