#include "sync.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void mf_cli_sync_tell(const struct mf_cli_sync *sync, const char *what, const char *path)
{
    const struct mf_cli_output *output = sync->remote->output;

    if (sync->options->is_dry || sync->options->is_verbose) {
        mf_cli_progress_clear(&sync->remote->progress);
        (void)fprintf(output->out, "%s ", what);
        mf_cli_print(output->out, output->is_out_terminal, mf_slice_of_cstr(path));
        (void)fputc('\n', output->out);
    }
}

/* ---- what is different ------------------------------------------------------------------------------------ */

static bool is_same(const struct mf_cli_node *from, const struct mf_cli_node *to)
{
    if (from->kind != to->kind) {
        return false;
    }
    switch (from->kind) {
    case MF_CLI_FILE:
        return from->size == to->size && from->changed_ms == to->changed_ms &&
               (from->mode & 0777) == (to->mode & 0777);
    case MF_CLI_LINK:
        return strcmp(from->target, to->target) == 0;
    case MF_CLI_DIRECTORY:
        break;
    }
    return true;
}

static bool is_below(const char *path, const struct mf_cli_node *directory)
{
    size_t size = directory == NULL ? 0 : strlen(directory->path);

    return directory != NULL && directory->kind == MF_CLI_DIRECTORY &&
           strncmp(path, directory->path, size) == 0 && path[size] == '/';
}

static void want(struct mf_cli_sync *sync, const struct mf_cli_node *node)
{
    sync->wanted[sync->wanted_count++] = node;
    sync->wanted_bytes += node->size;
    sync->wanted_files += node->kind == MF_CLI_FILE;
}

static void drop(struct mf_cli_sync *sync, const struct mf_cli_node *node)
{
    if (sync->extra_count == 0 || !is_below(node->path, sync->extra[sync->extra_count - 1])) {
        sync->extra[sync->extra_count++] = node;
    }
}

/* False: something is a directory at one end and none at the other, and may not be removed. */
static bool compare(struct mf_cli_sync *sync)
{
    size_t f = 0;
    size_t t = 0;

    while (f < sync->from->count || t < sync->to->count) {
        const struct mf_cli_node *from = f < sync->from->count ? &sync->from->nodes[f] : NULL;
        const struct mf_cli_node *to = t < sync->to->count ? &sync->to->nodes[t] : NULL;
        int order = from == NULL ? 1 : to == NULL ? -1 : mf_cli_path_compare(from->path, to->path);
        bool is_clash = order == 0 && (from->kind == MF_CLI_DIRECTORY) != (to->kind == MF_CLI_DIRECTORY);
        if (order < 0) {
            want(sync, from);
        } else if (order > 0 && sync->options->deletes) {
            drop(sync, to);
        } else if (is_clash && !sync->options->deletes) {
            mf_cli_say(sync->remote->output, "it is a directory at one end only; --delete replaces it",
                       from->path);
            return false;
        } else if (is_clash) {
            drop(sync, to);
            want(sync, from);
        } else if (order == 0 && !is_same(from, to)) {
            want(sync, from);
        } else {
            sync->same_count += order == 0;
        }
        f += order <= 0;
        t += order >= 0;
    }
    return true;
}

/* ---- the whole -------------------------------------------------------------------------------------------- */

static void report(const struct mf_cli_sync *sync, bool is_upload)
{
    char size[MF_CLI_SIZE_TEXT_BYTES];

    mf_cli_size_text(sync->wanted_bytes, size);
    (void)fprintf(sync->remote->output->err, "%s%zu %s (%s), %zu removed, %zu the same",
                  sync->options->is_dry ? "would be: " : "", sync->wanted_count,
                  is_upload ? "sent" : "fetched", size, sync->extra_count, sync->same_count);
    if (sync->here.skipped > 0) {
        (void)fprintf(sync->remote->output->err, ", %zu skipped", sync->here.skipped);
    }
    (void)fputc('\n', sync->remote->output->err);
}

static enum mf_cli_exit run(struct mf_cli_sync *sync, bool is_upload)
{
    enum mf_cli_exit status;

    if (!compare(sync)) {
        return MF_CLI_EXIT_OTHER;
    }
    if (sync->options->is_dry) {
        for (size_t i = 0; i < sync->extra_count; i++) {
            mf_cli_sync_tell(sync, "remove", sync->extra[i]->path);
        }
        for (size_t i = 0; i < sync->wanted_count; i++) {
            mf_cli_sync_tell(sync, is_upload ? "put" : "get", sync->wanted[i]->path);
        }
        status = mf_cli_resource_end(sync->remote->output);
    } else {
        mf_cli_progress_begin(&sync->remote->progress, sync->remote->output, sync->wanted_bytes,
                              sync->wanted_files);
        status = is_upload ? mf_cli_sync_up(sync) : mf_cli_sync_down(sync);
        mf_cli_progress_clear(&sync->remote->progress);
    }
    if (status == MF_CLI_EXIT_OK) {
        report(sync, is_upload);
    }
    return status;
}

static enum mf_cli_exit look(struct mf_cli_sync *sync)
{
    char why[MF_CLI_WHY_BYTES_MAX] = "";

    if (mf_cli_tree_scan(&sync->here, sync->root_fd, sync->remote->output, why) < 0) {
        mf_cli_say(sync->remote->output, why, "");
        return MF_CLI_EXIT_OTHER;
    }
    return mf_cli_tree_list(&sync->there, sync->remote, sync->place);
}

enum mf_cli_exit mf_cli_sync(struct mf_cli_remote *remote,
                             const char *directory,
                             const struct mf_cli_place *place,
                             bool is_upload,
                             const struct mf_cli_sync_options *options)
{
    struct mf_cli_sync sync = {.remote = remote, .place = place, .options = options};
    enum mf_cli_exit status;

    if (!is_upload && mkdir(directory, 0777) < 0 && errno != EEXIST) {
        mf_cli_say(remote->output, directory, strerror(errno));
        return MF_CLI_EXIT_OTHER;
    }
    sync.root_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (sync.root_fd < 0) {
        mf_cli_say(remote->output, directory, strerror(errno));
        return MF_CLI_EXIT_USAGE;
    }
    mf_cli_tree_init(&sync.here);
    mf_cli_tree_init(&sync.there);
    sync.from = is_upload ? &sync.here : &sync.there;
    sync.to = is_upload ? &sync.there : &sync.here;
    status = look(&sync);
    if (status == MF_CLI_EXIT_OK) {
        sync.wanted = mf_try_alloc((sync.from->count + 1) * sizeof *sync.wanted);
        sync.extra = mf_try_alloc((sync.to->count + 1) * sizeof *sync.extra);
        status = sync.wanted == NULL || sync.extra == NULL ? MF_CLI_EXIT_OTHER : run(&sync, is_upload);
    }
    mf_free((void *)sync.wanted);
    mf_free((void *)sync.extra);
    mf_cli_tree_done(&sync.here);
    mf_cli_tree_done(&sync.there);
    (void)close(sync.root_fd);
    return status;
}
