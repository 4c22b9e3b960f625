/* fs_command.h - what the commands of mayfly fs share. */
#ifndef MAYFLY_CLI_FS_COMMAND_H
#define MAYFLY_CLI_FS_COMMAND_H

#include "sync.h"

enum {
    MF_CLI_FS_LONG = 1,
    MF_CLI_FS_RECURSIVE = 2,
    MF_CLI_FS_FORCE = 4,
    MF_CLI_FS_PARENTS = 8,
    MF_CLI_FS_DELETE = 16,
    MF_CLI_FS_DRY = 32,
    MF_CLI_FS_VERBOSE = 64
};

#define MF_CLI_FS_OPERANDS_MAX 1024 /* Of one command line. */

struct mf_cli_fs {
    struct mf_cli_remote remote;
    unsigned flags;
    const char *operands[MF_CLI_FS_OPERANDS_MAX];
    size_t count;
};

/* "mayfly: what: text", and MF_CLI_EXIT_USAGE. */
enum mf_cli_exit mf_cli_fs_wrong(const struct mf_cli_fs *fs, const char *what, const char *text);
/* The operand, which must be NAME:PATH. False: that was said. */
MF_MUST_CHECK bool mf_cli_fs_place(const struct mf_cli_fs *fs, size_t index, struct mf_cli_place *ret_place);
/* One request; |body|, as JSON, may be empty. What answers is the caller's, unless |ret_json| is NULL. */
MF_MUST_CHECK enum mf_cli_exit mf_cli_fs_call(struct mf_cli_fs *fs,
                                              const char *method,
                                              const char *path,
                                              struct mf_slice body,
                                              struct mf_cli_json *ret_json);
/* "|name|":"|text|", with a comma in front of all but the first. */
MF_MUST_CHECK int mf_cli_fs_append_text(struct mf_buf *out, const char *name, const char *text);

/* fs_paths.c */
enum mf_cli_exit mf_cli_fs_ls(struct mf_cli_fs *fs);
enum mf_cli_exit mf_cli_fs_mkdir(struct mf_cli_fs *fs);
enum mf_cli_exit mf_cli_fs_rm(struct mf_cli_fs *fs);
enum mf_cli_exit mf_cli_fs_mv(struct mf_cli_fs *fs);
enum mf_cli_exit mf_cli_fs_cp(struct mf_cli_fs *fs);
/* fs_files.c */
enum mf_cli_exit mf_cli_fs_cat(struct mf_cli_fs *fs);
enum mf_cli_exit mf_cli_fs_put(struct mf_cli_fs *fs);
enum mf_cli_exit mf_cli_fs_get(struct mf_cli_fs *fs);
/* fs_whole.c */
enum mf_cli_exit mf_cli_fs_list(struct mf_cli_fs *fs);
enum mf_cli_exit mf_cli_fs_create(struct mf_cli_fs *fs);
enum mf_cli_exit mf_cli_fs_delete(struct mf_cli_fs *fs);
enum mf_cli_exit mf_cli_fs_fork(struct mf_cli_fs *fs);
enum mf_cli_exit mf_cli_fs_snapshots(struct mf_cli_fs *fs);
enum mf_cli_exit mf_cli_fs_snapshot(struct mf_cli_fs *fs);
enum mf_cli_exit mf_cli_fs_restore(struct mf_cli_fs *fs);

#endif
