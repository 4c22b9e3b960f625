/* tree.h - what is below a directory, here or in a workspace: a sorted list of paths.
 *
 * Owns:   a tree's texts are its arena's.
 * Limits: MF_FS_DEPTH_MAX, MF_FS_PATH_BYTES_MAX, MF_CLI_TREE_BYTES_MAX. */
#ifndef MAYFLY_CLI_TREE_H
#define MAYFLY_CLI_TREE_H

#include "remote.h"

enum mf_cli_kind { MF_CLI_FILE, MF_CLI_DIRECTORY, MF_CLI_LINK };

struct mf_cli_node {
    const char *path;   /* Below the root, "a/b". */
    const char *target; /* Of a link. */
    enum mf_cli_kind kind;
    uint32_t mode;
    uint64_t size; /* Of a file; else 0. */
    uint64_t changed_ms;
};

struct mf_cli_tree {
    struct mf_arena *arena;
    struct mf_cli_node *nodes; /* In the order of mf_cli_path_compare. */
    size_t count;
    size_t capacity;
    size_t skipped; /* Neither file, directory nor link, or with a name that no workspace can have. */
};

/* A slash comes before all else: what is below a directory follows it at once. */
int mf_cli_path_compare(const char *one, const char *other);

void mf_cli_tree_init(struct mf_cli_tree *tree);
void mf_cli_tree_done(struct mf_cli_tree *tree);
/* What is below the directory |root_fd|. Below zero with a sentence in |ret_why|. What is skipped is said on |output|. */
MF_MUST_CHECK int
mf_cli_tree_scan(struct mf_cli_tree *tree, int root_fd, const struct mf_cli_output *output, char *ret_why);
/* What is below a directory of a workspace; nothing when there is none. A name that could lead out of a directory is an error: it is not a
 * mayflyd that says so. */
MF_MUST_CHECK enum mf_cli_exit
mf_cli_tree_list(struct mf_cli_tree *tree, struct mf_cli_remote *remote, const struct mf_cli_place *place);

#endif
