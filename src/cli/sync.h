/* sync.h - mayfly fs sync: makes a directory here and one in a workspace the same, in either direction. */
#ifndef MAYFLY_CLI_SYNC_H
#define MAYFLY_CLI_SYNC_H

#include "tree.h"

struct mf_cli_sync_options {
    bool deletes;    /* What is only at the receiving end goes. */
    bool is_dry;     /* Only says what it would do. */
    bool is_verbose; /* Says what it does. */
};

/* What both directions know of: what is to be sent, and what is in its way or too much. */
struct mf_cli_sync {
    struct mf_cli_remote *remote;
    const struct mf_cli_place *place;
    const struct mf_cli_sync_options *options;
    int root_fd;
    struct mf_cli_tree here;
    struct mf_cli_tree there;
    struct mf_cli_tree *from;
    struct mf_cli_tree *to;
    const struct mf_cli_node **wanted; /* Of |from|. */
    const struct mf_cli_node **extra;  /* Of |to|; nothing that is below another one. */
    size_t wanted_count;
    size_t extra_count;
    size_t same_count;
    uint64_t wanted_bytes;
    uint64_t wanted_files;
};

enum mf_cli_exit mf_cli_sync(struct mf_cli_remote *remote,
                             const char *directory,
                             const struct mf_cli_place *place,
                             bool is_upload,
                             const struct mf_cli_sync_options *options);

/* sync_up.c, sync_down.c: do it. */
MF_MUST_CHECK enum mf_cli_exit mf_cli_sync_up(struct mf_cli_sync *sync);
MF_MUST_CHECK enum mf_cli_exit mf_cli_sync_down(struct mf_cli_sync *sync);
/* "put a/b" and the like, when that was asked for. */
void mf_cli_sync_tell(const struct mf_cli_sync *sync, const char *what, const char *path);

#endif
